//! The service that a client means (KERB_AUTH_DATA_CLIENT_TARGET), where tickets are restricted to
//! some services: an attacker can relay a ticket for another service of the same account, and change
//! the name beside it.

use crate::support::kerberos::{Forge, REALM, Server};
use negossp::kerberos::Acceptor;
use negossp::kerberos::ServiceName;
use negossp::kerberos::crypto::Enctype;
use negossp::kerberos::gss_token::Token;
use negossp::kerberos::keytab::{Entry, Keytab};
use negossp::kerberos::message::authorization_data::ad_type;
use negossp::kerberos::message::{ApOptionsData, KrbError, error_code};
use negossp::types::channel_bindings::Strictness::{self, Off, Require, WhenSent};
use negossp::types::error::Error;
use negossp::types::flags::ContextFlags;

const AES: Enctype = Enctype::Aes256Sha1;

/// A client that means `target`, with a ticket for HTTP/web1.
fn meaning(target: Option<&str>, options: ApOptionsData) -> Forge {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut data = vec![(ad_type::AP_OPTIONS, options.encode().to_vec())];
    data.extend(target.map(|target| (ad_type::CLIENT_TARGET, utf16(target))));
    Forge {
        service: vec!["HTTP".into(), "web1".into()],
        authenticator_data: data,
        ..Forge::new(AES)
    }
}

/// The server with this principal's key, and tickets restricted to `principals`.
fn server(
    forge: &Forge,
    name: &[&str],
    principals: &[&str],
    setting: Option<Strictness>,
) -> Server {
    let components = name.iter().map(|part| part.to_string()).collect();
    let entry = Entry::new(REALM.into(), components, 1, 3, 0, forge.service_key.clone());
    let mut server = Server::with_keytab(Keytab::of_entries(vec![entry]));
    server.settings.kerberos.principals =
        principals.iter().map(|name| ServiceName::parse(name).unwrap()).collect();
    server.settings.kerberos.target_name = setting;
    server
}

const NONE: ApOptionsData = ApOptionsData::empty();
const UNVERIFIED: ApOptionsData = ApOptionsData::UNVERIFIED_TARGET_NAME;

