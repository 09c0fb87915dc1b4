//! Messages that MIT's and Heimdal's GSSAPI made (`tests/data/kerberos/session_*.txt`), read and
//! made again.

use crate::support::random::COUNTED;
use negossp_core::kerberos::crypto::{Enctype, Key};
use negossp_core::kerberos::session::{Session, Setup, Side};
use negossp_core::types::error::Error;
use negossp_core::types::flags::ContextFlags;
use negossp_core::types::protection::{Part, Qop};

fn hex(text: &str) -> Vec<u8> {
    let text = if text == "-" { "" } else { text };
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 + i / 256) as u8).collect()
}

/// One recorded context: both sides, each with its remaining messages.
struct Recorded {
    name: String,
    style: &'static str,
    enctype: Enctype,
    initiator: Session,
    acceptor: Session,
    lines: Vec<Vec<&'static str>>,
}

impl Recorded {
    fn sides(&mut self, from: &str) -> (&mut Session, &mut Session) {
        match from {
            "I" => (&mut self.initiator, &mut self.acceptor),
            _ => (&mut self.acceptor, &mut self.initiator),
        }
    }
}

fn recorded() -> Vec<Recorded> {
    let mut contexts: Vec<Recorded> = vec![];
    let files = [
        ("MIT", include_str!("../../data/kerberos/session_mit.txt")),
        ("Heimdal", include_str!("../../data/kerberos/session_heimdal.txt")),
    ];
    for (peer, file) in files {
        for line in file.lines() {
            let fields: Vec<_> = line.split(' ').collect();
            let [
                "context",
                enctype,
                style,
                key,
                acceptor_subkey,
                first_of_initiator,
                first_of_acceptor,
            ] = fields[..]
            else {
                contexts.last_mut().unwrap().lines.push(fields);
                continue;
            };
            let enctype = Enctype::from_number(enctype.parse().unwrap()).unwrap();
            let numbers =
                [first_of_initiator, first_of_acceptor].map(|number| number.parse().unwrap());
            let session = |side, send_sequence, receive_sequence| {
                Session::new(Setup {
                    side,
                    key: Key::new(enctype, &hex(key)).unwrap(),
                    acceptor_subkey: acceptor_subkey == "1",
                    send_sequence,
                    receive_sequence,
                    flags: ContextFlags::REPLAY_DETECT | ContextFlags::SEQUENCE_DETECT,
                    dce_style: style == "dce",
                    random: &COUNTED,
                })
            };
            contexts.push(Recorded {
                name: format!("{peer} {} {style}", enctype.name()),
                style,
                enctype,
                initiator: session(Side::Initiator, numbers[0], numbers[1]),
                acceptor: session(Side::Acceptor, numbers[1], numbers[0]),
                lines: vec![],
            });
        }
    }
    for enctype in Enctype::ALL {
        for style in ["mutual", "dce"] {
            assert!(
                contexts.iter().any(|context| context.enctype == enctype && context.style == style)
            );
        }
    }
    contexts
}

/// MICs verify, and are made again with the same bytes.
#[test]
fn mic_tokens() {
    for mut context in recorded() {
        for line in std::mem::take(&mut context.lines) {
            let name = context.name.clone();
            let (from, to) = context.sides(line[1]);
            let [kind, _, size, token] = line[..] else {
                skip(from, to);
                continue;
            };
            assert_eq!(kind, "mic");
            let (message, token) = (text(size.parse().unwrap()), hex(token));
            let (a, b) = message.split_at(message.len() / 3);
            let mut made = vec![0; from.sizes().max_signature as usize];
            let length = from.sign(&[a, b], 0, &mut made).unwrap();
            assert_eq!(made[..length], token, "{name}");
            assert_eq!(length, made.len());
            to.verify(&[a, b], 0, &token).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(to.clone().verify(&[a, b], 0, &token), Err(Error::OutOfSequence));
        }
    }
}

/// Advances both sides past a message that a test does not cover.
fn skip(from: &mut Session, to: &mut Session) {
    let mut mic = vec![0; from.sizes().max_signature as usize];
    from.sign(&[b"skipped"], 0, &mut mic).unwrap();
    to.verify(&[b"skipped"], 0, &mic).unwrap();
}

