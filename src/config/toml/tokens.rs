//! The table `[tokens]`.

use crate::access_token::options::{Credentials, LocalUser, LogonOf, Mapping, Options, same_user};
use crate::config::names::{Name, values};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TokensTable {
    map: Option<Vec<Name<Mapping>>>,
    winbind_separator: Option<char>,
    domains: Option<Vec<String>>,
    allow_root: Option<bool>,
    min_uid: Option<u32>,
    min_gid: Option<u32>,
    abort_on_failed_revert: Option<bool>,
    anonymous: Option<LocalUserValue>,
    credentials: Option<Name<Credentials>>,
    users: BTreeMap<String, LocalUserValue>,
    wine_user_name: Option<bool>,
    wine_restricted_token: Option<bool>,
    windows_logon: Option<Vec<Name<LogonOf>>>,
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
            map: self.map.map_or(default.map, values),
            winbind_separator: self.winbind_separator.unwrap_or(default.winbind_separator),
            domains: self.domains.unwrap_or(default.domains),
            allow_root: self.allow_root.unwrap_or(default.allow_root),
            min_uid: self.min_uid.unwrap_or(default.min_uid),
            min_gid: self.min_gid.unwrap_or(default.min_gid),
            abort_on_failed_revert: self
                .abort_on_failed_revert
                .unwrap_or(default.abort_on_failed_revert),
            anonymous: self.anonymous.map(|user| user.0),
            credentials: self.credentials.map_or(default.credentials, |name| name.0),
            users,
            wine_user_name: self.wine_user_name.unwrap_or(default.wine_user_name),
            wine_restricted_token: self
                .wine_restricted_token
                .unwrap_or(default.wine_restricted_token),
            windows_logon: self.windows_logon.map_or(default.windows_logon, values),
        })
    }
}
