//! Which account a client is: what its KDC says, not what it called itself, nor what stands beside
//! the ticket.

use super::accept_pac::{Case, rule};
use crate::support::accounts::PASSWORD;
use crate::support::kerberos::framed;
use crate::support::pac::{LogonInfo, client_info, upn_dns_info};
use negossp::config::parse;
use negossp::kerberos::crypto::{Enctype, Key, string_to_key};
use negossp::kerberos::keytab::{Entry, Keytab};
use negossp::kerberos::name_mapping::NameRules;
use negossp::kerberos::pac::buffer_type;
use negossp::kerberos::{CredentialKeys, Derivation, RequirePac, Service, ServiceName};
use negossp::platform;
use negossp::principal::{Origin, Origins};
use negossp::types::error::{Denial, Error};
use negossp::types::identity::Identity;
use std::sync::Arc;

const AES: Enctype = Enctype::Aes256Sha1;

/// A PAC of the account `DOMAIN\user` for a client whose ticket calls it `cname`; `dns` is
/// DnsDomainName of UPN_DNS_INFO.
struct OfAccount<'a> {
    user: &'a str,
    domain: &'a str,
    cname: &'a str,
    dns: Option<&'a str>,
}

impl OfAccount<'_> {
    fn pac(&self, case: &Case) -> Vec<u8> {
        let info = LogonInfo {
            effective_name: self.user.into(),
            logon_domain_name: self.domain.into(),
            ..LogonInfo::default()
        };
        let mut buffers = vec![
            (buffer_type::LOGON_INFO, info.encode()),
            (buffer_type::CLIENT_INFO, client_info(case.authtime(), self.cname)),
        ];
        buffers.extend(self.dns.map(|dns| {
            (buffer_type::UPN_DNS_INFO, upn_dns_info("administrator@example.test", dns, 0, None))
        }));
        case.pac(&buffers)
    }
}

/// The account file, `[tokens.users]` and the rules all see the account. With a computer account
/// `games$`, a client gets a ticket when it asks for `games`.
#[test]
fn a_client_is_the_account_that_the_pac_names() {
    let mut case = Case::new(AES);
    for cname in ["games", "games/admin", "games@other"] {
        case.forge.client = cname.split('/').map(Into::into).collect();
        let pac = OfAccount { user: "games$", domain: "EXAMPLE", cname, dns: None }.pac(&case);
        let client = case.accept(Some(pac)).unwrap();
        assert_eq!(
            (client.display_name().as_str(), client.native_name().as_str(), &*client.user),
            ("EXAMPLE\\games$", "games$@EXAMPLE.TEST", "games$"),
            "{cname}"
        );
    }
    case.forge.client = vec!["games".into()];
    case.server.settings.kerberos.names =
        NameRules(vec![rule(None, Some("games"), "local"), rule(None, None, "{principal}")]);
    let games = OfAccount { user: "games$", domain: "EXAMPLE", cname: "games", dns: None };
    let pac = games.pac(&case);
    assert_eq!(case.accept(Some(pac)).unwrap().display_name(), "games$@EXAMPLE.TEST");
}

/// A PAC that names nobody, and what would be several components or realms in MIT's notation.
#[test]
fn odd_names_of_accounts() {
    let mut case = Case::new(AES);
    for (user, native) in [
        ("a/b", "a\\/b@EXAMPLE.TEST"),
        ("a@EVIL.TEST", "a\\@EVIL.TEST@EXAMPLE.TEST"),
        ("CORP\\a", "CORP\\\\a@EXAMPLE.TEST"),
    ] {
        let pac = OfAccount { user, domain: "EXAMPLE", cname: "alice", dns: None }.pac(&case);
        assert_eq!(case.accept(Some(pac)).unwrap().native_name(), native);
    }
    // In a domain without a NetBIOS name the realm stands for it, and the user keeps its name.
    let pac = OfAccount { user: "a/b", domain: "", cname: "alice", dns: None }.pac(&case);
    let client = case.accept(Some(pac)).unwrap();
    assert_eq!((&*client.user, &*client.domain), ("a/b", "EXAMPLE.TEST"));
    assert_eq!(client.display_name(), "a\\/b@EXAMPLE.TEST");
    let nobody = OfAccount { user: "", domain: "EXAMPLE", cname: "alice", dns: None }.pac(&case);
    assert_eq!(
        case.accept(Some(nobody)).unwrap_err(),
        Error::LogonDenied(Denial::Ticket("the PAC names no account"))
    );
}

