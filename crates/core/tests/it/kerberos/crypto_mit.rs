//! Kerberos' cryptography against what MIT krb5 made of random data (`tests/data/kerberos`).

use crate::support::random::COUNTED;
use negossp_core::kerberos::crypto::{Enctype, Key, random_key, string_to_key};
use negossp_core::types::error::Error;
use negossp_core::types::protection::Part;

fn hex(text: &str) -> Vec<u8> {
    if text == "-" {
        return vec![];
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// The lines of one kind, without that word.
fn cases(kind: &str) -> Vec<(Enctype, Vec<&'static str>)> {
    let lines = include_str!("../../data/kerberos/mit_crypto.txt").lines();
    let found: Vec<_> = lines
        .filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .map(|fields| {
            (Enctype::from_number(fields[0].parse().unwrap()).unwrap(), fields[1..].to_vec())
        })
        .collect();
    for enctype in Enctype::ALL {
        assert!(
            found.iter().any(|(of, _)| *of == enctype),
            "{kind}: nothing of {}",
            enctype.name()
        );
    }
    found
}

/// Splits a ciphertext into what is encrypted and its tag.
fn body_and_tag(enctype: Enctype, data: &mut [u8]) -> (&mut [u8], &mut [u8]) {
    let length = enctype.tag_length();
    if enctype == Enctype::Rc4Hmac {
        let (tag, body) = data.split_at_mut(length);
        return (body, tag);
    }
    data.split_at_mut(data.len() - length)
}

#[test]
fn decrypts_what_mit_encrypted() {
    for (enctype, fields) in cases("encrypt") {
        let [usage, key, plain, sealed] = fields[..] else { panic!() };
        let (usage, plain, sealed) = (usage.parse().unwrap(), hex(plain), hex(sealed));
        let key = Key::new(enctype, &hex(key)).unwrap();
        let mut data = sealed.clone();
        let found = key.decrypt(usage, &mut data).unwrap();
        assert_eq!(found[..plain.len()], plain);
        // Triple DES does not distinguish padding from data.
        assert!(found.len() - plain.len() < enctype.padding());
        assert_eq!(enctype.sealed_length(plain.len()), sealed.len());

        // Encrypting again with the same confounder gives the same ciphertext, whole and in parts.
        let keys = key.derive_usage(usage);
        for cut in [0, 1, 15, 16, 17] {
            let mut data = sealed.clone();
            let (body, tag) = body_and_tag(enctype, &mut data);
            let (a, b) = body.split_at_mut(cut.min(body.len()));
            let mut parts = [Part { data: a, seal: true }, Part { data: b, seal: true }];
            keys.unseal(&mut parts, tag).unwrap();
            tag.fill(0);
            keys.seal(&mut parts, tag).unwrap();
            assert_eq!(data, sealed);
        }
    }
}

#[test]
fn signs_as_mit_does() {
    for (enctype, fields) in cases("checksum") {
        let [usage, key, text, checksum_type, expected] = fields[..] else { panic!() };
        let (usage, text, expected) = (usage.parse().unwrap(), hex(text), hex(expected));
        let checksum_type: i32 = checksum_type.parse().unwrap();
        let key = Key::new(enctype, &hex(key)).unwrap();
        let made = key.checksum(usage, &[&text]).unwrap();
        assert_eq!((made.checksum_type(), made.bytes()), (checksum_type, &*expected));
        let (a, b) = text.split_at(text.len() / 3);
        key.derive_usage(usage).verify_checksum(&[a, b], checksum_type, &expected).unwrap();

        let refused = |parts: &[&[u8]], checksum_type, mac: &[u8]| {
            let found = key.verify_checksum(usage, parts, checksum_type, mac);
            assert!(matches!(found, Err(Error::MessageAltered(_))));
        };
        refused(&[&text, b"x"], checksum_type, &expected);
        refused(&[&text], checksum_type + 1, &expected);
        refused(&[&text], checksum_type, &expected[1..]);
        refused(&[&text], checksum_type, &[]);
        refused(&[&text], checksum_type, &[&expected[..], &[0]].concat());
    }
}

#[test]
fn pseudo_random_function_as_mit() {
    for (enctype, fields) in cases("prf") {
        let [key, input, output] = fields[..] else { panic!() };
        assert_eq!(*Key::new(enctype, &hex(key)).unwrap().prf(&hex(input)), hex(output));
    }
}

#[test]
fn string_to_key_as_mit() {
    for (enctype, fields) in cases("string") {
        let [password, salt, iterations, key] = fields[..] else { panic!() };
        let password = String::from_utf8(hex(password)).unwrap();
        let iterations = Some(iterations.parse().unwrap()).filter(|&count| count > 0);
        assert_eq!(
            string_to_key(enctype, &password, &hex(salt), iterations).unwrap().bytes(),
            hex(key)
        );
    }
    assert!(string_to_key(Enctype::Aes256Sha1, "x", b"", Some(0)).is_err());
    assert!(string_to_key(Enctype::Aes256Sha1, "x", b"", Some(u32::MAX)).is_err());
    assert!(string_to_key(Enctype::Rc4Hmac, "x", b"", Some(1)).is_err());
}

/// With any bit flipped, at any shorter length, with another usage or another key: rejected, and no
/// plaintext is left in the buffer.
#[test]
fn altered_data_is_refused() {
    let plain = b"a secret that nobody sees before it is known to be the peer's";
    for enctype in Enctype::ALL {
        let key = random_key(enctype, &COUNTED).unwrap();
        let sealed = key.encrypt(7, plain, &COUNTED).unwrap();
        assert_eq!(key.decrypt(7, &mut sealed.clone()).unwrap()[..plain.len()], *plain);
        assert_ne!(key.encrypt(7, plain, &COUNTED).unwrap(), sealed, "the confounder is random");
        let refused = |key: &Key, usage, mut data: Vec<u8>| {
            assert!(key.decrypt(usage, &mut data).is_err());
            assert!(!data.windows(8).any(|window| plain.windows(8).any(|part| part == window)));
        };
        for bit in 0..sealed.len() * 8 {
            let mut data = sealed.clone();
            data[bit / 8] ^= 1 << (bit % 8);
            refused(&key, 7, data);
        }
        for length in 0..sealed.len() {
            refused(&key, 7, sealed[..length].to_vec());
        }
        refused(&key, 7, [&sealed[..], &[0; 8]].concat());
        refused(&key, 11, sealed.clone());
        refused(&random_key(enctype, &COUNTED).unwrap(), 7, sealed.clone());
        assert!(Key::new(enctype, &key.bytes()[1..]).is_err());
        assert_eq!(format!("{key:?}"), format!("Key({})", enctype.name()));
    }
}

/// Parts that are only signed are covered by the tag, at their positions.
#[test]
fn parts_signed_alone() {
    for enctype in Enctype::ALL {
        let keys = random_key(enctype, &COUNTED).unwrap().derive_usage(24);
        let mut confounder = vec![9; enctype.confounder_length()];
        let (mut header, mut body, mut tag) = (*b"header", [5; 40], vec![0; enctype.tag_length()]);
        let mut parts =
            [(&mut confounder[..], true), (&mut header[..], false), (&mut body[..], true)]
                .map(|(data, seal)| Part { data, seal });
        keys.seal(&mut parts, &mut tag).unwrap();
        assert_eq!(*parts[1].data, *b"header");
        assert_ne!(*parts[2].data, [5; 40]);
        keys.unseal(&mut parts, &tag).unwrap();
        assert_eq!(*parts[2].data, [5; 40]);
        keys.seal(&mut parts, &mut tag).unwrap();
        parts[1].data[0] ^= 1;
        assert!(keys.unseal(&mut parts, &tag).is_err());
    }
}
