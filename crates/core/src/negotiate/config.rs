//! What the acceptor and the initiator of a credential are given.

use crate::kerberos;
use crate::mechanism::Mechanism;
use crate::ntlm;

/// Everything that accepting contexts with one credential under one configuration needs: shared by
/// these contexts.
#[derive(Debug)]
pub struct AcceptorConfig {
    /// The mechanisms that credential and policy both allow, preferred first. Bare mechanisms
    /// without SPNEGO go by them too, unless the package is that mechanism's own.
    pub mechanisms: Vec<Mechanism>,
    /// Longest token accepted, in bytes.
    pub max_token: usize,
    /// Kerberos.
    pub kerberos: kerberos::AcceptorConfig,
    /// NTLM.
    pub ntlm: ntlm::AcceptorConfig,
}

/// Everything that initiating contexts with one credential under one configuration needs.
#[derive(Debug)]
pub struct InitiatorConfig {
    /// The mechanisms that credential and policy both allow, preferred first.
    pub mechanisms: Vec<Mechanism>,
    /// Longest token accepted, in bytes.
    pub max_token: usize,
    /// NTLM.
    pub ntlm: ntlm::InitiatorConfig,
}
