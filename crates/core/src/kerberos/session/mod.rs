//! An established context's messages: RFC 4121 4.2 for AES, the older RFC 1964 tokens for RC4 (RFC
//! 4757 7) and triple DES, both in the buffers of SSPI ([MS-KILE] 3.4.5.4 to 3.4.5.7).

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

/// Longest token of the authentication that Windows makes, in bytes: its default `MaxTokenSize`.
const MAX_TOKEN: u32 = 48_000;

/// The side of the conversation that this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The client's.
    Initiator,
    /// The server's.
    Acceptor,
}

/// What the AP exchange agreed on.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Whose session this is.
    pub side: Side,
    /// The key in effect: the acceptor's sub-key, else the initiator's, else the ticket's session
    /// key.
    pub key: Key,
    /// It is the acceptor's sub-key.
    pub acceptor_subkey: bool,
    /// Number of the first message that we send.
    pub send_sequence: u32,
    /// Number of the first message that the peer sends.
    pub receive_sequence: u32,
    /// What was granted; REPLAY_DETECT and SEQUENCE_DETECT matter.
    pub flags: ContextFlags,
    /// Messages are laid out for DCE RPC.
    pub dce_style: bool,
    /// Where the confounders of messages come from.
    pub random: &'static dyn SecureRandom,
}

/// The keys and counters of an established context.
///
/// What it needs is derived when first needed, and shared by copies.
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
    position: Position,
    start: Start,
}

/// The numbers of the first messages.
#[derive(Clone, Copy)]
struct Start {
    sending: u64,
    receiving: u64,
}

/// What messages change.
#[derive(Clone, Copy)]
struct Position {
    /// Number of the next message that goes out.
    sending: u64,
    receiving: Window,
}

/// What messages do not change.
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

/// How messages look, and the keys for it.
enum Format {
    Rfc4121(rfc4121::Keys),
    Rfc1964(rfc1964::Keys),
}

/// Calls the same function of whichever format this is.
macro_rules! each {
    ($shared:expr, $keys:ident => $call:expr) => {
        match &$shared.format {
            Format::Rfc4121($keys) => $call,
            Format::Rfc1964($keys) => $call,
        }
    };
}

/// More parts than that are rare.
const FEW: usize = 8;
type Parts<'a> = SmallVec<[Part<'a>; FEW]>;
type Slices<'a> = SmallVec<[&'a [u8]; FEW]>;

/// A message that was checked.
struct Received {
    qop: Qop,
    number: u64,
}

impl Session {
    /// A context with this key, before its first message.
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

    /// Goes back to where it was when the first message was due.
    pub fn reset(&mut self) {
        let Start { sending, receiving } = self.start;
        self.position =
            Position { sending, receiving: self.position.receiving.awaiting(receiving) };
    }

    /// `SECPKG_ATTR_SIZES`. `security_trailer` is what sealing takes, to the byte, except that
    /// RC4's and triple DES's frame grows by a few bytes with the message.
    pub fn sizes(&self) -> Sizes {
        let (signature, trailer, block) = each!(self.shared, keys => keys.sizes(&self.shared));
        Sizes {
            max_token: MAX_TOKEN,
            max_signature: signature as u32,
            block_size: block as u32,
            security_trailer: trailer as u32,
        }
    }

    /// `SECPKG_ATTR_KEY_INFO`, with Windows' names, and the numbers of RFC 3961's registries, as
    /// Windows has them.
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

    /// `SECPKG_ATTR_SESSION_KEY`: the key in effect.
    pub fn session_key(&self) -> &[u8] {
        self.shared.key.bytes()
    }

    /// GSS_GetMIC: writes the MIC token of `parts` to the front of `token` and tells its length.
    ///
    /// Errors: `BufferTooSmall`.
    pub fn sign(&mut self, parts: &[&[u8]], _sequence: u32, token: &mut [u8]) -> Result<usize> {
        let length = each!(self.shared, keys => keys.sign(&self.shared, self.position.sending, parts, token))?;
        self.sent();
        Ok(length)
    }

