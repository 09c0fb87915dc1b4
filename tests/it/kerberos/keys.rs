//! Which keys are tried for a ticket, and their sources: identity, configuration, environment.

use crate::support::accounts::{Folder, eventually};
use negossp::config::Settings;
use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::keytab::{Entry, Keytab};
use negossp::kerberos::{Service, ServiceKeys, ServiceName};
use negossp::mechanism::Mechanism;
use negossp::mechanism::Package;
use negossp::server::credential::Credential;
use negossp::server::{Configuration, Environment, Store};
use negossp::stores::keytab_file::path_in;
use negossp::types::identity::Identity;
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const AES: Enctype = Enctype::Aes256Sha1;

/// A record of a keytab file, as specified in MIT's "Keytab file format".
fn record(principal: &str, kvno: u32, enctype: Enctype, byte: u8) -> Vec<u8> {
    let (name, realm) = principal.rsplit_once('@').unwrap();
    let counted = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
    let components: Vec<&str> = name.split('/').collect();
    let mut record = (components.len() as u16).to_be_bytes().to_vec();
    record.extend(counted(realm.as_bytes()));
    components.iter().for_each(|component| record.extend(counted(component.as_bytes())));
    record.extend([0, 0, 0, 1, 0, 0, 0, 0, kvno as u8]);
    record.extend((enctype.number() as u16).to_be_bytes());
    record.extend(counted(&vec![byte; enctype.key_length()]));
    record.extend(kvno.to_be_bytes());
    [&(record.len() as u32).to_be_bytes()[..], &record].concat()
}

fn file(records: &[Vec<u8>]) -> Vec<u8> {
    [&[5, 2][..], &records.concat()].concat()
}

/// A keytab with these entries: principal, key version, the byte that fills its key.
fn keytab(entries: &[(&str, u32, u8)]) -> Keytab {
    let records: Vec<_> =
        entries.iter().map(|&(principal, kvno, byte)| record(principal, kvno, AES, byte)).collect();
    Keytab::parse(&file(&records)).unwrap()
}

fn credential(service: Service) -> Credential {
    Credential {
        package: Package::Only(Mechanism::Kerberos),
        service,
        ..crate::support::accounts::credential()
    }
}

/// A credential whose identity holds the keytab.
fn with_keytab(principal: Option<&str>, keytab: Keytab) -> Credential {
    let configuration = Settings::default().in_force();
    credential(Credential::service(principal, None, Some(keytab), true, &configuration))
}

fn identity(user: &str, domain: &str, password: &str) -> Identity {
    Identity { user: user.into(), domain: domain.into(), password: password.to_owned().into() }
}

/// Settings, opened for one question, or a configuration that stays.
trait InForce {
    fn in_force(&self) -> Arc<Configuration>;
}

impl InForce for Settings {
    fn in_force(&self) -> Arc<Configuration> {
        Arc::new(Configuration::open(self.clone(), None))
    }
}

impl InForce for Arc<Configuration> {
    fn in_force(&self) -> Arc<Configuration> {
        self.clone()
    }
}

fn has_keys(credential: &Credential, settings: &impl InForce) -> bool {
    credential.has_keys(&settings.in_force())
}

fn service_keys<'a>(
    credential: &'a Credential,
    configuration: &'a Configuration,
) -> ServiceKeys<'a> {
    let policy = &configuration.settings.kerberos;
    ServiceKeys::new(&credential.service, policy, &*configuration.keys)
}

/// The keys tried for a ticket for `service`, as principal and key version.
fn tried(
    credential: &Credential,
    settings: &impl InForce,
    service: &str,
    enctype: Enctype,
    kvno: Option<u32>,
) -> Vec<String> {
    let (name, realm) = service.rsplit_once('@').unwrap();
    let configuration = settings.in_force();
    let keys = service_keys(credential, &configuration);
    let candidates =
        keys.candidates(name.split('/').map(str::as_bytes), realm.as_bytes(), enctype, kvno);
    candidates.map(|entry| format!("{} {}", entry.principal(), entry.kvno)).collect()
}

fn tried_aes(credential: &Credential, service: &str, kvno: Option<u32>) -> Vec<String> {
    tried(credential, &Settings::default(), service, AES, kvno)
}

