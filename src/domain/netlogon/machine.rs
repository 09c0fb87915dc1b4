//! The machine account, as which a member opens its channel.

/// The machine account and its domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The domain's NetBIOS name.
    pub domain: String,
    /// The machine's NetBIOS name.
    computer: String,
    /// The same with a `$`.
    account: String,
}

impl Machine {
    /// The machine with this account name, with or without its `$`.
    pub fn new(domain: &str, account: &str) -> Machine {
        let computer = account.strip_suffix('$').unwrap_or(account).to_owned();
        Machine { domain: domain.to_owned(), account: format!("{computer}$"), computer }
    }

    /// The machine's NetBIOS name.
    pub fn computer(&self) -> &str {
        &self.computer
    }

    /// The machine's account.
    pub fn account(&self) -> &str {
        &self.account
    }
}
