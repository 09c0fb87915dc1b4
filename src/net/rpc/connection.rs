//! One association: a TCP connection, bound to one interface.

use super::pdu::{self, CALL_HEADER, HEADER, Header, SECURITY_TRAILER, SecurityTrailer, kind};
use super::{RpcError, Syntax};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How the messages of an association are protected: by encryption and signature,
/// RPC_C_AUTHN_LEVEL_PKT_PRIVACY.
pub trait Protection: Send {
    /// auth_type: the security provider's number.
    fn auth_type(&self) -> u8;
    /// The token of the bind.
    fn bind_token(&self) -> Vec<u8>;
    /// Processes the token of the server's answer to the bind.
    fn bound(&mut self, token: &[u8]) -> Result<(), RpcError>;
    /// The length of each message's token.
    fn token_length(&self) -> usize;
    /// Encrypts `data`, and appends its token to `token`.
    fn seal(&mut self, data: &mut [u8], token: &mut Vec<u8>) -> Result<(), RpcError>;
    /// Decrypts `data` and verifies its token.
    fn unseal(&mut self, data: &mut [u8], token: &[u8]) -> Result<(), RpcError>;
}

/// RPC_C_AUTHN_LEVEL_PKT_PRIVACY
const PRIVACY: u8 = 6;

/// Requests and responses are padded to a multiple of this before their token ([MS-RPCE] 2.2.2.11).
const PADDING: usize = 16;

/// Checks the length of a response's padding, which is not under the seal: it must not take away
/// more than the alignment can need. Fragments before the last carry a multiple of [`PADDING`], as
/// Windows and Samba send them, so nobody can cut something out of the middle.
fn check_padding(padding: usize, last: bool) -> Result<(), RpcError> {
    match padding {
        0 => Ok(()),
        1..PADDING if last => Ok(()),
        _ => Err(RpcError::Altered("more padding than alignment needs")),
    }
}

/// The longest results accepted. A logon's are some kilobytes; a thousand groups add about ten
/// thousand bytes.
const LONGEST: usize = 1 << 19;

/// An association.
pub struct Connection {
    stream: TcpStream,
    call: u32,
    they_receive: u16,
    protection: Option<Box<dyn Protection>>,
}