#[test]
fn a_ticket_for_another_service_is_not_accepted_under_this_one_s_name() {
    let account = &["WEB1$"][..];
    let http = &["HTTP/web1"][..];
    let both = &["HTTP/web1", "cifs/web1"][..];
    for (key, principals, setting, target, options, right) in [
        // By default what the client says is compared where tickets are restricted.
        (account, http, None, Some("cifs/web1@EXAMPLE.TEST"), NONE, false),
        (account, http, None, Some("HTTP/other@EXAMPLE.TEST"), NONE, false),
        (account, http, None, Some("HTTP/web1@EXAMPLE.TEST"), NONE, true),
        (account, http, None, Some("http/WEB1"), NONE, true),
        (account, http, None, Some("cifs/web1@EXAMPLE.TEST"), UNVERIFIED, false),
        (account, http, None, Some("HTTP/web1@EXAMPLE.TEST"), UNVERIFIED, true),
        (account, http, None, None, NONE, true),
        (account, both, None, Some("cifs/web1@EXAMPLE.TEST"), NONE, true),
        // Spellings of the service. `host` stands for the services without names of their own.
        (account, http, None, Some("HTTP/web1.example.com"), NONE, true),
        (account, http, None, Some("HTTP/web1:8080"), NONE, true),
        (&["host", "web1"], &["host/web1"], None, Some("HTTP/web1.example.com"), NONE, true),
        (&["host", "web1"], &["host/web1"], None, Some("HTTP/web2"), NONE, false),
        // The realm is the key's; a client may guess another.
        (account, &["HTTP/web1@EXAMPLE.TEST"], None, Some("HTTP/web1@CLIENT.TEST"), NONE, true),
        // The name of an account stands for all its services.
        (account, &["WEB1$"], None, Some("cifs/web1@EXAMPLE.TEST"), NONE, true),
        (account, &["EXAMPLE\\WEB1$"], Some(Require), Some("cifs/web1"), NONE, true),
        (account, &[], None, Some("cifs/web1@EXAMPLE.TEST"), NONE, true),
        // A key that Active Directory has given under one of the account's names.
        (&["HTTP", "web1"], http, None, Some("cifs/web1@EXAMPLE.TEST"), NONE, false),
        (&["HTTP", "web1"], &["HTTP@web1"], None, Some("cifs/web1@EXAMPLE.TEST"), NONE, false),
        (&["HTTP", "web1"], http, None, Some("HTTP/web1@EXAMPLE.TEST"), NONE, true),
        (&["HTTP", "web1"], &["HTTP@web1"], None, Some("HTTP/web1@EXAMPLE.TEST"), NONE, true),
        (account, http, Some(Off), Some("cifs/web1@EXAMPLE.TEST"), NONE, true),
        (account, http, Some(Require), Some("HTTP/web1@EXAMPLE.TEST"), NONE, true),
        (account, http, Some(Require), Some("cifs/web1@EXAMPLE.TEST"), NONE, false),
        (account, http, Some(Require), Some("HTTP/web1@EXAMPLE.TEST"), UNVERIFIED, false),
        (account, http, Some(Require), None, NONE, false),
        (account, &[], Some(Require), None, NONE, false),
        (account, &[], Some(Require), Some("cifs/web1@EXAMPLE.TEST"), NONE, true),
        (account, &[], Some(WhenSent), Some("cifs/web1@EXAMPLE.TEST"), NONE, true),
    ] {
        let forge = meaning(target, options);
        let result = server(&forge, key, principals, setting).accept(&forge.token());
        let case = format!("{key:?} {principals:?} {setting:?} {target:?} {options:?}");
        match result {
            Ok(_) => assert!(right, "{case}"),
            Err(Error::WrongTarget(_)) => assert!(!right, "{case}"),
            Err(error) => panic!("{case}: {error}"),
        }
    }
}

#[test]
fn the_caller_s_principal_restricts_tickets_too() {
    let forge = meaning(Some("cifs/web1@EXAMPLE.TEST"), NONE);
    let mut server = server(&forge, &["WEB1$"], &[], None);
    assert!(server.accept(&forge.token()).is_ok());
    server.credential.service.name = ServiceName::parse("HTTP/web1");
    server.requirements = ContextFlags::EXTENDED_ERROR;
    let failure = server.step(&Acceptor::new(), &forge.token()).err().unwrap();
    assert_eq!(failure.error, Error::WrongTarget("the client means another service"));
    let token = failure.token.unwrap();
    let error = KrbError::decode(Token::read(&token).unwrap().body).unwrap();
    assert_eq!(error.error_code, error_code::NOT_US);
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What is compared is what the program and the log are told.
#[test]
fn a_client_means_one_service() {
    let http = &["HTTP/web1"][..];
    let mut forge = meaning(None, NONE);
    let server = server(&forge, &["WEB1$"], http, None);
    let mut meant = |targets: &[&str]| {
        let element = |target: &&str| (ad_type::CLIENT_TARGET, utf16(target));
        forge.authenticator_data = targets.iter().map(element).collect();
        let accepted = server.accept(&forge.token());
        accepted.map(|(established, _)| established.client_target)
    };
    // Of several the first counts, and one that is empty or has a NUL is none.
    let first = Some("HTTP/web1".to_owned());
    assert_eq!(meant(&["HTTP/web1", "cifs/web1"]), Ok(first.clone()));
    assert_eq!(
        meant(&["cifs/web1", "HTTP/web1"]),
        Err(Error::WrongTarget("the client means another service"))
    );
    assert_eq!(meant(&["", "HTTP/web1"]), Ok(first));
    assert_eq!(meant(&["HTTP/web1\0"]), Ok(None));
}
