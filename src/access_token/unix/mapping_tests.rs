//! Which clients map to which accounts, and which must not.

use super::mapping::{Directory, NameService, find};
use crate::access_token::Config;
use crate::access_token::Sids;
use crate::access_token::options::{LocalUser, Mapping};
use crate::access_token::{Level, Subject};
use crate::config::parse;
use crate::mechanism::Mechanism;
use crate::platform::accounts::Account;
use crate::principal::{AccountInfo, Origin, Origins, Principal};
use crate::types::error::Error;
use crate::types::sid::Sid;
use crate::types::time::FileTime;
use std::io;
use std::sync::Arc;

const SID: &str = "S-1-5-21-1-2-3-1104";
/// winbind does not answer for this one.
const UNANSWERED: &str = "S-1-5-21-1-2-3-1105";

/// The machine's accounts, and winbind's; queries for `broken` fail.
struct Machine;

impl Directory for Machine {
    fn by_name(&self, name: &str) -> io::Result<Option<Account>> {
        let uid = match name {
            "root" | "toor" | "EXAMPLE\\boss" => 0,
            "alice" => 1000,
            "daemon" | "EXAMPLE\\daemon" => 5,
            "www" => OWN,
            "dynamic" => 61184,
            "none" => u32::MAX,
            "wheel" => {
                let groups = vec![10];
                return Ok(Some(Account { name: name.into(), uid: 1002, gid: 10, groups }));
            }
            "bob" => 1001,
            "nobody" => 65534,
            "EXAMPLE\\alice" => 20_000,
            "EXAMPLE+alice" => 20_001,
            "LAB.TEST\\alice" => 30_000,
            // Of a domain CORP\EXAMPLE, which there cannot be, or of a user that there cannot be.
            "CORP\\EXAMPLE\\alice" => 50_000,
            "broken" => return Err(io::ErrorKind::TimedOut.into()),
            _ => return Ok(None),
        };
        Ok(Some(Account { name: name.into(), uid, gid: uid, groups: vec![uid, 4] }))
    }

