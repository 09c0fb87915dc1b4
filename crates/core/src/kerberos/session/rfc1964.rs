//! The tokens of RFC 1964 1.2, with RC4 (RFC 4757 7) or, as in MIT's implementation, with triple
//! DES; and [MS-KILE] 3.4.5.4.1.
//!
//! A Wrap token is a frame, a header, an encrypted sequence number, a checksum, and then,
//! optionally encrypted, a confounder, the message, and padding. SSPI's token buffer has everything
//! up to the confounder. In DCE style the length in the frame is that of the token buffer only, and
//! there is no padding.
//!
//! With RC4 no checksum covers the sequence number. In encrypted messages it is part of the key; in
//! others an attacker can change it, and so replay or reorder messages. This is a weakness of RFC
//! 4757, which AES does not have.

use super::{Parts, Received, SHORT, Shared, Side, Slices, reborrow, token_buffer};
use crate::kerberos::crypto::{
    Decrypting, Encrypting, Enctype, Mac, Signing, arcfour, key_usage, sealed_length,
};
use crate::mechanism::{KRB5_OID, MS_KRB5_OID};
use crate::types::error::{Error, Result};
use crate::types::protection::{Part, Qop};
use std::ops::Range;
use std::sync::OnceLock;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// `TOK_ID` of MIC tokens.
const MIC: [u8; 2] = [1, 1];
/// `TOK_ID` of Wrap tokens.
const WRAP: [u8; 2] = [2, 1];
/// The length of `TOK_ID`, `SGN_ALG`, `SEAL_ALG` and filler, in bytes.
const HEADER: usize = 8;
/// The length of `SND_SEQ`, in bytes.
const SEQUENCE: usize = 8;
/// The length of a confounder, and of triple DES's blocks, in bytes.
const BLOCK: usize = 8;
/// `SEAL_ALG` of messages that are not encrypted.
const NOT_SEALED: [u8; 2] = [0xff; 2];
/// The message type, and usage, of RC4's MIC tokens (RFC 4757 7.2).
const RC4_MIC: u32 = 15;
/// The longest length field of a frame, in bytes, for messages of SSPI's maximum size.
const LENGTH_FIELD: usize = 5;

/// The keys, derived on first use.
#[derive(Default)]
pub(super) struct Keys(OnceLock<Box<Derived>>);

/// One set of keys for both directions: the sequence number tells who sent a message.
enum Derived {
    Rc4 {
        mic: Signing,
        wrap: Signing,
        /// Kseq, to be combined with the checksum.
        sequence: Mac,
        /// Kcrypt, to be combined with the sequence number.
        sealing: Mac,
    },
    Des3 {
        signing: Signing,
        encrypting: Encrypting,
        decrypting: Decrypting,
    },
}

impl Keys {
    fn derived(&self, shared: &Shared) -> Result<&Derived> {
        if let Some(derived) = self.0.get() {
            return Ok(derived);
        }
        let (enctype, key) = (shared.key.enctype(), shared.key.bytes());
        let signing = |usage| shared.key.signing(usage);
        let derived = if enctype == Enctype::Rc4Hmac {
            let flipped: Zeroizing<Vec<u8>> =
                Zeroizing::new(key.iter().map(|byte| byte ^ 0xf0).collect());
            Derived::Rc4 {
                mic: signing(RC4_MIC),
                wrap: signing(key_usage::ACCEPTOR_SIGN),
                sequence: arcfour::usage_mac(key, 0),
                sealing: arcfour::usage_mac(&flipped, 0),
            }
        } else {
            let missing = Error::Internal("an encryption type without a block cipher");
            Derived::Des3 {
                signing: signing(key_usage::ACCEPTOR_SIGN),
                encrypting: Encrypting::new(enctype, key).ok_or(missing)?,
                decrypting: Decrypting::new(enctype, key).ok_or(missing)?,
            }
        };
        Ok(self.0.get_or_init(|| Box::new(derived)))
    }

