//! Messages of established Kerberos contexts, with both sides from this crate: which messages are
//! rejected, and which lengths are reported.

use crate::support::random::COUNTED;
use negossp_core::kerberos::crypto::{Enctype, Key};
use negossp_core::kerberos::session::{Session, Setup, Side};
use negossp_core::mechanism::MS_KRB5_OID;
use negossp_core::types::error::Error;
use negossp_core::types::flags::ContextFlags;
use negossp_core::types::protection::{Part, Qop};

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
            random: &COUNTED,
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
    let length =
        session.seal(qop, &mut [Part { data: &mut data, seal: true }], 0, &mut token).unwrap();
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
        // Triple DES is slow.
        let longest = if terms.enctype == Enctype::Des3Sha1 { 4096 } else { 1 << 20 };
        for length in
            [0, 8, 16, 24, 128, 240, 65536, 1 << 20].into_iter().filter(|&length| length <= longest)
        {
            let message = text(length);
            for qop in QOPS {
                for _ in 0..2 {
                    let (token, data) = seal(&mut client, qop, &message);
                    if length > 0 {
                        assert_eq!(data[..length] == message, qop == Qop::NoEncrypt);
                    }
                    assert_eq!(
                        unseal_stream(&mut server.clone(), &[&token[..], &data].concat()),
                        Ok((qop, message.clone()))
                    );
                    let (found, plain) = unseal(&mut server, &token, &data).unwrap();
                    assert_eq!(
                        (found, &plain[..length]),
                        (qop, &message[..]),
                        "{terms:?} {length}"
                    );
                    let mut mic = vec![0; server.sizes().max_signature as usize];
                    let made = server
                        .sign(&[&message[..length / 2], &message[length / 2..]], 0, &mut mic)
                        .unwrap();
                    client.verify(&[&message], 0, &mic[..made]).unwrap();
                    std::mem::swap(&mut client, &mut server);
                }
            }
        }
    }
}

fn old_tokens(enctype: Enctype) -> bool {
    matches!(enctype, Enctype::Rc4Hmac | Enctype::Des3Sha1)
}

/// Lengths: signature, block, trailer, trailer in DCE style.
fn lengths(enctype: Enctype) -> (u32, u32, u32, u32) {
    match enctype {
        Enctype::Aes128Sha1 | Enctype::Aes256Sha1 => (28, 1, 60, 76),
        Enctype::Aes128Sha256 => (32, 1, 64, 80),
        Enctype::Aes256Sha384 => (40, 1, 72, 88),
        Enctype::Rc4Hmac => (37, 1, 49, 45),
        Enctype::Des3Sha1 => (49, 8, 61, 57),
    }
}

#[test]
fn sizes_are_exact() {
    for terms in all_terms() {
        let (mut client, mut server) = terms.pair();
        let sizes = client.sizes();
        let (signature, block, trailer, dce_trailer) = lengths(terms.enctype);
        let trailer = if terms.dce_style { dce_trailer } else { trailer };
        assert_eq!(
            (sizes.max_signature, sizes.block_size, sizes.security_trailer),
            (signature, block, trailer),
            "{terms:?}"
        );
        for length in [0, 8, 64, 120, 200, 1000, 65528, 1 << 20] {
            if terms.enctype == Enctype::Des3Sha1 && length > 70_000 {
                continue;
            }
            for qop in QOPS {
                let (token, data) = seal(&mut client, qop, &text(length));
                let expected = match (old_tokens(terms.enctype), qop) {
                    (false, Qop::Encrypt) => trailer as usize,
                    (false, Qop::NoEncrypt) => signature as usize,
                    (true, _) if terms.dce_style => trailer as usize,
                    // The frame's length takes one to three of the five bytes that are reserved for
                    // it.
                    (true, _) => {
                        let inner = trailer as usize - 6 + data.len();
                        trailer as usize - 5
                            + [0x80, 0x100, 0x1_0000, 0x100_0000]
                                .iter()
                                .filter(|&&step| inner >= step)
                                .count()
                            + 1
                    }
                };
                assert_eq!(token.len(), expected, "{terms:?} {qop:?} {length}");
                unseal(&mut server, &token, &data).unwrap();
            }
        }
        let mut mic = vec![0; signature as usize];
        assert_eq!(server.sign(&[&text(500)], 0, &mut mic), Ok(signature as usize));
    }
}

