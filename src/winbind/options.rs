//! What `[winbind]` configures.

use std::path::PathBuf;
use std::time::Duration;

/// `[winbind]`: the machine's winbindd validates logons of its domain's accounts.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How it is reached.
    pub way: WinbindWay,
    /// The program, for [`WinbindWay::NtlmAuth`].
    pub ntlm_auth: PathBuf,
    /// Concurrent logons.
    pub helpers: usize,
    /// How long one logon may take.
    pub timeout: Duration,
    /// Samba's configuration file, if not Samba's default.
    pub smb_conf: Option<PathBuf>,
    /// The domain of clients that name none: `[server] netbios_domain`. winbindd does not guess it.
    pub domain: String,
}

/// `[winbind] use`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WinbindWay {
    /// winbindd's own client library, loaded on first use.
    Libwbclient,
    /// Processes of `ntlm_auth --helper-protocol=ntlm-server-1`.
    NtlmAuth,
}

impl WinbindWay {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            WinbindWay::Libwbclient => "libwbclient",
            WinbindWay::NtlmAuth => "ntlm_auth",
        }
    }
}