    /// The lengths of a signature, of a sealed message's token, and of blocks.
    pub(super) fn sizes(&self, shared: &Shared) -> (usize, usize, usize) {
        let parameters = Parameters::for_session(shared);
        let signature = frame_length(HEADER + SEQUENCE + parameters.checksum);
        let body = HEADER + SEQUENCE + parameters.checksum + BLOCK;
        let trailer =
            if shared.dce_style { frame_length(body) } else { 1 + LENGTH_FIELD + OID.len() + body };
        (signature, trailer, parameters.block)
    }

    pub(super) fn padding(&self, shared: &Shared, length: usize) -> usize {
        let block = Parameters::for_session(shared).block;
        if shared.dce_style { 0 } else { block - length % block }
    }

    pub(super) fn sign(
        &self,
        shared: &Shared,
        number: u64,
        parts: &[&[u8]],
        token: &mut [u8],
    ) -> Result<usize> {
        let (parameters, derived) = (Parameters::for_session(shared), self.derived(shared)?);
        let length = HEADER + SEQUENCE + parameters.checksum;
        let total = frame_length(length);
        let body = frame(token_buffer(token, total)?, length);
        let (header, rest) = body.split_at_mut(HEADER);
        header.copy_from_slice(&parameters.header(MIC, NOT_SEALED));
        let (sequence, checksum) = rest.split_at_mut(SEQUENCE);
        let signed: Slices<'_> = [&*header].into_iter().chain(parts.iter().copied()).collect();
        derived.checksum(MIC, &signed, checksum);
        sequence.copy_from_slice(&derived.encrypt_sequence(shared.side, number, checksum));
        Ok(total)
    }

    pub(super) fn verify(&self, shared: &Shared, parts: &[&[u8]], token: &[u8]) -> Result<u64> {
        let derived = self.derived(shared)?;
        let (claimed, body) = framed(token)?;
        let front = Front::read(shared, derived, MIC, body)?;
        // Heimdal's length includes two bytes too many after triple DES's checksum.
        if !(HEADER + SEQUENCE + front.checksum.len()..=body.len()).contains(&claimed) {
            return Err(FRAME);
        }
        let signed: Slices<'_> = [front.header].into_iter().chain(parts.iter().copied()).collect();
        derived.verify(MIC, &signed, front.checksum)?;
        Ok(front.number)
    }

