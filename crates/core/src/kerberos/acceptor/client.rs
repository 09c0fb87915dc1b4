//! Identification of the client, by its ticket and the PAC in it.

use super::rejection::Rejection;
use crate::kerberos::AcceptCall;
use crate::kerberos::crypto::UsageKeys;
use crate::kerberos::message::authorization_data::ad_type;
use crate::kerberos::message::{EncTicketPart, TicketFlags, error_code};
use crate::kerberos::name_mapping::{MappedClient, NameRules};
use crate::kerberos::pac::Pac;
use crate::principal::{AccountInfo, Origin, Origins, Principal};
use crate::types::error::{Denial, Error, Result};
use crate::types::flags::ContextFlags;
use smallvec::SmallVec;
use std::sync::Arc;

/// Identifies the client of a ticket. `ticket_bytes` is the decrypted EncTicketPart; `keys` verify
/// PAC signatures made with the key that encrypted it.
///
/// With a PAC, the client is the account in the PAC. A PAC with invalid signatures is an error.
pub(crate) fn identify(
    ticket: &EncTicketPart<'_>,
    ticket_bytes: &[u8],
    keys: &UsageKeys,
    call: &AcceptCall<'_>,
) -> Result<Principal, Rejection> {
    if is_anonymous(ticket) {
        return match call.requirements.contains(ContextFlags::ALLOW_NULL_SESSION) {
            true => Ok(Principal::anonymous()),
            false => Err(Rejection {
                code: error_code::GENERIC,
                error: Error::LogonDenied(Denial::Anonymous),
            }),
        };
    }
    let full = ticket.cname.to_text(ticket.crealm)?;
    let pac = ticket.authorization_data.and_then(|list| list.find(ad_type::WIN2K_PAC));
    let account = match pac {
        Some(bytes) => {
            let pac = Pac::parse(bytes)?;
            verify(&pac, ticket, ticket_bytes, keys, call)?;
            domain_account(&pac)
        }
        None if call.config.policy.require_pac => {
            return Err(Rejection::denied(
                error_code::GENERIC,
                "the ticket has no PAC, and policy requires one",
            ));
        }
        None => None,
    };
    if account.is_none() {
        check_transited(ticket)?;
    }
    let principal = account.unwrap_or_else(|| principal_without_account(&full));
    let mut principal = renamed(principal, ticket, &call.config.policy.names)?;
    principal.native = Some(full);
    Ok(call.config.directory.complete(principal)?)
}

/// Checks the realms between the client's and the server's, each of which could have invented the
/// client: unless a KDC has checked them, the client is rejected (RFC 4120 2.7). KDCs check by
/// default. Not called for a domain's PAC: there the KDC checks security identifiers, and servers
/// ignore the flag ([MS-KILE] 3.3.5.1).
fn check_transited(ticket: &EncTicketPart<'_>) -> Result<(), Rejection> {
    match ticket.transited.contents.is_empty()
        || ticket.flags.contains(TicketFlags::TRANSITED_POLICY_CHECKED)
    {
        true => Ok(()),
        false => Err(Rejection::denied(
            error_code::ILL_CR_TKT,
            "no KDC has checked the realms that the ticket has passed",
        )),
    }
}

/// Whether the client has no name or does not disclose it (RFC 8062 3). The type of a name is only
/// a hint.
fn is_anonymous(ticket: &EncTicketPart<'_>) -> bool {
    ticket.flags.contains(TicketFlags::ANONYMOUS)
        || ticket.cname.components().eq([&b"WELLKNOWN"[..], b"ANONYMOUS"])
}