/// Whole Wrap tokens: as a stream, and split into SSPI's two buffers for every rotation that was
/// recorded.
#[test]
fn wrap_tokens() {
    for mut context in recorded() {
        let (name, enctype) = (context.name.clone(), context.enctype);
        for line in std::mem::take(&mut context.lines) {
            let (from, to) = context.sides(line[1]);
            let ["wrap", _, sealed, size, token] = line[..] else {
                skip(from, to);
                continue;
            };
            let (qop, message, token) = (qop(sealed), text(size.parse().unwrap()), hex(token));
            let mut stream = token.clone();
            let (found, at) = to
                .clone()
                .unseal_stream(&mut stream, 0)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!((found, &stream[at]), (qop, &message[..]), "{name}");

            let padding = from.padding(message.len());
            let (front, rest) = token.split_at(token.len() - message.len() - padding);
            let mut data = rest.to_vec();
            let (a, b) = data.split_at_mut(rest.len() / 3);
            let mut parts = [Part { data: a, seal: true }, Part { data: b, seal: true }];
            assert_eq!(to.unseal(&mut parts, 0, front), Ok(qop), "{name}");
            assert_eq!(data[..message.len()], message, "{name}");
            assert_eq!(data[message.len()..], vec![padding as u8; padding], "{name}");

            // Ours has the same length and, where nothing is random, the same bytes except for the
            // rotation.
            let mut made = vec![0; from.sizes().security_trailer as usize];
            let length =
                from.seal(qop, &mut [Part { data: &mut data, seal: true }], 0, &mut made).unwrap();
            assert_eq!(length, front.len(), "{name}");
            if qop == Qop::NoEncrypt && !matches!(enctype, Enctype::Rc4Hmac | Enctype::Des3Sha1) {
                assert_eq!(made[..6], token[..6], "{name}");
                let mut whole = [&made[16..length], &data].concat();
                whole.rotate_left(usize::from(u16::from_be_bytes([made[6], made[7]])));
                let mut theirs = token[16..].to_vec();
                theirs.rotate_left(usize::from(u16::from_be_bytes([token[6], token[7]])));
                assert_eq!(whole, theirs, "{name}");
            }
        }
    }
}

fn qop(sealed: &str) -> Qop {
    if sealed == "1" { Qop::Encrypt } else { Qop::NoEncrypt }
}

/// Messages in pieces, some of which are only signed, and in DCE style.
#[test]
fn messages_in_pieces() {
    for mut context in recorded() {
        let name = context.name.clone();
        for line in std::mem::take(&mut context.lines) {
            let (from, to) = context.sides(line[1]);
            let ["iov", _, sealed, header, ref pieces @ ..] = line[..] else {
                skip(from, to);
                continue;
            };
            let (qop, header) = (qop(sealed), hex(header));
            let mut data: Vec<(bool, usize, Vec<u8>)> = pieces
                .iter()
                .map(|piece| match piece.split(':').collect::<Vec<_>>()[..] {
                    ["d", size, bytes] => (true, size.parse().unwrap(), hex(bytes)),
                    ["s", size] => (false, size.parse().unwrap(), text(size.parse().unwrap())),
                    ["p", bytes] => (true, 0, hex(bytes)),
                    _ => panic!("{piece}"),
                })
                .collect();
            let mut parts: Vec<_> =
                data.iter_mut().map(|(seal, _, data)| Part { data, seal: *seal }).collect();
            assert_eq!(to.unseal(&mut parts, 0, &header), Ok(qop), "{name} {pieces:?}");
            let sealed_length =
                parts.iter().filter(|part| part.seal).map(|part| part.data.len()).sum::<usize>();
            for (_, size, data) in &data {
                assert_eq!(data[..*size], text(*size), "{name}");
            }

            // Ours has the same header, and the other side can read it.
            let mut made = vec![0; from.sizes().security_trailer as usize];
            let mut parts: Vec<_> =
                data.iter_mut().map(|(seal, _, data)| Part { data, seal: *seal }).collect();
            let length = from.seal(qop, &mut parts, 0, &mut made).unwrap();
            assert_eq!(length, header.len(), "{name} {sealed_length}");
            let same = if made[0] == 0x60 { header.len() - 36 } else { 16 };
            let same = if name.contains("des3") { header.len() - 52 } else { same };
            assert_eq!(made[..same], header[..same], "{name}");
        }
    }
}
