//! Message protection in an established context, [MS-NLMP] 3.4.

mod direction;
mod persist;

use super::crypto::Key;
use super::flags::NegotiateFlags;
use super::keys::{self, Direction};
use crate::types::error::{Error, Result};
use crate::types::protection::{KeyInfo, Part, Qop, Sizes};
use direction::{DUMMY, DirectionState, SIGNATURE};
use std::fmt;
use std::ops::Range;

/// `cbMaxToken` of Windows' NTLM, in bytes: enough for any realistic names.
pub const MAX_TOKEN: u32 = 2888;

/// Long messages are signed and encrypted in chunks of this many bytes, so that both work on cached
/// data.
const CHUNK: usize = 8192;

/// The local side of the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The initiator.
    Client,
    /// The acceptor.
    Server,
}

/// The keys and sequence numbers of an established context.
///
/// Keys are derived with the first message: a server that only authenticates its clients saves
/// that.
#[derive(Clone)]
pub struct Session {
    /// Elsewhere than the session, which moves.
    exported_session_key: Box<Key>,
    flags: NegotiateFlags,
    side: Side,
    sending: Option<Box<DirectionState>>,
    /// Always `None` without extended session security, where both directions share one key stream
    /// and one sequence number.
    receiving: Option<Box<DirectionState>>,
    /// The mechListMICs made and verified. Each has used a sequence number, but no key stream.
    mics: Mics,
}

/// The number of mechListMICs in each direction.
#[derive(Clone, Copy, Default)]
struct Mics {
    made: u32,
    checked: u32,
}

/// How messages are protected.
#[derive(PartialEq, Eq)]
enum Protection {
    Signed,
    Dummy,
}

const NOT_NEGOTIATED: Error = Error::Unsupported("neither signing nor sealing was negotiated");

/// The part of the caller's token buffer for the signature.
fn signature_buffer(token: &mut [u8]) -> Result<&mut [u8; SIGNATURE]> {
    token.first_chunk_mut().ok_or(Error::BufferTooSmall { needed: SIGNATURE })
}

/// The peer's signature. Bytes after it in the buffer are ignored.
fn received_signature(token: &[u8]) -> Result<&[u8; SIGNATURE]> {
    token.first_chunk().ok_or(Error::InvalidToken("truncated signature"))
}

fn check_dummy(theirs: &[u8; SIGNATURE]) -> Result<()> {
    if *theirs == DUMMY {
        Ok(())
    } else {
        Err(Error::MessageAltered("not the signature of a context without keys"))
    }
}

impl Session {
    /// A session with these keys, before its first message.
    pub fn new(flags: NegotiateFlags, exported_session_key: &[u8; 16], side: Side) -> Session {
        Session::with_key(flags, Box::new(Key::new(*exported_session_key)), side)
    }

    /// The same with a key that stays where it is.
    pub(super) fn with_key(
        flags: NegotiateFlags,
        exported_session_key: Box<Key>,
        side: Side,
    ) -> Session {
        Session {
            exported_session_key,
            flags,
            side,
            sending: None,
            receiving: None,
            mics: Mics::default(),
        }
    }

    /// The sizes for `SECPKG_ATTR_SIZES`. As in Windows, the block size is 0: there is no padding.
    pub fn sizes(&self) -> Sizes {
        let signature = SIGNATURE as u32;
        Sizes {
            max_token: MAX_TOKEN,
            max_signature: signature,
            block_size: 0,
            security_trailer: signature,
        }
    }