#[test]
fn the_service_s_own_keys_come_first_and_those_of_the_ticket_s_version_before_them() {
    let credential = with_keytab(
        None,
        keytab(&[
            ("WEB1$@R", 7, 70),
            ("HTTP/web1@R", 1, 11),
            ("HTTP/web1@R", 2, 12),
            ("HTTP/web1@R", 3, 13),
            ("HTTP/web1@OTHER", 2, 22),
            ("HTTP/web2@R", 2, 32),
        ]),
    );
    let own = ["HTTP/web1@R 2", "HTTP/web1@R 3", "HTTP/web1@R 1"];
    let others = ["HTTP/web1@OTHER 2", "HTTP/web2@R 2", "WEB1$@R 7"];
    assert_eq!(tried_aes(&credential, "HTTP/web1@R", Some(2)), [own, others].concat());
    assert_eq!(
        tried_aes(&credential, "http/WEB1@r", Some(2)),
        [own, others].concat(),
        "letter case does not count"
    );
    let newest = [
        "HTTP/web1@R 3",
        "HTTP/web1@R 2",
        "HTTP/web1@R 1",
        "WEB1$@R 7",
        "HTTP/web1@OTHER 2",
        "HTTP/web2@R 2",
    ];
    assert_eq!(tried_aes(&credential, "HTTP/web1@R", None), newest);
    // A name that is not in the keytab may be an alias, so all keys are tried.
    assert_eq!(tried_aes(&credential, "cifs/web1@R", Some(7)).first().unwrap(), "WEB1$@R 7");
    assert_eq!(tried_aes(&credential, "cifs/web1@R", Some(7)).len(), 6);
    assert!(
        tried(&credential, &Settings::default(), "HTTP/web1@R", Enctype::Aes128Sha1, None)
            .is_empty()
    );
}

/// [RFC 4120] 5.2.9's kvno has 32 bits; a keytab's entry mostly has 8.
#[test]
fn a_version_that_was_cut_to_eight_bits_is_found() {
    let credential =
        with_keytab(None, keytab(&[("HTTP/a@R", 45, 1), ("HTTP/a@R", 44, 2), ("HTTP/a@R", 43, 3)]));
    assert_eq!(
        tried_aes(&credential, "HTTP/a@R", Some(300)),
        ["HTTP/a@R 44", "HTTP/a@R 45", "HTTP/a@R 43"]
    );
}

#[test]
fn a_key_with_many_names_is_tried_once() {
    let names = ["host/web1@R", "HTTP/web1@R", "cifs/web1@R", "WEB1$@R"];
    let entries: Vec<_> = names.iter().flat_map(|name| [(*name, 1, 1), (*name, 2, 2)]).collect();
    let credential = with_keytab(None, keytab(&entries));
    assert_eq!(tried_aes(&credential, "HTTP/web1@R", Some(2)), ["HTTP/web1@R 2", "HTTP/web1@R 1"]);
    assert_eq!(tried_aes(&credential, "ldap/web1@R", Some(1)).len(), 2);
}

#[test]
fn a_keytab_of_thousands_does_not_mean_thousands_of_attempts() {
    let records: Vec<_> = (0..3000u32)
        .map(|n| {
            let mut record = record(&format!("HTTP/host{n}@R"), 1, AES, 0);
            let key = record.len() - 8;
            record[key..key + 4].copy_from_slice(&n.to_be_bytes());
            record
        })
        .collect();
    let keytab = Keytab::parse(&file(&records)).unwrap();
    assert_eq!(keytab.entries().len(), 3000);
    let credential = with_keytab(None, keytab);
    assert_eq!(tried_aes(&credential, "HTTP/host2345@R", Some(1))[0], "HTTP/host2345@R 1");
    let attempts = tried_aes(&credential, "HTTP/nobody@R", Some(1)).len();
    assert!((1..=64).contains(&attempts), "{attempts}");
    // For one of these services there is one key, and nothing is tried for another.
    let restricted = with_keytab(Some("HTTP/host17"), Keytab::parse(&file(&records)).unwrap());
    assert_eq!(tried_aes(&restricted, "HTTP/host17@R", None), ["HTTP/host17@R 1"]);
}

