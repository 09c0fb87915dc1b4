//! What tokens are made with besides the client.

use super::Options;
use crate::stores::machine_sid::MachineSid;
use crate::stores::own_accounts::OwnAccounts;
use std::sync::Arc;

/// What tokens are made with besides the client.
#[derive(Debug)]
pub struct Config {
    /// `[tokens]`.
    pub options: Options,
    /// Which clients are users of this machine.
    pub own: OwnAccounts,
    /// The SID under which those of the machine's own accounts lie.
    pub machine_sid: Arc<MachineSid>,
}
