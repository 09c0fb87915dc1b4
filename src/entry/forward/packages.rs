//! The packages of secur32.dll, except those with the name of one of this library's.

use super::functions::{Form, System, named};
use super::inside::inside;
use crate::entry::abi::*;
use crate::entry::boundary::package_info::PackageInfo;
use crate::entry::boundary::text::Text;
use crate::mechanism::Package;
use crate::types::error::{Error, Result};
use std::ptr::null_mut;
use std::slice;

/// Every package of secur32.dll with another name than this library's packages.
pub(crate) fn others() -> Vec<PackageInfo> {
    let Some(system) = System::get() else { return Vec::new() };
    let Some(enumerate) = system.unicode.EnumerateSecurityPackages else { return Vec::new() };
    let (mut count, mut infos) = (0, null_mut());
    // SAFETY: both outputs are locals.
    if inside(|| unsafe { enumerate(&mut count, &mut infos) }) != SEC_E_OK || infos.is_null() {
        return Vec::new();
    }
    // SAFETY: secur32.dll returned this number of packages.
    let infos = unsafe { slice::from_raw_parts(infos, count as usize) };
    // SAFETY: their strings end with zeros.
    let descriptions = infos.iter().filter_map(|info| unsafe { PackageInfo::read(info) }.ok());
    let others = descriptions.filter(|found| Package::from_name(&found.name).is_err()).collect();
    release(system, infos.as_ptr().cast_mut());
    others
}

/// The package `name` of secur32.dll, which is none of this library's.
pub(crate) fn package(name: &str) -> Result<PackageInfo> {
    let system = System::get().ok_or(Error::PackageNotFound)?;
    let query = system.unicode.QuerySecurityPackageInfo.ok_or(Error::PackageNotFound)?;
    let mut name = SEC_WCHAR::encode(name)?;
    let mut info = null_mut();
    // SAFETY: the name ends with a zero, and the output is a local.
    if inside(|| unsafe { query(name.as_mut_ptr(), &mut info) }) != SEC_E_OK || info.is_null() {
        return Err(Error::PackageNotFound);
    }
    // SAFETY: secur32.dll returned a package; its strings end with zeros.
    let description = unsafe { PackageInfo::read(&*info) };
    release(system, info);
    description
}

fn release(system: &System, infos: PSecPkgInfo<SEC_WCHAR>) {
    if let Some(free) = SEC_WCHAR::functions(system).FreeContextBuffer {
        // SAFETY: secur32.dll allocated it, and it is not used any more.
        inside(|| unsafe { free(infos.cast()) });
    }
}

/// AddSecurityPackage for a package of secur32.dll.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn add_package<Char: Form>(
    name: *mut Char,
    options: PSECURITY_PACKAGE_OPTIONS,
) -> Result<SECURITY_STATUS> {
    type Add<Char> =
        unsafe extern "system" fn(*mut Char, PSECURITY_PACKAGE_OPTIONS) -> SECURITY_STATUS;
    // SAFETY: the function has this type.
    let function: Option<Add<Char>> = unsafe { named::<Char, _>("AddSecurityPackage") };
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    implemented(function.map(|function| inside(|| unsafe { function(name, options) })))
}

/// DeleteSecurityPackage, likewise.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn delete_package<Char: Form>(name: *mut Char) -> Result<SECURITY_STATUS> {
    type Delete<Char> = unsafe extern "system" fn(*mut Char) -> SECURITY_STATUS;
    // SAFETY: the function has this type.
    let function: Option<Delete<Char>> = unsafe { named::<Char, _>("DeleteSecurityPackage") };
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    implemented(function.map(|function| inside(|| unsafe { function(name) })))
}

/// Wine exports both functions, and they do nothing.
fn implemented(status: Option<SECURITY_STATUS>) -> Result<SECURITY_STATUS> {
    const E_NOTIMPL: SECURITY_STATUS = 0x8000_4001_u32.cast_signed();
    status.filter(|&status| status != E_NOTIMPL).ok_or(Error::PackageNotFound)
}
