//! Kerberos' cryptography against the test vectors that its specifications publish.

use negossp_core::kerberos::crypto::{Enctype, Key, n_fold, string_to_key};
use negossp_core::types::protection::Part;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn rfc_3961_a_1_n_fold() {
    assert_eq!(n_fold::<8>(b"012345"), *hex("be072631276b1955"));
    assert_eq!(n_fold::<7>(b"password"), *hex("78a07b6caf85fa"));
    assert_eq!(n_fold::<8>(b"Rough Consensus, and Running Code"), *hex("bb6ed30870b7f0e0"));
    assert_eq!(n_fold::<21>(b"password"), *hex("59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e"));
    assert_eq!(
        n_fold::<24>(b"MASSACHVSETTS INSTITVTE OF TECHNOLOGY"),
        *hex("db3b0d8f0b061e603282b308a50841229ad798fab9540c1b")
    );
    assert_eq!(n_fold::<21>(b"Q"), *hex("518a54a215a8452a518a54a215a8452a518a54a215"));
    assert_eq!(n_fold::<21>(b"ba"), *hex("fb25d531ae8974499f52fd92ea9857c4ba24cf297e"));
    assert_eq!(n_fold::<8>(b"kerberos"), *hex("6b65726265726f73"));
    assert_eq!(n_fold::<16>(b"kerberos"), *hex("6b65726265726f737b9b5b2b93132b93"));
    assert_eq!(n_fold::<21>(b"kerberos"), *hex("8372c236344e5f1550cd0747e15d62ca7a5a3bcea4"));
    assert_eq!(
        n_fold::<32>(b"kerberos"),
        *hex("6b65726265726f737b9b5b2b93132b935c9bdcdad95c9899c4cae4dee6d6cae4")
    );
}

#[test]
fn rfc_3961_a_4_des3_string_to_key() {
    for (password, salt, key) in [
        ("password", "ATHENA.MIT.EDUraeburn", "850bb51358548cd05e86768c313e3bfef7511937dcf72c3e"),
        ("potatoe", "WHITEHOUSE.GOVdanny", "dfcd233dd0a43204ea6dc437fb15e061b02979c1f74f377a"),
        ("penny", "EXAMPLE.COMbuckaroo", "6d2fcdf2d6fbbc3ddcadb5da5710a23489b0d3b69d5d9d4a"),
        (
            "\u{df}",
            "ATHENA.MIT.EDUJuri\u{161}i\u{107}",
            "16d5a40e1ce3bacb61b9dce00470324c831973a7b952feb0",
        ),
        ("\u{1011e}", "EXAMPLE.COMpianist", "85763726585dbc1cce6ec43e1f751f07f1c4cbb098f40b19"),
    ] {
        // The RFC's text calls the g-clef U+1011E, but the bytes of the vector are U+1D11E's.
        let password = password.replace('\u{1011e}', "\u{1d11e}");
        let made = string_to_key(Enctype::Des3Sha1, &password, salt.as_bytes(), None).unwrap();
        assert_eq!(made.bytes(), hex(key), "{password} {salt}");
    }
}

#[test]
fn rfc_3962_b_string_to_key() {
    let (x64, x65) = ("X".repeat(64), "X".repeat(65));
    let cases: [(u32, &str, &[u8], &str, &str); 7] = [
        (
            1,
            "password",
            b"ATHENA.MIT.EDUraeburn",
            "42263c6e89f4fc28b8df68ee09799f15",
            "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
        ),
        (
            2,
            "password",
            b"ATHENA.MIT.EDUraeburn",
            "c651bf29e2300ac27fa469d693bdda13",
            "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff",
        ),
        (
            1200,
            "password",
            b"ATHENA.MIT.EDUraeburn",
            "4c01cd46d632d01e6dbe230a01ed642a",
            "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a",
        ),
        (
            5,
            "password",
            b"\x12\x34\x56\x78\x78\x56\x34\x12",
            "e9b23d52273747dd5c35cb55be619d8e",
            "97a4e786be20d81a382d5ebc96d5909cabcdadc87ca48f574504159f16c36e31",
        ),
        (
            1200,
            &x64,
            b"pass phrase equals block size",
            "59d1bb789a828b1aa54ef9c2883f69ed",
            "89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34",
        ),
        (
            1200,
            &x65,
            b"pass phrase exceeds block size",
            "cb8005dc5f90179a7f02104c0018751d",
            "d78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b",
        ),
        (
            50,
            "\u{1d11e}",
            b"EXAMPLE.COMpianist",
            "f149c1f2e154a73452d43e7fe62a56e5",
            "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e",
        ),
    ];
    for (iterations, password, salt, aes128, aes256) in cases {
        let key = |enctype| string_to_key(enctype, password, salt, Some(iterations)).unwrap();
        assert_eq!(key(Enctype::Aes128Sha1).bytes(), hex(aes128));
        assert_eq!(key(Enctype::Aes256Sha1).bytes(), hex(aes256));
    }
}

