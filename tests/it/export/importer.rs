//! What the importing process demands: a context is imported by whom it is for, once, and only if
//! that process would have let the client in.

use crate::support::accounts::{Folder, PASSWORD, line};
use crate::support::configured;
use crate::support::export_import::{client, context, opened, sealed};
use negossp::config::{self, Settings};
use negossp::mechanism::Mechanism;
use negossp::negotiate::session::Session;
use negossp::ntlm;
use negossp::ntlm::flags::NegotiateFlags as F;
use negossp::principal::{Origin, Origins, Principal};
use negossp::server::export_import::ExportOptions;
use negossp::server::{Configuration, Context};
use negossp::types::channel_bindings::BindingsResult;
use negossp::types::error::{Denial, Error};
use std::sync::Arc;

/// A context of this client. What protects its messages does not matter here.
fn context_of(client: Principal, mechanism: Mechanism) -> Context {
    let session = Session::Ntlm(ntlm::Session::new(F::SIGN, &[0x55; 16], ntlm::Side::Server));
    let mut context = context(session);
    if let Context::Established(context) = &mut context {
        context.established.mechanism = mechanism;
        context.established.client = client;
        context.established.server_name = "HTTP/web1.example.test@EXAMPLE.TEST".into();
        context.established.client_target = None;
    }
    context
}

fn importer(folder: &Folder, text: &str) -> Arc<Configuration> {
    let mut settings = config::parse(text).unwrap();
    settings.export.key_file = Some(folder.path("key"));
    configured(settings)
}

fn validated(user: &str, by: Origin) -> Principal {
    Principal {
        origins: Origins { logon: by, ..Origins::default() },
        ..Principal::of_account(user.into(), "EXAMPLE".into(), by)
    }
}

fn local(user: &str) -> Principal {
    validated(user, Origin::AccountFile)
}

#[test]
fn a_context_is_imported_by_its_audience() {
    let folder = Folder::new();
    folder.write("key", (7..39).collect::<Vec<u8>>());
    let web1 = importer(&folder, "[server]\nnetbios_computer = \"web1\"\n");
    let again = importer(&folder, "[server]\nnetbios_computer = \"WEB1\"\n");
    let web2 = importer(&folder, "[server]\nnetbios_computer = \"WEB2\"\n");
    let pool = |name: &str| {
        let named =
            format!("[server]\nnetbios_computer = \"{name}\"\n[export]\naudience = \"pool\"\n");
        importer(&folder, &named)
    };
    let context = context_of(client(), Mechanism::Ntlm);
    let blob = sealed(&context, ExportOptions::default(), &web1).unwrap();
    assert!(opened(&blob, &again).is_ok());
    assert!(matches!(opened(&blob, &web2), Err(Error::InvalidToken(_))));
    assert!(matches!(opened(&blob, &pool("WEB1")), Err(Error::InvalidToken(_))));
    let blob = sealed(&context, ExportOptions::default(), &pool("WEB1")).unwrap();
    assert!(opened(&blob, &pool("WEB2")).is_ok());
    assert!(opened(&blob, &web1).is_err());
}

#[test]
fn the_importer_s_settings_hold() {
    let folder = Folder::new();
    folder.write("key", (7..39).collect::<Vec<u8>>());
    let accounts = line("alice", &PASSWORD, "U") + &line("bob", &PASSWORD, "UD");
    folder.write("accounts", accounts);
    let file = format!("[accounts]\nfile = '{}'\n", folder.path("accounts").display());
    let any = importer(&folder, "");
    let denied = |text: &str, principal: Principal, mechanism| {
        let context = context_of(principal, mechanism);
        let blob = sealed(&context, ExportOptions::default(), &any).unwrap();
        assert!(opened(&blob, &any).is_ok());
        match opened(&blob, &importer(&folder, text)) {
            Ok(_) => None,
            Err(Error::LogonDenied(denial)) => Some(denial),
            Err(other) => panic!("{text}: {other}"),
        }
    };
    let (ntlm, kerberos) = (Mechanism::Ntlm, Mechanism::Kerberos);
    let policy = |denial| matches!(denial, Some(Denial::Policy(_)));
    assert!(policy(denied("[ntlm]\nmode = \"off\"\n", client(), ntlm)));
    assert_eq!(denied("[ntlm]\nmode = \"off\"\n", client(), kerberos), None);
    assert!(policy(denied("[negotiate]\nmechanisms = [\"Kerberos\"]\n", client(), ntlm)));
    assert!(policy(denied("[ntlm]\nchannel_bindings = \"require\"\n", client(), ntlm)));
    assert!(policy(denied("[kerberos]\nchannel_bindings = \"require\"\n", client(), kerberos)));
    // The context's service is HTTP/web1.example.test.
    assert!(policy(denied("[kerberos]\nprincipals = [\"cifs/web1\"]\n", client(), kerberos)));
    let ours = "[kerberos]\nprincipals = [\"HTTP/web1.example.test\"]\n";
    assert_eq!(denied(ours, client(), kerberos), None);
    assert_eq!(denied(&file, local("alice"), ntlm), None);
    assert_eq!(denied(&file, local("bob"), ntlm), Some(Denial::AccountDisabled));
    assert_eq!(denied(&file, local("carol"), ntlm), Some(Denial::UnknownUser));
    // Others' accounts are not in the file, even under a name that it has, nor is nobody.
    assert_eq!(denied(&file, client(), ntlm), None);
    for user in ["bob", "carol"] {
        assert_eq!(denied(&file, validated(user, Origin::Netlogon), ntlm), None);
    }
    assert_eq!(denied(&file, Principal::anonymous(), ntlm), None);
}

