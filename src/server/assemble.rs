//! What the protocol needs for a credential under a configuration.

use super::acceptance::Acceptance;
use super::{Configuration, Credential};
use crate::authority::{Chain, PassThrough};
use crate::kerberos::TicketSource;
use crate::mechanism::{Mechanism, Package};
use crate::negotiate::{AcceptorConfig, InitiatorConfig};
use crate::ntlm::Mode;
use crate::platform::random::SystemRandom;
use crate::runtime::machine_id::machine_id;
use crate::tickets::DelegateTo;
use crate::{kerberos, ntlm};
use std::sync::Arc;

impl Credential {
    /// The authorities for NTLM logons with this credential.
    pub fn authorities(&self, configuration: &Configuration) -> Chain {
        Chain {
            options: configuration.settings.authorities.clone(),
            throttle: configuration.throttle.clone(),
            audit_file: configuration.audit_file.clone(),
            audited: configuration.settings.ntlm.mode == Mode::Audit,
            credential: self.accounts.clone(),
            application: self.application.clone(),
            local: configuration.accounts.clone(),
            domain: configuration.domain.clone().map(|domain| domain as Arc<dyn PassThrough>),
            winbind: configuration.winbind.clone().map(|winbind| winbind as Arc<dyn PassThrough>),
        }
    }

    /// What the protocol needs for accepting contexts.
    pub fn acceptor_config(&self, configuration: &Arc<Configuration>) -> Arc<AcceptorConfig> {
        self.acceptance(configuration).acceptor.clone()
    }

    /// What the protocol needs for initiating contexts.
    pub fn initiator_config(&self, configuration: &Configuration) -> InitiatorConfig {
        let settings = &configuration.settings;
        InitiatorConfig {
            mechanisms: initiating(self, configuration),
            max_token: settings.limits.max_token as usize,
            kerberos: kerberos::InitiatorConfig {
                tickets: self.tickets.clone().map(|tickets| tickets as Arc<dyn TicketSource>),
                enctypes: settings.kerberos.enctypes.clone(),
                max_clock_skew: settings.kerberos.max_clock_skew,
                delegate_to_any: settings.tickets.delegate_to == DelegateTo::Any,
                sign: self.package == Package::Negotiate,
                context_lifetime: settings.negotiate.context_lifetime,
                random: &SystemRandom,
            },
            ntlm: ntlm::InitiatorConfig {
                policy: settings.ntlm.clone(),
                workstation: settings.server.nb_computer.clone(),
                machine_id: machine_id().ok().copied(),
                identity: self.identity.clone(),
                sign: self.package == Package::Negotiate,
                context_lifetime: settings.negotiate.context_lifetime,
                random: &SystemRandom,
            },
        }
    }

    /// What accepting contexts needs: made once for the configuration in force.
    pub(super) fn acceptance(&self, configuration: &Arc<Configuration>) -> Arc<Acceptance> {
        self.assembled.under(configuration, || Acceptance::new(self, configuration))
    }
}

impl Acceptance {
    fn new(credential: &Credential, configuration: &Configuration) -> Acceptance {
        let settings = &configuration.settings;
        let chain = Arc::new(credential.authorities(configuration));
        let context_lifetime = settings.negotiate.context_lifetime;
        let acceptor = AcceptorConfig {
            mechanisms: mechanisms(credential, configuration),
            max_token: settings.limits.max_token as usize,
            kerberos: kerberos::AcceptorConfig {
                policy: settings.kerberos.clone(),
                own_domains: settings.own_domains(),
                context_lifetime,
                service: credential.service.clone(),
                keys: configuration.keys.clone(),
                local_kdc: None,
                replay: configuration.replay.clone(),
                directory: configuration.details.clone(),
                random: &SystemRandom,
            },
            ntlm: ntlm::AcceptorConfig {
                policy: ntlm::Policy {
                    // An anonymous client is on no list.
                    refuse_null_session: settings.ntlm.refuse_null_session
                        || settings.authorities.restricts_clients(),
                    ..settings.ntlm.clone()
                },
                names: settings.server.clone(),
                machine_id: machine_id().ok().copied(),
                context_lifetime,
                authority: chain.clone(),
                directory: configuration.details.clone(),
                random: &SystemRandom,
            },
        };
        Acceptance { acceptor: Arc::new(acceptor), chain }
    }
}

/// The mechanisms that credential and policy both allow for initiating. `[negotiate] initiate` has
/// its own order.
fn initiating(credential: &Credential, configuration: &Configuration) -> Vec<Mechanism> {
    let mut allowed = mechanisms(credential, configuration);
    if credential.tickets.as_ref().is_some_and(|tickets| tickets.act_for_client()) {
        // A client delegates tickets, not a password.
        allowed.retain(|mechanism| *mechanism == Mechanism::Kerberos);
    }
    match &configuration.settings.negotiate.initiate {
        None => allowed,
        Some(order) => {
            order.iter().copied().filter(|mechanism| allowed.contains(mechanism)).collect()
        }
    }
}

/// What credential and policy both allow, in the credential's order.
fn mechanisms(credential: &Credential, configuration: &Configuration) -> Vec<Mechanism> {
    let allowed = &configuration.settings.negotiate.mechanisms;
    let mechanisms = credential.mechanisms.iter().copied();
    mechanisms.filter(|mechanism| allowed.contains(mechanism)).collect()
}
