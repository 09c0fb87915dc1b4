//! The table `[tokens]`.

use crate::access_token::options::{Credentials, LocalUser, LogonOf, Mapping, Options, same_user};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TokensTable {
    map: Option<Vec<MappingName>>,
    winbind_separator: Option<char>,
    domains: Option<Vec<String>>,
    allow_root: Option<bool>,
    anonymous: Option<LocalUserValue>,
    credentials: Option<CredentialsName>,
    users: BTreeMap<String, LocalUserValue>,
    wine_user_name: Option<bool>,
    windows_logon: Option<Vec<LogonName>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum LogonName {
    Domain,
    Realm,
    Machine,
}

impl From<LogonName> for LogonOf {
    fn from(name: LogonName) -> LogonOf {
        match name {
            LogonName::Domain => LogonOf::Domain,
            LogonName::Realm => LogonOf::Realm,
            LogonName::Machine => LogonOf::Machine,
        }
    }
}

struct MappingName(Mapping);

impl<'de> Deserialize<'de> for MappingName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MappingName, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known =
            Mapping::ALL.into_iter().find(|mapping| mapping.name() == name).map(MappingName);
        known.ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Str(&name), &"table, sid, domain-name or name")
        })
    }
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum CredentialsName {
    FileSystem,
    Effective,
}

/// An account's name, or numbers.
struct LocalUserValue(LocalUser);

#[derive(Deserialize)]
#[serde(untagged)]
enum LocalUserForm {
    Account(String),
    Numbers(Numbers),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    uid: u32,
    gid: u32,
    #[serde(default)]
    groups: Vec<u32>,
}

impl<'de> Deserialize<'de> for LocalUserValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LocalUserValue, D::Error> {
        const EXPECTED: &str =
            "the name of a local account, or { uid = ..., gid = ..., groups = [...] }";
        let wrong = || D::Error::custom(format!("expected {EXPECTED}"));
        match LocalUserForm::deserialize(deserializer).map_err(|_| wrong())? {
            LocalUserForm::Account(name) if !name.is_empty() && !name.contains('\0') => {
                Ok(LocalUserValue(LocalUser::Account(name)))
            }
            // (uid_t)-1 means "no change" to the system.
            LocalUserForm::Numbers(Numbers { uid, gid, groups })
                if uid != u32::MAX && gid != u32::MAX && !groups.contains(&u32::MAX) =>
            {
                Ok(LocalUserValue(LocalUser::Numbers { uid, gid, groups }))
            }
            _ => Err(wrong()),
        }
    }
}

impl TokensTable {
    pub(crate) fn into_tokens(self) -> Result<Options, String> {
        let default = Options::default();
        let users: Vec<_> = self.users.into_iter().map(|(name, user)| (name, user.0)).collect();
        for (index, (name, _)) in users.iter().enumerate() {
            if users.iter().skip(index + 1).any(|(other, _)| same_user(name, other)) {
                return Err(format!("[tokens.users] names {name} twice, in different letters"));
            }
        }
        Ok(Options {
            map: self
                .map
                .map_or(default.map, |names| names.into_iter().map(|name| name.0).collect()),
            winbind_separator: self.winbind_separator.unwrap_or(default.winbind_separator),
            domains: self.domains.unwrap_or(default.domains),
            allow_root: self.allow_root.unwrap_or(default.allow_root),
            anonymous: self.anonymous.map(|user| user.0),
            credentials: self.credentials.map_or(default.credentials, |name| match name {
                CredentialsName::FileSystem => Credentials::FileSystem,
                CredentialsName::Effective => Credentials::Effective,
            }),
            users,
            wine_user_name: self.wine_user_name.unwrap_or(default.wine_user_name),
            windows_logon: self.windows_logon.map_or(default.windows_logon, |names| {
                names.into_iter().map(LogonOf::from).collect()
            }),
        })
    }
}
