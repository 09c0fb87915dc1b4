//! An established context's messages, [MS-NLMP] 3.4.

mod direction;
mod persist;

use super::crypto::Key;
use super::flags::NegotiateFlags;
use super::keys::{self, Direction};
use crate::types::error::{Error, Result};
use crate::types::protection::{KeyInfo, Part, Qop, Sizes};
use direction::{DUMMY, SIGNATURE, Stream};
use std::fmt;
use std::ops::Range;

/// `cbMaxToken` of Windows' NTLM, in bytes. Names longer than hosts have would make longer tokens.
pub const MAX_TOKEN: u32 = 2888;

/// Long messages are signed and encrypted in pieces of this many bytes, each while it is in the
/// cache.
const CHUNK: usize = 8192;

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
/// Nothing is derived before the first message: a server that only wants to know who its client is
/// pays for none of it.
#[derive(Clone)]
pub struct Session {
    exported_session_key: Key,
    flags: NegotiateFlags,
    side: Side,
    sending: Option<Box<Stream>>,
    /// Stays `None` without extended session security, where both directions share one stream and
    /// one counter.
    receiving: Option<Box<Stream>>,
    /// mechListMICs made and checked: each has taken a sequence number, and nothing from the key
    /// stream.
    mics: Mics,
}

/// mechListMICs by direction.
#[derive(Clone, Copy, Default)]
struct Mics {
    made: u32,
    checked: u32,
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
    if *theirs == DUMMY {
        Ok(())
    } else {
        Err(Error::MessageAltered("not the signature of a context without keys"))
    }
}

impl Session {
    /// A context with these keys, before its first message.
    pub fn new(flags: NegotiateFlags, exported_session_key: &[u8; 16], side: Side) -> Session {
        let exported_session_key = Key::new(*exported_session_key);
        Session {
            exported_session_key,
            flags,
            side,
            sending: None,
            receiving: None,
            mics: Mics::default(),
        }
    }

