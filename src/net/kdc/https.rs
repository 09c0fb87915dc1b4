//! KDC proxies, [MS-KKDCP]: a message in the body of an HTTP request over TLS.
//!
//! The system's trusted certificates decide, or those that the configuration names. A proxy sees
//! what a KDC sees, and cannot do more than one: the exchange trusts neither.

use super::socket::left;
use crate::kerberos::message::KdcProxyMessage;
use crate::platform::files;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_platform_verifier::BuilderVerifierExt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// The longest answer, in bytes.
const LARGEST: usize = 1 << 20;
/// The longest header of an answer.
const LARGEST_HEADER: usize = 1 << 14;
/// The most files of a folder of certificates.
const MOST_ANCHORS: usize = 1024;

/// Where a proxy is.
#[derive(Clone, Copy)]
pub(super) struct Url<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) path: &'a str,
}

/// Sends a request for a KDC of `realm` through the proxy at `address`, and returns the reply. The
/// error is one line.
pub(super) fn ask(
    address: SocketAddr,
    url: Url<'_>,
    anchors: &[String],
    realm: &str,
    request: &[u8],
    until: Instant,
) -> Result<Vec<u8>, String> {
    let config = configuration(anchors)?;
    let name = ServerName::try_from(url.host.to_owned()).map_err(|error| error.to_string())?;
    let connection =
        ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    let message = KdcProxyMessage {
        kerb_message: request,
        target_domain: Some(realm.as_bytes()),
        dclocator_hint: None,
    };
    let exchange = || {
        let stream = TcpStream::connect_timeout(&address, left(until)?)?;
        let _ = stream.set_nodelay(true);
        let mut stream = StreamOwned::new(connection, Timed { stream, until });
        stream.write_all(&post(url, &message.encode()))?;
        stream.flush()?;
        body(&mut stream)
    };
    let body = exchange().map_err(|error| error.to_string())?;
    let reply = KdcProxyMessage::decode(&body).map_err(|error| error.to_string())?;
    Ok(reply.kerb_message.to_vec())
}

fn configuration(anchors: &[String]) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = if anchors.is_empty() {
        builder.with_platform_verifier().map_err(|error| error.to_string())?
    } else {
        builder.with_root_certificates(roots(anchors)?)
    };
    Ok(builder.with_no_client_auth())
}

/// The certificates at these places, `FILE:path` and `DIR:path`.
fn roots(anchors: &[String]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for anchor in anchors {
        let paths = match anchor.split_once(':') {
            Some(("FILE", path)) => vec![PathBuf::from(path)],
            Some(("DIR", path)) => in_folder(Path::new(path))?,
            _ => return Err(format!("http_anchors: {anchor}: neither FILE: nor DIR:")),
        };
        for path in paths {
            let content =
                files::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            for certificate in CertificateDer::pem_slice_iter(&content.bytes) {
                let certificate =
                    certificate.map_err(|error| format!("{}: {error:?}", path.display()))?;
                roots.add(certificate).map_err(|error| format!("{}: {error}", path.display()))?;
            }
        }
    }
    match roots.is_empty() {
        true => Err("http_anchors: no certificate".to_owned()),
        false => Ok(roots),
    }
}

fn in_folder(path: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = path.read_dir().map_err(|error| format!("{}: {error}", path.display()))?;
    let paths = entries.take(MOST_ANCHORS).filter_map(|entry| entry.ok().map(|e| e.path()));
    Ok(paths.filter(|path| path.is_file()).collect())
}

/// The request. By HTTP/1.0, so that the answer comes in one piece and ends with the connection.
fn post(url: Url<'_>, message: &[u8]) -> Vec<u8> {
    let Url { host, port, path } = url;
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let header = format!(
        "POST {path} HTTP/1.0\r\nHost: {host}:{port}\r\nCache-Control: no-cache\r\n\
         Pragma: no-cache\r\nUser-Agent: kerberos/1.0\r\nContent-type: application/kerberos\r\n\
         Content-Length: {}\r\n\r\n",
        message.len()
    );
    [header.as_bytes(), message].concat()
}

/// The body of an answer with status 200. Memory is taken as bytes come.
fn body(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    let mut header = None;
    loop {
        let read = match from.read(&mut chunk) {
            Ok(read) => read,
            // The message tells its own length, and cannot be cut short.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
            Err(error) => return Err(error),
        };
        answer.extend(chunk.get(..read).unwrap_or_default());
        if header.is_none() {
            header = parse_header(&answer)?;
        }
        match header {
            None if read == 0 || answer.len() > LARGEST_HEADER => {
                return Err(io::Error::new(ErrorKind::InvalidData, "not an answer of HTTP"));
            }
            Some((start, length)) => {
                let body = answer.get(start..).unwrap_or_default();
                match length {
                    Some(length) if body.len() >= length => {
                        return Ok(body.get(..length).unwrap_or_default().to_vec());
                    }
                    _ if read == 0 => return Ok(body.to_vec()),
                    _ if answer.len() > LARGEST => {
                        return Err(io::Error::new(ErrorKind::InvalidData, "too long an answer"));
                    }
                    _ => {}
                }
            }
            None => {}
        }
    }
}

/// Where the body begins, and its length if it is told; `None` if the header has not come as a whole.
fn parse_header(answer: &[u8]) -> io::Result<Option<(usize, Option<usize>)>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(at) = answer.windows(END.len()).position(|window| window == END) else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(answer.get(..at).unwrap_or_default());
    let mut lines = text.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let mut words = status.split(' ');
    if !words.next().is_some_and(|version| version.starts_with("HTTP/1."))
        || words.next() != Some("200")
    {
        let status: String = status.chars().filter(|c| !c.is_control()).take(80).collect();
        return Err(io::Error::other(format!("the proxy answers {status:?}")));
    }
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Ok(Some((at + END.len(), length)))
}

/// A connection with a deadline.
struct Timed {
    stream: TcpStream,
    until: Instant,
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.until)?))?;
        self.stream.read(into)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.until)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let read = |mut bytes: &[u8]| body(&mut bytes).map_err(|error| error.kind());
        assert_eq!(
            read(b"HTTP/1.1 200 OK\r\nContent-length: 2\r\n\r\nhi and more").unwrap(),
            b"hi"
        );
        assert_eq!(read(b"HTTP/1.0 200\r\n\r\nhi").unwrap(), b"hi");
        for wrong in [
            &b"HTTP/1.1 403 Forbidden\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\n",
            b"",
            b"SSH-2.0\r\n\r\n",
            &[b'x'; LARGEST_HEADER + 1],
        ] {
            assert!(read(wrong).is_err());
        }
        let endless = [b"HTTP/1.0 200\r\n\r\n".to_vec(), vec![0; LARGEST + 1]].concat();
        assert_eq!(read(&endless), Err(ErrorKind::InvalidData));
    }
}