/// A buffer that is too small is reported, and the context is unchanged.
#[test]
fn too_little_room() {
    for terms in all_terms() {
        let (mut client, mut server) = terms.pair();
        let message = text(64);
        for qop in QOPS {
            let needed = seal(&mut client.clone(), qop, &message).0.len();
            for room in 0..needed {
                let (mut token, mut data) = (vec![0xa5; room], message.clone());
                let made =
                    client.seal(qop, &mut [Part { data: &mut data, seal: true }], 0, &mut token);
                let frame = if old_tokens(terms.enctype) { 0..=1 } else { 0..=0 };
                let Err(Error::BufferTooSmall { needed: told }) = made else { panic!("{made:?}") };
                assert!(frame.contains(&(needed - told)), "{told} {needed}");
                assert_eq!((token, data), (vec![0xa5; room], message.clone()));
            }
        }
        let needed = client.sizes().max_signature as usize;
        for room in 0..needed {
            let mut token = vec![0xa5; room];
            assert_eq!(
                client.sign(&[&message], 0, &mut token),
                Err(Error::BufferTooSmall { needed })
            );
            assert_eq!(token, vec![0xa5; room]);
        }
        // Excess room is left as it is, and the message has the first sequence number.
        let (mut token, mut data) = (vec![0xa5; 500], message.clone());
        let length = client
            .seal(Qop::Encrypt, &mut [Part { data: &mut data, seal: true }], 0, &mut token)
            .unwrap();
        assert!(token[length..].iter().all(|&byte| byte == 0xa5));
        assert_eq!(unseal(&mut server, &token, &data).unwrap().1, message);
    }
}

fn refused<T: std::fmt::Debug>(found: Result<T, Error>) {
    assert!(
        matches!(
            found,
            Err(Error::MessageAltered(_) | Error::InvalidToken(_) | Error::OutOfSequence)
        ),
        "not refused as it should be: {found:?}"
    );
}

/// The distance by which a token was rotated, from its header.
fn rotation(terms: Terms, token: &[u8]) -> usize {
    let [extra, rotation] =
        [4, 6].map(|at| usize::from(u16::from_be_bytes([token[at], token[at + 1]])));
    if terms.dce_style && token[2] & 2 != 0 { rotation + extra } else { rotation }
}

fn names_the_other_mechanism(token: &[u8]) -> bool {
    token[0] == 0x60 && token[..20].windows(9).any(|window| window == MS_KRB5_OID)
}

/// Every bit of every byte changed: rejected, and afterwards the original message is accepted.
#[test]
fn altered_messages_are_refused() {
    for terms in all_terms() {
        let (mut client, mut server) = terms.pair();
        for qop in QOPS {
            let (token, data) = seal(&mut client, qop, &text(24));
            let whole = [&token[..], &data].concat();
            let body = whole.len() - 16;
            for bit in 0..whole.len() * 8 {
                let mut altered = whole.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                let (front, rest) = altered.split_at(token.len());
                if !old_tokens(terms.enctype) && matches!(bit / 8, 6 | 7) {
                    // A full extra rotation gives the same token.
                    if rotation(terms, &altered) % body == rotation(terms, &whole) % body {
                        continue;
                    }
                }
                // The two object identifiers of Kerberos differ in one bit.
                if names_the_other_mechanism(&altered) {
                    continue;
                }
                refused(unseal(&mut server, front, rest));
                refused(unseal_stream(&mut server, &altered));
            }
            for cut in 0..whole.len() {
                refused(unseal_stream(&mut server, &whole[..cut]));
                if cut < token.len() {
                    refused(unseal(&mut server, &token[..cut], &data));
                    refused(unseal(&mut server, &token[cut + 1..], &data));
                }
            }
            refused(unseal_stream(&mut server, &[&whole[..], b"more"].concat()));
            refused(unseal(&mut server, &token, &[&data[..], b"12345678"].concat()));
            refused(unseal(&mut server, &token, &data[8..]));
            assert_eq!(unseal(&mut server, &token, &data).unwrap().0, qop);
        }

        let message = text(40);
        let mut mic = vec![0; client.sizes().max_signature as usize];
        client.sign(&[&message], 0, &mut mic).unwrap();
        for bit in 0..mic.len() * 8 {
            let mut altered = mic.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            if !names_the_other_mechanism(&altered) {
                refused(server.verify(&[&message], 0, &altered));
            }
        }
        for cut in 0..mic.len() {
            refused(server.verify(&[&message], 0, &mic[..cut]));
        }
        for altered in [&message[1..], &message[..39], &[&message[..], b"x"].concat()] {
            refused(server.verify(&[altered], 0, &mic));
        }
        server.verify(&[&message], 0, &mic).unwrap();
    }
}

