//! The changes that are made to a conversation, and their names.

use crate::forge::*;
use crate::pac_support::{alice, pac_type, signed};
use crate::random::Random;
use negossp::kerberos::crypto::{Enctype, Key, key_usage, random_key};
use negossp::platform::random::SystemRandom;

/// A conversation to be compared.
pub struct Case {
    /// What was changed: the class by which a difference is explained.
    pub label: String,
    /// A conversation that both accept first, in a context of its own.
    pub before: Option<Vec<u8>>,
    pub token: Vec<u8>,
    pub conversation: Conversation,
}

/// The case with this number.
pub fn case(world: &World, number: u64) -> Case {
    let mut random = Random::new(SEED, number);
    let mut c = Conversation::new(world, &mut random);
    let r = &mut random;
    let label = match r.below(100) {
        0..8 => "as it should be".to_owned(),
        8..16 => return bits_flipped(c, r),
        16..19 => return cut_or_longer(c, r),
        19..25 => return replayed(c, r),
        25..40 => {
            c.spoil = Some((*r.of(&[Target::TicketPart, Target::Authenticator]), r.next()));
            String::new()
        }
        40..52 => {
            c.spoil = Some((Target::ApReq, r.next()));
            String::new()
        }
        52..56 => {
            if !matches!(c.frame, Frame::Spnego(..)) {
                c.frame = Frame::Spnego(vec![oid::KRB5], Box::new(Frame::Gss(oid::KRB5)));
            }
            c.spoil = Some((Target::Spnego, r.next()));
            String::new()
        }
        56..63 => times(&mut c, r),
        63..69 => names(&mut c, r),
        69..76 => keys(world, &mut c, r),
        76..82 => subkeys(&mut c, r),
        82..89 => checksums(&mut c, r),
        89..93 => flags(&mut c, r),
        93..95 => data(&mut c, r),
        95..97 => pacs(world, &mut c, r),
        _ => frames(&mut c, r),
    };
    c.modern_frame();
    let (token, spoilt) = c.token();
    Case { label: spoilt.unwrap_or(label), before: None, token, conversation: c }
}

/// The same in every run.
const SEED: u64 = 0x4e65_676f_7353_5031;

/// Bits of the token, the encrypted parts among them.
fn bits_flipped(mut c: Conversation, r: &mut Random) -> Case {
    c.modern_frame();
    let (mut token, _) = c.token();
    let count = 1 + r.below(3);
    // Half of them at the front, which has more structure.
    let within = if r.once_in(2) { token.len().min(120) } else { token.len() };
    for _ in 0..count {
        let at = r.below(within);
        token[at] ^= 1 << r.below(8);
    }
    Case { label: "bits of the token".into(), before: None, token, conversation: c }
}

fn cut_or_longer(mut c: Conversation, r: &mut Random) -> Case {
    c.modern_frame();
    let (mut token, _) = c.token();
    let label = if r.once_in(3) {
        let more = 1 + r.below(20);
        token.extend((0..more).map(|_| r.byte()));
        "bytes behind the token"
    } else {
        token.truncate(if r.once_in(2) {
            r.below(token.len())
        } else {
            token.len() - 1 - r.below(20)
        });
        "the token cut"
    };
    Case { label: label.into(), before: None, token, conversation: c }
}

/// An authenticator that has been accepted.
fn replayed(mut c: Conversation, r: &mut Random) -> Case {
    c.frame = Frame::Gss(oid::KRB5);
    c.gss_flags &= !gss::DCE_STYLE;
    let ticket = c.ticket(&mut None);
    let authenticator = c.authenticator_cipher();
    let first = c.framed(
        &c.frame,
        c.request_of(ticket.clone(), authenticator.clone(), &mut None),
        &mut None,
    );
    let what;
    let (mut again, mut new_ticket) = (c.clone(), ticket);
    match r.below(7) {
        0 => what = "as it was",
        1 => {
            again.frame = Frame::Spnego(vec![oid::KRB5], Box::new(Frame::Gss(oid::KRB5)));
            what = "in SPNEGO";
        }
        2 => {
            again.frame = Frame::Gss(oid::MS_KRB5);
            what = "in another frame";
        }
        3 => {
            again.ap_options ^= MUTUAL_REQUIRED;
            what = "with other options";
        }
        4 => {
            let at = r.below(2);
            again.kvno = [None, Some(2)][at];
            new_ticket = again.ticket(&mut None);
            what = "with another ticket of the same session key";
        }
        5 => {
            again.bindings = Some(b"another channel".to_vec());
            what = "on another channel";
        }
        _ => {
            again.authenticator_kvno = Some(7);
            what = "with a key version";
        }
    }
    let token = again.framed(
        &again.frame,
        again.request_of(new_ticket, authenticator, &mut None),
        &mut None,
    );
    Case { label: format!("replayed {what}"), before: Some(first), token, conversation: again }
}

