//! Who the client is.

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
    /// The account's name, as the authority spells it, without domain.
    pub user: String,
    /// The NetBIOS domain or computer that the account belongs to, or the realm where no domain is
    /// known; empty when there is none.
    pub domain: String,
    /// An anonymous logon: a null session.
    pub anonymous: bool,
    /// What is shown instead of `DOMAIN\user`.
    pub shown: Option<String>,
    /// The name in the mechanism's own form, where that is another one: Kerberos' full principal.
    pub native: Option<String>,
    /// What is known of the account besides.
    pub account: Option<Arc<AccountInfo>>,
    /// Where this is known from.
    pub origins: Origins,
}

impl Principal {
    /// The account `user` of `domain`, for which `origin` vouches.
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

    /// `DOMAIN\user`, or `user` alone, or what the name was mapped to: what `SECPKG_ATTR_NAMES`
    /// shows.
    pub fn display_name(&self) -> String {
        match &self.shown {
            Some(name) => name.clone(),
            None if self.domain.is_empty() => self.user.clone(),
            None => format!("{}\\{}", self.domain, self.user),
        }
    }

    /// The name in the mechanism's own form: what `SECPKG_ATTR_NATIVE_NAMES` shows.
    pub fn native_name(&self) -> String {
        self.native.clone().unwrap_or_else(|| self.display_name())
    }
}
