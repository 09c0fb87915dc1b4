//! The configuration of NTLM's acceptor and initiator.

use super::logon::Authority;
use super::policy::{Policy, ServerNames};
use crate::primitives::random::SecureRandom;
use crate::principal::directory::Directory;
use crate::types::identity::Identity;
use std::sync::Arc;
use std::time::Duration;

/// The configuration of an acceptor.
#[derive(Debug)]
pub struct AcceptorConfig {
    /// The requirements for clients.
    pub policy: Policy,
    /// The server's names.
    pub names: ServerNames,
    /// MachineID of this process' initiators ([MS-NLMP] 2.2.2.2); `None` if unknown.
    pub machine_id: Option<[u8; 32]>,
    /// The lifetime of established contexts; `None`: unlimited.
    pub context_lifetime: Option<Duration>,
    /// Verifies logons.
    pub authority: Arc<dyn Authority>,
    /// Adds account data that the authority did not supply.
    pub directory: Arc<dyn Directory>,
    /// The source of random numbers.
    pub random: &'static dyn SecureRandom,
}

/// The configuration of an initiator.
#[derive(Debug)]
pub struct InitiatorConfig {
    /// The requirements for servers (strength), and the responses to send.
    pub policy: Policy,
    /// `Workstation`: the NetBIOS name of this host.
    pub workstation: String,
    /// MachineID to send in `MsvAvSingleHost` ([MS-NLMP] 2.2.2.2); `None`: no such pair.
    pub machine_id: Option<[u8; 32]>,
    /// The client's identity; `None` permits null sessions only.
    pub identity: Option<Identity>,
    /// Whether to negotiate signing even if the caller does not require it, for SPNEGO's
    /// mechListMIC.
    pub sign: bool,
    /// The lifetime of established contexts; `None`: unlimited.
    pub context_lifetime: Option<Duration>,
    /// The source of random numbers.
    pub random: &'static dyn SecureRandom,
}
