//! Identities through the exported functions. Miri checks the pointers.

use super::owned::OwnedIdentity;
use super::*;
use crate::entry::exports::*;
use std::ptr::{null, null_mut};
use zeroize::Zeroizing;

type Opaque = PSEC_WINNT_AUTH_IDENTITY_OPAQUE;

/// Miri is slow.
const FEWER: usize = if cfg!(miri) { 23 } else { 1 };

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// An identity that the library made, freed when dropped.
struct Made(Opaque);

impl Drop for Made {
    fn drop(&mut self) {
        // SAFETY: nobody uses it any more.
        unsafe { SspiFreeAuthIdentity(self.0) };
    }
}

fn made(make: impl FnOnce(*mut Opaque) -> SECURITY_STATUS) -> Result<Made, SECURITY_STATUS> {
    let mut identity = null_mut();
    match make(&mut identity) {
        SEC_E_OK => Ok(Made(identity)),
        error => Err(error),
    }
}

fn of(strings: [Option<&str>; 3]) -> Made {
    let strings = strings.map(|string| string.map(wide));
    let [user, domain, password] =
        strings.each_ref().map(|string| string.as_ref().map_or(null(), |text| text.as_ptr()));
    // SAFETY: strings end with a zero.
    made(|identity| unsafe { SspiEncodeStringsAsAuthIdentity(user, domain, password, identity) })
        .unwrap()
}

fn alice() -> Made {
    of([Some("alice"), Some("EXAMPLE"), Some("Pässword")])
}

/// The text of a string from the library, which is freed.
fn text(string: *const u16) -> Option<String> {
    if string.is_null() {
        return None;
    }
    // SAFETY: it ends with a zero, and nobody else uses it.
    let text = unsafe { text::read(string) }.unwrap().map(|text| text.to_string());
    // SAFETY: nobody uses it any more.
    unsafe { SspiLocalFree(string.cast_mut().cast()) };
    text
}

fn strings(identity: &Made) -> Result<[Option<String>; 3], SECURITY_STATUS> {
    let [mut user, mut domain, mut password] = [null(); 3];
    // SAFETY: an identity, and three places.
    match unsafe {
        SspiEncodeAuthIdentityAsStrings(identity.0, &mut user, &mut domain, &mut password)
    } {
        SEC_E_OK => Ok([user, domain, password].map(text)),
        error => Err(error),
    }
}

fn some(strings: [&str; 3]) -> [Option<String>; 3] {
    strings.map(|string| Some(string.to_owned()))
}

/// User the same, identity the same.
fn same(one: Opaque, other: Opaque) -> (bool, bool) {
    let (mut user, mut identity) = (7, 7);
    assert_eq!(
        // SAFETY: identities or NULL, and two places.
        unsafe { SspiCompareAuthIdentities(one, other, &mut user, &mut identity) },
        SEC_E_OK
    );
    assert!(user < 2 && identity < 2);
    (user == 1, identity == 1)
}

fn marshalled(identity: Opaque) -> Vec<u8> {
    let (mut length, mut array) = (0, null_mut());
    // SAFETY: an identity, and two places.
    assert_eq!(unsafe { SspiMarshalAuthIdentity(identity, &mut length, &mut array) }, SEC_E_OK);
    // SAFETY: as many bytes were given, and are freed once.
    unsafe {
        let bytes = std::slice::from_raw_parts(array.cast::<u8>(), length as usize).to_vec();
        SspiLocalFree(array.cast());
        bytes
    }
}

fn unmarshalled(bytes: &[u8]) -> Result<Made, SECURITY_STATUS> {
    let mut exact = bytes.to_vec().into_boxed_slice();
    // SAFETY: as many bytes are there.
    made(|identity| unsafe {
        SspiUnmarshalAuthIdentity(exact.len() as u32, exact.as_mut_ptr().cast(), identity)
    })
}

/// A keytab, which cannot be a plain string.
fn keytab() -> Made {
    let data = include_bytes!("../../../tests/data/kerberos/holes.keytab");
    let packed = allocate::pack(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, data).unwrap();
    let content = OwnedIdentity {
        user: Some(utf16_bytes("HTTP/web1").unwrap()),
        domain: Some(utf16_bytes("EXAMPLE.TEST").unwrap()),
        credentials: Some(packed),
        packed: true,
        ..OwnedIdentity::default()
    };
    Made(allocate::store(&content).unwrap().as_ptr().cast())
}

