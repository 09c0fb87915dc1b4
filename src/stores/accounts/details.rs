//! What is known of accounts besides their passwords: a TOML file that stands beside the account
//! file, whose format has no room for it.
//!
//! ```toml
//! [groups]                     # SIDs of groups; a group that is not listed has one by its name
//! staff = "S-1-5-21-1-2-3-1201"
//!
//! [[account]]
//! name = "alice"
//! sid = "S-1-5-21-1-2-3-1104"  # else one by the name
//! groups = ["staff", "S-1-5-32-551"]
//! primary_group = "staff"
//! full_name = "Alice Liddell"
//! upn = "alice@example.com"
//! ```

use crate::authority::MachineSid;
use crate::config::{Settings, from_toml};
use crate::principal::{AccountInfo, Origin, Origins, Principal, SidAndAttributes, attributes};
use crate::runtime::watched_file::{Content, Problem, Source, Watched};
use crate::stores::derived_sid;
use crate::types::account_name;
use crate::types::error::Error;
use crate::types::sid::Sid;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, hash_map};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The details of one version of a file.
#[derive(Debug, Default)]
pub struct Details {
    by_name: HashMap<Box<str>, Arc<AccountInfo>>,
    /// Why there is no file to take them from.
    pub problem: Option<Problem>,
}

impl Details {
    /// Reads a file's text. `machine` is where SIDs by names lie.
    ///
    /// The error is one line, and begins with the line number where there is one.
    pub fn parse(text: &str, machine: &MachineSid) -> Result<Details, String> {
        let document: Document = from_toml(text)?;
        let groups = Groups { listed: document.groups, machine };
        let mut by_name = HashMap::new();
        for account in document.account {
            let name = account.name.clone();
            match by_name.entry(account_name::fold(&name).into()) {
                hash_map::Entry::Occupied(_) => return Err(format!("{name} stands there twice")),
                hash_map::Entry::Vacant(free) => {
                    free.insert(Arc::new(
                        account.facts(&groups).map_err(|why| format!("{name}: {why}"))?,
                    ));
                }
            }
        }
        Ok(Details { by_name, problem: None })
    }

    /// What is known of the account of that name, in any letter case.
    pub fn get(&self, name: &str) -> Option<&Arc<AccountInfo>> {
        self.by_name.get(&*account_name::fold(name))
    }

    /// The number of accounts.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// There is no account.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

/// The client with what the file of details says of it, if it is a user of this machine's own of
/// whom nobody has said more.
///
/// Errors: `NoAuthority` if there is such a file and it cannot be used: a group that is not known
/// may be one that is kept out.
pub fn complete(client: Principal, settings: &Settings) -> Result<Principal, Error> {
    let Some(file) = &settings.accounts.details else { return Ok(client) };
    if client.account.is_some() || client.anonymous || !settings.own_accounts().contain(&client) {
        return Ok(client);
    }
    let details = file.0.peek();
    if details.problem.is_some() {
        return Err(Error::NoAuthority("the file of account details cannot be read"));
    }
    let Some(facts) = details.get(&client.user) else { return Ok(client) };
    let sid = if facts.sid.is_some() { Origin::AccountDetails } else { client.origins.sid };
    let origins = Origins { sid, info: Origin::AccountDetails, ..client.origins };
    Ok(Principal { account: Some(facts.clone()), origins, ..client })
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Document {
    groups: BTreeMap<String, String>,
    account: Vec<AccountTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountTable {
    name: String,
    sid: Option<String>,
    primary_group: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    full_name: String,
    #[serde(default)]
    upn: String,
}

impl AccountTable {
    fn facts(self, groups: &Groups<'_>) -> Result<AccountInfo, String> {
        let primary_group = self.primary_group.map(|name| groups.sid(&name)).transpose()?;
        let mut sids =
            self.groups.iter().map(|name| groups.sid(name)).collect::<Result<Vec<_>, _>>()?;
        sids.extend(primary_group.filter(|primary| !sids.contains(primary)));
        Ok(AccountInfo {
            sid: self.sid.as_deref().map(explicit).transpose()?,
            primary_group,
            groups: sids
                .into_iter()
                .map(|sid| SidAndAttributes { sid, attributes: attributes::MEMBER })
                .collect(),
            full_name: self.full_name,
            upn: self.upn,
            ..AccountInfo::default()
        })
    }
}

struct Groups<'a> {
    listed: BTreeMap<String, String>,
    machine: &'a MachineSid,
}

impl Groups<'_> {
    /// A group by its SID, or by its name: the listed SID, or the one that its name gives.
    fn sid(&self, group: &str) -> Result<Sid, String> {
        if let Ok(sid) = group.parse() {
            return Ok(sid);
        }
        if group.is_empty() {
            return Err("a group without a name".into());
        }
        match self.listed.iter().find(|(name, _)| account_name::same(name, group)) {
            Some((_, sid)) => explicit(sid),
            None => {
                let machine = self.machine.get().ok_or_else(|| {
                    format!("no machine SID to make one of for the group {group}")
                })?;
                derived_sid::of_group(&machine, group)
                    .ok_or_else(|| format!("no SID for the group {group}"))
            }
        }
    }
}

fn explicit(text: &str) -> Result<Sid, String> {
    text.parse().map_err(|_| format!("{text} is not a SID"))
}

/// A file of details that is watched.
#[derive(Debug)]
pub struct DetailsFile(Watched<Format>);

impl DetailsFile {
    /// Reads the file for the first time. Problems are logged and found in [`Details::problem`].
    pub fn open(path: PathBuf, machine: Arc<MachineSid>) -> DetailsFile {
        DetailsFile(Watched::open(Some(path), Format { machine }))
    }

    /// The details in force.
    pub fn current(&self) -> Arc<Details> {
        self.0.current()
    }

    /// The file's path.
    pub fn path(&self) -> Option<&Path> {
        self.0.path()
    }
}

impl PartialEq for DetailsFile {
    fn eq(&self, other: &DetailsFile) -> bool {
        self.path() == other.path()
    }
}

#[derive(Debug)]
struct Format {
    machine: Arc<MachineSid>,
}

impl Source for Format {
    type Value = Details;
    const WHAT: &'static str = "file of account details";

    fn read(&self, content: &Content<'_>, _previous: Option<&Details>) -> Result<Details, String> {
        let text = std::str::from_utf8(content.bytes)
            .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
        let details = Details::parse(text, &self.machine)?;
        tracing::info!(file = %content.path.display(), accounts = details.len(), "file of account details read");
        Ok(details)
    }

    fn without(&self, problem: Option<&Problem>) -> Details {
        Details { problem: problem.cloned(), ..Details::default() }
    }

    fn expected(&self, _problem: &Problem) -> bool {
        false
    }

    /// A group less may be a right more: what was good stays.
    fn withdraw(&self, _problem: &Problem) -> bool {
        false
    }
}
