//! Details of accounts, such as groups and full names, in a TOML file beside the account file,
//! whose format has no fields for them.
//!
//! ```toml
//! [groups]                     # SIDs of groups; a group not listed has one derived from its name
//! staff = "S-1-5-21-1-2-3-1201"
//!
//! [[account]]
//! name = "alice"
//! sid = "S-1-5-21-1-2-3-1104"  # by default derived from the name
//! groups = ["staff", "S-1-5-32-551"]
//! primary_group = "staff"
//! full_name = "Alice Liddell"
//! upn = "alice@example.com"
//! ```

use crate::principal::directory::Directory;
use crate::principal::{AccountInfo, Origin, Origins, Principal, SidAndAttributes, attributes};
use crate::runtime::toml_text::from_toml;
use crate::runtime::watched_file::{Content, Format, Problem, WatchedFile};
use crate::stores::derived_sid;
use crate::stores::machine_sid::MachineSid;
use crate::stores::own_accounts::OwnAccounts;
use crate::types::account_name;
use crate::types::error::Error;
use crate::types::sid::Sid;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, hash_map};
use std::path::PathBuf;
use std::sync::Arc;

/// The details of one version of a file.
#[derive(Debug, Default)]
pub struct Details {
    by_name: HashMap<Box<str>, Arc<AccountInfo>>,
    /// The names of the accounts that have a user principal name; `None` where several have it.
    by_upn: HashMap<Box<str>, Option<Box<str>>>,
    /// The SIDs of the groups that the file names.
    groups: HashMap<Box<str>, Sid>,
    /// Why there are no details.
    pub problem: Option<Problem>,
}

impl Details {
    /// Parses a file. `machine` is the SID that others are derived under.
    ///
    /// The error is one line, and begins with the line number where there is one.
    pub fn parse(text: &str, machine: &MachineSid) -> Result<Details, String> {
        let document: Document = from_toml(text)?;
        let groups = Groups { listed: document.groups, machine };
        let (mut by_name, mut by_upn, mut by_group) =
            (HashMap::new(), HashMap::new(), HashMap::new());
        for (name, sid) in &groups.listed {
            by_group.extend(explicit(sid).map(|sid| (account_name::fold(name).into(), sid)));
        }
        for account in document.account {
            for group in account.groups.iter().chain(&account.primary_group) {
                by_group
                    .extend(groups.sid(group).map(|sid| (account_name::fold(group).into(), sid)));
            }
            let name = account.name.clone();
            if !account.upn.is_empty() {
                by_upn
                    .entry(account_name::fold(&account.upn).into())
                    .and_modify(|of: &mut Option<Box<str>>| *of = None)
                    .or_insert_with(|| Some(name.as_str().into()));
            }
            match by_name.entry(account_name::fold(&name).into()) {
                hash_map::Entry::Occupied(_) => return Err(format!("{name} stands there twice")),
                hash_map::Entry::Vacant(free) => {
                    free.insert(Arc::new(
                        account.facts(&groups).map_err(|why| format!("{name}: {why}"))?,
                    ));
                }
            }
        }
        Ok(Details { by_name, by_upn, groups: by_group, problem: None })
    }

    /// The details of the account of that name, in any letter case.
    pub fn get(&self, name: &str) -> Option<&Arc<AccountInfo>> {
        self.by_name.get(&*account_name::fold(name))
    }

    /// The SID of the group of that name, in any letter case, if the file names it.
    pub fn group(&self, name: &str) -> Option<Sid> {
        self.groups.get(&*account_name::fold(name)).copied()
    }

    /// The name of the one account with this user principal name, in any letter case.
    pub fn account_of_upn(&self, upn: &str) -> Option<&str> {
        self.by_upn.get(&*account_name::fold(upn))?.as_deref()
    }

    /// User principal names that several accounts have, and so none can log on with.
    fn ambiguous_upns(&self) -> impl Iterator<Item = &str> {
        self.by_upn.iter().filter(|(_, account)| account.is_none()).map(|(upn, _)| &**upn)
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

/// What the file of details says of this machine's accounts, as a directory.
#[derive(Debug, PartialEq)]
pub struct AccountDetails {
    /// The file, if one is configured.
    pub file: Option<Arc<DetailsFile>>,
    /// Which clients are users of this machine.
    pub own: OwnAccounts,
}

impl Directory for AccountDetails {
    /// Adds the file's details to a client, if it is a user of this machine and has no account
    /// details yet.
    ///
    /// Errors: `NoAuthority` if the configured file cannot be used: a group that is not known may
    /// be one that is denied access.
    fn complete(&self, client: Principal) -> Result<Principal, Error> {
        let Some(file) = &self.file else { return Ok(client) };
        // A domain's account is none of this machine's, whatever it is called.
        if client.account.is_some()
            || client.anonymous
            || client.origins.logon.is_domains()
            || !self.own.contain(&client)
        {
            return Ok(client);
        }
        let details = file.peek();
        if let Some(problem) = &details.problem {
            return Err(problem.error("the file of account details cannot be read"));
        }
        let Some(info) = details.get(&client.user) else { return Ok(client) };
        let sid = if info.sid.is_some() { Origin::AccountDetails } else { client.origins.sid };
        let origins = Origins { sid, info: Origin::AccountDetails, ..client.origins };
        Ok(Principal { account: Some(info.clone()), origins, ..client })
    }
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
    /// A group by its SID, or by its name: the listed SID, or one derived from the name.
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

/// A watched file of account details. Problems are found in [`Details::problem`].
pub type DetailsFile = WatchedFile<DetailsFormat>;

impl DetailsFile {
    /// Reads the file for the first time. Problems are logged.
    pub fn open(path: PathBuf, machine: Arc<MachineSid>) -> DetailsFile {
        WatchedFile::with_format(Some(path), DetailsFormat { machine })
    }
}

/// The format of a [`DetailsFile`].
#[derive(Debug)]
pub struct DetailsFormat {
    machine: Arc<MachineSid>,
}

impl Format for DetailsFormat {
    type Value = Details;
    const WHAT: &'static str = "file of account details";

    fn read(&self, content: &Content<'_>, _previous: Option<&Details>) -> Result<Details, String> {
        let text = std::str::from_utf8(content.bytes)
            .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
        let details = Details::parse(text, &self.machine)?;
        for upn in details.ambiguous_upns() {
            tracing::warn!(file = %content.path.display(), upn, "account details: several accounts have this upn: none can log on with it");
        }
        tracing::info!(file = %content.path.display(), accounts = details.len(), "file of account details read");
        Ok(details)
    }

    fn without(&self, problem: Option<&Problem>) -> Details {
        Details { problem: problem.cloned(), ..Details::default() }
    }

    /// A missing group may be one that is denied access: the last good version stays in force.
    fn withdraw(&self, _problem: &Problem) -> bool {
        false
    }
}
