//! Messages (PDUs), [C706] 12.6 and [MS-RPCE] 2.2.2: each is one fragment.

use super::{RpcError, Syntax};

/// Length of the common header.
pub(crate) const HEADER: usize = 16;
/// Length of a request's or response's header.
pub(crate) const CALL_HEADER: usize = HEADER + 8;
/// Length of the trailer before an authentication token.
pub(crate) const SECURITY_TRAILER: usize = 8;
/// What each side must be able to receive ([C706] 12.6.3.1, MustRecvFragSize).
const MUST_RECEIVE: u16 = 1432;
/// The fragment length that this side receives.
pub(crate) const WE_RECEIVE: u16 = 5840;

/// The kinds of message.
pub(crate) mod kind {
    pub(crate) const REQUEST: u8 = 0;
    pub(crate) const RESPONSE: u8 = 2;
    pub(crate) const FAULT: u8 = 3;
    pub(crate) const BIND: u8 = 11;
    pub(crate) const BIND_ACK: u8 = 12;
    pub(crate) const BIND_NAK: u8 = 13;
}

/// pfc_flags: PFC_FIRST_FRAG, PFC_LAST_FRAG, PFC_OBJECT_UUID.
pub(crate) const FIRST: u8 = 1;
pub(crate) const LAST: u8 = 2;
pub(crate) const OBJECT: u8 = 0x80;

/// The common header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    /// Of the whole message.
    pub(crate) length: u16,
    /// Of the authentication token.
    pub(crate) token_length: u16,
    pub(crate) call: u32,
}

impl Header {
    /// Reads it and checks that the message can be received.
    pub(crate) fn parse(bytes: &[u8; HEADER]) -> Result<Header, RpcError> {
        let &[version, minor, kind, flags, integers, floats, _, _, l0, l1, t0, t1, c0, c1, c2, c3] =
            bytes;
        if version != 5 || minor > 1 {
            return Err(RpcError::Malformed("not RPC version 5"));
        }
        // Little-endian integers, ASCII, IEEE floating point ([C706] 14.1).
        if integers != 0x10 || floats != 0 {
            return Err(RpcError::Malformed("an unsupported data representation"));
        }
        let header = Header {
            kind,
            flags,
            length: u16::from_le_bytes([l0, l1]),
            token_length: u16::from_le_bytes([t0, t1]),
            call: u32::from_le_bytes([c0, c1, c2, c3]),
        };
        if usize::from(header.length) < HEADER || header.length > WE_RECEIVE {
            return Err(RpcError::Malformed("a fragment of a length that was not agreed on"));
        }
        Ok(header)
    }
}

/// Begins a message; [`finish`] fills in its lengths.
pub(crate) fn begin(kind: u8, flags: u8, call: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend([5, 0, kind, flags, 0x10, 0, 0, 0, 0, 0, 0, 0]);
    out.extend(call.to_le_bytes());
    out
}

/// Fills in the lengths of a message with an authentication token of that length.
pub(crate) fn finish(out: &mut [u8], token_length: usize) -> Result<(), RpcError> {
    let length = u16::try_from(out.len()).map_err(|_| RpcError::Local("a fragment is too long"))?;
    out[8..10].copy_from_slice(&length.to_le_bytes());
    out[10..12].copy_from_slice(&(token_length as u16).to_le_bytes());
    Ok(())
}

/// sec_trailer, [MS-RPCE] 2.2.2.11.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecurityTrailer {
    pub(crate) auth_type: u8,
    pub(crate) level: u8,
    pub(crate) padding: u8,
    pub(crate) context: u32,
}

impl SecurityTrailer {
    pub(crate) fn bytes(self) -> [u8; SECURITY_TRAILER] {
        let [a, b, c, d] = self.context.to_le_bytes();
        [self.auth_type, self.level, self.padding, 0, a, b, c, d]
    }

    pub(crate) fn parse(bytes: &[u8; SECURITY_TRAILER]) -> SecurityTrailer {
        let &[auth_type, level, padding, _, a, b, c, d] = bytes;
        SecurityTrailer { auth_type, level, padding, context: u32::from_le_bytes([a, b, c, d]) }
    }
}

fn put_syntax(out: &mut Vec<u8>, syntax: &Syntax) {
    out.extend(syntax.uuid);
    out.extend(syntax.major.to_le_bytes());
    out.extend(syntax.minor.to_le_bytes());
}

/// A bind's body: one presentation context, with NDR.
pub(crate) fn put_bind(out: &mut Vec<u8>, interface: &Syntax) {
    out.extend(WE_RECEIVE.to_le_bytes());
    out.extend(WE_RECEIVE.to_le_bytes());
    // A new association group.
    out.extend([0; 4]);
    // One context, number 0, with one transfer syntax.
    out.extend([1, 0, 0, 0, 0, 0, 1, 0]);
    put_syntax(out, interface);
    put_syntax(out, &Syntax::NDR);
}

const CUT: RpcError = RpcError::Malformed("cut short");

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, RpcError> {
    let two = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(CUT)?;
    Ok(u16::from_le_bytes(*two))
}

/// Reads a bind_ack's body and returns the longest fragment that the server receives.
pub(crate) fn parse_bind_ack(body: &[u8]) -> Result<u16, RpcError> {
    let they_receive = u16_at(body, 2)?;
    let address_length = usize::from(u16_at(body, 8)?);
    // The results are aligned to four bytes from the message's start; HEADER is a multiple of four.
    let results = (10 + address_length).next_multiple_of(4);
    if body.get(results) != Some(&1) {
        return Err(RpcError::Malformed("a bind_ack with other than one result"));
    }
    let (result, reason) = (u16_at(body, results + 4)?, u16_at(body, results + 6)?);
    let syntax = body.get(results + 8..results + 28).ok_or(CUT)?;
    if result != 0 {
        return Err(RpcError::BindRefused(reason));
    }
    let mut ndr = Vec::with_capacity(20);
    put_syntax(&mut ndr, &Syntax::NDR);
    if syntax != ndr {
        return Err(RpcError::Malformed("a transfer syntax that was not offered"));
    }
    if they_receive < MUST_RECEIVE {
        return Err(RpcError::Malformed("the server receives shorter fragments than it must"));
    }
    Ok(they_receive.min(WE_RECEIVE))
}

/// Reads a bind_nak's body: the reason.
pub(crate) fn parse_bind_nak(body: &[u8]) -> RpcError {
    u16_at(body, 0).map_or_else(|error| error, RpcError::BindRefused)
}

/// Reads a fault's body, from alloc_hint on: its status.
pub(crate) fn parse_fault(body: &[u8]) -> RpcError {
    match body.get(8..).and_then(|rest| rest.first_chunk()) {
        Some(status) => RpcError::Fault(u32::from_le_bytes(*status)),
        None => CUT,
    }
}
