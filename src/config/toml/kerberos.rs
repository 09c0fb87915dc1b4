//! The table `[kerberos]`.

use super::FileName;
use super::span::Span;
use crate::config::names::Name;
use crate::kerberos::crypto::Enctype;
use crate::kerberos::name_mapping::{NameRule, NameRules};
use crate::kerberos::{Addresses, Delegation, Policy, RequirePac, ServiceName};
use crate::stores::kerberos_files::KerberosFiles;
use crate::stores::kerberos_files::{ReplayCacheKind, RestartFile};
use crate::tickets::{DelegateTo, Krb5ConfPlace, Options};
use crate::types::channel_bindings::Strictness;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KerberosTable {
    keytab: Option<FileName>,
    principals: Option<Vec<PrincipalName>>,
    realm: Option<String>,
    enctypes: Option<Vec<EnctypeName>>,
    max_clock_skew: Option<Span>,
    replay_cache: Option<Name<ReplayCacheKind>>,
    replay_cache_file: Option<PathBuf>,
    replay_cache_entries: Option<u32>,
    replay_restart_file: Option<PathBuf>,
    channel_bindings: Option<Name<Strictness>>,
    target_name: Option<Name<Strictness>>,
    addresses: Option<Name<Addresses>>,
    names: Vec<RuleName>,
    require_pac: Option<RequirePacValue>,
    krbtgt_keytab: Option<FileName>,
    delegation: Option<DelegationValue>,
    tgt_ccache: Option<FileName>,
    krb5_conf: Option<PathBuf>,
    ccache: Option<String>,
    client_keytab: Option<FileName>,
    kdcs: BTreeMap<String, Vec<String>>,
    kdc_timeout: Option<Span>,
    delegate_to: Option<Name<DelegateTo>>,
}

/// What clients are called: for whom, and the name.
struct RuleName(NameRule);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    realm: Option<String>,
    principal: Option<String>,
    name: String,
}

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RuleName, D::Error> {
        let rule = RuleTable::deserialize(deserializer)?;
        NameRule::new(rule.realm, rule.principal.as_deref(), &rule.name)
            .map(RuleName)
            .map_err(D::Error::custom)
    }
}

struct PrincipalName(ServiceName);

impl<'de> Deserialize<'de> for PrincipalName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PrincipalName, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = ServiceName::parse(&name).map(PrincipalName);
        known.ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Str(&name), &"the name of a service")
        })
    }
}

struct EnctypeName(Enctype);

impl<'de> Deserialize<'de> for EnctypeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EnctypeName, D::Error> {
        const EXPECTED: &str = "aes256-sha1, aes128-sha1, aes256-sha2, aes128-sha2, rc4-hmac, des3-cbc-sha1 or the longer name of one of them";
        let name = String::deserialize(deserializer)?;
        let known = Enctype::from_name(&name).map(EnctypeName);
        known.ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&name), &EXPECTED))
    }
}

/// `false`, `true` or a word.
#[derive(Deserialize)]
#[serde(untagged)]
enum SwitchOrWord {
    Switch(bool),
    Word(String),
}

/// `false`, `true` or `"constrained"`.
struct DelegationValue(Delegation);

impl<'de> Deserialize<'de> for DelegationValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DelegationValue, D::Error> {
        let wrong = || D::Error::custom("expected false, true or \"constrained\"");
        let delegation = match SwitchOrWord::deserialize(deserializer).map_err(|_| wrong())? {
            SwitchOrWord::Switch(false) => Delegation::Never,
            SwitchOrWord::Switch(true) => Delegation::Forwarded,
            SwitchOrWord::Word(word) if word == "constrained" => Delegation::Constrained,
            SwitchOrWord::Word(_) => return Err(wrong()),
        };
        Ok(DelegationValue(delegation))
    }
}

/// `false`, `true` or `"domain"`.
struct RequirePacValue(RequirePac);

