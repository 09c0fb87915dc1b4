//! The table `[winbind]`.

use super::timeout;
use crate::config::names::Name;
use crate::winbind::{Options, WinbindWay};
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WinbindTable {
    #[serde(rename = "use")]
    way: Name<WinbindWay>,
    ntlm_auth: Option<PathBuf>,
    helpers: Option<usize>,
    timeout_ms: Option<u64>,
    smb_conf: Option<PathBuf>,
}

const NTLM_AUTH: &str = "/usr/bin/ntlm_auth";
const DEFAULT_HELPERS: usize = 4;
/// winbindd itself judges few at a time.
const MOST_HELPERS: usize = 64;

impl WinbindTable {
    /// The settings. `domain` is the one that the server is a member of.
    pub(crate) fn into_winbind(self, domain: &str) -> Result<Options, String> {
        if cfg!(not(unix)) {
            return Err("[winbind] is for Linux and its kin; elsewhere [domain] asks the domain controllers".into());
        }
        let timeout = timeout("winbind", self.timeout_ms)?;
        let helpers = self.helpers.unwrap_or(DEFAULT_HELPERS);
        if !(1..=MOST_HELPERS).contains(&helpers) {
            return Err(format!("[winbind] helpers is outside 1 to {MOST_HELPERS}"));
        }
        let absolute = |key: &str, path: PathBuf| match path.is_absolute() {
            true => Ok(path),
            false => Err(format!("[winbind] {key} is not an absolute path")),
        };
        Ok(Options {
            way: self.way.0,
            ntlm_auth: absolute("ntlm_auth", self.ntlm_auth.unwrap_or_else(|| NTLM_AUTH.into()))?,
            helpers,
            timeout,
            smb_conf: self.smb_conf.map(|path| absolute("smb_conf", path)).transpose()?,
            domain: domain.to_owned(),
        })
    }
}
