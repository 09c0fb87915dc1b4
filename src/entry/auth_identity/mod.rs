//! The Sspi* functions on identities. An identity has any of the forms that
//! AcquireCredentialsHandle takes. Those that the library makes are one recorded allocation, as on
//! Windows: SEC_WINNT_AUTH_IDENTITY_EX followed by its strings for a password,
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
mod winpr;

pub(super) use compare::compare;
pub(super) use credman::{ForWrite, prepare_for_read, prepare_for_write};
pub(super) use ex2::Credentials;
pub(super) use owned::OwnedIdentity;
pub(super) use raw::RawIdentity;
pub(super) use strings::{as_strings, of_strings};
pub(super) use winpr::WinprSettings;

use super::abi::*;
use super::boundary::memory::{self, CallerMemory};
use super::boundary::pointers::{self, put};
use super::boundary::text::{self, Text, utf16_bytes};
use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};

/// Finds the parts of the caller's identity. These functions have no A form: text is UTF-16 unless
/// Flags says otherwise.
///
/// # Safety
/// `identity` is NULL or points to an identity of any form.
unsafe fn find(identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) -> Result<RawIdentity> {
    if identity.is_null() {
        return Err(Error::InvalidParameter("the identity is NULL"));
    }
    // SAFETY: C caller's contract, identities.
    let places = unsafe { RawIdentity::of::<SEC_WCHAR>(identity.cast())? };
    known(places.flags())?;
    Ok(places)
}

/// Rejects unknown flags: memory that has them is not an identity, and its pointers must not be
/// followed.
fn known(flags: ULONG) -> Result<()> {
    /// The flags for text, encryption and the identity's purpose, and those of
    /// SspiPromptForCredentials.
    const FLAGS: ULONG = 0xff0f_00ff;
    match flags & !FLAGS {
        0 => Ok(()),
        _ => Err(Error::UnknownCredentials("an identity with flags that there are not")),
    }
}

/// The content of the caller's identity, decrypted.
///
/// # Safety
/// As for `find`.
unsafe fn read_decrypted(identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) -> Result<OwnedIdentity> {
    // SAFETY: C caller's contract, identities.
    unsafe { find(identity)?.read()?.open() }
}

/// The content of the caller's identity, to be returned to the caller, which must have decrypted it
/// first.
///
/// # Safety
/// As for `find`.
unsafe fn read_unencrypted(identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) -> Result<OwnedIdentity> {
    // SAFETY: C caller's contract, identities.
    let content = unsafe { find(identity)?.read()? };
    match content.is_encrypted() {
        true => Err(Error::EncryptedIdentity),
        false => content.open(),
    }
}

/// Rejects NULL for a result.
fn require_output<T>(output: *mut T) -> Result<()> {
    if output.is_null() {
        Err(Error::InvalidParameter("nowhere to put the result"))
    } else {
        Ok(())
    }
}

/// The parts, one after the other.
fn concat_text(parts: &[&str]) -> Result<String> {
    let mut text = allocation::string(parts.iter().map(|part| part.len()).sum())?;
    parts.iter().for_each(|part| text.push_str(part));
    Ok(text)
}

/// A string for the caller; NULL for `None`.
fn new_text(text: Option<&str>) -> Result<CallerMemory<SEC_WCHAR>> {
    text.map_or(Ok(null_mut()), text::allocate).map(CallerMemory::new)
}

/// Bytes for the caller; NULL for `None`.
fn new_bytes(bytes: Option<&[u8]>) -> Result<CallerMemory<u8>> {
    let start = bytes.map_or(Ok(null_mut()), |bytes| memory::copy(bytes).map(NonNull::as_ptr));
    start.map(CallerMemory::new)
}

/// SspiValidateAuthIdentity.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn validate(
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, identities.
    let content = unsafe { read_decrypted(identity)? };
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
    require_output(copy)?;
    // SAFETY: C caller's contract, identities and outputs.
    unsafe {
        let places = find(identity)?;
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
    // SAFETY: C caller's contract, strings.
    let package = unsafe { text::read(package)? }
        .ok_or(Error::InvalidParameter("the package's name is NULL"))?;
    if package.is_empty() || package.contains([',', '!', '\0']) {
        return Err(Error::InvalidParameter("not the name of a package"));
    }
    require_output(new)?;
    // No identity stands for the process's own.
    let given = if identity.is_null() {
        OwnedIdentity::default()
    } else {
        // SAFETY: C caller's contract, identities.
        unsafe { find(identity)?.read()? }
    };
    let encrypted = given.is_encrypted();
    let mut content = given.open()?.in_unicode()?;
    let list = content.text(&content.packages)?.filter(|list| !list.is_empty());
    let before = list.as_deref().map(|list| [list.as_str(), ","]).unwrap_or_default();
    let list = concat_text(&[before[0], before[1], "!", &package])?;
    content.packages = Some(utf16_bytes(&list)?);
    if encrypted {
        content.encrypt()?;
    }
    // SAFETY: C caller's contract, outputs.
    unsafe { put(new, allocate::store(&content)?.as_ptr().cast()) };
    Ok(SEC_E_OK)
}

