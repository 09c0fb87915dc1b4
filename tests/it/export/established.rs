//! Established contexts that are exported and imported: messages continue without a break, and an
//! export that was changed, sealed with another key, kept too long or already imported is rejected.

use crate::support::accounts::{Folder, eventually};
use crate::support::configured;
use crate::support::export_import::{RESET, client, context, moved, opened, sealed, secured};
use negossp::config::{self, Settings};
use negossp::kerberos::EstablishedSession;
use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::session::Setup;
use negossp::mechanism::Package;
use negossp::negotiate::session::Session;
use negossp::ntlm::flags::NegotiateFlags as F;
use negossp::platform;
use negossp::platform::random::SystemRandom;
use negossp::server::export_import;
use negossp::server::export_import::ExportOptions;
use negossp::server::{Configuration, Context, Environment, Store};
use negossp::types::error::Error;
use negossp::types::flags::ContextFlags;
use negossp::types::protection::{Part, Qop};
use negossp::types::time::FileTime;
use negossp::{kerberos, ntlm};
use std::sync::Arc;
use std::time::Duration;

/// The same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Both sides of a conversation.
#[derive(Clone)]
struct Pair([Session; 2]);

fn ntlm(flags: F) -> Pair {
    let side = |side| Session::Ntlm(ntlm::Session::new(flags, &[0x55; 16], side));
    Pair([side(ntlm::Side::Client), side(ntlm::Side::Server)])
}

fn kerberos(enctype: Enctype, dce_style: bool, acceptor_subkey: bool, flags: ContextFlags) -> Pair {
    use kerberos::session::Side;
    let bytes: Vec<u8> = (0..enctype.key_length() as u8).map(|i| i * 7 + 1).collect();
    let side = |side, send_sequence, receive_sequence| {
        let key = Key::new(enctype, &bytes).unwrap();
        let setup = Setup {
            side,
            key,
            acceptor_subkey,
            send_sequence,
            receive_sequence,
            flags,
            dce_style,
            random: &SystemRandom,
        };
        Session::Kerberos(EstablishedSession {
            session: kerberos::Session::new(setup),
            delegated: None,
        })
    };
    Pair([side(Side::Initiator, 0xffff_fffe, 77), side(Side::Acceptor, 77, 0xffff_fffe)])
}

/// Every kind of session.
fn every_pair() -> Vec<(String, Pair)> {
    let mut pairs = vec![];
    let flags = [
        F::SIGN,
        F::SEAL,
        F::ALWAYS_SIGN,
        F::EXTENDED_SESSIONSECURITY,
        F::N128,
        F::N56,
        F::KEY_EXCH,
        F::LM_KEY,
        F::DATAGRAM,
    ];
    for bits in 0..1 << flags.len() {
        let chosen = (0..flags.len()).filter(|n| bits >> n & 1 == 1).map(|n| flags[n]).collect();
        pairs.push((format!("{chosen:?}"), ntlm(chosen)));
    }
    let both = ContextFlags::REPLAY_DETECT | ContextFlags::SEQUENCE_DETECT;
    for enctype in Enctype::ALL {
        for dce_style in [false, true] {
            for acceptor_subkey in [false, true] {
                for flags in [both, ContextFlags::REPLAY_DETECT, ContextFlags::empty()] {
                    let name = format!("{enctype:?} {dce_style} {acceptor_subkey} {flags:?}");
                    pairs.push((name, kerberos(enctype, dce_style, acceptor_subkey, flags)));
                }
            }
        }
    }
    pairs
}

fn through(session: &Session, manner: ExportOptions, settings: &Arc<Configuration>) -> Session {
    secured(moved(&context(session.clone()), manner, settings)).established.session
}

/// One message from one side to the other: signed, sealed, or neither if that was not negotiated.
fn message(pair: &mut Pair, from: usize, seal: bool, sequence: u32, name: &str) {
    let [client, server] = &mut pair.0;
    let (sender, receiver) = if from == 0 { (client, server) } else { (server, client) };
    let text = b"sixteen bytes of".to_vec();
    let sizes = sender.sizes();
    let mut token = vec![0; sizes.security_trailer.max(sizes.max_signature) as usize];
    if seal {
        let mut data = text.clone();
        data.extend(vec![sender.padding(text.len()) as u8; sender.padding(text.len())]);
        let Ok(length) = sender.seal(
            Qop::Encrypt,
            &mut [Part { data: &mut data, seal: true }],
            sequence,
            &mut token,
        ) else {
            return;
        };
        receiver
            .unseal(&mut [Part { data: &mut data, seal: true }], sequence, &token[..length])
            .expect(name);
        assert_eq!(data[..text.len()], text, "{name}");
    } else if let Ok(length) = sender.sign(&[&text], sequence, &mut token) {
        receiver.verify(&[&text], sequence, &token[..length]).expect(name);
    }
}

