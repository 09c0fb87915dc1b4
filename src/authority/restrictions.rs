//! Restrictions of NTLM: `[ntlm] users`, `domains` and `workstations`.

use super::Options;
use crate::ntlm::NetworkLogon;
use crate::principal::Principal;
use crate::types::account_name::same;
use crate::types::address::Address;
use crate::types::error::{Denial, Error, Result};
use std::net::IpAddr;

/// Rejects a client that is on none of the configured lists. An empty list admits all clients.
pub(super) fn admit(client: &Principal, lists: &Options, logon: &NetworkLogon<'_>) -> Result<()> {
    let is_place = |name: &String| {
        same(name, logon.workstation)
            || name.parse().is_ok_and(|ip| logon.address.as_ref().map(ip_address) == Some(ip))
    };
    let placed = lists.workstations.is_empty() || lists.workstations.iter().any(is_place);
    if lists.admits_client(client) && placed {
        Ok(())
    } else {
        Err(Error::LogonDenied(Denial::Policy("NTLM is for those on the lists of [ntlm] alone")))
    }
}

impl Options {
    /// Whether the client is on the lists of users and domains, wherever it comes from.
    pub fn admits_client(&self, client: &Principal) -> bool {
        let is_user = |name: &String| match name.split_once('\\') {
            Some((domain, user)) => same(domain, &client.domain) && same(user, &client.user),
            None => same(name, &client.user),
        };
        (self.users.is_empty() || self.users.iter().any(is_user))
            && (self.domains.is_empty()
                || self.domains.iter().any(|name| same(name, &client.domain)))
    }
}

/// The client's address, if the caller gave it.
pub(super) fn ip_address(address: &Address) -> IpAddr {
    match *address {
        Address::V4(octets) => IpAddr::from(octets),
        Address::V6(octets) => IpAddr::from(octets),
    }
}