fn times(c: &mut Conversation, r: &mut Random) -> String {
    let now = c.ctime;
    let far = [-86_400, -3600, -330, -270, 290, 330, 3600, 86_400, 31_536_000, -31_536_000];
    match r.below(7) {
        0 | 1 => {
            let by = *r.of(&far);
            c.ctime = crate::forge::now() + by;
            format!("ctime {by:+}")
        }
        2 => {
            let by = *r.of(&far);
            c.starttime = Some(now + by);
            format!("starttime {by:+}")
        }
        3 => {
            let by = *r.of(&far);
            c.endtime = now + by;
            format!("endtime {by:+}")
        }
        4 => {
            let by = *r.of(&far);
            c.authtime = now + by;
            let had = c.starttime.is_some();
            format!("authtime {by:+}{}", if had { "" } else { " without starttime" })
        }
        5 => {
            let at = *r.of(&[
                0,
                1,
                0x7fff_ffff,
                0x8000_0000,
                0xffff_ffff,
                253_402_300_799,
                -1,
                4_000_000_000,
            ]);
            match r.below(5) {
                0 => {
                    c.ctime = at;
                    format!("ctime at {at}")
                }
                1 => {
                    c.endtime = at;
                    format!("endtime at {at}")
                }
                2 => {
                    c.starttime = Some(at);
                    format!("starttime at {at}")
                }
                3 => {
                    c.authtime = at;
                    format!("authtime at {at}")
                }
                _ => {
                    c.renew_till = Some(at);
                    format!("renew-till at {at}")
                }
            }
        }
        _ => {
            c.cusec = *r.of(&[-1, 0, 999_999, 1_000_000, 0x7fff_ffff, 0xffff_ffff]);
            format!("cusec {}", c.cusec)
        }
    }
}

fn names(c: &mut Conversation, r: &mut Random) -> String {
    let same = |c: &mut Conversation, name: Name| {
        c.cname = name.clone();
        c.own_cname = name;
    };
    match r.below(17) {
        0 => {
            c.own_cname.components[0] = b"mallory".to_vec();
            "another cname in the authenticator".into()
        }
        1 => {
            c.own_crealm = b"OTHER.EXAMPLE".to_vec();
            "another crealm in the authenticator".into()
        }
        2 => {
            c.own_crealm = b"example.com".to_vec();
            "crealm in small letters in the authenticator".into()
        }
        3 => {
            c.own_cname.kind = 10;
            "another name type in the authenticator".into()
        }
        4 => {
            c.own_cname.components.push(b"admin".to_vec());
            "one component more in the authenticator".into()
        }
        5 => {
            let joined = c.cname.components.join(&b"/"[..]);
            c.own_cname.components = vec![joined];
            match c.cname.components.len() {
                1 => "as it should be".into(),
                _ => "components joined in the authenticator".into(),
            }
        }
        6 => {
            same(c, Name { kind: 1, components: vec![] });
            "a client without components".into()
        }
        7 => {
            same(c, Name::new(1, &[""]));
            "a client with an empty component".into()
        }
        8 => {
            let components: Vec<Vec<u8>> =
                (0..*r.of(&[5, 32, 33, 100])).map(|n| vec![b'a' + n % 26]).collect();
            let count = components.len();
            same(c, Name { kind: 1, components });
            format!("a client with {count} components")
        }
        9 => {
            same(c, Name::new(1, &["a/b@c\\d"]));
            "a client with signs to be quoted".into()
        }
        10 => {
            same(c, Name { kind: 1, components: vec![b"al\0ice".to_vec()] });
            "a client with a zero".into()
        }
        11 => {
            same(c, Name { kind: 1, components: vec!["jürgen".as_bytes().to_vec()] });
            "a client in UTF-8".into()
        }
        12 => {
            same(c, Name { kind: 1, components: vec![b"j\xfcrgen".to_vec()] });
            "a client in Latin-1".into()
        }
        13 => {
            (c.crealm, c.own_crealm) = (b"TRUSTED.EXAMPLE".to_vec(), b"TRUSTED.EXAMPLE".to_vec());
            let checked = r.once_in(2);
            if checked {
                c.flags |= 1 << (31 - 12);
            }
            format!(
                "a client of another realm, {}",
                if checked { "path checked" } else { "path empty" }
            )
        }
        14 => {
            (c.crealm, c.own_crealm) = (b"TRUSTED.EXAMPLE".to_vec(), b"TRUSTED.EXAMPLE".to_vec());
            c.transited =
                (1, r.of(&[&b"MIDDLE.EXAMPLE"[..], b"EVIL.TEST", b",", b"EXAMPLE.COM,"]).to_vec());
            let checked = r.once_in(2);
            if checked {
                c.flags |= 1 << (31 - 12);
            }
            format!(
                "a client of another realm, {}",
                if checked { "path given and checked" } else { "path given" }
            )
        }
        15 => {
            c.sname = Name::new(
                2,
                *r.of(&[
                    &["HTTP", "other.example"],
                    &["host", "server.example"],
                    &["imap", "server.example"],
                ]),
            );
            "another sname on the ticket".into()
        }
        _ => {
            c.srealm = b"OTHER.EXAMPLE".to_vec();
            "another realm on the ticket".into()
        }
    }
}

