//! NTLM's policy, and the names of the server.

use crate::types::channel_bindings::Strictness;
use std::time::Duration;

/// Whether NTLM is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Enabled.
    On,
    /// Enabled, and each logon is audited.
    Audit,
    /// Disabled.
    Off,
}

/// The kinds of response accepted besides NTLMv2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResponsePolicy {
    /// LMv2 without an NTLMv2 response.
    pub lmv2: bool,
    /// NTLMv1 (24-byte NT response), without extended session security.
    pub ntlmv1: bool,
    /// NTLMv1 with extended session security ("NTLM2 session response").
    pub ntlmv1_ess: bool,
    /// LM without an NT response.
    pub lm: bool,
    /// NTLMv1 as part of MS-CHAPv2 (RFC 2759, 8.5), where the program says that it is. No NTLM
    /// exchange is.
    pub mschapv2: bool,
}

/// The options of `[ntlm]` that the protocol needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whether NTLM is enabled.
    pub mode: Mode,
    /// Responses accepted besides NTLMv2; none by default.
    pub responses: ResponsePolicy,
    /// Channel bindings ("Extended Protection"). With `WhenSent`, bindings sent by a client must
    /// match the caller's.
    pub channel_bindings: Strictness,
    /// `MsvAvTargetName`, the service principal name that the client addresses.
    pub target_name: Strictness,
    /// Names permitted in `MsvAvTargetName`; if empty, any service on one of this host's names.
    pub target_names: Vec<String>,
    /// Whether to reject clients without NTLMSSP_NEGOTIATE_128.
    pub require_128: bool,
    /// Whether to reject clients without NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY.
    pub require_extended_session_security: bool,
    /// Whether to reject NTLMv2 without a MIC.
    pub require_mic: bool,
    /// Whether to reject NTLMv2 that does not return the target information of CHALLENGE_MESSAGE
    /// unchanged. A client that has received no `MsvAvTimestamp` sends no MIC.
    pub require_target_info: bool,
    /// Whether to reject clients with the acceptor's own MachineID: messages of this process that
    /// somebody sends back to it. Its own clients may name this service in `MsvAvTargetName`.
    pub loopback_check: bool,
    /// The greatest permitted difference between the client's timestamp and the local clock;
    /// `None`: not checked.
    pub max_clock_skew: Option<Duration>,
    /// How long after a CHALLENGE_MESSAGE its answer is accepted.
    pub challenge_lifetime: Duration,
    /// Whether to reject null sessions (anonymous) even if the caller sets
    /// ASC_REQ_ALLOW_NULL_SESSION.
    pub refuse_null_session: bool,
}

/// The default of `MaxLifetime` since Windows 7 ([MS-NLMP] 3.1.1.1, product behavior).
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
            require_target_info: true,
            loopback_check: true,
            max_clock_skew: Some(MAX_LIFETIME),
            challenge_lifetime: MAX_LIFETIME,
            refuse_null_session: false,
        }
    }
}

/// The server's names in the target information of CHALLENGE_MESSAGE ([MS-NLMP] 2.2.2.1).
#[derive(Debug, Clone, PartialEq)]
pub struct ServerNames {
    /// `MsvAvNbComputerName`.
    pub nb_computer: String,
    /// `MsvAvNbDomainName`; outside a domain, the computer's name.
    pub nb_domain: String,
    /// `MsvAvDnsComputerName`.
    pub dns_computer: String,
    /// `MsvAvDnsDomainName`; omitted if empty.
    pub dns_domain: String,
    /// `MsvAvDnsTreeName`; omitted if empty.
    pub dns_tree: String,
    /// Whether the server belongs to a domain: NTLMSSP_TARGET_TYPE_DOMAIN instead of _SERVER.
    pub in_domain: bool,
}

/// The maximum length of NetBIOS names, in characters ([MS-NBTE] 1.8).
const NETBIOS_NAME: usize = 15;

impl ServerNames {
    /// The names of a host outside a domain. As in Windows, the NetBIOS name of `srv1.example.com`
    /// is SRV1.
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

    /// The domain that the server is a member of; empty outside a domain.
    pub fn own_domain(&self) -> &str {
        if self.in_domain { &self.nb_domain } else { "" }
    }

    /// The names of the same host as member of a domain, with the name of its machine account.
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