#[test]
fn a_conversation_goes_on_wherever_it_is_moved() {
    let settings = configured(Settings::default());
    for (name, mut pair) in every_pair() {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut sequence = 0;
        for _ in 0..24 {
            let side = random.below(2) as usize;
            if random.below(2) == 0 {
                pair.0[side] = through(&pair.0[side], ExportOptions::default(), &settings);
            }
            sequence += 1;
            message(&mut pair, random.below(2) as usize, random.below(2) == 0, sequence, &name);
        }
    }
}

/// The mechListMIC uses a sequence number, which is exported too.
#[test]
fn between_the_mic_and_the_first_message() {
    let settings = configured(Settings::default());
    for (name, mut pair) in every_pair() {
        for from in [0, 1] {
            let Ok(mic) = pair.0[from].make_mech_list_mic(b"list") else { continue };
            pair.0[from] = through(&pair.0[from], ExportOptions::default(), &settings);
            pair.0[1 - from] = through(&pair.0[1 - from], ExportOptions::default(), &settings);
            pair.0[1 - from].verify_mech_list_mic(b"list", &mic).expect(&name);
        }
        for n in 0..6 {
            message(&mut pair, n % 2, n < 3, n as u32, &name);
        }
    }
}

/// Exported twice, or exported once and not used: the messages of either are the same, byte for
/// byte, where nothing is random.
#[test]
fn a_moved_context_does_what_the_old_one_does() {
    let settings = configured(Settings::default());
    let flags = F::SIGN | F::SEAL | F::EXTENDED_SESSIONSECURITY | F::N128 | F::KEY_EXCH;
    for flags in [flags, flags - F::EXTENDED_SESSIONSECURITY, flags | F::DATAGRAM] {
        let mut stays = ntlm(flags).0[0].clone();
        for n in 0..20 {
            let mut goes = through(&stays, ExportOptions::default(), &settings);
            let make = |session: &mut Session| {
                let (mut data, mut token) = ([n; 33], [0; 16]);
                session
                    .seal(
                        Qop::Encrypt,
                        &mut [Part { data: &mut data, seal: true }],
                        n.into(),
                        &mut token,
                    )
                    .unwrap();
                (data, token)
            };
            assert_eq!(make(&mut goes), make(&mut stays));
        }
    }
}

#[test]
fn a_replay_is_refused_after_the_move_as_before() {
    let settings = configured(Settings::default());
    let in_order = ContextFlags::REPLAY_DETECT | ContextFlags::SEQUENCE_DETECT;
    let ntlm = ntlm(F::SIGN | F::EXTENDED_SESSIONSECURITY);
    for mut pair in [ntlm, kerberos(Enctype::Aes256Sha1, false, true, in_order)] {
        let mut token = vec![0; 100];
        let length = pair.0[0].sign(&[b"once"], 0, &mut token).unwrap();
        pair.0[1].verify(&[b"once"], 0, &token[..length]).unwrap();
        let mut there = through(&pair.0[1], ExportOptions::default(), &settings);
        assert_eq!(there.verify(&[b"once"], 0, &token[..length]), Err(Error::OutOfSequence));
        // And a context that was reset accepts it.
        let mut anew = through(&pair.0[1], RESET, &settings);
        assert_eq!(anew.verify(&[b"once"], 0, &token[..length]), Ok(()));
    }
}

#[test]
fn reset_is_where_it_was_when_it_was_established() {
    let settings = configured(Settings::default());
    for (name, mut pair) in every_pair() {
        for from in [0, 1] {
            if let Ok(mic) = pair.0[from].make_mech_list_mic(b"list") {
                pair.0[1 - from].verify_mech_list_mic(b"list", &mic).expect(&name);
            }
        }
        let at_first = pair.clone();
        for n in 0..8 {
            message(&mut pair, n % 2, n < 4, n as u32, &name);
        }
        for side in [0, 1] {
            // Both are reset, or one of them while the peer has not sent anything yet.
            let mut fresh = at_first.clone();
            fresh.0[side] = through(&pair.0[side], RESET, &settings);
            // Reset, and then exported.
            fresh.0[side] = through(&fresh.0[side], ExportOptions::default(), &settings);
            for n in 0..6 {
                message(&mut fresh, n % 2, n < 3, n as u32, &name);
            }
            fresh.0[side] = through(&fresh.0[side], RESET, &settings);
            fresh.0[1 - side] = at_first.0[1 - side].clone();
            message(&mut fresh, side, false, 0, &name);
        }
    }
}