/// `[tokens]` believes each name as far as its source can vouch for it.
#[test]
fn each_part_of_a_client_has_its_source() {
    let mut case = Case::new(AES);
    let (logon, name) = (Origin::Ticket, Origin::Ticket);
    let by_ticket = Origins { logon, name, sid: Origin::Nobody, info: Origin::Nobody };
    assert_eq!(case.accept(None).unwrap().origins, by_ticket);
    let of_pac = Origins { logon, name: Origin::Pac, sid: Origin::Pac, info: Origin::Pac };
    let pac = case.alice();
    assert_eq!(case.accept(Some(pac)).unwrap().origins, of_pac);
    // Without a NetBIOS name the client is called by its realm, which is the ticket's.
    let pac = OfAccount { user: "alice", domain: "", cname: "alice", dns: None }.pac(&case);
    assert_eq!(case.accept(Some(pac)).unwrap().origins, Origins { name, ..of_pac });
}

/// The first label of the server's realm is what its domain is called where nothing else says it.
#[test]
fn without_a_setting_the_realm_tells_the_server_s_domain() {
    let mut case = Case::new(AES);
    for (realm, domain, shown) in [
        ("EXAMPLE.EVIL.TEST", "EXAMPLE", "alice@EXAMPLE.EVIL.TEST"),
        ("EXAMPLE.EVIL.TEST", "example", "alice@EXAMPLE.EVIL.TEST"),
        ("OTHER.EVIL.TEST", "OTHER", "OTHER\\alice"),
    ] {
        case.forge.realm = realm.into();
        let dns = Some(realm);
        let pac = OfAccount { user: "alice", domain, cname: "alice", dns }.pac(&case);
        assert_eq!(case.accept(Some(pac)).unwrap().display_name(), shown);
    }
}

/// `[tokens]` decides by the server's realm whether the client is one of its own.
#[test]
fn the_realm_beside_the_ticket_makes_nobody_at_home() {
    let mut case = Case::new(AES);
    let key = case.forge.service_key.clone();
    let account = Entry::new("EXAMPLE.TEST".into(), vec!["WEB1$".into()], 1, 3, 0, key);
    let keytab = Keytab::of_entries(vec![account]);
    case.server.credential.service.keys = CredentialKeys::Keytab(Arc::new(keytab));
    case.server.settings.server.nb_domain = "EXAMPLE".into();
    case.forge.realm = "EVIL.TEST".into();
    for realm in ["EXAMPLE.TEST", "EVIL.TEST", ""] {
        case.forge.service_realm = realm.into();
        let dns = Some("EXAMPLE.TEST");
        let pac = OfAccount { user: "alice", domain: "EXAMPLE", cname: "alice", dns }.pac(&case);
        let client = case.accept(Some(pac)).unwrap();
        assert_eq!(client.display_name(), "alice@EVIL.TEST", "{realm}");
        assert_eq!((&*client.domain, &*client.user), ("EVIL.TEST", "alice"));
    }
}

/// The service's principal, for a client of a realm, whatever realm stands beside the ticket.
fn service_of(case: &mut Case, client_realm: &str) -> String {
    case.forge.realm = client_realm.into();
    let services: Vec<_> = ["EXAMPLE.TEST", "OTHER.TEST", "CORP", "EVIL.TEST", ""]
        .into_iter()
        .map(|realm| {
            case.forge.service_realm = realm.into();
            let (established, _) =
                case.server.accept(&framed(&case.forge.at(platform::now()))).unwrap();
            established.server_name
        })
        .collect();
    assert!(services.iter().all(|service| *service == services[0]), "{services:?}");
    services[0].clone()
}