fn keys(world: &World, c: &mut Conversation, r: &mut Random) -> String {
    match r.below(14) {
        0 => {
            c.kvno = None;
            "no kvno on the ticket".into()
        }
        1 => {
            let kvno = *r.of(&[0, 1, 2, 3, 4, 255, 256 + 3, 0x10003, -1, 0x7fff_ffff, 0xffff_ffff]);
            let right = c.kvno == Some(kvno);
            c.kvno = Some(kvno);
            if right { "as it should be".into() } else { format!("kvno {kvno} on the ticket") }
        }
        2 => {
            c.ticket_key = world.other_key.clone();
            c.ticket_etype = 18;
            "the ticket under a key that nobody has".into()
        }
        3 => {
            c.ticket_usage = *r.of(&[0, 1, 3, 11, 17]);
            "the ticket for another key usage".into()
        }
        4 => {
            let other = *r.of(&[0, 1, 3, 16, 17, 18, 19, 20, 23, 24, 25, 26, 511, -128, 99]);
            let same = other == c.ticket_etype;
            c.ticket_etype = other;
            if same { "as it should be".into() } else { format!("etype {other} on the ticket") }
        }
        5 => {
            let other = *r.of(&[0, 1, 3, 16, 17, 18, 19, 20, 23, 24, 25, 26, 511, -128, 99]);
            let same = other == c.authenticator_etype;
            c.authenticator_etype = other;
            if same {
                "as it should be".into()
            } else {
                format!("etype {other} on the authenticator")
            }
        }
        6 => {
            c.authenticator_kvno = Some(*r.of(&[0, 1, 3, -1]));
            "kvno on the authenticator".into()
        }
        7 => {
            c.authenticator_key = random_key(c.session.enctype(), &SystemRandom).unwrap();
            "the authenticator under another key".into()
        }
        8 => {
            c.authenticator_usage = *r.of(&[7, 2, 12, 0]);
            "the authenticator for another key usage".into()
        }
        9 => {
            c.session_type = *r.of(&[0, 1, 3, 24, 25, 511, 99, -1]);
            format!("session key of type {}", c.session_type)
        }
        10 => {
            let length = *r.of(&[0, 1, 8, 15, 17, 24, 31, 33, 64]);
            // For HMAC, and so for MIT's RC4, zeros at the end of a key make no difference, so it
            // is changed elsewhere too.
            let shorter = length < c.session_bytes.len();
            if let Some(first) = c.session_bytes.first_mut().filter(|_| shorter) {
                *first ^= 1;
            }
            c.session_bytes.resize(length, 0x5a);
            if length == c.session.enctype().key_length() {
                "session key of other bytes".into()
            } else {
                "session key of a wrong length".into()
            }
        }
        11 => {
            // The numbers of two types whose keys have the same length.
            let other = match c.session.enctype() {
                Enctype::Aes256Sha1 => 20,
                Enctype::Aes256Sha384 => 18,
                Enctype::Aes128Sha1 => 19,
                Enctype::Aes128Sha256 => 17,
                Enctype::Rc4Hmac => 17,
                Enctype::Des3Sha1 => 18,
            };
            c.session_type = other;
            "session key with the number of another type".into()
        }
        12 => {
            // The service's key itself as the session key.
            c.session = c.ticket_key.clone();
            c.session_type = c.session.enctype().number().into();
            c.session_bytes = c.session.bytes().to_vec();
            c.authenticator_key = c.session.clone();
            c.authenticator_etype = c.session_type;
            c.subkey = None;
            "the service's key as session key".into()
        }
        _ => {
            c.ap_options |= USE_SESSION_KEY;
            "use-session-key asked for".into()
        }
    }
}