/// A name that counts how often it is compared from the beginning, to measure a search.
#[derive(Debug)]
struct Counted<'a>(std::slice::Iter<'a, &'a [u8]>, &'a Cell<usize>);

impl Clone for Counted<'_> {
    fn clone(&self) -> Self {
        self.1.set(self.1.get() + 1);
        Counted(self.0.clone(), self.1)
    }
}

impl<'a> Iterator for Counted<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.0.next().copied()
    }
}

/// A ticket with random bytes causes a search for all candidate keys, and any client can send one.
#[test]
fn hundreds_of_versions_of_a_service_are_searched_once_and_the_ticket_s_is_found() {
    let records = |names: &[&str]| -> Vec<Vec<u8>> {
        let versions = (1..=500u32).flat_map(|kvno| names.iter().map(move |name| (*name, kvno)));
        let different = |(at, (name, kvno)): (usize, (&str, u32))| {
            let mut record = record(name, kvno, AES, 0);
            let key = record.len() - 8;
            record[key..key + 4].copy_from_slice(&(at as u32).to_be_bytes());
            record
        };
        versions.enumerate().map(different).collect()
    };
    let configuration = Settings::default().in_force();
    for names in [&["HTTP/a@R"][..], &["HTTP/a@R", "HTTP/b@R"], &["HTTP/a@R", "WEB1$@R"]] {
        // In another realm none of the versions is the service's own, and all are alternatives.
        for (principal, realm) in
            [(None, "R"), (Some("HTTP/a"), "R"), (None, "OTHER"), (Some("HTTP/a"), "OTHER")]
        {
            let credential = with_keytab(principal, Keytab::parse(&file(&records(names))).unwrap());
            let looks = Cell::new(0);
            let parts: [&[u8]; 2] = [b"HTTP", b"a"];
            let keys = service_keys(&credential, &configuration);
            let found: Vec<_> = keys
                .candidates(Counted(parts.iter(), &looks), realm.as_bytes(), AES, Some(3))
                .collect();
            assert_eq!(found.len(), 64, "{names:?}");
            assert_eq!(
                (found[0].principal().as_str(), found[0].kvno),
                ("HTTP/a@R", 3),
                "{names:?}"
            );
            assert!(
                looks.get() < 500 * 20,
                "{names:?} {principal:?} {realm}: {} looks at 500 versions",
                looks.get()
            );
        }
    }
    // The key of another service with that version comes behind as many others.
    let credential = with_keytab(None, Keytab::parse(&file(&records(&["HTTP/b@R"]))).unwrap());
    assert_eq!(tried_aes(&credential, "HTTP/a@R", Some(3))[0], "HTTP/b@R 3");
}

/// A ticket-granting ticket is encrypted with this key, and is not accepted as a service ticket.
#[test]
fn the_kdc_s_own_key_opens_nothing() {
    let credential = with_keytab(None, keytab(&[("krbtgt/R@R", 1, 1), ("HTTP/a@R", 1, 2)]));
    assert_eq!(tried_aes(&credential, "krbtgt/R@R", Some(1)), ["HTTP/a@R 1"]);
    assert!(!has_keys(&with_keytab(None, keytab(&[("krbtgt/R@R", 1, 1)])), &Settings::default()));
}

#[test]
fn a_principal_restricts_to_one_service() {
    let entries =
        [("HTTP/web1.example.com@EXAMPLE.COM", 1, 1), ("cifs/web1.example.com@EXAMPLE.COM", 1, 2)];
    let open = |principal| with_keytab(Some(principal), keytab(&entries));
    for name in [
        "HTTP/web1.example.com",
        "http/WEB1.Example.Com",
        "HTTP/web1.example.com@EXAMPLE.COM",
        "HTTP/web1.example.com@example.com",
        "HTTP@web1.example.com",
    ] {
        let credential = open(name);
        for asked in
            ["HTTP/web1.example.com@EXAMPLE.COM", "cifs/web1.example.com@EXAMPLE.COM", "x/y@Z"]
        {
            // The service name in a ticket is not protected: the key decides.
            assert_eq!(
                tried_aes(&credential, asked, None),
                ["HTTP/web1.example.com@EXAMPLE.COM 1"],
                "{name} {asked}"
            );
        }
        assert!(has_keys(&credential, &Settings::default()), "{name}");
    }
    for name in [
        "HTTP/web1",
        "HTTP/web1.example.com@OTHER",
        "HTTP",
        "HTTP/",
        "web1.example.com",
        r"EXAMPLE\HTTP",
    ] {
        let credential = open(name);
        assert!(
            tried_aes(&credential, "HTTP/web1.example.com@EXAMPLE.COM", None).is_empty(),
            "{name}"
        );
        assert!(!has_keys(&credential, &Settings::default()), "{name}");
    }
    assert_eq!(
        tried_aes(&open(""), "HTTP/web1.example.com@EXAMPLE.COM", None).len(),
        2,
        "no name is no restriction"
    );
}