/// As the acceptor compares key and target with `principals`.
#[test]
fn the_importer_admits_the_services_that_it_would_accept() {
    let folder = Folder::new();
    folder.write("key", (7..39).collect::<Vec<u8>>());
    let any = importer(&folder, "");
    let admitted = |kerberos: &str, server: &str, target: &str| {
        let mut context = context_of(client(), Mechanism::Kerberos);
        if let Context::Established(context) = &mut context {
            context.established.server_name = server.into();
            context.established.client_target = Some(target.into()).filter(|_| !target.is_empty());
        }
        let blob = sealed(&context, ExportOptions::default(), &any).unwrap();
        opened(&blob, &importer(&folder, &format!("[kerberos]\n{kerberos}"))).is_ok()
    };
    let account = "WEB1$@EXAMPLE.TEST";
    let service = "HTTP/web1.example.test@EXAMPLE.TEST";
    for (principals, server, target, good) in [
        ("\"WEB1$\"", account, "HTTP/web1", true),
        ("\"WEB1$\"", account, "", true),
        ("\"HTTP/web1.example.test\"", account, "HTTP/web1", true),
        ("\"HTTP/web1\"", account, "HTTP/web1:8080", true),
        ("\"host/web1\"", account, "cifs/web1", true),
        ("\"HTTP/web1@EXAMPLE.TEST\"", account, "HTTP/web1@OTHER", true),
        ("\"HTTP/web1.example.test\"", service, "", true),
        ("\"HTTP/web1\"", account, "cifs/web1", false),
        ("\"HTTP/web1.example.test\"", service, "cifs/web1", false),
        ("\"WEB1$\"", "OTHER$@EXAMPLE.TEST", "", false),
        ("\"HTTP/web2\"", service, "", false),
    ] {
        let kerberos = format!("principals = [{principals}]\n");
        assert_eq!(admitted(&kerberos, server, target), good, "{principals} {server} {target}");
        let off = format!("{kerberos}target_name = \"off\"\n");
        assert!(!good || admitted(&off, server, target), "off: {principals} {server} {target}");
    }
    assert!(admitted(
        "principals = [\"HTTP/web1\"]\ntarget_name = \"off\"\n",
        account,
        "HTTP/alias"
    ));
}

#[test]
fn the_lists_of_ntlm_hold_for_imports() {
    let folder = Folder::new();
    folder.write("key", (7..39).collect::<Vec<u8>>());
    let any = importer(&folder, "");
    let imported = |ntlm: &str, principal: Principal| {
        let context = context_of(principal, Mechanism::Ntlm);
        let blob = sealed(&context, ExportOptions::default(), &any).unwrap();
        opened(&blob, &importer(&folder, &format!("[ntlm]\n{ntlm}\n"))).is_ok()
    };
    assert!(imported("users = [\"EXAMPLE\\\\alice\"]", local("alice")));
    assert!(!imported("users = [\"EXAMPLE\\\\bob\"]", local("alice")));
    assert!(!imported("domains = [\"OTHER\"]", local("alice")));
    assert!(imported("", Principal::anonymous()));
    assert!(!imported("refuse_null_session = true", Principal::anonymous()));
    assert!(!imported("domains = [\"NT AUTHORITY\"]", Principal::anonymous()));
}

#[test]
fn bindings_that_matched_are_imported_where_they_are_required() {
    let folder = Folder::new();
    folder.write("key", (7..39).collect::<Vec<u8>>());
    let strict = importer(&folder, "[ntlm]\nchannel_bindings = \"require\"\n");
    let mut context = context_of(client(), Mechanism::Ntlm);
    if let Context::Established(context) = &mut context {
        context.established.bindings =
            BindingsResult::CLIENT_SUPPORT | BindingsResult::VALID_MATCHED;
    }
    let blob = sealed(&context, ExportOptions::default(), &strict).unwrap();
    assert!(opened(&blob, &strict).is_ok(), "{:?}", opened(&blob, &strict).err());
}

#[test]
fn the_previous_key_still_opens() {
    let folder = Folder::new();
    let old = folder.write("old", (7..39).collect::<Vec<u8>>());
    let new = folder.write("new", (50..82).collect::<Vec<u8>>());
    let with = |key: &std::path::Path, previous: Option<&std::path::Path>| {
        let mut settings = Settings::default();
        settings.export.key_file = Some(key.to_owned());
        settings.export.previous_key_file = previous.map(Into::into);
        configured(settings)
    };
    let context = context_of(client(), Mechanism::Ntlm);
    let blob = sealed(&context, ExportOptions::default(), &with(&old, None)).unwrap();
    assert!(opened(&blob, &with(&new, None)).is_err());
    let both = with(&new, Some(&old));
    assert!(opened(&blob, &both).is_ok());
    // What is exported now is sealed with the new one.
    let blob = sealed(&context, ExportOptions::default(), &both).unwrap();
    assert!(opened(&blob, &with(&new, None)).is_ok());
    assert!(opened(&blob, &with(&old, None)).is_err());
}
