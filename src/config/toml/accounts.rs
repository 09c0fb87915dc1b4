//! The table `[accounts]`.

use crate::config::Accounts;
use crate::stores::machine_sid::of_accounts;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AccountsTable {
    file: Option<PathBuf>,
    domain: Option<String>,
    strict_domain: Option<bool>,
    details: Option<PathBuf>,
    sid: Option<String>,
    sid_file: Option<PathBuf>,
}

impl AccountsTable {
    pub(super) fn into_accounts(self) -> Result<Accounts, String> {
        if self.sid.is_some() && self.sid_file.is_some() {
            return Err("[accounts] has both sid and sid_file".into());
        }
        let sid = self.sid.as_deref().map(of_accounts).transpose();
        Ok(Accounts {
            file: self.file,
            domain: self.domain,
            strict_domain: self.strict_domain.unwrap_or(false),
            details: self.details,
            sid: sid.map_err(|why| format!("[accounts] sid is {why}"))?,
            sid_file: self.sid_file,
        })
    }
}
