//! SIDs that mean the same everywhere: [MS-DTYP] 2.4.2.4.

use crate::types::sid::Sid;

/// NT AUTHORITY, S-1-5.
const NT: u64 = 5;

macro_rules! well_known {
    ($($(#[$doc:meta])* $name:ident = $authority:expr, $sub_authorities:expr;)*) => {
        $($(#[$doc])* pub fn $name() -> Sid {
            const SID: Sid = Sid::well_known($authority, &$sub_authorities);
            SID
        })*
    };
}

well_known! {
    /// EVERYONE
    everyone = 1, [0];
    /// NETWORK: who has logged on over the network.
    network = NT, [2];
    /// ANONYMOUS
    anonymous_logon = NT, [7];
    /// AUTHENTICATED_USERS
    authenticated_users = NT, [11];
    /// THIS_ORGANIZATION
    this_organization = NT, [15];
    /// BUILTIN_USERS
    users = NT, [32, 545];
    /// NTLM_AUTHENTICATION: whom NTLM has authenticated.
    ntlm_authentication = NT, [64, 10];
}

/// The SID is one that each machine gives for itself: its system and services, its built-in groups
/// but Users, logon sessions, labels of integrity. A domain that names one among an account's
/// groups would make administrators of other people's machines.
pub fn of_machine(sid: &Sid) -> bool {
    match (sid.authority(), sid.sub_authorities()) {
        (5, [32, 545]) => false,
        (5, [5 | 9 | 10 | 18..=20 | 32 | 80..=111, ..]) | (16, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [MS-DTYP] 2.4.2.4. BUILTIN\Users is what everybody is who has logged on.
    #[test]
    fn what_a_machine_gives_for_itself_is_no_domain_s_to_give() {
        for (text, expected) in [
            ("S-1-5-32-545", false),
            ("S-1-5-32-544", true),
            ("S-1-5-18", true),
            ("S-1-5-20", true),
            ("S-1-5-21-1-2-3-512", false),
            ("S-1-5-80-1-2", true),
            ("S-1-5-111-1", true),
            ("S-1-16-12288", true),
            ("S-1-5-11", false),
            ("S-1-18-1", false),
        ] {
            assert_eq!(of_machine(&text.parse().unwrap()), expected, "{text}");
        }
    }
}
