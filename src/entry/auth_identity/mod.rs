//! The Sspi* functions on identities. An identity is any of the forms that AcquireCredentialsHandle
//! takes; those that the library makes are one allocation on record, as Windows' own are:
//! SEC_WINNT_AUTH_IDENTITY_EX with its strings behind it for a password,
//! SEC_WINNT_AUTH_IDENTITY_EX2 for other credentials.

mod allocate;
mod as_string;
mod cipher;
mod compare;
mod credman;
mod ex2;
mod marshal;
mod owned;
mod raw;
mod strings;
mod target;
#[cfg(test)]
mod tests;

pub(super) use compare::compare;
pub(super) use credman::{ForWrite, prepare_for_read, prepare_for_write};
pub(super) use ex2::Credentials;
pub(super) use owned::OwnedIdentity;
pub(super) use raw::RawIdentity;
pub(super) use strings::{as_strings, of_strings};

use super::abi::*;
use super::boundary::memory;
use super::boundary::pointers::put;
use super::boundary::text::{self, Text, utf16_bytes};
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::{NonNull, null_mut};
use std::slice;

/// Finds the parts of the caller's identity. These functions have no A form: text is UTF-16 unless
/// Flags says otherwise.
///
/// # Safety
/// `identity` is NULL or points to an identity of any form.
unsafe fn given(identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) -> Result<RawIdentity> {
    if identity.is_null() {
        return Err(Error::InvalidParameter("the identity is NULL"));
    }
    // SAFETY: the caller's promise is this function's own.
    let places = unsafe { RawIdentity::of::<SEC_WCHAR>(identity.cast())? };
    known(places.flags())?;
    Ok(places)
}

/// Refuses flags that there are not: whatever has them is no identity, and what looks like pointers
/// in it is none.
fn known(flags: ULONG) -> Result<()> {
    /// Those of text and encryption, those of an identity's meaning, and those of
    /// SspiPromptForCredentials.
    const FLAGS: ULONG = 0xff0f_00ff;
    match flags & !FLAGS {
        0 => Ok(()),
        _ => Err(Error::UnknownCredentials("an identity with flags that there are not")),
    }
}

/// The content of the caller's identity, to be read.
///
/// # Safety
/// As for `given`.
unsafe fn opened(identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) -> Result<OwnedIdentity> {
    // SAFETY: the caller's promise is this function's own.
    unsafe { given(identity)?.read()?.open() }
}

/// The content of the caller's identity, to be handed out: one that is encrypted must be decrypted
/// first.
///
/// # Safety
/// As for `given`.
unsafe fn legible(identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) -> Result<OwnedIdentity> {
    // SAFETY: the caller's promise is this function's own.
    let content = unsafe { given(identity)?.read()? };
    match content.is_encrypted() {
        true => Err(Error::EncryptedIdentity),
        false => content.open(),
    }
}

/// Checks that there is somewhere to put a result.
fn wanted<T>(output: *mut T) -> Result<()> {
    if output.is_null() {
        Err(Error::InvalidParameter("nowhere to put the result"))
    } else {
        Ok(())
    }
}

/// Memory for the caller, which is freed if it does not get there. NULL for nothing.
struct Given(*mut c_void);

impl Given {
    fn text(text: Option<&str>) -> Result<Given> {
        Ok(Given(text.map_or(Ok(null_mut()), text::give::<SEC_WCHAR>)?.cast()))
    }

    fn bytes(bytes: Option<&[u8]>) -> Result<Given> {
        Ok(Given(
            bytes.map_or(Ok(null_mut()), |bytes| memory::copy(bytes).map(NonNull::as_ptr))?.cast(),
        ))
    }

    fn keep<T>(self) -> *mut T {
        ManuallyDrop::new(self).0.cast()
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        let _ = memory::free(self.0);
    }
}

/// SspiValidateAuthIdentity.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn validate(
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let content = unsafe { opened(identity)? };
    for part in [&content.user, &content.domain, &content.packages] {
        content.text(part)?;
    }
    content.credentials()?;
    Ok(SEC_E_OK)
}

/// SspiCopyAuthIdentity.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn copy(
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    copy: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> Result<SECURITY_STATUS> {
    wanted(copy)?;
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        let places = given(identity)?;
        let copied = match places.block() {
            Some(block) => allocate::store_block(block)?,
            None => allocate::store(&places.read()?)?,
        };
        put(copy, copied.as_ptr().cast());
    }
    Ok(SEC_E_OK)
}