fn subkeys(c: &mut Conversation, r: &mut Random) -> String {
    match r.below(9) {
        0 | 1 => {
            let other = random_key(*r.of(&Enctype::ALL), &SystemRandom).unwrap();
            let same = other.enctype() == c.session.enctype();
            c.subkey = Some((other.enctype().number().into(), other.bytes().to_vec()));
            match same {
                true => "as it should be".into(),
                false => format!(
                    "sub-key of type {} to a session key of {}",
                    other.enctype().number(),
                    c.session_type
                ),
            }
        }
        2 => {
            let number = *r.of(&[0, 1, 3, 24, 25, 511, 99, -1]);
            c.subkey = Some((number, vec![7; 16]));
            format!("sub-key of type {number}")
        }
        3 => {
            let length = *r.of(&[0, 1, 8, 15, 33, 64]);
            c.subkey = Some((c.session_type, vec![7; length]));
            "sub-key of a wrong length".into()
        }
        4 => {
            c.subkey = Some((c.session_type, c.session_bytes.clone()));
            "sub-key that is the session key".into()
        }
        5 => {
            c.subkey = None;
            c.seq_number = None;
            "neither sub-key nor sequence number".into()
        }
        6 => {
            c.seq_number = None;
            "no sequence number".into()
        }
        7 => {
            c.seq_number = Some(*r.of(&[
                0,
                1,
                0x3fff_ffff,
                0x4000_0000,
                0x7fff_ffff,
                0x8000_0000,
                0xffff_ffff,
            ]));
            format!("sequence number {}", c.seq_number.unwrap_or_default())
        }
        _ => {
            c.seq_number = Some(*r.of(&[-1, -0x8000_0000, -0x8000_0001, 0x1_0000_0000, -127]));
            format!("sequence number {}", c.seq_number.unwrap_or_default())
        }
    }
}

