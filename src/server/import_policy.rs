//! What an imported context must fulfil: whom the exporting process has let in, the importing one
//! may not want. An exchange that is imported half-open goes on under the importer's settings.

use super::Configuration;
use crate::context::EstablishedContext;
use crate::mechanism::Mechanism;
use crate::ntlm::Mode;
use crate::principal::Origin;
use crate::types::channel_bindings::{BindingsResult, Strictness};
use crate::types::error::{Denial, Error, Result};

/// Checks a context against the settings in force.
///
/// Errors: `LogonDenied`.
pub(super) fn check(context: &EstablishedContext, configuration: &Configuration) -> Result<()> {
    if !context.accepted {
        return Ok(());
    }
    let (settings, established) = (&configuration.settings, &context.established);
    let denied = |why: &'static str| Err(Error::LogonDenied(Denial::Policy(why)));
    if settings.defect.is_some() {
        return denied("the configuration cannot be read");
    }
    let mechanism = established.mechanism;
    let off = mechanism == Mechanism::Ntlm && settings.ntlm.mode == Mode::Off;
    if off || !settings.negotiate.mechanisms.contains(&mechanism) {
        return denied("an imported context of a mechanism that is off here");
    }
    let bindings = match mechanism {
        Mechanism::Ntlm => settings.ntlm.channel_bindings,
        Mechanism::Kerberos => settings.kerberos.channel_bindings,
    };
    if bindings == Strictness::Require
        && !established
            .bindings
            .intersects(BindingsResult::VALID_MATCHED | BindingsResult::VALID_PROXY)
    {
        return denied("an imported context without the channel bindings that are required here");
    }
    let (server, target) = (&established.server_name, established.client_target.as_deref());
    if mechanism == Mechanism::Kerberos && !settings.kerberos.admits_service(server, target) {
        return denied("an imported context of a service that is not among [kerberos] principals");
    }
    let client = &established.client;
    if mechanism == Mechanism::Ntlm {
        let lists = &settings.authorities;
        let nobody = settings.ntlm.refuse_null_session || lists.restricts_clients();
        if client.anonymous && nobody || !client.anonymous && !lists.admits_client(client) {
            return denied("an imported context of a client who may not use NTLM here");
        }
    }
    check_account(context, configuration)
}

/// Rejects a client whose account the importer's file has disabled, or no longer has.
fn check_account(context: &EstablishedContext, configuration: &Configuration) -> Result<()> {
    let client = &context.established.client;
    let Some(file) = &configuration.accounts.file else { return Ok(()) };
    if client.anonymous || client.origins.logon != Origin::AccountFile {
        return Ok(());
    }
    let accounts = file.current();
    match accounts.get(&client.user) {
        None => Err(Error::LogonDenied(Denial::UnknownUser)),
        Some(entry) if entry.account.disabled => Err(Error::LogonDenied(Denial::AccountDisabled)),
        Some(_) => Ok(()),
    }
}
