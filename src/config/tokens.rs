//! `[tokens]`.

use crate::types::account_name;

/// `[tokens]`: what clients are to the operating system. All but the last two are for Unix.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// How a client's local account is found, in this order.
    pub map: Vec<Mapping>,
    /// What stands between domain and user in the names of winbind's accounts.
    pub winbind_separator: char,
    /// Domains and realms, besides the accounts' own, whose users are the local accounts of the
    /// same name.
    pub domains: Vec<String>,
    /// A client may turn out to be root without standing in the table.
    pub allow_root: bool,
    /// What nobody (a null session) is.
    pub anonymous: Option<LocalUser>,
    /// What a thread takes over of the client that it acts as.
    pub credentials: Credentials,
    /// The table.
    pub users: Vec<(String, LocalUser)>,
    /// On Wine, the process is told that its user has the client's name, when a client's token is
    /// handed out or worn.
    pub wine_user_name: bool,
    /// On Windows, clients that are logged on as accounts of the system, where the process may not
    /// make tokens.
    pub windows_logon: Vec<LogonOf>,
}

/// One way to find a client's local account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// The table.
    Table,
    /// winbind, asked for the client's SID.
    Sid,
    /// The name service, asked for `DOMAIN\user`.
    DomainName,
    /// The name service, asked for the user's name alone: only users of our own accounts, and of
    /// [`Tokens::domains`].
    Name,
}

impl Mapping {
    /// Every way, in the order of the default.
    pub const ALL: [Mapping; 4] =
        [Mapping::Table, Mapping::Sid, Mapping::DomainName, Mapping::Name];

    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Mapping::Table => "table",
            Mapping::Sid => "sid",
            Mapping::DomainName => "domain-name",
            Mapping::Name => "name",
        }
    }
}

/// What a thread takes over of the client that it acts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// What counts for files: the file system's user and group, and the groups.
    FileSystem,
    /// The effective user and group, and the groups.
    Effective,
}

/// A user of this machine, as the configuration names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalUser {
    /// The account of this name.
    Account(String),
    /// Numbers, whether or not an account has them.
    Numbers {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
        /// Further groups.
        groups: Vec<u32>,
    },
}

impl Default for Tokens {
    fn default() -> Tokens {
        Tokens {
            map: Mapping::ALL.to_vec(),
            winbind_separator: '\\',
            domains: Vec::new(),
            allow_root: false,
            anonymous: None,
            credentials: Credentials::FileSystem,
            users: Vec::new(),
            wine_user_name: false,
            windows_logon: vec![LogonOf::Domain],
        }
    }
}

impl Tokens {
    /// What the table says of the client of this name.
    pub fn user(&self, name: &str) -> Option<&LocalUser> {
        self.users.iter().find(|(known, _)| same_user(known, name)).map(|(_, user)| user)
    }
}

/// Two names in the table mean the same client. Windows' names, and so all but Kerberos'
/// principals, count in any letter case.
pub(super) fn same_user(a: &str, b: &str) -> bool {
    let principal = |name: &str| name.contains('@');
    if principal(a) || principal(b) { a == b } else { account_name::same(a, b) }
}

/// Whose word makes a client an account of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogonOf {
    /// A domain's that has told the account's SID: by a PAC, or by a network logon.
    Domain,
    /// A Kerberos realm's that has told no SID.
    Realm,
    /// The account file's, the credential's or the program's: an account of that name on this
    /// computer.
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
