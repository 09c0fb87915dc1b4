//! What of a KDC's refusals ends the negotiation, and what leads to NTLM.

use crate::support::mechanisms::{Fixture, fail, go_on};
use crate::support::random::COUNTED;
use negossp_core::kerberos::client::Credentials;
use negossp_core::kerberos::message::error_code;
use negossp_core::kerberos::{self, Principal, TicketRequest, TicketSource};
use negossp_core::mechanism::Mechanism;
use negossp_core::negotiate::Initiator;
use negossp_core::types::error::{Error, Result};
use negossp_core::types::time::FileTime;
use std::sync::Arc;

/// A KDC that refuses with this code.
#[derive(Debug)]
struct Refusing(i32);

impl TicketSource for Refusing {
    fn is_realm(&self, _name: &str) -> bool {
        false
    }

    fn service_ticket(&self, _request: &TicketRequest<'_>) -> Result<Arc<Credentials>> {
        Err(Error::KrbError(self.0))
    }

    fn forwarded_ticket(&self, _service: &Credentials) -> Result<Arc<Credentials>> {
        Err(Error::KrbError(self.0))
    }

    fn authenticator_time(&self, now: FileTime, _service: &Principal) -> FileTime {
        now
    }

    fn forget(&self, _ticket: &Arc<Credentials>) {}
}

/// An account that its KDC keeps out is not tried with NTLM; a service that the KDC does not know is.
#[test]
fn an_account_that_may_not_log_on_is_not_tried_with_ntlm() {
    for (code, ends) in [
        (error_code::PREAUTH_FAILED, true),
        (error_code::CLIENT_REVOKED, true),
        (error_code::KEY_EXPIRED, true),
        (error_code::NAME_EXP, true),
        (error_code::CLIENT_NOTYET, true),
        (error_code::POLICY, true),
        (error_code::C_PRINCIPAL_UNKNOWN, false),
        (error_code::S_PRINCIPAL_UNKNOWN, false),
        (error_code::ETYPE_NOSUPP, false),
        (error_code::SVC_UNAVAILABLE, false),
    ] {
        let mut fixture = Fixture::new("Passw0rd!");
        let client = fixture.client_mut();
        client.mechanisms = vec![Mechanism::Kerberos, Mechanism::Ntlm];
        client.kerberos = kerberos::InitiatorConfig {
            tickets: Some(Arc::new(Refusing(code))),
            ..kerberos::InitiatorConfig::without_client(&COUNTED)
        };
        let step = fixture.initiate(&Initiator::new(), None);
        match ends {
            true => assert_eq!(fail(step).error, Error::KrbError(code)),
            false => drop(go_on(step)),
        }
    }
}
