//! `[tokens]`.

/// `[tokens]`: what clients are to the operating system.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// On Wine, the process is told that its user has the client's name, when a client's token is handed out or worn.
    pub wine_user_name: bool,
    /// On Windows, clients that are logged on as accounts of the system, where the process may not make tokens.
    pub windows_logon: Vec<LogonOf>,
}

impl Default for Tokens {
    fn default() -> Tokens {
        Tokens { wine_user_name: false, windows_logon: vec![LogonOf::Domain] }
    }
}

/// Whose word makes a client an account of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogonOf {
    /// A domain's that has told the account's SID: by a PAC, or by a network logon.
    Domain,
    /// A Kerberos realm's that has told no SID.
    Realm,
    /// The account file's, the credential's or the program's: an account of that name on this computer.
    Machine,
}

impl LogonOf {
    /// What the configuration calls it.
    pub fn name(self) -> &'static str {
        match self {
            LogonOf::Domain => "domain",
            LogonOf::Realm => "realm",
            LogonOf::Machine => "machine",
        }
    }
}
