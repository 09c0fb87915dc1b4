//! The configuration file: every key, invalid values, where it is searched for, and changes to it.

use crate::support::accounts::*;
use crate::support::call;
use negossp::access_token::options::{Credentials, LocalUser, LogonOf, Mapping};
use negossp::authority::AuthorityKind;
use negossp::config::{Accounts, OutboundProvider, Settings};
use negossp::kerberos::crypto::Enctype;
use negossp::kerberos::{Addresses, Delegation, RequirePac};
use negossp::mechanism::Mechanism;
use negossp::mechanism::Package;
use negossp::ntlm::{Mode, ServerNames};
use negossp::server::credential::Usage;
use negossp::server::{Configuration, Environment, Store};
use negossp::stores::kerberos_files::ReplayCacheKind;
use negossp::tickets::{DelegateTo, Krb5ConfPlace};
use negossp::types::channel_bindings::Strictness;
use negossp::types::error::Error;
use negossp::types::flags::ContextFlags;
use negossp::winbind::WinbindWay;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn open(
    config: Option<PathBuf>,
    accounts: Option<PathBuf>,
    default_config: Option<PathBuf>,
) -> Store {
    Store::open(Environment { config, accounts, default_config, ..Environment::default() })
}

/// The settings in force.
fn settings(store: &Store) -> Settings {
    store.current().settings.clone()
}

fn read(text: &str) -> Settings {
    let folder = Folder::new();
    settings(&open(Some(folder.write("negossp.toml", text)), None, None))
}

fn defect(text: &str) -> String {
    read(text).defect.clone().unwrap_or_default()
}

const EVERY_KEY: &str = r#"
[server]
netbios_computer = "WEB1"
netbios_domain = "LAB"
dns_computer = "web1.lab.test"
dns_domain = "lab.test"
dns_tree = "forest.test"
in_domain = false
member = true

[negotiate]
mechanisms = ["NTLM", "Kerberos"]
initiate = ["Kerberos"]
context_lifetime = "10h"
complete_auth_token = true

[outbound]
provider = "system"

[authorities]
order = ["file", "credential", "domain"]
throttle = ["domain"]
throttle_after = 4
throttle_interval = "2m"

[ntlm]
mode = "audit"
audit_file = "ntlm.tsv"
users = ['LAB\alice', "bob"]
domains = ["LAB"]
workstations = ["DESK", "192.0.2.1"]
weak_responses = ["LMv2", "NTLMv1", "NTLMv1-ESS", "LM"]
channel_bindings = "require"
target_name = "when-sent"
target_names = ["HTTP/web1.lab.test", 'odd "\name']
require_128 = true
require_extended_session_security = true
require_mic = true
require_target_info = false
loopback_check = false
max_clock_skew = "unlimited"
challenge_lifetime = 90
refuse_null_session = true

[kerberos]
keytab = "FILE:server.keytab"
principals = ["HTTP/web1.lab.test", "WEB1$@LAB.TEST"]
realm = "LAB.TEST"
enctypes = ["aes256-sha2", "RC4-HMAC", "des3-cbc-sha1", "aes128-cts-hmac-sha1-96"]
max_clock_skew = "90s"
replay_cache = "file"
replay_cache_file = "replay"
replay_cache_entries = 9
channel_bindings = "off"
target_name = "require"
addresses = "require"
names = [{ realm = "LAB.TEST", principal = '*/admin', name = 'ADMIN\{first}' }, { name = "{user}" }]
require_pac = true
krbtgt_keytab = "kdc.keytab"
delegation = "constrained"
tgt_ccache = "FILE:/var/lib/tgt"
krb5_conf = "krb5.conf"
ccache = "KEYRING:persistent:1000"
client_keytab = "FILE:client.keytab"
kdc_timeout = "3s"
delegate_to = "any"

[kerberos.kdcs]
"LAB.TEST" = ["dc1.lab.test", "dc2.lab.test:88"]
"OTHER.TEST" = ["https://proxy.lab.test/KdcProxy"]

[limits]
contexts = 7
credentials = 8
max_token = 12000
half_open = 9
half_open_bytes = 10000
half_open_age = "3m"