    pub(super) fn seal(
        &self,
        shared: &Shared,
        number: u64,
        qop: Qop,
        parts: &mut [Part<'_>],
        token: &mut [u8],
    ) -> Result<usize> {
        let (parameters, derived) = (Parameters::for_session(shared), self.derived(shared)?);
        let message = sealed_length(parts);
        if qop == Qop::Encrypt && !message.is_multiple_of(parameters.block) {
            return Err(Error::InvalidParameter(
                "triple DES needs whole blocks, or a SECBUFFER_PADDING buffer",
            ));
        }
        let length = HEADER + SEQUENCE + parameters.checksum + BLOCK;
        let framed = if shared.dce_style { length } else { length + message };
        let total = frame_length(framed) - framed + length;
        let token = token_buffer(token, total)?;
        let mut random = [0; BLOCK];
        shared.random.fill(&mut random)?;
        let body = frame(token, framed);
        let (header, rest) = body.split_at_mut(HEADER);
        header.copy_from_slice(
            &parameters
                .header(WRAP, if qop == Qop::Encrypt { parameters.seal_alg } else { NOT_SEALED }),
        );
        let (sequence, rest) = rest.split_at_mut(SEQUENCE);
        let (checksum, confounder) = rest.split_at_mut(parameters.checksum);
        confounder.copy_from_slice(&random);
        derived.checksum(WRAP, &signed(header, confounder, parts), checksum);
        sequence.copy_from_slice(&derived.encrypt_sequence(shared.side, number, checksum));
        if qop == Qop::Encrypt {
            derived.crypt(number, &mut sealed(confounder, parts), Crypt::Encrypt);
        }
        Ok(total)
    }

    pub(super) fn unseal(
        &self,
        shared: &Shared,
        parts: &mut [Part<'_>],
        token: &[u8],
    ) -> Result<Received> {
        let derived = self.derived(shared)?;
        let (claimed, body) = framed(token)?;
        let front = Front::read(shared, derived, WRAP, body)?;
        let length = HEADER + SEQUENCE + front.checksum.len() + BLOCK;
        if claimed != if shared.dce_style { length } else { length + sealed_length(parts) } {
            return Err(FRAME);
        }
        let mut confounder: [u8; BLOCK] = *front.rest.first_chunk().ok_or(SHORT)?;
        let result = front.open(shared, derived, &mut confounder, parts);
        confounder.zeroize();
        result
    }

    pub(super) fn unseal_stream(
        &self,
        shared: &Shared,
        stream: &mut [u8],
    ) -> Result<(Received, Range<usize>)> {
        let derived = self.derived(shared)?;
        let (claimed, body) = framed(stream)?;
        let (whole, start) = (body.len(), stream.len() - body.len());
        let at = HEADER + SEQUENCE + Parameters::for_session(shared).checksum;
        if claimed != whole && !(shared.dce_style && claimed == at + BLOCK) {
            return Err(FRAME);
        }
        let (token, encrypted) = stream.split_at_mut_checked(start + at).ok_or(SHORT)?;
        let (confounder, message) = encrypted.split_at_mut_checked(BLOCK).ok_or(SHORT)?;
        let front = Front::read(shared, derived, WRAP, token.get(start..).unwrap_or_default())?;
        let received =
            front.open(shared, derived, confounder, &mut [Part { data: message, seal: true }])?;
        let padding = if shared.dce_style { 0 } else { padding(message)? };
        let start = start + at + BLOCK;
        Ok((received, start..start + message.len() - padding))
    }
}

/// The length of a message's padding, which its last byte states.
fn padding(message: &[u8]) -> Result<usize> {
    let padding = message.last().map_or(0, |&last| last.into());
    if padding == 0 || padding > BLOCK.min(message.len()) {
        return Err(Error::InvalidToken("a message without padding"));
    }
    Ok(padding)
}

/// The parameters of the encryption type.
struct Parameters {
    sign_alg: [u8; 2],
    seal_alg: [u8; 2],
    /// The length of `SGN_CKSUM`, in bytes.
    checksum: usize,
    /// The block size of encrypted data, in bytes.
    block: usize,
}

impl Parameters {
    fn for_session(shared: &Shared) -> Parameters {
        if shared.key.enctype() == Enctype::Rc4Hmac {
            Parameters { sign_alg: [0x11, 0], seal_alg: [0x10, 0], checksum: 8, block: 1 }
        } else {
            Parameters { sign_alg: [0x04, 0], seal_alg: [0x02, 0], checksum: 20, block: BLOCK }
        }
    }

    fn header(&self, kind: [u8; 2], seal_alg: [u8; 2]) -> [u8; HEADER] {
        let ([a, b], [c, d], [e, f]) = (kind, self.sign_alg, seal_alg);
        [a, b, c, d, e, f, 0xff, 0xff]
    }
}

/// The start of a received token, up to its checksum.
struct Front<'a> {
    header: &'a [u8],
    sealed: bool,
    number: u64,
    checksum: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Front<'a> {
    fn read(
        shared: &Shared,
        derived: &Derived,
        kind: [u8; 2],
        body: &'a [u8],
    ) -> Result<Front<'a>> {
        let parameters = Parameters::for_session(shared);
        let (header, rest) = body.split_at_checked(HEADER).ok_or(SHORT)?;
        let (sequence, rest) = rest.split_first_chunk::<SEQUENCE>().ok_or(SHORT)?;
        let (checksum, rest) = rest.split_at_checked(parameters.checksum).ok_or(SHORT)?;
        let sealed = kind == WRAP && *header == parameters.header(kind, parameters.seal_alg);
        if !sealed && *header != parameters.header(kind, NOT_SEALED) {
            return Err(Error::InvalidToken(
                "a token of another kind, or with other algorithms than the key's",
            ));
        }
        let [n @ .., a, b, c, d] = derived.decrypt_sequence(*sequence, checksum);
        let from_peer = match shared.side {
            Side::Initiator => 0xff,
            Side::Acceptor => 0,
        };
        if [a, b, c, d] != [from_peer; 4] {
            return Err(Error::MessageAltered(
                "a message sent by this side, or an altered sequence number",
            ));
        }
        let number = match derived {
            Derived::Rc4 { .. } => u32::from_be_bytes(n),
            Derived::Des3 { .. } => u32::from_le_bytes(n),
        };
        Ok(Front { header, sealed, number: number.into(), checksum, rest })
    }

