//! `negossp domain check`.

use crate::args::Args;
use crate::outcome::{Failure, Outcome, print};
use crate::password;
use negossp::domain::check::{self, Step, Trial};
use negossp::server::{Environment, Store};

/// Checks step by step whether the configured domain can validate logons, and logs on as a user if
/// one is named.
pub(crate) fn check(args: &Args) -> Outcome {
    let store = Store::open(Environment::of_process());
    let configuration = store.current();
    if let Some(defect) = &configuration.settings.defect {
        return Err(Failure::Trouble(format!("configuration: {defect}")));
    }
    let Some(domain) = &configuration.domain else {
        return Err(Failure::Usage("no domain: the configuration has no [domain]".into()));
    };
    let source = store.path().map(|path| path.display().to_string()).unwrap_or_default();
    let ours = &domain.settings;
    print(&format!(
        "ok: configuration: {source}: {} ({}), {}\n",
        ours.name, ours.realm, ours.machine_account
    ))?;
    let password = args.user.as_ref().map(|name| password::ask(args, name, false)).transpose()?;
    let trial =
        args.user.as_ref().zip(password.as_ref()).map(|(name, password)| Trial { name, password });
    let mut written = Ok(());
    let works = check::run(domain, trial, |Step { what, result }| {
        let line = match result {
            Ok(found) => format!("ok: {what}: {found}\n"),
            Err(why) => format!("FAILED: {what}: {why}\n"),
        };
        if written.is_ok() {
            written = print(&line);
        }
    });
    written?;
    match works {
        true => Ok(()),
        false => Err(Failure::No("the domain cannot be reached, or rejects the logon".into())),
    }
}
