//! `[winbind]`.

use std::path::PathBuf;
use std::time::Duration;

/// `[winbind]`: the machine's winbindd judges the logons of its domain's accounts.
#[derive(Debug, Clone, PartialEq)]
pub struct Winbind {
    /// How it is asked.
    pub way: WinbindWay,
    /// The program, for [`WinbindWay::NtlmAuth`].
    pub ntlm_auth: PathBuf,
    /// Logons that are judged at a time.
    pub helpers: usize,
    /// How long one logon may take.
    pub timeout: Duration,
    /// Samba's configuration, if it is another than its own default.
    pub smb_conf: Option<PathBuf>,
    /// The domain of who names none: `[server] netbios_domain`. winbindd refuses to guess.
    pub domain: String,
}

/// `[winbind] use`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WinbindWay {
    /// winbindd's own client library, loaded when it is first needed.
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