fn checksums(c: &mut Conversation, r: &mut Random) -> String {
    let mut label = None;
    c.gss_flags &= !gss::DCE_STYLE;
    if c.frame == Frame::Bare {
        c.frame = Frame::Gss(oid::KRB5);
    }
    let deleg = |c: &mut Conversation, credential: Vec<u8>| {
        c.gss_flags |= gss::DELEG;
        c.gss_deleg = Some(credential);
    };
    match r.below(20) {
        0 => {
            c.checksum = Some(None);
            c.gss_flags = 0;
            "no checksum".into()
        }
        1 | 2 => {
            // As Samba's clients send it.
            let sum = c.session.checksum(key_usage::AP_REQ_CHECKSUM, &[]).unwrap();
            c.checksum = Some(Some((sum.checksum_type().into(), sum.bytes().to_vec())));
            c.gss_flags = gss::REPLAY | gss::SEQUENCE;
            if c.ap_options & MUTUAL_REQUIRED != 0 {
                c.gss_flags |= gss::MUTUAL;
            }
            "a checksum over nothing".into()
        }
        3 => {
            let (key, text) = match (r.below(3), c.subkey()) {
                (0, Some(subkey)) => (subkey, &b""[..]),
                (1, _) => (random_key(c.session.enctype(), &SystemRandom).unwrap(), &b""[..]),
                _ => (c.session.clone(), &b"something"[..]),
            };
            let sum = key.checksum(key_usage::AP_REQ_CHECKSUM, &[text]).unwrap();
            c.checksum = Some(Some((sum.checksum_type().into(), sum.bytes().to_vec())));
            "a wrong checksum over nothing".into()
        }
        4 => {
            let number = *r.of(&[0, 1, 2, 7, 8, 14, 0x8001, 0x8002, 0x8004, -1]);
            c.checksum = Some(Some((number, vec![7; 16])));
            "a checksum of another type".into()
        }
        5 => {
            let length = r.below(24);
            let bytes = [&16u32.to_le_bytes()[..], &[0; 16], &c.gss_flags.to_le_bytes()].concat();
            c.checksum = Some(Some((0x8003, bytes[..length].to_vec())));
            "checksum 0x8003 too short".into()
        }
        6 => {
            let wrong = *r.of(&[0u32, 15, 17, 0x1000_0000, 0xffff_ffff]);
            let bytes = [&wrong.to_le_bytes()[..], &[0; 16], &c.gss_flags.to_le_bytes()].concat();
            c.checksum = Some(Some((0x8003, bytes)));
            "checksum 0x8003 with a wrong length of bindings".into()
        }
        7 => {
            c.bindings = Some(b"one".to_vec());
            c.gss_bindings = bindings_hash(b"another");
            "other channel bindings".into()
        }
        8 => {
            c.bindings = Some(b"one".to_vec());
            c.gss_bindings = bindings_hash(b"one");
            let at = r.below(16);
            c.gss_bindings[at] ^= 1 << r.below(8);
            "a bit of the channel bindings".into()
        }
        9 => {
            let key = r.of(&[Some(c.session.clone()), c.subkey(), None]).clone();
            let credential = c.krb_cred(key.as_ref(), &mut None);
            deleg(c, credential);
            let how = match &key {
                Some(key) if key.bytes() == c.session.bytes() => "under the session key",
                Some(_) => "under the sub-key",
                None => "unencrypted",
            };
            format!("a delegated credential {how}")
        }
        10 => {
            c.spoil = Some((Target::Cred, r.next()));
            let credential = c.krb_cred(Some(&c.session), &mut label);
            c.spoil = None;
            deleg(c, credential);
            format!("a delegated credential: {}", label.unwrap_or_default())
        }
        11 => {
            let length = r.below(40);
            deleg(c, (0..length).map(|_| r.byte()).collect());
            "a delegated credential that is noise".into()
        }
        12 => {
            let key = random_key(Enctype::Aes256Sha1, &SystemRandom).unwrap();
            let credential = c.krb_cred(Some(&key), &mut None);
            deleg(c, credential);
            "a delegated credential under another key".into()
        }
        13 => {
            c.gss_flags |= gss::DELEG;
            "the flag for delegation and no credential".into()
        }
        14 => {
            // DlgOpt or Dlgth wrong.
            let mut bytes =
                [&16u32.to_le_bytes()[..], &[0; 16], &(c.gss_flags | gss::DELEG).to_le_bytes()]
                    .concat();
            let credential = c.krb_cred(Some(&c.session), &mut None);
            let (option, length) =
                if r.once_in(2) { (2u16, credential.len()) } else { (1, credential.len() + 1) };
            bytes.extend(option.to_le_bytes());
            bytes.extend((length as u16).to_le_bytes());
            bytes.extend(credential);
            c.checksum = Some(Some((0x8003, bytes)));
            format!(
                "a delegated credential with a wrong {}",
                if option == 2 { "DlgOpt" } else { "Dlgth" }
            )
        }
        15 => {
            let credential = c.krb_cred(Some(&c.session), &mut None);
            c.gss_extensions =
                [&1u16.to_le_bytes()[..], &(credential.len() as u16).to_le_bytes(), &credential]
                    .concat();
            "a delegated credential without the flag".into()
        }
        16 => {
            // Type and length of 32 bits, as MIT writes them.
            c.gss_extensions = [&77u32.to_be_bytes()[..], &3u32.to_be_bytes(), b"ext"].concat();
            "an extension of the checksum".into()
        }
        17 => {
            c.gss_extensions = vec![7; 1 + r.below(12)];
            "noise behind the checksum's flags".into()
        }
        18 => {
            let wrong = c.krb_cred(Some(&c.session), &mut None);
            deleg(c, wrong);
            c.gss_extensions = vec![7; 1 + r.below(12)];
            "noise behind a delegated credential".into()
        }
        _ => {
            let key = Key::new(Enctype::Rc4Hmac, &[9; 16]).unwrap();
            let sum = key.checksum(key_usage::AP_REQ_CHECKSUM, &[]).unwrap();
            c.checksum = Some(Some((sum.checksum_type().into(), sum.bytes().to_vec())));
            "a checksum over nothing, under another key".into()
        }
    }
}

