//! The table `[accounts]`.

use super::Named;
use crate::authority::MachineSid;
use crate::config::Accounts;
use crate::stores::machine_sid::of_accounts as machine_sid;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AccountsTable {
    file: Option<PathBuf>,
    domain: Option<String>,
    strict_domain: Option<bool>,
    details: Option<PathBuf>,
    sid: Option<String>,
    sid_file: Option<PathBuf>,
}

impl AccountsTable {
    /// The settings, and the files that they name, which the caller opens.
    pub(crate) fn into_accounts(self, named: &mut Named) -> Result<Accounts, String> {
        if self.sid.is_some() && self.sid_file.is_some() {
            return Err("[accounts] has both sid and sid_file".into());
        }
        let sid = self
            .sid
            .as_deref()
            .map(machine_sid)
            .transpose()
            .map_err(|why| format!("[accounts] sid is {why}"))?;
        (named.accounts, named.details, named.sid_file) = (self.file, self.details, self.sid_file);
        Ok(Accounts {
            file: None,
            domain: self.domain,
            strict_domain: self.strict_domain.unwrap_or(false),
            details: None,
            machine_sid: Arc::new(sid.map(MachineSid::given).unwrap_or_default()),
        })
    }
}
