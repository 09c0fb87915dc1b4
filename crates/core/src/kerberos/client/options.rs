//! What a client asks KDCs for.

use crate::kerberos::crypto::Enctype;
use std::time::Duration;

/// What a client asks KDCs for, and what it accepts from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// The encryption types that are asked for, most preferred first. No other is accepted for a
    /// session key or a reply.
    pub enctypes: Vec<Enctype>,
    /// Whether tickets shall be forwardable.
    pub forwardable: bool,
    /// Whether tickets shall be proxiable.
    pub proxiable: bool,
    /// Whether the KDC may return other names than those asked for: aliases, and referrals to other
    /// realms (RFC 6806).
    pub canonicalize: bool,
    /// How long a ticket shall be valid.
    pub lifetime: Duration,
    /// How long a ticket shall be renewable; `None`: not at all.
    pub renew_lifetime: Option<Duration>,
    /// How far a KDC's clock may differ from ours before the difference is an error, or is learnt.
    pub max_clock_skew: Duration,
    /// PA-PAC-REQUEST ([MS-KILE] 2.2.3): whether tickets shall have a PAC; `None` leaves it to the
    /// KDC.
    pub request_pac: Option<bool>,
}

/// MIT's lifetimes and order of encryption types, without those that RFC 8429 deprecates; otherwise
/// what Windows' client asks for ([MS-KILE] 3.2.5.3).
impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            enctypes: vec![
                Enctype::Aes256Sha1,
                Enctype::Aes128Sha1,
                Enctype::Aes256Sha384,
                Enctype::Aes128Sha256,
            ],
            forwardable: true,
            proxiable: false,
            canonicalize: true,
            lifetime: Duration::from_secs(24 * 3600),
            renew_lifetime: Some(Duration::from_secs(7 * 24 * 3600)),
            max_clock_skew: Duration::from_secs(300),
            request_pac: None,
        }
    }
}

impl ClientOptions {
    /// The numbers of the encryption types, for a request.
    pub fn etype_numbers(&self) -> Vec<i32> {
        self.enctypes.iter().map(|enctype| enctype.number()).collect()
    }
}
