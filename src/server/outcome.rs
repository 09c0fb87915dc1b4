//! How an exchange has ended, reported once, when everything has been checked: one line in the log,
//! and for NTLM logons the audit file and the throttle.

use super::flood::Flood;
use crate::authority::Chain;
use crate::negotiate::Established;
use crate::platform;
use crate::principal::Principal;
use crate::runtime::log;
use crate::types::error::{Denial, Error, Failure};
use crate::types::logon_names::{LogonNames, ValidatedLogon};
use crate::types::time::FileTime;
use std::time::Instant;

/// The clients that this process has rejected.
static FLOOD: Flood = Flood::new();

/// An acceptor's context is established, and the caller has the last token.
pub(super) fn accepted(established: &Established, chain: &Chain, now: FileTime) {
    let Established { client, mechanism, flags, logon, .. } = established;
    let mechanism = mechanism.package_name();
    // Fields without a value are left out.
    let logon = logon.as_deref();
    let names = logon.map(|logon| &logon.names);
    tracing::info!(
        target: "negossp::context",
        client = client.display_name(),
        mechanism,
        response = logon.map(|logon| logon.response),
        ?flags,
        user = names.map(|names| &*names.user),
        domain = names.map(|names| &*names.domain),
        workstation = names.map(|names| &*names.workstation),
        "client accepted"
    );
    if let Some(logon) = logon {
        admitted(logon, chain, now);
    }
}

/// A logon without an exchange is accepted.
pub(super) fn validated(client: &Principal, logon: &ValidatedLogon, chain: &Chain, now: FileTime) {
    let LogonNames { user, domain, workstation, .. } = &logon.names;
    tracing::info!(
        target: "negossp::context",
        client = client.display_name(),
        response = logon.response,
        user, domain, workstation,
        "logon validated"
    );
    admitted(logon, chain, now);
}

/// Tells the authorities of a logon that is accepted.
fn admitted(ValidatedLogon { names, receipt, .. }: &ValidatedLogon, chain: &Chain, now: FileTime) {
    if chain.audited {
        warn_of_ntlm(names);
    }
    chain.accepted(names, *receipt, now);
}

/// The line of `[ntlm] mode = "audit"`.
fn warn_of_ntlm(names: &LogonNames) {
    let LogonNames { user, domain, workstation, .. } = names;
    tracing::warn!(
        target: "negossp::authority::audit",
        user, domain, workstation, outcome = "accepted", "NTLM is still in use"
    );
}

/// An acceptor rejects a client: one line in the log. `token` is the length of its token in bytes.
pub(super) fn rejected(failure: &Failure, token: usize, chain: &Chain, now: FileTime) {
    log::explained();
    let Failure { error, logon, .. } = failure;
    let Some(more) = FLOOD.admits(error, logon.is_some(), Instant::now()) else { return };
    let similar = (more > 0).then_some(more);
    let Some(logon) = logon else {
        tracing::warn!(target: "negossp::context", token, similar, "client refused: {error}");
        return;
    };
    let LogonNames { user, domain, workstation, .. } = &**logon;
    // Errors for which the client is not responsible.
    if matches!(error, Error::NoAuthority(_) | Error::OutOfMemory | Error::Internal(_)) {
        tracing::error!(
            target: "negossp::context",
            token, user, domain, workstation, similar, "client refused: {error}"
        );
    } else if chain.audited {
        tracing::warn!(
            target: "negossp::authority::audit",
            token, user, domain, workstation, similar, outcome = "refused",
            "NTLM is still in use; client refused: {error}"
        );
    } else {
        tracing::warn!(
            target: "negossp::context",
            token, user, domain, workstation, similar, "client refused: {error}"
        );
    }
    chain.rejected(logon, error, more, now);
}

/// A client whose response was right has not sent its last token.
pub(super) fn abandoned(names: &LogonNames, chain: &Chain) {
    let error = Error::LogonDenied(Denial::Mic);
    let Some(more) = FLOOD.admits(&error, true, Instant::now()) else { return };
    let LogonNames { user, domain, workstation, .. } = names;
    let similar = (more > 0).then_some(more);
    tracing::warn!(
        target: "negossp::context",
        user, domain, workstation, similar, "client refused: it did not finish the exchange"
    );
    chain.rejected(names, &error, more, platform::now());
}

/// An exchange was not finished in time, or too many others have begun since.
pub(super) fn ended() {
    let error = Error::ContextExpired;
    if let Some(more) = FLOOD.admits(&error, false, Instant::now()) {
        let similar = (more > 0).then_some(more);
        tracing::warn!(
            target: "negossp::context",
            similar, "client refused: it did not finish the exchange ([limits] half_open)"
        );
    }
}

/// An exchange is continued in another process, with the client's last token missing.
pub(super) fn exported(logon: &ValidatedLogon, chain: &Chain, now: FileTime) {
    let LogonNames { user, domain, workstation, .. } = &logon.names;
    tracing::info!(
        target: "negossp::context",
        user, domain, workstation, "client authenticated; its context is exported"
    );
    admitted(logon, chain, now);
}

/// An initiator's context is established.
pub(super) fn initiated(established: &Established) {
    let Established { client_target, mechanism, flags, .. } = established;
    let target_name = client_target.as_deref().unwrap_or_default();
    let mechanism = mechanism.package_name();
    tracing::info!(
        target: "negossp::context",
        target_name, mechanism, ?flags, "server accepted"
    );
}

/// An initiator has given up.
pub(super) fn not_initiated(failure: &Failure, target_name: &str) {
    tracing::warn!(
        target: "negossp::context",
        target_name, "server refused: {}", failure.error
    );
}
