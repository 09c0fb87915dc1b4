//! The authenticated client.

mod account_info;
pub mod directory;
mod group;
mod origin;
mod persist;
pub mod well_known;

pub use account_info::AccountInfo;
pub use group::{SidAndAttributes, attributes};
pub use origin::{Origin, Origins};

use std::sync::Arc;

/// An authenticated client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Principal {
    /// The account's name, in the authority's spelling, without domain.
    pub user: String,
    /// The NetBIOS domain or computer of the account, or the realm if no domain is known; empty if
    /// there is none.
    pub domain: String,
    /// An anonymous logon: a null session.
    pub anonymous: bool,
    /// The name shown instead of `DOMAIN\user`.
    pub shown: Option<String>,
    /// The name in the mechanism's own format, if different: Kerberos' full principal.
    pub native: Option<String>,
    /// More account data, if known.
    pub account: Option<Arc<AccountInfo>>,
    /// The sources of this data.
    pub origins: Origins,
}

impl Principal {
    /// The account `user` of `domain`, authenticated by `origin`.
    pub fn of_account(user: String, domain: String, origin: Origin) -> Principal {
        Principal { user, domain, origins: Origins::named(origin), ..Principal::default() }
    }

    /// The anonymous client, as Windows names it.
    pub fn anonymous() -> Principal {
        Principal {
            anonymous: true,
            ..Principal::of_account("ANONYMOUS LOGON".into(), "NT AUTHORITY".into(), Origin::Nobody)
        }
    }

    /// The name that `SECPKG_ATTR_NAMES` shows: `DOMAIN\user`, only `user`, or the mapped name.
    pub fn display_name(&self) -> String {
        match &self.shown {
            Some(name) => name.clone(),
            None if self.domain.is_empty() => self.user.clone(),
            None => format!("{}\\{}", self.domain, self.user),
        }
    }

    /// The name that `SECPKG_ATTR_NATIVE_NAMES` shows, in the mechanism's own format.
    pub fn native_name(&self) -> String {
        self.native.clone().unwrap_or_else(|| self.display_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SECPKG_ATTR_NAMES: `sUserName` is `DOMAIN\user`.
    #[test]
    fn a_client_is_shown_with_its_domain_if_it_has_one() {
        let shown = |domain: &str, shown: Option<&str>| {
            let shown = shown.map(str::to_owned);
            let of = Principal::of_account("alice".into(), domain.into(), Origin::AccountFile);
            Principal { shown, ..of }.display_name()
        };
        assert_eq!(shown("CORP", None), "CORP\\alice");
        assert_eq!(shown("", None), "alice");
        assert_eq!(shown("CORP", Some("al")), "al");
    }
}