/// Active Directory's services have the key of the account that they run as.
#[test]
fn a_service_may_be_an_alias_of_an_account() {
    let machine = || keytab(&[("WEB1$@AD", 3, 1), ("host/other@AD", 3, 2)]);
    assert_eq!(
        tried_aes(&with_keytab(None, machine()), "HTTP/web1@AD", Some(3)),
        ["WEB1$@AD 3", "host/other@AD 3"]
    );
    let http = with_keytab(Some("HTTP/web1"), machine());
    assert!(has_keys(&http, &Settings::default()));
    assert_eq!(tried_aes(&http, "HTTP/web1@AD", Some(3)), ["WEB1$@AD 3"]);
    assert!(
        tried_aes(&http, "cifs/web1@AD", Some(3)).is_empty(),
        "another service of that account"
    );
    // As Samba's `net ads keytab create` writes it: the account's key under other names too.
    let samba = || {
        keytab(&[
            ("host/web1@AD", 3, 1),
            ("WEB1$@AD", 3, 1),
            ("host/web1@AD", 2, 2),
            ("WEB1$@AD", 2, 2),
        ])
    };
    let http = with_keytab(Some("HTTP/web1"), samba());
    assert!(has_keys(&http, &Settings::default()));
    assert_eq!(tried_aes(&http, "HTTP/web1@AD", Some(2)), ["WEB1$@AD 2", "WEB1$@AD 3"]);
    let host = with_keytab(Some("host/web1"), samba());
    assert_eq!(tried_aes(&host, "cifs/web1@AD", Some(2)), ["host/web1@AD 2", "host/web1@AD 3"]);
    // The service has a key of its own, so the account's key is not used for it.
    let both =
        with_keytab(Some("HTTP/web1"), keytab(&[("WEB1$@AD", 3, 1), ("HTTP/web1@AD", 1, 2)]));
    assert_eq!(tried_aes(&both, "HTTP/web1@AD", Some(3)), ["HTTP/web1@AD 1"]);
    for account in ["WEB1$", r"DOMAIN\web1$", "web1$@AD"] {
        assert_eq!(
            tried_aes(&with_keytab(Some(account), machine()), "HTTP/web1@AD", Some(3)),
            ["WEB1$@AD 3"],
            "{account}"
        );
    }
}

#[test]
fn the_configuration_restricts_too() {
    let mut settings = Settings::default();
    let names =
        |names: &[&str]| names.iter().map(|name| ServiceName::parse(name).unwrap()).collect();
    settings.kerberos.principals = names(&["HTTP/a", "cifs/a@R"]);
    let entries = [("HTTP/a@R", 1, 1), ("cifs/a@R", 1, 2), ("ldap/a@R", 1, 3)];
    let any = with_keytab(None, keytab(&entries));
    assert_eq!(tried(&any, &settings, "ldap/a@R", AES, None), ["HTTP/a@R 1", "cifs/a@R 1"]);
    let ldap = with_keytab(Some("ldap/a"), keytab(&entries));
    assert!(tried(&ldap, &settings, "ldap/a@R", AES, None).is_empty());
    let cifs = with_keytab(Some("cifs/a"), keytab(&entries));
    assert_eq!(tried(&cifs, &settings, "cifs/a@R", AES, None), ["cifs/a@R 1"]);
    settings.kerberos.principals = names(&["HTTP/b"]);
    assert!(!has_keys(&any, &settings));
}

