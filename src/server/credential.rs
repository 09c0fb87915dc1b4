//! What `AcquireCredentialsHandle` made: which package, in which direction, as whom.

use crate::mechanism::Mechanism;
use crate::types::error::{Error, Result};
use crate::types::identity::Identity;
use std::sync::Arc;

/// A security package by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// SPNEGO, or a bare token of a mechanism it could have chosen.
    Negotiate,
    /// One mechanism by itself, without SPNEGO.
    Only(Mechanism),
}

impl Package {
    /// Every package, in the order of `EnumerateSecurityPackages`.
    pub const ALL: &'static [Package] =
        &[Package::Negotiate, Package::Only(Mechanism::Kerberos), Package::Only(Mechanism::Ntlm)];

    /// The package of that name, in any letter case, as Windows takes them.
    pub fn from_name(name: &str) -> Result<Package> {
        Package::ALL
            .iter()
            .copied()
            .find(|p| p.name().eq_ignore_ascii_case(name))
            .ok_or(Error::PackageNotFound)
    }

    /// The name in its documented spelling.
    pub fn name(self) -> &'static str {
        match self {
            Package::Negotiate => "Negotiate",
            Package::Only(mechanism) => mechanism.package_name(),
        }
    }
}

/// `SECPKG_CRED_INBOUND`, `SECPKG_CRED_OUTBOUND`, `SECPKG_CRED_BOTH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// For accepting contexts.
    pub inbound: bool,
    /// For initiating contexts.
    pub outbound: bool,
}

/// A credential: immutable once made, shared by the contexts made from it. What is added to it
/// later makes another one of it, for the contexts that are begun after that.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The package.
    pub package: Package,
    /// The direction.
    pub usage: Usage,
    /// `pszPrincipal`: outbound a hint, inbound the one service that Kerberos tickets may be for.
    pub principal: Option<String>,
    /// `pAuthData`. Outbound: who we are. Inbound: one more account, of this credential alone, or
    /// the service itself, never both.
    pub identity: Option<Identity>,
    /// The mechanisms that the caller's package list (`!NTLM`, ...) leaves, preferred first.
    pub mechanisms: Vec<Mechanism>,
    /// Accounts that are known to this credential alone: the inbound identity, unless it is the
    /// service, and those that `AddCredentials` brought.
    pub accounts: Vec<crate::authority::Account>,
    /// The program's own accounts.
    pub application: Option<Arc<dyn crate::authority::Application>>,
    /// What it brings for accepting Kerberos tickets.
    pub service: crate::kerberos::Service,
}
