//! An established context's messages, [MS-NLMP] 3.4.

use super::crypto::{self, Crc32, Direction, HmacMd5, SealKey};
use super::flags::NegotiateFlags;
use crate::error::{Error, Result};
use crate::rc4::Rc4;
use crate::session::{KeyInfo, Part, Qop, Sizes};
use hmac::Mac;
use std::fmt;
use subtle::ConstantTimeEq;

/// Length of NTLMSSP_MESSAGE_SIGNATURE in bytes.
pub(super) const SIGNATURE: usize = 16;

/// Long messages are signed and encrypted in pieces of this many bytes, each while it is in the cache.
const CHUNK: usize = 8192;

/// The signature of a context that negotiated neither signing nor sealing but NTLMSSP_NEGOTIATE_ALWAYS_SIGN:
/// Version and zeros ([MS-NLMP] 2.2.2.5, "M").
const DUMMY: [u8; SIGNATURE] = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The side of the conversation that this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The initiator's.
    Client,
    /// The acceptor's.
    Server,
}

/// The keys and counters of an established context.
///
/// Nothing is derived before the first message: a server that only wants to know who its client is pays for
/// none of it.
#[derive(Clone)]
pub struct Session {
    exported_session_key: crypto::Key,
    flags: NegotiateFlags,
    max_token: u32,
    side: Side,
    sending: Option<Box<Stream>>,
    /// Stays `None` without extended session security, where both directions share one stream and one counter.
    receiving: Option<Box<Stream>>,
    /// mechListMICs made and checked: each has taken a sequence number, and nothing from the key stream.
    mics: Mics,
}

/// mechListMICs by direction.
#[derive(Clone, Copy, Default)]
struct Mics {
    made: u32,
    checked: u32,
}

/// One direction's keys, key stream and counter.
#[derive(Clone)]
struct Stream {
    /// HMAC-MD5 keyed with `SIGNKEY`; `None` without extended session security.
    signing: Option<HmacMd5>,
    /// With a key exchange the checksum is encrypted too ([MS-NLMP] 3.4.4.2).
    encrypt_checksum: bool,
    sealing_key: SealKey,
    rc4: Rc4,
    sequence: u32,
}

impl Stream {
    fn new(flags: NegotiateFlags, exported_session_key: &[u8; 16], direction: Direction, sequence: u32) -> Stream {
        let extended = flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY);
        let sealing_key = crypto::sealkey(flags, exported_session_key, direction);
        Stream {
            signing: extended.then(|| crypto::keyed(&crypto::signkey(exported_session_key, direction))),
            encrypt_checksum: flags.contains(NegotiateFlags::KEY_EXCH),
            rc4: sealing_key.rc4(),
            sealing_key,
            sequence,
        }
    }

    /// Takes up the key stream of one datagram, whose number the caller knows ([MS-NLMP] 3.4.4, 3.4): datagrams
    /// may come in any order.
    fn seek(&mut self, sequence: u32) {
        self.rc4 = Rc4::new(&crypto::md5(&[self.sealing_key.as_bytes(), &sequence.to_le_bytes()]));
        self.sequence = sequence;
    }

    /// Begins the checksum of the message that is due.
    fn checksum(&self) -> Checksum {
        match &self.signing {
            Some(mac) => {
                let mut mac = mac.clone();
                mac.update(&self.sequence.to_le_bytes());
                Checksum::HmacMd5(mac)
            }
            None => Checksum::Crc32(Crc32::new()),
        }
    }

    /// `MAC` ([MS-NLMP] 3.4.4): the signature of the message that is due. Takes from `rc4`, which stands where
    /// the message's own data has left it.
    fn signature(&self, rc4: &mut Rc4, checksum: Checksum) -> [u8; SIGNATURE] {
        let mut signature = DUMMY;
        let sequence = self.sequence.to_le_bytes();
        match checksum {
            Checksum::HmacMd5(mac) => {
                let mac = mac.finalize().into_bytes();
                signature[4..12].copy_from_slice(&mac[..8]);
                if self.encrypt_checksum {
                    rc4.apply(&mut signature[4..12]);
                }
                signature[12..].copy_from_slice(&sequence);
            }
            Checksum::Crc32(crc) => {
                signature[8..12].copy_from_slice(&crc.finish().to_le_bytes());
                signature[12..].copy_from_slice(&sequence);
                rc4.apply(&mut signature[4..]);
                // RandomPad uses up its part of the key stream, and is then set to 0.
                signature[4..8].fill(0);
            }
        }
        signature
    }

    /// With extended session security the sequence number is in the clear: a message that is not the one due is
    /// known before anything is computed.
    fn expect(&self, theirs: &[u8; SIGNATURE]) -> Result<()> {
        if theirs[..4] != DUMMY[..4] {
            return Err(Error::MessageAltered("signature of an unknown version"));
        }
        if self.signing.is_some() && theirs[12..] != self.sequence.to_le_bytes() {
            return Err(Error::OutOfSequence);
        }
        Ok(())
    }

    /// Compares a signature with the one due.
    fn check(&self, theirs: &[u8; SIGNATURE], ours: &[u8; SIGNATURE]) -> Result<()> {
        // Peers leave whatever they like in RandomPad; nothing depends on it.
        let checksum = if self.signing.is_some() { 4..12 } else { 8..12 };
        if !bool::from(theirs[checksum.clone()].ct_eq(&ours[checksum])) {
            return Err(Error::MessageAltered("signature does not match"));
        }
        if theirs[12..] != ours[12..] {
            return Err(Error::OutOfSequence);
        }
        Ok(())
    }

    /// The message has been dealt with: the next one is due.
    fn accept(&mut self, rc4: &Rc4) {
        self.rc4.clone_from(rc4);
        self.sequence = self.sequence.wrapping_add(1);
    }
}