#[test]
fn everything_that_is_known_is_exported() {
    let settings = configured(Settings::default());
    for (session, package, accepted) in [
        (&ntlm(F::SIGN).0[0], Package::Negotiate, true),
        (&ntlm(F::SIGN).0[1], Package::Only(negossp::mechanism::Mechanism::Ntlm), false),
        (
            &kerberos(Enctype::Rc4Hmac, true, true, ContextFlags::empty()).0[0],
            Package::Negotiate,
            false,
        ),
    ] {
        let mut old = secured(context(session.clone()));
        (old.package, old.accepted) = (package, accepted);
        let old = Context::Established(old);
        let new = secured(moved(&old, ExportOptions::default(), &settings));
        let old = secured(old);
        assert_eq!((new.package, new.accepted), (package, accepted));
        let (old, new) = (old.established, new.established);
        assert_eq!(new.client, client());
        assert_eq!(new.mechanism, old.mechanism);
        assert_eq!(new.flags, old.flags);
        assert_eq!((new.server_name, new.client_target), (old.server_name, old.client_target));
        assert_eq!((new.expiry, new.wants_mech_list_mic), (old.expiry, old.wants_mech_list_mic));
        assert_eq!(new.session.session_key(), old.session.session_key());
        assert_eq!(new.session.key_info(), old.session.key_info());
        assert_eq!(new.session.sizes(), old.session.sizes());
    }
}

#[test]
fn every_edit_and_every_truncation_is_refused() {
    let settings = configured(Settings::default());
    let good =
        sealed(&context(ntlm(F::SIGN).0[0].clone()), ExportOptions::default(), &settings).unwrap();
    let refused =
        |bytes: &[u8]| assert!(matches!(opened(bytes, &settings), Err(Error::InvalidToken(_))));
    for at in 0..good.len() {
        for change in [1, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= change;
            refused(&bad);
        }
        refused(&good[..at]);
        refused(&good[at + 1..]);
    }
    refused(&[&good[..], b"\0"].concat());
    refused(&[&good[..], &good[..]].concat());
    assert!(opened(&good, &settings).is_ok());
}

/// No plaintext of the content appears in an export, and no two exports are equal.
#[test]
fn what_is_sealed_cannot_be_seen() {
    let settings = configured(Settings::default());
    let context = context(ntlm(F::SIGN).0[0].clone());
    let (one, other) = (
        sealed(&context, ExportOptions::default(), &settings).unwrap(),
        sealed(&context, ExportOptions::default(), &settings).unwrap(),
    );
    for secret in [&[0x55; 16][..], b"EXAMPLE", b"alice"] {
        assert!(!one.windows(secret.len()).any(|bytes| bytes == secret));
    }
    const HEADER: usize = 9;
    assert_eq!(one[..HEADER], other[..HEADER]);
    let alike = one[HEADER..].iter().zip(&other[HEADER..]).filter(|(a, b)| a == b).count();
    assert!(alike < one.len() / 16, "{alike} of {}", one.len());
}

#[test]
fn another_key_opens_nothing() {
    let folder = Folder::new();
    let settings = |name: &str, text: &str| {
        let mut settings = Settings::default();
        settings.export.key_file = Some(folder.write(name, text));
        configured(settings)
    };
    let long = "0123456789abcdef0123456789abcdef";
    let ours = settings("ours", long);
    let (theirs, same) =
        (settings("theirs", &long.replace('7', "8")), settings("same", &format!("{long}\r\n")));
    let of_process = configured(Settings::default());
    let context = context(ntlm(F::SIGN).0[0].clone());
    let export =
        |settings: &Arc<Configuration>| sealed(&context, ExportOptions::default(), settings);
    for (from, to, opens) in [
        (&ours, &ours, true),
        (&ours, &same, true),
        (&same, &ours, true),
        (&ours, &theirs, false),
        (&ours, &of_process, false),
        (&of_process, &ours, false),
        (&of_process, &configured(Settings::default()), true),
    ] {
        let result = opened(&export(from).unwrap(), to);
        assert_eq!(result.is_ok(), opens);
        assert!(opens || matches!(result, Err(Error::InvalidToken(_))));
    }
    // If the key cannot be read, the process key does not replace it.
    let short = settings("short", "0123456789abcdef0123456789abcde\n");
    let blob = export(&of_process).unwrap();
    for without in [short, settings("missing", long)] {
        if without.settings.export.key_file.as_ref().unwrap().ends_with("missing") {
            std::fs::remove_file(folder.path("missing")).unwrap();
        }
        eventually("the file is gone", || matches!(export(&without), Err(Error::CannotPack(_))));
        assert!(matches!(opened(&blob, &without), Err(Error::NoCredentials(_))));
    }
}