    /// Decrypts and verifies the message.
    fn open(
        &self,
        shared: &Shared,
        derived: &Derived,
        confounder: &mut [u8],
        parts: &mut [Part<'_>],
    ) -> Result<Received> {
        if self.sealed {
            if !sealed_length(parts).is_multiple_of(Parameters::for_session(shared).block) {
                return Err(Error::InvalidToken(
                    "encrypted data of a length that its type does not have",
                ));
            }
            derived.crypt(self.number, &mut sealed(confounder, parts), Crypt::Decrypt);
        }
        let checked = derived.verify(WRAP, &signed(self.header, confounder, parts), self.checksum);
        if checked.is_err() && self.sealed {
            parts.iter_mut().filter(|part| part.seal).for_each(|part| part.data.zeroize());
        }
        checked?;
        Ok(Received {
            qop: if self.sealed { Qop::Encrypt } else { Qop::NoEncrypt },
            number: self.number,
        })
    }
}

/// The signed data of a Wrap token.
fn signed<'a>(header: &'a [u8], confounder: &'a [u8], parts: &'a [Part<'_>]) -> Slices<'a> {
    [header, confounder].into_iter().chain(parts.iter().map(|part| &*part.data)).collect()
}

/// The encrypted data of a Wrap token.
fn sealed<'a>(confounder: &'a mut [u8], parts: &'a mut [Part<'_>]) -> Parts<'a> {
    [Part { data: confounder, seal: true }].into_iter().chain(reborrow(parts)).collect()
}

#[derive(Clone, Copy)]
enum Crypt {
    Encrypt,
    Decrypt,
}

impl Derived {
    /// Writes the checksum, truncated to the length of `out`.
    fn checksum(&self, kind: [u8; 2], signed: &[&[u8]], out: &mut [u8]) {
        for (to, from) in out.iter_mut().zip(self.signing(kind).checksum(signed).bytes()) {
            *to = *from;
        }
    }

    /// Checks a checksum, in constant time.
    fn verify(&self, kind: [u8; 2], signed: &[&[u8]], given: &[u8]) -> Result<()> {
        let checksum = self.signing(kind).checksum(signed);
        match checksum.bytes().get(..given.len()) {
            Some(expected) if bool::from(expected.ct_eq(given)) => Ok(()),
            _ => Err(Error::MessageAltered("the checksum does not match")),
        }
    }

    fn signing(&self, kind: [u8; 2]) -> &Signing {
        match self {
            Derived::Rc4 { mic, .. } if kind == MIC => mic,
            Derived::Rc4 { wrap, .. } => wrap,
            Derived::Des3 { signing, .. } => signing,
        }
    }

    /// `SND_SEQ`: sequence number and direction, encrypted with a key or vector from the checksum.
    fn encrypt_sequence(&self, from: Side, number: u64, checksum: &[u8]) -> [u8; SEQUENCE] {
        let number = number as u32;
        let direction = match from {
            Side::Initiator => 0,
            Side::Acceptor => 0xff,
        };
        let ([a, b, c, d], e) = match self {
            Derived::Rc4 { .. } => (number.to_be_bytes(), direction),
            Derived::Des3 { .. } => (number.to_le_bytes(), direction),
        };
        let mut bytes = [a, b, c, d, e, e, e, e];
        match self {
            Derived::Rc4 { sequence, .. } => arcfour::stream(sequence, checksum).apply(&mut bytes),
            Derived::Des3 { encrypting, .. } => {
                mask(&mut bytes, checksum);
                encrypting.block(&mut bytes);
            }
        }
        bytes
    }

