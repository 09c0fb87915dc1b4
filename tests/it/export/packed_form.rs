//! The packed form of contexts: one of each kind as it was packed before, in
//! fuzz/corpus/packed_context. This version reads what it packed earlier. A change of the form
//! requires a change of the version in `src/export`, and then of these files: `NEGOSSP_WRITE=1
//! cargo test --test it packed_form`.

use crate::support::export_import::{circumstances, context};
use crate::support::{call, configured};
use negossp::config::Settings;
use negossp::kerberos::EstablishedSession;
use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::session::Setup;
use negossp::mechanism::Mechanism;
use negossp::mechanism::Package;
use negossp::negotiate::session::Session;
use negossp::negotiate::token::NegTokenInit;
use negossp::ntlm::ServerNames;
use negossp::ntlm::flags::NegotiateFlags as F;
use negossp::platform::random::SystemRandom;
use negossp::server::credential::{Credential, Usage};
use negossp::server::export_import;
use negossp::server::{Accepting, Context};
use negossp::types::flags::ContextFlags;
use negossp::types::time::FileTime;
use negossp::{kerberos, ntlm};
use std::path::PathBuf;
use std::sync::Arc;

fn ntlm(flags: F) -> Context {
    let mut session = ntlm::Session::new(flags, &[0x55; 16], ntlm::Side::Server);
    session.make_mech_list_mic(b"list").unwrap();
    session.sign(&[b"message"], 3, &mut [0; 16]).unwrap();
    context(Session::Ntlm(session))
}

fn kerberos(enctype: Enctype) -> Context {
    let bytes: Vec<u8> = (0..enctype.key_length() as u8).map(|i| i * 7 + 1).collect();
    let mut session = kerberos::Session::new(Setup {
        side: kerberos::session::Side::Acceptor,
        key: Key::new(enctype, &bytes).unwrap(),
        acceptor_subkey: true,
        send_sequence: 77,
        receive_sequence: 1000,
        flags: ContextFlags::REPLAY_DETECT,
        dce_style: false,
        random: &SystemRandom,
    });
    session.sign(&[b"message"], 0, &mut [0; 100]).unwrap();
    context(Session::Kerberos(EstablishedSession { session, delegated: None }))
}

/// An acceptor that has sent its challenge.
fn challenged(package: Package) -> Context {
    const NTLM: [u8; 14] = [0x30, 12, 6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10];
    let negotiate = [&b"NTLMSSP\0\x01\0\0\0"[..], &0xe208_8297u32.to_le_bytes(), &[0; 16]].concat();
    let credential = Credential {
        package,
        usage: Usage { inbound: true, outbound: false },
        principal: Some("HTTP/server".into()),
        identity: None,
        mechanisms: Mechanism::ALL.to_vec(),
        accounts: vec![],
        application: None,
        service: Default::default(),
        tickets: None,
        assembled: Default::default(),
    };
    let token = match package {
        Package::Negotiate => NegTokenInit::encode(&NTLM, &negotiate),
        Package::Only(_) => negotiate,
    };
    let settings = Settings {
        server: ServerNames::from_host_name("server.example.test"),
        ..Settings::default()
    };
    let accepting = Accepting::new(Arc::new(credential), configured(settings));
    accepting.step(&token, call(ContextFlags::INTEGRITY)).unwrap().context
}

fn contexts() -> Vec<(&'static str, Context)> {
    let extended = F::SIGN | F::SEAL | F::EXTENDED_SESSIONSECURITY | F::N128 | F::KEY_EXCH;
    vec![
        ("ntlm", ntlm(extended)),
        ("ntlm-plain", ntlm(F::SIGN | F::SEAL | F::KEY_EXCH)),
        ("ntlm-datagram", ntlm(extended | F::DATAGRAM)),
        ("kerberos-aes", kerberos(Enctype::Aes256Sha1)),
        ("kerberos-rc4", kerberos(Enctype::Rc4Hmac)),
        ("half-open-negotiate", challenged(Package::Negotiate)),
        ("half-open-ntlm", challenged(Package::Only(Mechanism::Ntlm))),
    ]
}

/// The content of a file: whether the context is half open, and its packed form.
#[test]
fn what_was_packed_before_is_what_is_packed_now() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/packed_context");
    let configuration = configured(Settings::default());
    for (name, context) in contexts() {
        let half_open = matches!(context, Context::Accepting(_));
        let packed = export_import::pack_unsealed(&context, &circumstances(), FileTime(1)).unwrap();
        let file = folder.join(name);
        if std::env::var_os("NEGOSSP_WRITE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, [&[u8::from(half_open)][..], &packed].concat()).unwrap();
        }
        let before = std::fs::read(&file).unwrap();
        assert_eq!(before[0], u8::from(half_open));
        // A challenge is random and has a time; all other bytes are unchanged.
        assert!(
            half_open || before[1..] == packed,
            "{name}: packed in another form: the version must be another"
        );
        let read =
            export_import::unpack_unsealed(half_open, &before[1..], &configuration).expect(name);
        assert_eq!(
            export_import::pack_unsealed(&read, &circumstances(), FileTime(1)).unwrap(),
            before[1..],
            "{name}"
        );
    }
}
