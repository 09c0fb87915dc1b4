//! Who may come by NTLM at all: `[ntlm] users`, `domains` and `workstations`.

use super::NetworkLogon;
use crate::config::Settings;
use crate::principal::Principal;
use crate::types::account_name;
use crate::types::channel_bindings::Address;
use crate::types::error::{Denial, Error, Result};
use std::net::IpAddr;

/// Refuses a client that is on none of the lists that there are. An empty list is none.
pub(super) fn admit(
    client: &Principal,
    settings: &Settings,
    logon: &NetworkLogon<'_>,
) -> Result<()> {
    let lists = &settings.ntlm;
    let is_user = |name: &String| match name.split_once('\\') {
        Some((domain, user)) => {
            account_name::same(domain, &client.domain) && account_name::same(user, &client.user)
        }
        None => account_name::same(name, &client.user),
    };
    let is_place = |name: &String| {
        account_name::same(name, logon.workstation)
            || name.parse().is_ok_and(|ip| address(logon) == Some(ip))
    };
    let listed = (lists.users.is_empty() || lists.users.iter().any(is_user))
        && (lists.domains.is_empty()
            || lists.domains.iter().any(|name| account_name::same(name, &client.domain)))
        && (lists.workstations.is_empty() || lists.workstations.iter().any(is_place));
    if listed {
        Ok(())
    } else {
        Err(Error::LogonDenied(Denial::Policy("NTLM is for those on the lists of [ntlm] alone")))
    }
}

/// The client's address, if the caller has told it.
pub(super) fn address(logon: &NetworkLogon<'_>) -> Option<IpAddr> {
    logon.address.as_ref().map(|address| match *address {
        Address::V4(octets) => IpAddr::from(octets),
        Address::V6(octets) => IpAddr::from(octets),
    })
}
