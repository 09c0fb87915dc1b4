//! Packages, the function tables, and flags of channel bindings.

use super::{Machine, Package};
use crate::abi::{free, wide};
use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ptr::null_mut;

#[derive(Debug, Clone, Arbitrary)]
pub enum Call {
    Enumerate { ansi: bool, null: bool },
    Describe { name: String, ansi: bool },
    Exclude { package: Package, ansi: bool },
    Offer { package: Package, ansi: bool },
    Tables,
    BindingFlags { flags: u32, bytes: Vec<u8>, valid: bool, again: bool },
    Prompting(u32),
}

impl Machine {
    pub(super) fn package(&mut self, call: &Call) {
        // SAFETY: every pointer is NULL or valid for its type; strings end with a zero.
        unsafe {
            match call {
                Call::Enumerate { ansi: false, null } => {
                    let (mut count, mut packages) = (0, null_mut());
                    let at = if *null { null_mut() } else { &raw mut count };
                    if EnumerateSecurityPackagesW(at, &mut packages) == SEC_E_OK {
                        assert_eq!(count, 3);
                    }
                    free(packages.cast());
                }
                Call::Enumerate { ansi: true, null } => {
                    let (mut count, mut packages) = (0, null_mut());
                    let at = if *null { null_mut() } else { &raw mut count };
                    if EnumerateSecurityPackagesA(at, &mut packages) == SEC_E_OK {
                        assert_eq!(count, 3);
                    }
                    free(packages.cast());
                }
                Call::Describe { name, ansi: false } => {
                    let (mut name, mut package) = (wide(name), null_mut());
                    QuerySecurityPackageInfoW(name.as_mut_ptr(), &mut package);
                    free(package.cast());
                }
                Call::Describe { name, ansi: true } => {
                    let (mut name, mut package) = (narrow(name), null_mut());
                    QuerySecurityPackageInfoA(name.as_mut_ptr(), &mut package);
                    free(package.cast());
                }
                Call::Exclude { package, ansi: false } => {
                    DeleteSecurityPackageW(wide(package.name()).as_mut_ptr());
                }
                Call::Exclude { package, ansi: true } => {
                    DeleteSecurityPackageA(narrow(package.name()).as_mut_ptr());
                }
                Call::Offer { package, ansi: false } => {
                    AddSecurityPackageW(wide(package.name()).as_mut_ptr(), null_mut());
                }
                Call::Offer { package, ansi: true } => {
                    AddSecurityPackageA(narrow(package.name()).as_mut_ptr(), null_mut());
                }
                Call::Tables => tables(),
                Call::BindingFlags { flags, bytes, valid, again } => {
                    binding_flags(*flags, bytes, *valid, *again);
                }
                Call::Prompting(error) => drop(SspiIsPromptingNeeded(*error)),
            }
        }
    }

    /// What a program has excluded concerns the process.
    pub(super) fn offer_all_packages(&self) {
        for package in [Package::Ntlm, Package::Kerberos] {
            // SAFETY: a string that ends with a zero.
            unsafe { AddSecurityPackageW(wide(package.name()).as_mut_ptr(), null_mut()) };
        }
    }
}

fn narrow(text: &str) -> Vec<i8> {
    text.bytes().map(u8::cast_signed).chain([0]).collect()
}

fn tables() {
    // SAFETY: static tables, whose functions are called as they are documented.
    unsafe {
        let (unicode, ansi) = (&*InitSecurityInterfaceW(), &*InitSecurityInterfaceA());
        assert_eq!(unicode.dwVersion, SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION);
        let mut count = 0;
        let (mut wide, mut narrow) = (null_mut(), null_mut());
        let list =
            (unicode.EnumerateSecurityPackages.unwrap(), ansi.EnumerateSecurityPackages.unwrap());
        assert_eq!(list.0(&mut count, &mut wide) | list.1(&mut count, &mut narrow), SEC_E_OK);
        assert_eq!(unicode.FreeContextBuffer.unwrap()(wide.cast()), SEC_E_OK);
        assert_eq!(ansi.FreeContextBuffer.unwrap()(narrow.cast()), SEC_E_OK);
    }
}

/// SspiSetChannelBindingFlags takes memory of the library's or of the program's.
fn binding_flags(flags: u32, bytes: &[u8], valid: bool, again: bool) {
    let data: Vec<u8> = match valid {
        true => {
            let words = [0, 0, 0, 0, 0, 0, bytes.len() as u32, 32];
            words.iter().flat_map(|word| word.to_ne_bytes()).chain(bytes.iter().copied()).collect()
        }
        false => bytes.to_vec(),
    };
    let mut data = data.into_boxed_slice();
    let own = data.as_mut_ptr().cast();
    let mut bindings = SecPkgContext_Bindings { BindingsLength: data.len() as u32, Bindings: own };
    // SAFETY: bindings with as many bytes.
    unsafe {
        let flags = if flags % 4 == 3 { flags } else { flags % 2 };
        SspiSetChannelBindingFlags(&mut bindings, flags);
        if again {
            SspiSetChannelBindingFlags(&mut bindings, flags);
        }
    }
    if bindings.Bindings != own {
        free(bindings.Bindings.cast());
    }
}