/// A checksum in the making.
enum Checksum {
    HmacMd5(HmacMd5),
    Crc32(Crc32),
}

impl Checksum {
    fn update(&mut self, data: &[u8]) {
        match self {
            Checksum::HmacMd5(mac) => mac.update(data),
            Checksum::Crc32(crc) => crc.update(data),
        }
    }
}

/// Whether signatures mean anything.
#[derive(PartialEq, Eq)]
enum Protection {
    Signed,
    Dummy,
}

const NOT_NEGOTIATED: Error = Error::Unsupported("neither signing nor sealing was negotiated");

/// The front of the caller's token buffer.
fn room(token: &mut [u8]) -> Result<&mut [u8; SIGNATURE]> {
    token.first_chunk_mut().ok_or(Error::BufferTooSmall { needed: SIGNATURE })
}

/// The peer's signature; what follows it in the buffer does not count.
fn given(token: &[u8]) -> Result<&[u8; SIGNATURE]> {
    token.first_chunk().ok_or(Error::InvalidToken("signature cut short"))
}

fn check_dummy(theirs: &[u8; SIGNATURE]) -> Result<()> {
    if *theirs == DUMMY { Ok(()) } else { Err(Error::MessageAltered("not the signature of a context without keys")) }
}

impl Session {
    /// A context with these keys, before its first message. `max_token` is for [`Session::sizes`].
    pub fn new(flags: NegotiateFlags, exported_session_key: &[u8; 16], side: Side, max_token: u32) -> Session {
        let exported_session_key = crypto::Key::new(*exported_session_key);
        Session { exported_session_key, flags, max_token, side, sending: None, receiving: None, mics: Mics::default() }
    }

    /// `SECPKG_ATTR_SIZES`. The block size is 0, as Windows has it for NTLM: there is no padding.
    pub fn sizes(&self) -> Sizes {
        let signature = SIGNATURE as u32;
        Sizes { max_token: self.max_token, max_signature: signature, block_size: 0, security_trailer: signature }
    }