/// SspiExcludePackage.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn exclude<Char: Text>(
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    package: *const Char,
    new: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let package = unsafe { text::read(package)? }
        .ok_or(Error::InvalidParameter("the package's name is NULL"))?;
    if package.is_empty() || package.contains([',', '!', '\0']) {
        return Err(Error::InvalidParameter("not the name of a package"));
    }
    wanted(new)?;
    // Without an identity, that of whoever the process is.
    let given = if identity.is_null() {
        OwnedIdentity::default()
    } else {
        // SAFETY: likewise.
        unsafe { given(identity)?.read()? }
    };
    let encrypted = given.is_encrypted();
    let mut content = given.open()?.in_unicode()?;
    let list = content.text(&content.packages)?.filter(|list| !list.is_empty());
    let list = list.map_or(format!("!{}", &*package), |list| format!("{},!{}", &*list, &*package));
    content.packages = Some(utf16_bytes(&list));
    if encrypted {
        content.encrypt()?;
    }
    // SAFETY: likewise; not NULL.
    unsafe { put(new, allocate::store(&content)?.as_ptr().cast()) };
    Ok(SEC_E_OK)
}

/// SspiZeroAuthIdentity: erases what is secret. Windows, too, leaves the names as they are.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn zero(identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) -> Result<SECURITY_STATUS> {
    if !identity.is_null() {
        // SAFETY: the caller's promise is this function's own.
        unsafe { given(identity)?.erase() };
    }
    Ok(SEC_E_OK)
}

/// SspiEncryptAuthIdentity and SspiEncryptAuthIdentityEx.
///
/// # Safety
/// As the functions' own.
pub(super) unsafe fn encrypt(
    options: ULONG,
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    unsafe { change(options, identity, OwnedIdentity::encrypt) }
}

/// SspiDecryptAuthIdentity and SspiDecryptAuthIdentityEx.
///
/// # Safety
/// As the functions' own.
pub(super) unsafe fn decrypt(
    options: ULONG,
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    unsafe { change(options, identity, OwnedIdentity::decrypt) }
}

/// Changes an identity where it is.
///
/// # Safety
/// `identity` is NULL or points to an identity that may be written to.
unsafe fn change(
    options: ULONG,
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    how: fn(&mut OwnedIdentity) -> Result<()>,
) -> Result<SECURITY_STATUS> {
    check(options)?;
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        let places = given(identity)?;
        let mut content = places.read()?;
        how(&mut content)?;
        places.write(&content)?;
    }
    Ok(SEC_E_OK)
}

/// Only this process can have a key: sessions of logons, and a system account, are Windows'.
fn check(options: ULONG) -> Result<()> {
    const ALL: ULONG = SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON
        | SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS
        | SEC_WINNT_AUTH_IDENTITY_ENCRYPT_FOR_SYSTEM;
    match options {
        SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS => Ok(()),
        _ if options == 0 || options & !ALL != 0 => Err(Error::InvalidParameter("unknown options")),
        _ => Err(Error::Unsupported("encryption for others than this process")),
    }
}

/// SspiIsAuthIdentityEncrypted.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn is_encrypted(identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) -> Result<bool> {
    // SAFETY: the caller's promise is this function's own.
    Ok(unsafe { given(identity)?.read()? }.is_encrypted())
}

/// SspiMarshalAuthIdentity.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn marshal(
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    length: *mut ULONG,
    array: *mut *mut SEC_CHAR,
) -> Result<SECURITY_STATUS> {
    wanted(length)?;
    wanted(array)?;
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        let places = given(identity)?;
        let bytes = match places.block() {
            Some(block) => marshal::of_block(block),
            None => marshal::of_strings(&places.read()?)?,
        };
        put(array, memory::copy(&bytes)?.as_ptr().cast());
        put(length, bytes.len() as ULONG);
    }
    Ok(SEC_E_OK)
}

/// SspiUnmarshalAuthIdentity.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn unmarshal(
    length: ULONG,
    array: *const SEC_CHAR,
    identity: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> Result<SECURITY_STATUS> {
    wanted(identity)?;
    if array.is_null() {
        return Err(Error::InvalidParameter("the array is NULL"));
    }
    // SAFETY: the caller's promise is this function's own.
    let bytes = unsafe { slice::from_raw_parts(array.cast::<u8>(), length as usize) };
    let made = match marshal::parse(bytes)? {
        marshal::Identity::Block(block) => allocate::store_block(block)?,
        marshal::Identity::Strings(content) => allocate::store(&content)?,
    };
    // SAFETY: likewise; not NULL.
    unsafe { put(identity, made.as_ptr().cast()) };
    Ok(SEC_E_OK)
}

/// SspiFreeAuthIdentity and SspiLocalFree, which don't tell whether they could: what the library
/// gave is erased and freed, anything else is left alone.
pub(super) fn free(buffer: *mut c_void) -> Result<SECURITY_STATUS> {
    memory::free(buffer)
}

/// SspiGetTargetHostName.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn target_host_name<Char: Text>(
    target: *const Char,
    host: *mut *mut Char,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let target =
        unsafe { text::read(target)? }.ok_or(Error::InvalidParameter("the target is NULL"))?;
    wanted(host)?;
    let name = target::host(&target).ok_or(Error::WrongTarget("a target without a host"))?;
    // SAFETY: likewise; not NULL.
    unsafe { put(host, text::give(name)?) };
    Ok(SEC_E_OK)
}

/// SspiIsPromptingNeeded.
pub(super) fn is_prompting_needed(error: ULONG) -> bool {
    target::is_prompting_needed(error)
}
