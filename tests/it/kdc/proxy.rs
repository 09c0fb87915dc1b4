//! KDC proxies, [MS-KKDCP]: a server of HTTPS on loopback, whose certificate the configuration
//! trusts.

use super::{Kdc, REALM, REQUEST, answer, options};
use negossp::kerberos::client::{Kdc as _, KdcService};
use negossp::kerberos::message::KdcProxyMessage;
use negossp::net::kdc::{Client, Options, Realm, Server};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kdc_proxy").join(name)
}

/// The certificate that signs the proxy's, where nobody else can write.
fn anchor(name: &str) -> (String, PathBuf) {
    let path = std::env::temp_dir().join(format!("negossp-{}-{name}.pem", std::process::id()));
    std::fs::write(&path, std::fs::read(data("ca.pem")).unwrap()).unwrap();
    (format!("FILE:{}", path.display()), path)
}

/// A proxy that answers each request with what `reply` makes of its header and message.
fn proxy(reply: impl Fn(&str, &KdcProxyMessage<'_>) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(data("cert.pem")).unwrap()],
            PrivateKeyDer::from_pem_file(data("key.pem")).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                request.push(byte[0]);
            }
            let header = String::from_utf8(request).unwrap();
            let Some(length) =
                header.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok())
            else {
                continue;
            };
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let answer = reply(&header, &KdcProxyMessage::decode(&body).unwrap());
            let _ = stream.write_all(&answer);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    address
}

fn ok(message: &[u8]) -> Vec<u8> {
    let message =
        KdcProxyMessage { kerb_message: message, target_domain: None, dclocator_hint: None };
    let body = message.encode();
    let header = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/kerberos\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [header.into_bytes(), body].concat()
}

fn by_proxies(proxies: &[SocketAddr], anchors: Vec<String>) -> Options {
    let server =
        |address: &SocketAddr| Server::parse(&format!("https://{address}/KdcProxy"), 88).unwrap();
    let kdcs = proxies.iter().map(server).collect();
    let realm = Realm { kdcs, http_anchors: anchors, ..Realm::default() };
    let mut options = options(&[]);
    options.realms.insert(REALM.into(), realm);
    options
}

#[test]
fn a_message_through_a_proxy() {
    let address = proxy(|header, message| {
        assert!(header.starts_with("POST /KdcProxy HTTP/1."), "{header}");
        assert_eq!(message.target_domain, Some(REALM.as_bytes()));
        assert_eq!(message.kerb_message, REQUEST);
        ok(&answer("proxied"))
    });
    let (anchors, file) = anchor("proxied");
    let options = Arc::new(by_proxies(&[address], vec![anchors]));
    for _ in 0..2 {
        let client = Client::new(options.clone());
        let reply = client.ask(KdcService::Kdc, REALM, REQUEST);
        assert_eq!(reply.as_ref(), Ok(&answer("proxied")), "{:?}", client.notes());
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn an_untrusted_proxy_is_not_asked() {
    let address = proxy(|_, _| unreachable!("the client ends the handshake"));
    // The system does not know who signed the certificate.
    let client = Client::new(Arc::new(by_proxies(&[address], vec![])));
    assert!(client.ask(KdcService::Kdc, REALM, REQUEST).is_err());
    let notes = client.notes().join("\n").to_lowercase();
    assert!(notes.contains("certificate"), "{notes}");
}

#[test]
fn what_is_no_answer_of_a_proxy() {
    let (anchors, file) = anchor("bad");
    let good = proxy(|_, _| ok(&answer("good")));
    for wrong in [
        b"HTTP/1.1 403 Forbidden\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\n\r\n\x30\x00".to_vec(),
        ok(b"\x30\x00"),
        b"garbage".to_vec(),
        vec![],
    ] {
        let bad = proxy(move |_, _| wrong.clone());
        let client = Client::new(Arc::new(by_proxies(&[bad, good], vec![anchors.clone()])));
        let reply = client.ask(KdcService::Kdc, REALM, REQUEST);
        assert_eq!(reply, Ok(answer("good")), "{:?}", client.notes());
    }
    std::fs::remove_file(file).unwrap();
}

/// KDC_PROXY_SETTINGS: after the realm's own servers, or in place of them.
#[test]
fn a_proxy_of_the_credential() {
    let proxied = proxy(|_, _| ok(&answer("proxied")));
    let (anchors, file) = anchor("credential");
    let with = |kdc: &Kdc, only| {
        let mut options = options(&[kdc]);
        options.realms.get_mut(REALM).unwrap().http_anchors = vec![anchors.clone()];
        options.proxies = vec![Server::parse(&format!("https://{proxied}/KdcProxy"), 88).unwrap()];
        options.proxies_only = only;
        Client::new(Arc::new(options)).ask(KdcService::Kdc, REALM, REQUEST).unwrap()
    };
    assert_eq!(with(&Kdc::good("direct"), false), answer("direct"));
    assert_eq!(with(&Kdc::good("direct"), true), answer("proxied"));
    assert_eq!(with(&Kdc::refusing(), false), answer("proxied"));
    std::fs::remove_file(file).unwrap();
}

#[test]
fn the_deadline_holds_for_a_proxy() {
    let (anchors, file) = anchor("slow");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = Arc::new(by_proxies(&[listener.local_addr().unwrap()], vec![anchors]));
    let begun = Instant::now();
    let client = Client::with_deadline(options, begun + Duration::from_secs(2));
    assert!(client.ask(KdcService::Kdc, REALM, REQUEST).is_err());
    assert!(begun.elapsed() < Duration::from_secs(20));
    std::fs::remove_file(file).unwrap();
}