const AES128: &str = "3705d96080c17728a0e800eab6e0d23c";
const AES256: &str = "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52";

fn rfc_8009_keys() -> [Key; 2] {
    [
        Key::new(Enctype::Aes128Sha256, &hex(AES128)).unwrap(),
        Key::new(Enctype::Aes256Sha384, &hex(AES256)).unwrap(),
    ]
}

#[test]
fn rfc_8009_a_string_to_key() {
    let salt = [&hex("10df9dd783e5bc8acea1730e74355f61")[..], b"ATHENA.MIT.EDUraeburn"].concat();
    for (enctype, key) in [
        (Enctype::Aes128Sha256, "089bca48b105ea6ea77ca5d2f39dc5e7"),
        (Enctype::Aes256Sha384, "45bd806dbf6a833a9cffc1c94589a222367a79bc21c413718906e9f578a78467"),
    ] {
        assert_eq!(
            string_to_key(enctype, "password", &salt, Some(32768)).unwrap().bytes(),
            hex(key)
        );
        assert_eq!(string_to_key(enctype, "password", &salt, None).unwrap().bytes(), hex(key));
    }
}

#[test]
fn rfc_8009_a_encryption() {
    let sealed = [
        [
            "ef85fb890bb8472f4dab20394dca781d ad877eda39d50c870c0d5a0a8e48c718",
            "84d7f30754ed987bab0bf3506beb09cf b55402cef7e6877ce99e247e52d16ed4 421dfdf8976c",
            "3517d640f50ddc8ad3628722b3569d2a e07493fa8263254080ea65c1008e8fc2 95fb4852e7d83e1e7c48c37eebe6b0d3",
            "720f73b18d9859cd6ccb4346115cd336 c70f58edc0c4437c5573544c31c813bc e1e6d072c186b39a413c2f92ca9b8334
             a287ffcbfc",
        ],
        [
            "41f53fa5bfe7026d91faf9be959195a0 58707273a96a40f0a01960621ac61274 8b9bbfbe7eb4ce3c",
            "4ed7b37c2bcac8f74f23c1cf07e62bc7 b75fb3f637b9f559c7f664f69eab7b60 92237526ea0d1f61cb20d69d10f2",
            "bc47ffec7998eb91e8115cf8d19dac4b bbe2e163e87dd37f49beca92027764f6 8cf51f14d798c2273f35df574d1f932e
             40c4ff255b36a266",
            "40013e2df58e8751957d2878bcd2d6fe 101ccfd556cb1eae79db3c3ee86429f2 b2a602ac86fef6ecb647d6295fae077a
             1feb517508d2c16b4192e01f62",
        ],
    ];
    for (key, sealed) in rfc_8009_keys().into_iter().zip(sealed) {
        for (sealed, length) in sealed.into_iter().zip([0u8, 6, 16, 21]) {
            let (plain, sealed) = ((0..length).collect::<Vec<u8>>(), hex(sealed));
            assert_eq!(key.decrypt(2, &mut sealed.clone()).unwrap(), plain);
            // Decryption again, with the confounder of the vector.
            let keys = key.derive_usage(2);
            let mut data = sealed.clone();
            let (body, tag) = data.split_at_mut(sealed.len() - key.enctype().tag_length());
            keys.unseal(&mut [Part { data: body, seal: true }], tag).unwrap();
            keys.seal(&mut [Part { data: body, seal: true }], tag).unwrap();
            assert_eq!(data, sealed);
        }
    }
}

#[test]
fn rfc_8009_a_checksum() {
    let text: Vec<u8> = (0..=20).collect();
    let expected =
        ["d78367186643d67b411cba9139fc1dee", "45ee791567eefca37f4ac1e0222de80d43c3bfa06699672a"];
    for (key, expected) in rfc_8009_keys().iter().zip(expected) {
        let made = key.checksum(2, &[&text[..4], &text[4..]]).unwrap();
        assert_eq!(
            (made.bytes(), made.checksum_type()),
            (&*hex(expected), key.enctype().checksum_type())
        );
        key.verify_checksum(2, &[&text], key.enctype().checksum_type(), &hex(expected)).unwrap();
    }
}

#[test]
fn rfc_8009_a_pseudo_random_function() {
    let expected = [
        "9d188616f63852fe86915bb840b4a886 ff3e6bb0f819b49b893393d393854295",
        "9801f69a368c2bf675e59521e177d9a0 7f67efe1cfde8d3c8d6f6a0256e3b17d b3c1b62ad1b855336 0d17367eb1514d2",
    ];
    for (key, expected) in rfc_8009_keys().iter().zip(expected) {
        assert_eq!(*key.prf(b"test"), hex(expected));
    }
}
