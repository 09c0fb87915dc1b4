//! KDCs and realms from DNS.

use super::{Kdc, REALM, REQUEST, answer};
use negossp::kerberos::client::{Kdc as _, KdcService};
use negossp::net::kdc::{Client, Options, Realm, realm_of_domain};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

const A: u16 = 1;
const TXT: u16 = 16;
const SRV: u16 = 33;
const URI: u16 = 256;

/// A record's type and data.
type Data = (u16, Vec<u8>);

/// A name server that has these records.
fn name_server(records: impl Fn(&str) -> Vec<Data> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut question = [0; 600];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            let question = &question[..length];
            let kind = u16::from_be_bytes([question[length - 4], question[length - 3]]);
            let found: Vec<Data> =
                records(&name_of(question)).into_iter().filter(|(k, _)| *k == kind).collect();
            let mut reply = question.to_vec();
            reply[2] |= 0x80;
            reply[7] = found.len() as u8;
            for (kind, data) in found {
                reply.extend(*b"\xc0\x0c");
                reply.extend(kind.to_be_bytes());
                reply.extend(*b"\0\x01\0\0\x02\x58");
                reply.extend((data.len() as u16).to_be_bytes());
                reply.extend(data);
            }
            let _ = socket.send_to(&reply, from);
        }
    });
    address
}

fn name_of(question: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut at = 12;
    while question[at] != 0 {
        let end = at + 1 + usize::from(question[at]);
        labels.push(String::from_utf8_lossy(&question[at + 1..end]).into_owned());
        at = end;
    }
    labels.join(".")
}

/// A SRV record, RFC 2782.
fn srv(priority: u16, port: u16, target: &str) -> Data {
    let mut data = [priority.to_be_bytes(), [0, 0], port.to_be_bytes()].concat();
    for label in target.split('.') {
        data.push(label.len() as u8);
        data.extend(label.as_bytes());
    }
    data.push(0);
    (SRV, data)
}

fn options(name_server: SocketAddr) -> Options {
    Options {
        name_servers: vec![name_server],
        timeout: Duration::from_secs(20),
        ..Options::default()
    }
}

fn ask(options: Options, service: KdcService) -> Vec<u8> {
    let client = Client::new(Arc::new(options));
    let reply = client.ask(service, REALM, REQUEST);
    reply.unwrap_or_else(|error| panic!("{error}: {:?}", client.notes()))
}

/// RFC 4120 7.2.3.2: `_Service._Proto.Realm`.
#[test]
fn by_service_records() {
    let (first, second) = (Kdc::good("first"), Kdc::good("second"));
    let (p1, p2) = (first.address.port(), second.address.port());
    let dns = name_server(move |name| match name {
        "_kerberos._udp.EXAMPLE.TEST" | "_kerberos._tcp.EXAMPLE.TEST" => {
            vec![srv(10, p2, "kdc2.example.test"), srv(0, p1, "kdc1.example.test")]
        }
        "kdc1.example.test" | "kdc2.example.test" => vec![(A, vec![127, 0, 0, 1])],
        "_kerberos._udp.Berlin._sites.EXAMPLE.TEST" => vec![srv(0, p2, "kdc2.example.test")],
        _ => vec![],
    });
    assert_eq!(ask(options(dns), KdcService::Kdc), answer("first"));
    let mut of_site = options(dns);
    let berlin = Realm { site: Some("Berlin".into()), ..Realm::default() };
    of_site.realms.insert(REALM.into(), berlin);
    assert_eq!(ask(of_site, KdcService::Kdc), answer("second"));
    let off = Options { dns_lookup: false, ..options(dns) };
    assert!(Client::new(Arc::new(off)).ask(KdcService::Kdc, REALM, REQUEST).is_err());
}

#[test]
fn by_uri_records() {
    let (by_uri, by_srv) = (Kdc::good("uri"), Kdc::good("srv"));
    let (p1, p2) = (by_uri.address.port(), by_srv.address.port());
    let dns = name_server(move |name| match name {
        "_kerberos.EXAMPLE.TEST" => {
            let uri = |text: String| (URI, [&[0, 1, 0, 1], text.as_bytes()].concat());
            vec![uri("nonsense".into()), uri(format!("krb5srv:m:tcp:127.0.0.1:{p1}"))]
        }
        "_kerberos._udp.EXAMPLE.TEST" => vec![srv(0, p2, "kdc.example.test")],
        "kdc.example.test" => vec![(A, vec![127, 0, 0, 1])],
        _ => vec![],
    });
    assert_eq!(ask(options(dns), KdcService::Kdc), answer("uri"));
    assert_eq!((by_uri.datagrams(), by_uri.connections()), (0, 1));
    let without = Options { dns_uri_lookup: false, ..options(dns) };
    assert_eq!(ask(without, KdcService::Kdc), answer("srv"));
}

#[test]
fn the_realm_of_a_host() {
    let dns = name_server(|name| match name {
        "_kerberos.example.test" => vec![(TXT, b"\x0cEXAMPLE.TEST".to_vec())],
        _ => vec![],
    });
    let deadline = Instant::now() + Duration::from_secs(20);
    let realm = |host| realm_of_domain(host, &[dns], deadline);
    assert_eq!(realm("www.sub.example.test.").as_deref(), Some("EXAMPLE.TEST"));
    assert_eq!(realm("www.other.test"), None);
    assert_eq!(realm(""), None);
}
