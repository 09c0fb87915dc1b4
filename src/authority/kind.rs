//! Which authorities there are, and in which order they are asked.

use crate::principal::Origin;

/// An authority that judges NTLM logons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthorityKind {
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

impl AuthorityKind {
    /// Every authority, in the order in which they are asked unless the configuration says
    /// otherwise: the nearer first.
    pub const ALL: &'static [AuthorityKind] = &[
        AuthorityKind::Credential,
        AuthorityKind::Application,
        AuthorityKind::AccountFile,
        AuthorityKind::Domain,
        AuthorityKind::Winbind,
    ];

    /// The authority of a principal that logged on with NTLM.
    pub fn from_origin(logon: Origin) -> Option<AuthorityKind> {
        match logon {
            Origin::Credential => Some(AuthorityKind::Credential),
            Origin::Application => Some(AuthorityKind::Application),
            Origin::AccountFile => Some(AuthorityKind::AccountFile),
            Origin::Netlogon => Some(AuthorityKind::Domain),
            Origin::Winbind => Some(AuthorityKind::Winbind),
            _ => None,
        }
    }

    /// What the configuration calls it.
    pub fn name(self) -> &'static str {
        match self {
            AuthorityKind::Credential => "credential",
            AuthorityKind::Application => "application",
            AuthorityKind::AccountFile => "file",
            AuthorityKind::Domain => "domain",
            AuthorityKind::Winbind => "winbind",
        }
    }
}