    /// `SECPKG_ATTR_SIZES`. The block size is 0, as Windows has it for NTLM: there is no padding.
    pub fn sizes(&self) -> Sizes {
        let signature = SIGNATURE as u32;
        Sizes {
            max_token: MAX_TOKEN,
            max_signature: signature,
            block_size: 0,
            security_trailer: signature,
        }
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
        let (signature_name, signature_id) =
            if extended { ("HMAC-MD5", HMAC_MD5) } else { ("RSADSI RC4-CRC32", RC4_CRC32) };
        KeyInfo {
            signature_name,
            encrypt_name: "RSADSI RC4",
            key_bits: keys::seal_bits(self.flags),
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
    /// `sequence` counts only in a datagram context. Errors: `BufferTooSmall`; `Unsupported` where
    /// nothing was negotiated that could sign.
    pub fn sign(&mut self, parts: &[&[u8]], sequence: u32, token: &mut [u8]) -> Result<usize> {
        let out = room(token)?;
        *out = match self.protection()? {
            Protection::Dummy => DUMMY,
            Protection::Signed => self
                .sending(sequence)
                .sign(|_, checksum| parts.iter().for_each(|part| checksum.update(part))),
        };
        Ok(SIGNATURE)
    }

    /// Checks the signature of `parts`.
    ///
    /// Errors: `MessageAltered`, or `OutOfSequence` for a message that is not the one due. Neither
    /// moves the context: the message that is due can still be checked.
    pub fn verify(&mut self, parts: &[&[u8]], sequence: u32, token: &[u8]) -> Result<()> {
        let theirs = given(token)?;
        match self.protection()? {
            Protection::Dummy => check_dummy(theirs),
            Protection::Signed => self
                .receiving(sequence)
                .verify(theirs, |_, checksum| parts.iter().for_each(|part| checksum.update(part))),
        }
    }

    /// Signs all of `parts` and encrypts in place those that are to be: writes the signature to the
    /// front of `token` and tells its length, 16. Signing or sealing must have been negotiated,
    /// either, as on Windows.
    ///
    /// Errors: as [`Session::sign`]; nothing has changed then.
    pub fn seal(
        &mut self,
        qop: Qop,
        parts: &mut [Part<'_>],
        sequence: u32,
        token: &mut [u8],
    ) -> Result<usize> {
        let out = room(token)?;
        if self.protection()? == Protection::Dummy {
            return Err(NOT_NEGOTIATED);
        }
        *out = self.sending(sequence).sign(|rc4, checksum| {
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
        });
        Ok(SIGNATURE)
    }

    /// Decrypts in place those of `parts` that are sealed, and checks the signature of all.
    ///
    /// NTLM's signature does not say whether a message was encrypted, so each is taken as such; one
    /// made with SECQOP_WRAP_NO_ENCRYPT is for [`Session::verify`]. Errors: as there; the context
    /// has not moved then, but after `MessageAltered` the parts hold bytes that mean nothing.
    pub fn unseal(&mut self, parts: &mut [Part<'_>], sequence: u32, token: &[u8]) -> Result<Qop> {
        let theirs = given(token)?;
        if self.protection()? == Protection::Dummy {
            return Err(NOT_NEGOTIATED);
        }
        self.receiving(sequence).verify(theirs, |rc4, checksum| {
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
        })?;
        Ok(Qop::Encrypt)
    }

    /// [`Session::unseal`] of a message behind its signature; tells where in `stream` the message
    /// is.
    pub fn unseal_stream(
        &mut self,
        stream: &mut [u8],
        sequence: u32,
    ) -> Result<(Qop, Range<usize>)> {
        let end = stream.len();
        let (token, data) = stream
            .split_at_mut_checked(SIGNATURE)
            .ok_or(Error::InvalidToken("signature cut short"))?;
        let qop = self.unseal(&mut [Part { data, seal: true }], sequence, token)?;
        Ok((qop, SIGNATURE..end))
    }

    /// SPNEGO's mechListMIC over the DER of the mechanism list, made before the first message. It
    /// takes a sequence number like any signature, but the key stream begins anew after it
    /// ([MS-SPNG] 3.3.5.1).
    ///
    /// Errors: as [`Session::sign`].
    pub fn make_mech_list_mic(&mut self, mech_types: &[u8]) -> Result<Vec<u8>> {
        Ok(match self.protection()? {
            Protection::Dummy => DUMMY.to_vec(),
            Protection::Signed => {
                let mut stream = self.fresh(self.outward());
                let mic = stream.due(self.flags, 0).sign(|_, checksum| checksum.update(mech_types));
                self.mics.made = self.mics.made.wrapping_add(1);
                mic.to_vec()
            }
        })
    }

    /// Checks the peer's mechListMIC, in constant time. A wrong one moves nothing.
    ///
    /// Errors: `MessageAltered`, `InvalidToken` for one that is no signature, and as
    /// [`Session::sign`].
    pub fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<()> {
        let theirs: &[u8; SIGNATURE] =
            mic.try_into().map_err(|_| Error::InvalidToken("mechListMIC is no NTLM signature"))?;
        match self.protection()? {
            Protection::Dummy => check_dummy(theirs),
            Protection::Signed => {
                let mut stream = self.fresh(self.inward());
                let checked = stream
                    .due(self.flags, 0)
                    .verify(theirs, |_, checksum| checksum.update(mech_types));
                checked.map_err(|error| match error {
                    Error::OutOfSequence => {
                        Error::MessageAltered("mechListMIC is not the signature that is due")
                    }
                    other => other,
                })?;
                self.mics.checked = self.mics.checked.wrapping_add(1);
                Ok(())
            }
        }
    }

    /// Goes back to where it was when the first message was due.
    pub fn reset(&mut self) {
        (self.sending, self.receiving) = (None, None);
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

    /// A direction's stream at its beginning; without extended session security the directions are
    /// one.
    fn fresh(&self, direction: Direction) -> Stream {
        let Mics { made, checked } = self.mics;
        let sequence = if !self.flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY) {
            made.wrapping_add(checked)
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
        self.sending.insert(stream).due(self.flags, sequence)
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
        self.receiving.insert(stream).due(self.flags, sequence)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("flags", &self.flags)
            .field("side", &self.side)
            .finish_non_exhaustive()
    }
}