    /// The algorithms for `SECPKG_ATTR_KEY_INFO`, with Windows' names and numbers.
    pub fn key_info(&self) -> KeyInfo {
        /// KERB_CHECKSUM_HMAC_MD5
        const HMAC_MD5: u32 = -138i32 as u32;
        /// Windows' number for signatures with CRC-32.
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

    /// The key for `SECPKG_ATTR_SESSION_KEY`: `ExportedSessionKey`.
    pub fn session_key(&self) -> &[u8] {
        &self.exported_session_key[..]
    }

    /// The negotiated flags.
    pub fn flags(&self) -> NegotiateFlags {
        self.flags
    }

    /// Signs `parts`: writes the signature to the start of `token` and returns its length, 16
    /// bytes. `sequence` is used in datagram contexts only.
    ///
    /// Errors: `BufferTooSmall`; `Unsupported` if no signing was negotiated.
    pub fn sign(&mut self, parts: &[&[u8]], sequence: u32, token: &mut [u8]) -> Result<usize> {
        let out = signature_buffer(token)?;
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
    /// Errors: `MessageAltered`; `OutOfSequence` for another message than the expected one. Neither
    /// changes the state: the expected message can still be verified.
    pub fn verify(&mut self, parts: &[&[u8]], sequence: u32, token: &[u8]) -> Result<()> {
        let theirs = received_signature(token)?;
        match self.protection()? {
            Protection::Dummy => check_dummy(theirs),
            Protection::Signed => self
                .receiving(sequence)
                .verify(theirs, |_, checksum| parts.iter().for_each(|part| checksum.update(part))),
        }
    }

    /// Signs all `parts` and encrypts the sealed ones in place; writes the signature to the start
    /// of `token` and returns its length, 16 bytes. As in Windows, either signing or sealing must
    /// have been negotiated.
    ///
    /// Errors: as for [`Session::sign`]; nothing is changed then.
    pub fn seal(
        &mut self,
        qop: Qop,
        parts: &mut [Part<'_>],
        sequence: u32,
        token: &mut [u8],
    ) -> Result<usize> {
        let out = signature_buffer(token)?;
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

    /// Decrypts the sealed `parts` in place and checks the signature of all.
    ///
    /// NTLM signatures do not say whether a message is encrypted, so encryption is assumed. Use
    /// [`Session::verify`] for messages made with SECQOP_WRAP_NO_ENCRYPT.
    ///
    /// Errors: as for [`Session::verify`]. The state is not changed then, but after
    /// `MessageAltered` the contents of the parts are undefined.
    pub fn unseal(&mut self, parts: &mut [Part<'_>], sequence: u32, token: &[u8]) -> Result<Qop> {
        let theirs = received_signature(token)?;
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

    /// [`Session::unseal`] for a message preceded by its signature; returns the range of the
    /// message in `stream`.
    pub fn unseal_stream(
        &mut self,
        stream: &mut [u8],
        sequence: u32,
    ) -> Result<(Qop, Range<usize>)> {
        let end = stream.len();
        let (token, data) = stream
            .split_at_mut_checked(SIGNATURE)
            .ok_or(Error::InvalidToken("truncated signature"))?;
        let qop = self.unseal(&mut [Part { data, seal: true }], sequence, token)?;
        Ok((qop, SIGNATURE..end))
    }

    /// Makes SPNEGO's mechListMIC over the DER of the mechanism list, before the first message. It
    /// uses a sequence number like any signature, but the key stream is reset afterwards ([MS-SPNG]
    /// 3.3.5.1).
    ///
    /// Errors: as for [`Session::sign`].
    pub fn make_mech_list_mic(&mut self, mech_types: &[u8]) -> Result<Vec<u8>> {
        Ok(match self.protection()? {
            Protection::Dummy => DUMMY.to_vec(),
            Protection::Signed => {
                let mut state = self.initial(self.outgoing());
                let mic = state
                    .for_message(self.flags, 0)
                    .sign(|_, checksum| checksum.update(mech_types));
                self.mics.made = self.mics.made.wrapping_add(1);
                mic.to_vec()
            }
        })
    }

    /// Checks the peer's mechListMIC, in constant time. A wrong one does not change the state.
    ///
    /// Errors: `MessageAltered`; `InvalidToken` for data that is no signature; and as for
    /// [`Session::sign`].
    pub fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<()> {
        let theirs: &[u8; SIGNATURE] =
            mic.try_into().map_err(|_| Error::InvalidToken("mechListMIC is no NTLM signature"))?;
        match self.protection()? {
            Protection::Dummy => check_dummy(theirs),
            Protection::Signed => {
                let mut state = self.initial(self.incoming());
                let checked = state
                    .for_message(self.flags, 0)
                    .verify(theirs, |_, checksum| checksum.update(mech_types));
                checked.map_err(|error| match error {
                    Error::OutOfSequence => {
                        Error::MessageAltered("mechListMIC is not the expected signature")
                    }
                    other => other,
                })?;
                self.mics.checked = self.mics.checked.wrapping_add(1);
                Ok(())
            }
        }
    }

    /// Restores the state before the first message.
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

    fn outgoing(&self) -> Direction {
        match self.side {
            Side::Client => Direction::ClientToServer,
            Side::Server => Direction::ServerToClient,
        }
    }

    fn incoming(&self) -> Direction {
        match self.side {
            Side::Client => Direction::ServerToClient,
            Side::Server => Direction::ClientToServer,
        }
    }

    /// A direction's initial state. Without extended session security both directions share one.
    fn initial(&self, direction: Direction) -> DirectionState {
        let Mics { made, checked } = self.mics;
        let sequence = if !self.flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY) {
            made.wrapping_add(checked)
        } else if direction == self.outgoing() {
            made
        } else {
            checked
        };
        DirectionState::new(self.flags, &self.exported_session_key, direction, sequence)
    }

    /// The state for the next sent message.
    fn sending(&mut self, sequence: u32) -> &mut DirectionState {
        let state = match self.sending.take() {
            Some(state) => state,
            None => Box::new(self.initial(self.outgoing())),
        };
        self.sending.insert(state).for_message(self.flags, sequence)
    }

    /// The state for the next received message.
    fn receiving(&mut self, sequence: u32) -> &mut DirectionState {
        if !self.flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY) {
            return self.sending(sequence);
        }
        let state = match self.receiving.take() {
            Some(state) => state,
            None => Box::new(self.initial(self.incoming())),
        };
        self.receiving.insert(state).for_message(self.flags, sequence)
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
