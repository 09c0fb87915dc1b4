//! The configuration of SPNEGO's acceptor and initiator.

use crate::kerberos;
use crate::mechanism::Mechanism;
use crate::ntlm;

/// What accepting contexts with one credential under one configuration needs. Shared by these
/// contexts.
#[derive(Debug)]
pub struct AcceptorConfig {
    /// The mechanisms permitted by both credential and policy, most preferred first. Also applies
    /// to tokens of a mechanism without SPNEGO, unless the package is that mechanism's own.
    pub mechanisms: Vec<Mechanism>,
    /// The longest accepted token, in bytes.
    pub max_token: usize,
    /// Kerberos' configuration.
    pub kerberos: kerberos::AcceptorConfig,
    /// NTLM's configuration.
    pub ntlm: ntlm::AcceptorConfig,
}

/// What initiating contexts with one credential under one configuration needs.
#[derive(Debug)]
pub struct InitiatorConfig {
    /// The mechanisms permitted by both credential and policy, most preferred first.
    pub mechanisms: Vec<Mechanism>,
    /// The longest accepted token, in bytes.
    pub max_token: usize,
    /// Kerberos' configuration.
    pub kerberos: kerberos::InitiatorConfig,
    /// NTLM's configuration.
    pub ntlm: ntlm::InitiatorConfig,
}
