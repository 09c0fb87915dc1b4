//! The table `[tokens]`.

use crate::config::{LogonOf, Tokens};
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TokensTable {
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

impl TokensTable {
    pub(super) fn into_tokens(self) -> Result<Tokens, String> {
        let mut tokens = Tokens::default();
        if let Some(wine_user_name) = self.wine_user_name {
            tokens.wine_user_name = wine_user_name;
        }
        if let Some(windows_logon) = self.windows_logon {
            tokens.windows_logon = windows_logon.into_iter().map(LogonOf::from).collect();
        }
        Ok(tokens)
    }
}
