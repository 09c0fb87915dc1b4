//! The table `[outbound]`.

use crate::config::names::Name;
use crate::config::{Outbound, OutboundProvider};
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OutboundTable {
    provider: Option<Name<OutboundProvider>>,
}

impl OutboundTable {
    pub(super) fn into_outbound(self) -> Outbound {
        let default = Outbound::default();
        Outbound { provider: self.provider.map_or(default.provider, |name| name.0) }
    }
}
