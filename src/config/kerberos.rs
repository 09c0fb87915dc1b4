//! `[kerberos]`.

use crate::kerberos::crypto::Enctype;
use crate::kerberos::name_mapping::NameRules;
use crate::kerberos::{KeytabFile, ServiceName, TgtFile};
use crate::stores::replay_cache::ReplayCacheKind;
use crate::types::channel_bindings::Strictness;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// `[kerberos]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Kerberos {
    /// The keytab whose keys open tickets, unless the caller's identity brings its own.
    pub keytab: Option<Arc<KeytabFile>>,
    /// Service principals that tickets may be for; empty: any that there is a key for. Written as
    /// `pszPrincipal` is.
    pub principals: Vec<ServiceName>,
    /// The realm of a service password that comes without one; empty: the DNS domain in capitals.
    pub realm: String,
    /// Encryption types that are accepted, for tickets as for session keys, preferred first.
    pub enctypes: Vec<Enctype>,
    /// How far the client's clock may be from ours. Tickets are good that much longer and earlier,
    /// and the replay cache remembers for twice as long.
    pub max_clock_skew: Duration,
    /// Where it is kept what has been presented already.
    pub replay_cache: ReplayCacheKind,
    /// The file of [`ReplayCacheKind::File`]; `None`: the one that MIT's library would use.
    pub replay_cache_file: Option<PathBuf>,
    /// Authenticators that the replay cache in memory holds at most.
    pub replay_cache_entries: u32,
    /// Channel bindings. With `WhenSent`, a client that sends some must match the caller's.
    pub channel_bindings: Strictness,
    /// What is done with a ticket that is for certain network addresses alone.
    pub addresses: Addresses,
    /// What clients are called who are not called by their domain or realm.
    pub names: NameRules,
    /// Refuse a ticket without a PAC.
    pub require_pac: bool,
    /// A keytab with the KDC's own key (`krbtgt`), for the KDC's signatures in a PAC. Few have one.
    pub krbtgt_keytab: Option<Arc<KeytabFile>>,
    /// Take the credentials that a client forwards, where the caller asks for ASC_REQ_DELEGATE.
    pub delegation: bool,
    /// A credential cache with the server's own ticket-granting ticket, for user-to-user tickets.
    pub tgt_ccache: Option<Arc<TgtFile>>,
}

/// What is done with the addresses in a ticket (`caddr`, RFC 4120 5.3). The client's own address is
/// the initiator's in the caller's channel bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Nothing.
    Ignore,
    /// The client's must be among them if the caller tells it.
    WhenKnown,
    /// The client's must be among them, so a caller who tells none lets in nobody with such a
    /// ticket.
    Require,
}

impl Kerberos {
    /// The encryption type is accepted.
    pub fn allows(&self, enctype: Enctype) -> bool {
        self.enctypes.contains(&enctype)
    }
}

impl Default for Kerberos {
    fn default() -> Kerberos {
        Kerberos {
            keytab: None,
            principals: Vec::new(),
            realm: String::new(),
            enctypes: vec![
                Enctype::Aes256Sha1,
                Enctype::Aes128Sha1,
                Enctype::Aes256Sha384,
                Enctype::Aes128Sha256,
            ],
            max_clock_skew: Duration::from_secs(5 * 60),
            replay_cache: ReplayCacheKind::Memory,
            replay_cache_file: None,
            replay_cache_entries: 1 << 22,
            channel_bindings: Strictness::WhenSent,
            addresses: Addresses::WhenKnown,
            names: NameRules::default(),
            require_pac: false,
            krbtgt_keytab: None,
            delegation: true,
            tgt_ccache: None,
        }
    }
}