fn without_ntlm(identity: &Made) -> Made {
    // SAFETY: an identity, a string that ends with a zero, a place.
    made(|new| unsafe { SspiExcludePackage(identity.0, wide("NTLM").as_ptr(), new) }).unwrap()
}

/// A SEC_WINNT_AUTH_IDENTITY_A in the caller's memory.
struct Plain {
    strings: [Vec<u8>; 3],
    structure: SEC_WINNT_AUTH_IDENTITY<u8>,
}

impl Plain {
    fn new(user: &str, domain: &str, password: &str) -> Box<Plain> {
        let mut strings = [user, domain, password].map(|text| text.as_bytes().to_vec());
        let [user, domain, password] =
            strings.each_mut().map(|string| (string.as_mut_ptr(), string.len() as u32));
        let structure = SEC_WINNT_AUTH_IDENTITY {
            User: user.0,
            UserLength: user.1,
            Domain: domain.0,
            DomainLength: domain.1,
            Password: password.0,
            PasswordLength: password.1,
            Flags: SEC_WINNT_AUTH_IDENTITY_ANSI,
        };
        Box::new(Plain { strings, structure })
    }

    fn opaque(&mut self) -> Opaque {
        (&raw mut self.structure).cast()
    }
}

fn encrypt(identity: Opaque) {
    // SAFETY: an identity that may be written to.
    assert_eq!(unsafe { SspiEncryptAuthIdentity(identity) }, SEC_E_OK);
    // SAFETY: likewise.
    assert_eq!(unsafe { SspiIsAuthIdentityEncrypted(identity) }, 1);
}

fn decrypt(identity: Opaque) {
    // SAFETY: an identity that may be written to.
    assert_eq!(unsafe { SspiDecryptAuthIdentity(identity) }, SEC_E_OK);
    // SAFETY: likewise.
    assert_eq!(unsafe { SspiIsAuthIdentityEncrypted(identity) }, 0);
}

/// The status of AcquireCredentialsHandle with it, inbound.
fn acquire(identity: Opaque) -> SECURITY_STATUS {
    let mut handle = SecHandle { dwLower: 0, dwUpper: 0 };
    let mut package = wide("Negotiate");
    // SAFETY: pointers are NULL or point to what their types say.
    unsafe {
        let status = AcquireCredentialsHandleW(
            null_mut(),
            package.as_mut_ptr(),
            SECPKG_CRED_INBOUND,
            null_mut(),
            identity,
            None,
            null_mut(),
            &mut handle,
            null_mut(),
        );
        if status == SEC_E_OK {
            assert_eq!(FreeCredentialsHandle(&mut handle), SEC_E_OK);
        }
        status
    }
}

#[test]
fn strings_there_and_back() {
    for given in [
        [Some("alice"), Some("EXAMPLE"), Some("Pässword")],
        [Some("alice"), None, Some("Pässword")],
        [Some("alice"), None, None],
        [None, None, Some("Pässword")],
        [None, Some("EXAMPLE"), None],
        [Some(""), Some(""), Some("")],
        // It looks packed but is not.
        [Some("alice"), None, Some("@@negossp:")],
        [Some("alice"), None, Some("@@negossp:1800")],
    ] {
        let identity = of(given);
        let got = strings(&identity).unwrap();
        assert_eq!(got[..2], given.map(|text| text.map(str::to_owned))[..2]);
        let password = got[2].as_deref();
        let again = of([got[0].as_deref(), got[1].as_deref(), password]);
        assert_eq!(same(identity.0, again.0), (true, true));
        if !given[2].is_some_and(|password| password.starts_with("@@")) {
            assert_eq!(password, given[2]);
        }
    }
}

/// One string holds packed credentials and package lists, and an identity made from it is equal.
#[test]
fn whatever_it_holds_becomes_strings_and_is_one_again() {
    let keytab = keytab();
    for identity in [without_ntlm(&alice()), without_ntlm(&keytab), keytab] {
        let got = strings(&identity).unwrap();
        let again = of(got.each_ref().map(Option::as_deref));
        assert_eq!(same(identity.0, again.0), (true, true));
        assert_eq!(marshalled(identity.0), marshalled(again.0));
        assert_eq!(acquire(again.0), SEC_E_OK);
        // Like a program that only handles names and passwords.
        let [user, domain, password] = got.map(Option::unwrap);
        let mut plain = Plain::new(&user, &domain, &password);
        assert_eq!(same(identity.0, plain.opaque()), (true, true));
        assert_eq!(acquire(plain.opaque()), SEC_E_OK);
    }
}

