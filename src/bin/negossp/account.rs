//! `negossp account`.

use crate::args::Args;
use crate::outcome::{Failure, Outcome, print, remark};
use crate::password;
use negossp::ntlm::response::nt_hash;
use negossp::platform;
use negossp::platform::files;
use negossp::server::{Environment, Store};
use negossp::stores::accounts::account::AccountStatus;
use negossp::stores::accounts::file::{Accounts, lines_of_account};
use negossp::stores::accounts::smbpasswd;
use negossp::stores::accounts::smbpasswd::Fields;
use negossp::stores::text_file::{self, Lines};
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The account file: `--file`, else the configuration's.
fn file(args: &Args) -> Outcome<PathBuf> {
    if let Some(path) = &args.file {
        return Ok(path.clone());
    }
    let store = Store::open(Environment::of_process());
    let configuration = store.current();
    let settings = &configuration.settings;
    if let Some(defect) = &settings.defect {
        let config = store.path().map(|path| path.display().to_string()).unwrap_or_default();
        return Err(Failure::Trouble(format!("{config}: {defect}")));
    }
    let path = settings.accounts.file.clone();
    path.ok_or_else(|| {
        Failure::Usage("no account file: name one with --file, NEGOSSP_ACCOUNTS, or [accounts] file in the configuration".into())
    })
}

fn known_name(name: &str) -> Outcome {
    smbpasswd::check_name(name).map_err(|why| Failure::Usage(why.into()))
}

fn now() -> u32 {
    u32::try_from(platform::now().unix_seconds()).unwrap_or(u32::MAX)
}

pub(crate) fn add(args: &Args, name: &str) -> Outcome {
    known_name(name)?;
    let path = file(args)?;
    let hash = Zeroizing::new(nt_hash(&password::ask(args, name, true)?));
    let existed = text_file::change(&path, true, |lines| {
        if let Some(&first) = lines_of_account(lines, name).first() {
            let mut fields = Fields::split(lines.text(first));
            fields.set_nt_hash(&hash, now());
            let mut line = fields.join();
            if smbpasswd::parse(&line).is_err() {
                // Not only the hashes of the line are invalid.
                line = smbpasswd::format(name, next_uid(lines), &hash, now());
            }
            lines.replace(first, &line);
            return Ok::<_, Failure>(true);
        }
        lines.push(&smbpasswd::format(name, next_uid(lines), &hash, now()));
        Ok(false)
    })?;
    match Accounts::parse(&read(&path)?).get(name).map(|entry| entry.standing) {
        Some(AccountStatus::Normal) | None => {}
        Some(other) => remark(&format!("{name} has a new password, but is {}", standing(other))),
    }
    print(&format!(
        "{name}: {} in {}\n",
        if existed { "password changed" } else { "added" },
        path.display()
    ))
}

/// The first user number of a new file. Required by smbpasswd(5), not used here.
const FIRST_UID: u32 = 1000;

fn next_uid(lines: &Lines) -> u32 {
    lines
        .texts()
        .filter_map(smbpasswd::uid)
        .max()
        .map_or(FIRST_UID, |uid| uid.saturating_add(1).max(FIRST_UID))
}

fn no_such(name: &str) -> Failure {
    Failure::No(format!("no account {name}"))
}

pub(crate) fn remove(args: &Args, name: &str) -> Outcome {
    let path = file(args)?;
    text_file::change(&path, false, |lines| {
        // All lines of the account: once the first is removed, the second would be used.
        let found = lines_of_account(lines, name);
        if found.is_empty() {
            return Err(no_such(name));
        }
        lines.remove(&found);
        Ok(())
    })?;
    print(&format!("{name}: removed from {}\n", path.display()))
}

pub(crate) fn set_disabled(args: &Args, name: &str, disabled: bool) -> Outcome {
    let path = file(args)?;
    text_file::change(&path, false, |lines| {
        let &first = lines_of_account(lines, name).first().ok_or_else(|| no_such(name))?;
        smbpasswd::parse(lines.text(first))
            .map_err(|why| Failure::No(format!("the line of {name} is bad: {why}")))?;
        let mut fields = Fields::split(lines.text(first));
        fields.set_flag(b'D', disabled);
        lines.replace(first, &fields.join());
        Ok::<_, Failure>(())
    })?;
    print(&format!(
        "{name}: {} in {}\n",
        if disabled { "disabled" } else { "enabled" },
        path.display()
    ))
}

fn read(path: &Path) -> Outcome<Zeroizing<Vec<u8>>> {
    files::look(path).map(|content| content.bytes).map_err(|error| Failure::file(path, error))
}

fn load(args: &Args) -> Outcome<(PathBuf, Accounts)> {
    let path = file(args)?;
    let accounts = Accounts::parse(&read(&path)?);
    Ok((path, accounts))
}

fn standing(standing: AccountStatus) -> &'static str {
    match standing {
        AccountStatus::Normal => "enabled",
        AccountStatus::Disabled => "disabled",
        AccountStatus::Locked => "locked",
        AccountStatus::Trust => "a trust account",
        AccountStatus::NoPassword => "without a password",
    }
}

pub(crate) fn list(args: &Args) -> Outcome {
    let (_, accounts) = load(args)?;
    let mut entries: Vec<_> = accounts.iter().collect();
    entries.sort_by(|a, b| a.account.user.cmp(&b.account.user));
    let lines = entries
        .iter()
        .map(|entry| format!("{}\t{}\n", entry.account.user, standing(entry.standing)));
    print(&lines.collect::<String>())?;
    if !accounts.bad_lines.is_empty() {
        remark(&format!(
            "{} lines cannot be used; 'negossp account check' shows them",
            accounts.bad_lines.len()
        ));
    }
    Ok(())
}

pub(crate) fn check(args: &Args, name: &str) -> Outcome {
    let (_, accounts) = load(args)?;
    let entry = accounts.get(name).ok_or_else(|| no_such(name))?;
    let given = Zeroizing::new(nt_hash(&password::ask(args, name, false)?));
    match &entry.account.nt_hash {
        Some(hash) if bool::from(hash.ct_eq(&*given)) => {}
        _ => return Err(Failure::No(format!("{name}: wrong password"))),
    }
    match entry.standing {
        AccountStatus::Normal => print(&format!("{name}: right password\n")),
        other => Err(Failure::No(format!(
            "{name}: right password, but the account is {}",
            standing(other)
        ))),
    }
}

pub(crate) fn check_file(args: &Args) -> Outcome {
    let (path, accounts) = load(args)?;
    let lines = accounts
        .bad_lines
        .iter()
        .map(|bad| format!("{}:{}: {}\n", path.display(), bad.number, bad.why));
    print(&lines.collect::<String>())?;
    print(&format!(
        "{}: {} accounts, {} bad lines\n",
        path.display(),
        accounts.len(),
        accounts.bad_lines.len()
    ))?;
    match accounts.bad_lines.len() {
        0 => Ok(()),
        _ => Err(Failure::No("bad lines are skipped; their accounts cannot log on".into())),
    }
}