[accounts]
file = "accounts"
domain = "CORP"
strict_domain = true
details = "details.toml"
sid = "S-1-5-21-1-2-3"

[winbind]
use = "ntlm_auth"
ntlm_auth = "/opt/samba/bin/ntlm_auth"
helpers = 7
timeout_ms = 1234
smb_conf = "/opt/samba/etc/smb.conf"

[tokens]
map = ["domain-name", "table"]
winbind_separator = "+"
domains = ["LAB", "LAB.TEST"]
allow_root = true
anonymous = "nobody"
credentials = "effective"
wine_user_name = true
wine_restricted_token = true
windows_logon = ["machine", "realm", "domain"]

[tokens.users]
'LAB\alice' = "alice"
"bob@LAB.TEST" = { uid = 5001, gid = 5002, groups = [6001, 6002] }
carol = { uid = 0, gid = 0 }
"#;

#[test]
fn every_key_is_read() {
    let folder = Folder::new();
    let settings = settings(&open(Some(folder.write("negossp.toml", EVERY_KEY)), None, None));
    assert_eq!(settings.defect, None);
    assert_eq!(settings.server.nb_computer, "WEB1");
    assert_eq!(settings.server.nb_domain, "LAB");
    assert_eq!(settings.server.dns_computer, "web1.lab.test");
    assert_eq!(settings.server.dns_domain, "lab.test");
    assert_eq!(settings.server.dns_tree, "forest.test");
    assert!(!settings.server.in_domain && settings.is_member);
    assert_eq!(settings.negotiate.context_lifetime, Some(Duration::from_secs(36_000)));
    assert!(settings.negotiate.complete_auth_token);
    assert_eq!(settings.outbound.provider, OutboundProvider::System);
    let authorities = &settings.authorities;
    assert_eq!(
        authorities.order,
        [AuthorityKind::AccountFile, AuthorityKind::Credential, AuthorityKind::Domain]
    );
    assert_eq!(
        (&authorities.throttle[..], authorities.throttle_after),
        (&[AuthorityKind::Domain][..], 4)
    );
    assert_eq!(authorities.throttle_interval, Duration::from_secs(120));
    let ntlm = &settings.ntlm;
    assert_eq!((ntlm.mode, &authorities.audit_file), (Mode::Audit, &Some(folder.path("ntlm.tsv"))));
    assert_eq!(
        (&authorities.users[..], &authorities.domains[..]),
        (&["LAB\\alice".into(), "bob".into()][..], &["LAB".into()][..])
    );
    assert_eq!(authorities.workstations, ["DESK", "192.0.2.1"]);
    assert!(
        ntlm.responses.lmv2
            && ntlm.responses.ntlmv1
            && ntlm.responses.ntlmv1_ess
            && ntlm.responses.lm
    );
    assert_eq!(
        (ntlm.channel_bindings, ntlm.target_name),
        (Strictness::Require, Strictness::WhenSent)
    );
    assert_eq!(ntlm.target_names, ["HTTP/web1.lab.test", "odd \"\\name"]);
    assert!(
        ntlm.require_128
            && ntlm.require_extended_session_security
            && ntlm.require_mic
            && !ntlm.require_target_info
            && !ntlm.loopback_check
            && ntlm.refuse_null_session
    );
    assert_eq!((ntlm.max_clock_skew, ntlm.challenge_lifetime), (None, Duration::from_secs(90)));
    assert_eq!(settings.negotiate.mechanisms, [Mechanism::Ntlm, Mechanism::Kerberos]);
    let (kerberos, files) = (&settings.kerberos, &settings.kerberos_files);
    // Relative to the file that names it.
    assert_eq!(files.keytab, Some(folder.path("server.keytab")));
    assert_eq!(files.krbtgt_keytab, Some(folder.path("kdc.keytab")));
    assert_eq!(files.replay_cache_file, Some(folder.path("replay")));
    assert_eq!(files.tgt_ccache, Some("/var/lib/tgt".into()));
    let client = &settings.tickets;
    assert_eq!(client.krb5_conf, Krb5ConfPlace::At(folder.path("krb5.conf")));
    assert_eq!(client.ccache.as_deref(), Some("KEYRING:persistent:1000"));
    assert_eq!(client.client_keytab, Some(folder.path("client.keytab")));
    assert_eq!(client.kdc_timeout, Duration::from_secs(3));
    assert_eq!(client.delegate_to, DelegateTo::Any);
    assert_eq!(client.kdcs["LAB.TEST"], ["dc1.lab.test", "dc2.lab.test:88"]);
    assert_eq!(client.kdcs.len(), 2);
    assert_eq!(settings.negotiate.initiate, Some(vec![Mechanism::Kerberos]));
    assert_eq!(
        kerberos.principals.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["HTTP/web1.lab.test", "WEB1$@LAB.TEST"]
    );
    assert_eq!(files.realm, "LAB.TEST");
    assert_eq!(
        kerberos.enctypes,
        [Enctype::Aes256Sha384, Enctype::Rc4Hmac, Enctype::Des3Sha1, Enctype::Aes128Sha1]
    );
    assert_eq!((kerberos.max_clock_skew, files.replay_cache_entries), (Duration::from_secs(90), 9));
    assert_eq!(files.replay_cache, ReplayCacheKind::File);
    assert_eq!(
        (kerberos.channel_bindings, kerberos.addresses),
        (Strictness::Off, Addresses::Require)
    );
    assert_eq!(kerberos.require_pac, RequirePac::Always);
    assert_eq!(kerberos.target_name, Some(Strictness::Require));
    assert_eq!(kerberos.delegation, Delegation::Constrained);
    let names: Vec<_> =
        kerberos.names.0.iter().map(|rule| (rule.realm(), rule.principal(), rule.name())).collect();
    assert_eq!(
        names,
        [(Some("LAB.TEST"), Some("*/admin"), "ADMIN\\{first}"), (None, None, "{user}")]
    );
    let limits = &settings.limits;
    assert_eq!((limits.contexts, limits.credentials, limits.max_token), (7, 8, 12_000));
    assert_eq!((limits.half_open, limits.half_open_bytes), (9, 10_000));
    assert_eq!(limits.half_open_age, Duration::from_secs(180));
    let winbind = settings.winbind.as_ref().unwrap();
    assert_eq!(
        (winbind.way, winbind.helpers, winbind.timeout),
        (WinbindWay::NtlmAuth, 7, Duration::from_millis(1234))
    );
    assert_eq!(winbind.ntlm_auth, Path::new("/opt/samba/bin/ntlm_auth"));
    assert_eq!(winbind.smb_conf.as_deref(), Some(Path::new("/opt/samba/etc/smb.conf")));
    assert_eq!(settings.accounts.domain.as_deref(), Some("CORP"));
    assert!(settings.accounts.strict_domain);
    assert_eq!(settings.accounts.details, Some(folder.path("details.toml")));
    assert_eq!(settings.accounts.sid, Some("S-1-5-21-1-2-3".parse().unwrap()));
    assert!(settings.tokens.wine_user_name && settings.tokens.wine_restricted_token);
    assert_eq!(settings.tokens.windows_logon, [LogonOf::Machine, LogonOf::Realm, LogonOf::Domain]);
    // Relative to the file that names it.
    assert_eq!(settings.accounts.file, Some(folder.path("accounts")));
    let tokens = &settings.tokens;
    assert_eq!(tokens.map, [Mapping::DomainName, Mapping::Table]);
    assert_eq!(
        (tokens.winbind_separator, tokens.allow_root, tokens.credentials),
        ('+', true, Credentials::Effective)
    );
    assert_eq!(tokens.domains, ["LAB", "LAB.TEST"]);
    assert_eq!(tokens.anonymous, Some(LocalUser::Account("nobody".into())));
    assert_eq!(tokens.user("lab\\ALICE"), Some(&LocalUser::Account("alice".into())));
    assert_eq!(
        tokens.user("bob@LAB.TEST"),
        Some(&LocalUser::Numbers { uid: 5001, gid: 5002, groups: vec![6001, 6002] })
    );
    assert_eq!(tokens.user("bob@lab.test"), None, "realms differ in upper and lower case");
    assert_eq!(tokens.user("Carol"), Some(&LocalUser::Numbers { uid: 0, gid: 0, groups: vec![] }));
}

