//! The system's packages, as they are told to programs: beside ours, never under our names.

use super::functions::{Form, System, named};
use super::inside::inside;
use crate::entry::abi::*;
use crate::entry::boundary::text;
use crate::entry::boundary::text::Text;
use crate::entry::packages::Description;
use crate::server::credential::Package;
use crate::types::error::{Error, Result};
use std::borrow::Cow;
use std::ptr::null_mut;
use std::slice;
use zeroize::Zeroizing;

/// Every package of the system's that is not one of ours.
pub(crate) fn others() -> Vec<Description> {
    let Some(system) = System::get() else { return Vec::new() };
    let Some(enumerate) = system.unicode.EnumerateSecurityPackages else { return Vec::new() };
    let (mut count, mut infos) = (0, null_mut());
    // SAFETY: both outputs are ours.
    if inside(|| unsafe { enumerate(&mut count, &mut infos) }) != SEC_E_OK || infos.is_null() {
        return Vec::new();
    }
    // SAFETY: the system says that there are so many.
    let infos = unsafe { slice::from_raw_parts(infos, count as usize) };
    // SAFETY: their strings end with zeros.
    let descriptions = infos.iter().filter_map(|info| unsafe { describe(info) }.ok());
    let others = descriptions.filter(|found| Package::from_name(&found.name).is_err()).collect();
    release(system, infos.as_ptr().cast_mut());
    others
}

/// The system's package of that name, which is none of ours.
pub(crate) fn package(name: &str) -> Result<Description> {
    let system = System::get().ok_or(Error::PackageNotFound)?;
    let query = system.unicode.QuerySecurityPackageInfo.ok_or(Error::PackageNotFound)?;
    let mut name = SEC_WCHAR::encode(name);
    let mut info = null_mut();
    // SAFETY: the name ends with a zero, and the output is ours.
    if inside(|| unsafe { query(name.as_mut_ptr(), &mut info) }) != SEC_E_OK || info.is_null() {
        return Err(Error::PackageNotFound);
    }
    // SAFETY: the system says that a package is there; its strings end with zeros.
    let description = unsafe { describe(&*info) };
    release(system, info);
    description
}

fn release(system: &System, infos: PSecPkgInfo<SEC_WCHAR>) {
    if let Some(free) = SEC_WCHAR::functions(system).FreeContextBuffer {
        // SAFETY: the system gave it, and nobody looks at it any more.
        inside(|| unsafe { free(infos.cast()) });
    }
}

/// # Safety
/// The strings are NULL or end with zeros.
unsafe fn describe(info: &SecPkgInfo<SEC_WCHAR>) -> Result<Description> {
    // SAFETY: the caller's promise is this function's own.
    let (name, comment) = unsafe { (text::read(info.Name)?, text::read(info.Comment)?) };
    let owned = |text: Option<Zeroizing<String>>| {
        Cow::Owned(text.map(|text| text.to_string()).unwrap_or_default())
    };
    Ok(Description {
        capabilities: info.fCapabilities,
        version: info.wVersion,
        rpc_id: info.wRPCID,
        max_token: info.cbMaxToken,
        name: owned(name),
        comment: owned(comment),
    })
}

/// AddSecurityPackage for a package of the system's; nothing where the system has no such function.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn add_package<Char: Form>(
    name: *mut Char,
    options: PSECURITY_PACKAGE_OPTIONS,
) -> Option<SECURITY_STATUS> {
    type Add<Char> =
        unsafe extern "system" fn(*mut Char, PSECURITY_PACKAGE_OPTIONS) -> SECURITY_STATUS;
    // SAFETY: the function has this type.
    let function: Add<Char> = unsafe { named::<Char, _>("AddSecurityPackage")? };
    // SAFETY: the caller's promise is that of the function.
    Some(inside(|| unsafe { function(name, options) }))
}

/// DeleteSecurityPackage, likewise.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn delete_package<Char: Form>(name: *mut Char) -> Option<SECURITY_STATUS> {
    type Delete<Char> = unsafe extern "system" fn(*mut Char) -> SECURITY_STATUS;
    // SAFETY: the function has this type.
    let function: Delete<Char> = unsafe { named::<Char, _>("DeleteSecurityPackage")? };
    // SAFETY: the caller's promise is that of the function.
    Some(inside(|| unsafe { function(name) }))
}
