//! Which account a client's names mean.

use super::NetworkLogon;
use crate::config::Settings;
use crate::types::account_name::same;

/// The user names that a logon may mean, in the order in which they are looked for: the name as
/// sent, then, for `user@suffix` without a domain (a user principal name), the part before the last
/// `@`.
///
/// No name at all where the domain is one that `[accounts] strict_domain` refuses.
pub(super) fn candidates<'a>(
    logon: &NetworkLogon<'a>,
    settings: &Settings,
) -> impl Iterator<Item = &'a str> {
    meant(logon.domain, logon.user, settings)
}

/// The user names that a domain and a user may mean, likewise.
pub(super) fn meant<'a>(
    domain: &str,
    user: &'a str,
    settings: &Settings,
) -> impl Iterator<Item = &'a str> {
    let as_sent = domain_is_ours(domain, settings).then_some(user);
    let principal_name = match user.rsplit_once('@') {
        Some((user, suffix))
            if domain.is_empty() && !user.is_empty() && domain_is_ours(suffix, settings) =>
        {
            Some(user)
        }
        _ => None,
    };
    as_sent.into_iter().chain(principal_name)
}

/// Our accounts are meant by this domain: it is one of the server's names, or none, or policy is
/// not strict.
fn domain_is_ours(domain: &str, settings: &Settings) -> bool {
    let server = &settings.server;
    !settings.accounts.strict_domain
        || domain.is_empty()
        || domain == "."
        || settings.accounts.domain.as_deref().is_some_and(|ours| same(ours, domain))
        || [
            &server.nb_computer,
            &server.nb_domain,
            &server.dns_computer,
            &server.dns_domain,
            &server.dns_tree,
        ]
        .into_iter()
        .any(|ours| same(ours, domain))
}

/// Of a machine that is in a domain: its own accounts are meant, not the domain's.
pub(super) fn is_of_this_machine(domain: &str, settings: &Settings) -> bool {
    let named = |ours: &str| same(ours, domain);
    let of_the_domain = settings.domain.as_ref().is_some_and(|ours| ours.is_named(domain));
    domain.is_empty()
        || domain == "."
        || named(&settings.server.nb_computer)
        || named(&settings.server.dns_computer)
        || settings.accounts.domain.as_deref().is_some_and(|ours| named(ours) && !of_the_domain)
}
