//! Package descriptions, and the `SecPkgInfo` arrays that callers get.

use super::memory;
use super::text::{self, Text};
use crate::entry::abi::*;
use crate::types::error::Result;
use std::borrow::Cow;
use std::ptr::NonNull;
use zeroize::Zeroizing;

/// The content of a `SecPkgInfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackageInfo {
    pub(crate) capabilities: ULONG,
    pub(crate) version: USHORT,
    /// RPC_C_AUTHN_GSS_NEGOTIATE, RPC_C_AUTHN_GSS_KERBEROS, RPC_C_AUTHN_WINNT, ...
    pub(crate) rpc_id: USHORT,
    /// Longest token in bytes: programs size their buffers by it.
    pub(crate) max_token: ULONG,
    pub(crate) name: Cow<'static, str>,
    pub(crate) comment: Cow<'static, str>,
}

impl PackageInfo {
    /// # Safety
    /// The strings are NULL or end with zeros.
    pub(crate) unsafe fn read(info: &SecPkgInfo<SEC_WCHAR>) -> Result<PackageInfo> {
        // SAFETY: the strings are NULL or end with zeros.
        let (name, comment) = unsafe { (text::read(info.Name)?, text::read(info.Comment)?) };
        let owned = |text: Option<Zeroizing<String>>| {
            Cow::Owned(text.map(|text| text.to_string()).unwrap_or_default())
        };
        Ok(PackageInfo {
            capabilities: info.fCapabilities,
            version: info.wVersion,
            rpc_id: info.wRPCID,
            max_token: info.cbMaxToken,
            name: owned(name),
            comment: owned(comment),
        })
    }
}

/// An array of `packages` with their strings, in one allocation that the caller frees. On
/// Windows it is a block of the process heap of just that length, which programs ask for.
pub(crate) fn allocate<Char: Text>(packages: &[PackageInfo]) -> Result<*mut SecPkgInfo<Char>> {
    let encoded = packages
        .iter()
        .map(|d| Ok((Char::encode(&d.name)?, Char::encode(&d.comment)?, d)))
        .collect::<Result<Vec<_>>>()?;
    let array = size_of::<SecPkgInfo<Char>>() * packages.len();
    let strings: usize = encoded
        .iter()
        .map(|(name, comment, _)| size_of_val(&name[..]) + size_of_val(&comment[..]))
        .sum();
    let start: NonNull<u8> = memory::allocate_exactly(array + strings)?;
    let infos = start.cast::<SecPkgInfo<Char>>().as_ptr();
    // SAFETY: the strings follow the array, within the allocation.
    let mut free = unsafe { start.as_ptr().add(array) }.cast::<Char>();
    let mut place = |characters: &[Char]| {
        let at = free;
        // SAFETY: `strings` is the total length of the strings; the array's alignment suffices for
        // characters.
        unsafe {
            at.copy_from_nonoverlapping(characters.as_ptr(), characters.len());
            free = at.add(characters.len());
        }
        at
    };
    for (n, (name, comment, description)) in encoded.iter().enumerate() {
        let info = SecPkgInfo {
            fCapabilities: description.capabilities,
            wVersion: description.version,
            wRPCID: description.rpc_id,
            cbMaxToken: description.max_token,
            Name: place(name),
            Comment: place(comment),
        };
        // SAFETY: the array has an element for each of `encoded`.
        unsafe { infos.add(n).write(info) };
    }
    Ok(infos)
}
