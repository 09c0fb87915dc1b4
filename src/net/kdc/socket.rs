//! A request under way to one address.

use crate::platform::poll::Waiting;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// The longest reply over TCP, in bytes. A ticket with a large PAC has less than 64 KiB.
const LARGEST: usize = 1 << 20;
/// The longest datagram.
const DATAGRAM: usize = 1 << 16;
/// Bytes of a reply over TCP that are read at once.
const CHUNK: usize = 1 << 14;

/// A socket over which the request has been sent.
#[derive(Debug)]
pub(super) enum Socket {
    /// It receives from the address asked alone.
    Udp(UdpSocket),
    /// A connection, and what of the reply has come.
    Tcp(TcpStream, Vec<u8>),
}

impl Socket {
    /// Sends a datagram.
    pub(super) fn by_udp(address: SocketAddr, request: &[u8]) -> io::Result<Socket> {
        let any: SocketAddr =
            if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
        let socket = UdpSocket::bind(any)?;
        socket.connect(address)?;
        socket.set_nonblocking(true)?;
        socket.send(request)?;
        Ok(Socket::Udp(socket))
    }

    /// Connects until then, and sends the request after its length (RFC 4120 7.2.2).
    pub(super) fn by_tcp(
        address: SocketAddr,
        request: &[u8],
        until: Instant,
    ) -> io::Result<Socket> {
        let length = u32::try_from(request.len()).map_err(|_| ErrorKind::InvalidInput)?;
        let mut stream = TcpStream::connect_timeout(&address, left(until)?)?;
        let _ = stream.set_nodelay(true);
        let message = [&length.to_be_bytes(), request].concat();
        let mut rest = message.as_slice();
        while !rest.is_empty() {
            stream.set_write_timeout(Some(left(until)?))?;
            match stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        stream.set_nonblocking(true)?;
        Ok(Socket::Tcp(stream, Vec::new()))
    }

    /// Sends the request once more. Over a connection that is not needed.
    pub(super) fn repeat(&self, request: &[u8]) {
        if let Socket::Udp(socket) = self {
            let _ = socket.send(request);
        }
    }

    pub(super) fn is_udp(&self) -> bool {
        matches!(self, Socket::Udp(_))
    }

    /// To wait for it.
    pub(super) fn waiting(&self) -> Waiting<'_> {
        match self {
            Socket::Udp(socket) => Waiting::Udp(socket),
            Socket::Tcp(stream, _) => Waiting::Tcp(stream),
        }
    }

    /// Takes what has come: a whole reply, or nothing as yet. After an error nothing more will come.
    pub(super) fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        let result = match self {
            Socket::Udp(socket) => {
                let mut bytes = vec![0; DATAGRAM];
                socket.recv(&mut bytes).map(|length| {
                    bytes.truncate(length);
                    Some(bytes)
                })
            }
            Socket::Tcp(stream, received) => receive(stream, received),
        };
        match result {
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                Ok(None)
            }
            result => result,
        }
    }
}

/// Reads a reply after its length. Memory is taken as bytes come, not by the length.
fn receive(from: &mut impl Read, received: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let mut chunk = [0; CHUNK];
    loop {
        let read = match from.read(&mut chunk)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            read => read,
        };
        received.extend(chunk.get(..read).unwrap_or_default());
        let Some((length, reply)) = received.split_first_chunk() else { continue };
        let length = u32::from_be_bytes(*length) as usize;
        if length > LARGEST {
            return Err(ErrorKind::InvalidData.into());
        }
        if let Some(reply) = reply.get(..length) {
            return Ok(Some(reply.to_vec()));
        }
    }
}

/// The time until then, for calls that take no zero.
///
/// Errors: `TimedOut` if none is left.
pub(super) fn left(until: Instant) -> io::Result<Duration> {
    match until.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ErrorKind::TimedOut.into()),
        left => Ok(left.max(Duration::from_millis(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_in_pieces() {
        let mut received = Vec::new();
        let mut read = |mut bytes: &[u8]| receive(&mut bytes, &mut received);
        // The pieces end, where a socket would block.
        assert!(read(&[0, 0]).is_err());
        assert!(read(&[0, 3, b'a']).is_err());
        assert_eq!(read(b"bcd").unwrap().unwrap(), b"abc");
    }

    #[test]
    fn no_more_than_the_largest() {
        for length in [LARGEST as u32 + 1, u32::MAX] {
            let error = receive(&mut length.to_be_bytes().as_slice(), &mut Vec::new());
            assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidData);
        }
    }
}
