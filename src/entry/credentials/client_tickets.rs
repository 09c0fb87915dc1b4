//! The Kerberos tickets of credentials for outbound use.

use super::auth_data::AuthData;
use crate::kerberos::Principal;
use crate::kerberos::keytab::Keytab;
use crate::server::Configuration;
use crate::stores::client_keytab;
use crate::tickets::Tickets;
use crate::types::error::Result;
use std::sync::Arc;

/// The tickets of the client that `data` names, or else of the user who runs the process. `None` if
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
        (None, None) => Ok(Tickets::of_user(environment)),
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

/// The client of packed credentials: the one with this name, or the keytab's first.
fn client_of(
    keytab: &Keytab,
    name: &str,
) -> Option<(Principal, Vec<(u32, crate::kerberos::crypto::Key)>)> {
    let is_meant = |principal: &Principal| {
        let text = principal.to_text();
        let user = text.split('@').next().unwrap_or_default();
        name.is_empty() || text.eq_ignore_ascii_case(name) || user.eq_ignore_ascii_case(name)
    };
    let client = client_keytab::clients(keytab).into_iter().find(|one| is_meant(&one.principal))?;
    Some((client.principal, client.keys.into_iter().map(|key| (0, key)).collect()))
}