    /// GSS_VerifyMIC. What follows the MIC in `token` does not count.
    ///
    /// Errors: `InvalidToken`, `MessageAltered`; `OutOfSequence` according to what was negotiated.
    /// The message that is due can still be checked then.
    pub fn verify(&mut self, parts: &[&[u8]], _sequence: u32, token: &[u8]) -> Result<()> {
        let number = each!(self.shared, keys => keys.verify(&self.shared, parts, token))?;
        self.position.receiving = self.position.receiving.after(number)?;
        Ok(())
    }

    /// Bytes of padding that a message needs behind its `length` encrypted bytes, each with that
    /// number as its value: none with AES and none in DCE style, where the caller pads; one with
    /// RC4, up to 8 with triple DES.
    ///
    /// Windows leaves them away where the caller has no buffer for them; peers that know of that
    /// take the message.
    pub fn padding(&self, length: usize) -> usize {
        each!(self.shared, keys => keys.padding(&self.shared, length))
    }

    /// GSS_WrapEx ([MS-KILE] 3.4.5.4): encrypts in place those of `parts` that are to be, writes
    /// the rest of the Wrap token to the front of `token` and tells its length. The token followed
    /// by the encrypted parts is what GSS_Wrap would have made.
    ///
    /// Errors: `BufferTooSmall`; `InvalidParameter` for triple DES and no whole blocks. Nothing has
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

    /// GSS_UnwrapEx ([MS-KILE] 3.4.5.5): decrypts in place and checks a message of which `token` is
    /// the front and the encrypted parts are the rest, wherever its sender has rotated it to. What
    /// follows the front in `token` does not count.
    ///
    /// Errors: as [`Session::verify`]; the context has not moved then, but the parts may hold bytes
    /// that mean nothing.
    pub fn unseal(&mut self, parts: &mut [Part<'_>], _sequence: u32, token: &[u8]) -> Result<Qop> {
        let received = each!(self.shared, keys => keys.unseal(&self.shared, parts, token))?;
        self.position.receiving = self.position.receiving.after(received.number)?;
        Ok(received.qop)
    }

    /// GSS_Unwrap, in place: tells where in `stream`, one whole Wrap token, its message lies now.
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

    /// SPNEGO's mechListMIC over the DER of the mechanism list: a message's MIC like any other,
    /// which takes a sequence number.
    pub fn make_mech_list_mic(&mut self, mech_types: &[u8]) -> Result<Vec<u8>> {
        let mut mic = vec![0; self.sizes().max_signature as usize];
        let length = self.sign(&[mech_types], 0, &mut mic)?;
        mic.truncate(length);
        self.start.sending = self.position.sending;
        Ok(mic)
    }

    /// Checks the peer's mechListMIC, in constant time. A wrong one moves nothing.
    ///
    /// Errors: `MessageAltered`, `InvalidToken` for one that is no MIC token.
    pub fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<()> {
        self.verify(&[mech_types], 0, mic).map_err(|error| match error {
            Error::OutOfSequence => {
                Error::MessageAltered("mechListMIC is not the message that is due")
            }
            other => other,
        })?;
        self.start.receiving = self.position.receiving.next();
        Ok(())
    }

    /// A message was made.
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

/// The front of the caller's token buffer.
fn room(token: &mut [u8], needed: usize) -> Result<&mut [u8]> {
    token.get_mut(..needed).ok_or(Error::BufferTooSmall { needed })
}

/// Parts that are the same memory as `parts`, for a list with others.
fn again<'a>(parts: &'a mut [Part<'_>]) -> impl Iterator<Item = Part<'a>> {
    parts.iter_mut().map(|part| Part { data: &mut *part.data, seal: part.seal })
}

/// Where the front of a message was split from its rest: one that lies elsewhere cannot be put
/// together again.
const SHORT: Error = Error::InvalidToken("a message's token cut short");
