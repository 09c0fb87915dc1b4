//! Which authorities there are, and in which order they are asked.

/// Somebody who vouches for NTLM clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The credential's own accounts.
    Credential,
    /// The server program, by its callback.
    Application,
    /// The account file.
    AccountFile,
    /// A domain controller, which the library asks itself.
    Domain,
    /// The machine's winbindd.
    Winbind,
}

impl Kind {
    /// Every authority, in the order in which they are asked unless the configuration says
    /// otherwise: the nearer first.
    pub const ALL: &'static [Kind] =
        &[Kind::Credential, Kind::Application, Kind::AccountFile, Kind::Domain, Kind::Winbind];

    /// What the configuration calls it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Credential => "credential",
            Kind::Application => "application",
            Kind::AccountFile => "file",
            Kind::Domain => "domain",
            Kind::Winbind => "winbind",
        }
    }
}
