//! Identification of the client, by its ticket and the PAC in it.

use super::account::Account;
use super::ticket_key::TicketKey;
use crate::encoding::utf16::Utf16;
use crate::kerberos::crypto::UsageKeys;
use crate::kerberos::kdc::Kdc;
use crate::kerberos::message::authorization_data::ad_type;
use crate::kerberos::message::{EncTicketPart, TicketFlags, error_code};
use crate::kerberos::name_mapping::{MappedClient, NameRules};
use crate::kerberos::pac::Pac;
use crate::kerberos::rejection::Rejection;
use crate::kerberos::{AcceptCall, AcceptorConfig, RequirePac};
use crate::principal::{AccountInfo, Origin, Origins, Principal};
use crate::types::allocation;
use crate::types::error::{Denial, Error, Result};
use crate::types::flags::ContextFlags;
use smallvec::SmallVec;
use std::sync::Arc;
use tracing::debug;

/// Identifies the client of a ticket. `ticket_bytes` is the decrypted EncTicketPart; `key` is the
/// key that encrypted it.
///
/// With a PAC, the client is the account in the PAC. A PAC with invalid signatures is an error.
pub(crate) fn identify(
    ticket: &EncTicketPart<'_>,
    ticket_bytes: &[u8],
    key: &TicketKey<'_>,
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
    let config = call.config;
    if let (TicketKey::Local(_), Some(kdc)) = (key, &config.local_kdc) {
        return local(ticket, kdc, config);
    }
    let pac = ticket.authorization_data.and_then(|list| list.find(ad_type::WIN2K_PAC));
    let pac = pac.map(Pac::parse).transpose()?;
    if let Some(pac) = &pac {
        verify(pac, ticket, ticket_bytes, key.pac_keys(), call)?;
    }
    let info = pac.as_ref().map(account_info).transpose()?.flatten();
    if info.is_none() {
        check_pac_required(ticket, pac.is_some(), config)?;
        check_transited(ticket)?;
    }
    let account = Account::of(ticket, pac.as_ref(), key.realm(), &config.own_domains)?;
    let principal = principal(&account, info);
    log_other_name(ticket, &principal);
    let principal = renamed(principal, &account, &config.policy.names)?;
    Ok(config.directory.complete(principal)?)
}

/// The client of a ticket of the local realm: an account of this server.
fn local(
    ticket: &EncTicketPart<'_>,
    kdc: &Kdc,
    config: &AcceptorConfig,
) -> Result<Principal, Rejection> {
    let present = kdc.client(ticket)?.ok_or(Rejection::denied(
        error_code::TGT_REVOKED,
        "the account has another password than the ticket was got with, is disabled, or is gone",
    ))?;
    let native = format!("{}@{}", present.user, kdc.names.name());
    let client = Principal {
        native: Some(native),
        ..Principal::of_account(present.user, present.domain, Origin::AccountFile)
    };
    Ok(config.directory.complete(client)?)
}

/// Rejects a client whose account no PAC describes, if the configuration requires one.
fn check_pac_required(
    ticket: &EncTicketPart<'_>,
    has_pac: bool,
    config: &AcceptorConfig,
) -> Result<(), Rejection> {
    let required = match config.policy.require_pac {
        RequirePac::Never => false,
        RequirePac::OfDomain => config.own_domains.has_realm(ticket.crealm),
        RequirePac::Always => true,
    };
    let why = match (required, has_pac) {
        (false, _) => return Ok(()),
        (true, false) => "the ticket has no PAC ([kerberos] require_pac)",
        (true, true) => "the PAC describes no account ([kerberos] require_pac)",
    };
    Err(Rejection::denied(error_code::GENERIC, why))
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

/// What a PAC tells of the account; `None` if it describes none, as with MIT's KDC.
///
/// Errors: `OutOfMemory`.
fn account_info(pac: &Pac<'_>) -> Result<Option<AccountInfo>> {
    let Some(logon) = pac.logon_info() else { return Ok(None) };
    let upn = pac.upn_dns_info();
    let text = |text: Option<Utf16<'_>>| text.unwrap_or_default().to_text();
    let copy = |bytes: &[u8]| allocation::copy(bytes).map(Into::into);
    Ok(Some(AccountInfo {
        upn: text(upn.map(|info| info.upn))?,
        dns_domain: text(upn.map(|info| info.dns_domain_name))?,
        client_claims: pac.client_claims_bytes().map(copy).transpose()?,
        device_claims: pac.device_claims_bytes().map(copy).transpose()?,
        device_info: pac.device_info_bytes().map(copy).transpose()?,
        requestor: pac.requestor(),
        pac_attributes: pac.attributes(),
        ..logon.facts()?
    }))
}

/// The client with this account: `DOMAIN\user` if its domain's NetBIOS name is known, else the
/// principal.
fn principal(account: &Account<'_>, info: Option<AccountInfo>) -> Principal {
    let native = account.principal();
    let principal = match (&account.domain, &*account.components) {
        (Some(domain), [user]) => {
            Principal::of_account(user.clone().into_owned(), domain.clone(), Origin::Pac)
        }
        (_, components) => {
            let (parts, realm) = native.rsplit_once('@').unwrap_or((&native, ""));
            let user = match (&info, components) {
                (Some(_), [user]) => user,
                _ => parts,
            };
            Principal {
                shown: Some(native.clone()),
                ..Principal::of_account(user.into(), realm.into(), Origin::Ticket)
            }
        }
    };
    let of_info = if info.is_some() { Origin::Pac } else { Origin::Nobody };
    let origins =
        Origins { logon: Origin::Ticket, sid: of_info, info: of_info, ..principal.origins };
    Principal { native: Some(native), account: info.map(Arc::new), origins, ..principal }
}

/// Logs the name that the client asked the KDC for, if it is another than its account's.
fn log_other_name(ticket: &EncTicketPart<'_>, principal: &Principal) {
    if tracing::enabled!(tracing::Level::DEBUG)
        && principal.account.is_some()
        && let Ok(cname) = ticket.cname.to_text(ticket.crealm)
        && principal.native.as_ref() != Some(&cname)
    {
        debug!(cname, account = principal.native, "the ticket has another name than its account");
    }
}

/// Applies the name rules of the configuration.
fn renamed(
    mut principal: Principal,
    account: &Account<'_>,
    rules: &NameRules,
) -> Result<Principal> {
    if rules.0.is_empty() {
        return Ok(principal);
    }
    let components: SmallVec<[&str; 4]> = account.components.iter().map(|part| &**part).collect();
    let of_pac = principal.account.is_some();
    let client = MappedClient {
        components: &components,
        realm: account.realm,
        account: of_pac.then_some((&*principal.domain, &*principal.user)),
    };
    if let Some(name) = rules.apply(&client)? {
        let (domain, user) = split(&name);
        (principal.domain, principal.user) = (domain.into(), user.into());
        principal.shown = Some(name);
        principal.origins.name = Origin::NameMapping;
    }
    Ok(principal)
}

/// Splits `DOMAIN\user` at the backslash. A backslash that quotes the next character, as in a
/// principal, does not split.
fn split(name: &str) -> (&str, &str) {
    match name.split_once('\\') {
        Some((domain, user)) if !user.starts_with(['\\', '@', '/']) => (domain, user),
        _ => ("", name),
    }
}
