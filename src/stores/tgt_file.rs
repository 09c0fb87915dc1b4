//! A watched credential cache with the server's ticket-granting ticket.

use crate::kerberos::Tgt;
use crate::runtime::watched_file::{Content, Format, Problem, WatchedFile};
use std::sync::Arc;

/// A credential cache with the server's ticket-granting ticket, read again when it has changed: the
/// ticket is renewed by another program. `None` if it has none.
pub type TgtFile = WatchedFile<TgtFormat>;

/// The format of a [`TgtFile`].
#[derive(Debug, Default)]
pub struct TgtFormat;

impl Format for TgtFormat {
    type Value = Option<Arc<Tgt>>;
    const WHAT: &'static str = "credential cache";

    fn read(
        &self,
        content: &Content<'_>,
        _previous: Option<&Self::Value>,
    ) -> Result<Self::Value, String> {
        Tgt::from_ccache(content.bytes)
            .map(|tgt| Some(Arc::new(tgt)))
            .map_err(|error| error.to_string())
    }

    fn without(&self, _problem: Option<&Problem>) -> Self::Value {
        None
    }
}
