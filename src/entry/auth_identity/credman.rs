//! What CredRead and CredWrite of the credential manager are to be told of an identity.

use super::ex2::Credentials;
use super::owned::OwnedIdentity;
use super::{Given, legible, opened, wanted};
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
    // SAFETY: the caller's promise is this function's own.
    let (content, target) = unsafe { (opened(identity)?, text::read(target)?) };
    let target = target.ok_or(Error::InvalidParameter("the target is NULL"))?;
    wanted(kind)?;
    wanted(target_name)?;
    // SAFETY: likewise; neither is NULL.
    unsafe {
        put(target_name, Given::text(Some(&target))?.keep::<SEC_WCHAR>().cast_const());
        put(kind, kind_of(content.credentials()?.as_ref()));
    }
    Ok(SEC_E_OK)
}

/// The places for SspiPrepareForCredWrite's results.
pub(crate) struct ForWrite {
    pub(crate) kind: *mut ULONG,
    pub(crate) target_name: *mut *const SEC_WCHAR,
    pub(crate) user_name: *mut *const SEC_WCHAR,
    pub(crate) blob: *mut *mut u8,
    pub(crate) blob_size: *mut ULONG,
}

/// SspiPrepareForCredWrite: without a target, the user's name is it.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn prepare_for_write<Char: Text>(
    identity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    target: *const Char,
    results: &ForWrite,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let (content, target) = unsafe { (legible(identity)?, text::read(target)?) };
    wanted(results.kind)?;
    wanted(results.target_name)?;
    wanted(results.user_name)?;
    wanted(results.blob)?;
    wanted(results.blob_size)?;
    let user = user_name(&content)?;
    let credentials = content.credentials()?;
    let blob = match &credentials {
        None => None,
        Some(Credentials::Password(password)) => Some(utf16_bytes(password)),
        Some(Credentials::Persist(..)) => content.credentials.clone(),
    };
    let size = blob.as_ref().map_or(0, |blob| blob.len());
    let target_name = Given::text(Some(target.as_ref().map_or(&user, |target| target)))?;
    let user_name = Given::text(Some(&user))?;
    let blob = Given::bytes(blob.as_deref().map(Vec::as_slice))?;
    // SAFETY: likewise; none is NULL.
    unsafe {
        put(results.kind, kind_of(credentials.as_ref()));
        put(results.target_name, target_name.keep::<SEC_WCHAR>().cast_const());
        put(results.user_name, user_name.keep::<SEC_WCHAR>().cast_const());
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

/// `DOMAIN\user`, or the user alone where there is no domain.
fn user_name(content: &OwnedIdentity) -> Result<String> {
    let user = content.text(&content.user)?.filter(|user| !user.is_empty());
    let user = user.ok_or(Error::NoCredentials("an identity without a user"))?;
    let domain = content.text(&content.domain)?.filter(|domain| !domain.is_empty());
    Ok(domain.map_or(user.to_string(), |domain| format!("{}\\{}", &*domain, &*user)))
}
