//! The table `[negotiate]`.

use super::span::Limit;
use crate::config::Negotiate;
use crate::config::names::{Name, values};
use crate::mechanism::Mechanism;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NegotiateTable {
    mechanisms: Option<Vec<Name<Mechanism>>>,
    initiate: Option<Vec<Name<Mechanism>>>,
    context_lifetime: Option<Limit>,
    complete_auth_token: Option<bool>,
}

impl NegotiateTable {
    pub(super) fn into_negotiate(self) -> Result<Negotiate, String> {
        let default = Negotiate::default();
        let mechanisms = match self.mechanisms {
            None => default.mechanisms,
            Some(names) if names.is_empty() => return Err("[negotiate] mechanisms is empty".into()),
            Some(names) => values(names),
        };
        Ok(Negotiate {
            mechanisms,
            initiate: self.initiate.map(values),
            context_lifetime: self
                .context_lifetime
                .map_or(default.context_lifetime, |limit| limit.0),
            complete_auth_token: self.complete_auth_token.unwrap_or(default.complete_auth_token),
        })
    }
}
