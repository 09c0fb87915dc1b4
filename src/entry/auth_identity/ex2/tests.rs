//! Blocks as programs lay them out, and malformed ones.

use super::*;
use crate::entry::auth_identity::OwnedIdentity;
use crate::entry::credentials::auth_data::AuthData;
use crate::kerberos::keytab::Keytab;

const HEADER: usize = size_of::<SEC_WINNT_AUTH_IDENTITY_EX2>();
const PACKED: usize = size_of::<SEC_WINNT_AUTH_PACKED_CREDENTIALS>();

/// Reads the block like AcquireCredentialsHandle.
fn read(block: &[u8]) -> Result<AuthData> {
    AuthData::of(&OwnedIdentity::of_block(block)?.open()?)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_ne_bytes).collect()
}

fn guid(kind: GUID) -> Vec<u8> {
    [
        &kind.Data1.to_ne_bytes()[..],
        &kind.Data2.to_ne_bytes(),
        &kind.Data3.to_ne_bytes(),
        &kind.Data4,
    ]
    .concat()
}

fn keytab() -> Vec<u8> {
    include_bytes!("../../../../tests/data/kerberos/holes.keytab").to_vec()
}

fn packed(kind: GUID, data: &[u8]) -> Vec<u8> {
    let length = (PACKED + data.len()) as u16;
    let header = [&(PACKED as u16).to_ne_bytes()[..], &length.to_ne_bytes(), &guid(kind)].concat();
    [&header[..], &(PACKED as u32).to_ne_bytes(), &(data.len() as u16).to_ne_bytes(), &[0; 2], data]
        .concat()
}

/// The parts in the order given: user, domain, packed credentials, package list. An empty part has
/// offset 0.
fn block(parts: [&[u8]; 4], order: [usize; 4], flags: u32) -> Vec<u8> {
    let mut block = vec![0; HEADER];
    for part in order {
        let (at, bytes) = ([12, 20, 28, 40][part], parts[part]);
        if !bytes.is_empty() {
            let offset = block.len() as u32;
            block[at..at + 4].copy_from_slice(&offset.to_ne_bytes());
            block[at + 4..at + 6].copy_from_slice(&(bytes.len() as u16).to_ne_bytes());
            block.extend(bytes);
        }
    }
    let length = block.len() as u32;
    block[0..4].copy_from_slice(&SEC_WINNT_AUTH_IDENTITY_VERSION_2.to_ne_bytes());
    block[4..6].copy_from_slice(&(HEADER as u16).to_ne_bytes());
    block[8..12].copy_from_slice(&length.to_ne_bytes());
    block[36..40].copy_from_slice(&flags.to_ne_bytes());
    block
}

fn with_packed(packed: &[u8]) -> Result<AuthData> {
    read(&block(
        [&utf16("HTTP/a"), &utf16("R"), packed, &[]],
        [0, 1, 2, 3],
        SEC_WINNT_AUTH_IDENTITY_UNICODE,
    ))
}

#[test]
fn a_keytab_with_a_name_and_a_package_list() {
    let (user, domain, list) = (utf16("HTTP/a"), utf16("EXAMPLE.TEST"), utf16("Kerberos"));
    let packed = packed(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, &keytab());
    // The first is the order of "sspilib" for Python; the second has text at odd offsets.
    for order in [[0, 1, 2, 3], [2, 0, 1, 3], [3, 2, 1, 0]] {
        for flags in [
            SEC_WINNT_AUTH_IDENTITY_UNICODE,
            0,
            SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED,
        ] {
            let data = read(&block([&user, &domain, &packed, &list], order, flags)).unwrap();
            let identity = data.identity.unwrap();
            assert_eq!(
                (&*identity.user, &*identity.domain, &**identity.password),
                ("HTTP/a", "EXAMPLE.TEST", "")
            );
            assert_eq!(data.packages.as_deref(), Some("Kerberos"));
            assert_eq!(
                data.keytab.unwrap().entries().len(),
                Keytab::parse(&keytab()).unwrap().entries().len()
            );
        }
    }
    let data = read(&block([&[], &[], &packed, &[]], [0, 1, 2, 3], 0)).unwrap();
    assert!(data.identity.is_none() && data.packages.is_none() && data.keytab.is_some());
    let data = read(&block([&[], &[], &[], &[]], [0, 1, 2, 3], 0)).unwrap();
    assert!(data.identity.is_none() && data.packages.is_none() && data.keytab.is_none());
    let ansi = block([b"alice", b"R", &[], b"NTLM"], [0, 1, 2, 3], SEC_WINNT_AUTH_IDENTITY_ANSI);
    assert_eq!(read(&ansi).unwrap().identity.unwrap().user, "alice");
}