    /// `SECPKG_ATTR_KEY_INFO`, with the names and numbers that Windows gives.
    pub fn key_info(&self) -> KeyInfo {
        /// KERB_CHECKSUM_HMAC_MD5
        const HMAC_MD5: u32 = -138i32 as u32;
        /// What Windows gives for signatures made with CRC-32.
        const RC4_CRC32: u32 = -132i32 as u32;
        /// CALG_RC4
        const RC4: u32 = 0x6801;
        let extended = self.flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY);
        let (signature_name, signature_id) = if extended { ("HMAC-MD5", HMAC_MD5) } else { ("RSADSI RC4-CRC32", RC4_CRC32) };
        KeyInfo {
            signature_name,
            encrypt_name: "RSADSI RC4",
            key_bits: crypto::seal_bits(self.flags),
            signature_id,
            encrypt_id: RC4,
        }
    }

    /// `SECPKG_ATTR_SESSION_KEY`: `ExportedSessionKey`.
    pub fn session_key(&self) -> &[u8] {
        &self.exported_session_key[..]
    }

    /// The flags in force.
    pub fn flags(&self) -> NegotiateFlags {
        self.flags
    }

    /// Signs `parts`: writes the signature to the front of `token` and tells its length, 16.
    ///
    /// `sequence` counts only in a datagram context. Errors: `BufferTooSmall`; `Unsupported` where nothing was
    /// negotiated that could sign.
    pub fn sign(&mut self, parts: &[&[u8]], sequence: u32, token: &mut [u8]) -> Result<usize> {
        let out = room(token)?;
        *out = match self.protection()? {
            Protection::Dummy => DUMMY,
            Protection::Signed => self.sending(sequence).sign(parts),
        };
        Ok(SIGNATURE)
    }

    /// Checks the signature of `parts`.
    ///
    /// Errors: `MessageAltered`, or `OutOfSequence` for a message that is not the one due. Neither moves the
    /// context: the message that is due can still be checked.
    pub fn verify(&mut self, parts: &[&[u8]], sequence: u32, token: &[u8]) -> Result<()> {
        let theirs = given(token)?;
        match self.protection()? {
            Protection::Dummy => check_dummy(theirs),
            Protection::Signed => self.receiving(sequence).verify(parts, theirs),
        }
    }

    /// Signs all of `parts` and encrypts in place those that are to be: writes the signature to the front of
    /// `token` and tells its length, 16. Signing or sealing must have been negotiated, either, as on Windows.
    ///
    /// Errors: as [`Session::sign`]; nothing has changed then.
    pub fn seal(&mut self, qop: Qop, parts: &mut [Part<'_>], sequence: u32, token: &mut [u8]) -> Result<usize> {
        let out = room(token)?;
        if self.protection()? == Protection::Dummy {
            return Err(NOT_NEGOTIATED);
        }
        let stream = self.sending(sequence);
        let mut rc4 = stream.rc4.clone();
        let mut checksum = stream.checksum();
        for part in parts {
            if part.seal && qop == Qop::Encrypt {
                for chunk in part.data.chunks_mut(CHUNK) {
                    checksum.update(chunk);
                    rc4.apply(chunk);
                }
            } else {
                checksum.update(part.data);
            }
        }
        *out = stream.signature(&mut rc4, checksum);
        stream.accept(&rc4);
        Ok(SIGNATURE)
    }

    /// Decrypts in place those of `parts` that are sealed, and checks the signature of all.
    ///
    /// NTLM's signature does not say whether a message was encrypted, so each is taken as such; one made with
    /// SECQOP_WRAP_NO_ENCRYPT is for [`Session::verify`]. Errors: as there; the context has not moved then, but
    /// after `MessageAltered` the parts hold bytes that mean nothing.
    pub fn unseal(&mut self, parts: &mut [Part<'_>], sequence: u32, token: &[u8]) -> Result<Qop> {
        let theirs = given(token)?;
        if self.protection()? == Protection::Dummy {
            return Err(NOT_NEGOTIATED);
        }
        let stream = self.receiving(sequence);
        stream.expect(theirs)?;
        let mut rc4 = stream.rc4.clone();
        let mut checksum = stream.checksum();
        for part in parts {
            if part.seal {
                for chunk in part.data.chunks_mut(CHUNK) {
                    rc4.apply(chunk);
                    checksum.update(chunk);
                }
            } else {
                checksum.update(part.data);
            }
        }
        let ours = stream.signature(&mut rc4, checksum);
        stream.check(theirs, &ours)?;
        stream.accept(&rc4);
        Ok(Qop::Encrypt)
    }

    /// SPNEGO's mechListMIC over the DER of the mechanism list, made before the first message. It takes a
    /// sequence number like any signature, but the key stream begins anew after it ([MS-SPNG] 3.3.5.1).
    ///
    /// Errors: as [`Session::sign`].
    pub fn make_mech_list_mic(&mut self, mech_types: &[u8]) -> Result<Vec<u8>> {
        Ok(match self.protection()? {
            Protection::Dummy => DUMMY.to_vec(),
            Protection::Signed => {
                let mic = due(self.flags, &mut self.fresh(self.outward()), 0).sign(&[mech_types]);
                self.mics.made += 1;
                mic.to_vec()
            }
        })
    }

    /// Checks the peer's mechListMIC, in constant time. A wrong one moves nothing.
    ///
    /// Errors: `MessageAltered`, `InvalidToken` for one that is no signature, and as [`Session::sign`].
    pub fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<()> {
        let theirs: &[u8; SIGNATURE] = mic.try_into().map_err(|_| Error::InvalidToken("mechListMIC is no NTLM signature"))?;
        match self.protection()? {
            Protection::Dummy => check_dummy(theirs),
            Protection::Signed => {
                let mut stream = self.fresh(self.inward());
                due(self.flags, &mut stream, 0).verify(&[mech_types], theirs).map_err(|error| match error {
                    Error::OutOfSequence => Error::MessageAltered("mechListMIC is not the signature that is due"),
                    other => other,
                })?;
                self.mics.checked += 1;
                Ok(())
            }
        }
    }

    fn protection(&self) -> Result<Protection> {
        if self.flags.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL) {
            Ok(Protection::Signed)
        } else if self.flags.contains(NegotiateFlags::ALWAYS_SIGN) {
            Ok(Protection::Dummy)
        } else {
            Err(NOT_NEGOTIATED)
        }
    }

    fn outward(&self) -> Direction {
        match self.side {
            Side::Client => Direction::ClientToServer,
            Side::Server => Direction::ServerToClient,
        }
    }

    fn inward(&self) -> Direction {
        match self.side {
            Side::Client => Direction::ServerToClient,
            Side::Server => Direction::ClientToServer,
        }
    }

    /// A direction's stream at its beginning; without extended session security the directions are one.
    fn fresh(&self, direction: Direction) -> Stream {
        let Mics { made, checked } = self.mics;
        let sequence = if !self.flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY) {
            made + checked
        } else if direction == self.outward() {
            made
        } else {
            checked
        };
        Stream::new(self.flags, &self.exported_session_key, direction, sequence)
    }

    /// The stream for the next message that goes out.
    fn sending(&mut self, sequence: u32) -> &mut Stream {
        let stream = match self.sending.take() {
            Some(stream) => stream,
            None => Box::new(self.fresh(self.outward())),
        };
        due(self.flags, self.sending.insert(stream), sequence)
    }

    /// The stream for the next message that comes in.
    fn receiving(&mut self, sequence: u32) -> &mut Stream {
        if !self.flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY) {
            return self.sending(sequence);
        }
        let stream = match self.receiving.take() {
            Some(stream) => stream,
            None => Box::new(self.fresh(self.inward())),
        };
        due(self.flags, self.receiving.insert(stream), sequence)
    }
}

/// The stream where the next message finds it: in a datagram context at the number that the caller gives.
fn due(flags: NegotiateFlags, stream: &mut Stream, sequence: u32) -> &mut Stream {
    if flags.contains(NegotiateFlags::DATAGRAM) {
        stream.seek(sequence);
    }
    stream
}

impl Stream {
    fn sign(&mut self, parts: &[&[u8]]) -> [u8; SIGNATURE] {
        let mut rc4 = self.rc4.clone();
        let mut checksum = self.checksum();
        parts.iter().for_each(|part| checksum.update(part));
        let signature = self.signature(&mut rc4, checksum);
        self.accept(&rc4);
        signature
    }

    fn verify(&mut self, parts: &[&[u8]], theirs: &[u8; SIGNATURE]) -> Result<()> {
        self.expect(theirs)?;
        let mut rc4 = self.rc4.clone();
        let mut checksum = self.checksum();
        parts.iter().for_each(|part| checksum.update(part));
        let ours = self.signature(&mut rc4, checksum);
        self.check(theirs, &ours)?;
        self.accept(&rc4);
        Ok(())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("flags", &self.flags).field("side", &self.side).finish_non_exhaustive()
    }
}