fn flags(c: &mut Conversation, r: &mut Random) -> String {
    match r.below(8) {
        0 => {
            let bit = r.below(32);
            c.flags ^= 1 << (31 - bit);
            format!("ticket flag {bit}")
        }
        1 => {
            let bit = r.below(32);
            c.gss_flags ^= 1 << bit;
            match bit {
                12 if c.frame == Frame::Bare => "a bare request".into(),
                12 => "DCE style in a frame".into(),
                0 => "the flag for delegation and no credential".into(),
                _ => format!("GSS flag {bit}"),
            }
        }
        2 => {
            c.gss_flags = 0;
            if c.frame == Frame::Bare { "a bare request" } else { "no GSS flag" }.into()
        }
        3 => {
            c.ap_options ^= MUTUAL_REQUIRED;
            "mutual-required unlike the GSS flag".into()
        }
        4 => {
            let bit = r.below(32);
            c.ap_options ^= 1 << (31 - bit);
            match bit {
                1 => "use-session-key asked for".into(),
                2 => "mutual-required unlike the GSS flag".into(),
                _ => format!("AP option {bit}"),
            }
        }
        5.. => {
            let addresses = match r.below(3) {
                0 => vec![(2, vec![192, 0, 2, 1])],
                1 => vec![],
                _ => vec![(24, vec![0x20; 16]), (20, b"CLIENT          ".to_vec())],
            };
            let count = addresses.len();
            c.caddr = Some(addresses);
            c.address = *r.of(&[None, Some([192, 0, 2, 1]), Some([192, 0, 2, 2])]);
            if c.address.is_some() {
                // The address is a part of the bindings too, which the client does not know here.
                (c.bindings, c.gss_bindings) = (None, [0; 16]);
            }
            format!(
                "{count} addresses in the ticket, {}",
                if c.address.is_some() { "the client's known" } else { "its unknown" }
            )
        }
    }
}

fn data(c: &mut Conversation, r: &mut Random) -> String {
    let noise = |r: &mut Random| (0..r.below(30)).map(|_| r.byte()).collect::<Vec<u8>>();
    let within = r.once_in(2);
    let into_ticket = r.once_in(2);
    let (what, element): (String, Typed) = match r.below(9) {
        0 => ("an unknown element".into(), (4242, noise(r))),
        1 => (
            "AD-MANDATORY-FOR-KDC".into(),
            (8, authorization_data("for-kdc", &[(4242, noise(r))]).encode()),
        ),
        2 => ("a PAC of noise".into(), (128, noise(r))),
        3 => ("a negative ad-type".into(), (-77, noise(r))),
        4 => ("AD-AND-OR of noise".into(), (5, noise(r))),
        5 => ("AD-KDCIssued of noise".into(), (4, noise(r))),
        6 => ("AD-IF-RELEVANT of noise".into(), (1, noise(r))),
        7 => {
            // AD-AUTH-DATA-AP-OPTIONS: channel bindings wherever there is a channel.
            if c.bindings.is_none() && r.once_in(2) {
                c.bindings = Some(b"tls-unique:cbt".to_vec());
            }
            let bytes = *r.of(&[&[0, 0x40, 0, 0][..], &[0; 4], &[0; 3], &[0, 0x40, 0, 0, 0]]);
            let known = if c.bindings.is_some() { "with a channel" } else { "without a channel" };
            (format!("AP options of {} bytes {known}", bytes.len()), (143, bytes.to_vec()))
        }
        _ => {
            let list = *r.of(&[&[20, 18, 17][..], &[23], &[3, 1], &[18], &[], &[17, 17, 17]]);
            if !into_ticket {
                c.data = vec![etype_negotiation(list)];
                return format!("encryption types {list:?} negotiated");
            }
            ("encryption types for negotiation".into(), etype_negotiation(list))
        }
    };
    let element =
        if within { (1, authorization_data("if-relevant", &[element]).encode()) } else { element };
    let list = if into_ticket { &mut c.ticket_data } else { &mut c.data };
    list.push(element);
    let place = if into_ticket { "ticket" } else { "authenticator" };
    format!("{what}{} in the {place}", if within { " if relevant" } else { "" })
}

