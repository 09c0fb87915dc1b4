//! Changes the password of an account in the account file, for a caller that knows the old one.

use super::throttle::Throttle;
use super::{AuthorityKind, LocalAccounts, Options};
use crate::ntlm::response::nt_hash;
use crate::runtime::log;
use crate::stores::accounts::account::AccountStatus;
use crate::stores::accounts::file;
use crate::stores::accounts::smbpasswd;
use crate::stores::accounts::smbpasswd::Fields;
use crate::stores::text_file::{self, FileError, Lines};
use crate::types::error::{Denial, Error, Result};
use crate::types::time::FileTime;
use std::borrow::Cow;
use std::time::Instant;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const DENIED: Error = Error::LogonDenied(Denial::WrongPassword);

/// A request to change a password.
pub struct PasswordChange<'a> {
    /// The account's domain; may be empty.
    pub domain: &'a str,
    /// The account.
    pub user: &'a str,
    /// The password that it has.
    pub old: &'a str,
    /// The password that it gets.
    pub new: &'a str,
}

/// The accounts whose passwords can be changed, and the throttle on guessing these.
pub struct PasswordChanger<'a> {
    /// The accounts.
    pub accounts: &'a LocalAccounts,
    /// The throttle.
    pub throttle: &'a Throttle,
    /// Its options.
    pub options: &'a Options,
}

impl PasswordChanger<'_> {
    /// Sets the account's password to `new` if `old` is its password. Waits while other programs
    /// change the file. Wrong passwords count as those of logons do, at a place of their own.
    ///
    /// Errors: `LogonDenied` alike for an unknown name, a wrong password, an account that may not
    /// log on, and one that is throttled; `NoAuthority` if there is no account file or it cannot be
    /// changed; `InvalidParameter` if `new` is empty.
    pub fn change(&self, change: &PasswordChange<'_>, now: FileTime) -> Result<()> {
        let result = self.throttled(change, now);
        let PasswordChange { user, domain, .. } = change;
        match &result {
            Ok(()) => tracing::info!(user, domain, "password changed"),
            Err(error) => {
                tracing::warn!(user, domain, "password not changed: {error}");
                log::explained();
            }
        }
        result
    }

    fn throttled(&self, change: &PasswordChange<'_>, now: FileTime) -> Result<()> {
        if !self.options.throttles(&[AuthorityKind::AccountFile]) {
            return change_if(self.accounts, change, now, || true);
        }
        let (throttle, limits) = (self.throttle, self.options.limits());
        let name = self.accounts.name_in_file(change.domain, change.user);
        // While others guess, an owner who has changed the password here before can do so.
        let mut attempt = throttle.attempt_here(&name, now);
        let receipt = attempt.receipt();
        if !throttle.admits(&mut attempt, limits, Instant::now) {
            // As long as a wrong password takes: the time must not tell who is throttled.
            return match change_if(self.accounts, change, now, || false) {
                Ok(()) | Err(Error::LogonDenied(_)) => Err(Error::LogonDenied(Denial::Throttled)),
                error => error,
            };
        }
        let mut stands = true;
        let result = change_if(self.accounts, change, now, || {
            stands = throttle.admits(&mut attempt, limits, Instant::now);
            stands
        });
        match &result {
            Ok(()) => throttle.succeeded(receipt, now),
            Err(Error::LogonDenied(_)) if !stands => {
                return Err(Error::LogonDenied(Denial::Throttled));
            }
            Err(Error::LogonDenied(_)) => throttle.wrong(&attempt, limits, Instant::now()),
            Err(_) => {}
        }
        result
    }
}

/// Changes the password if the old one is right, and `permits` then says so.
fn change_if(
    accounts: &LocalAccounts,
    change: &PasswordChange<'_>,
    now: FileTime,
    permits: impl FnOnce() -> bool,
) -> Result<()> {
    let &PasswordChange { domain, user, old, new } = change;
    let file = accounts.file.as_ref();
    let path = file
        .and_then(|file| file.path())
        .ok_or(Error::NoAuthority("no account file is configured"))?;
    if new.is_empty() {
        return Err(Error::InvalidParameter("an account without a password cannot log on"));
    }
    let (old, new) = (Zeroizing::new(nt_hash(old)), Zeroizing::new(nt_hash(new)));
    let change = |lines: &mut Lines| {
        let names = accounts.candidates(domain, user);
        replace_hash(lines, names, &old, &new, now, permits)
    };
    text_file::change(path, false, change).map_err(|refused| match refused {
        Refused::Denied => DENIED,
        Refused::File(FileError { path, error }) => {
            tracing::error!(file = %path.display(), %error, "account file: it cannot be changed");
            Error::NoAuthority("the account file cannot be changed")
        }
    })
}

/// Replaces the NT hash of the first account that has one of the names.
fn replace_hash<'a>(
    lines: &mut Lines,
    mut names: impl Iterator<Item = Cow<'a, str>>,
    old: &[u8; 16],
    new: &[u8; 16],
    now: FileTime,
    permits: impl FnOnce() -> bool,
) -> Result<(), Refused> {
    let found = names.find_map(|name| file::lines_of_account(lines, &name).first().copied());
    let entry = found.and_then(|line| smbpasswd::parse(lines.text(line)).ok().flatten());
    // One hash is compared in any case, so that an unknown name takes as long as a wrong password.
    let known = entry.as_ref().map_or(file::nobody(), |entry| &entry.account).nt_hash;
    let right = bool::from(known.unwrap_or_default().ct_eq(old)) && known.is_some();
    let standing = entry.as_ref().map(|entry| entry.standing);
    let (Some(line), Some(AccountStatus::Normal), true) = (found, standing, right) else {
        return Err(Refused::Denied);
    };
    if !permits() {
        return Err(Refused::Denied);
    }
    let mut fields = Fields::split(lines.text(line));
    fields.set_nt_hash(new, u32::try_from(now.unix_seconds()).unwrap_or(u32::MAX));
    lines.replace(line, &fields.join());
    Ok(())
}

/// Why a password was not changed.
enum Refused {
    Denied,
    File(FileError),
}

impl From<FileError> for Refused {
    fn from(error: FileError) -> Refused {
        Refused::File(error)
    }
}
