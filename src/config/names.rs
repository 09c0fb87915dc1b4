//! The names that settings have in the file: one list for reading and writing each.

use super::settings::OutboundProvider;
use crate::access_token::options::{Credentials, LogonOf, Mapping};
use crate::authority::AuthorityKind;
use crate::kerberos::Addresses;
use crate::mechanism::Mechanism;
use crate::ntlm::Mode;
use crate::stores::kerberos_files::ReplayCacheKind;
use crate::tickets::DelegateTo;
use crate::types::channel_bindings::Strictness;
use crate::winbind::WinbindWay;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A setting with a few values, each of which has a name.
pub(super) trait Names: Copy + PartialEq + 'static {
    /// The values with their names.
    const NAMES: &'static [(Self, &'static str)];

    /// The value's name.
    fn name_of(self) -> &'static str {
        Self::NAMES.iter().find(|(value, _)| *value == self).map_or("", |(_, name)| name)
    }
}

/// Lists the values of a type with their names.
macro_rules! config_enum {
    ($($type:ident { $($value:ident = $name:literal),+ $(,)? })+) => {
        $(impl Names for $type {
            const NAMES: &'static [($type, &'static str)] = &[$(($type::$value, $name)),+];
        })+
    };
}

config_enum! {
    Addresses { Ignore = "ignore", WhenKnown = "when-known", Require = "require" }
    AuthorityKind {
        Credential = "credential",
        Application = "application",
        AccountFile = "file",
        Domain = "domain",
        Winbind = "winbind",
    }
    DelegateTo { OkAsDelegate = "ok-as-delegate", Any = "any" }
    Credentials { FileSystem = "file-system", Effective = "effective" }
    LogonOf { Domain = "domain", Realm = "realm", Machine = "machine" }
    Mapping { Table = "table", Sid = "sid", DomainName = "domain-name", Name = "name" }
    Mechanism { Kerberos = "Kerberos", Ntlm = "NTLM" }
    Mode { On = "on", Audit = "audit", Off = "off" }
    OutboundProvider { Auto = "auto", System = "system", Negossp = "negossp" }
    ReplayCacheKind { Memory = "memory", File = "file", Off = "off" }
    Strictness { Off = "off", WhenSent = "when-sent", Require = "require" }
    WeakResponse {
        LmV2 = "LMv2", NtlmV1 = "NTLMv1", NtlmV1Ess = "NTLMv1-ESS", Lm = "LM", MsChapV2 = "MS-CHAPv2"
    }
    WinbindWay { Libwbclient = "libwbclient", NtlmAuth = "ntlm_auth" }
}

/// A kind of response that NTLM accepts beside NTLMv2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WeakResponse {
    LmV2,
    NtlmV1,
    NtlmV1Ess,
    Lm,
    MsChapV2,
}

/// A value by its name.
#[derive(Clone, Copy)]
pub(super) struct Name<T>(pub(super) T);

impl<'de, T: Names> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = T::NAMES.iter().find(|(_, name)| *name == text);
        known.map(|(value, _)| Name(*value)).ok_or_else(|| {
            let names: Vec<String> = T::NAMES.iter().map(|(_, name)| format!("`{name}`")).collect();
            let expected = names.join(", ");
            D::Error::custom(format!("unknown variant `{text}`, expected one of {expected}"))
        })
    }
}

/// The values of a list of names.
pub(super) fn values<T>(names: Vec<Name<T>>) -> Vec<T> {
    names.into_iter().map(|name| name.0).collect()
}
