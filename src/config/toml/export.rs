//! The table `[export]`.

use super::Span;
use crate::export::Options;
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
    pub(crate) fn into_export(self) -> (Options, Option<PathBuf>) {
        let default = Options::default();
        let lifetime = self.lifetime.map_or(default.lifetime, |span| span.0);
        (Options { lifetime, ..default }, self.key_file)
    }
}
