//! A logon that is validated while the client's last token is missing.

use super::outcome;
use crate::authority::Chain;
use crate::types::logon_names::ValidatedLogon;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A validated logon whose exchange has not ended: SPNEGO awaits the client's mechListMIC. If the
/// exchange never ends, that is reported when its last state is dropped, since the client may have
/// learnt that the password is right.
#[derive(Debug)]
pub(super) struct PendingLogon {
    pub(super) logon: ValidatedLogon,
    pub(super) chain: Arc<Chain>,
    settled: AtomicBool,
}

impl PendingLogon {
    pub(super) fn new(logon: ValidatedLogon, chain: Arc<Chain>) -> PendingLogon {
        PendingLogon { logon, chain, settled: AtomicBool::new(false) }
    }

    /// The outcome is reported elsewhere. False if it has been before.
    pub(super) fn settle(&self) -> bool {
        !self.settled.swap(true, Ordering::Relaxed)
    }
}

impl Drop for PendingLogon {
    fn drop(&mut self) {
        if self.settle() {
            outcome::abandoned(&self.logon.names, &self.chain);
        }
    }
}
