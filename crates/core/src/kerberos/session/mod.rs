//! Message protection in an established context: RFC 4121 4.2 for AES, the older RFC 1964 tokens
//! for RC4 (RFC 4757 7) and triple DES, both in SSPI's buffers ([MS-KILE] 3.4.5.4 to 3.4.5.7).

mod header;
mod persist;
mod rfc1964;
mod rfc4121;
mod window;

use super::crypto::{Enctype, Key};
use crate::primitives::random::SecureRandom;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use crate::types::protection::{KeyInfo, Part, Qop, Sizes};
use smallvec::SmallVec;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use window::Window;

/// The longest authentication token of Windows, in bytes: its default `MaxTokenSize`.
const MAX_TOKEN: u32 = 48_000;

/// The local side of the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The client.
    Initiator,
    /// The server.
    Acceptor,
}

/// The result of the AP exchange.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The local side.
    pub side: Side,
    /// The key in use: the acceptor's sub-key, else the initiator's, else the ticket's session key.
    pub key: Key,
    /// Whether it is the acceptor's sub-key.
    pub acceptor_subkey: bool,
    /// The sequence number of the first message sent.
    pub send_sequence: u32,
    /// The sequence number of the first message received.
    pub receive_sequence: u32,
    /// The granted attributes, of which REPLAY_DETECT and SEQUENCE_DETECT are used.
    pub flags: ContextFlags,
    /// Whether messages are laid out for DCE RPC.
    pub dce_style: bool,
    /// The source of confounders.
    pub random: &'static dyn SecureRandom,
}

/// The keys and sequence numbers of an established context.
///
/// Keys are derived on first use, and shared by copies.
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
    position: Position,
    start: Start,
}

/// The sequence numbers of the first messages.
#[derive(Clone, Copy)]
struct Start {
    sending: u64,
    receiving: u64,
}

/// The state that messages change.
#[derive(Clone, Copy)]
struct Position {
    /// The sequence number of the next message sent.
    sending: u64,
    receiving: Window,
}

/// The state that messages do not change.
struct Shared {
    key: Key,
    side: Side,
    acceptor_subkey: bool,
    dce_style: bool,
    random: &'static dyn SecureRandom,
    format: Format,
}

impl Shared {
    fn new(
        key: Key,
        side: Side,
        acceptor_subkey: bool,
        dce_style: bool,
        random: &'static dyn SecureRandom,
    ) -> Shared {
        let format = match key.enctype() {
            Enctype::Rc4Hmac | Enctype::Des3Sha1 => Format::Rfc1964(rfc1964::Keys::default()),
            _ => Format::Rfc4121(rfc4121::Keys::default()),
        };
        Shared { key, side, acceptor_subkey, dce_style, random, format }
    }
}

/// The message format, with its keys.
enum Format {
    Rfc4121(rfc4121::Keys),
    Rfc1964(rfc1964::Keys),
}

/// Calls a function of the format.
macro_rules! each {
    ($shared:expr, $keys:ident => $call:expr) => {
        match &$shared.format {
            Format::Rfc4121($keys) => $call,
            Format::Rfc1964($keys) => $call,
        }
    };
}

/// A usual number of parts.
const FEW: usize = 8;
type Parts<'a> = SmallVec<[Part<'a>; FEW]>;
type Slices<'a> = SmallVec<[&'a [u8]; FEW]>;

/// A verified message.
struct Received {
    qop: Qop,
    number: u64,
}

impl Session {
    /// A session before its first message.
    pub fn new(setup: Setup) -> Session {
        let Setup {
            side,
            key,
            acceptor_subkey,
            send_sequence,
            receive_sequence,
            flags,
            dce_style,
            random,
        } = setup;
        let shared = Arc::new(Shared::new(key, side, acceptor_subkey, dce_style, random));
        let bits = match shared.format {
            Format::Rfc1964(_) => 32,
            Format::Rfc4121(_) => 64,
        };
        let start = Start { sending: send_sequence.into(), receiving: receive_sequence.into() };
        let position = Position {
            sending: start.sending,
            receiving: Window::new(receive_sequence, flags, bits),
        };
        Session { shared, position, start }
    }

