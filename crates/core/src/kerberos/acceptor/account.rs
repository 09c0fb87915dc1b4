//! Which account a client is. Decided here; its names, the rules for names and the search for its
//! local account all follow from it.

use crate::kerberos::OwnDomains;
use crate::kerberos::message::{EncTicketPart, push_principal, text_of};
use crate::kerberos::pac::{Pac, UpnDnsInfo};
use crate::types::error::{Denial, Error, Result};
use smallvec::SmallVec;
use std::borrow::Cow;

/// The account of a client.
#[derive(Debug)]
pub(crate) struct Account<'a> {
    /// The components of its name: sAMAccountName from the PAC; without one those of `cname`, which
    /// is the name that the client asked for.
    pub(crate) components: SmallVec<[Cow<'a, str>; 2]>,
    /// `crealm`
    pub(crate) realm: &'a str,
    /// The NetBIOS name of its domain; `None` without a PAC, or if the domain controller of another
    /// realm gives a name that need not be its own.
    pub(crate) domain: Option<String>,
}

impl<'a> Account<'a> {
    /// The client of a ticket for a service in `service_realm`, with the verified PAC in it.
    ///
    /// Errors: `InvalidToken` for names that are not text, `LogonDenied` for a PAC that names no
    /// account.
    pub(crate) fn of(
        ticket: &EncTicketPart<'a>,
        pac: Option<&Pac<'_>>,
        service_realm: &[u8],
        own: &OwnDomains,
    ) -> Result<Account<'a>> {
        let realm = text_of(ticket.crealm)?;
        // What divides names in text must not be part of one.
        if realm.contains(['@', '\\', '\0']) {
            return Err(Error::LogonDenied(Denial::Ticket("a realm with characters of none")));
        }
        let Some(logon) = pac.and_then(Pac::logon_info) else {
            let components = ticket.cname.components().map(|part| text_of(part).map(Cow::from));
            return Ok(Account {
                components: components.collect::<Result<_>>()?,
                realm,
                domain: None,
            });
        };
        let user = logon.effective_name.to_text()?;
        if user.is_empty() {
            return Err(Error::LogonDenied(Denial::Ticket("the PAC names no account")));
        }
        let domain = logon.logon_domain_name.to_text()?;
        let is_home = ticket.crealm == service_realm;
        let upn = pac.and_then(Pac::upn_dns_info);
        let believed =
            !domain.is_empty() && (is_home || is_own_name(&domain, realm, service_realm, upn, own));
        Ok(Account {
            components: SmallVec::from_iter([Cow::from(user)]),
            realm,
            domain: believed.then_some(domain),
        })
    }

    /// The principal, in MIT's notation: `sAMAccountName@REALM` if there is a PAC.
    pub(crate) fn principal(&self) -> String {
        let components = self.components.iter().map(|part| part.len() + 1);
        let mut text = String::with_capacity(components.sum::<usize>() + self.realm.len());
        push_principal(self.components.iter().map(|part| &**part), self.realm, &mut text);
        text
    }
}

/// Whether another realm's domain controller gives a NetBIOS name that can be its own domain's: not
/// one of the server's domains, and in agreement with the realm, which the KDCs between have
/// checked. It must be one of the labels of the realm, as EXAMPLE is of AD.EXAMPLE.COM, since
/// nothing else in the PAC is from anybody but that domain controller. The first label of the
/// service's realm is what its own domain is called where nothing else is configured.
fn is_own_name(
    name: &str,
    realm: &str,
    service_realm: &[u8],
    upn: Option<&UpnDnsInfo<'_>>,
    own: &OwnDomains,
) -> bool {
    let home = service_realm.split(|byte| *byte == b'.').next().unwrap_or_default();
    let dns_domain = upn.map(|info| info.dns_domain_name).unwrap_or_default();
    !own.has_name(name)
        && !home.eq_ignore_ascii_case(name.as_bytes())
        && dns_domain
            .chars()
            .map(|c| c.to_ascii_lowercase())
            .eq(realm.chars().map(|c| c.to_ascii_lowercase()))
        && realm.split('.').any(|label| label.eq_ignore_ascii_case(name))
}
