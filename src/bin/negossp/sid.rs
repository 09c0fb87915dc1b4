//! `negossp sid`.

use crate::outcome::{Failure, Outcome, print};
use negossp::access_token::Sids;
use negossp::mechanism::Mechanism;
use negossp::principal::directory::Directory;
use negossp::principal::{Origin, Principal};
use negossp::server::{Configuration, Environment, Store};
use std::sync::Arc;

fn configuration() -> Outcome<Arc<Configuration>> {
    let configuration = Store::open(Environment::of_process()).current();
    match &configuration.settings.defect {
        Some(defect) => Err(Failure::Trouble(format!("configuration: {defect}"))),
        None => Ok(configuration),
    }
}

fn no_machine_sid(configuration: &Configuration) -> Failure {
    let path = configuration.tokens.machine_sid.path();
    let place = path.map_or("nowhere".to_owned(), |path| path.display().to_string());
    Failure::Trouble(format!("the machine's SID is kept in {place}, and cannot be had"))
}

/// Prints the machine SID, which is created if there is none yet.
pub(crate) fn of_machine() -> Outcome {
    let configuration = configuration()?;
    let machine = configuration.tokens.machine_sid.get();
    let machine = machine.ok_or_else(|| no_machine_sid(&configuration))?;
    print(&format!("{machine}\n"))
}

/// Prints the SIDs of an NTLM user, or of a Kerberos user without a PAC, and of its groups.
pub(crate) fn of_user(name: &str) -> Outcome {
    let configuration = configuration()?;
    let (client, mechanism) = match (name.split_once('\\'), name.rsplit_once('@')) {
        (Some((domain, user)), _) => {
            (Principal::of_account(user.into(), domain.into(), Origin::Credential), Mechanism::Ntlm)
        }
        (None, Some((user, realm))) => {
            let client = Principal::of_account(user.into(), realm.into(), Origin::Ticket);
            (Principal { native: Some(name.into()), ..client }, Mechanism::Kerberos)
        }
        (None, None) => (
            Principal::of_account(name.into(), String::new(), Origin::AccountFile),
            Mechanism::Ntlm,
        ),
    };
    let client = configuration.details.complete(client);
    let client = client.map_err(|error| Failure::Trouble(error.to_string()))?;
    let sids = Sids::of(&client, mechanism, &configuration.tokens);
    let sids = sids.map_err(|error| Failure::Trouble(error.to_string()))?;
    let sids = sids.ok_or_else(|| no_machine_sid(&configuration))?;
    let groups = sids.groups.iter().map(|group| format!("group\t{}\n", group.sid));
    print(&format!("user\t{}\n{}", sids.user, groups.collect::<String>()))
}
