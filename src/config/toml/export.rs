//! The table `[export]`.

use super::Span;
use crate::config::Export;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ExportTable {
    key_file: Option<PathBuf>,
    lifetime: Option<Span>,
}

impl ExportTable {
    /// The settings, and the key file as it is named.
    pub(crate) fn into_export(self) -> (Export, Option<PathBuf>) {
        let default = Export::default();
        let lifetime = self.lifetime.map_or(default.lifetime, |span| span.0);
        (Export { lifetime, ..default }, self.key_file)
    }
}
