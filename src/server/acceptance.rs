//! What accepting contexts needs of a credential, kept with it.

use super::Configuration;
use crate::authority::Chain;
use crate::negotiate::AcceptorConfig;
use arc_swap::ArcSwapOption;
use std::fmt;
use std::sync::{Arc, Weak};

/// A credential under one configuration.
#[derive(Debug)]
pub(super) struct Acceptance {
    /// What the protocol needs.
    pub(super) acceptor: Arc<AcceptorConfig>,
    /// The authorities, which hear how each NTLM logon has ended.
    pub(super) chain: Arc<Chain>,
}

/// Keeps what was made of a credential and a configuration. A copy of the credential, which is made
/// to be changed, begins without.
#[derive(Default)]
pub struct Assembled(ArcSwapOption<Made>);

struct Made {
    /// A weak reference keeps the address from being used for another configuration.
    of: Weak<Configuration>,
    acceptance: Arc<Acceptance>,
}

impl Assembled {
    /// What was made under `configuration`, else what `make` makes.
    pub(super) fn under(
        &self,
        configuration: &Arc<Configuration>,
        make: impl FnOnce() -> Acceptance,
    ) -> Arc<Acceptance> {
        let assembled = self.0.load();
        if let Some(made) = &*assembled
            && std::ptr::eq(made.of.as_ptr(), Arc::as_ptr(configuration))
        {
            return made.acceptance.clone();
        }
        let acceptance = Arc::new(make());
        let of = Arc::downgrade(configuration);
        self.0.store(Some(Arc::new(Made { of, acceptance: acceptance.clone() })));
        acceptance
    }
}

impl Clone for Assembled {
    fn clone(&self) -> Assembled {
        Assembled::default()
    }
}

impl fmt::Debug for Assembled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assembled")
    }
}
