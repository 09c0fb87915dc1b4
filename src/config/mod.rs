//! The configuration: a TOML file and the environment, read into [`Settings`] once and again when
//! the file changes.

mod defaults;
mod kerberos;
mod render;
pub(crate) mod toml;

pub use crate::server::current::{Environment, Store};
pub use kerberos::{Addresses, Kerberos};

use crate::authority::{self, AccountFile, DetailsFile, MachineSid, ResponsePolicy};
use crate::stores::own_accounts::OwnAccounts;
use crate::types::channel_bindings::Strictness;
use crate::types::error::{Error, Result};
use crate::{access_token, export};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A consistent snapshot of everything configurable. Immutable; replaced as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Who this server is.
    pub server: Server,
    /// `[negotiate]`.
    pub negotiate: Negotiate,
    /// `[kerberos]`.
    pub kerberos: Kerberos,
    /// `[ntlm]`.
    pub ntlm: Ntlm,
    /// `[limits]`.
    pub limits: Limits,
    /// `[accounts]`.
    pub accounts: Accounts,
    /// `[authorities]`.
    pub authorities: authority::Options,
    /// `[domain]`, if there is one.
    pub domain: Option<Arc<crate::domain::Domain>>,
    /// `[winbind]`, if there is one.
    pub winbind: Option<Arc<crate::winbind::Winbind>>,
    /// `[tokens]`.
    pub tokens: access_token::Options,
    /// `[export]`.
    pub export: export::Options,
    /// Why the configuration that was written is not in force: its file could not be read or
    /// understood when the process started. Nobody is let in then, because what was written may be
    /// stricter than the defaults.
    pub defect: Option<String>,
}

impl Settings {
    /// The names of the machine's own accounts.
    pub fn own_accounts(&self) -> OwnAccounts<'_> {
        OwnAccounts { domain: self.accounts.domain.as_deref(), computer: &self.server.nb_computer }
    }

    /// Refuses while the configuration that was written is not in force.
    pub fn usable(&self) -> Result<()> {
        match self.defect {
            None => Ok(()),
            Some(_) => Err(Error::NoAuthority(
                "the configuration file could not be read when the process started",
            )),
        }
    }
}

/// `[server]`: the names that CHALLENGE_MESSAGE's target information carries ([MS-NLMP] 2.2.2.1).
/// Each has a default from the host's own name.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
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

/// `[negotiate]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Negotiate {
    /// Mechanisms that may be negotiated at all, preferred first.
    pub mechanisms: Vec<crate::mechanism::Mechanism>,
    /// How long an established context lives; `None`: for ever.
    pub context_lifetime: Option<Duration>,
    /// Answer SEC_I_COMPLETE_NEEDED / SEC_I_COMPLETE_AND_CONTINUE and finish the token in
    /// CompleteAuthToken, as packages such as Digest do, so that a server's path for them can be
    /// exercised.
    pub complete_auth_token: bool,
}

/// Whether NTLM is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NtlmMode {
    /// It is.
    On,
    /// It is, and who uses it is told.
    Audit,
    /// It is not.
    Off,
}

/// `[ntlm]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Ntlm {
    /// Whether it is spoken.
    pub mode: NtlmMode,
    /// A file that gets a line for each logon.
    pub audit_file: Option<PathBuf>,
    /// Users who may come by NTLM, `DOMAIN\\user` or `user`; empty: everybody.
    pub users: Vec<String>,
    /// Domains whose users may; empty: all.
    pub domains: Vec<String>,
    /// Workstations, as clients call themselves, or addresses, that they may come from; empty: all.
    pub workstations: Vec<String>,
    /// Responses let in beside NTLMv2; none by default.
    pub responses: ResponsePolicy,
    /// Channel bindings ("Extended Protection"). With `WhenSent`, a client that sends some must
    /// match the caller's.
    pub channel_bindings: Strictness,
    /// `MsvAvTargetName`, the service's principal name that the client means.
    pub target_name: Strictness,
    /// Names allowed in `MsvAvTargetName`; empty: any service on one of this host's names.
    pub target_names: Vec<String>,
    /// Refuse a client without NTLMSSP_NEGOTIATE_128.
    pub require_128: bool,
    /// Refuse a client without NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY.
    pub require_extended_session_security: bool,
    /// Refuse NTLMv2 without a MIC.
    pub require_mic: bool,
    /// How far the client's timestamp may lie from our clock; `None`: not checked.
    pub max_clock_skew: Option<Duration>,
    /// How long a CHALLENGE_MESSAGE can be answered.
    pub challenge_lifetime: Duration,
    /// Let in nobody (anonymous) even where the caller sets ASC_REQ_ALLOW_NULL_SESSION.
    pub refuse_null_session: bool,
}

/// `[limits]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Contexts that may exist at a time.
    pub contexts: u32,
    /// Credentials that may exist at a time.
    pub credentials: u32,
    /// Longest token accepted, in bytes (`cbMaxToken` is this).
    pub max_token: u32,
}

/// `[accounts]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accounts {
    /// The smbpasswd(5) file.
    pub file: Option<Arc<AccountFile>>,
    /// The domain that the file's accounts belong to. CHALLENGE_MESSAGE names it too unless
    /// `[server]` says otherwise.
    pub domain: Option<String>,
    /// Refuse a client that names another domain than the accounts', the machine's own or none.
    /// Windows outside a domain tries the account of that name whatever the domain, and so do we by
    /// default.
    pub strict_domain: bool,
    /// What is known of the accounts besides their passwords.
    pub details: Option<Arc<DetailsFile>>,
    /// The SID under which those of the machine's own accounts lie.
    pub machine_sid: Arc<MachineSid>,
}

/// What a configuration file of this text would set, the files that it names aside, which are not
/// opened. The error is one line and begins with the line number where there is one.
pub fn parse(text: &str) -> Result<Settings, String> {
    toml::parse(text).map(|parsed| parsed.settings)
}

/// The settings in force. Cheap: an atomic load, and at most once a second a look at the file's
/// time.
pub fn current() -> Arc<Settings> {
    Store::global().current()
}
