//! SIDs derived from names, for clients and groups without one.
//!
//! The SID of a name is the machine's SID with four more sub-authorities: the first 16 bytes, as
//! four little-endian numbers, of SHA-256 over `negossp user SID` or `negossp group SID`, a zero
//! byte, and the name in UTF-8. Users and groups of the machine have their plain name in upper
//! case, by the table that NTLM compares names with; other NTLM clients are `DOMAIN\USER`,
//! likewise; Kerberos principals are unchanged. So a name keeps its SID as long as the machine
//! keeps its own, two names share one only if SHA-256 collides, and no SID collides with a
//! domain's, which are shorter.

use crate::types::account_name;
use crate::types::sid::Sid;
use sha2::{Digest, Sha256};

/// The SID of the machine's user with this name.
pub fn of_user(machine: &Sid, user: &str) -> Option<Sid> {
    of("user", machine, &account_name::fold(user))
}

/// The SID of a user of a domain.
pub fn of_domain_user(machine: &Sid, domain: &str, user: &str) -> Option<Sid> {
    of("user", machine, &format!("{}\\{}", account_name::fold(domain), account_name::fold(user)))
}

/// The SID of a Kerberos principal, including its realm.
pub fn of_kerberos(machine: &Sid, principal: &str) -> Option<Sid> {
    of("user", machine, principal)
}

/// The SID of the machine's group with this name.
pub fn of_group(machine: &Sid, group: &str) -> Option<Sid> {
    of("group", machine, &account_name::fold(group))
}

fn of(kind: &str, machine: &Sid, name: &str) -> Option<Sid> {
    let digest =
        Sha256::new().chain_update(format!("negossp {kind} SID\0")).chain_update(name).finalize();
    let numbers = digest.as_chunks().0.iter().take(4).map(|bytes| u32::from_le_bytes(*bytes));
    let sub_authorities: Vec<u32> =
        machine.sub_authorities().iter().copied().chain(numbers).collect();
    Sid::new(machine.authority(), &sub_authorities)
}
