//! Identities from strings, and strings from identities.

use super::owned::{OwnedIdentity, unfold};
use super::{Given, allocate, as_string, legible, wanted};
use crate::entry::abi::*;
use crate::entry::boundary::pointers::put;
use crate::entry::boundary::text::{self, Text, utf16_bytes};
use crate::types::error::{Error, Result};

/// SspiEncodeStringsAsAuthIdentity. One string is enough, and without any, Windows says that it is
/// an invalid token.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn of_strings<Char: Text>(
    user: *const Char,
    domain: *const Char,
    credentials: *const Char,
    identity: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let [user, domain, credentials] =
        unsafe { [text::read(user)?, text::read(domain)?, text::read(credentials)?] }
            .map(|string| string.map(|string| utf16_bytes(&string)));
    if user.is_none() && domain.is_none() && credentials.is_none() {
        return Err(Error::InvalidToken("an identity of no string"));
    }
    wanted(identity)?;
    let content = OwnedIdentity { user, domain, credentials, ..OwnedIdentity::default() };
    // SAFETY: likewise; not NULL.
    unsafe { put(identity, allocate::store(&unfold(content)?)?.as_ptr().cast()) };
    Ok(SEC_E_OK)
}

/// SspiEncodeAuthIdentityAsStrings. Each string may be left out; what the identity doesn't have is
/// NULL.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn as_strings(
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    user: *mut *const SEC_WCHAR,
    domain: *mut *const SEC_WCHAR,
    credentials: *mut *const SEC_WCHAR,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let content = unsafe { legible(identity)? };
    let text =
        [content.text(&content.user)?, content.text(&content.domain)?, as_string::fold(&content)?];
    let outputs = [user, domain, credentials];
    let given = |n: usize| {
        Given::text(text[n].as_deref().map(String::as_str).filter(|_| !outputs[n].is_null()))
    };
    // All strings or none.
    for (string, output) in [given(0)?, given(1)?, given(2)?].into_iter().zip(outputs) {
        // SAFETY: likewise.
        unsafe { put(output, string.keep::<SEC_WCHAR>().cast_const()) };
    }
    Ok(SEC_E_OK)
}
