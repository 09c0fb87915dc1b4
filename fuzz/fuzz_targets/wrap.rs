//! Messages of established Kerberos contexts: random bytes, genuine ones altered in transit, and
//! what a peer with the key may send. Only a genuine message is accepted, and a rejection leaves
//! the context unchanged.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::session::{Session, Setup, Side};
use negossp::platform::random::SystemRandom;
use negossp::types::error::Result;
use negossp::types::flags::ContextFlags;
use negossp::types::protection::{Part, Qop};

#[derive(Arbitrary, Debug)]
struct Plan<'a> {
    enctype: u8,
    dce_style: bool,
    acceptor_subkey: bool,
    order: bool,
    replay: bool,
    steps: Vec<Step<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Garbage {
        bytes: &'a [u8],
        cuts: Cuts,
    },
    Altered {
        message: &'a [u8],
        encrypt: bool,
        padded: bool,
        at: u16,
        mask: u8,
        rotation: Option<u16>,
        cut: Option<u16>,
        cuts: Cuts,
    },
    Signed {
        message: &'a [u8],
        at: u16,
        mask: u8,
    },
    /// From a peer with the key, with any header and content.
    Crafted {
        flags: u8,
        extra: u16,
        rotation: u16,
        content: &'a [u8],
        cuts: Cuts,
    },
}

/// How a token is passed: as a stream, or as its header and two sealed parts with a part between
/// them that is only signed.
#[derive(Arbitrary, Debug, Clone, Copy)]
struct Cuts {
    stream: bool,
    front: u8,
    second: u8,
}

const FIRST: u32 = 0xffff_fffe;
const KEY: [u8; 32] = [0x35; 32];

impl Plan<'_> {
    fn enctype(&self) -> Enctype {
        Enctype::ALL[usize::from(self.enctype) % Enctype::ALL.len()]
    }

    /// Where it does not encrypt the message, RC4 does not protect its number either (RFC 4757 7):
    /// it is encrypted with a key stream, and in no checksum. The number that the context has
    /// advanced to is then unknown.
    fn number_is_open(&self, mask: u8) -> bool {
        self.enctype() == Enctype::Rc4Hmac && mask != 0
    }

    fn key(&self) -> Key {
        Key::new(self.enctype(), &KEY[..self.enctype().key_length()]).unwrap()
    }

    fn session(&self, side: Side) -> Session {
        let mut flags = ContextFlags::empty();
        flags.set(ContextFlags::REPLAY_DETECT, self.replay);
        flags.set(ContextFlags::SEQUENCE_DETECT, self.order);
        let (dce_style, acceptor_subkey) = (self.dce_style, self.acceptor_subkey);
        Session::new(Setup {
            side,
            key: self.key(),
            acceptor_subkey,
            send_sequence: FIRST,
            receive_sequence: FIRST,
            flags,
            dce_style,
            random: &SystemRandom,
        })
    }
}

fn seal(session: &mut Session, qop: Qop, message: &[u8], padding: usize) -> (usize, Vec<u8>) {
    let mut token = vec![0; session.sizes().security_trailer as usize];
    let mut data = [message, &vec![padding as u8; padding]].concat();
    let length =
        session.seal(qop, &mut [Part { data: &mut data, seal: true }], 0, &mut token).unwrap();
    token.truncate(length);
    (length, [token, data].concat())
}

fn open(session: &mut Session, bytes: &[u8], cuts: Cuts) -> Result<Vec<u8>> {
    if cuts.stream {
        let mut stream = bytes.to_vec();
        let (_, at) = session.unseal_stream(&mut stream, 0)?;
        return Ok(stream[at].to_vec());
    }
    let (front, rest) = bytes.split_at(usize::from(cuts.front).min(bytes.len()));
    let mut data = rest.to_vec();
    let (a, b) = data.split_at_mut(usize::from(cuts.second).min(rest.len()));
    let mut between = *b"";
    let parts = &mut [
        Part { data: a, seal: true },
        Part { data: &mut between, seal: false },
        Part { data: b, seal: true },
    ];
    session.unseal(parts, 0, front)?;
    Ok(data)
}