    /// Restores the state before the first message.
    pub fn reset(&mut self) {
        let Start { sending, receiving } = self.start;
        self.position =
            Position { sending, receiving: self.position.receiving.expecting(receiving) };
    }

    /// The sizes for `SECPKG_ATTR_SIZES`. `security_trailer` is the exact size for sealing, except
    /// that the frame of RC4 and triple DES grows by a few bytes with the message.
    pub fn sizes(&self) -> Sizes {
        let (signature, trailer, block) = each!(self.shared, keys => keys.sizes(&self.shared));
        Sizes {
            max_token: MAX_TOKEN,
            max_signature: signature as u32,
            block_size: block as u32,
            security_trailer: trailer as u32,
        }
    }

    /// The algorithms for `SECPKG_ATTR_KEY_INFO`: as in Windows, with its names and the numbers of
    /// RFC 3961's registries.
    pub fn key_info(&self) -> KeyInfo {
        let enctype = self.shared.key.enctype();
        let (encrypt_name, signature_name) = match enctype {
            Enctype::Des3Sha1 => ("Kerberos DES3-CBC-HMAC-SHA1-KD", "HMAC-SHA1"),
            Enctype::Aes128Sha1 => ("Kerberos AES128-CTS-HMAC-SHA1-96", "HMAC-SHA1-96"),
            Enctype::Aes256Sha1 => ("Kerberos AES256-CTS-HMAC-SHA1-96", "HMAC-SHA1-96"),
            Enctype::Aes128Sha256 => ("Kerberos AES128-CTS-HMAC-SHA256-128", "HMAC-SHA256-128"),
            Enctype::Aes256Sha384 => ("Kerberos AES256-CTS-HMAC-SHA384-192", "HMAC-SHA384-192"),
            Enctype::Rc4Hmac => ("RSADSI RC4-HMAC", "HMAC-MD5"),
        };
        KeyInfo {
            signature_name,
            encrypt_name,
            key_bits: enctype.key_length() as u32 * 8,
            signature_id: enctype.checksum_type() as u32,
            encrypt_id: enctype.number() as u32,
        }
    }

    /// The key for `SECPKG_ATTR_SESSION_KEY`: the one in use.
    pub fn session_key(&self) -> &[u8] {
        self.shared.key.bytes()
    }

    /// GSS_GetMIC: writes the MIC token of `parts` to the start of `token` and returns its length
    /// in bytes.
    ///
    /// Errors: `BufferTooSmall`.
    pub fn sign(&mut self, parts: &[&[u8]], _sequence: u32, token: &mut [u8]) -> Result<usize> {
        let length = each!(self.shared, keys => keys.sign(&self.shared, self.position.sending, parts, token))?;
        self.sent();
        Ok(length)
    }

    /// GSS_VerifyMIC. Bytes after the MIC in `token` are ignored.
    ///
    /// Errors: `InvalidToken`, `MessageAltered`; `OutOfSequence`, depending on the negotiated
    /// checks. None of them changes the state: the expected message can still be verified.
    pub fn verify(&mut self, parts: &[&[u8]], _sequence: u32, token: &[u8]) -> Result<()> {
        let number = each!(self.shared, keys => keys.verify(&self.shared, parts, token))?;
        self.position.receiving = self.position.receiving.after(number)?;
        Ok(())
    }

    /// The bytes of padding, each with that number as its value, that a message needs after
    /// `length` encrypted bytes: none with AES, and none in DCE style, where the caller pads; one
    /// with RC4, one to 8 with triple DES.
    ///
    /// Windows omits the padding if the caller has no buffer for it; peers that know this accept
    /// such messages.
    pub fn padding(&self, length: usize) -> usize {
        each!(self.shared, keys => keys.padding(&self.shared, length))
    }

