//! What a server demands of NTLM, and the names that it gives itself.

use crate::types::channel_bindings::Strictness;
use std::time::Duration;

/// Whether NTLM is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is.
    On,
    /// It is, and each logon is reported.
    Audit,
    /// It is not.
    Off,
}

/// Which kinds of response are accepted beside NTLMv2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResponsePolicy {
    /// LMv2 alone, without an NTLMv2 response.
    pub lmv2: bool,
    /// NTLMv1 (24-byte NT response), without extended session security.
    pub ntlmv1: bool,
    /// NTLMv1 with extended session security ("NTLM2 session response").
    pub ntlmv1_ess: bool,
    /// The LM response by itself.
    pub lm: bool,
}

/// `[ntlm]`, as far as the protocol is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whether it is spoken.
    pub mode: Mode,
    /// Responses accepted beside NTLMv2; none by default.
    pub responses: ResponsePolicy,
    /// Channel bindings ("Extended Protection"). With `WhenSent`, a client that sends some must
    /// match the caller's.
    pub channel_bindings: Strictness,
    /// `MsvAvTargetName`, the service's principal name that the client means.
    pub target_name: Strictness,
    /// Names allowed in `MsvAvTargetName`; empty: any service on one of this host's names.
    pub target_names: Vec<String>,
    /// Reject a client without NTLMSSP_NEGOTIATE_128.
    pub require_128: bool,
    /// Reject a client without NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY.
    pub require_extended_session_security: bool,
    /// Reject NTLMv2 without a MIC.
    pub require_mic: bool,
    /// How far the client's timestamp may lie from our clock; `None`: not checked.
    pub max_clock_skew: Option<Duration>,
    /// How long a CHALLENGE_MESSAGE can be answered.
    pub challenge_lifetime: Duration,
    /// Reject a null session (anonymous) even where the caller sets ASC_REQ_ALLOW_NULL_SESSION.
    pub refuse_null_session: bool,
}

/// `MaxLifetime` of Windows 7 and later ([MS-NLMP] 3.1.1.1, product behavior).
const MAX_LIFETIME: Duration = Duration::from_secs(36 * 60 * 60);

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            mode: Mode::On,
            responses: ResponsePolicy::default(),
            channel_bindings: Strictness::WhenSent,
            target_name: Strictness::Off,
            target_names: Vec::new(),
            require_128: false,
            require_extended_session_security: false,
            require_mic: false,
            max_clock_skew: Some(MAX_LIFETIME),
            challenge_lifetime: MAX_LIFETIME,
            refuse_null_session: false,
        }
    }
}

/// The server's names, which CHALLENGE_MESSAGE's target information carries ([MS-NLMP] 2.2.2.1).
#[derive(Debug, Clone, PartialEq)]
pub struct ServerNames {
    /// `MsvAvNbComputerName`.
    pub nb_computer: String,
    /// `MsvAvNbDomainName`; the computer's name outside a domain.
    pub nb_domain: String,
    /// `MsvAvDnsComputerName`.
    pub dns_computer: String,
    /// `MsvAvDnsDomainName`; left out when empty.
    pub dns_domain: String,
    /// `MsvAvDnsTreeName`; left out when empty.
    pub dns_tree: String,
    /// The server belongs to a domain: NTLMSSP_TARGET_TYPE_DOMAIN rather than _SERVER.
    pub in_domain: bool,
}

/// NetBIOS names have at most 15 characters ([MS-NBTE] 1.8).
const NETBIOS_NAME: usize = 15;

impl ServerNames {
    /// The names of a host outside a domain: `srv1.example.com` is SRV1 to NetBIOS, as Windows
    /// derives it.
    pub fn from_host_name(host: &str) -> ServerNames {
        let (label, domain) = host.split_once('.').unwrap_or((host, ""));
        let nb_computer: String =
            label.chars().take(NETBIOS_NAME).flat_map(char::to_uppercase).collect();
        let nb_computer = if nb_computer.is_empty() { "LOCALHOST".to_owned() } else { nb_computer };
        ServerNames {
            nb_domain: nb_computer.clone(),
            dns_computer: if host.is_empty() { "localhost".to_owned() } else { host.to_owned() },
            nb_computer,
            dns_domain: domain.to_owned(),
            dns_tree: String::new(),
            in_domain: false,
        }
    }

    /// The domain that the server is a member of; empty for none.
    pub fn own_domain(&self) -> &str {
        if self.in_domain { &self.nb_domain } else { "" }
    }

    /// The names of the same host as a member of a domain, where its account's name is its own.
    pub fn joined(self, domain: &str, realm: &str, machine_account: &str) -> ServerNames {
        let computer = machine_account.strip_suffix('$').unwrap_or(machine_account);
        let realm = realm.to_lowercase();
        let dns_computer = match self.dns_computer.contains('.') {
            true => self.dns_computer,
            false => format!("{}.{realm}", computer.to_lowercase()),
        };
        ServerNames {
            nb_computer: computer.to_uppercase(),
            nb_domain: domain.to_owned(),
            dns_computer,
            dns_domain: realm,
            in_domain: true,
            ..self
        }
    }
}
