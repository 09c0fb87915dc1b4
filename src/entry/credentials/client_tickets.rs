//! The Kerberos tickets of credentials for outbound use.

use super::auth_data::AuthData;
use crate::access_token::{self, ActAs, Acting};
use crate::kerberos::Principal;
use crate::kerberos::crypto::Key;
use crate::kerberos::keytab::Keytab;
use crate::platform;
use crate::server::Configuration;
use crate::stores::client_keytab;
use crate::tickets::Tickets;
use crate::types::error::{Error, Result};
use std::sync::Arc;

/// The tickets of the client that `data` names; else of the client that the calling thread
/// impersonates, with what that has delegated; else of the user who runs the process. `None` if
/// Kerberos cannot be used: the reason is logged.
pub(super) fn of(data: &AuthData, configuration: &Configuration) -> Option<Arc<Tickets>> {
    let environment = configuration.client_environment();
    let tickets = match (&data.keytab, &data.identity) {
        (Some(keytab), identity) => {
            let name = identity.as_ref().map(|identity| identity.user.as_str());
            let (client, keys) = client_of(keytab, name.unwrap_or_default())?;
            Ok(Tickets::with_keys(client, keys, environment))
        }
        (None, Some(identity)) => Tickets::with_password(identity, environment),
        (None, None) => match access_token::acting() {
            Acting::Server => Ok(Tickets::of_user(environment)),
            Acting::Client(Some(client)) => acting_as(&client, configuration),
            // Never the server's own tickets.
            Acting::Client(None) => {
                Err(Error::NoCredentials("the impersonated client has delegated none"))
            }
        },
    };
    let tickets: Result<Tickets> = tickets;
    match tickets {
        Ok(tickets) => Some(Arc::new(tickets)),
        Err(error) => {
            tracing::debug!(%error, "credentials: no Kerberos for this client");
            None
        }
    }
}

/// The tickets with which a server acts as a client.
///
/// Errors: `NoCredentials`: the server has no valid ticket of its own, for constrained delegation, or
/// the account is not one of its domain.
pub(super) fn acting_as(client: &ActAs, configuration: &Configuration) -> Result<Tickets> {
    let environment = configuration.client_environment();
    let tgt = configuration.tgt_for_delegation(platform::now());
    match client {
        ActAs::Delegated(delegated) => {
            Tickets::delegated(&delegated.ccache(tgt.as_deref())?, environment)
        }
        ActAs::Account { user, domain } => {
            let tgt = tgt.ok_or(Error::NoCredentials(
                "no valid ticket-granting ticket of the server, for constrained delegation",
            ))?;
            Tickets::on_behalf_of(user, domain, &tgt, environment)
        }
    }
}

/// The client of packed credentials: the one with this name, or the keytab's first.
fn client_of(keytab: &Keytab, name: &str) -> Option<(Principal, Vec<(u32, Key)>)> {
    let is_meant = |principal: &Principal| {
        let text = principal.to_text();
        let user = text.split('@').next().unwrap_or_default();
        name.is_empty() || text.eq_ignore_ascii_case(name) || user.eq_ignore_ascii_case(name)
    };
    let client = client_keytab::clients(keytab).into_iter().find(|one| is_meant(&one.principal))?;
    Some((client.principal, client.keys.into_iter().map(|key| (0, key)).collect()))
}