/// PACs ([MS-PAC]), as a domain's KDC makes them, and malformed ones.
fn pacs(world: &World, c: &mut Conversation, r: &mut Random) -> String {
    c.cname = Name::new(1, &["alice"]);
    c.own_cname = c.cname.clone();
    let (server, kdc) =
        (c.ticket_key.clone(), random_key(c.ticket_key.enctype(), &SystemRandom).unwrap());
    let buffers = alice(c.authtime);
    let mut pac = signed(&buffers, &server, &kdc);
    let label = match r.below(10) {
        0 | 1 => "a PAC",
        2 => {
            let at = r.below(pac.len());
            pac[at] ^= 1 << r.below(8);
            "a bit of a PAC"
        }
        3 => {
            pac = signed(&buffers, &world.other_key, &kdc);
            "a PAC signed by nobody known"
        }
        4 => {
            pac = signed(&alice(c.authtime - 1), &server, &kdc);
            "a PAC of another time"
        }
        5 => {
            c.cname = Name::new(1, &["bob"]);
            c.own_cname = c.cname.clone();
            "a PAC of another client"
        }
        6 => {
            pac.truncate(r.below(pac.len()));
            "a PAC cut"
        }
        7 => {
            // A buffer type that is not defined yet.
            let mut buffers = buffers;
            buffers.push((4242, vec![7; r.below(100)]));
            pac = signed(&buffers, &server, &kdc);
            "a PAC with an unknown buffer"
        }
        8 => {
            pac = pac_type(&buffers);
            "a PAC without signatures"
        }
        _ => {
            (c.crealm, c.own_crealm) = (b"TRUSTED.EXAMPLE".to_vec(), b"TRUSTED.EXAMPLE".to_vec());
            c.transited = (1, b"MIDDLE.EXAMPLE".to_vec());
            "a PAC and a path through realms that nobody has checked"
        }
    };
    let element = (128, pac);
    let bare = r.once_in(4);
    c.ticket_data = vec![if bare {
        element
    } else {
        (1, authorization_data("if-relevant", &[element]).encode())
    }];
    label.into()
}

fn frames(c: &mut Conversation, r: &mut Random) -> String {
    let gss = |mechanism| Box::new(Frame::Gss(mechanism));
    c.gss_flags &= !gss::DCE_STYLE;
    match r.below(12) {
        0 => {
            c.frame = Frame::Bare;
            "a bare request".into()
        }
        1 => {
            c.frame = Frame::Gss(oid::OLD_KRB5);
            "the mechanism of before RFC 1964".into()
        }
        2 => {
            c.frame = Frame::Gss(oid::USER_TO_USER);
            "the mechanism of user-to-user".into()
        }
        3 => {
            c.frame = Frame::Gss(oid::IAKERB);
            "IAKERB".into()
        }
        4 => {
            c.frame = Frame::Gss(oid::NTLM);
            "another mechanism".into()
        }
        5 => {
            c.token_id = *r.of(&[[2, 0], [3, 0], [4, 0], [0, 1], [0, 0], [1, 1], [5, 1]]);
            c.frame = Frame::Gss(oid::KRB5);
            format!("TOK_ID {:02x}{:02x}", c.token_id[0], c.token_id[1])
        }
        6 => {
            // In a frame though its flags say DCE style, which has none.
            c.gss_flags |= gss::DCE_STYLE;
            c.frame = Frame::Gss(oid::KRB5);
            "DCE style in a frame".into()
        }
        7 => {
            c.frame = Frame::Spnego(vec![oid::KRB5], Box::new(Frame::Bare));
            if r.once_in(2) {
                c.gss_flags |= gss::DCE_STYLE;
                c.mutual();
                return "DCE style in SPNEGO".into();
            }
            "a bare request in SPNEGO".into()
        }
        8 => {
            c.frame = Frame::Spnego(vec![oid::NTLM, oid::KRB5], gss(oid::KRB5));
            "SPNEGO that prefers NTLM, with this token".into()
        }
        9 => {
            c.frame = Frame::Spnego(vec![oid::NTLM], gss(oid::KRB5));
            "SPNEGO that offers NTLM alone, with this token".into()
        }
        10 => {
            c.frame = Frame::Spnego(vec![oid::MS_KRB5], gss(oid::MS_KRB5));
            "SPNEGO with MS-krb5 alone, inside too".into()
        }
        _ => {
            c.frame = Frame::Spnego(vec![], gss(oid::KRB5));
            "SPNEGO without mechanisms".into()
        }
    }
}