#[test]
fn encryption_types_are_allowed_by_the_configuration() {
    let records =
        [record("HTTP/a@R", 1, Enctype::Rc4Hmac, 1), record("HTTP/a@R", 1, Enctype::Des3Sha1, 2)];
    let credential = with_keytab(None, Keytab::parse(&file(&records)).unwrap());
    let mut settings = Settings::default();
    assert!(!has_keys(&credential, &settings));
    assert!(tried(&credential, &settings, "HTTP/a@R", Enctype::Rc4Hmac, None).is_empty());
    settings.kerberos.enctypes.push(Enctype::Rc4Hmac);
    assert!(has_keys(&credential, &settings));
    assert_eq!(tried(&credential, &settings, "HTTP/a@R", Enctype::Rc4Hmac, None), ["HTTP/a@R 1"]);
    assert!(tried(&credential, &settings, "HTTP/a@R", Enctype::Des3Sha1, None).is_empty());
}

#[test]
fn sources_in_their_order() {
    let folder = Folder::new();
    let path =
        |name: &str, principal: &str| folder.write(name, file(&[record(principal, 1, AES, 1)]));
    let (in_config, in_environment) =
        (path("config.keytab", "HTTP/config@R"), path("environment.keytab", "HTTP/environment@R"));
    let config = folder.write("negossp.toml", "[kerberos]\nkeytab = 'FILE:config.keytab'\n");
    let store = |config: Option<&PathBuf>| {
        let keytab = Some(in_environment.clone());
        Store::open(Environment { config: config.cloned(), keytab, ..Environment::default() })
            .current()
    };
    let nobody = credential(Service::default());
    let own = with_keytab(None, keytab(&[("HTTP/own@R", 1, 9)]));
    let (both, environment) = (store(Some(&config)), store(None));
    assert_eq!(both.settings.kerberos_files.keytab.as_deref(), Some(&*in_config));
    assert_eq!(tried(&nobody, &both, "HTTP/x@R", AES, None), ["HTTP/config@R 1"]);
    assert_eq!(tried(&nobody, &environment, "HTTP/x@R", AES, None), ["HTTP/environment@R 1"]);
    assert_eq!(tried(&own, &both, "HTTP/x@R", AES, None), ["HTTP/own@R 1"]);
    let silent = folder.write("silent.toml", "[kerberos]\nrequire_pac = true\n");
    assert_eq!(
        tried(&nobody, &store(Some(&silent)), "HTTP/x@R", AES, None),
        ["HTTP/environment@R 1"]
    );
    assert!(!has_keys(&nobody, &Settings::default()));
    // A keytab that is named and cannot be read is not replaced by another.
    let wrong = folder.write("wrong.toml", "[kerberos]\nkeytab = 'none.keytab'\n");
    assert!(!has_keys(&nobody, &store(Some(&wrong))));
}

#[test]
fn names_of_keytabs() {
    for (name, path) in [
        ("/etc/krb5.keytab", "/etc/krb5.keytab"),
        ("FILE:/etc/krb5.keytab", "/etc/krb5.keytab"),
        ("WRFILE:/etc/krb5.keytab", "/etc/krb5.keytab"),
        ("FILE:relative", "relative"),
        ("relative", "relative"),
        ("/srv/a:b", "/srv/a:b"),
    ] {
        assert_eq!(path_in(name), Ok(path.into()));
    }
    for name in ["MEMORY:x", "KEYRING:persistent:0", "SRVTAB:/etc/srvtab", "file:/etc/krb5.keytab"]
    {
        assert!(path_in(name).is_err(), "{name}");
    }
}

fn settings_with(file: PathBuf) -> Arc<Configuration> {
    let mut settings = Settings::default();
    settings.kerberos_files.keytab = Some(file);
    settings.in_force()
}

