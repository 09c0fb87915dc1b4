//! The account file: an smbpasswd(5) file, read into a map that is replaced as a whole when the
//! file changes.

use super::smbpasswd;
use crate::authority::{Account, Entry};
use crate::runtime::watched_file::{Content, Problem, Source, Watched};
use crate::types::account_name;
use arc_swap::Guard;
use std::collections::HashMap;
use std::collections::hash_map;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// From 1 on.
    pub number: usize,
    /// What is wrong with it. Holds nothing that the line says but the account's name.
    pub why: String,
}

/// The accounts of one version of a file.
#[derive(Default)]
pub struct Accounts {
    by_name: HashMap<Box<str>, Entry>,
    /// Lines that were skipped, in the file's order.
    pub bad_lines: Vec<BadLine>,
    /// On Unix, people other than the owner may read or write the file.
    pub exposed: bool,
    /// Why there is no file to take accounts from.
    pub problem: Option<Problem>,
}

impl Accounts {
    /// Reads a file's bytes. A bad line is skipped. Of two lines with the same name the first
    /// counts, as in Samba.
    pub fn parse(bytes: &[u8]) -> Accounts {
        let mut accounts = Accounts::default();
        for (number, line) in smbpasswd::lines(bytes) {
            let bad = match smbpasswd::parse(line) {
                Ok(None) => continue,
                Ok(Some(_)) if smbpasswd::cut_short(line, bytes) => {
                    "the file ends before the flags".to_owned()
                }
                Ok(Some(entry)) => {
                    match accounts.by_name.entry(account_name::fold(&entry.account.user).into()) {
                        hash_map::Entry::Vacant(free) => {
                            free.insert(entry);
                            continue;
                        }
                        hash_map::Entry::Occupied(_) => {
                            format!("{} stands on an earlier line already", entry.account.user)
                        }
                    }
                }
                Err(why) => why.to_owned(),
            };
            accounts.bad_lines.push(BadLine { number, why: bad });
        }
        accounts
    }

    /// The account of that name, in any letter case.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(&*account_name::fold(name))
    }

    /// Every account, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.by_name.values()
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

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts")
            .field("len", &self.len())
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

/// An account file that is watched.
#[derive(Debug)]
pub struct AccountFile(Watched<Format>);

impl AccountFile {
    /// Reads the file for the first time. Problems are logged and found in [`Accounts::problem`].
    pub fn open(path: PathBuf) -> AccountFile {
        AccountFile(Watched::open(Some(path), Format))
    }

    /// The accounts in force.
    pub fn current(&self) -> Arc<Accounts> {
        self.0.current()
    }

    /// The accounts in force, for a short time.
    pub(crate) fn peek(&self) -> Guard<Arc<Accounts>> {
        self.0.peek()
    }

    /// The file's path.
    pub fn path(&self) -> Option<&Path> {
        self.0.path()
    }
}

impl PartialEq for AccountFile {
    fn eq(&self, other: &AccountFile) -> bool {
        self.path() == other.path()
    }
}

#[derive(Debug)]
struct Format;

/// Bad lines that are logged one by one; of the others the log gives the number.
const LOGGED_BAD_LINES: usize = 20;

impl Source for Format {
    type Value = Accounts;
    const WHAT: &'static str = "account file";

    fn read(
        &self,
        content: &Content<'_>,
        _previous: Option<&Accounts>,
    ) -> Result<Accounts, String> {
        let file = content.path.display();
        let accounts = Accounts { exposed: content.exposed, ..Accounts::parse(content.bytes) };
        if content.exposed {
            tracing::warn!(%file, "account file: others than its owner may read or write it; its hashes are as good as passwords");
        }
        for BadLine { number, why } in accounts.bad_lines.iter().take(LOGGED_BAD_LINES) {
            tracing::warn!(%file, line = number, "account file: line skipped: {why}");
        }
        if let Some(more) =
            accounts.bad_lines.len().checked_sub(LOGGED_BAD_LINES).filter(|&more| more > 0)
        {
            tracing::warn!(%file, "account file: {more} more lines skipped");
        }
        tracing::info!(%file, accounts = accounts.len(), "account file read");
        Ok(accounts)
    }

    fn without(&self, problem: Option<&Problem>) -> Accounts {
        Accounts { problem: problem.cloned(), ..Accounts::default() }
    }

    fn expected(&self, _problem: &Problem) -> bool {
        false
    }

    /// Somebody who removes the file means that its accounts are no longer let in.
    fn withdraw(&self, problem: &Problem) -> bool {
        *problem == Problem::Missing
    }
}

/// An account that nobody has: a logon as somebody unknown is checked against it, so that it costs
/// what a wrong password costs.
pub(crate) fn nobody() -> &'static Account {
    static NOBODY: std::sync::OnceLock<Account> = std::sync::OnceLock::new();
    NOBODY.get_or_init(|| {
        let mut hash = [0u8; 16];
        // Without entropy the hash stays zero: `validate` refuses the unknown whatever the check
        // says.
        let _ = getrandom::fill(&mut hash);
        Account {
            user: String::new(),
            domain: String::new(),
            nt_hash: Some(hash),
            lm_hash: Some(hash),
            disabled: true,
        }
    })
}
