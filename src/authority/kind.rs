//! Which authorities there are, and in which order they are asked.

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

#[cfg(test)]
mod tests {
    use super::AuthorityKind;

    /// README, `[authorities] order`.
    #[test]
    fn they_are_called_as_in_the_configuration() {
        let names: Vec<_> = AuthorityKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names, ["credential", "application", "file", "domain", "winbind"]);
    }
}