/// A message that is rejected for its content leaves no plaintext in the buffer.
#[test]
fn altered_messages_are_never_delivered() {
    let message = b"a secret that nobody sees before it is known to be the peer's....";
    for terms in all_terms() {
        let (mut client, mut server) = terms.pair();
        let (token, mut data) = seal(&mut client, Qop::Encrypt, &message[..64]);
        data[40] ^= 1;
        refused(server.unseal(&mut [Part { data: &mut data, seal: true }], 0, &token));
        assert!(
            !data.windows(8).any(|window| message.windows(8).any(|part| part == window)),
            "{terms:?}"
        );
    }
}

/// Messages of the receiver itself, of another context, and of another kind.
#[test]
fn messages_of_others() {
    for terms in all_terms() {
        let (mut client, mut server) = terms.pair();
        let message = text(48);
        for qop in QOPS {
            let (token, data) = seal(&mut client.clone(), qop, &message);
            refused(unseal(&mut client.clone(), &token, &data));
            refused(unseal_stream(&mut client.clone(), &[&token[..], &data].concat()));
            refused(server.verify(&[&message], 0, &token));

            let other = Terms { acceptor_subkey: !terms.acceptor_subkey, ..terms };
            if !old_tokens(terms.enctype) {
                refused(unseal(&mut other.session(Side::Acceptor), &token, &data));
            }
            for enctype in Enctype::ALL.into_iter().filter(|enctype| *enctype != terms.enctype) {
                refused(unseal(
                    &mut Terms { enctype, ..terms }.session(Side::Acceptor),
                    &token,
                    &data,
                ));
            }
        }
        let mut mic = vec![0; client.sizes().max_signature as usize];
        client.clone().sign(&[&message], 0, &mut mic).unwrap();
        refused(client.verify(&[&message], 0, &mic));
        refused(unseal(&mut server, &mic, &message));
        refused(unseal_stream(&mut server, &mic));
        server.verify(&[&message], 0, &mic).unwrap();
    }
}

/// By how much a Wrap token was rotated does not matter (RFC 4121 4.2.5), in either form.
#[test]
fn any_rotation() {
    for terms in all_terms().into_iter().filter(|terms| !old_tokens(terms.enctype)) {
        let (mut client, server) = Terms { flags: ContextFlags::REPLAY_DETECT, ..terms }.pair();
        for length in [0, 1, 40, 300] {
            for qop in QOPS {
                let message = text(length);
                let (token, data) = seal(&mut client, qop, &message);
                let mut body = [&token[16..], &data].concat();
                let rotated = rotation(terms, &token) % body.len();
                body.rotate_left(rotated);
                for told in (0..body.len() * 2 + 3).chain([0xffff - 16, 0xffff]) {
                    let extra = if terms.dce_style && qop == Qop::Encrypt { 16 } else { 0 };
                    let mut turned = body.clone();
                    turned.rotate_right((told + extra) % body.len());
                    let header =
                        [&token[..6], &(told as u16).to_be_bytes()[..], &token[8..16]].concat();
                    let whole = [&header[..], &turned].concat();
                    assert_eq!(
                        unseal_stream(&mut server.clone(), &whole),
                        Ok((qop, message.clone())),
                        "{terms:?} {told}"
                    );
                    let (front, rest) = whole.split_at(token.len());
                    assert_eq!(
                        unseal(&mut server.clone(), front, rest),
                        Ok((qop, message.clone())),
                        "{terms:?} {told}"
                    );
                }
            }
        }
    }
}