/// Checks that the KDC made the PAC for this ticket ([MS-PAC] 2.7, 2.8; [MS-KILE] 3.4.5.3).
fn verify(
    pac: &Pac<'_>,
    ticket: &EncTicketPart<'_>,
    ticket_bytes: &[u8],
    keys: &UsageKeys,
    call: &AcceptCall<'_>,
) -> Result<(), Rejection> {
    const SIGNATURE: Rejection =
        Rejection::denied(error_code::MODIFIED, "a signature of the PAC is wrong");
    pac.verify_server(keys).map_err(|_| SIGNATURE)?;
    pac.check_client_info(ticket.authtime, ticket.cname.components(), ticket.crealm).map_err(
        |_| Rejection::denied(error_code::BADMATCH, "the PAC was made for another ticket"),
    )?;
    let Some(krbtgt) = call.config.keys.kdc() else { return Ok(()) };
    // The keytab may contain other keys than the KDC's. In particular, a service's own key must not
    // be accepted as the KDC's.
    let mut kdcs = krbtgt.entries().iter().filter(|entry| entry.is_kdc());
    match kdcs.any(|entry| pac.verify_as_kdc(ticket_bytes, entry.pac_keys()).is_ok()) {
        true => Ok(()),
        false => Err(SIGNATURE),
    }
}

/// The account described by a PAC; `None` if it describes none, as with MIT's KDC.
fn domain_account(pac: &Pac<'_>) -> Option<Principal> {
    let logon = pac.logon_info()?;
    let upn = pac.upn_dns_info();
    let account = AccountInfo {
        upn: upn.map(|info| info.upn.to_text()).unwrap_or_default(),
        dns_domain: upn.map(|info| info.dns_domain_name.to_text()).unwrap_or_default(),
        client_claims: pac.client_claims_bytes().map(Into::into),
        device_claims: pac.device_claims_bytes().map(Into::into),
        device_info: pac.device_info_bytes().map(Into::into),
        requestor: pac.requestor(),
        pac_attributes: pac.attributes(),
        ..logon.facts()
    };
    let principal = Principal::of_account(
        logon.effective_name.to_text(),
        logon.logon_domain_name.to_text(),
        Origin::Pac,
    );
    let origins = Origins { logon: Origin::Ticket, ..Origins::all(Origin::Pac) };
    Some(Principal { account: Some(Arc::new(account)), origins, ..principal })
}

/// Applies the name rules of the configuration.
fn renamed(
    mut principal: Principal,
    ticket: &EncTicketPart<'_>,
    rules: &NameRules,
) -> Result<Principal> {
    if let Some(name) = mapped_name(&principal, ticket, rules)? {
        let (domain, user) = split(&name);
        (principal.domain, principal.user) = (domain.into(), user.into());
        principal.shown = Some(name);
        principal.origins.name = Origin::NameMapping;
    }
    Ok(principal)
}

fn mapped_name(
    principal: &Principal,
    ticket: &EncTicketPart<'_>,
    rules: &NameRules,
) -> Result<Option<String>> {
    if rules.0.is_empty() {
        return Ok(None);
    }
    const NOT_TEXT: Error = Error::InvalidToken("PrincipalName: not UTF-8");
    let components: std::result::Result<SmallVec<[&str; 4]>, _> =
        ticket.cname.components().map(str::from_utf8).collect();
    let mut components = components.map_err(|_| NOT_TEXT)?;
    let account = principal.account.is_some().then_some((&*principal.domain, &*principal.user));
    // A domain controller accepts aliases of an account: a request for `root` may be answered for
    // `root$`. The rules apply to the account.
    if let (Some((_, user)), [only]) = (account, &mut components[..]) {
        *only = user;
    }
    rules.apply(&MappedClient {
        components: &components,
        realm: str::from_utf8(ticket.crealm).map_err(|_| NOT_TEXT)?,
        account,
    })
}

/// Splits `DOMAIN\user` at the backslash. A backslash that quotes the next character, as in a
/// principal, does not split.
fn split(name: &str) -> (&str, &str) {
    match name.split_once('\\') {
        Some((domain, user)) if !user.starts_with(['\\', '@', '/']) => (domain, user),
        _ => ("", name),
    }
}

/// The client for a principal without account data; `full` is in MIT's notation.
fn principal_without_account(full: &str) -> Principal {
    let (user, realm) = full.rsplit_once('@').unwrap_or((full, ""));
    Principal {
        shown: Some(full.into()),
        ..Principal::of_account(user.into(), realm.into(), Origin::Ticket)
    }
}
