//! The table `[authorities]`.

use super::Span;
use crate::authority::{AuthorityKind, Options};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AuthoritiesTable {
    order: Option<Vec<KindName>>,
    throttle: Option<Vec<KindName>>,
    throttle_after: Option<u32>,
    throttle_longest: Option<Span>,
}

struct KindName(AuthorityKind);

impl<'de> Deserialize<'de> for KindName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KindName, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = AuthorityKind::ALL.iter().find(|kind| kind.name() == name);
        found.map(|kind| KindName(*kind)).ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Str(&name), &"the name of an authority")
        })
    }
}

fn kinds(names: Vec<KindName>, key: &str) -> Result<Vec<AuthorityKind>, String> {
    let kinds: Vec<AuthorityKind> = names.into_iter().map(|name| name.0).collect();
    match kinds.iter().enumerate().find(|(at, kind)| kinds[..*at].contains(kind)) {
        Some((_, twice)) => Err(format!("[authorities] {key} names {} twice", twice.name())),
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
            throttle_longest: self.throttle_longest.map_or(default.throttle_longest, |span| span.0),
        })
    }
}
