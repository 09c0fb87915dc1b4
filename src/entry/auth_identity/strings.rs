//! Identities from strings, and strings from identities.

use super::owned::{OwnedIdentity, unfold};
use super::{allocate, as_string, new_text, read_unencrypted, require_output};
use crate::entry::abi::*;
use crate::entry::boundary::pointers::put;
use crate::entry::boundary::text::{self, Text, utf16_bytes};
use crate::types::error::{Error, Result};

/// SspiEncodeStringsAsAuthIdentity. One string is enough. Without any, Windows returns
/// SEC_E_INVALID_TOKEN.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn of_strings<Char: Text>(
    user: *const Char,
    domain: *const Char,
    credentials: *const Char,
    identity: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, strings.
    let [user, domain, credentials] =
        unsafe { [text::read(user)?, text::read(domain)?, text::read(credentials)?] }
            .map(|string| string.map(|string| utf16_bytes(&string)).transpose());
    let (user, domain, credentials) = (user?, domain?, credentials?);
    if user.is_none() && domain.is_none() && credentials.is_none() {
        return Err(Error::InvalidToken("an identity of no string"));
    }
    require_output(identity)?;
    let content = OwnedIdentity { user, domain, credentials, ..OwnedIdentity::default() };
    // SAFETY: C caller's contract, outputs.
    unsafe { put(identity, allocate::store(&unfold(content)?)?.as_ptr().cast()) };
    Ok(SEC_E_OK)
}

/// SspiEncodeAuthIdentityAsStrings. Each output may be NULL. A string that the identity does not
/// have is NULL.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn as_strings(
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    user: *mut *const SEC_WCHAR,
    domain: *mut *const SEC_WCHAR,
    credentials: *mut *const SEC_WCHAR,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, identities.
    let content = unsafe { read_unencrypted(identity)? };
    let text =
        [content.text(&content.user)?, content.text(&content.domain)?, as_string::fold(&content)?];
    let outputs = [user, domain, credentials];
    let given = |n: usize| {
        new_text(text[n].as_deref().map(String::as_str).filter(|_| !outputs[n].is_null()))
    };
    // Either all strings are returned or none.
    for (string, output) in [given(0)?, given(1)?, given(2)?].into_iter().zip(outputs) {
        // SAFETY: C caller's contract, outputs.
        unsafe { put(output, string.keep().cast_const()) };
    }
    Ok(SEC_E_OK)
}
