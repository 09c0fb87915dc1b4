//! Where it is known from who a client is.

use std::fmt;

/// Who says something of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nobody: it is not known, or the client is nobody.
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

/// Who says what of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origins {
    /// That it is this client: whose key or password it has proven to know.
    pub logon: Origin,
    /// What it is called.
    pub name: Origin,
    /// Its SID.
    pub sid: Origin,
    /// Its groups, times and flags.
    pub facts: Origin,
}

impl Origin {
    /// A domain says it, which may be another's than this machine's.
    pub fn is_domains(self) -> bool {
        matches!(self, Origin::Pac | Origin::Netlogon | Origin::Winbind)
    }
}

impl Origins {
    /// One says all that is said.
    pub fn all(origin: Origin) -> Origins {
        Origins { logon: origin, name: origin, sid: origin, facts: origin }
    }

    /// One vouches for the client and its name, and says nothing else.
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