#[test]
fn a_password_in_either_form() {
    let vector = |offset: usize| {
        let bytes = utf16("pässword");
        [&(offset as u32).to_ne_bytes()[..], &(bytes.len() as u16).to_ne_bytes(), &[0; 2], &bytes]
            .concat()
    };
    for data in [utf16("pässword"), vector(8), vector(PACKED + 8)] {
        let data = with_packed(&packed(SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, &data)).unwrap();
        assert_eq!(&**data.identity.unwrap().password, "pässword");
        assert!(data.keytab.is_none());
    }
    let short = with_packed(&packed(SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, &utf16("x"))).unwrap();
    assert_eq!(&**short.identity.unwrap().password, "x");
    for offset in [0, 4, 7, 9, 35, PACKED + 9, 0xffff] {
        assert!(
            with_packed(&packed(SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, &vector(offset))).is_err(),
            "{offset}"
        );
    }
}

#[test]
fn what_is_no_credential_is_refused() {
    let refused =
        |packed: &[u8]| assert!(matches!(with_packed(packed), Err(Error::UnknownCredentials(_))));
    let other = GUID {
        Data1: 0x235f69ad,
        Data2: 0x73fb,
        Data3: 0x4dbc,
        Data4: [0x82, 0x03, 6, 0x29, 0xe7, 0x39, 0x33, 0x9b],
    };
    refused(&packed(other, &keytab()));
    refused(&packed(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, b"no keytab"));
    refused(&packed(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, &[5, 2]));
    refused(&packed(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, &[]));
    refused(&packed(SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, b"odd"));
    let good = packed(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, &keytab());
    for length in 0..PACKED {
        if length > 0 {
            refused(&good[..length]);
        }
    }
    for flag in [
        SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED,
        SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED,
        SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED,
        SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED,
    ] {
        assert!(read(&block([&utf16("a"), &[], &good, &[]], [0, 1, 2, 3], flag)).is_err());
    }
    for text in [&b"odd"[..], &[0x00, 0xd8]] {
        assert!(read(&block([text, &[], &good, &[]], [0, 1, 2, 3], 0)).is_err());
    }
}

/// Every offset and length with malformed values: nothing outside the block is read, and a part
/// that overlaps a header or ends after the block is rejected.
#[test]
fn offsets_that_cannot_be_are_refused() {
    let packed = packed(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, &keytab());
    let good = block([&utf16("HTTP/a"), &utf16("R"), &packed, &utf16("Kerberos")], [0, 1, 2, 3], 0);
    assert!(read(&good).is_ok());
    let inner = HEADER + 14;
    let offsets =
        [12, 20, 28, 40].map(|at| (at, good.len())).into_iter().chain([(inner + 20, packed.len())]);
    for (at, end) in offsets {
        let length = u16_at(&good, at + 4).unwrap() as usize;
        for offset in [
            0,
            1,
            PACKED - 1,
            end - length + 1,
            end,
            end + 1,
            0x7fff_ffff,
            0xffff_fff0,
            0xffff_ffff,
        ] {
            let mut bad = good.clone();
            bad[at..at + 4].copy_from_slice(&(offset as u32).to_ne_bytes());
            assert!(read(&bad).is_err(), "offset {offset:#x} at {at}");
        }
    }
    for (at, bad_lengths) in
        [(4, &[0, 45, 0xffff][..]), (inner, &[0, 25, 0xffff]), (inner + 2, &[0, 1, 27, 0xffff])]
    {
        for &length in bad_lengths {
            let mut bad = good.clone();
            bad[at..at + 2].copy_from_slice(&(length as u16).to_ne_bytes());
            assert!(read(&bad).is_err(), "length {length} at {at}");
        }
    }
    for length in 0..good.len() {
        assert!(read(&good[..length]).is_err(), "cut off at {length}");
    }
}

/// Any two bytes changed: no panic.
#[test]
fn nothing_makes_it_panic() {
    let packed = packed(SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, &utf16("password"));
    let good = block([&utf16("HTTP/a"), &utf16("R"), &packed, &utf16("NTLM")], [2, 0, 1, 3], 0);
    let end = HEADER + packed.len();
    for first in 0..end {
        for second in 0..end {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[first] ^= value;
                bad[second] = value;
                let _ = read(&bad);
            }
        }
    }
}