#[test]
fn a_keytab_is_read_again_when_it_changes() {
    let folder = Folder::new();
    let (old, new) = (record("HTTP/a@R", 1, AES, 1), record("HTTP/a@R", 2, AES, 2));
    let path = folder.write("keytab", file(std::slice::from_ref(&old)));
    let settings = settings_with(path.clone());
    let credential = credential(Service::default());
    let versions = || tried(&credential, &settings, "HTTP/a@R", AES, None);
    assert_eq!(versions(), ["HTTP/a@R 1"]);
    // As ktutil and kadmin do it: the new key is appended.
    folder.replace("keytab", file(&[old.clone(), new.clone()]));
    eventually("the new key counts", || versions() == ["HTTP/a@R 2", "HTTP/a@R 1"]);
    // An invalid or incomplete keytab changes nothing.
    let whole = file(&[old.clone(), new.clone()]);
    for broken in [&b"rubbish"[..], &[], &[5], &whole[..whole.len() - 20]] {
        folder.replace("keytab", broken);
        std::thread::sleep(Duration::from_millis(1300));
        assert_eq!(versions(), ["HTTP/a@R 2", "HTTP/a@R 1"], "{} bytes", broken.len());
    }
    folder.replace("keytab", file(&[new]));
    eventually("the old key is gone", || versions() == ["HTTP/a@R 2"]);
    std::fs::remove_file(&path).unwrap();
    eventually("a keytab that is removed opens nothing", || !has_keys(&credential, &settings));
    folder.replace("keytab", file(&[old]));
    eventually("a keytab that comes back counts", || versions() == ["HTTP/a@R 1"]);
}

#[test]
fn a_keytab_that_is_missing_or_broken_at_the_start_is_taken_once_it_is_there() {
    let credential = credential(Service::default());
    for broken in [None, Some(&b"rubbish"[..]), Some(&[])] {
        let folder = Folder::new();
        if let Some(bytes) = broken {
            folder.write("keytab", bytes);
        }
        let settings = settings_with(folder.path("keytab"));
        assert!(!has_keys(&credential, &settings));
        assert!(settings.keys.keytab.as_ref().unwrap().current().problem.is_some());
        folder.replace("keytab", file(&[record("HTTP/a@R", 1, AES, 1)]));
        eventually("the keytab is read", || has_keys(&credential, &settings));
        assert!(settings.keys.keytab.as_ref().unwrap().current().problem.is_none());
    }
    // At the start the readable part of a truncated keytab is used, since there is no earlier one.
    let folder = Folder::new();
    let whole = file(&[record("HTTP/a@R", 1, AES, 1), record("HTTP/b@R", 1, AES, 2)]);
    let settings = settings_with(folder.write("keytab", &whole[..whole.len() - 20]));
    assert_eq!(tried(&credential, &settings, "HTTP/b@R", AES, None), ["HTTP/a@R 1"]);
}

/// The keys of one principal in a file that a KDC has written.
fn of_kdc<'a>(keytab: &'a Keytab, principal: &str) -> Vec<&'a Key> {
    let keys: Vec<_> = keytab
        .entries()
        .iter()
        .filter(|entry| entry.principal() == principal)
        .map(|entry| &entry.key)
        .collect();
    assert!(!keys.is_empty(), "{principal}");
    keys
}

/// All are among those that the password yields for a ticket of the service.
fn has_all(credential: &Credential, settings: &impl InForce, service: &str, keys: &[&Key]) {
    let (name, realm) = service.rsplit_once('@').unwrap();
    let configuration = settings.in_force();
    let ours = service_keys(credential, &configuration);
    assert!(ours.available());
    for key in keys {
        let candidates = ours
            .candidates(
                name.split('/').map(str::as_bytes),
                realm.as_bytes(),
                key.enctype(),
                Some(5),
            )
            .collect::<Vec<_>>();
        assert!(
            candidates.iter().any(|entry| entry.key.bytes() == key.bytes()),
            "{service} {}",
            key.enctype().name()
        );
        assert!(candidates.len() <= 4, "{service}: {} keys", candidates.len());
    }
}

fn with_rc4() -> Settings {
    let mut settings = Settings::default();
    settings.kerberos.enctypes.push(Enctype::Rc4Hmac);
    settings
}

const PASSWORD: &str = "Pässw0rd!";

fn with_password(
    principal: Option<&str>,
    user: &str,
    domain: &str,
    alone: bool,
    settings: &impl InForce,
) -> Credential {
    credential(Credential::service(
        principal,
        Some(&identity(user, domain, PASSWORD)),
        None,
        alone,
        &settings.in_force(),
    ))
}