impl Connection {
    /// Connects and binds to `interface`.
    pub fn open(
        address: SocketAddr,
        interface: &Syntax,
        protection: Option<Box<dyn Protection>>,
        deadline: Instant,
    ) -> Result<Connection, RpcError> {
        let stream = TcpStream::connect_timeout(&address, left(deadline)?).map_err(|error| {
            match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => RpcError::TimedOut,
                kind => RpcError::Unreachable(kind),
            }
        })?;
        // Each message is written whole and then answered.
        let _ = stream.set_nodelay(true);
        let mut connection =
            Connection { stream, call: 1, they_receive: pdu::WE_RECEIVE, protection };
        connection.bind(interface, deadline)?;
        Ok(connection)
    }

    /// Makes a call and returns its results, decrypted. After any error but a [`RpcError::Fault`]
    /// the connection cannot be used again.
    pub fn call(
        &mut self,
        operation: u16,
        arguments: &[u8],
        deadline: Instant,
    ) -> Result<Zeroizing<Vec<u8>>, RpcError> {
        self.call = self.call.wrapping_add(1);
        self.send_request(operation, arguments, deadline)?;
        self.receive_response(deadline)
    }

    /// The connection is open, and no data is pending.
    pub fn is_idle(&self) -> bool {
        let peeked = self.stream.set_nonblocking(true).and_then(|()| self.stream.peek(&mut [0]));
        let blocking = self.stream.set_nonblocking(false);
        blocking.is_ok()
            && matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    fn bind(&mut self, interface: &Syntax, deadline: Instant) -> Result<(), RpcError> {
        let mut message = pdu::begin(kind::BIND, pdu::FIRST | pdu::LAST, self.call);
        pdu::put_bind(&mut message, interface);
        let mut token_length = 0;
        if let Some(protection) = &self.protection {
            let trailer = SecurityTrailer {
                auth_type: protection.auth_type(),
                level: PRIVACY,
                padding: 0,
                context: 0,
            };
            let token = protection.bind_token();
            message.extend(trailer.bytes());
            message.extend(&token);
            token_length = token.len();
        }
        pdu::finish(&mut message, token_length)?;
        self.write(&message, deadline)?;
        let (header, mut body) = self.read(deadline)?;
        match header.kind {
            kind::BIND_ACK => {}
            kind::BIND_NAK => return Err(pdu::parse_bind_nak(&body)),
            kind::FAULT => return Err(pdu::parse_fault(&body)),
            _ => return Err(RpcError::Malformed("the answer to a bind is another message")),
        }
        if header.flags & (pdu::FIRST | pdu::LAST) != pdu::FIRST | pdu::LAST {
            return Err(RpcError::Malformed("a bind_ack in fragments"));
        }
        if let Some(protection) = &mut self.protection {
            let (rest, _, token) = split_token(&mut body, &header, &**protection)?;
            protection.bound(token)?;
            self.they_receive = pdu::parse_bind_ack(rest)?;
        } else if header.token_length != 0 {
            return Err(RpcError::Malformed("a token where none was agreed on"));
        } else {
            self.they_receive = pdu::parse_bind_ack(&body)?;
        }
        Ok(())
    }

    fn send_request(
        &mut self,
        operation: u16,
        arguments: &[u8],
        deadline: Instant,
    ) -> Result<(), RpcError> {
        let token_length =
            self.protection.as_ref().map_or(0, |protection| protection.token_length());
        let trailer = if token_length == 0 { 0 } else { SECURITY_TRAILER + token_length };
        // A multiple of the padding, so that only the last fragment has any.
        let room = (usize::from(self.they_receive) - CALL_HEADER - trailer) / PADDING * PADDING;
        let mut rest = arguments;
        let mut flags = pdu::FIRST;
        loop {
            let (part, after) = rest.split_at(rest.len().min(room));
            if after.is_empty() {
                flags |= pdu::LAST;
            }
            let mut message = pdu::begin(kind::REQUEST, flags, self.call);
            message.extend((rest.len() as u32).to_le_bytes());
            // The presentation context 0.
            message.extend([0; 2]);
            message.extend(operation.to_le_bytes());
            let mut message = Zeroizing::new(message);
            message.reserve_exact(part.len() + PADDING + trailer);
            message.extend_from_slice(part);
            if let Some(protection) = &mut self.protection {
                let padding = part.len().next_multiple_of(PADDING) - part.len();
                let length = message.len() + padding;
                message.resize(length, 0);
                let mut token = Vec::with_capacity(token_length);
                protection.seal(&mut message[CALL_HEADER..], &mut token)?;
                let auth_type = protection.auth_type();
                message.extend(
                    SecurityTrailer {
                        auth_type,
                        level: PRIVACY,
                        padding: padding as u8,
                        context: 0,
                    }
                    .bytes(),
                );
                message.extend(&token);
            }
            pdu::finish(&mut message, token_length)?;
            self.write(&message, deadline)?;
            if after.is_empty() {
                return Ok(());
            }
            (rest, flags) = (after, 0);
        }
    }

    fn receive_response(&mut self, deadline: Instant) -> Result<Zeroizing<Vec<u8>>, RpcError> {
        let mut results = Zeroizing::new(Vec::new());
        let mut first = true;
        loop {
            let (header, mut body) = self.read(deadline)?;
            if header.call != self.call {
                return Err(RpcError::Malformed("the answer to another call"));
            }
            match header.kind {
                kind::RESPONSE => {}
                kind::FAULT => return Err(pdu::parse_fault(&body)),
                _ => return Err(RpcError::Malformed("the answer to a request is another message")),
            }
            if (header.flags & pdu::FIRST != 0) != first {
                return Err(RpcError::Malformed("fragments out of order"));
            }
            let last = header.flags & pdu::LAST != 0;
            let part: &[u8] = match &mut self.protection {
                Some(protection) => {
                    let (rest, trailer, token) = split_token(&mut body, &header, &**protection)?;
                    check_padding(usize::from(trailer.padding), last)?;
                    let part = rest
                        .get_mut(CALL_HEADER - HEADER..)
                        .ok_or(RpcError::Malformed("cut short"))?;
                    protection.unseal(part, token)?;
                    let length = part.len().checked_sub(usize::from(trailer.padding));
                    length
                        .and_then(|length| part.get(..length))
                        .ok_or(RpcError::Malformed("more padding than there is"))?
                }
                None if header.token_length != 0 => {
                    return Err(RpcError::Malformed("a token where none was agreed on"));
                }
                None => body.get(CALL_HEADER - HEADER..).ok_or(RpcError::Malformed("cut short"))?,
            };
            // Empty fragments could continue for ever.
            if part.is_empty() && !last {
                return Err(RpcError::Malformed("an empty fragment"));
            }
            if results.len() + part.len() > LONGEST {
                return Err(RpcError::Malformed("longer than any answer"));
            }
            append(&mut results, part);
            if last {
                return Ok(results);
            }
            first = false;
        }
    }

    fn write(&mut self, message: &[u8], deadline: Instant) -> Result<(), RpcError> {
        let mut rest = message;
        while !rest.is_empty() {
            self.stream.set_write_timeout(Some(left(deadline)?)).map_err(gone)?;
            match self.stream.write(rest) {
                Ok(0) => return Err(RpcError::Closed),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(gone(error)),
            }
        }
        Ok(())
    }

    /// Reads one message: its header and body.
    fn read(&mut self, deadline: Instant) -> Result<(Header, Zeroizing<Vec<u8>>), RpcError> {
        let mut header = [0; HEADER];
        self.read_exact(&mut header, deadline)?;
        let header = Header::parse(&header)?;
        let mut body = Zeroizing::new(vec![0; usize::from(header.length) - HEADER]);
        self.read_exact(&mut body, deadline)?;
        if matches!(header.kind, kind::REQUEST | kind::BIND) || header.flags & pdu::OBJECT != 0 {
            return Err(RpcError::Malformed("a client's message"));
        }
        Ok((header, body))
    }

    fn read_exact(&mut self, into: &mut [u8], deadline: Instant) -> Result<(), RpcError> {
        let mut filled = 0;
        while filled < into.len() {
            self.stream.set_read_timeout(Some(left(deadline)?)).map_err(gone)?;
            match self.stream.read(&mut into[filled..]) {
                Ok(0) => return Err(RpcError::Closed),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(gone(error)),
            }
        }
        Ok(())
    }
}

