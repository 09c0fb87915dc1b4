//! The domains that the server belongs to.

use crate::types::account_name;

/// The names of the domains that the server belongs to, in any letter case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnDomains {
    /// DNS names, which in capitals are the realms.
    pub realms: Vec<String>,
    /// NetBIOS names, of its computer and of the domain of its own accounts too.
    pub names: Vec<String>,
}

/// Authorities of every Windows system, which no domain is called.
const OF_SYSTEM: [&str; 3] = ["BUILTIN", "NT AUTHORITY", "NT SERVICE"];

impl OwnDomains {
    /// Whether the realm is a domain's that the server belongs to, or is called like one.
    pub fn has_realm(&self, realm: &[u8]) -> bool {
        let mut own = self.realms.iter().chain(&self.names);
        own.any(|own| own.as_bytes().eq_ignore_ascii_case(realm))
    }

    /// Whether `name` is the name of such a domain, of the computer or of the system's own
    /// authorities. No domain of another realm may use it.
    pub fn has_name(&self, name: &str) -> bool {
        let own = self.names.iter().map(String::as_str);
        own.chain(OF_SYSTEM).any(|own| account_name::same(own, name))
    }
}
