//! What a Kerberos acceptance needs with AES-256 and SHA-1, mutual, and what messages need: RFC
//! 3961, 3962, 4121.
//!
//! Everything derived from a long-term key is computed beforehand, and nothing derived from the
//! session key is. The keys derived from the sub-key are counted with the messages, if there are
//! any.

use aes::{Aes256Dec, Aes256Enc};
use cbc::{Decryptor, Encryptor};
use cipher::array::Array;
use cipher::{BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use std::hint::black_box;

type HmacSha1 = Hmac<Sha1>;

/// A pair of derived keys, ready: for encryption and its checksum.
struct Ready<C> {
    cipher: C,
    checksum: HmacSha1,
}

impl<C: KeyInit> Ready<C> {
    fn new(encrypting: &[u8; 32], checking: &[u8; 32]) -> Ready<C> {
        let cipher = C::new_from_slice(encrypting).expect("32 octets");
        Ready { cipher, checksum: HmacSha1::new_from_slice(checking).expect("any length") }
    }
}

impl Ready<Aes256Enc> {
    fn seal(&self, data: &mut [u8]) {
        black_box(hmac(&self.checksum, data));
        let whole = data.len() / 16 * 16;
        let (blocks, _) = Array::slice_as_chunks_mut(&mut data[..whole]);
        Encryptor::inner_iv_init(&self.cipher, &Default::default()).encrypt_blocks(blocks);
    }
}

impl Ready<Aes256Dec> {
    fn open(&self, data: &mut [u8]) {
        let whole = data.len() / 16 * 16;
        let (blocks, _) = Array::slice_as_chunks_mut(&mut data[..whole]);
        Decryptor::inner_iv_init(&self.cipher, &Default::default()).decrypt_blocks(blocks);
        black_box(hmac(&self.checksum, data));
    }
}

fn hmac(ready: &HmacSha1, data: &[u8]) -> [u8; 20] {
    ready.clone().chain_update(data).finalize().into_bytes().into()
}

/// DR of RFC 3961 5.1, whose constants are folded beforehand: two blocks make a key.
fn derive(key: &Aes256Enc, constant: u8) -> [u8; 32] {
    let mut block = Array::from([constant; 16]);
    let mut made = [0; 32];
    for half in made.chunks_exact_mut(16) {
        key.encrypt_block(&mut block);
        half.copy_from_slice(&block);
    }
    made
}

/// A service's key, and the lengths of what an ordinary exchange encrypts.
pub struct Acceptance {
    service: Ready<Aes256Dec>,
    pac_signing: HmacSha1,
    ticket: Vec<u8>,
    authenticator: Vec<u8>,
    reply: Vec<u8>,
    pac: Vec<u8>,
}

impl Acceptance {
    /// `pac`: the length of the PAC in the ticket, or 0.
    pub fn new(pac: usize) -> Acceptance {
        let signing = HmacSha1::new_from_slice(&[3; 32]).expect("any length");
        Acceptance {
            service: Ready::new(&[1; 32], &[2; 32]),
            pac_signing: signing,
            ticket: vec![4; 176 + if pac > 0 { pac + 56 } else { 0 }],
            authenticator: vec![5; 240],
            reply: vec![6; 112],
            pac: vec![7; pac],
        }
    }

    /// One acceptance. run.sh refers to this function by name.
    #[inline(never)]
    pub fn acceptance(&mut self) {
        self.service.open(black_box(&mut self.ticket));
        if !self.pac.is_empty() {
            black_box(hmac(&self.pac_signing, black_box(&self.pac)));
        }
        let session = Aes256Enc::new_from_slice(black_box(&[8; 32])).expect("32 octets");
        let received: Ready<Aes256Dec> = Ready::new(&derive(&session, 11), &derive(&session, 0x8b));
        received.open(&mut self.authenticator);
        let mut sub_key_and_confounder = [0u8; 48];
        // SAFETY: the 48 octets may be written.
        assert_eq!(
            unsafe { libc::getrandom(sub_key_and_confounder.as_mut_ptr().cast(), 48, 0) },
            48
        );
        black_box(sub_key_and_confounder);
        let sent: Ready<Aes256Enc> = Ready::new(&derive(&session, 12), &derive(&session, 0x8c));
        sent.seal(&mut self.reply);
    }
}

/// What a wrap token or a MIC of `data` costs: (seal, unseal, sign), each a closure over keys that
/// are ready.
pub fn messages(size: usize) -> (impl FnMut(), impl FnMut(), impl FnMut()) {
    let (mut sealed, mut opened, signed) =
        (vec![1; size + 32], vec![2; size + 32], vec![3; size + 16]);
    let sending: Ready<Aes256Enc> = Ready::new(&[1; 32], &[2; 32]);
    let receiving: Ready<Aes256Dec> = Ready::new(&[1; 32], &[2; 32]);
    let signing = sending.checksum.clone();
    (
        move || sending.seal(black_box(&mut sealed)),
        move || receiving.open(black_box(&mut opened)),
        move || _ = black_box(hmac(&signing, black_box(&signed))),
    )
}