fuzz_target!(|plan: Plan<'_>| {
    let (mut client, mut server) = (plan.session(Side::Initiator), plan.session(Side::Acceptor));
    for step in &plan.steps {
        match *step {
            Step::Garbage { bytes, cuts } => {
                assert!(open(&mut server, bytes, cuts).is_err());
                assert!(server.verify(&[b"message"], 0, bytes).is_err());
                assert!(server.verify_mech_list_mic(bytes, bytes).is_err());
            }
            Step::Altered { message, encrypt, padded, at, mask, rotation, cut, cuts } => {
                let whole_blocks = message.len() / 8 * 8;
                let mut padding = client.padding(message.len());
                let mut message = message;
                if !padded && plan.enctype() == Enctype::Des3Sha1 || padding == 0 {
                    message = &message[..whole_blocks];
                    padding = client.padding(message.len());
                }
                let mut after = client.clone();
                let padding = if padded { padding } else { 0 };
                let (length, mut whole) = seal(
                    &mut after,
                    if encrypt { Qop::Encrypt } else { Qop::NoEncrypt },
                    message,
                    padding,
                );
                let expected = if cuts.stream {
                    message.to_vec()
                } else {
                    [message, &vec![padding as u8; padding]].concat()
                };
                let genuine = whole.clone();
                if let Some(rotation) = rotation
                    && whole[0] == 5
                {
                    let old = usize::from(u16::from_be_bytes([whole[6], whole[7]]));
                    let extra = if plan.dce_style && encrypt { 16 } else { 0 };
                    let body = whole.len() - 16;
                    whole[16..].rotate_left((old + extra) % body);
                    whole[16..].rotate_right((usize::from(rotation) + extra) % body);
                    whole[6..8].copy_from_slice(&rotation.to_be_bytes());
                }
                let place = usize::from(at) % whole.len();
                whole[place] ^= mask;
                if let Some(cut) = cut {
                    whole.truncate(cut.into());
                }
                let untouched = whole == genuine;
                let front = if cuts.front == 0 { length as u8 } else { cuts.front };
                match open(&mut server, &whole, Cuts { front, ..cuts }) {
                    // The padding of a stream without any is guessed from its message.
                    Ok(found) if padding == 0 && client.padding(0) > 0 && cuts.stream => {
                        assert!(expected.starts_with(&found))
                    }
                    Ok(found) => {
                        assert_eq!(found, expected);
                        if !encrypt && plan.number_is_open(mask) {
                            return;
                        }
                        client = after;
                    }
                    Err(_)
                        if untouched
                            && usize::from(front) == length
                            && (padding > 0 || client.padding(0) == 0) =>
                    {
                        panic!("a genuine message was refused")
                    }
                    Err(_) => {}
                }
                // The guess may have advanced the sequence number.
                if padding == 0 && client.padding(0) > 0 && cuts.stream {
                    return;
                }
            }
            Step::Signed { message, at, mask } => {
                let mut mic = vec![0; client.sizes().max_signature as usize];
                let mut after = client.clone();
                let length = after.sign(&[message], 0, &mut mic).unwrap();
                mic[usize::from(at) % length] ^= mask;
                match server.verify(&[message], 0, &mic[..length]) {
                    Ok(()) if plan.number_is_open(mask) => return,
                    Ok(()) => client = after,
                    Err(_) => assert_ne!(mask, 0),
                }
            }
            Step::Crafted { flags, extra, rotation, content, cuts } => {
                if client.padding(0) > 0
                    || matches!(plan.enctype(), Enctype::Rc4Hmac | Enctype::Des3Sha1)
                {
                    continue;
                }
                let mut header = [5, 4, flags, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
                header[4..6].copy_from_slice(&extra.to_be_bytes());
                header[6..8].copy_from_slice(&rotation.to_be_bytes());
                let keys = plan.key().derive_usage(24);
                let mut body = [&[0; 16], content].concat();
                let mut tag = vec![0; plan.enctype().tag_length()];
                keys.seal(&mut [Part { data: &mut body, seal: true }], &mut tag).unwrap();
                body.extend(tag);
                let turned = usize::from(rotation) % body.len();
                body.rotate_right(turned);
                // The encrypted part must be a copy of the header, in its place.
                let copy = content.len().checked_sub(16).map(|at| &content[at..]);
                let mut taken = server.clone();
                if open(&mut taken, &[&header[..], &body].concat(), cuts).is_ok() {
                    assert!(
                        copy.is_some_and(
                            |copy| copy[..6] == header[..6] && copy[8..] == header[8..]
                        )
                    );
                }
            }
        }
        // After any rejection the next genuine message is accepted.
        let (length, whole) =
            seal(&mut client.clone(), Qop::Encrypt, b"due.....", client.padding(8));
        let cuts = Cuts { stream: false, front: length as u8, second: 3 };
        assert!(
            open(&mut server.clone(), &whole, cuts)
                .is_ok_and(|found| found.starts_with(b"due....."))
        );
    }
});
