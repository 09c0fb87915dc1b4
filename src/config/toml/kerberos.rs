//! The table `[kerberos]`.

use super::{FileName, Named, Span, StrictnessName};
use crate::config::{Addresses, Kerberos};
use crate::kerberos::ServiceName;
use crate::kerberos::crypto::Enctype;
use crate::kerberos::name_mapping::{NameRule, NameRules};
use crate::stores::replay_cache::ReplayCacheKind;
use crate::types::channel_bindings::Strictness;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
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
    replay_cache: Option<ReplayCacheName>,
    replay_cache_file: Option<PathBuf>,
    replay_cache_entries: Option<u32>,
    channel_bindings: Option<StrictnessName>,
    addresses: Option<AddressesName>,
    names: Vec<RuleName>,
    require_pac: Option<bool>,
    krbtgt_keytab: Option<FileName>,
    delegation: Option<bool>,
    tgt_ccache: Option<FileName>,
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

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum ReplayCacheName {
    Memory,
    File,
    Off,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum AddressesName {
    Ignore,
    WhenKnown,
    Require,
}

/// The replay cache remembers for as long as a clock may be wrong: more than this is a mistake.
const LONGEST_SKEW: Duration = Duration::from_secs(24 * 60 * 60);

impl KerberosTable {
    /// The settings, and the files that they name, which the caller opens.
    pub(crate) fn into_kerberos(self) -> Result<(Kerberos, Named), String> {
        let default = Kerberos::default();
        let enctypes = self
            .enctypes
            .map_or(default.enctypes, |names| names.into_iter().map(|name| name.0).collect());
        if enctypes.is_empty() {
            return Err("[kerberos] enctypes is empty".into());
        }
        let max_clock_skew = self.max_clock_skew.map_or(default.max_clock_skew, |span| span.0);
        if max_clock_skew > LONGEST_SKEW {
            return Err("[kerberos] max_clock_skew is longer than a day".into());
        }
        let replay_cache_entries =
            self.replay_cache_entries.unwrap_or(default.replay_cache_entries);
        if replay_cache_entries == 0 {
            return Err("[kerberos] replay_cache_entries is 0, so nobody could be let in".into());
        }
        let kerberos = Kerberos {
            keytab: None,
            principals: self
                .principals
                .map_or(default.principals, |names| names.into_iter().map(|name| name.0).collect()),
            realm: self.realm.unwrap_or(default.realm),
            enctypes,
            max_clock_skew,
            replay_cache: self.replay_cache.map_or(default.replay_cache, |name| match name {
                ReplayCacheName::Memory => ReplayCacheKind::Memory,
                ReplayCacheName::File => ReplayCacheKind::File,
                ReplayCacheName::Off => ReplayCacheKind::Off,
            }),
            replay_cache_file: self.replay_cache_file.or(default.replay_cache_file),
            replay_cache_entries,
            channel_bindings: self
                .channel_bindings
                .map_or(default.channel_bindings, Strictness::from),
            addresses: self.addresses.map_or(default.addresses, |name| match name {
                AddressesName::Ignore => Addresses::Ignore,
                AddressesName::WhenKnown => Addresses::WhenKnown,
                AddressesName::Require => Addresses::Require,
            }),
            names: NameRules(self.names.into_iter().map(|rule| rule.0).collect()),
            require_pac: self.require_pac.unwrap_or(default.require_pac),
            krbtgt_keytab: None,
            delegation: self.delegation.unwrap_or(default.delegation),
            tgt_ccache: None,
        };
        let path = |name: Option<FileName>| name.map(|name| name.0);
        let named = Named {
            keytab: path(self.keytab),
            krbtgt_keytab: path(self.krbtgt_keytab),
            tgt_ccache: path(self.tgt_ccache),
            ..Named::default()
        };
        Ok((kerberos, named))
    }
}