    /// GSS_WrapEx ([MS-KILE] 3.4.5.4): encrypts the sealed `parts` in place, writes the rest of the
    /// Wrap token to the start of `token` and returns its length in bytes. The token followed by
    /// the encrypted parts is GSS_Wrap's token.
    ///
    /// Errors: `BufferTooSmall`; `InvalidParameter` for triple DES without whole blocks. Nothing is
    /// changed then.
    pub fn seal(
        &mut self,
        qop: Qop,
        parts: &mut [Part<'_>],
        _sequence: u32,
        token: &mut [u8],
    ) -> Result<usize> {
        let length = each!(self.shared, keys => keys.seal(&self.shared, self.position.sending, qop, parts, token))?;
        self.sent();
        Ok(length)
    }

    /// GSS_UnwrapEx ([MS-KILE] 3.4.5.5): decrypts and verifies a message in place. `token` holds
    /// the start of the Wrap token and the sealed parts its rest, in any rotation. Bytes after the
    /// start of the Wrap token in `token` are ignored.
    ///
    /// Errors: as for [`Session::verify`]. The state is not changed then, but the contents of the
    /// parts are undefined.
    pub fn unseal(&mut self, parts: &mut [Part<'_>], _sequence: u32, token: &[u8]) -> Result<Qop> {
        let received = each!(self.shared, keys => keys.unseal(&self.shared, parts, token))?;
        self.position.receiving = self.position.receiving.after(received.number)?;
        Ok(received.qop)
    }

    /// GSS_Unwrap in place: returns the range of the message in `stream`, a whole Wrap token.
    ///
    /// Errors: as [`Session::unseal`].
    pub fn unseal_stream(
        &mut self,
        stream: &mut [u8],
        _sequence: u32,
    ) -> Result<(Qop, Range<usize>)> {
        let (received, plain) =
            each!(self.shared, keys => keys.unseal_stream(&self.shared, stream))?;
        self.position.receiving = self.position.receiving.after(received.number)?;
        Ok((received.qop, plain))
    }

    /// Makes SPNEGO's mechListMIC over the DER of the mechanism list: an ordinary MIC token, with a
    /// sequence number.
    pub fn make_mech_list_mic(&mut self, mech_types: &[u8]) -> Result<Vec<u8>> {
        let mut mic = vec![0; self.sizes().max_signature as usize];
        let length = self.sign(&[mech_types], 0, &mut mic)?;
        mic.truncate(length);
        self.start.sending = self.position.sending;
        Ok(mic)
    }

    /// Checks the peer's mechListMIC, in constant time. A wrong one does not change the state.
    ///
    /// Errors: `MessageAltered`; `InvalidToken` for data that is not a MIC token.
    pub fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<()> {
        self.verify(&[mech_types], 0, mic).map_err(|error| match error {
            Error::OutOfSequence => {
                Error::MessageAltered("mechListMIC is not the expected message")
            }
            other => other,
        })?;
        self.start.receiving = self.position.receiving.next();
        Ok(())
    }

    /// Counts a sent message.
    fn sent(&mut self) {
        self.position.sending = self.position.sending.wrapping_add(1);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("key", &self.shared.key)
            .field("side", &self.shared.side)
            .finish_non_exhaustive()
    }
}

/// The part of the caller's token buffer that is needed.
fn token_buffer(token: &mut [u8], needed: usize) -> Result<&mut [u8]> {
    token.get_mut(..needed).ok_or(Error::BufferTooSmall { needed })
}

/// Reborrows `parts`, to combine them with others in a list.
fn reborrow<'a>(parts: &'a mut [Part<'_>]) -> impl Iterator<Item = Part<'a>> {
    parts.iter_mut().map(|part| Part { data: &mut *part.data, seal: part.seal })
}

/// The token ends before everything that SSPI keeps in its token buffer. A message split elsewhere
/// cannot be reassembled.
const SHORT: Error = Error::InvalidToken("a truncated message token");
