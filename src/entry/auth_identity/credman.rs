//! The credential manager's arguments for an identity: CredRead and CredWrite.

use super::ex2::Credentials;
use super::owned::OwnedIdentity;
use super::{concat_text, new_bytes, new_text, read_decrypted, read_unencrypted, require_output};
use crate::entry::abi::*;
use crate::entry::boundary::pointers::put;
use crate::entry::boundary::text::{self, Text, utf16_bytes};
use crate::types::error::{Error, Result};

/// CRED_TYPE_GENERIC and CRED_TYPE_DOMAIN_PASSWORD of <wincred.h>.
const GENERIC: ULONG = 1;
const DOMAIN_PASSWORD: ULONG = 2;

/// SspiPrepareForCredRead.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn prepare_for_read<Char: Text>(
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    target: *const Char,
    kind: *mut ULONG,
    target_name: *mut *const SEC_WCHAR,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, strings and identities.
    let (content, target) = unsafe { (read_decrypted(identity)?, text::read(target)?) };
    let target = target.ok_or(Error::InvalidParameter("the target is NULL"))?;
    require_output(kind)?;
    require_output(target_name)?;
    // SAFETY: C caller's contract, outputs.
    unsafe {
        put(target_name, new_text(Some(&target))?.keep().cast_const());
        put(kind, kind_of(content.credentials()?.as_ref()));
    }
    Ok(SEC_E_OK)
}

/// The outputs of SspiPrepareForCredWrite.
pub(crate) struct ForWrite {
    pub(crate) kind: *mut ULONG,
    pub(crate) target_name: *mut *const SEC_WCHAR,
    pub(crate) user_name: *mut *const SEC_WCHAR,
    pub(crate) blob: *mut *mut u8,
    pub(crate) blob_size: *mut ULONG,
}

/// SspiPrepareForCredWrite. Without a target, the user's name is the target.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn prepare_for_write<Char: Text>(
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    target: *const Char,
    results: &ForWrite,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, strings and identities.
    let (content, target) = unsafe { (read_unencrypted(identity)?, text::read(target)?) };
    require_output(results.kind)?;
    require_output(results.target_name)?;
    require_output(results.user_name)?;
    require_output(results.blob)?;
    require_output(results.blob_size)?;
    let user = user_name(&content)?;
    let credentials = content.credentials()?;
    let blob = match &credentials {
        None => None,
        Some(Credentials::Password(password)) => Some(utf16_bytes(password)?),
        Some(Credentials::Persist(_, _)) => content.credentials,
    };
    let size = blob.as_ref().map_or(0, |blob| blob.len());
    let target_name = new_text(Some(target.as_ref().map_or(&user, |target| target)))?;
    let user_name = new_text(Some(&user))?;
    let blob = new_bytes(blob.as_deref().map(Vec::as_slice))?;
    // SAFETY: C caller's contract, outputs.
    unsafe {
        put(results.kind, kind_of(credentials.as_ref()));
        put(results.target_name, target_name.keep().cast_const());
        put(results.user_name, user_name.keep().cast_const());
        put(results.blob, blob.keep());
        put(results.blob_size, size as ULONG);
    }
    Ok(SEC_E_OK)
}

fn kind_of(credentials: Option<&Credentials>) -> ULONG {
    match credentials {
        None | Some(Credentials::Password(_)) => DOMAIN_PASSWORD,
        Some(Credentials::Persist(..)) => GENERIC,
    }
}

/// `DOMAIN\user`, or the user alone if there is no domain.
fn user_name(content: &OwnedIdentity) -> Result<String> {
    let user = content.text(&content.user)?.filter(|user| !user.is_empty());
    let user = user.ok_or(Error::NoCredentials("an identity without a user"))?;
    let domain = content.text(&content.domain)?.filter(|domain| !domain.is_empty());
    let domain = domain.as_deref().map(|domain| [domain.as_str(), "\\"]).unwrap_or_default();
    concat_text(&[domain[0], domain[1], &user])
}
