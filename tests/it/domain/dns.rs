//! Domain controllers from DNS: which are asked first, and name servers that are slow, broken or
//! hostile.

use negossp::domain::{Options, controller};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

fn settings(name_servers: Vec<SocketAddr>, site: Option<&str>) -> Options {
    Options {
        name: "EXAMPLE".into(),
        realm: "example.test".into(),
        controllers: vec![],
        site: site.map(str::to_owned),
        name_servers,
        machine_account: "WEB1$".into(),
        machine_secret_file: None,
        machine_keytab: None,
        timeout: Duration::from_secs(5),
        connections: 2,
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

/// A name server with a given answer to each question: UDP, and TCP at the same port.
fn server(
    udp: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
    tcp: impl Fn(&[u8]) -> Vec<u8> + Send + 'static,
) -> SocketAddr {
    // A port that is free for both; usually the first attempt succeeds.
    let both = || {
        let socket = UdpSocket::bind("127.0.0.1:0").ok()?;
        let listener = TcpListener::bind(socket.local_addr().ok()?).ok()?;
        Some((socket, listener))
    };
    let (socket, listener) = std::iter::repeat_with(both).take(100).flatten().next().unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut question = [0; 600];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            for answer in udp(&question[..length]) {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut length = [0; 2];
            if stream.read_exact(&mut length).is_ok() {
                let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
                let _ = stream.read_exact(&mut question);
                let answer = tcp(&question);
                let _ =
                    stream.write_all(&[&(answer.len() as u16).to_be_bytes(), &answer[..]].concat());
            }
        }
    });
    address
}

fn nothing(_: &[u8]) -> Vec<u8> {
    Vec::new()
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

/// The answer with these SRV records: priority, weight, target.
fn services(question: &[u8], records: &[(u16, u16, &str)]) -> Vec<u8> {
    let mut out = question.to_vec();
    out[2] |= 0x80;
    out[7] = records.len() as u8;
    for (priority, weight, target) in records {
        let mut data =
            [priority.to_be_bytes(), weight.to_be_bytes(), 389u16.to_be_bytes()].concat();
        for label in target.split('.') {
            data.push(label.len() as u8);
            data.extend(label.as_bytes());
        }
        data.push(0);
        out.extend(*b"\xc0\x0c\0\x21\0\x01\0\0\x02\x58");
        out.extend((data.len() as u16).to_be_bytes());
        out.extend(data);
    }
    out
}

fn found(settings: &Options) -> Vec<String> {
    controller::find(settings, soon()).unwrap().iter().map(ToString::to_string).collect()
}

/// Two controllers everywhere, one of them at the site too.
fn good(question: &[u8]) -> Vec<u8> {
    match name_of(question).as_str() {
        "_ldap._tcp.Berlin._sites.dc._msdcs.example.test" => {
            services(question, &[(0, 100, "near.example.test")])
        }
        "_ldap._tcp.dc._msdcs.example.test" => {
            services(question, &[(10, 1, "near.example.test"), (0, 1, "far.example.test")])
        }
        _ => {
            let mut out = services(question, &[]);
            out[3] = 3;
            out
        }
    }
}

#[test]
fn of_the_site_first() {
    let address = server(|question| vec![good(question)], nothing);
    assert_eq!(found(&settings(vec![address], None)), ["far.example.test", "near.example.test"]);
    assert_eq!(
        found(&settings(vec![address], Some("Berlin"))),
        ["near.example.test", "far.example.test"]
    );
    // A site without controllers, or one that does not exist.
    assert_eq!(
        found(&settings(vec![address], Some("Paris"))),
        ["far.example.test", "near.example.test"]
    );
    let other = Options { realm: "other.test".into(), ..settings(vec![address], None) };
    assert!(controller::find(&other, soon()).is_err());
}

#[test]
fn the_next_name_server_is_asked() {
    let silent = server(|_| vec![], nothing);
    let refusing = server(
        |question| {
            let mut out = services(question, &[]);
            out[3] = 5;
            vec![out]
        },
        nothing,
    );
    let broken = server(
        |question| {
            vec![services(question, &[(0, 0, "x.example.test")])[..question.len() + 9].to_vec()]
        },
        nothing,
    );
    let working = server(|question| vec![good(question)], nothing);
    for first in [silent, refusing, broken, "127.0.0.1:1".parse().unwrap()] {
        assert_eq!(found(&settings(vec![first, working], None)).len(), 2);
        assert!(
            controller::find(
                &settings(vec![first], None),
                Instant::now() + Duration::from_millis(300)
            )
            .is_err()
        );
    }
}

#[test]
fn an_answer_to_another_request_does_not_count() {
    let hostile = server(
        |question| {
            let forged = services(question, &[(0, 0, "evil.example.test")]);
            let with = |at: usize, value: u8| {
                let mut answer = forged.clone();
                answer[at] = value;
                answer
            };
            vec![b"".to_vec(), with(0, !question[0]), with(2, 1), with(15, b'x'), good(question)]
        },
        nothing,
    );
    assert_eq!(found(&settings(vec![hostile], None)), ["far.example.test", "near.example.test"]);
}

#[test]
fn a_long_answer_comes_by_tcp() {
    let truncated = |question: &[u8]| {
        let mut out = services(question, &[]);
        out[2] |= 2;
        vec![out]
    };
    let address = server(truncated, good);
    assert_eq!(found(&settings(vec![address], None)).len(), 2);
    let address = server(truncated, nothing);
    assert!(controller::find(&settings(vec![address], None), soon()).is_err());
    // More than any real domain has: a limited number is kept.
    let many = |question: &[u8]| {
        let names: Vec<String> =
            (0..200).map(|number| format!("dc{number}.example.test")).collect();
        services(question, &names.iter().map(|name| (0, 0, name.as_str())).collect::<Vec<_>>())
    };
    let address = server(truncated, many);
    assert_eq!(found(&settings(vec![address], None)).len(), 16);
}