/// In the caller's memory and in the library's, in every form: encrypted, of the same length,
/// accepted, and decrypted again.
#[test]
fn encrypted_and_decrypted_where_they_are() {
    let mut plain = Plain::new("alice", "EXAMPLE", "Password");
    let mut longer = Plain::new("alice", "", "x");
    let (ours, keytab) = (alice(), keytab());
    for identity in [ours.0, keytab.0, plain.opaque(), longer.opaque()] {
        // SAFETY: an identity, and a place.
        let copy = made(|copy| unsafe { SspiCopyAuthIdentity(identity, copy) }).unwrap();
        let before = marshalled(identity);
        encrypt(identity);
        let encrypted = marshalled(identity);
        assert_eq!(encrypted.len(), before.len());
        for word in ["alice", "Password", "EXAMPLE", "HTTP/web1"] {
            let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_ne_bytes).collect();
            for text in [word.as_bytes(), &wide] {
                assert!(!encrypted.windows(text.len()).any(|window| window == text), "{word}");
            }
        }
        // Encrypting again changes nothing, and it can be used encrypted.
        encrypt(identity);
        assert_eq!(marshalled(identity), encrypted);
        assert_eq!(same(identity, copy.0), (true, true));
        assert_eq!(acquire(identity), SEC_E_OK);
        // SAFETY: an identity.
        assert_eq!(unsafe { SspiValidateAuthIdentity(identity) }, SEC_E_OK);
        // Copies and marshalled bytes stay encrypted.
        // SAFETY: an identity, and a place.
        let copy_of_it = made(|copy| unsafe { SspiCopyAuthIdentity(identity, copy) }).unwrap();
        for other in [copy_of_it, unmarshalled(&encrypted).unwrap()] {
            // SAFETY: an identity.
            assert_eq!(unsafe { SspiIsAuthIdentityEncrypted(other.0) }, 1);
            assert_eq!(same(identity, other.0), (true, true));
            assert_eq!(strings(&other).err(), Some(STATUS_INVALID_PARAMETER));
            decrypt(other.0);
            assert_eq!(same(copy.0, other.0), (true, true));
        }
        decrypt(identity);
        assert_eq!(marshalled(identity), before);
        decrypt(identity);
        assert_eq!(marshalled(identity), before);
    }
    assert_eq!(
        plain.strings.map(|string| String::from_utf8(string).unwrap()),
        ["alice", "EXAMPLE", "Password"]
    );
}

#[test]
fn no_key_for_others() {
    let identity = alice();
    for options in [0, 8, SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS | 0x10] {
        assert_eq!(
            // SAFETY: an identity.
            unsafe { SspiEncryptAuthIdentityEx(options, identity.0) },
            SEC_E_INVALID_PARAMETER
        );
    }
    for options in [
        SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON,
        SEC_WINNT_AUTH_IDENTITY_ENCRYPT_FOR_SYSTEM,
        SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON | SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS,
    ] {
        assert_eq!(
            // SAFETY: an identity.
            unsafe { SspiEncryptAuthIdentityEx(options, identity.0) },
            SEC_E_UNSUPPORTED_FUNCTION
        );
        assert_eq!(
            // SAFETY: an identity.
            unsafe { SspiDecryptAuthIdentityEx(options, identity.0) },
            SEC_E_UNSUPPORTED_FUNCTION
        );
    }
    assert_eq!(strings(&identity).unwrap(), some(["alice", "EXAMPLE", "Pässword"]));
    for flag in [
        SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED,
        SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED,
        SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED,
    ] {
        let mut plain = Plain::new("alice", "EXAMPLE", "Password");
        plain.structure.Flags |= flag;
        assert_eq!(acquire(plain.opaque()), SEC_E_UNKNOWN_CREDENTIALS);
        // SAFETY: an identity that may be written to.
        unsafe {
            assert_eq!(SspiIsAuthIdentityEncrypted(plain.opaque()), 1);
            assert_eq!(SspiEncryptAuthIdentity(plain.opaque()), SEC_E_UNKNOWN_CREDENTIALS);
            assert_eq!(SspiDecryptAuthIdentity(plain.opaque()), SEC_E_UNKNOWN_CREDENTIALS);
            assert_eq!(SspiValidateAuthIdentity(plain.opaque()), SEC_E_UNKNOWN_CREDENTIALS);
        }
        assert_eq!(plain.strings[2], b"Password");
    }
}

