//! SIDs: of the machine, of clients without an assigned SID, and those from the file of account
//! details.

use crate::support::accounts::*;
use crate::support::configured;
use negossp::access_token::Sids;
use negossp::config::Settings;
use negossp::mechanism::Mechanism;
use negossp::ntlm::Account;
use negossp::principal::directory::Directory;
use negossp::principal::{AccountInfo, Origin, Origins, Principal, SidAndAttributes, attributes};
use negossp::server::{Environment, Store};
use negossp::stores::accounts::details::Details;
use negossp::stores::machine_sid::{self, MachineSid};
use negossp::types::error::{Error, Result};
use negossp::types::identity::Identity;
use negossp::types::sid::Sid;
use std::collections::HashSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

fn texts(sids: impl IntoIterator<Item = Sid>) -> Vec<String> {
    sids.into_iter().map(|sid| sid.to_string()).collect()
}

const MACHINE: &str = "S-1-5-21-1-2-3";

/// A server called SRV, whose own SID is S-1-5-21-1-2-3.
fn server() -> Settings {
    let mut settings = Settings::default();
    settings.server.nb_computer = "SRV".into();
    settings.accounts.sid = Some(sid(MACHINE));
    settings
}

fn user(client: &Principal, settings: &Settings) -> (String, Origin) {
    let tokens = configured(settings.clone()).tokens.clone();
    let sids = Sids::of(client, Mechanism::Ntlm, &tokens).unwrap().unwrap();
    (sids.user.to_string(), sids.origin)
}

/// The numbers are hashlib's: struct.unpack("<4I", sha256(b"negossp user SID\0" +
/// name).digest()[:16]).
#[test]
fn a_sid_made_of_a_name() {
    let settings = server();
    let named = |user: &str, domain: &str| {
        Principal::of_account(user.into(), domain.into(), Origin::AccountFile)
    };
    let alice = "S-1-5-21-1-2-3-928204198-950549406-973561960-427054001";
    for name in ["alice", "Alice", "ALICE"] {
        assert_eq!(user(&named(name, "SRV"), &settings), (alice.into(), Origin::Derived));
    }
    assert_eq!(
        user(&named("émile", "SRV"), &settings).0,
        "S-1-5-21-1-2-3-1501368392-2218590841-4174804502-1949709074"
    );
    // Of another domain, as the application states.
    let other = Principal::of_account("Alice".into(), "Other".into(), Origin::Application);
    assert_eq!(
        user(&other, &settings).0,
        "S-1-5-21-1-2-3-4242575692-4255225650-1347185206-2435620118"
    );
    // A Kerberos principal is used unchanged.
    let mut kerberos =
        Principal::of_account("alice/admin".into(), "EXAMPLE.COM".into(), Origin::Ticket);
    kerberos.native = Some("alice/admin@EXAMPLE.COM".into());
    assert_eq!(
        user(&kerberos, &settings).0,
        "S-1-5-21-1-2-3-3465331955-1368467790-3140506906-87858049"
    );
    // The same name within another domain's principal is not the machine's user.
    kerberos.native = Some("ALICE@EXAMPLE.COM".into());
    assert_ne!(user(&kerberos, &settings).0, alice);
    // With a mapping rule that gives no domain it is.
    let mut renamed = Principal { user: "alice".into(), domain: String::new(), ..kerberos };
    renamed.origins.name = Origin::NameMapping;
    assert_eq!(user(&renamed, &settings).0, alice);
}

