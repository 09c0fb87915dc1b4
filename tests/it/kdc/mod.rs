//! Asking KDCs: which servers, in which order, and how long. No test measures time but against wide
//! bounds.

mod discovery;
#[cfg(feature = "kdc-proxy")]
mod proxy;
mod transport;

use negossp::kerberos::message::{KrbError, PrincipalName};
use negossp::net::kdc::{Client, Options, Realm, Server, Transport};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// What a played KDC answers to a request.
type Answer<T> = Box<dyn Fn(&[u8]) -> T + Send>;

const REALM: &str = "EXAMPLE.TEST";

/// The start of an AS-REQ, which is all that a server of these tests looks at.
const REQUEST: &[u8] = b"\x6a\x03abc";

/// What passes for an AS-REP, with the server's name.
fn answer(name: &str) -> Vec<u8> {
    [&[0x6b, name.len() as u8], name.as_bytes()].concat()
}

/// A KRB-ERROR with this code.
fn krb_error(error_code: i32) -> Vec<u8> {
    let components = PrincipalName::encode_components(&["krbtgt", REALM]);
    let error = KrbError {
        ctime: None,
        cusec: None,
        stime: 0,
        susec: 0,
        error_code,
        crealm: None,
        cname: None,
        realm: REALM.as_bytes(),
        sname: PrincipalName::new(2, &components).unwrap(),
        e_text: None,
        e_data: None,
    };
    error.encode()
}

/// A server, and the requests that it got.
struct Kdc {
    address: SocketAddr,
    datagrams: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Kdc {
    /// A KDC that answers each datagram with these, and each request over TCP with these bytes, as
    /// they are. `None`: it hears nothing there.
    fn start(udp: Option<Answer<Vec<Vec<u8>>>>, tcp: Option<Answer<Vec<u8>>>) -> Kdc {
        // A port that is free for both; usually the first attempt succeeds.
        let both = || {
            let listener = TcpListener::bind("127.0.0.1:0").ok()?;
            let socket = UdpSocket::bind(listener.local_addr().ok()?).ok()?;
            Some((socket, listener))
        };
        let (socket, listener) = std::iter::repeat_with(both).take(100).flatten().next().unwrap();
        let address = listener.local_addr().unwrap();
        let kdc = Kdc { address, datagrams: Arc::default(), connections: Arc::default() };
        let (datagrams, connections) = (kdc.datagrams.clone(), kdc.connections.clone());
        if let Some(udp) = udp {
            thread::spawn(move || {
                let mut request = [0; 1 << 16];
                while let Ok((length, from)) = socket.recv_from(&mut request) {
                    datagrams.fetch_add(1, Ordering::SeqCst);
                    for reply in udp(&request[..length]) {
                        let _ = socket.send_to(&reply, from);
                    }
                }
            });
        }
        if let Some(tcp) = tcp {
            thread::spawn(move || {
                let mut open = Vec::new();
                for mut stream in listener.incoming().flatten() {
                    connections.fetch_add(1, Ordering::SeqCst);
                    let mut length = [0; 4];
                    if stream.read_exact(&mut length).is_ok() {
                        let mut request = vec![0; u32::from_be_bytes(length) as usize];
                        let _ = stream.read_exact(&mut request);
                        let reply = tcp(&request);
                        let _ = stream.write_all(&reply);
                        // One that says nothing does not hang up either.
                        if reply.len() < 4 {
                            open.push(stream);
                        }
                    }
                }
            });
        }
        kdc
    }

    /// A KDC that answers with its name.
    fn good(name: &'static str) -> Kdc {
        Kdc::start(Some(Box::new(move |_| vec![answer(name)])), framed(answer(name)))
    }

    /// A KDC that gets requests and does not answer.
    fn silent() -> Kdc {
        Kdc::start(Some(Box::new(|_| vec![])), Some(Box::new(|_| vec![])))
    }

    /// A host where no KDC is.
    fn refusing() -> Kdc {
        Kdc::start(None, None)
    }

    fn server(&self) -> Server {
        let host = self.address.ip().to_string();
        Server { host, port: self.address.port(), transport: Transport::Any }
    }

    fn datagrams(&self) -> usize {
        self.datagrams.load(Ordering::SeqCst)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A reply over TCP, after its length.
fn framed(reply: Vec<u8>) -> Option<Answer<Vec<u8>>> {
    Some(Box::new(move |_| [&(reply.len() as u32).to_be_bytes(), &reply[..]].concat()))
}

fn options(kdcs: &[&Kdc]) -> Options {
    let servers: Vec<Server> = kdcs.iter().map(|kdc| kdc.server()).collect();
    let realm = Realm { kdcs: servers.clone(), kpasswd: servers, ..Realm::default() };
    Options {
        realms: [(REALM.to_owned(), realm)].into(),
        dns_lookup: false,
        timeout: Duration::from_secs(20),
        ..Options::default()
    }
}

fn client(kdcs: &[&Kdc]) -> Client {
    Client::new(Arc::new(options(kdcs)))
}