    fn by_sid(&self, sid: &Sid, _groups: &[Sid]) -> io::Result<Option<Account>> {
        if sid.to_string() == UNANSWERED {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok((sid.to_string() == SID).then(|| Account {
            name: "EXAMPLE\\by-sid".into(),
            uid: 40_000,
            gid: 40_000,
            groups: vec![],
        }))
    }

    fn own_uid(&self) -> u32 {
        OWN
    }
}

/// The server's own user.
const OWN: u32 = 50_000;

fn config(tokens: &str) -> Config {
    let server = "[server]\nnetbios_computer = \"WEB1\"\n[accounts]\ndomain = \"CORP\"\n[tokens]\n";
    let settings = parse(&format!("{server}{tokens}")).unwrap();
    let machine_sid = std::sync::Arc::new(crate::stores::machine_sid::MachineSid::default());
    Config { own: settings.own_accounts(), options: settings.tokens, machine_sid }
}

fn subject(principal: Principal) -> Subject {
    Subject {
        sids: Sids::of(&principal, Mechanism::Kerberos, &config("")).unwrap(),
        principal,
        level: Level::Impersonation,
        mechanism: Mechanism::Kerberos,
        server_name: "HTTP/web1.lab.test@LAB.TEST".into(),
        expiry: FileTime::NEVER,
        logon_id: 1,
    }
}

fn by_file(domain: &str, user: &str) -> Subject {
    subject(Principal::of_account(user.into(), domain.into(), Origin::AccountFile))
}

/// A Kerberos client without a PAC.
fn by_ticket(user: &str, realm: &str) -> Subject {
    let native = Some(format!("{user}@{realm}"));
    subject(Principal {
        native,
        ..Principal::of_account(user.into(), realm.into(), Origin::Ticket)
    })
}

/// One with a PAC that calls it `DOMAIN\user`.
fn by_pac(domain: &str, user: &str, realm: &str) -> Subject {
    let account = AccountInfo { sid: Some(SID.parse().unwrap()), ..AccountInfo::default() };
    subject(Principal {
        native: Some(format!("{user}@{realm}")),
        account: Some(Arc::new(account)),
        origins: Origins { logon: Origin::Ticket, ..Origins::all(Origin::Pac) },
        ..Principal::of_account(user.into(), domain.into(), Origin::Pac)
    })
}

fn found(subject: &Subject, tokens: &str) -> Option<u32> {
    find(subject, &config(tokens), &Machine).ok().map(|account| account.uid)
}

const NAMES: &str = "map = [\"domain-name\", \"name\"]\n";

#[test]
fn our_own_users_by_their_names() {
    assert_eq!(found(&by_file("CORP", "alice"), ""), Some(1000));
    assert_eq!(found(&by_file("corp", "alice"), ""), Some(1000));
    assert_eq!(found(&by_file("WEB1", "bob"), ""), Some(1001));
    assert_eq!(found(&by_file("CORP", "carol"), ""), None);
    // The domain's account takes precedence over the local one.
    assert_eq!(found(&by_file("EXAMPLE", "alice"), ""), Some(20_000));
    let account = find(&by_file("CORP", "alice"), &config(""), &Machine).unwrap();
    assert_eq!((account.groups.as_slice(), account.found_by), (&[4, 1000][..], "name"));
}

#[test]
fn names_of_strangers_say_nothing_here() {
    for stranger in [
        by_file("EVIL", "bob"),
        by_file("", "bob"),
        by_ticket("bob", "LAB.TEST"),
        by_ticket("root", "OTHER.REALM"),
        by_pac("CORP", "bob", "LAB.TEST"),
        subject(Principal::of_account("bob".into(), "CORP".into(), Origin::Netlogon)),
        subject(Principal::of_account("bob".into(), "CORP".into(), Origin::Derived)),
    ] {
        assert_eq!(found(&stranger, NAMES), None, "{:?}", stranger.principal);
    }
}

#[test]
fn unless_their_domain_is_listed() {
    let listed = "map = [\"name\"]\ndomains = [\"EVIL\", \"LAB.TEST\"]\n";
    assert_eq!(found(&by_file("evil", "bob"), listed), Some(1001));
    assert_eq!(found(&by_ticket("bob", "LAB.TEST"), listed), Some(1001));
    assert_eq!(found(&by_pac("CORP", "bob", "LAB.TEST"), listed), Some(1001));
    // Realms are case-sensitive, and the domain in a PAC does not count.
    assert_eq!(found(&by_ticket("bob", "lab.test"), listed), None);
    assert_eq!(found(&by_pac("EVIL", "bob", "OTHER.TEST"), listed), None);
    assert_eq!(found(&by_ticket("bob/admin", "LAB.TEST"), listed), None);
}

#[test]
fn a_domain_s_users() {
    assert_eq!(found(&by_pac("EXAMPLE", "alice", "LAB.TEST"), NAMES), Some(20_000));
    assert_eq!(found(&by_ticket("alice", "LAB.TEST"), NAMES), Some(30_000));
    assert_eq!(
        found(
            &by_pac("EXAMPLE", "alice", "LAB.TEST"),
            &format!("{NAMES}winbind_separator = \"+\"\n")
        ),
        Some(20_001)
    );
    for origin in [Origin::Netlogon, Origin::Winbind] {
        let by_domain = |domain: &str, user: &str| {
            subject(Principal::of_account(user.into(), domain.into(), origin))
        };
        assert_eq!(found(&by_domain("EXAMPLE", "alice"), NAMES), Some(20_000));
        // A listed domain's users are the local ones of their names.
        let listed = "map = [\"name\"]\ndomains = [\"EXAMPLE\"]\n";
        assert_eq!(found(&by_domain("EXAMPLE", "bob"), listed), Some(1001));
        assert_eq!(found(&by_domain("OTHER", "bob"), listed), None);
    }
    // Another realm's domain controller can call any client EXAMPLE\alice.
    assert_eq!(found(&by_pac("EXAMPLE", "alice", "EVIL.TEST"), NAMES), None);
    assert_eq!(
        found(
            &by_pac("EXAMPLE", "alice", "EVIL.TEST"),
            &format!("{NAMES}domains = [\"EVIL.TEST\"]\n")
        ),
        Some(20_000)
    );
    // Names from the configuration's rules count.
    let mut renamed = by_pac("EXAMPLE", "alice", "EVIL.TEST");
    renamed.principal.origins.name = Origin::NameMapping;
    assert_eq!(found(&renamed, NAMES), Some(20_000));
}

#[test]
fn names_that_would_be_other_names() {
    for (domain, user) in [
        ("", "EXAMPLE\\alice"),
        ("EXAMPLE\\alice", ""),
        ("CORP", "EXAMPLE\\alice"),
        ("CORP", "alice\0"),
        ("CORP\\EXAMPLE", "alice"),
    ] {
        assert_eq!(found(&by_file(domain, user), ""), None, "{domain} {user}");
    }
    let table = "map = [\"table\"]\nusers = { 'EX\\A\\b' = \"bob\", '\\carol' = \"bob\" }\n";
    for (domain, user) in [("EX\\A", "b"), ("EX", "A\\b"), ("", "carol")] {
        assert_eq!(found(&by_file(domain, user), table), None, "{domain} {user}");
    }
    assert_eq!(found(&by_file("CORP", "EXAMPLE+alice"), "winbind_separator = \"+\"\n"), None);
    assert_eq!(found(&by_file("CORP", "alice@EXAMPLE"), ""), None);
}

#[test]
fn the_sid_where_a_domain_told_it() {
    assert_eq!(found(&by_pac("EXAMPLE", "alice", "EVIL.TEST"), ""), Some(40_000));
    let mut made_up = by_pac("EXAMPLE", "alice", "EVIL.TEST");
    made_up.sids.as_mut().unwrap().origin = Origin::Derived;
    assert_eq!(found(&made_up, ""), None);
    assert_eq!(
        found(&by_pac("EXAMPLE", "alice", "LAB.TEST"), "map = [\"table\", \"domain-name\"]\n"),
        Some(20_000)
    );
}

#[test]
fn no_client_is_root_by_name() {
    for user in ["root", "toor"] {
        assert_eq!(found(&by_file("CORP", user), ""), None);
        assert_eq!(found(&by_file("CORP", user), "allow_root = true\n"), Some(0));
    }
    assert_eq!(found(&by_pac("EXAMPLE", "boss", "LAB.TEST"), NAMES), None);
    // Nor does the search go on for another user of that name.
    assert_eq!(found(&by_file("EXAMPLE", "boss"), "domains = [\"EXAMPLE\"]\n"), None);
    // The table is explicit.
    assert_eq!(found(&by_file("CORP", "captain"), "users = { captain = \"root\" }\n"), Some(0));
}

#[test]
fn no_client_is_a_user_of_the_system_or_the_server_by_name() {
    for user in ["daemon", "www", "none", "wheel", "nobody", "dynamic"] {
        let by_name = "domains = [\"EXAMPLE\"]\nmap = [\"name\"]\n";
        assert_eq!(found(&by_file("CORP", user), ""), None, "{user}");
        assert_eq!(found(&by_file("EXAMPLE", user), by_name), None, "{user}");
    }
    assert_eq!(found(&by_pac("EXAMPLE", "daemon", "LAB.TEST"), NAMES), None);
    assert_eq!(found(&by_file("CORP", "daemon"), "min_uid = 5\nmin_gid = 5\n"), Some(5));
    assert_eq!(found(&by_file("CORP", "wheel"), "min_gid = 10\n"), Some(1002));
    assert_eq!(found(&by_file("CORP", "www"), "min_uid = 0\n"), None);
    // The table is explicit, but no number means "no change".
    assert_eq!(found(&by_file("CORP", "d"), "users = { d = \"daemon\" }\n"), Some(5));
    assert_eq!(found(&by_file("CORP", "d"), "users = { d = \"none\" }\n"), None);
}

/// While winbind is down the client must not become the local user of the same name.
#[test]
fn a_service_that_does_not_answer_ends_the_search() {
    let all = "domains = [\"LAB.TEST\"]\n";
    let mut client = by_pac("EXAMPLE", "bob", "LAB.TEST");
    client.sids.as_mut().unwrap().user = "S-1-5-21-1-2-3-1106".parse().unwrap();
    assert_eq!(found(&client, all), Some(1001));
    client.sids.as_mut().unwrap().user = UNANSWERED.parse().unwrap();
    assert_eq!(found(&client, all), None);
    assert_eq!(found(&client, "domains = [\"LAB.TEST\"]\nmap = [\"name\"]\n"), Some(1001));
}

#[test]
fn the_table() {
    let table = r#"
        users = { 'EXAMPLE\alice' = "bob", "alice@LAB.TEST" = { uid = 7, gid = 8, groups = [9, 9, 8] }, carol = "alice", dave = "gone" }
        domains = ["CORP"]
    "#;
    // Under its principal first, which no domain controller chooses.
    assert_eq!(found(&by_pac("EXAMPLE", "alice", "LAB.TEST"), table), Some(7));
    assert_eq!(found(&by_file("example", "ALICE"), table), Some(1001));
    assert_eq!(found(&by_file("CORP", "Carol"), table), Some(1000));
    assert_eq!(found(&by_ticket("carol", "LAB.TEST"), table), None);
    assert_eq!(found(&by_file("EVIL", "carol"), table), None);
    let mut foreign = by_pac("EXAMPLE", "alice", "EVIL.TEST");
    foreign.principal.account = None;
    foreign.sids = None;
    assert_eq!(found(&foreign, table), None);
    // The account named there must exist: the search does not go on.
    assert_eq!(found(&by_file("CORP", "dave"), table), None);
    let account = find(&by_ticket("alice", "LAB.TEST"), &config(table), &Machine).unwrap();
    assert_eq!(
        (account.gid, account.groups.as_slice(), account.name.as_str()),
        (8, &[8, 9][..], "")
    );
}

/// The table has principals as administrators write them; in a directory `Alice` and `alice` are one
/// account, in other realms they are two.
#[test]
fn letter_case_matters_in_principals_that_no_directory_names() {
    let table = "map = [\"table\"]\nusers = { \"alice@LAB.TEST\" = \"bob\" }\n";
    assert_eq!(found(&by_pac("EXAMPLE", "ALICE", "LAB.TEST"), table), Some(1001));
    assert_eq!(found(&by_ticket("ALICE", "LAB.TEST"), table), None);
    let both = "map = [\"table\"]\nusers = { \"ALICE@LAB.TEST\" = \"bob\", \"alice@LAB.TEST\" = \"alice\" }\n";
    assert_eq!(found(&by_pac("EXAMPLE", "alice", "LAB.TEST"), both), Some(1000));
}

/// With its computer account `games$` a client gets a ticket when it asks for `games`.
#[test]
fn the_table_is_about_the_account_of_the_pac() {
    let table =
        "map = [\"table\"]\nusers = { \"games@LAB.TEST\" = \"bob\" }\ndomains = [\"LAB.TEST\"]\n";
    assert_eq!(found(&by_pac("EXAMPLE", "games$", "LAB.TEST"), table), None);
    assert_eq!(found(&by_pac("EXAMPLE", "games", "LAB.TEST"), table), Some(1001));
}

#[test]
fn accounts_whose_names_look_like_principals() {
    let table =
        "map = [\"table\"]\nusers = { \"alice@LAB.TEST\" = \"bob\" }\ndomains = [\"EVIL.TEST\"]\n";
    assert_eq!(found(&by_file("CORP", "alice@LAB.TEST"), table), None);
    let mut foreign = by_pac("EVIL.TEST", "alice@LAB.TEST", "EVIL.TEST");
    foreign.principal.native = Some("alice\\@LAB.TEST@EVIL.TEST".into());
    assert_eq!(found(&foreign, table), None);
}

#[test]
fn an_anonymous_client_has_no_account_unless_configured() {
    let anonymous = subject(Principal::anonymous());
    assert_eq!(
        found(
            &anonymous,
            "users = { \"ANONYMOUS LOGON\" = \"alice\" }\ndomains = [\"NT AUTHORITY\"]\n"
        ),
        None
    );
    assert_eq!(found(&anonymous, "anonymous = \"nobody\"\n"), Some(65534));
}

#[test]
fn the_name_service_is_the_system_s() {
    let root = NameService.by_name("root").unwrap().expect("root");
    assert_eq!((root.uid, root.gid), (0, 0));
    assert!(NameService.by_name("no user of this name").unwrap().is_none());
}

/// The next method might find another user.
#[test]
fn a_name_service_that_fails_ends_the_search() {
    let config = config("map = [\"name\", \"table\"]\nusers = { broken = \"alice\" }\n");
    assert_eq!(config.options.map, [Mapping::Name, Mapping::Table]);
    assert_eq!(config.options.user("Broken"), Some(&LocalUser::Account("alice".into())));
    assert!(matches!(
        find(&by_file("CORP", "broken"), &config, &Machine),
        Err(Error::NoImpersonation(_))
    ));
}