/// One string for two parts: encrypting both could not be undone.
#[test]
fn parts_that_overlap_are_not_encrypted() {
    let mut plain = Plain::new("alice", "EXAMPLE", "Password");
    plain.structure.Domain = plain.structure.User.wrapping_add(4);
    plain.structure.DomainLength = 1;
    // SAFETY: an identity that may be written to.
    assert_eq!(unsafe { SspiEncryptAuthIdentity(plain.opaque()) }, SEC_E_INVALID_PARAMETER);
    assert_eq!((&plain.strings[0][..], &plain.strings[2][..]), (&b"alice"[..], &b"Password"[..]));
    // An empty part overlaps nothing.
    plain.structure.DomainLength = 0;
    encrypt(plain.opaque());
    decrypt(plain.opaque());
    assert_eq!(plain.strings[0], b"alice");
}

/// Other memory of the library, or memory shorter than its own length, is not taken for an
/// identity.
#[test]
fn memory_that_is_no_identity() {
    let short = memory::copy(&[2; 16]).unwrap().as_ptr();
    let mut block =
        allocate::block(&OwnedIdentity { packed: true, ..OwnedIdentity::default() }).unwrap();
    allocate::put(&mut block, 8, &1000u32.to_ne_bytes());
    let block = memory::copy(&block).unwrap().as_ptr();
    for start in [short, block] {
        // SAFETY: the library knows how long it is.
        unsafe {
            assert_eq!(SspiValidateAuthIdentity(start.cast()), SEC_E_UNKNOWN_CREDENTIALS);
            SspiZeroAuthIdentity(start.cast());
            assert_eq!(SspiEncryptAuthIdentity(start.cast()), SEC_E_UNKNOWN_CREDENTIALS);
            assert_eq!(SspiIsAuthIdentityEncrypted(start.cast()), 0);
            SspiFreeAuthIdentity(start.cast());
            // It was freed: nothing happens.
            SspiFreeAuthIdentity(start.cast());
            SspiLocalFree(start.cast());
        }
    }
    // Checked for AcquireCredentialsHandle too: an impossible length of an EX form, text at an
    // impossible address.
    let mut numbers = [0usize; 16];
    numbers[0] = SEC_WINNT_AUTH_IDENTITY_VERSION as usize
        | if size_of::<usize>() == 8 { 44 << 32 } else { 0 };
    numbers[1] = if size_of::<usize>() == 8 { 44 } else { 20 };
    assert_eq!(acquire(numbers.as_mut_ptr().cast()), SEC_E_UNKNOWN_CREDENTIALS);
    let mut plain = Plain::new("alice", "EXAMPLE", "Password");
    plain.structure.Password = std::ptr::without_provenance_mut(44);
    assert_eq!(acquire(plain.opaque()), SEC_E_UNKNOWN_CREDENTIALS);
}

/// WinPR's flags say that settings are behind the identity. Behind the library's own, there are
/// none, and Windows knows no such flags.
#[test]
fn no_settings_behind_the_library_s_own() {
    for flag in [0x100, 0x200] {
        let ours = alice();
        // SAFETY: the library has made it in the EX form, and nobody else uses it.
        unsafe {
            let flags = &raw mut (*ours.0.cast::<SEC_WINNT_AUTH_IDENTITY_EX<SEC_WCHAR>>()).Flags;
            flags.write(flags.read() | flag);
        }
        let status = if cfg!(windows) { SEC_E_OK } else { SEC_E_UNKNOWN_CREDENTIALS };
        assert_eq!(acquire(ours.0), status);
        // The other functions do not take them.
        // SAFETY: an identity.
        assert_eq!(unsafe { SspiValidateAuthIdentity(ours.0) }, SEC_E_UNKNOWN_CREDENTIALS);
    }
}

#[test]
fn erased_where_it_is() {
    let mut plain = Plain::new("alice", "EXAMPLE", "Password");
    let ours = alice();
    for identity in [plain.opaque(), ours.0] {
        // SAFETY: an identity that may be written to.
        unsafe { SspiZeroAuthIdentity(identity) };
        assert_eq!(same(identity, alice().0), (true, false));
    }
    assert_eq!(plain.strings, [b"alice".to_vec(), b"EXAMPLE".to_vec(), vec![0; 8]]);
}

