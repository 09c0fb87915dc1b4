//! Where the keys that are not the credential's own come from.

use super::keytab::Keytab;
use super::tgt::Tgt;
use std::fmt;
use std::sync::Arc;

/// Keys and tickets of the machine. Asked at each step, so that a rolled key counts at once; an
/// answer should cost no more than an atomic load.
pub trait KeySource: fmt::Debug + Send + Sync {
    /// The configured keytab: its keys open tickets, unless the credential brings its own. `None`:
    /// none is configured.
    fn service(&self) -> Option<Arc<Keytab>>;

    /// The keytab with the KDC's own keys (`krbtgt`), for the KDC's signatures in a PAC. `None`:
    /// none is configured, and these signatures are not verified.
    fn kdc(&self) -> Option<Arc<Keytab>>;

    /// The server's own ticket-granting ticket, for user-to-user authentication; it may have
    /// expired.
    fn tgt(&self) -> Option<Arc<Tgt>>;
}
