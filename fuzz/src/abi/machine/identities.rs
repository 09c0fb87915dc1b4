//! The functions of identities. What they do is tested by `auth_identity_bytes`; here they meet
//! credentials, and each other's results.

use super::{ENOUGH, Machine};
use crate::abi::wide;
use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ffi::c_void;
use std::ptr::{null, null_mut};

#[derive(Debug, Clone, Arbitrary)]
pub enum Call {
    Make { user: Option<String>, domain: Option<String>, password: Option<String> },
    Copy(u8),
    Marshal(u8),
    Exclude(u8, String),
    Encrypt { which: u8, options: Option<u8> },
    Decrypt { which: u8, options: Option<u8> },
    Read(u8),
    Compare(u8, u8),
    ForRead { which: u8, target: String },
    ForWrite { which: u8, target: String },
    Zero(u8),
    Free(u8),
    TargetHost(String),
    FreeAny(usize),
}

/// Frees what the library has made.
fn free(memory: *const c_void) {
    // SAFETY: not used any more.
    unsafe { SspiLocalFree(memory.cast_mut()) };
}

impl Machine {
    fn held(&self, which: u8) -> *mut c_void {
        let held = self.identities.get(usize::from(which) % self.identities.len().max(1));
        held.copied().unwrap_or(null_mut())
    }

    fn hold(&mut self, status: SECURITY_STATUS, identity: *mut c_void) {
        assert_eq!(status == SEC_E_OK, !identity.is_null());
        if identity.is_null() {
            return;
        }
        self.identities.push(identity);
        if self.identities.len() > ENOUGH {
            free(self.identities.remove(0));
        }
    }

    pub(super) fn identity(&mut self, call: &Call) {
        let mut made = null_mut();
        // SAFETY: identities from the library, output pointers, zero-terminated strings.
        unsafe {
            match call {
                Call::Make { user, domain, password } => {
                    let texts = [user, domain, password].map(|text| text.as_deref().map(wide));
                    let [user, domain, password] = texts
                        .each_ref()
                        .map(|text| text.as_ref().map_or(null(), |text| text.as_ptr()));
                    let status = SspiEncodeStringsAsAuthIdentity(user, domain, password, &mut made);
                    self.hold(status, made);
                }
                Call::Copy(which) => {
                    let status = SspiCopyAuthIdentity(self.held(*which), &mut made);
                    self.hold(status, made);
                }
                Call::Marshal(which) => {
                    let (mut length, mut bytes) = (0, null_mut());
                    if SspiMarshalAuthIdentity(self.held(*which), &mut length, &mut bytes)
                        == SEC_E_OK
                    {
                        let status = SspiUnmarshalAuthIdentity(length, bytes, &mut made);
                        free(bytes.cast());
                        self.hold(status, made);
                    }
                }
                Call::Exclude(which, package) => {
                    let package = wide(package);
                    let status = SspiExcludePackage(self.held(*which), package.as_ptr(), &mut made);
                    self.hold(status, made);
                }
                Call::Encrypt { which, options } => {
                    let identity = self.held(*which);
                    match options {
                        None => SspiEncryptAuthIdentity(identity),
                        Some(options) => SspiEncryptAuthIdentityEx(u32::from(*options), identity),
                    };
                }
                Call::Decrypt { which, options } => {
                    let identity = self.held(*which);
                    match options {
                        None => SspiDecryptAuthIdentity(identity),
                        Some(options) => SspiDecryptAuthIdentityEx(u32::from(*options), identity),
                    };
                }
                Call::Read(which) => {
                    let identity = self.held(*which);
                    SspiValidateAuthIdentity(identity);
                    SspiIsAuthIdentityEncrypted(identity);
                    let mut strings = [null::<u16>(); 3];
                    let [user, domain, password] = &mut strings;
                    SspiEncodeAuthIdentityAsStrings(identity, user, domain, password);
                    strings.iter().for_each(|string| free(string.cast()));
                }
                Call::Compare(one, other) => {
                    let (mut user, mut same) = (7, 7);
                    let (one, other) = (self.held(*one), self.held(*other));
                    SspiCompareAuthIdentities(one, other, &mut user, &mut same);
                }
                Call::ForRead { which, target } => {
                    let (target, mut kind, mut name) = (wide(target), 0, null());
                    SspiPrepareForCredRead(
                        self.held(*which),
                        target.as_ptr(),
                        &mut kind,
                        &mut name,
                    );
                    free(name.cast());
                }
                Call::ForWrite { which, target } => {
                    let (target, mut kind) = (wide(target), 0);
                    let (mut name, mut user) = (null(), null());
                    let (mut blob, mut length) = (null_mut(), 0);
                    SspiPrepareForCredWrite(
                        self.held(*which),
                        target.as_ptr(),
                        &mut kind,
                        &mut name,
                        &mut user,
                        &mut blob,
                        &mut length,
                    );
                    [name.cast(), user.cast(), blob.cast_const().cast()].into_iter().for_each(free);
                }
                Call::Zero(which) => SspiZeroAuthIdentity(self.held(*which)),
                Call::Free(which) => {
                    let identity = self.held(*which);
                    SspiFreeAuthIdentity(identity);
                    SspiFreeAuthIdentity(identity);
                    self.identities.retain(|held| *held != identity);
                }
                Call::TargetHost(target) => {
                    let (target, mut host) = (wide(target), null_mut());
                    SspiGetTargetHostName(target.as_ptr(), &mut host);
                    free(host.cast());
                }
                Call::FreeAny(address) => free(*address as *const c_void),
            }
        }
    }
}