/// A message's body without its token, the trailer before that, and the token.
fn split_token<'a>(
    body: &'a mut [u8],
    header: &Header,
    protection: &dyn Protection,
) -> Result<(&'a mut [u8], SecurityTrailer, &'a [u8]), RpcError> {
    const NO_TOKEN: RpcError = RpcError::Altered("no token");
    let at = body
        .len()
        .checked_sub(usize::from(header.token_length) + SECURITY_TRAILER)
        .ok_or(NO_TOKEN)?;
    let (rest, end) = body.split_at_mut(at);
    let (trailer, token) = end.split_first_chunk().ok_or(NO_TOKEN)?;
    let trailer = SecurityTrailer::parse(trailer);
    if trailer.auth_type != protection.auth_type()
        || trailer.level != PRIVACY
        || trailer.context != 0
        || token.is_empty()
    {
        return Err(NO_TOKEN);
    }
    Ok((rest, trailer, token))
}

/// Appends; if the buffer has to be reallocated, the old one is erased.
fn append(to: &mut Zeroizing<Vec<u8>>, part: &[u8]) {
    if to.capacity() - to.len() < part.len() {
        let mut longer =
            Zeroizing::new(Vec::with_capacity((to.len() + part.len()).next_power_of_two()));
        longer.extend_from_slice(to);
        *to = longer;
    }
    to.extend_from_slice(part);
}

/// The time left.
fn left(deadline: Instant) -> Result<Duration, RpcError> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(RpcError::TimedOut),
        // Some systems take a shorter timeout for none.
        left => Ok(left.max(Duration::from_millis(1))),
    }
}

fn gone(error: io::Error) -> RpcError {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => RpcError::TimedOut,
        _ => RpcError::Closed,
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("stream", &self.stream).finish_non_exhaustive()
    }
}
