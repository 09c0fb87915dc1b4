//! The table `[export]`.

use super::span::Span;
use crate::export::Options;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExportTable {
    key_file: Option<PathBuf>,
    previous_key_file: Option<PathBuf>,
    audience: Option<String>,
    once_file: Option<PathBuf>,
    lifetime: Option<Span>,
}

impl ExportTable {
    pub(super) fn into_export(self) -> Options {
        let default = Options::default();
        let lifetime = self.lifetime.map_or(default.lifetime, |span| span.0);
        let ExportTable { key_file, previous_key_file, audience, once_file, .. } = self;
        Options { key_file, previous_key_file, audience, once_file, lifetime }
    }
}
