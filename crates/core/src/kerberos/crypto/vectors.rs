//! Published test vectors of internal steps.

use super::Enctype;
use super::cipher::{Decrypting, Encrypting};
use super::derive::{Deriving, Purpose};
use crate::types::protection::Part;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Key, constant, DR, DK.
const DES3: &[(&str, &str, &str, &str)] = &[
    (
        "dce06b1f64c857a11c3db57c51899b2cc1791008ce973b92",
        "0000000155",
        "935079d14490a75c3093c4a6e8c3b049c71e6ee705",
        "925179d04591a79b5d3192c4a7e9c289b049c71f6ee604cd",
    ),
    (
        "5e13d31c70ef765746578531cb51c15bf11ca82c97cee9f2",
        "00000001aa",
        "9f58e5a047d894101c469845d67ae3c5249ed812f2",
        "9e58e5a146d9942a101c469845d67a20e3c4259ed913f207",
    ),
    (
        "98e6fd8a04a4b6859b75a176540b9752bad3ecd610a252bc",
        "0000000155",
        "12fff90c773f956d13fc2ca0d0840349dbd39908eb",
        "13fef80d763e94ec6d13fd2ca1d085070249dad39808eabf",
    ),
    (
        "622aec25a2fe2cad7094680b7c64940280084c1a7cec92b5",
        "00000001aa",
        "f8debf05b097e7dc0603686aca35d91fd9a5516a70",
        "f8dfbf04b097e6d9dc0702686bcb3489d91fd9a4516b703e",
    ),
    (
        "d3f8298ccb166438dcb9b93ee5a7629286a491f838f802fb",
        "6b65726265726f73",
        "2270db565d2a3d64cfbfdc5305d4f778a6de42d9da",
        "2370da575d2a3da864cebfdc5204d56df779a7df43d9da43",
    ),
    (
        "c1081649ada74362e6a1459d01dfd30d67c2234c940704da",
        "0000000155",
        "348056ec98fcc517171d2b4d7a9493af482d999175",
        "348057ec98fdc48016161c2a4c7a943e92ae492c989175f7",
    ),
    (
        "5d154af238f46713155719d55e2f1f790dd661f279a7917c",
        "00000001aa",
        "a8818bc367dadacbe9a6c84627fb60c294b01215e5",
        "a8808ac267dada3dcbe9a7c84626fbc761c294b01315e5c1",
    ),
    (
        "798562e049852f57dc8c343ba17f2ca1d97394efc8adc443",
        "0000000155",
        "c813f88b3be2b2f75424ce9175fbc8483b88c8713a",
        "c813f88a3be3b334f75425ce9175fbe3c8493b89c8703b49",
    ),
    (
        "26dce334b545292f2feab9a8701a89a4b99eb9942cecd016",
        "00000001aa",
        "f58efc6f83f93e55e695fd252cf8fe59f7d5ba37ec",
        "f48ffd6e83f83e7354e694fd252cf83bfe58f7d5ba37ec5d",
    ),
];

#[test]
fn rfc_3961_a_3_des3_dr_and_dk() {
    for (key, constant, dr, dk) in DES3 {
        let base = Deriving::new(Enctype::Des3Sha1, &hex(key));
        assert_eq!(*base.named_key(&hex(constant)), hex(dk));
        let mut random = [0; 24];
        super::derive::des3_key(&hex(dr).try_into().unwrap(), &mut random);
        assert_eq!(random, *hex(dk));
        if let [0, 0, 0, usage, purpose] = hex(constant)[..] {
            let purpose = if purpose == 0xaa { Purpose::Encryption } else { Purpose::Integrity };
            assert_eq!(*base.usage_key(usage.into(), purpose), hex(dk));
        }
    }
}

