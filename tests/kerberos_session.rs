//! Messages of established Kerberos contexts, both sides ours: what is refused, and what is told of lengths.

use negossp::error::Error;
use negossp::flags::ContextFlags;
use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::session::{Session, Setup, Side};
use negossp::session::{Part, Qop};

const IN_ORDER: ContextFlags = ContextFlags::REPLAY_DETECT.union(ContextFlags::SEQUENCE_DETECT);

#[derive(Clone, Copy, Debug)]
struct Terms {
    enctype: Enctype,
    dce_style: bool,
    acceptor_subkey: bool,
    flags: ContextFlags,
}

impl Terms {
    fn session(self, side: Side) -> Session {
        let bytes: Vec<u8> = (0..self.enctype.key_length() as u8).map(|i| i * 7 + 1).collect();
        let (send_sequence, receive_sequence) = match side {
            Side::Initiator => (1000, 77),
            Side::Acceptor => (77, 1000),
        };
        Session::new(Setup {
            side,
            key: Key::new(self.enctype, &bytes).unwrap(),
            acceptor_subkey: self.acceptor_subkey,
            send_sequence,
            receive_sequence,
            flags: self.flags,
            dce_style: self.dce_style,
        })
    }

    fn pair(self) -> (Session, Session) {
        (self.session(Side::Initiator), self.session(Side::Acceptor))
    }
}

fn all_terms() -> Vec<Terms> {
    let mut all = vec![];
    for enctype in Enctype::ALL {
        for dce_style in [false, true] {
            for acceptor_subkey in [false, true] {
                all.push(Terms { enctype, dce_style, acceptor_subkey, flags: IN_ORDER });
            }
        }
    }
    all
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 + i / 256) as u8).collect()
}

/// A message with its padding, encrypted or not: token, data.
fn seal(session: &mut Session, qop: Qop, message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut token = vec![0xa5; session.sizes().security_trailer as usize];
    let mut data = message.to_vec();
    let padding = session.padding(data.len());
    data.extend(vec![padding as u8; padding]);
    let length = session.seal(qop, &mut [Part { data: &mut data, seal: true }], 0, &mut token).unwrap();
    token.truncate(length);
    (token, data)
}

fn unseal(session: &mut Session, token: &[u8], data: &[u8]) -> Result<(Qop, Vec<u8>), Error> {
    let mut data = data.to_vec();
    let qop = session.unseal(&mut [Part { data: &mut data, seal: true }], 0, token)?;
    Ok((qop, data))
}

fn unseal_stream(session: &mut Session, stream: &[u8]) -> Result<(Qop, Vec<u8>), Error> {
    let mut stream = stream.to_vec();
    let (qop, at) = session.unseal_stream(&mut stream, 0)?;
    Ok((qop, stream[at].to_vec()))
}

const QOPS: [Qop; 2] = [Qop::Encrypt, Qop::NoEncrypt];

#[test]
fn both_ways_in_every_way() {
    for terms in all_terms() {
        let (mut client, mut server) = terms.pair();
        for length in [0, 8, 16, 24, 128, 240, 65536, 1 << 20] {
            let message = text(length);
            for qop in QOPS {
                for _ in 0..2 {
                    let (token, data) = seal(&mut client, qop, &message);
                    if length > 0 {
                        assert_eq!(data[..length] == message, qop == Qop::NoEncrypt);
                    }
                    assert_eq!(unseal_stream(&mut server.clone(), &[&token[..], &data].concat()), Ok((qop, message.clone())));
                    let (found, plain) = unseal(&mut server, &token, &data).unwrap();
                    assert_eq!((found, &plain[..length]), (qop, &message[..]), "{terms:?} {length}");
                    let mut mic = vec![0; server.sizes().max_signature as usize];
                    let made = server.sign(&[&message[..length / 2], &message[length / 2..]], 0, &mut mic).unwrap();
                    client.verify(&[&message], 0, &mic[..made]).unwrap();
                    std::mem::swap(&mut client, &mut server);
                }
            }
        }
    }
}
