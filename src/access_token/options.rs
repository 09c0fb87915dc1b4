//! What `[tokens]` configures.

use crate::types::account_name;

/// `[tokens]`: what clients are to the operating system. All but the last two apply to Unix.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How a client's local account is found, tried in this order.
    pub map: Vec<Mapping>,
    /// The separator between domain and user in winbind's account names.
    pub winbind_separator: char,
    /// Domains and realms, besides the accounts' own, whose users are the local accounts of the
    /// same name.
    pub domains: Vec<String>,
    /// A client may map to root without an entry in the table.
    pub allow_root: bool,
    /// The lowest user number that a client may map to without an entry in the table.
    pub min_uid: u32,
    /// Likewise, of the account's group.
    pub min_gid: u32,
    /// A thread that cannot be made the server's again ends the process.
    pub abort_on_failed_revert: bool,
    /// The account of an anonymous client (a null session).
    pub anonymous: Option<LocalUser>,
    /// Which credentials a thread takes over from the client that it impersonates.
    pub credentials: Credentials,
    /// The table.
    pub users: Vec<(String, LocalUser)>,
    /// On Wine, the process' user name is set to the client's when a client's token is returned or
    /// impersonated.
    pub wine_user_name: bool,
    /// On a Wine that cannot make a client's token, a restricted copy of the server's is returned,
    /// whose user and group names are the server's.
    pub wine_restricted_token: bool,
    /// On Windows, clients that are logged on as accounts of the system if the process may not
    /// create tokens.
    pub windows_logon: Vec<LogonOf>,
}

/// One way to find a client's local account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// The table.
    Table,
    /// winbind, by the client's SID.
    Sid,
    /// The name service, by `DOMAIN\user`.
    DomainName,
    /// The name service, by the user's name alone: only for users of the accounts' own domain and
    /// of [`Options::domains`].
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

/// Which credentials a thread takes over from the client that it impersonates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// Those that most access to files is checked with: file-system user and group, and the groups.
    /// What the kernel checks with the effective user, /proc/sys for one, is still open to it.
    FileSystem,
    /// The effective user and group, with those for files, and the groups.
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

impl Default for Options {
    fn default() -> Options {
        Options {
            map: Mapping::ALL.to_vec(),
            winbind_separator: '\\',
            domains: Vec::new(),
            allow_root: false,
            // Lower ones are the system's own on most systems.
            min_uid: 1000,
            // 100 is a group of users on many.
            min_gid: 100,
            abort_on_failed_revert: false,
            anonymous: None,
            credentials: Credentials::Effective,
            users: Vec::new(),
            wine_user_name: false,
            wine_restricted_token: false,
            windows_logon: vec![LogonOf::Domain],
        }
    }
}

impl Options {
    /// The table's entry for the client of this name.
    pub fn user(&self, name: &str) -> Option<&LocalUser> {
        self.users.iter().find(|(known, _)| same_user(known, name)).map(|(_, user)| user)
    }

    /// The table's entry for the account of a domain with this principal. The account's name, unlike
    /// the realm, is in any letter case.
    pub fn user_of_directory(&self, principal: &str) -> Option<&LocalUser> {
        let same = |known: &str| match (known.rsplit_once('@'), principal.rsplit_once('@')) {
            (Some((known, known_realm)), Some((user, realm))) => {
                known_realm == realm && account_name::same(known, user)
            }
            _ => false,
        };
        self.users.iter().find(|(known, _)| same(known)).map(|(_, user)| user)
    }
}

/// Two names in the table mean the same client. Case is significant in Kerberos principals only.
pub(crate) fn same_user(a: &str, b: &str) -> bool {
    if a.contains('@') { a == b } else { account_name::same(a, b) }
}

/// Who must have authenticated a client for it to be logged on as an account of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogonOf {
    /// A domain that supplied the account's SID: by a PAC, or by a network logon.
    Domain,
    /// A Kerberos realm that supplied no SID.
    Realm,
    /// The account file, the credential or the program: an account of that name on this computer.
    Machine,
}

impl LogonOf {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            LogonOf::Domain => "domain",
            LogonOf::Realm => "realm",
            LogonOf::Machine => "machine",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// README, `[tokens] windows_logon`.
    #[test]
    fn logons_are_called_as_in_the_configuration() {
        let all = [LogonOf::Domain, LogonOf::Realm, LogonOf::Machine];
        assert_eq!(all.map(LogonOf::name), ["domain", "realm", "machine"]);
    }

    #[test]
    fn letter_case_matters_in_principals_alone() {
        assert!(same_user("alice", "ALICE") && same_user("alice@LAB", "alice@LAB"));
        for (one, other) in
            [("alice@LAB", "ALICE@LAB"), ("alice", "alice@LAB"), ("alice@LAB", "alice")]
        {
            assert!(!same_user(one, other), "{one} {other}");
        }
    }
}
