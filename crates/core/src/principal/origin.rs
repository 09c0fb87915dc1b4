//! Which source vouches for what is known of a client.

use std::fmt;

/// A source of information about a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// None: it is not known, or the client is anonymous.
    #[default]
    Nobody,
    /// The account file.
    AccountFile,
    /// The file of details beside the account file.
    AccountDetails,
    /// The server's own credentials: an identity given to AcquireCredentialsHandle or
    /// AddCredentials.
    Credential,
    /// The server program, by its callback.
    Application,
    /// A Kerberos ticket by itself.
    Ticket,
    /// The PAC in a Kerberos ticket.
    Pac,
    /// A domain controller's answer to a network logon.
    Netlogon,
    /// The machine's winbindd.
    Winbind,
    /// A rule of the configuration, `[[kerberos.names]]`.
    NameMapping,
    /// Computed from the client's name.
    Derived,
}

/// The sources of what is known of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origins {
    /// Its authentication: who verified the key or password.
    pub logon: Origin,
    /// Its name.
    pub name: Origin,
    /// Its SID.
    pub sid: Origin,
    /// Its groups, times and flags.
    pub info: Origin,
}

impl Origin {
    /// A domain vouches for it, possibly another than this machine's.
    pub fn is_domains(self) -> bool {
        matches!(self, Origin::Pac | Origin::Netlogon | Origin::Winbind)
    }
}

impl Origins {
    /// One source for everything.
    pub fn all(origin: Origin) -> Origins {
        Origins { logon: origin, name: origin, sid: origin, info: origin }
    }

    /// One source for the authentication and the name, none for the rest.
    pub fn named(origin: Origin) -> Origins {
        Origins { logon: origin, name: origin, ..Origins::default() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Nobody => "nobody",
            Origin::AccountFile => "account file",
            Origin::AccountDetails => "account details",
            Origin::Credential => "credential",
            Origin::Application => "application",
            Origin::Ticket => "ticket",
            Origin::Pac => "PAC",
            Origin::Netlogon => "Netlogon",
            Origin::Winbind => "winbind",
            Origin::NameMapping => "name mapping",
            Origin::Derived => "derived",
        })
    }
}