    fn decrypt_sequence(&self, mut bytes: [u8; SEQUENCE], checksum: &[u8]) -> [u8; SEQUENCE] {
        match self {
            Derived::Rc4 { sequence, .. } => arcfour::stream(sequence, checksum).apply(&mut bytes),
            Derived::Des3 { decrypting, .. } => {
                decrypting.cbc(&mut [Part { data: &mut bytes, seal: true }]);
                mask(&mut bytes, checksum);
            }
        }
        bytes
    }

    /// Encrypts or decrypts the sealed parts, which start with the confounder.
    fn crypt(&self, number: u64, parts: &mut [Part<'_>], crypt: Crypt) {
        match self {
            Derived::Rc4 { sealing, .. } => {
                let mut stream = arcfour::stream(sealing, &(number as u32).to_be_bytes());
                parts.iter_mut().filter(|part| part.seal).for_each(|part| stream.apply(part.data));
            }
            Derived::Des3 { encrypting, decrypting, .. } => match crypt {
                Crypt::Encrypt => encrypting.cbc(parts),
                Crypt::Decrypt => decrypting.cbc(parts),
            },
        }
    }
}

/// Applies the initial vector of an encrypted sequence number: the start of the checksum.
fn mask(bytes: &mut [u8; SEQUENCE], checksum: &[u8]) {
    for (byte, mask) in bytes.iter_mut().zip(checksum) {
        *byte ^= mask;
    }
}

/// The mechanism in the frame of sent tokens, as DER.
const OID: [u8; 11] = {
    let mut oid = [6, KRB5_OID.len() as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut at = 0;
    while at < KRB5_OID.len() {
        oid[2 + at] = KRB5_OID[at];
        at += 1;
    }
    oid
};

/// The mechanism in Windows 2000's spelling, also accepted.
const MS_OID: [u8; 11] = {
    let mut oid = OID;
    let mut at = 0;
    while at < MS_KRB5_OID.len() {
        oid[2 + at] = MS_KRB5_OID[at];
        at += 1;
    }
    oid
};

const FRAME: Error = Error::InvalidToken("a frame whose length is not its token's");

/// The length of a frame (RFC 2743 3.1) with `body` bytes after the mechanism.
fn frame_length(body: usize) -> usize {
    let inner = OID.len() + body;
    1 + length_field(inner).0 + inner
}

/// The DER of a length: the number of its bytes, and the bytes, right-aligned.
fn length_field(length: usize) -> (usize, [u8; 9]) {
    let [a, b, c, d, e, f, g, h] = (length as u64).to_be_bytes();
    if length < 0x80 {
        return (1, [0, 0, 0, 0, 0, 0, 0, 0, h]);
    }
    let bytes = (length as u64).ilog2() as usize / 8 + 1;
    let mut field = [0, a, b, c, d, e, f, g, h];
    field[8 - bytes] = 0x80 | bytes as u8;
    (1 + bytes, field)
}

/// Writes a frame for `body` bytes after the mechanism, both in `token` and after it. Returns the
/// rest of `token`.
fn frame(token: &mut [u8], body: usize) -> &mut [u8] {
    let (length, field) = length_field(OID.len() + body);
    let front = [0x60].iter().chain(&field[9 - length..]).chain(&OID);
    for (to, from) in token.iter_mut().zip(front) {
        *to = *from;
    }
    token.get_mut(1 + length + OID.len()..).unwrap_or_default()
}

/// Parses the frame: returns the number of bytes after the mechanism that it states, and those of
/// them that are present.
fn framed(token: &[u8]) -> Result<(usize, &[u8])> {
    let no_frame = Error::InvalidToken("a token without its frame");
    let [0x60, first, rest @ ..] = token else { return Err(no_frame) };
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(SHORT)?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return Err(no_frame),
    };
    let body = rest.strip_prefix(&OID).or_else(|| rest.strip_prefix(&MS_OID)).ok_or(no_frame)?;
    Ok((length.checked_sub(OID.len()).ok_or(no_frame)?, body))
}