/// Equal keys do not tell the realm. The client's own does, if the keytab has it.
#[test]
fn the_realm_beside_the_ticket_selects_none_of_two_with_one_key() {
    let mut case = Case::new(AES);
    let key = case.forge.service_key.clone();
    let entry = |realm: &str, name: &[&str]| {
        let name = name.iter().map(|part| (*part).to_owned()).collect();
        Entry::new(realm.into(), name, 1, 3, 0, key.clone())
    };
    let service: Vec<&str> = ["HTTP", "web1.example.test"].into();
    let entries = vec![
        entry("OTHER.TEST", &["WEB1$"]),
        entry("EXAMPLE.TEST", &["WEB1$"]),
        entry("OTHER.TEST", &service),
        entry("EXAMPLE.TEST", &service),
    ];
    let keytab = CredentialKeys::Keytab(Arc::new(Keytab::of_entries(entries)));
    case.server.credential.service.keys = keytab;
    case.forge.service = service.iter().map(|part| (*part).to_owned()).collect();
    let service_in = |realm: &str| format!("HTTP/web1.example.test@{realm}");
    for realm in ["EXAMPLE.TEST", "OTHER.TEST"] {
        assert_eq!(service_of(&mut case, realm), service_in(realm));
    }
    assert_eq!(service_of(&mut case, "EVIL.TEST"), service_in("OTHER.TEST"));
    // Of those that are permitted.
    let only = ServiceName::parse("HTTP/web1.example.test@EXAMPLE.TEST").unwrap();
    case.server.settings.kerberos.principals = vec![only];
    for realm in ["EXAMPLE.TEST", "OTHER.TEST", "EVIL.TEST"] {
        assert_eq!(service_of(&mut case, realm), service_in("EXAMPLE.TEST"));
    }
}

/// An RC4 key is the same in all realms that a password's principal may be in. One of these is only
/// a guess, and may be a realm of somebody else's.
#[test]
fn a_realm_that_was_guessed_is_nobody_s_home() {
    let mut case = Case::new(Enctype::Rc4Hmac);
    case.forge.service_key = Key::new(Enctype::Rc4Hmac, &PASSWORD).unwrap();
    let identity = Identity {
        user: "WEB1$".into(),
        domain: "CORP".into(),
        password: "Password".to_owned().into(),
    };
    let derive = |enctype, password: &str, salt: &str| {
        string_to_key(enctype, password, salt.as_bytes(), None).ok()
    };
    let policy = &case.server.settings.kerberos.clone();
    let derivation = Derivation { default_realm: "EXAMPLE.TEST", policy, derive };
    case.server.credential.service = Service::new(None, Some(&identity), None, true, derivation);
    for realm in ["EXAMPLE.TEST", "CORP", "EVIL.TEST"] {
        assert_eq!(service_of(&mut case, realm), "WEB1$@EXAMPLE.TEST", "{realm}");
    }
}

/// A domain controller of another realm chooses the NetBIOS name in its PACs.
#[test]
fn across_a_trust_a_domain_has_only_a_name_of_its_own() {
    let mut case = Case::new(AES);
    case.server.settings = negossp::config::Settings {
        kerberos: case.server.settings.kerberos.clone(),
        ..parse(concat!(
            "[server]\nnetbios_computer = \"WEB1\"\n[accounts]\ndomain = \"CORP\"\n",
            "[domain]\nname = \"EXAMPLE\"\nrealm = \"example.test\"\n",
            "machine_account = \"WEB1$\"\nmachine_secret_file = \"none\"\n",
        ))
        .unwrap()
    };
    let mut shown = |realm: &str, domain: &str, dns: Option<&str>| {
        case.forge.realm = realm.into();
        let user = "Administrator";
        let pac = OfAccount { user, domain, cname: "alice", dns }.pac(&case);
        let client = case.accept(Some(pac)).unwrap();
        assert_eq!(client.native_name(), format!("Administrator@{realm}"));
        assert!(client.account.as_ref().unwrap().sid.is_some());
        client.display_name()
    };
    let principal = |realm| format!("Administrator@{realm}");
    // The domain controller of the server's own realm may say what it likes.
    for domain in ["EXAMPLE", "OTHER"] {
        assert_eq!(shown("EXAMPLE.TEST", domain, None), format!("{domain}\\Administrator"));
    }
    assert_eq!(shown("EXAMPLE.TEST", "", None), principal("EXAMPLE.TEST"));
    // Others must agree with their realm, which the KDCs between have checked.
    for (realm, domain) in
        [("EVIL.TEST", "EVIL"), ("EVIL.TEST", "evil"), ("AD.PARTNER.COM", "PARTNER")]
    {
        assert_eq!(shown(realm, domain, Some(realm)), format!("{domain}\\Administrator"));
    }
    for (realm, domain, dns) in [
        ("EVIL.TEST", "EXAMPLE", Some("EVIL.TEST")),
        ("EVIL.TEST", "EXAMPLE", Some("EXAMPLE.TEST")),
        ("EVIL.TEST", "PARTNER", Some("EVIL.TEST")),
        ("EVIL.TEST", "EVIL", Some("PARTNER.TEST")),
        ("EVIL.TEST", "EVIL", None),
        ("EVIL.TEST", "", Some("EVIL.TEST")),
        // Names of the server's own in a realm that has such a label.
        ("EXAMPLE.EVIL.TEST", "EXAMPLE", Some("EXAMPLE.EVIL.TEST")),
        ("WEB1.EVIL.TEST", "web1", Some("WEB1.EVIL.TEST")),
        ("CORP.EVIL.TEST", "CORP", Some("CORP.EVIL.TEST")),
        ("BUILTIN.EVIL.TEST", "BUILTIN", Some("BUILTIN.EVIL.TEST")),
    ] {
        assert_eq!(shown(realm, domain, dns), principal(realm), "{domain} {dns:?}");
    }
    // Rules see the name that is believed.
    case.server.settings.kerberos.names = NameRules(vec![rule(None, None, "{user}.{domain}")]);
    case.forge.realm = "EVIL.TEST".into();
    let dns = Some("EVIL.TEST");
    let pac = OfAccount { user: "a", domain: "EXAMPLE", cname: "alice", dns }.pac(&case);
    assert_eq!(case.accept(Some(pac)).unwrap().display_name(), "a.EVIL.TEST");
}

