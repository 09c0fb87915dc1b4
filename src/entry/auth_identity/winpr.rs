//! What WinPR appends to a SEC_WINNT_AUTH_IDENTITY_EX: settings of NTLM and Kerberos, in which
//! FreeRDP 3's servers name a SAM file, a callback for hashes and a keytab. Their layout is that of
//! WinPR's `<winpr/sspi.h>`. The flags mean nothing on Windows, where programs leave the tail to be
//! ignored.

use super::raw::RawIdentity;
use crate::entry::abi::*;
use crate::entry::boundary::memory;
use crate::entry::boundary::text;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr::null_mut;

/// SEC_WINNT_AUTH_IDENTITY_EXTENDED: a [`Tail`] follows.
const EXTENDED: ULONG = 0x100;
/// SEC_WINNT_AUTH_IDENTITY_EXTENDED_v2, of FreeRDP 3.31: a [`TailV2`] follows.
const EXTENDED_V2: ULONG = 0x200;

/// SEC_WINNT_AUTH_IDENTITY_WINPR.
#[repr(C)]
#[derive(Clone, Copy)]
struct Tail {
    identity: SEC_WINNT_AUTH_IDENTITY_EX<SEC_WCHAR>,
    ntlm: *const NtlmSettings,
    kerberos: *const KerberosSettings,
}

/// SEC_WINPR_NTLM_SETTINGS.
#[repr(C)]
#[derive(Clone, Copy)]
struct NtlmSettings {
    sam_file: *const SEC_CHAR,
    hash_callback: NTLM_HASH_CALLBACK,
    hash_argument: *mut c_void,
}

/// SEC_WINPR_KERBEROS_SETTINGS, as far as a server needs it.
#[repr(C)]
#[derive(Clone, Copy)]
struct KerberosSettings {
    kdc_url: *const SEC_CHAR,
    keytab: *const SEC_CHAR,
}

/// A member of the second form: each is aligned to eight bytes on every machine.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Slot<T>(T);

/// SEC_WINNT_AUTH_IDENTITY_WINPR_V2.
#[repr(C)]
#[derive(Clone, Copy)]
struct TailV2 {
    identity: Slot<SEC_WINNT_AUTH_IDENTITY_EX<SEC_WCHAR>>,
    version: Slot<ULONG>,
    ntlm: Slot<*const u8>,
    kerberos: Slot<*const u8>,
}

/// The first members of SEC_WINPR_NTLM_SETTINGS_V2. `size` is that of the caller's structure.
#[repr(C)]
struct NtlmSettingsV2 {
    size: Slot<ULONG>,
    sam_file: Slot<*const SEC_CHAR>,
    hash_callback: Slot<NTLM_HASH_CALLBACK>,
    hash_argument: Slot<*mut c_void>,
}

/// The first members of SEC_WINPR_KERBEROS_SETTINGS_V2.
#[repr(C)]
struct KerberosSettingsV2 {
    size: Slot<ULONG>,
    kdc_url: Slot<*const SEC_CHAR>,
    keytab: Slot<*const SEC_CHAR>,
}

const IMPOSSIBLE: Error =
    Error::UnknownCredentials("WinPR's settings behind an identity: where no memory is");

/// The settings that matter for accepting.
#[derive(Debug)]
pub(crate) struct WinprSettings {
    /// The path of a SAM file.
    pub(crate) sam_file: Option<String>,
    /// The callback for hashes.
    pub(crate) hash_callback: NTLM_HASH_CALLBACK,
    /// Its first argument.
    pub(crate) hash_argument: *mut c_void,
    /// The name of a keytab.
    pub(crate) keytab: Option<String>,
}

impl Default for WinprSettings {
    fn default() -> WinprSettings {
        WinprSettings {
            sam_file: None,
            hash_callback: None,
            hash_argument: null_mut(),
            keytab: None,
        }
    }
}