/// Plaintext and ciphertext, for the key "chicken teriyaki".
const CTS: &[(&str, &str)] = &[
    ("4920776f756c64206c696b652074686520", "c6353568f2bf8cb4d8a580362da7ff7f97"),
    (
        "4920776f756c64206c696b65207468652047656e6572616c20476175277320",
        "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5",
    ),
    (
        "4920776f756c64206c696b65207468652047656e6572616c2047617527732043",
        "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584",
    ),
    (
        "4920776f756c64206c696b65207468652047656e6572616c20476175277320436869636b656e2c20706c656173652c",
        "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5",
    ),
    (
        "4920776f756c64206c696b65207468652047656e6572616c20476175277320436869636b656e2c20706c656173652c20",
        "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd839312523a78662d5be7fcbcc98ebf5a8",
    ),
    (
        "4920776f756c64206c696b65207468652047656e6572616c20476175277320436869636b656e2c20706c656173652c20616e6420776f6e746f6e20736f75702e",
        "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a84807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8",
    ),
];

#[test]
fn rfc_3962_b_ciphertext_stealing() {
    let encrypting = Encrypting::new(Enctype::Aes128Sha1, b"chicken teriyaki").unwrap();
    let decrypting = Decrypting::new(Enctype::Aes128Sha1, b"chicken teriyaki").unwrap();
    for (plain, sealed) in CTS {
        let mut data = hex(plain);
        encrypting.cbc(&mut [Part { data: &mut data, seal: true }]);
        assert_eq!(data, hex(sealed));
        decrypting.cbc(&mut [Part { data: &mut data, seal: true }]);
        assert_eq!(data, hex(plain));
    }
}

/// The same with the message split in three in every way, with unencrypted data in between.
#[test]
fn rfc_3962_b_ciphertext_stealing_in_parts() {
    let encrypting = Encrypting::new(Enctype::Aes128Sha1, b"chicken teriyaki").unwrap();
    let decrypting = Decrypting::new(Enctype::Aes128Sha1, b"chicken teriyaki").unwrap();
    for (plain, sealed) in CTS {
        for first in 0..=plain.len() / 2 {
            for second in 0..=plain.len() / 2 - first {
                let mut data = hex(plain);
                let mut clear = *b"clear";
                let (a, rest) = data.split_at_mut(first);
                let (b, c) = rest.split_at_mut(second);
                let mut parts = [(a, true), (&mut clear, false), (b, true), (c, true)]
                    .map(|(data, seal)| Part { data, seal });
                encrypting.cbc(&mut parts);
                assert_eq!(
                    [&*parts[0].data, parts[2].data, parts[3].data].concat(),
                    hex(sealed),
                    "{first} {second}"
                );
                decrypting.cbc(&mut parts);
                assert_eq!(clear, *b"clear");
                assert_eq!(data, hex(plain), "{first} {second}");
            }
        }
    }
}

const AES128: &str = "3705d96080c17728a0e800eab6e0d23c";
const AES256: &str = "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52";

#[test]
fn rfc_8009_a_key_derivation() {
    let base = Deriving::new(Enctype::Aes128Sha256, &hex(AES128));
    assert_eq!(*base.usage_key(2, Purpose::Checksum), hex("b31a018a48f54776f403e9a396325dc3"));
    assert_eq!(*base.usage_key(2, Purpose::Encryption), hex("9b197dd1e8c5609d6e67c3e37c62c72e"));
    assert_eq!(*base.usage_key(2, Purpose::Integrity), hex("9fda0e56ab2d85e1569a688696c26a6c"));
    let base = Deriving::new(Enctype::Aes256Sha384, &hex(AES256));
    assert_eq!(
        *base.usage_key(2, Purpose::Checksum),
        hex("ef5718be86cc84963d8bbb5031e9f5c4ba41f28faf69e73d")
    );
    assert_eq!(
        *base.usage_key(2, Purpose::Encryption),
        hex("56ab22bee63d82d7bc5227f6773f8ea7a5eb1c825160c38312980c442e5c7e49")
    );
    assert_eq!(
        *base.usage_key(2, Purpose::Integrity),
        hex("69b16514e3cd8e56b82010d5c73012b622c4d00ffc23ed1f")
    );
}