const NO_PAC: Error =
    Error::LogonDenied(Denial::Ticket("the ticket has no PAC ([kerberos] require_pac)"));
const NO_ACCOUNT: Error =
    Error::LogonDenied(Denial::Ticket("the PAC describes no account ([kerberos] require_pac)"));

/// As MIT's KDC makes them.
fn without_logon_info(case: &Case) -> Vec<u8> {
    case.pac(&[(buffer_type::CLIENT_INFO, client_info(case.authtime(), "alice"))])
}

#[test]
fn clients_without_an_account_are_accepted_only_where_the_policy_permits_it() {
    let mut case = Case::new(AES);
    for (require_pac, permitted) in [
        (RequirePac::Never, true),
        // The server belongs to no domain.
        (RequirePac::OfDomain, true),
        (RequirePac::Always, false),
    ] {
        case.server.settings.kerberos.require_pac = require_pac;
        let expected = |error| if permitted { None } else { Some(error) };
        assert_eq!(case.accept(None).err(), expected(NO_PAC), "{require_pac:?}");
        let pac = without_logon_info(&case);
        assert_eq!(case.accept(Some(pac)).err(), expected(NO_ACCOUNT), "{require_pac:?}");
        let pac = case.alice();
        assert_eq!(case.accept(Some(pac)).err(), None, "{require_pac:?}");
    }
}

/// By default, with `[domain]` or without.
#[test]
fn clients_of_the_server_s_domain_need_a_pac() {
    let domain = concat!(
        "[domain]\nname = \"EXAMPLE\"\nrealm = \"example.test\"\nmachine_account = \"WEB1$\"\n",
        "machine_secret_file = \"none\"\n",
    );
    let member = "[server]\nmember = true\ndns_domain = \"example.test\"\n";
    for text in [domain, member] {
        let mut case = Case::new(AES);
        case.server.settings = parse(text).unwrap();
        assert_eq!(case.accept(None).err(), Some(NO_PAC));
        let pac = without_logon_info(&case);
        assert_eq!(case.accept(Some(pac)).err(), Some(NO_ACCOUNT));
        let pac = case.alice();
        assert_eq!(case.accept(Some(pac)).unwrap().display_name(), "EXAMPLE\\alice");
        // Those of other realms do not, for example MIT's.
        case.forge.realm = "LAB.TEST".into();
        assert_eq!(case.accept(None).unwrap().display_name(), "alice@LAB.TEST");
        case.forge.realm = "EXAMPLE.TEST".into();
        case.server.settings.kerberos.require_pac = RequirePac::Never;
        assert_eq!(case.accept(None).unwrap().display_name(), "alice@EXAMPLE.TEST");
    }
}
