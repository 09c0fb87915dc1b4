//! Which clients are users of this machine's own accounts.

use crate::principal::{Origin, Principal};
use crate::types::account_name;

/// The names under which the machine's own accounts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccounts {
    /// The domain that the accounts belong to, if the configuration names one.
    pub domain: Option<String>,
    /// The computer's NetBIOS name, the accounts' domain otherwise.
    pub computer: String,
}

impl OwnAccounts {
    /// The client is a user of this machine's own: by its domain, or because a rule of the
    /// configuration gives it a name without one.
    pub fn contain(&self, client: &Principal) -> bool {
        let domain = self.domain.as_deref().unwrap_or(&self.computer);
        match client.origins.name {
            Origin::AccountFile => true,
            Origin::NameMapping if client.domain.is_empty() => true,
            _ => account_name::same(domain, &client.domain),
        }
    }
}
