//! `negossp logon`.

use crate::args::Args;
use crate::outcome::{Failure, Outcome, print};
use crate::password;
use negossp::server::{Environment, Store};
use negossp::tickets::Tickets;
use negossp::tickets::explain::Step;
use negossp::types::identity::Identity;

/// Shows step by step what a client of this configuration gets for the service `target`.
pub(crate) fn logon(args: &Args, target: &str) -> Outcome {
    let store = Store::open(Environment::of_process());
    let configuration = store.current();
    if let Some(defect) = &configuration.settings.defect {
        return Err(Failure::Trouble(format!("configuration: {defect}")));
    }
    let environment = configuration.client_environment();
    let realm = environment.realms.default_realm().unwrap_or("none");
    print(&format!("ok: default realm: {realm}\n"))?;
    for problem in &environment.problems {
        print(&format!("warning: krb5.conf: {problem}\n"))?;
    }
    let tickets = match &args.user {
        None => Tickets::of_user(environment),
        Some(name) => {
            let identity = Identity {
                user: name.clone(),
                domain: String::new(),
                password: password::ask(args, name, false)?,
            };
            Tickets::with_password(&identity, environment)
                .map_err(|error| Failure::No(error.to_string()))?
        }
    };
    let mut written = Ok(());
    let works = tickets.explain(target, |Step { what, result, notes }| {
        let mut text: String = notes.iter().map(|note| format!("    {note}\n")).collect();
        text += &match result {
            Ok(found) => format!("ok: {what}: {found}\n"),
            Err(why) => format!("FAILED: {what}: {why}\n"),
        };
        if written.is_ok() {
            written = print(&text);
        }
    });
    written?;
    match (works, &args.user) {
        (true, _) => print("Negotiate begins with Kerberos.\n"),
        (false, Some(_)) => Err(Failure::No(
            "no ticket: Negotiate goes on with NTLM, unless the KDC has rejected the password"
                .into(),
        )),
        (false, None) => Err(Failure::No("no ticket, and no password for NTLM".into())),
    }
}
