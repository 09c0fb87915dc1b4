//! The service's side of a local realm: the keys of its tickets, and who their clients are now.

use super::keys::entry;
use super::reply::tie_of;
use super::{Kdc, Present};
use crate::kerberos::keytab::Entry;
use crate::kerberos::message::{EncTicketPart, PrincipalName, Ticket};
use crate::kerberos::service_name::ServiceName;
use crate::types::error::Result;
use subtle::ConstantTimeEq;

impl Kdc {
    /// Whether a ticket names this realm. Only keys of this realm open it then, and those open no
    /// other.
    pub(in crate::kerberos) fn issues(&self, ticket: &Ticket<'_>) -> bool {
        self.names.is_ours(ticket.realm.for_key_search())
    }

    /// The keys that may open a ticket of this realm, for a service that the restrictions permit.
    pub(in crate::kerberos) fn service_keys<'r>(
        &self,
        sname: PrincipalName<'_>,
        restrictions: impl Iterator<Item = &'r [ServiceName]>,
    ) -> Result<Vec<Entry>> {
        let Some(service) = self.names.service(sname.components()) else { return Ok(Vec::new()) };
        if !self.names.permitted(&service, restrictions) {
            return Ok(Vec::new());
        }
        let entry = |key| entry(self.names.name(), &service, key);
        self.keys.service(&service).map(|key| key.map(entry)).collect()
    }

    /// The client of a ticket of this realm, if the ticket was got with its present password and it
    /// is enabled.
    ///
    /// Errors: `NoAuthority` if the accounts cannot be read.
    pub(in crate::kerberos) fn client(
        &self,
        ticket: &EncTicketPart<'_>,
    ) -> Result<Option<Present>> {
        let (Some(tie), Some(user)) = (tie_of(ticket), self.names.user(&ticket.cname)) else {
            return Ok(None);
        };
        let present = self.accounts.present(user)?;
        Ok(present.filter(|present| bool::from(present.tie.ct_eq(&tie))))
    }
}
