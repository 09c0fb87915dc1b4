//! Who the client is.

/// An authenticated client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account's name, as the authority spells it, without domain.
    pub user: String,
    /// The NetBIOS domain or computer that the account belongs to; empty when there is none.
    pub domain: String,
    /// Nobody: a null session.
    pub anonymous: bool,
}

impl Principal {
    /// Nobody, as Windows names it.
    pub fn anonymous() -> Principal {
        Principal { user: "ANONYMOUS LOGON".into(), domain: "NT AUTHORITY".into(), anonymous: true }
    }

    /// `DOMAIN\user`, or `user` alone: what `SECPKG_ATTR_NAMES` shows.
    pub fn display_name(&self) -> String {
        if self.domain.is_empty() { self.user.clone() } else { format!("{}\\{}", self.domain, self.user) }
    }
}
