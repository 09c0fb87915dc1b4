//! The key that decrypted a ticket. It determines the service; the names beside the ticket do not.

use super::user_to_user;
use crate::kerberos::AcceptCall;
use crate::kerberos::crypto::UsageKeys;
use crate::kerberos::keytab;
use crate::kerberos::message::{ApOptions, ApReq};
use crate::kerberos::rejection::Rejection;
use crate::kerberos::service::keys::ServiceKeys;
use crate::kerberos::service_name::ServiceName;
use crate::kerberos::tgt::Tgt;
use crate::kerberos::verify_ap_req::Decrypted;
use std::sync::Arc;

/// The key that decrypted the ticket.
pub(crate) enum TicketKey<'k> {
    /// A key of the service.
    Service(&'k keytab::Entry),
    /// The session key of the server's ticket-granting ticket.
    Tgt(Arc<Tgt>),
    /// A key of the local realm.
    Local(Box<keytab::Entry>),
}

impl<'k> TicketKey<'k> {
    /// Decrypts the ticket with a key of the service or, in user-to-user authentication, with the
    /// session key of the server's ticket: the one `sent` to this client, or else the current one.
    pub(crate) fn decrypt(
        request: &'k ApReq<'_>,
        keys: &'k ServiceKeys<'_>,
        plain: &mut Decrypted,
        sent: Option<&Arc<Tgt>>,
        call: &AcceptCall<'_>,
    ) -> Result<TicketKey<'k>, Rejection> {
        let config = call.config;
        if let Some(kdc) = config.local_kdc.as_ref().filter(|kdc| kdc.issues(&request.ticket)) {
            let restrictions = config.service.restrictions(&config.policy);
            let keys = kdc.service_keys(request.ticket.sname.for_key_search(), restrictions)?;
            let entry = plain.decrypt_local_ticket(&request.ticket, keys, &config.policy)?;
            return Ok(TicketKey::Local(Box::new(entry)));
        }
        if !request.ap_options.contains(ApOptions::USE_SESSION_KEY) {
            return plain
                .decrypt_ticket(&request.ticket, keys, &call.config.policy)
                .map(TicketKey::Service);
        }
        let tgt = sent.map_or_else(|| user_to_user::current(call), |tgt| Ok(tgt.clone()))?;
        user_to_user::check_permitted(&tgt, call)?;
        plain.decrypt_user_to_user_ticket(&request.ticket, &tgt, &call.config.policy)?;
        Ok(TicketKey::Tgt(tgt))
    }
}

impl<'k> TicketKey<'k> {
    /// The key of the same ticket, which is for a client of `crealm`, under the entry that tells the
    /// service.
    pub(crate) fn of_service<'r>(
        self,
        request: &ApReq<'r>,
        keys: &'k ServiceKeys<'_>,
        crealm: &'r [u8],
    ) -> TicketKey<'k> {
        match self {
            TicketKey::Service(entry) => {
                let name = request.ticket.sname.for_key_search();
                TicketKey::Service(keys.service_of(entry, name.components(), crealm))
            }
            TicketKey::Tgt(_) | TicketKey::Local(_) => self,
        }
    }
}

impl TicketKey<'_> {
    /// Verifies the PAC signatures that the KDC made with the key.
    pub(crate) fn pac_keys(&self) -> &UsageKeys {
        match self {
            TicketKey::Service(entry) => entry.pac_keys(),
            TicketKey::Local(entry) => entry.pac_keys(),
            TicketKey::Tgt(tgt) => tgt.pac_keys(),
        }
    }

    /// The realm of the server.
    pub(crate) fn realm(&self) -> &[u8] {
        match self {
            TicketKey::Service(entry) => entry.realm.as_bytes(),
            TicketKey::Local(entry) => entry.realm.as_bytes(),
            TicketKey::Tgt(tgt) => tgt.realm(),
        }
    }

    /// The server's principal, in MIT's notation: the one that the key is stored under, possibly an
    /// account with several services.
    pub(crate) fn principal(&self) -> String {
        match self {
            TicketKey::Service(entry) => entry.principal(),
            TicketKey::Local(entry) => entry.principal(),
            TicketKey::Tgt(tgt) => tgt.principal(),
        }
    }

    /// The service principal name; `None` if several services may have the key.
    pub(crate) fn spn(&self) -> Option<String> {
        match self {
            TicketKey::Service(entry) if entry.identifies_service() => {
                Some(entry.components.join("/"))
            }
            TicketKey::Local(entry) => Some(entry.components.join("/")),
            TicketKey::Service(_) | TicketKey::Tgt(_) => None,
        }
    }

    /// Whether the key is the account's with this name, and so the key of all its services.
    pub(crate) fn is_of_account(&self, name: &ServiceName) -> bool {
        match self {
            TicketKey::Service(entry) => {
                entry.is_account() && name.matches(entry.name(), entry.realm.as_bytes())
            }
            TicketKey::Tgt(tgt) => tgt.is_account() && tgt.is_for(name),
            TicketKey::Local(_) => false,
        }
    }
}
