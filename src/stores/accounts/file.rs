//! The account file: an smbpasswd(5) file, read into a map that is replaced when the file changes.

use super::account::Entry;
use super::smbpasswd::{self, Line};
use crate::ntlm::Account;
use crate::runtime::watched_file::{Content, Format, Problem, WatchedFile};
use crate::stores::text_file::{self, Lines};
use crate::types::account_name;
use std::collections::HashMap;
use std::collections::hash_map;
use std::fmt;

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The line number, from 1.
    pub number: usize,
    /// What is wrong with it. Contains nothing of the line but the account's name.
    pub why: String,
}

/// The accounts of one version of a file.
#[derive(Default)]
pub struct Accounts {
    by_name: HashMap<Box<str>, Entry>,
    /// Lines that were skipped, in the file's order.
    pub bad_lines: Vec<BadLine>,
    /// On Unix, users other than the owner may read or write the file.
    pub exposed: bool,
    /// Why there are no accounts.
    pub problem: Option<Problem>,
}

impl Accounts {
    /// Parses a file. Bad lines are skipped. Of two lines with the same name the first counts, as
    /// in Samba.
    pub fn parse(bytes: &[u8]) -> Accounts {
        let mut accounts = Accounts::default();
        for (number, line) in text_file::lines(bytes) {
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
        account_name::with_folded(name, |name| self.by_name.get(name))
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

/// A watched account file. Problems are found in [`Accounts::problem`]. Once the file is removed,
/// there are no accounts.
pub type AccountFile = WatchedFile<AccountFormat>;

/// The format of an [`AccountFile`].
#[derive(Debug, Default)]
pub struct AccountFormat;

/// Bad lines that are logged one by one; further ones are counted.
const LOGGED_BAD_LINES: usize = 20;

impl Format for AccountFormat {
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
}

/// The lines of the account `name`, in any letter case, by their index. Of several the first one
/// counts.
pub fn lines_of_account(lines: &Lines, name: &str) -> Vec<usize> {
    let is_of = |line: &[u8]| matches!(smbpasswd::classify(line), Ok(Line::Account(found)) if account_name::same(found, name));
    let texts = lines.texts().enumerate();
    texts.filter_map(|(index, text)| is_of(text).then_some(index)).collect()
}

/// An account that no client has. Logons of unknown users are checked against it, so that they take
/// as long as those with a wrong password.
pub(crate) fn nobody() -> &'static Account {
    static NOBODY: std::sync::OnceLock<Account> = std::sync::OnceLock::new();
    NOBODY.get_or_init(|| {
        let mut hash = [0u8; 16];
        // Without entropy the hash stays zero: `validate` rejects unknown users whatever the check
        // yields.
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