/// A sealed Wrap token of the initiator's, made by hand: with `EC` bytes of filler, and with
/// `alter` applied to the encrypted copy of the header.
fn by_hand(
    terms: Terms,
    extra: u16,
    number: u64,
    message: &[u8],
    alter: impl Fn(&mut [u8; 16]),
) -> Vec<u8> {
    let flags = if terms.acceptor_subkey { 6 } else { 2 };
    let mut header = [5, 4, flags, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    header[4..6].copy_from_slice(&extra.to_be_bytes());
    header[8..].copy_from_slice(&number.to_be_bytes());
    let mut copy = header;
    alter(&mut copy);
    let mut body = [&[9; 16], message, &vec![7; extra.into()], &copy].concat();
    let bytes: Vec<u8> = terms.session(Side::Initiator).session_key().to_vec();
    let keys = Key::new(terms.enctype, &bytes).unwrap().derive_usage(24);
    let mut tag = vec![0; terms.enctype.tag_length()];
    keys.seal(&mut [Part { data: &mut body, seal: true }], &mut tag).unwrap();
    body.extend(tag);
    if terms.dce_style {
        // Rotated by EC + RRC.
        body.rotate_right(extra.into());
    }
    [&header[..], &body].concat()
}

#[test]
fn any_filler() {
    for terms in all_terms().into_iter().filter(|terms| !old_tokens(terms.enctype)) {
        let mut server = terms.session(Side::Acceptor);
        let tag = terms.enctype.tag_length();
        for (number, extra) in [0, 1, 15, 16, 17, 255, 40000].into_iter().enumerate() {
            for length in [0, 1, 50] {
                let (message, number) = (text(length), 1000 + number as u64);
                let whole = by_hand(terms, extra, number, &message, |_| {});
                assert_eq!(
                    unseal_stream(&mut server.clone(), &whole),
                    Ok((Qop::Encrypt, message.clone()))
                );
                let (front, rest) = whole.split_at(16 + 16 + 16 + usize::from(extra) + tag);
                assert_eq!(unseal(&mut server.clone(), front, rest), Ok((Qop::Encrypt, message)));
            }
            let whole = by_hand(terms, extra, 1000 + number as u64, b"", |_| {});
            unseal_stream(&mut server, &whole).unwrap();
        }
    }
}

/// The encrypted copy of the header must equal the header, except for the rotation.
#[test]
fn the_copy_of_the_header() {
    for terms in all_terms().into_iter().filter(|terms| !old_tokens(terms.enctype)) {
        let message = text(40);
        for at in 0..16 {
            let whole = by_hand(terms, 3, 1000, &message, |copy| copy[at] ^= 0x40);
            let mut server = terms.session(Side::Acceptor);
            if at == 6 || at == 7 {
                assert_eq!(unseal_stream(&mut server, &whole), Ok((Qop::Encrypt, message.clone())));
                continue;
            }
            refused(unseal_stream(&mut server, &whole));
            let (front, rest) = whole.split_at(48 + 3 + terms.enctype.tag_length());
            let mut data = rest.to_vec();
            refused(server.unseal(&mut [Part { data: &mut data, seal: true }], 0, front));
            assert_eq!(data, vec![0; 40], "a message that is refused is not to be read");
        }
    }
}

/// The negotiated flags determine which messages are accepted; a rejection leaves the context
/// unchanged.
#[test]
fn order_and_replay() {
    let in_order = (IN_ORDER, vec![0, 1, 2, 3, 4]);
    let each_once = (ContextFlags::REPLAY_DETECT, vec![2, 0, 1, 4, 3]);
    let any = (ContextFlags::empty(), vec![2, 0, 2, 1, 2, 4, 0, 3, 4]);
    let tries = [2, 0, 2, 1, 2, 4, 0, 3, 4];
    for terms in all_terms() {
        for (flags, expected) in [&in_order, &each_once, &any] {
            let (mut client, mut server) = Terms { flags: *flags, ..terms }.pair();
            let messages: Vec<_> =
                (0..5).map(|n| seal(&mut client, QOPS[n % 2], &[n as u8; 16])).collect();
            let mut taken = vec![];
            let tries: Vec<usize> = match flags {
                &IN_ORDER => tries.into_iter().chain([3, 4, 0, 1]).collect(),
                _ => tries.to_vec(),
            };
            for n in tries {
                match unseal(&mut server, &messages[n].0, &messages[n].1) {
                    Ok(_) => taken.push(n),
                    Err(error) => assert_eq!(error, Error::OutOfSequence),
                }
            }
            assert_eq!(taken, *expected, "{terms:?} {flags:?}");
        }
    }
}

/// MICs and Wrap tokens share one sequence, separately for each direction.
#[test]
fn one_count_for_all_kinds() {
    for terms in all_terms() {
        let (mut client, mut server) = terms.pair();
        for n in 0..6 {
            let mut mic = vec![0; 64];
            let length = client.sign(&[b"signed"], 0, &mut mic).unwrap();
            let (token, data) = seal(&mut client, QOPS[n % 2], b"and sealed......");
            assert_eq!(unseal(&mut server, &token, &data), Err(Error::OutOfSequence));
            server.verify(&[b"signed"], 0, &mic[..length]).unwrap();
            unseal_stream(&mut server, &[token, data].concat()).unwrap();
            if n % 3 == 0 {
                let list = server.make_mech_list_mic(b"mechanisms").unwrap();
                refused(client.verify_mech_list_mic(b"mechanismS", &list));
                client.verify_mech_list_mic(b"mechanisms", &list).unwrap();
                refused(client.verify_mech_list_mic(b"mechanisms", &list));
            }
        }
    }
}

/// Parts that are only signed: if one is changed or moved, the message is rejected. Sealed parts
/// may be split anywhere.
#[test]
fn parts_signed_only() {
    for terms in all_terms() {
        let (mut client, mut server) = terms.pair();
        for qop in QOPS {
            let mut token = vec![0; client.sizes().security_trailer as usize];
            let (mut head, mut body, mut tail, mut end) = (text(24), text(40), text(9), text(16));
            let seal = [false, true, false, true];
            let mut parts: Vec<Part<'_>> = [&mut head, &mut body, &mut tail, &mut end]
                .into_iter()
                .zip(seal)
                .map(|(data, seal)| Part { data, seal })
                .collect();
            let length = client.seal(qop, &mut parts, 0, &mut token).unwrap();
            token.truncate(length);
            assert_eq!((&head, &tail), (&text(24), &text(9)));
            let mut open = |pieces: [&[u8]; 4]| {
                let mut pieces = pieces.map(<[u8]>::to_vec);
                let mut parts: Vec<_> =
                    pieces.iter_mut().zip(seal).map(|(data, seal)| Part { data, seal }).collect();
                let qop = server.unseal(&mut parts, 0, &token)?;
                Ok((qop, pieces))
            };
            let mut changed = head.clone();
            changed[5] ^= 1;
            refused(open([&changed, &body, &tail, &end]));
            refused(open([&tail, &body, &head, &end]));
            refused(open([&head, &body, b"", &end]));
            refused(open([&head, &body, &[&tail[..], b"x"].concat(), &end]));
            let (_, pieces) = open([&head, &body, &tail, &end]).unwrap();
            assert_eq!(pieces, [text(24), text(40), text(9), text(16)], "{terms:?} {qop:?}");
        }
    }
}

/// RC4 and triple DES pad a message at its end, unless the caller provides no buffer for it; such a
/// message cannot be read as a stream.
#[test]
fn padding_of_the_older_tokens() {
    for terms in all_terms() {
        let (mut client, mut server) = terms.pair();
        for length in 0..20 {
            let expected = match terms.enctype {
                _ if terms.dce_style => 0,
                Enctype::Rc4Hmac => 1,
                Enctype::Des3Sha1 => 8 - length % 8,
                _ => 0,
            };
            assert_eq!(client.padding(length), expected);
        }
        let mut token = vec![0; client.sizes().security_trailer as usize];
        let mut data = vec![0xaa; 16];
        let made = client
            .seal(Qop::Encrypt, &mut [Part { data: &mut data, seal: true }], 0, &mut token)
            .unwrap();
        let stream = [&token[..made], &data].concat();
        match client.padding(16) {
            0 => assert_eq!(
                unseal_stream(&mut server.clone(), &stream),
                Ok((Qop::Encrypt, vec![0xaa; 16]))
            ),
            _ => refused(unseal_stream(&mut server.clone(), &stream)),
        }
        assert_eq!(unseal(&mut server, &token[..made], &data), Ok((Qop::Encrypt, vec![0xaa; 16])));

        let mut odd = vec![1; 13];
        let made =
            client.seal(Qop::Encrypt, &mut [Part { data: &mut odd, seal: true }], 0, &mut token);
        assert_eq!(
            matches!(made, Err(Error::InvalidParameter(_))),
            terms.enctype == Enctype::Des3Sha1
        );
    }
}

#[test]
fn what_is_reported_of_the_key() {
    let told: Vec<_> = Enctype::ALL
        .map(|enctype| {
            let terms = Terms { enctype, dce_style: false, acceptor_subkey: true, flags: IN_ORDER };
            let session = terms.session(Side::Acceptor);
            assert_eq!(session.session_key().len(), enctype.key_length());
            let shown = format!("{session:?}");
            assert!(!shown.contains("1, 8") && !shown.contains("0108"), "{shown}");
            let info = session.key_info();
            (
                info.encrypt_name,
                info.encrypt_id,
                info.signature_name,
                info.signature_id as i32,
                info.key_bits,
            )
        })
        .to_vec();
    assert_eq!(told[2], ("Kerberos AES256-CTS-HMAC-SHA1-96", 18, "HMAC-SHA1-96", 16, 256));
    assert_eq!(told[1], ("Kerberos AES128-CTS-HMAC-SHA1-96", 17, "HMAC-SHA1-96", 15, 128));
    assert_eq!(told[5], ("RSADSI RC4-HMAC", 23, "HMAC-MD5", -138, 128));
    assert!(size_of::<Session>() <= 64);
}