/// Truncated, and with any byte changed: a status, and the identity, if any, can be read.
#[test]
fn bytes_that_somebody_has_made() {
    for identity in [alice(), keytab()] {
        let good = marshalled(identity.0);
        let whole = if good[0] == 1 { 8 } else { 4 };
        for length in (0..good.len()).step_by(FEWER) {
            // The bytes that Windows has at the end may be missing.
            let made = unmarshalled(&good[..length]);
            assert_eq!(made.is_ok(), length >= good.len() - whole, "{length}");
        }
        let header = if good[0] == 1 { 48 + 44 } else { 44 };
        for at in (0..header.min(good.len())).step_by(FEWER) {
            for value in [0, 1, 2, 4, 0x10, 0x2c, 0x7f, 0x80, 0xff]
                .into_iter()
                .step_by(if cfg!(miri) { 4 } else { 1 })
            {
                let mut bad = good.clone();
                bad[at] = value;
                let Ok(made) = unmarshalled(&bad) else { continue };
                // SAFETY: an identity.
                let status = unsafe { SspiValidateAuthIdentity(made.0) };
                assert!(status == SEC_E_OK || status == SEC_E_UNKNOWN_CREDENTIALS);
                let _ = (strings(&made), marshalled(made.0), acquire(made.0));
            }
        }
    }
}

/// Extreme lengths and offsets.
#[test]
fn offsets_and_lengths_that_cannot_be() {
    let good = marshalled(alice().0);
    let total = good.len() as u32;
    for at in [8, 16, 24] {
        for (offset, length) in [
            (0, 1),
            (1, 1),
            (43, 1),
            (44, u32::MAX),
            (44, u32::MAX / 2 + 1),
            (44, 0x8000_0000),
            (44, 0x10001),
            (total - 1, 1),
            (total, 1),
            (u32::MAX, 1),
            (u32::MAX - 1, 1),
            (0x8000_0000, 0x8000_0000),
        ] {
            let mut bad = good.clone();
            allocate::put(&mut bad, at, &offset.to_ne_bytes());
            allocate::put(&mut bad, at + 4, &length.to_ne_bytes());
            assert_eq!(
                unmarshalled(&bad).err(),
                Some(SEC_E_UNKNOWN_CREDENTIALS),
                "{offset:#x} {length:#x}"
            );
        }
        // An offset at the end gives an empty part, which is different from none.
        let mut empty = good.clone();
        allocate::put(&mut empty, at, &total.to_ne_bytes());
        allocate::put(&mut empty, at + 4, &0u32.to_ne_bytes());
        assert!(
            strings(&unmarshalled(&empty).unwrap())
                .unwrap()
                .iter()
                .any(|text| text.as_deref() == Some(""))
        );
    }
    for (at, values) in
        [(0, &[0, 0x1ff, 0x201, 0x202][..]), (4, &[0, 43, total + 1, u32::MAX]), (32, &[3])]
    {
        for value in values {
            let mut bad = good.clone();
            allocate::put(&mut bad, at, &value.to_ne_bytes());
            assert!(unmarshalled(&bad).is_err(), "{value:#x} at {at}");
        }
    }
    let mut none = Vec::<u8>::new();
    // SAFETY: no bytes at all.
    let made = made(|identity| unsafe {
        SspiUnmarshalAuthIdentity(0, none.as_mut_ptr().cast(), identity)
    });
    assert_eq!(made.err(), Some(SEC_E_UNKNOWN_CREDENTIALS));
}

/// A password that starts with the mark but is not packed is a password.
#[test]
fn any_string_is_taken() {
    let good = strings(&without_ntlm(&alice())).unwrap()[2].clone().unwrap();
    let characters: Vec<char> = good.chars().collect();
    for at in (10..(10 + 2 * 24 + 2 * 28).min(characters.len())).step_by(FEWER) {
        for digit in ['0', '1', 'f', 'g'] {
            let mut bad = characters.clone();
            bad[at] = digit;
            let bad: String = bad.into_iter().collect();
            let user = wide("a");
            let password = Zeroizing::new(wide(&bad));
            // SAFETY: strings end with a zero.
            let made = made(|new| unsafe {
                SspiEncodeStringsAsAuthIdentity(user.as_ptr(), null(), password.as_ptr(), new)
            });
            assert!(
                made.map_or_else(
                    |error| error == SEC_E_UNKNOWN_CREDENTIALS,
                    |made| strings(&made).is_ok()
                ),
                "{at}"
            );
        }
    }
    for length in (0..characters.len()).step_by(FEWER) {
        let cut: String = characters.iter().take(length).collect();
        assert!(strings(&of([Some("a"), None, Some(&cut)])).is_ok());
    }
}