#[test]
fn groups_that_everybody_is_in() {
    let tokens = configured(server()).tokens.clone();
    let client = Principal::of_account("alice".into(), "SRV".into(), Origin::AccountFile);
    let groups =
        |client: &Principal, mechanism| Sids::of(client, mechanism, &tokens).unwrap().unwrap();
    let ntlm = groups(&client, Mechanism::Ntlm);
    // [MS-DTYP] 2.4.2.4: None, EVERYONE, BUILTIN_USERS, NETWORK, AUTHENTICATED_USERS,
    // THIS_ORGANIZATION, NTLM_AUTHENTICATION.
    let everybody = [
        "S-1-5-21-1-2-3-513",
        "S-1-1-0",
        "S-1-5-32-545",
        "S-1-5-2",
        "S-1-5-11",
        "S-1-5-15",
        "S-1-5-64-10",
    ];
    assert_eq!(texts(ntlm.groups.iter().map(|group| group.sid)), everybody);
    assert!(ntlm.groups.iter().all(|group| group.attributes == 7));
    assert_eq!(ntlm.primary_group.to_string(), everybody[0]);
    let kerberos = groups(&client, Mechanism::Kerberos);
    assert_eq!(texts(kerberos.groups.iter().map(|group| group.sid)), everybody[..6]);
    // Of another domain: not a member of the machine's own group.
    let other = groups(
        &Principal::of_account("alice".into(), "OTHER".into(), Origin::Application),
        Mechanism::Ntlm,
    );
    assert_eq!((other.primary_group.to_string().as_str(), other.groups.len()), ("S-1-5-32-545", 6));
    // An anonymous client is not a member of Everyone.
    let nobody = groups(&Principal::anonymous(), Mechanism::Ntlm);
    assert_eq!((nobody.user.to_string().as_str(), nobody.groups.len()), ("S-1-5-7", 1));
}