impl<'de> Deserialize<'de> for RequirePacValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RequirePacValue, D::Error> {
        let wrong = || D::Error::custom("expected false, true or \"domain\"");
        let require = match SwitchOrWord::deserialize(deserializer).map_err(|_| wrong())? {
            SwitchOrWord::Switch(true) => RequirePac::Always,
            SwitchOrWord::Switch(false) => RequirePac::Never,
            SwitchOrWord::Word(who) if who == "domain" => RequirePac::OfDomain,
            SwitchOrWord::Word(_) => return Err(wrong()),
        };
        Ok(RequirePacValue(require))
    }
}

/// The replay cache remembers for as long as a clock may be wrong: more than this is a mistake.
const LONGEST_SKEW: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a context may wait for KDCs.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(600);

impl KerberosTable {
    pub(super) fn into_kerberos(self) -> Result<(Policy, KerberosFiles, Options), String> {
        let (policy, files) = (Policy::default(), KerberosFiles::default());
        let enctypes = self
            .enctypes
            .map_or(policy.enctypes, |names| names.into_iter().map(|name| name.0).collect());
        if enctypes.is_empty() {
            return Err("[kerberos] enctypes is empty".into());
        }
        let max_clock_skew = self.max_clock_skew.map_or(policy.max_clock_skew, |span| span.0);
        if max_clock_skew > LONGEST_SKEW {
            return Err("[kerberos] max_clock_skew is longer than a day".into());
        }
        let replay_cache_entries = self.replay_cache_entries.unwrap_or(files.replay_cache_entries);
        if replay_cache_entries == 0 {
            return Err(
                "[kerberos] replay_cache_entries is 0, so all clients would be rejected".into()
            );
        }
        let policy = Policy {
            principals: self
                .principals
                .map_or(policy.principals, |names| names.into_iter().map(|name| name.0).collect()),
            enctypes,
            max_clock_skew,
            channel_bindings: self.channel_bindings.map_or(policy.channel_bindings, |name| name.0),
            target_name: self.target_name.map(|name| name.0).or(policy.target_name),
            addresses: self.addresses.map_or(policy.addresses, |name| name.0),
            names: NameRules(self.names.into_iter().map(|rule| rule.0).collect()),
            require_pac: self.require_pac.map_or(policy.require_pac, |value| value.0),
            delegation: self.delegation.map_or(policy.delegation, |value| value.0),
        };
        let path = |name: Option<FileName>| name.map(|name| name.0);
        let options = Options::default();
        let kdc_timeout = self.kdc_timeout.map_or(options.kdc_timeout, |span| span.0);
        if !(SHORTEST_WAIT..=LONGEST_WAIT).contains(&kdc_timeout) {
            return Err("[kerberos] kdc_timeout is outside 100 ms to 10 minutes".into());
        }
        let options = Options {
            krb5_conf: match self.krb5_conf {
                None => Krb5ConfPlace::System,
                Some(path) if path.as_os_str().is_empty() => Krb5ConfPlace::Off,
                Some(path) => Krb5ConfPlace::At(path),
            },
            ccache: self.ccache.filter(|name| !name.is_empty()),
            client_keytab: path(self.client_keytab),
            kdcs: self.kdcs,
            kdc_timeout,
            delegate_to: self.delegate_to.map_or(options.delegate_to, |name| name.0),
        };
        let files = KerberosFiles {
            keytab: path(self.keytab),
            krbtgt_keytab: path(self.krbtgt_keytab),
            tgt_ccache: path(self.tgt_ccache),
            realm: self.realm.unwrap_or(files.realm),
            replay_cache: self.replay_cache.map_or(files.replay_cache, |name| name.0),
            replay_cache_file: self.replay_cache_file,
            replay_cache_entries,
            replay_restart_file: match self.replay_restart_file {
                None => RestartFile::Unset,
                Some(path) if path.as_os_str().is_empty() => RestartFile::Off,
                Some(path) => RestartFile::At(path),
            },
        };
        Ok((policy, files, options))
    }
}
