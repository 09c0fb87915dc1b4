//! Credentials as one string, for SspiEncodeAuthIdentityAsStrings: a password itself; anything else
//! (a keytab, a package list) as a SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX in hexadecimal, after a
//! mark. Programs pass such a string in place of a password, where `owned::unfold` unpacks it.

use super::allocate::{pack, put};
use super::ex2::Credentials;
use super::owned::{
    Flat, MARK, MEANING, OwnedIdentity, PACKAGES_COUNT, PACKAGES_OFFSET, PACKED_LENGTH,
    PACKED_OFFSET,
};
use crate::entry::abi::*;
use crate::entry::boundary::text::utf16_bytes;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::mem::offset_of;
use zeroize::Zeroizing;

/// The string for all of `content` except its names; `None` if there is nothing else.
pub(super) fn fold(content: &OwnedIdentity) -> Result<Option<Zeroizing<String>>> {
    let packages = content.text(&content.packages)?.filter(|list| !list.is_empty());
    let credentials = content.credentials()?;
    let plain = packages.is_none() && content.flags & MEANING == 0;
    let packed = match credentials {
        None if plain => return Ok(None),
        Some(Credentials::Password(password)) if plain && !password.starts_with(MARK) => {
            return Ok(Some(password));
        }
        None => Zeroizing::default(),
        Some(Credentials::Password(password)) => {
            pack(SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, &utf16_bytes(&password)?)?
        }
        Some(Credentials::Persist(kind, data)) => pack(kind, &data)?,
    };
    let packages = packages.map(|list| utf16_bytes(&list)).transpose()?.unwrap_or_default();
    let count = USHORT::try_from(packages.len() / 2)
        .map_err(|_| Error::UnknownCredentials("a list of packages too long"))?;
    let length = size_of::<Flat>() + packed.len() + packages.len();
    let mut flat = Zeroizing::new(allocation::zeros(length)?);
    put(&mut flat, offset_of!(Flat, cbHeaderLength), &(size_of::<Flat>() as USHORT).to_ne_bytes());
    put(&mut flat, offset_of!(Flat, Flags), &(content.flags & MEANING).to_ne_bytes());
    put(&mut flat, PACKED_OFFSET, &(size_of::<Flat>() as ULONG).to_ne_bytes());
    put(&mut flat, PACKED_LENGTH, &(packed.len() as USHORT).to_ne_bytes());
    put(&mut flat, PACKAGES_OFFSET, &((size_of::<Flat>() + packed.len()) as ULONG).to_ne_bytes());
    put(&mut flat, PACKAGES_COUNT, &count.to_ne_bytes());
    put(&mut flat, size_of::<Flat>(), &packed);
    put(&mut flat, size_of::<Flat>() + packed.len(), &packages);
    let mut text = Zeroizing::new(allocation::string(MARK.len() + 2 * flat.len())?);
    text.push_str(MARK);
    let digits = flat.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    Ok(Some(text))
}
