//! The source of keys that are not part of the credential.

use super::keytab::Keytab;
use super::tgt::Tgt;
use std::fmt;
use std::sync::Arc;

/// The keys and tickets of the machine. Asked at each step, so that changed keys take effect
/// immediately; an answer should cost no more than an atomic load.
pub trait KeySource: fmt::Debug + Send + Sync {
    /// The configured keytab. Its keys decrypt tickets unless the credential has keys. `None` if
    /// none is configured.
    fn service(&self) -> Option<Arc<Keytab>>;

    /// The keytab with the KDC's keys (`krbtgt`), for the KDC's signatures in a PAC. `None` if none
    /// is configured; these signatures are not verified then.
    fn kdc(&self) -> Option<Arc<Keytab>>;

    /// The server's ticket-granting ticket for user-to-user authentication and constrained
    /// delegation, possibly expired.
    fn tgt(&self) -> Option<Arc<Tgt>>;
}
