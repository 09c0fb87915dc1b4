//! How an exchange has ended, reported once, when everything has been checked: one line in the log,
//! and for NTLM logons the audit file and the throttle.

use crate::authority::Chain;
use crate::negotiate::Established;
use crate::platform;
use crate::types::error::{Denial, Error, Failure};
use crate::types::logon_names::{LogonNames, ValidatedLogon};
use crate::types::time::FileTime;

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
    if let Some(ValidatedLogon { names, receipt, .. }) = logon {
        chain.conclude(names, Ok(*receipt), now);
    }
}

/// An acceptor rejects a client. `token` is the length of its token in bytes.
pub(super) fn rejected(failure: &Failure, token: usize, chain: &Chain, now: FileTime) {
    let Failure { error, logon, .. } = failure;
    let Some(logon) = logon else {
        tracing::warn!(target: "negossp::context", token, "client refused: {error}");
        return;
    };
    let LogonNames { user, domain, workstation, .. } = &**logon;
    // Errors for which the client is not responsible.
    if matches!(error, Error::NoAuthority(_) | Error::OutOfMemory | Error::Internal(_)) {
        tracing::error!(
            target: "negossp::context",
            token, user, domain, workstation, "client refused: {error}"
        );
    } else {
        tracing::warn!(
            target: "negossp::context",
            token, user, domain, workstation, "client refused: {error}"
        );
    }
    chain.conclude(logon, Err(error), now);
}

/// A client whose response was right has not sent its last token.
pub(super) fn abandoned(names: &LogonNames, chain: &Chain) {
    let LogonNames { user, domain, workstation, .. } = names;
    tracing::warn!(
        target: "negossp::context",
        user, domain, workstation, "client refused: it did not finish the exchange"
    );
    let error = Error::LogonDenied(Denial::Mic);
    chain.conclude(names, Err(&error), platform::now());
}

/// An exchange is continued in another process, with the client's last token missing.
pub(super) fn exported(logon: &ValidatedLogon, chain: &Chain, now: FileTime) {
    let ValidatedLogon { names, receipt, .. } = logon;
    let LogonNames { user, domain, workstation, .. } = names;
    tracing::info!(
        target: "negossp::context",
        user, domain, workstation, "client authenticated; its context is exported"
    );
    chain.conclude(names, Ok(*receipt), now);
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
