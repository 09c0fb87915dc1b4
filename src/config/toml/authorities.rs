//! The table `[authorities]`.

use super::span::Span;
use crate::authority::{AuthorityKind, Options};
use crate::config::names::{Name, Names, values};
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AuthoritiesTable {
    order: Option<Vec<Name<AuthorityKind>>>,
    throttle: Option<Vec<Name<AuthorityKind>>>,
    throttle_after: Option<u32>,
    throttle_interval: Option<Span>,
    throttle_file: Option<PathBuf>,
}

fn kinds(names: Vec<Name<AuthorityKind>>, key: &str) -> Result<Vec<AuthorityKind>, String> {
    let kinds = values(names);
    match kinds.iter().enumerate().find(|(at, kind)| kinds[..*at].contains(kind)) {
        Some((_, twice)) => Err(format!("[authorities] {key} names {} twice", twice.name_of())),
        None => Ok(kinds),
    }
}

impl AuthoritiesTable {
    pub(crate) fn into_authorities(self) -> Result<Options, String> {
        let default = Options::default();
        let order = self.order.map_or(Ok(default.order), |names| kinds(names, "order"))?;
        if order.is_empty() {
            return Err("[authorities] order is empty".into());
        }
        Ok(Options {
            order,
            throttle: self
                .throttle
                .map_or(Ok(default.throttle), |names| kinds(names, "throttle"))?,
            throttle_after: self.throttle_after.unwrap_or(default.throttle_after).max(1),
            throttle_interval: self
                .throttle_interval
                .map_or(default.throttle_interval, |span| span.0),
            throttle_file: self.throttle_file,
            ..Options::default()
        })
    }
}