#[test]
fn a_service_password_gives_the_keys_of_mit_s_kdc() {
    let settings = with_rc4();
    let keytab = Keytab::parse(include_bytes!("../../data/kerberos/passwords_mit.keytab")).unwrap();
    let service = of_kdc(&keytab, "HTTP/web1.example.com@EXAMPLE.COM");
    assert_eq!(service.len(), 5, "an encryption type is missing");
    for (user, domain) in [
        ("HTTP/web1.example.com", "EXAMPLE.COM"),
        ("HTTP/web1.example.com", "example.com"),
        ("HTTP/web1.example.com@EXAMPLE.COM", ""),
    ] {
        let credential = with_password(None, user, domain, false, &settings);
        has_all(&credential, &settings, "HTTP/web1.example.com@EXAMPLE.COM", &service);
    }
    let user = of_kdc(&keytab, "svc-web@EXAMPLE.COM");
    let credential =
        with_password(Some("HTTP/web1.example.com"), "svc-web", "EXAMPLE.COM", true, &settings);
    has_all(&credential, &settings, "HTTP/web1.example.com@EXAMPLE.COM", &user);
    let credential = with_password(None, "svc-web", "EXAMPLE.COM", true, &settings);
    has_all(&credential, &settings, "HTTP/anything@EXAMPLE.COM", &user);
    // A user's salt is not a computer's: each key more is an attempt more.
    assert_eq!(tried(&credential, &settings, "HTTP/anything@EXAMPLE.COM", AES, None).len(), 1);
    let computer = with_password(None, "WEB1$", "EXAMPLE.COM", false, &settings);
    has_all(&computer, &settings, "host/web1@EXAMPLE.COM", &of_kdc(&keytab, "WEB1$@EXAMPLE.COM"));
}

#[test]
fn a_service_password_gives_the_keys_of_active_directory() {
    let settings = with_rc4();
    let keytab =
        Keytab::parse(include_bytes!("../../data/kerberos/passwords_samba.keytab")).unwrap();
    let computer = of_kdc(&keytab, "WEB1$@AD.EXAMPLE.COM");
    assert_eq!(computer.len(), 3, "an encryption type is missing");
    for (user, domain) in [
        ("WEB1$", "AD.EXAMPLE.COM"),
        ("web1$", "ad.example.com"),
        // The service's account is usually the computer's.
        ("HTTP/web1.ad.example.com", "AD.EXAMPLE.COM"),
    ] {
        let credential = with_password(None, user, domain, false, &settings);
        has_all(&credential, &settings, "HTTP/web1.ad.example.com@AD.EXAMPLE.COM", &computer);
    }
    let user = of_kdc(&keytab, "svc-web@AD.EXAMPLE.COM");
    let credential = with_password(
        Some("HTTP/web1.ad.example.com"),
        "svc-web",
        "AD.EXAMPLE.COM",
        true,
        &settings,
    );
    has_all(&credential, &settings, "HTTP/web1.ad.example.com@AD.EXAMPLE.COM", &user);
    // The realm is used where the caller passes a NetBIOS domain or none.
    let mut settings = with_rc4();
    settings.server.dns_domain = "ad.example.com".into();
    for domain in ["EXAMPLE", "", "."] {
        let credential = with_password(None, "WEB1$", domain, false, &settings);
        has_all(&credential, &settings, "HTTP/web1.ad.example.com@AD.EXAMPLE.COM", &computer);
    }
    settings.server.dns_domain = String::new();
    settings.kerberos_files.realm = "AD.EXAMPLE.COM".into();
    let credential = with_password(None, "WEB1$", "", false, &settings);
    has_all(&credential, &settings, "HTTP/web1.ad.example.com@AD.EXAMPLE.COM", &computer);
}