impl WinprSettings {
    /// The settings behind the identity, if its flags say that there are some.
    ///
    /// # Safety
    /// The identity that `identity` was made of still exists. If its flags say so, it is the first
    /// member of the structure that they mean.
    pub(crate) unsafe fn of(identity: &RawIdentity) -> Result<Option<WinprSettings>> {
        let flags = identity.flags() & (EXTENDED | EXTENDED_V2);
        let start = match identity.start_of_ex() {
            Some(start) if flags != 0 && !cfg!(windows) => start,
            _ => return Ok(None),
        };
        // The library makes none, and what it has unmarshalled has no tail.
        if memory::length(start.cast()).is_some() {
            return Err(Error::UnknownCredentials("an identity with flags that there are not"));
        }
        let mut settings = WinprSettings::default();
        // SAFETY: C caller's contract, identities.
        unsafe {
            if flags & EXTENDED_V2 != 0 {
                settings.read_v2(start)?;
            } else {
                settings.read(start)?;
            }
        }
        Ok(Some(settings))
    }

    /// # Safety
    /// `start` points to a SEC_WINNT_AUTH_IDENTITY_WINPR.
    unsafe fn read(&mut self, start: *const u8) -> Result<()> {
        // SAFETY: C caller's contract, identities.
        let tail = unsafe { start.cast::<Tail>().read_unaligned() };
        if !checked(tail.ntlm)?.is_null() {
            // SAFETY: C caller's contract, identities.
            let ntlm = unsafe { tail.ntlm.read_unaligned() };
            // SAFETY: C caller's contract, strings.
            self.sam_file = unsafe { name(ntlm.sam_file)? };
            self.hash_callback = ntlm.hash_callback;
            self.hash_argument = ntlm.hash_argument;
        }
        if !checked(tail.kerberos)?.is_null() {
            // SAFETY: C caller's contract, identities and strings.
            self.keytab = unsafe { name(tail.kerberos.read_unaligned().keytab)? };
        }
        Ok(())
    }

    /// # Safety
    /// `start` points to a SEC_WINNT_AUTH_IDENTITY_WINPR_V2.
    unsafe fn read_v2(&mut self, start: *const u8) -> Result<()> {
        // SAFETY: C caller's contract, identities.
        let tail = unsafe { start.cast::<TailV2>().read_unaligned() };
        if tail.version.0 == 0 {
            return Err(Error::UnknownCredentials("WinPR's settings without a version"));
        }
        let (ntlm, kerberos) = (checked(tail.ntlm.0)?, checked(tail.kerberos.0)?);
        // SAFETY: C caller's contract, identities and strings; each member is of this type.
        unsafe {
            if let Some(file) = member(ntlm, offset_of!(NtlmSettingsV2, sam_file)) {
                self.sam_file = name(file)?;
            }
            self.hash_callback = member(ntlm, offset_of!(NtlmSettingsV2, hash_callback)).flatten();
            self.hash_argument =
                member(ntlm, offset_of!(NtlmSettingsV2, hash_argument)).unwrap_or(null_mut());
            if let Some(keytab) = member(kerberos, offset_of!(KerberosSettingsV2, keytab)) {
                self.keytab = name(keytab)?;
            }
        }
        Ok(())
    }
}

/// The member at this offset of a structure that begins with its size; `None` if that does not
/// reach so far, or there is no structure.
///
/// # Safety
/// `settings` is NULL or points to a structure with a `T` there, if it is so long.
unsafe fn member<T: Copy>(settings: *const u8, at: usize) -> Option<T> {
    if settings.is_null() {
        return None;
    }
    // SAFETY: C caller's contract, identities: the first member.
    let size = unsafe { settings.cast::<ULONG>().read_unaligned() } as usize;
    // SAFETY: likewise: the structure has this member.
    (size >= at + size_of::<T>()).then(|| unsafe { settings.add(at).cast::<T>().read_unaligned() })
}

/// Rejects an address that a structure cannot have.
fn checked<T>(settings: *const T) -> Result<*const T> {
    match settings.addr() {
        1..super::raw::LOWEST => Err(IMPOSSIBLE),
        _ => Ok(settings),
    }
}

/// A file's name; `None` for NULL and the empty string.
///
/// # Safety
/// As for [`text::read`].
unsafe fn name(string: *const SEC_CHAR) -> Result<Option<String>> {
    // SAFETY: C caller's contract, strings.
    let name = unsafe { text::read(checked(string)?)? };
    name.filter(|name| !name.is_empty()).map(|name| allocation::text(&name)).transpose()
}
