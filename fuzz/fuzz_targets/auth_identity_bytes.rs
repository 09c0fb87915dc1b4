//! SspiUnmarshalAuthIdentity on arbitrary bytes, in a heap block of their exact size; then every
//! function on the resulting identity. Encrypted and decrypted, copied and marshalled, it must be
//! the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::slice;

type Opaque = PSEC_WINNT_AUTH_IDENTITY_OPAQUE;

/// Memory from the library, freed when dropped.
struct Given(*mut c_void);

impl Drop for Given {
    fn drop(&mut self) {
        // SAFETY: the memory is not used again.
        unsafe { SspiLocalFree(self.0) };
    }
}

fn expect(status: SECURITY_STATUS, allowed: &[SECURITY_STATUS]) -> bool {
    assert!(status == SEC_E_OK || allowed.contains(&status), "{status:#x}");
    status == SEC_E_OK
}

fn unmarshal(bytes: &[u8]) -> Option<Given> {
    let mut exact = bytes.to_vec().into_boxed_slice();
    let mut identity = null_mut();
    // SAFETY: there are that many bytes.
    let status = unsafe {
        SspiUnmarshalAuthIdentity(exact.len() as ULONG, exact.as_mut_ptr().cast(), &mut identity)
    };
    expect(status, &[SEC_E_UNKNOWN_CREDENTIALS]).then_some(Given(identity))
}

fn marshal(identity: Opaque) -> Vec<u8> {
    let (mut length, mut bytes) = (0, null_mut());
    // SAFETY: an identity, and two output pointers.
    assert_eq!(unsafe { SspiMarshalAuthIdentity(identity, &mut length, &mut bytes) }, SEC_E_OK);
    let given = Given(bytes.cast());
    // SAFETY: the library returned this length.
    unsafe { slice::from_raw_parts(given.0.cast::<u8>(), length as usize) }.to_vec()
}

fuzz_target!(|data: &[u8]| {
    let Some(made) = unmarshal(data) else { return };
    let identity = made.0;
    let before = marshal(identity);
    assert_eq!(marshal(unmarshal(&before).expect("our own").0), before);
    let package: Vec<u16> = "NTLM\0".encode_utf16().collect();
    // SAFETY: identities from the library, output pointers, zero-terminated strings.
    unsafe {
        let (mut copy, mut other) = (null_mut(), null_mut());
        assert_eq!(SspiCopyAuthIdentity(identity, &mut copy), SEC_E_OK);
        let copy = Given(copy);
        let encrypted = SspiIsAuthIdentityEncrypted(identity) == 1;
        // Overlapping parts cannot be encrypted, and there is no key for other scopes than this
        // process.
        if expect(
            SspiEncryptAuthIdentity(identity),
            &[SEC_E_INVALID_PARAMETER, SEC_E_UNKNOWN_CREDENTIALS],
        ) && !encrypted
        {
            assert_eq!(SspiIsAuthIdentityEncrypted(identity), 1);
            assert_eq!(SspiDecryptAuthIdentity(identity), SEC_E_OK);
            assert_eq!(marshal(identity), before);
        }
        let valid = expect(SspiValidateAuthIdentity(identity), &[SEC_E_UNKNOWN_CREDENTIALS]);
        let (mut user, mut same) = (0, 0);
        let compared = SspiCompareAuthIdentities(identity, copy.0, &mut user, &mut same);
        assert!(compared == SEC_E_OK || !valid);
        assert!(compared != SEC_E_OK || (user, same) == (1, 1) || encrypted);
        let mut strings = [null::<u16>(); 3];
        let [name, domain, password] = &mut strings;
        expect(
            SspiEncodeAuthIdentityAsStrings(identity, name, domain, password),
            &[SEC_E_UNKNOWN_CREDENTIALS, STATUS_INVALID_PARAMETER],
        );
        let strings = strings.map(|string| Given(string.cast_mut().cast()));
        expect(
            SspiEncodeStringsAsAuthIdentity(
                strings[0].0.cast(),
                strings[1].0.cast(),
                strings[2].0.cast(),
                &mut other,
            ),
            &[SEC_E_INVALID_TOKEN, SEC_E_UNKNOWN_CREDENTIALS, SEC_E_INVALID_PARAMETER],
        );
        drop(Given(other));
        let mut other = null_mut();
        expect(
            SspiExcludePackage(identity, package.as_ptr(), &mut other),
            &[SEC_E_UNKNOWN_CREDENTIALS],
        );
        drop(Given(other));
        SspiZeroAuthIdentity(identity);
    }
});