#[test]
fn what_is_shown_can_be_read_again() {
    let folder = Folder::new();
    for text in [EVERY_KEY, "", "[accounts]\ndomain = \"CORP\"\n"] {
        let settings = settings(&open(Some(folder.write("negossp.toml", text)), None, None));
        let shown = settings.to_string();
        let again = self::settings(&open(Some(folder.write("again.toml", &shown)), None, None));
        assert_eq!(again, settings, "{shown}");
    }
}

#[test]
fn the_readme_names_every_key() {
    let readme = include_str!("../../../README.md");
    let folder = Folder::new();
    let shown =
        settings(&open(Some(folder.write("negossp.toml", EVERY_KEY)), None, None)).to_string();
    let keys =
        shown.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| format!("`{key}`"));
    let missing: Vec<_> = keys.filter(|key| !readme.contains(key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The defaults, for a configuration at that path: the machine's SID is stored beside it.
fn defaults(config: &Path) -> Settings {
    let sid_file = Some(config.with_file_name("machine.sid"));
    Settings { accounts: Accounts { sid_file, ..Accounts::default() }, ..Settings::default() }
}

#[test]
fn an_empty_file_means_the_defaults() {
    let folder = Folder::new();
    let read = |text: &str| settings(&open(Some(folder.write("negossp.toml", text)), None, None));
    let settings = read("");
    assert_eq!(settings, defaults(&folder.path("negossp.toml")));
    let ntlm = &settings.ntlm;
    assert!(
        !ntlm.responses.lmv2
            && !ntlm.responses.ntlmv1
            && !ntlm.responses.ntlmv1_ess
            && !ntlm.responses.lm
    );
    assert!(settings.defect.is_none() && settings.accounts.file.is_none());
    let (kerberos, files) = (&settings.kerberos, &settings.kerberos_files);
    assert!(
        files.keytab.is_none()
            && kerberos.principals.is_empty()
            && kerberos.delegation == Delegation::Forwarded
            && kerberos.require_pac == RequirePac::OfDomain
    );
    let allowed: Vec<_> =
        Enctype::ALL.into_iter().filter(|&enctype| kerberos.allows(enctype)).collect();
    assert_eq!(
        allowed,
        [Enctype::Aes128Sha1, Enctype::Aes256Sha1, Enctype::Aes128Sha256, Enctype::Aes256Sha384]
    );
    assert_eq!(kerberos.max_clock_skew, Duration::from_secs(300), "RFC 4120 1.6");
    assert_eq!(files.replay_cache, ReplayCacheKind::Memory);
    assert_eq!(read("\u{feff}# only a comment\r\n"), settings);
}

/// A list of names is there to be compared with; without one, aliases would be rejected.
#[test]
fn listed_target_names_are_compared_when_sent() {
    let target_name = |text: &str| read(&format!("[ntlm]\n{text}")).ntlm.target_name;
    assert_eq!(target_name(""), Strictness::Off);
    assert_eq!(target_name("target_names = []"), Strictness::Off);
    assert_eq!(target_name("target_names = [\"HTTP/web1\"]"), Strictness::WhenSent);
    let off = "target_names = [\"HTTP/web1\"]\ntarget_name = \"off\"";
    assert_eq!(target_name(off), Strictness::Off);
}

#[test]
fn names_come_from_the_host_s() {
    let server = ServerNames::from_host_name("a-rather-long-name.example.com");
    assert_eq!(server.nb_computer, "A-RATHER-LONG-N");
    assert_eq!(server.nb_domain, server.nb_computer);
    assert_eq!(
        (server.dns_computer.as_str(), server.dns_domain.as_str()),
        ("a-rather-long-name.example.com", "example.com")
    );
    assert_eq!(ServerNames::from_host_name("srv").nb_computer, "SRV");
    let nameless = ServerNames::from_host_name("");
    assert!(!nameless.nb_computer.is_empty() && !nameless.dns_computer.is_empty());
}

#[test]
fn the_accounts_domain_is_named_in_challenges() {
    let server = &read("[accounts]\ndomain = \"CORP\"\n").server;
    assert_eq!((server.nb_domain.as_str(), server.in_domain), ("CORP", true));
    let server = &read(
        "[server]\nnetbios_domain = \"OTHER\"\nin_domain = false\n[accounts]\ndomain = \"CORP\"\n",
    )
    .server;
    assert_eq!((server.nb_domain.as_str(), server.in_domain), ("OTHER", false));
    let server = &read("[server]\nnetbios_computer = \"WEB1\"\n").server;
    assert_eq!((server.nb_domain.as_str(), server.in_domain), ("WEB1", false));
}

/// Whose clients need a PAC by default, and whose names no other domain may use.
#[test]
fn the_domains_that_the_server_belongs_to() {
    let own = |text: &str| {
        let own = read(text).own_domains();
        (own.realms.join(" "), own.names.join(" "))
    };
    let server = "[server]\nnetbios_computer = \"WEB1\"\ndns_domain = \"ad.example.com\"\n";
    assert_eq!(own(server), (String::new(), "WEB1 WEB1".into()));
    let named = format!("{server}netbios_domain = \"EXAMPLE\"\n");
    // A name for the server's own accounts does not make it a member: the realm that is called like
    // its DNS domain may be MIT's, whose clients have no PAC.
    assert_eq!(own(&named), (String::new(), "WEB1 EXAMPLE".into()));
    let accounts = format!("{server}[accounts]\ndomain = \"CORP\"\n");
    assert_eq!(own(&accounts), (String::new(), "WEB1 CORP CORP".into()));
    let member = format!("{named}member = true\n");
    assert_eq!(own(&member), ("ad.example.com".into(), "WEB1 EXAMPLE".into()));
    let winbind = format!("{named}[winbind]\nuse = \"ntlm_auth\"\n");
    assert_eq!(own(&winbind).0, "ad.example.com", "{:?}", read(&winbind).defect);
    let outside = format!("{named}member = false\n[winbind]\nuse = \"ntlm_auth\"\n");
    assert_eq!(own(&outside).0, "");
    let domain = concat!(
        "[domain]\nname = \"EXAMPLE\"\nrealm = \"ad.example.com\"\nmachine_account = \"WEB1$\"\n",
        "machine_secret_file = \"machine\"\n",
    );
    let (realms, names) = own(domain);
    assert_eq!(realms, "ad.example.com ad.example.com");
    assert_eq!(names, "WEB1 EXAMPLE EXAMPLE");
}

#[test]
fn who_needs_a_pac() {
    for (value, require) in [
        ("false", RequirePac::Never),
        ("true", RequirePac::Always),
        ("\"domain\"", RequirePac::OfDomain),
    ] {
        let settings = read(&format!("[kerberos]\nrequire_pac = {value}\n"));
        assert_eq!(settings.kerberos.require_pac, require);
        assert!(settings.to_string().contains(&format!("\nrequire_pac = {value}\n")));
        assert_eq!(read(&settings.to_string()).kerberos.require_pac, require);
    }
}

#[test]
fn which_delegated_credentials_are_accepted() {
    for (value, delegation) in [
        ("false", Delegation::Never),
        ("true", Delegation::Forwarded),
        ("\"constrained\"", Delegation::Constrained),
    ] {
        let settings = read(&format!("[kerberos]\ndelegation = {value}\n"));
        assert_eq!(settings.kerberos.delegation, delegation);
        assert!(settings.to_string().contains(&format!("\ndelegation = {value}\n")));
        assert_eq!(read(&settings.to_string()).kerberos.delegation, delegation);
    }
}

#[test]
fn what_is_wrong_is_reported_with_its_line() {
    for (text, line, what) in [
        ("[ntlm]\n\nrequire_mics = true\n", 3, "unknown field `require_mics`"),
        ("[ntml]\n", 1, "unknown field `ntml`"),
        ("[ntlm]\nrequire_mic = \"yes\"\n", 2, "expected a boolean"),
        ("[ntlm]\nchannel_bindings = \"always\"\n", 2, "unknown variant `always`"),
        ("[ntlm]\nweak_responses = [\"NTLMv3\"]\n", 2, "unknown variant `NTLMv3`"),
        ("\n[ntlm]\nchallenge_lifetime = \"5 parsecs\"\n", 3, "length of time"),
        ("[ntlm]\nchallenge_lifetime = \"unlimited\"\n", 2, "length of time"),
        ("[ntlm]\nchallenge_lifetime = -1\n", 2, "length of time"),
        ("[ntlm]\nmax_clock_skew = \"99999999999999999999d\"\n", 2, "length of time"),
        ("[ntlm]\nmax_clock_skew = \"é\"\n", 2, "length of time"),
        ("[limits]\ncontexts = -1\n", 2, "invalid value"),
        (
            "[tokens]\nmap = [\"nsswitch\"]\n",
            2,
            "expected one of `table`, `sid`, `domain-name`, `name`",
        ),
        ("[tokens]\ncredentials = \"real\"\n", 2, "unknown variant `real`"),
        ("[tokens.users]\nalice = { uid = 1 }\n", 2, "name of a local account"),
        ("[tokens.users]\nalice = { uid = 4294967295, gid = 1 }\n", 2, "name of a local account"),
        (
            "[tokens.users]\nalice = { uid = 1, gid = 1, groups = [4294967295] }\n",
            2,
            "name of a local account",
        ),
        ("[tokens]\nanonymous = \"\"\n", 2, "name of a local account"),
        ("[limits]\ncontexts = 4294967296\n", 2, "invalid value"),
        ("[tokens]\nwindows_logon = [\"anybody\"]\n", 2, "unknown variant `anybody`"),
        ("[negotiate]\nmechanisms = [\"Digest\"]\n", 2, "unknown variant `Digest`"),
        ("[kerberos]\nenctypes = [\"aes256-sha1\", \"des-cbc-md5\"]\n", 2, "des-cbc-md5"),
        ("[kerberos]\nmax_clock_skew = \"unlimited\"\n", 2, "length of time"),
        ("[kerberos]\nkeytab = \"MEMORY:mine\"\n", 2, "only files"),
        ("[kerberos]\ntgt_ccache = \"KEYRING:session\"\n", 2, "only files"),
        ("[kerberos]\ndelegate_to = \"all\"\n", 2, "unknown variant `all`"),
        ("[kerberos]\nclient_keytab = \"MEMORY:x\"\n", 2, "only files"),
        ("[negotiate]\ninitiate = [\"Digest\"]\n", 2, "unknown variant `Digest`"),
        ("[kerberos]\nreplay_cache = \"none\"\n", 2, "unknown variant `none`"),
        ("[kerberos]\naddresses = \"check\"\n", 2, "unknown variant `check`"),
        ("[kerberos]\nrequire_pac = \"realm\"\n", 2, "false, true or \"domain\""),
        ("[kerberos]\nrequire_pac = 1\n", 2, "false, true or \"domain\""),
        ("[kerberos]\ndelegation = \"forwarded\"\n", 2, "false, true or \"constrained\""),
        ("[kerberos]\ntarget_name = \"on\"\n", 2, "unknown variant `on`"),
        ("[kerberos]\nkeytabs = \"x\"\n", 2, "unknown field `keytabs`"),
        ("[kerberos]\nnames = [{ name = \"{nobody}\" }]\n", 2, "{principal}, {user}"),
        ("[kerberos]\nnames = [{ principal = \"a@B\", name = \"x\" }]\n", 2, "without realm"),
        ("[kerberos]\nnames = [{ principal = \"a\" }]\n", 2, "missing field `name`"),
        ("[[kerberos.names]]\nname = \"a\"\nuser = \"b\"\n", 3, "unknown field `user`"),
        ("[accounts]\nfile = 3\n", 2, "expected"),
        ("[accounts\n", 1, ""),
        ("[accounts]\nfile = \"/etc/neg", 2, ""),
        ("[ntlm]\nrequire_mic = true\nrequire_mic = false\n", 3, "duplicate"),
    ] {
        let found = defect(text);
        assert!(
            found.starts_with(&format!("line {line}: ")) && found.contains(what),
            "{text:?}: {found}"
        );
        assert!(!found.contains('\n'), "{found}");
    }
    for (text, what) in [
        ("[negotiate]\nmechanisms = []\n", "mechanisms is empty"),
        ("[kerberos]\nenctypes = []\n", "enctypes is empty"),
        ("[tokens.users]\nalice = \"a\"\nALICE = \"b\"\n", "twice"),
        ("[kerberos]\nmax_clock_skew = \"2d\"\n", "longer than a day"),
        ("[kerberos]\nkdc_timeout = \"1h\"\n", "kdc_timeout is outside"),
        ("[kerberos]\nreplay_cache_entries = 0\n", "replay_cache_entries is 0"),
        ("[limits]\nmax_token = 100\n", "max_token = 100"),
        ("[limits]\nmax_token = 99999999\n", "max_token"),
        ("[server]\nnetbios_computer = \"\"\n", "netbios_computer is empty"),
    ] {
        assert!(defect(text).contains(what), "{text:?}: {}", defect(text));
    }
}

#[test]
fn bytes_that_are_no_text_are_a_defect() {
    let folder = Folder::new();
    for bytes in [&b"\xff\xfe[\0n\0"[..], &[0; 64], b"[ntlm]\n# caf\xe9\n"] {
        let settings = settings(&open(Some(folder.write("negossp.toml", bytes)), None, None));
        assert!(settings.defect.is_some());
    }
}

#[test]
fn a_named_file_must_exist_and_the_default_one_need_not() {
    let folder = Folder::new();
    let missing = folder.path("missing.toml");
    assert!(open(Some(missing.clone()), None, None).current().settings.defect.is_some());
    assert_eq!(settings(&open(None, None, Some(missing.clone()))), defaults(&missing));
    assert_eq!(settings(&open(None, None, None)), Settings::default());
    assert!(
        open(Some(folder.path(".")), None, None).current().settings.defect.is_some(),
        "a folder"
    );
    let broken = folder.write("broken.toml", "[");
    assert!(
        open(None, None, Some(broken)).current().settings.defect.is_some(),
        "a default file that exists must be right"
    );
}

#[test]
fn the_order_of_the_sources_is_kept() {
    let folder = Folder::new();
    let path = |store: &Store| store.current().settings.accounts.file.clone();
    let named = folder.write("named.toml", "[accounts]\nfile = \"/from/named\"\n");
    let default = folder.write("default.toml", "[accounts]\nfile = \"/from/default\"\n");
    let silent = folder.write("silent.toml", "[ntlm]\nrequire_mic = true\n");
    let variable = PathBuf::from("/from/variable");
    assert_eq!(
        path(&open(Some(named.clone()), Some(variable.clone()), Some(default.clone()))),
        Some("/from/named".into())
    );
    assert_eq!(
        path(&open(None, Some(variable.clone()), Some(default.clone()))),
        Some("/from/default".into())
    );
    assert_eq!(
        path(&open(Some(silent), Some(variable.clone()), Some(default))),
        Some(variable.clone())
    );
    assert_eq!(path(&open(None, Some(variable.clone()), None)), Some(variable));
}

/// One call of AcceptSecurityContext with these settings and an invalid token, where anonymous
/// clients are permitted.
fn accept(configuration: Arc<Configuration>) -> Error {
    let mut credential = credential();
    credential.package = Package::Negotiate;
    credential.usage = Usage { inbound: true, outbound: false };
    let accepting = negossp::server::Accepting::new(Arc::new(credential), configuration);
    accepting.step(b"no token", call(ContextFlags::ALLOW_NULL_SESSION)).unwrap_err().error
}

#[test]
fn a_file_that_is_broken_at_the_start_accepts_no_client_until_it_is_mended() {
    let folder = Folder::new();
    let store = open(Some(folder.write("negossp.toml", "[ntlm]\nrequire_mic = tru")), None, None);
    assert!(matches!(accept(store.current()), Error::NoAuthority(_)));
    folder.replace("negossp.toml", "[ntlm]\nrequire_mic = true");
    eventually("the mended file counts", || store.current().settings.ntlm.require_mic);
    assert_eq!(store.current().settings.defect, None);
    assert!(!matches!(accept(store.current()), Error::NoAuthority(_)));
}

#[test]
fn a_file_that_breaks_later_leaves_the_last_good_settings_in_force() {
    let folder = Folder::new();
    let strict = "[ntlm]\nrequire_mic = true\n";
    let path = folder.write("negossp.toml", strict);
    let store = open(Some(path.clone()), None, None);
    for broken in ["[ntlm]\nrequire_mic = ", "[ntlm]\nrequire_micx = true\n", "\0"] {
        folder.replace("negossp.toml", broken);
        std::thread::sleep(Duration::from_millis(1500));
        let settings = settings(&store);
        assert!(settings.ntlm.require_mic && settings.defect.is_none(), "{broken:?}");
    }
    std::fs::remove_file(&path).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(store.current().settings.ntlm.require_mic, "removed");
    folder.replace("negossp.toml", "[ntlm]\nrequire_128 = true\n");
    eventually("the next good file counts", || store.current().settings.ntlm.require_128);
    assert!(!store.current().settings.ntlm.require_mic);
}

#[test]
fn another_account_file_is_followed_and_the_same_one_is_kept() {
    let folder = Folder::new();
    folder.write("one", line("alice", &PASSWORD, "U"));
    folder.write("two", line("bob", &PASSWORD, "U"));
    let store =
        open(Some(folder.write("negossp.toml", "[accounts]\nfile = \"one\"\n")), None, None);
    let before = store.current();
    let file = before.accounts.file.clone().unwrap();
    assert!(file.current().get("alice").is_some());
    folder.replace("negossp.toml", "[accounts]\nfile = \"one\"\ndomain = \"CORP\"\n");
    eventually("the domain counts", || store.current().settings.accounts.domain.is_some());
    assert!(Arc::ptr_eq(&file, store.current().accounts.file.as_ref().unwrap()), "read twice");
    folder.replace("negossp.toml", "[accounts]\nfile = \"two\"\n");
    eventually("the other file counts", || {
        store
            .current()
            .accounts
            .file
            .as_ref()
            .is_some_and(|file| file.current().get("bob").is_some())
    });
    assert_eq!(before.settings.accounts.domain, None, "a snapshot does not change");
}

#[test]
fn a_keytab_is_kept_open_while_it_is_the_same() {
    let folder = Folder::new();
    folder.write("one", [5, 2]);
    folder.write("two", [5, 2]);
    let store = open(
        Some(
            folder.write("negossp.toml", "[kerberos]\nkeytab = \"one\"\nkrbtgt_keytab = \"two\"\n"),
        ),
        None,
        None,
    );
    let before = store.current().keys.clone();
    folder.replace(
        "negossp.toml",
        "[kerberos]\nkeytab = \"one\"\nkrbtgt_keytab = \"one\"\nrequire_pac = true\n",
    );
    eventually("the change counts", || {
        store.current().settings.kerberos.require_pac == RequirePac::Always
    });
    let after = store.current().keys.clone();
    assert!(
        Arc::ptr_eq(before.keytab.as_ref().unwrap(), after.keytab.as_ref().unwrap()),
        "read twice"
    );
    assert_eq!(after.krbtgt_keytab.as_ref().unwrap().path(), Some(folder.path("one").as_path()));
}

#[test]
fn eight_threads_see_whole_settings() {
    let folder = Folder::new();
    let version = |n: u32| format!("[limits]\ncontexts = {n}\ncredentials = {n}\n");
    let store = open(Some(folder.write("negossp.toml", version(1))), None, None);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut last = 0;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let limits = store.current().settings.limits.clone();
                    assert_eq!(limits.contexts, limits.credentials);
                    assert!(limits.contexts >= last, "an older version came back");
                    last = limits.contexts;
                }
            });
        }
        for n in 2..5 {
            folder.replace("negossp.toml", version(n));
            eventually("the new settings count", || store.current().settings.limits.contexts == n);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