/// SspiZeroAuthIdentity: erases the credentials. Like Windows it keeps the names.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn zero(identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) -> Result<SECURITY_STATUS> {
    if !identity.is_null() {
        // SAFETY: C caller's contract, identities.
        unsafe { find(identity)?.erase() };
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
    // SAFETY: C caller's contract, identities.
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
    // SAFETY: C caller's contract, identities.
    unsafe { change(options, identity, OwnedIdentity::decrypt) }
}

/// An identity in plain text: the caller's own, or a copy of one that SspiEncryptAuthIdentity has
/// encrypted, which is erased and freed when dropped.
pub(super) struct Decrypted {
    identity: *mut u8,
    is_copy: bool,
}

impl Decrypted {
    /// `data` is NULL, or an identity of any form; `Char` is the form of the function it was passed
    /// to.
    ///
    /// # Safety
    /// The [C caller's contract](crate::entry), identities.
    pub(super) unsafe fn of<Char: Text>(data: *mut u8) -> Result<Decrypted> {
        let plain = Decrypted { identity: data, is_copy: false };
        if data.is_null() {
            return Ok(plain);
        }
        // SAFETY: C caller's contract, identities.
        let content = unsafe { RawIdentity::of::<Char>(data)?.read()? };
        if !content.is_encrypted() {
            return Ok(plain);
        }
        let identity = allocate::store(&content.open()?)?.as_ptr();
        Ok(Decrypted { identity, is_copy: true })
    }

    pub(super) fn as_ptr(&self) -> *mut u8 {
        self.identity
    }
}

impl Drop for Decrypted {
    fn drop(&mut self) {
        if self.is_copy {
            let _ = memory::free(self.identity.cast());
        }
    }
}

/// Changes an identity in place.
///
/// # Safety
/// `identity` is NULL or points to an identity that may be written to.
unsafe fn change(
    options: ULONG,
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    how: fn(&mut OwnedIdentity) -> Result<()>,
) -> Result<SECURITY_STATUS> {
    check(options)?;
    // SAFETY: C caller's contract, identities.
    unsafe {
        let places = find(identity)?;
        let mut content = places.read()?;
        how(&mut content)?;
        places.write(&content)?;
    }
    Ok(SEC_E_OK)
}

/// The only key is this process's: logon sessions and the system account exist on Windows only.
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
    // SAFETY: C caller's contract, identities.
    Ok(unsafe { find(identity)?.read()? }.is_encrypted())
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
    require_output(length)?;
    require_output(array)?;
    // SAFETY: C caller's contract, identities and outputs.
    unsafe {
        let places = find(identity)?;
        let bytes = match places.block() {
            Some(block) => marshal::of_block(block)?,
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
    require_output(identity)?;
    if array.is_null() {
        return Err(Error::InvalidParameter("the array is NULL"));
    }
    // SAFETY: C caller's contract.
    let bytes = unsafe { pointers::bytes(array, length)? };
    let made = match marshal::parse(bytes)? {
        marshal::Identity::Block(block) => allocate::store_block(block)?,
        marshal::Identity::Strings(content) => allocate::store(&content)?,
    };
    // SAFETY: C caller's contract, outputs.
    unsafe { put(identity, made.as_ptr().cast()) };
    Ok(SEC_E_OK)
}

/// SspiFreeAuthIdentity and SspiLocalFree, which return no status: memory that the library
/// allocated is erased and freed, anything else is not touched.
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
    // SAFETY: C caller's contract, strings.
    let target =
        unsafe { text::read(target)? }.ok_or(Error::InvalidParameter("the target is NULL"))?;
    require_output(host)?;
    let name = target::host(&target).ok_or(Error::WrongTarget("a target without a host"))?;
    // SAFETY: C caller's contract, outputs.
    unsafe { put(host, text::allocate(name)?) };
    Ok(SEC_E_OK)
}

/// SspiIsPromptingNeeded.
pub(super) fn is_prompting_needed(error: ULONG) -> bool {
    target::is_prompting_needed(error)
}