#[test]
fn the_machine_s_sid_is_made_once_and_kept() {
    let folder = Folder::new();
    let path = folder.path("machine.sid");
    let made: HashSet<Sid> = std::thread::scope(|threads| {
        let make = || MachineSid::kept_in(Some(path.clone())).get().unwrap();
        let all: Vec<_> = (0..8).map(|_| threads.spawn(make)).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(made.len(), 1);
    let made = *made.iter().next().unwrap();
    assert_eq!(machine_sid::of_accounts(fs::read_to_string(&path).unwrap().trim()), Ok(made));
    assert_eq!(MachineSid::kept_in(Some(path)).get(), Some(made));
    let other = MachineSid::kept_in(Some(folder.path("other.sid"))).get().unwrap();
    assert_ne!(other, made);
}

#[test]
fn an_unusable_machine_sid_gives_no_client_a_sid() {
    let folder = Folder::new();
    for content in ["", "\n", "S-1-5-32-544\n", "S-1-5-21-1-2\n", "S-1-5-21-1-2-3-500\n", "\u{0}"] {
        let kept = MachineSid::kept_in(Some(folder.write("machine.sid", content)));
        assert_eq!(kept.get(), None, "{content:?}");
        // It is not replaced either: the SIDs of existing accounts are derived from it.
        assert_eq!(fs::read(folder.path("machine.sid")).unwrap(), content.as_bytes());
    }
    let later = MachineSid::kept_in(Some(folder.path("later/machine.sid")));
    assert_eq!(later.get(), None);
    // It takes effect once the file exists.
    fs::create_dir(folder.path("later")).unwrap();
    fs::write(folder.path("later/machine.sid"), MACHINE).unwrap();
    eventually("the machine's SID is read", || later.get() == Some(sid(MACHINE)));
    let mut settings = server();
    settings.accounts.sid = None;
    assert_eq!(
        Sids::of(
            &Principal::of_account("a".into(), "SRV".into(), Origin::AccountFile),
            Mechanism::Ntlm,
            &configured(settings).tokens
        )
        .unwrap(),
        None
    );
}

#[test]
fn where_the_machine_s_sid_is_kept() {
    let folder = Folder::new();
    let open = |text: &str| {
        let config = Some(folder.write("negossp.toml", text));
        Store::open(Environment { config, ..Environment::default() }).current()
    };
    let kept = |text: &str| open(text).tokens.machine_sid.path().map(std::path::PathBuf::from);
    assert_eq!(kept(""), Some(folder.path("machine.sid")));
    assert_eq!(kept("[accounts]\nfile = 'accounts.smbpasswd'"), Some(folder.path("accounts.sid")));
    assert_eq!(
        kept("[accounts]\nfile = 'accounts.smbpasswd'\nsid_file = 'other'"),
        Some(folder.path("other"))
    );
    assert_eq!(
        open("[accounts]\nsid = 'S-1-5-21-4-5-6'").tokens.machine_sid.get(),
        Some(sid("S-1-5-21-4-5-6"))
    );
    for wrong in ["sid = 'S-1-5-32'", "sid = 'x'", "sid = 'S-1-5-21-4-5-6'\nsid_file = 'other'"] {
        assert!(open(&format!("[accounts]\n{wrong}")).settings.defect.is_some(), "{wrong}");
    }
    // Nothing was created, since no SID was requested.
    assert!(!folder.path("accounts.sid").exists() && !folder.path("machine.sid").exists());
}

const DETAILS: &str = r#"
[groups]
Staff = "S-1-5-21-9-9-9-1201"

[[account]]
name = "Alice"
sid = "S-1-5-21-9-9-9-1104"
groups = ["STAFF", "S-1-5-32-551", "readers"]
primary_group = "staff"
full_name = "Alice Liddell"
upn = "alice@example.com"

[[account]]
name = "bob"
primary_group = "S-1-5-21-9-9-9-513"
"#;

#[test]
fn details_of_accounts() {
    let machine = MachineSid::given(sid(MACHINE));
    let details = Details::parse(DETAILS, &machine).unwrap();
    let alice = details.get("aLICE").unwrap();
    assert_eq!(alice.sid, Some(sid("S-1-5-21-9-9-9-1104")));
    // "readers" is not listed: sha256(b"negossp group SID\0READERS").
    let groups = texts(alice.groups.iter().map(|group| group.sid));
    assert_eq!(groups[..2], ["S-1-5-21-9-9-9-1201", "S-1-5-32-551"]);
    assert!(groups.len() == 3 && groups[2].starts_with("S-1-5-21-1-2-3-"));
    assert!(alice.groups.iter().all(|group| group.attributes & attributes::ENABLED != 0));
    assert_eq!(
        (alice.full_name.as_str(), alice.upn.as_str()),
        ("Alice Liddell", "alice@example.com")
    );
    let bob = details.get("bob").unwrap();
    assert_eq!((bob.sid, bob.primary_group), (None, Some(sid("S-1-5-21-9-9-9-513"))));
    // The primary group is one of which it is a member.
    assert_eq!(texts(bob.groups.iter().map(|group| group.sid)), ["S-1-5-21-9-9-9-513"]);
    assert!(details.get("carol").is_none());
    assert!(details.len() == 2 && !details.is_empty());
    assert!(Details::parse("", &machine).unwrap().is_empty());
}

#[test]
fn details_that_are_wrong() {
    let machine = MachineSid::given(sid(MACHINE));
    for (text, why) in [
        ("[[account]]\nname = 'a'\nsid = 'x'", "a: x is not a SID"),
        ("[[account]]\nname = 'a'\n[[account]]\nname = 'A'", "A stands there twice"),
        ("[[account]]\nname = 'a'\ngroups = ['']", "a: a group without a name"),
        ("[groups]\nb = 'y'\n[[account]]\nname = 'a'\ngroups = ['B']", "a: y is not a SID"),
        ("\n[[account]]\nname = 'a'\nuid = 5", "line 4: unknown field `uid`"),
        ("[[account]]\nsid = 'S-1-5-18'", "line 1: missing field `name`"),
    ] {
        let error = Details::parse(text, &machine).unwrap_err();
        assert!(error.starts_with(why), "{error}");
    }
    let nowhere = MachineSid::default();
    assert!(Details::parse("[[account]]\nname = 'a'\ngroups = ['b']", &nowhere).is_err());
    assert!(Details::parse(DETAILS, &nowhere).is_err());
}

struct Logons {
    folder: Folder,
    settings: Settings,
    credential: negossp::server::credential::Credential,
}

impl Logons {
    fn new(details: &str) -> Logons {
        let folder = Folder::new();
        let lines = [line("alice", &PASSWORD, "U"), line("carol", &PASSWORD, "U")].concat();
        let mut settings = server();
        settings.accounts.file = Some(folder.write("accounts", lines));
        settings.accounts.details = Some(folder.write("details.toml", details));
        Logons { folder, settings, credential: credential() }
    }

    fn client(&self, user: &str, domain: &str) -> Result<Principal> {
        let client = Client::new(user, domain, &PASSWORD);
        Ok(validate(&self.credential, &self.settings, &client.logon())?.principal)
    }
}

#[test]
fn a_client_with_details() {
    let mut logons = Logons::new(DETAILS);
    let alice = logons.client("alice", "SRV").unwrap();
    assert_eq!(
        (alice.origins.logon, alice.origins.sid),
        (Origin::AccountFile, Origin::AccountDetails)
    );
    assert_eq!(alice.origins.info, Origin::AccountDetails);
    let sids = Sids::of(&alice, Mechanism::Ntlm, &configured(logons.settings.clone()).tokens)
        .unwrap()
        .unwrap();
    assert_eq!((sids.user, sids.origin), (sid("S-1-5-21-9-9-9-1104"), Origin::AccountDetails));
    assert_eq!(sids.primary_group, sid("S-1-5-21-9-9-9-1201"));
    let distinct: HashSet<Sid> = sids.groups.iter().map(|group| group.sid).collect();
    assert_eq!(distinct.len(), sids.groups.len());
    assert!(distinct.contains(&sid("S-1-5-32-551")) && distinct.contains(&sid("S-1-5-11")));
    let carol = logons.client("carol", "SRV").unwrap();
    assert_eq!((carol.account.as_ref(), carol.origins.info), (None, Origin::Nobody));
    // An account that the server program supplies: the machine's own or another domain's.
    let own = |user: &str, domain: &str| {
        Account::from_identity(&Identity {
            user: user.into(),
            domain: domain.into(),
            password: "Password".to_owned().into(),
        })
    };
    logons.credential.accounts = vec![own("Alice", "OTHER"), own("bob", "")];
    assert!(logons.client("alice", "OTHER").unwrap().account.is_none());
    let bob = logons.client("bob", "SRV").unwrap();
    assert_eq!((bob.origins.logon, bob.origins.info), (Origin::Credential, Origin::AccountDetails));
    let sids = Sids::of(&bob, Mechanism::Ntlm, &configured(logons.settings.clone()).tokens)
        .unwrap()
        .unwrap();
    assert_eq!((sids.origin, sids.primary_group), (Origin::Derived, sid("S-1-5-21-9-9-9-513")));
}

/// An account of a domain is another one, even if the domain is named as this machine is.
#[test]
fn details_are_not_for_accounts_of_a_domain() {
    let logons = Logons::new(DETAILS);
    let details = &configured(logons.settings.clone()).details;
    let completed = |origin| {
        let client = Principal::of_account("alice".into(), "SRV".into(), origin);
        details.complete(client).unwrap().account.is_some()
    };
    assert!(completed(Origin::Credential));
    assert!(!completed(Origin::Winbind) && !completed(Origin::Netlogon));
    // What another source has told stays as it is.
    let info = AccountInfo { full_name: "Another".into(), ..AccountInfo::default() };
    let known = Principal {
        account: Some(Arc::new(info)),
        ..Principal::of_account("alice".into(), "SRV".into(), Origin::Credential)
    };
    assert_eq!(details.complete(known.clone()).unwrap(), known);
}

/// An access token has those of the account and others of its kind of logon.
#[test]
fn the_account_s_groups_come_first() {
    let logons = Logons::new(DETAILS);
    let client = logons.client("alice", "SRV").unwrap();
    let configuration = configured(logons.settings.clone());
    let sids = Sids::of(&client, Mechanism::Ntlm, &configuration.tokens).unwrap().unwrap();
    let of_account = &client.account.as_ref().unwrap().groups;
    assert_eq!(sids.account_groups(), &of_account[..]);
    assert!(sids.groups.len() > of_account.len());
}

#[test]
fn unreadable_details_reject_the_clients_they_may_be_about() {
    let logons = Logons::new("[[account]\n");
    assert!(matches!(logons.client("carol", "SRV"), Err(Error::NoAuthority(_))));
    // The valid lines stay in effect.
    let logons = Logons::new(DETAILS);
    let configuration = configured(logons.settings.clone());
    let groups = || {
        let client = Client::new("alice", "SRV", &PASSWORD);
        let validated = validate_under(&logons.credential, &configuration, &client.logon());
        validated.unwrap().principal.account.unwrap().groups.len()
    };
    assert_eq!(groups(), 3);
    logons.folder.replace("details.toml", "[[account]\n");
    // It is looked at once in a second.
    for _ in 0..3 {
        assert_eq!(groups(), 3);
        std::thread::sleep(Duration::from_millis(600));
    }
    logons.folder.replace("details.toml", "[[account]]\nname = 'alice'\n");
    eventually("alice is in no group any more", || groups() == 0);
}

/// [MS-PAC] 4.1.2.2: the boundary of a member lets nothing pass that has its prefix.
#[test]
fn a_domain_gives_nobody_the_sids_of_our_own_accounts() {
    let folder = Folder::new();
    let mut kept = server();
    kept.accounts.sid = None;
    kept.accounts.sid_file = Some(folder.write("machine.sid", MACHINE));
    let derived =
        user(&Principal::of_account("alice".into(), "SRV".into(), Origin::AccountFile), &kept);
    let sent = |account: &str, groups: &[&str], origin: Origin, settings: &Settings| {
        let attributes = attributes::MEMBER;
        let groups = groups.iter().map(|group| SidAndAttributes { sid: sid(group), attributes });
        let account = AccountInfo {
            sid: Some(sid(account)),
            groups: groups.collect(),
            ..AccountInfo::default()
        };
        let client = Principal {
            account: Some(Arc::new(account)),
            origins: Origins::all(origin),
            ..Principal::of_account("eve".into(), "EVIL".into(), origin)
        };
        let sids = Sids::of(&client, Mechanism::Kerberos, &configured(settings.clone()).tokens)
            .unwrap()?;
        Some(texts(sids.account_groups().iter().map(|group| group.sid)))
    };
    let ours = ["S-1-5-21-1-2-3-1104", &derived.0];
    let theirs = ["S-1-5-21-1-2-4-1104", "S-1-5-21-1-2-3"];
    let all = [ours, theirs].concat();
    for origin in [Origin::Pac, Origin::Netlogon, Origin::Winbind] {
        for account in ours {
            assert_eq!(sent(account, &theirs, origin, &kept), None, "{account}");
        }
        let groups = sent("S-1-5-21-1-2-4-1103", &all, origin, &kept);
        assert_eq!(groups.unwrap(), theirs);
        // A SID that is configured may be the domain's own.
        let groups = sent("S-1-5-21-1-2-3-1103", &all, origin, &server());
        assert_eq!(groups.unwrap(), [ours[0], theirs[0], theirs[1]]);
    }
    // The administrator may.
    let groups = sent(ours[0], &all, Origin::AccountDetails, &kept);
    assert_eq!(groups.unwrap(), all);
    // No file is made for this.
    kept.accounts.sid_file = Some(folder.path("none.sid"));
    assert_eq!(sent(ours[0], &all, Origin::Pac, &kept).unwrap(), all);
    assert!(!folder.path("none.sid").exists());
}
