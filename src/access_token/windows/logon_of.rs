//! Which account of the machine or its domain a client is, to have the system log it on.

use crate::access_token::options::{LogonOf, Options};
use crate::access_token::{Level, Subject};
use crate::platform::access_token::Logon;
use crate::principal::{Origin, Principal};
use crate::types::sid::Sid;

/// The logon of a client, if its authority is allowed to vouch for it, and the SID that the account
/// must have, where it is known.
///
/// By default a name alone does not suffice: an account file may have an Administrator of its own.
/// A domain supplies the SID too, which the logged-on account is checked against.
pub(crate) fn logon_of(
    subject: &Subject,
    tokens: &Options,
    computer: impl FnOnce() -> String,
) -> Option<(Logon, Option<Sid>)> {
    let principal = &subject.principal;
    if principal.anonymous {
        return None;
    }
    let identify = subject.level == Level::Identification;
    let domain = |(user, realm)| Logon::Domain { user, realm, identify };
    let allowed = |of| tokens.windows_logon.contains(&of);
    match principal.origins.logon {
        _ if principal.origins.sid.is_domains() => {
            let sids = subject
                .sids
                .as_ref()
                .filter(|sids| sids.origin.is_domains() && allowed(LogonOf::Domain))?;
            Some((domain(of_domain(principal)?), Some(sids.user)))
        }
        Origin::Ticket if allowed(LogonOf::Realm) => {
            Some((domain((principal.native.clone()?, String::new())), None))
        }
        Origin::AccountFile | Origin::Credential | Origin::Application
            if allowed(LogonOf::Machine) =>
        {
            Some((Logon::Machine { user: principal.user.clone(), computer: computer() }, None))
        }
        _ => None,
    }
}
/// The name by which a domain finds its account, and the realm. A name from the configuration's
/// name rules does not identify an account of the domain.
fn of_domain(principal: &Principal) -> Option<(String, String)> {
    let account = principal.account.as_deref()?;
    if !account.upn.is_empty() {
        return Some((account.upn.clone(), String::new()));
    }
    if let Some(native) = principal.native.as_ref().filter(|native| native.contains('@')) {
        return Some((native.clone(), String::new()));
    }
    if principal.origins.name == Origin::NameMapping {
        return None;
    }
    let realm = if account.dns_domain.is_empty() { &principal.domain } else { &account.dns_domain };
    Some((principal.user.clone(), realm.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_token::windows::fake_system::{sid, subject};
    use crate::principal::{AccountInfo, Origins};
    use std::sync::Arc;

    fn of(principal: Principal, windows_logon: &[LogonOf]) -> Option<(Logon, Option<Sid>)> {
        let tokens = Options { windows_logon: windows_logon.into(), ..Options::default() };
        logon_of(&subject(principal), &tokens, || "SERVER".into())
    }

    fn domains(upn: &str) -> Principal {
        let account = AccountInfo {
            sid: Some(sid("S-1-5-21-1-2-3-1104")),
            upn: upn.into(),
            ..AccountInfo::default()
        };
        let origins = Origins { logon: Origin::Ticket, ..Origins::all(Origin::Pac) };
        let native = Some("alice@AD.TEST".into());
        let principal = Principal::of_account("alice".into(), "AD".into(), Origin::Pac);
        Principal { account: Some(Arc::new(account)), native, origins, ..principal }
    }

    fn domain(user: &str, realm: &str) -> Option<Logon> {
        Some(Logon::Domain { user: user.into(), realm: realm.into(), identify: false })
    }

    #[test]
    fn a_domains_account_by_its_names_and_sid() {
        let (logon, known) = of(domains("alice@ad.test"), &[LogonOf::Domain]).unwrap();
        assert_eq!(
            (Some(logon), known),
            (domain("alice@ad.test", ""), Some(sid("S-1-5-21-1-2-3-1104")))
        );
        let named = |principal| of(principal, &[LogonOf::Domain]).map(|(logon, _)| logon);
        assert_eq!(named(domains("")), domain("alice@AD.TEST", ""));
        let by_netlogon =
            Principal { native: None, origins: Origins::all(Origin::Netlogon), ..domains("") };
        assert_eq!(named(by_netlogon.clone()), domain("alice", "AD"));
        // A mapped name may be that of another account.
        let mut renamed = Principal { user: "Administrator".into(), ..by_netlogon };
        renamed.origins.name = Origin::NameMapping;
        assert_eq!(named(renamed), None);
    }

    #[test]
    fn no_logon_without_a_sid_from_the_domain() {
        let mut unknown = domains("alice@ad.test");
        unknown.account = Some(Arc::new(AccountInfo::default()));
        assert_eq!(of(unknown, &[LogonOf::Domain, LogonOf::Realm, LogonOf::Machine]), None);
    }

    #[test]
    fn a_name_alone_is_no_account_unless_configured() {
        let named =
            |origin| Principal::of_account("Administrator".into(), "EXAMPLE".into(), origin);
        let machines = Some((
            Logon::Machine { user: "Administrator".into(), computer: "SERVER".into() },
            None,
        ));
        for origin in [Origin::AccountFile, Origin::Credential, Origin::Application] {
            assert_eq!(of(named(origin), &Options::default().windows_logon), None);
            assert_eq!(of(named(origin), &[LogonOf::Domain, LogonOf::Realm]), None);
            assert_eq!(of(named(origin), &[LogonOf::Machine]), machines);
        }
        let ticket =
            Principal { native: Some("Administrator@MIT.TEST".into()), ..named(Origin::Ticket) };
        assert_eq!(of(ticket.clone(), &[LogonOf::Domain, LogonOf::Machine]), None);
        assert_eq!(
            of(ticket, &[LogonOf::Realm]).map(|(logon, _)| logon),
            domain("Administrator@MIT.TEST", "")
        );
        assert_eq!(
            of(Principal::anonymous(), &[LogonOf::Domain, LogonOf::Realm, LogonOf::Machine]),
            None
        );
        assert_eq!(of(domains("alice@ad.test"), &[]), None);
    }

    #[test]
    fn identified_only() {
        let mut subject = subject(domains("alice@ad.test"));
        subject.level = Level::Identification;
        let (logon, _) = logon_of(&subject, &Options::default(), String::new).unwrap();
        assert!(matches!(logon, Logon::Domain { identify: true, .. }));
    }
}