#[test]
fn a_key_that_changes_is_read_again() {
    let folder = Folder::new();
    let mut settings = Settings::default();
    settings.export.key_file = Some(folder.write("key", [1; 32]));
    let settings = configured(settings);
    let old =
        sealed(&context(ntlm(F::SIGN).0[0].clone()), ExportOptions::default(), &settings).unwrap();
    assert!(opened(&old, &settings).is_ok());
    folder.replace("key", [2; 32]);
    eventually("the key is another", || {
        matches!(opened(&old, &settings), Err(Error::InvalidToken(_)))
    });
}

#[test]
fn old_exports_and_those_of_the_future_are_refused() {
    let settings = configured(Settings::default());
    let context = context(ntlm(F::SIGN).0[0].clone());
    let (lifetime, now) = (settings.settings.export.lifetime, platform::now());
    assert_eq!(lifetime, Duration::from_secs(300));
    let imported = || {
        opened(&sealed(&context, ExportOptions::default(), &settings).unwrap(), &settings).unwrap()
    };
    for (shifted, good) in
        [(0, true), (290, true), (-290, true), (310, false), (-310, false), (86_400, false)]
    {
        let claim = imported().claim(&settings.settings.export, now.shifted(shifted));
        assert_eq!(claim.is_ok(), good, "{shifted}");
        assert!(good || matches!(claim, Err(Error::InvalidToken(_))));
    }
}

#[test]
fn one_export_is_imported_once() {
    let settings = configured(Settings::default());
    let context = context(ntlm(F::SIGN).0[0].clone());
    let now = platform::now();
    let blob = sealed(&context, ExportOptions::default(), &settings).unwrap();
    let claims = std::thread::scope(|threads| {
        let claim = || opened(&blob, &settings).unwrap().claim(&settings.settings.export, now);
        let threads: Vec<_> = (0..8).map(|_| threads.spawn(claim)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let (good, bad): (Vec<_>, Vec<_>) = claims.into_iter().partition(|claim| claim.is_ok());
    assert_eq!((good.len(), bad.len()), (1, 7));
    assert!(bad.into_iter().all(|claim| matches!(claim, Err(Error::InvalidToken(_)))));
    // An import that failed because the table was full may be repeated.
    good.into_iter().for_each(|claim| claim.unwrap().release());
    assert!(opened(&blob, &settings).unwrap().claim(&settings.settings.export, now).is_ok());
}

/// Packing, unpacking and packing again gives the same bytes: nothing is lost, and there is one
/// form.
#[test]
fn there_is_one_form() {
    let settings = configured(Settings::default());
    for (name, mut pair) in every_pair() {
        for n in 0..4 {
            message(&mut pair, n % 2, n < 2, n as u32, &name);
        }
        for session in pair.0 {
            let plain = export_import::pack_unsealed(
                &context(session),
                &crate::support::export_import::circumstances(),
                FileTime(1),
            )
            .unwrap();
            let again = export_import::unpack_unsealed(false, &plain, &settings).unwrap();
            assert_eq!(
                export_import::pack_unsealed(
                    &again,
                    &crate::support::export_import::circumstances(),
                    FileTime(1)
                )
                .unwrap(),
                plain,
                "{name}"
            );
            for length in 0..plain.len() {
                assert!(
                    export_import::unpack_unsealed(false, &plain[..length], &settings).is_err()
                );
            }
        }
    }
}

#[test]
fn options_of_the_configuration() {
    let settings = config::parse("[export]\nlifetime = \"30s\"").unwrap();
    assert_eq!(settings.export.lifetime, Duration::from_secs(30));
    assert!(settings.to_string().contains("[export]\nlifetime = 30\n"));
    assert!(config::parse("[export]\nkey = \"0123456789abcdef0123456789abcdef\"").is_err());
    // The output shows the file, never the key.
    let folder = Folder::new();
    folder.write("export.key", "0123456789abcdef0123456789abcdef");
    let file = folder.write("negossp.toml", "[export]\nkey_file = \"export.key\"");
    let environment = Environment { config: Some(file), ..Default::default() };
    let shown = Store::open(environment).current().settings.to_string();
    assert!(shown.contains("export.key") && !shown.contains("0123456789"), "{shown}");
    assert!(!format!("{:?}", Store::open(Default::default()).current()).contains("0123456789"));
}
