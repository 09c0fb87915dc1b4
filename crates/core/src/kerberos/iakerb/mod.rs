//! IAKERB: a KDC's messages within the tokens of GSS-API, draft-ietf-kitten-iakerb-03.
//!
//! There are two dialects. That of the draft, spoken by Windows and by MIT's library from 1.22 on, has
//! GSS-API's frame around every token. The one of the older draft-zhu-ws-kerb, MIT's before that, has
//! it around the first only, and another type for the realm's name.

mod acceptor;
mod token;

pub use super::finished::Dialect;
pub use acceptor::Acceptor;
pub use token::{Header, RelayToken};
