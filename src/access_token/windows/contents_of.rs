//! What a token created by this library contains.

use crate::access_token::Subject;
use crate::platform::access_token::{Contents, Privilege};
use crate::principal::{SidAndAttributes, attributes};
use crate::types::sid::Sid;

/// The attributes in [MS-PAC], and SE_GROUP_OWNER: no integrity label and no logon session is taken
/// from a client's groups.
const KNOWN: u32 = attributes::MEMBER | 8 | attributes::USE_FOR_DENY_ONLY | attributes::RESOURCE;
/// SE_GROUP_INTEGRITY and SE_GROUP_INTEGRITY_ENABLED.
const INTEGRITY: u32 = 0x60;

/// ANONYMOUS_LOGON_LUID. On Windows a token belongs to an existing logon session, and its threads
/// authenticate to other machines with that session's credentials. This session has none; with the
/// server's own, every client would act with the server's credentials.
const NO_CREDENTIALS: u64 = 0x3e6;

/// What a client's token is to contain; `None` if the client has no SID.
pub(crate) fn contents_of(subject: &Subject, wine: bool) -> Option<Contents> {
    let sids = subject.sids.as_ref()?;
    let known = |group: &SidAndAttributes| SidAndAttributes {
        attributes: group.attributes & KNOWN,
        ..*group
    };
    let mut groups: Vec<SidAndAttributes> = sids.groups.iter().map(known).collect();
    // Medium. Windows treats a token without a label as untrusted.
    let label = SidAndAttributes { sid: Sid::new(16, &[0x2000])?, attributes: INTEGRITY };
    if !wine && !groups.iter().any(|group| group.sid == label.sid) {
        groups.push(label);
    }
    Some(Contents {
        user: sids.user,
        primary_group: sids.primary_group,
        groups,
        privilege: Privilege::ChangeNotify,
        level: subject.level,
        session: if wine { subject.logon_id } else { NO_CREDENTIALS },
        expiry: subject.expiry,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_token::windows::fake_system::{sid, subject};
    use crate::principal::{AccountInfo, Origin, Origins, Principal};
    use std::sync::Arc;

    fn of(principal: Principal, wine: bool) -> Option<Contents> {
        contents_of(&subject(principal), wine)
    }

    fn domains(groups: &[&str]) -> Principal {
        let groups =
            groups.iter().map(|text| SidAndAttributes { sid: sid(text), attributes: 7 }).collect();
        let (user, primary_group) =
            (Some(sid("S-1-5-21-1-2-3-1104")), Some(sid("S-1-5-21-1-2-3-513")));
        let account = AccountInfo { sid: user, primary_group, groups, ..AccountInfo::default() };
        let origins = Origins { logon: Origin::Ticket, ..Origins::all(Origin::Pac) };
        Principal { account: Some(Arc::new(account)), origins, ..Principal::default() }
    }

    fn has(contents: &Contents, text: &str) -> Option<u32> {
        contents.groups.iter().find(|group| group.sid == sid(text)).map(|group| group.attributes)
    }

    #[test]
    fn what_a_domain_says() {
        let made =
            of(domains(&["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1200", "S-1-18-1"]), true).unwrap();
        assert_eq!(made.user, sid("S-1-5-21-1-2-3-1104"));
        assert_eq!(made.primary_group, sid("S-1-5-21-1-2-3-513"));
        for group in [
            "S-1-5-21-1-2-3-513",
            "S-1-5-21-1-2-3-1200",
            "S-1-18-1",
            "S-1-1-0",
            "S-1-5-11",
            "S-1-5-32-545",
        ] {
            assert_eq!(has(&made, group), Some(7), "{group}");
        }
        assert_eq!(made.groups.iter().filter(|group| group.sid == made.primary_group).count(), 1);
    }

    #[test]
    fn a_domain_cannot_grant_administrator_rights_on_this_machine() {
        let claimed = [
            "S-1-5-32-544",
            "S-1-5-32-551",
            "S-1-5-18",
            "S-1-16-16384",
            "S-1-5-5-0-1",
            "S-1-5-80-1",
            "S-1-5-9",
        ];
        let made = of(domains(&claimed), true).unwrap();
        for group in claimed {
            assert_eq!(has(&made, group), None, "{group}");
        }
        let mut system = domains(&[]);
        system.account =
            Some(Arc::new(AccountInfo { sid: Some(sid("S-1-5-18")), ..AccountInfo::default() }));
        assert_eq!(of(system, true), None);
    }

    #[test]
    fn the_primary_group_is_among_the_groups() {
        assert!(has(&of(domains(&[]), true).unwrap(), "S-1-5-21-1-2-3-513").is_some());
        for claimed in [None, Some(sid("S-1-5-32-544"))] {
            let mut client = domains(&[]);
            let account = client.account.as_deref().unwrap().clone();
            client.account = Some(Arc::new(AccountInfo { primary_group: claimed, ..account }));
            let made = of(client, true).unwrap();
            assert!(made.groups.iter().any(|group| group.sid == made.primary_group));
            assert_eq!(has(&made, "S-1-5-32-544"), None);
        }
    }

    #[test]
    fn only_windows_has_labels_and_a_session_without_credentials() {
        let (wine, windows) = (of(domains(&[]), true).unwrap(), of(domains(&[]), false).unwrap());
        assert_eq!(
            (has(&wine, "S-1-16-8192"), has(&windows, "S-1-16-8192")),
            (None, Some(INTEGRITY))
        );
        assert_eq!((wine.session, windows.session), (4711, NO_CREDENTIALS));
    }

    #[test]
    fn anonymous_has_a_token_and_a_client_without_a_sid_has_none() {
        let anonymous = of(Principal::anonymous(), true).unwrap();
        assert_eq!(anonymous.user, sid("S-1-5-7"));
        assert_eq!(has(&anonymous, "S-1-5-11"), None);
        assert_eq!(
            of(Principal::of_account("alice".into(), "EXAMPLE".into(), Origin::AccountFile), true),
            None
        );
    }
}
