//! SspiCompareAuthIdentities.

use super::ex2::Credentials;
use super::owned::{OwnedIdentity, Part};
use super::read_decrypted;
use crate::entry::abi::*;
use crate::entry::boundary::pointers::put;
use crate::types::account_name;
use crate::types::error::Result;
use subtle::ConstantTimeEq;

/// Whether two identities name the same user, and whether they are equal. NULL is the process's own
/// identity, equal to NULL only.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn compare(
    one: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    other: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    same_user: *mut BOOLEAN,
    same_identity: *mut BOOLEAN,
) -> Result<SECURITY_STATUS> {
    let (user, identity) = match (one.is_null(), other.is_null()) {
        (true, true) => (true, true),
        (false, false) => {
            // SAFETY: C caller's contract, identities.
            let (one, other) = unsafe { (read_decrypted(one)?, read_decrypted(other)?) };
            let user = users(&one, &other)?;
            (user, user && credentials(&one, &other)?)
        }
        _ => (false, false),
    };
    // SAFETY: C caller's contract, outputs.
    unsafe {
        put(same_user, user.into());
        put(same_identity, identity.into());
    }
    Ok(SEC_E_OK)
}

/// Both names are equal by Windows' rules, ignoring letter case. No name is the same as an empty
/// one.
fn users(one: &OwnedIdentity, other: &OwnedIdentity) -> Result<bool> {
    let same = |part: fn(&OwnedIdentity) -> &Part| -> Result<bool> {
        let text = |content: &OwnedIdentity| content.text(part(content));
        Ok(account_name::same(&text(one)?.unwrap_or_default(), &text(other)?.unwrap_or_default()))
    };
    Ok(same(|content| &content.user)? && same(|content| &content.domain)?)
}

fn credentials(one: &OwnedIdentity, other: &OwnedIdentity) -> Result<bool> {
    Ok(match (one.credentials()?, other.credentials()?) {
        (None, None) => true,
        (Some(Credentials::Password(one)), Some(Credentials::Password(other))) => {
            one.as_bytes().ct_eq(other.as_bytes()).into()
        }
        (Some(Credentials::Persist(kind, one)), Some(Credentials::Persist(other_kind, other))) => {
            kind == other_kind && bool::from(one.ct_eq(&other))
        }
        _ => false,
    })
}
