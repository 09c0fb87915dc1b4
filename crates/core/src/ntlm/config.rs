//! What the acceptor and the initiator are given.

use super::logon::Authority;
use super::policy::{Policy, ServerNames};
use crate::primitives::random::SecureRandom;
use crate::principal::directory::Directory;
use crate::types::identity::Identity;
use std::sync::Arc;
use std::time::Duration;

/// What a server needs for accepting NTLM.
#[derive(Debug)]
pub struct AcceptorConfig {
    /// What is demanded of clients.
    pub policy: Policy,
    /// The server's names.
    pub names: ServerNames,
    /// How long an established context lives; `None`: without end.
    pub context_lifetime: Option<Duration>,
    /// Judges logons.
    pub authority: Arc<dyn Authority>,
    /// Knows more of accounts than those who judge logons.
    pub directory: Arc<dyn Directory>,
    /// Random numbers.
    pub random: &'static dyn SecureRandom,
}

/// What a client needs for NTLM.
#[derive(Debug)]
pub struct InitiatorConfig {
    /// What is demanded of servers: strength, and which responses are sent.
    pub policy: Policy,
    /// `Workstation`: the NetBIOS name of this host.
    pub workstation: String,
    /// Who the client is; `None`: only a null session can be had.
    pub identity: Option<Identity>,
    /// Ask for signing even if the caller does not: SPNEGO's mechListMIC needs it.
    pub sign: bool,
    /// How long an established context lives; `None`: without end.
    pub context_lifetime: Option<Duration>,
    /// Random numbers.
    pub random: &'static dyn SecureRandom,
}