/// A NetBIOS domain beside a service whose realm is known.
#[test]
fn a_password_s_keys_are_in_the_realm_of_their_salt() {
    let (mut configured, unconfigured) = (with_rc4(), with_rc4());
    configured.kerberos_files.realm = "EXAMPLE.COM".into();
    let keytab = Keytab::parse(include_bytes!("../../data/kerberos/passwords_mit.keytab")).unwrap();
    let service = of_kdc(&keytab, "HTTP/web1.example.com@EXAMPLE.COM");
    for settings in [&configured, &unconfigured] {
        for principal in ["HTTP/web1.example.com@EXAMPLE.COM", "http/WEB1.example.com@example.com"]
        {
            let credential =
                with_password(Some(principal), "HTTP/web1.example.com", "EXAMPLE", false, settings);
            has_all(&credential, settings, "HTTP/web1.example.com@EXAMPLE.COM", &service);
        }
        let host = with_password(
            Some("HTTP/web1.example.com@EXAMPLE.COM"),
            "WEB1$",
            "EXAMPLE",
            false,
            settings,
        );
        has_all(
            &host,
            settings,
            "HTTP/web1.example.com@EXAMPLE.COM",
            &of_kdc(&keytab, "WEB1$@EXAMPLE.COM"),
        );
    }
    // The realm does not match, and the error is returned before a ticket arrives.
    let elsewhere = with_password(
        Some("HTTP/web1.example.com@OTHER"),
        "HTTP/web1.example.com",
        "EXAMPLE.COM",
        false,
        &configured,
    );
    assert!(!has_keys(&elsewhere, &configured));
    assert!(
        tried(&elsewhere, &configured, "HTTP/web1.example.com@OTHER", Enctype::Rc4Hmac, None)
            .is_empty()
    );
    let another = with_password(Some("HTTP/web2"), "HTTP/web1", "EXAMPLE.COM", false, &configured);
    assert!(!has_keys(&another, &configured));
}

#[test]
fn a_password_alone_is_not_a_service() {
    let folder = Folder::new();
    let path = folder.write("keytab", file(&[record("HTTP/file@R", 1, AES, 1)]));
    let settings = settings_with(path);
    // Negotiate: one more account for NTLM's clients, and tickets are decrypted with the configured
    // keytab.
    let account = with_password(None, "alice", "EXAMPLE.COM", false, &settings);
    assert_eq!(tried(&account, &settings, "HTTP/x@R", AES, None), ["HTTP/file@R 1"]);
    assert!(!has_keys(&account, &Settings::default()));
    // A service that the caller passes is used as that, and nothing else is.
    let service = with_password(None, "HTTP/x", "R", false, &settings);
    assert!(
        tried(&service, &settings, "HTTP/x@R", AES, None)
            .iter()
            .all(|key| key.starts_with("HTTP/x@R"))
    );
    // It does not become a service through the service name beside it either: alice, who knows the
    // password, could forge tickets.
    for principal in ["HTTP/file", "HTTP/file@R", "alice"] {
        let client = with_password(Some(principal), "alice", "R", false, &settings);
        assert!(
            tried(&client, &settings, "HTTP/file@R", AES, None)
                .iter()
                .all(|key| key == "HTTP/file@R 1"),
            "{principal}"
        );
        assert!(!has_keys(&client, &Settings::default()), "{principal}");
    }
    // An empty password is not valid for a service.
    let empty = credential(Credential::service(
        None,
        Some(&identity("HTTP/x", "R", "")),
        None,
        true,
        &settings,
    ));
    assert_eq!(tried(&empty, &settings, "HTTP/x@R", AES, None), ["HTTP/file@R 1"]);
    // Without any realm there is no salt.
    let mut nowhere = Settings::default();
    nowhere.server.dns_domain = String::new();
    assert!(!has_keys(&with_password(None, "HTTP/x", "", false, &nowhere), &nowhere));
}

#[test]
fn secrets_are_not_shown() {
    let settings = Settings::default();
    let credential = with_password(None, "HTTP/x", "R", true, &settings);
    tried(&credential, &settings, "HTTP/x@R", AES, None);
    let entry =
        Entry::new("R".into(), vec!["x".into()], 1, 1, 0, Key::new(AES, &[0xab; 32]).unwrap());
    let shown = format!(
        "{credential:?} {:?} {entry:?}",
        with_keytab(None, keytab(&[("HTTP/a@R", 1, 0xab)]))
    );
    for secret in [PASSWORD, "Pässw", "171", "ab, ab", "abab"] {
        assert!(!shown.to_lowercase().contains(secret), "{secret}: {shown}");
    }
}
