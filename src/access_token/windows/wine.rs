//! On Wine: from version 9 on any process may create a token with any SIDs. Before, there is only a
//! copy of the server's token without the rights that other users lack. Its user remains, and so do
//! the names of its groups, which programs take for the client's: it is made only where the
//! configuration asks for it.

use super::contents_of::contents_of;
use super::system::System;
use crate::access_token::{Options, Subject};
use crate::platform::access_token::{Privilege, TokenInfo};
use crate::principal::{SidAndAttributes, attributes};
use crate::types::error::{Error, Result};
use crate::types::sid::Sid;

/// A client's token.
pub(crate) fn make<S: System>(
    system: &S,
    subject: &Subject,
    tokens: &Options,
) -> Result<S::Handle> {
    const NOT_MADE: Error = Error::NoImpersonation("no token could be made");
    match contents_of(subject, true).filter(|_| system.can_create()) {
        Some(contents) => {
            system.create(&contents, None).map_err(|refusal| refusal.log("NtCreateToken", NOT_MADE))
        }
        None if tokens.wine_restricted_token => restricted(system, subject),
        None => Err(Error::NoImpersonation(
            "this Wine cannot make the client's token ([tokens] wine_restricted_token)",
        )),
    }
}

/// A restricted copy of the server's token.
fn restricted<S: System>(system: &S, subject: &Subject) -> Result<S::Handle> {
    const NOT_MADE: Error = Error::NoImpersonation("the process's token could not be restricted");
    let own = system.own_info().map_err(|refusal| refusal.log("GetTokenInformation", NOT_MADE))?;
    let servers: Vec<Sid> =
        own.groups.iter().filter(|group| !is_common(&group.sid)).map(|group| group.sid).collect();
    let less = system
        .restricted(&servers)
        .map_err(|refusal| refusal.log("CreateRestrictedToken", NOT_MADE))?;
    let token = system
        .at_level(&less, subject.level)
        .map_err(|refusal| refusal.log("DuplicateTokenEx", NOT_MADE))?;
    // Checked, since a Wine that ignored the request would give the client the server's rights.
    let info =
        system.info(&token).map_err(|refusal| refusal.log("GetTokenInformation", NOT_MADE))?;
    if has_more_rights_than_others(&info) || info.level != Some(subject.level as u32) {
        return Err(Error::NoImpersonation("the restricted token is not restricted"));
    }
    Ok(token)
}

/// A group that every authenticated client is in: Everyone, Authenticated Users, and the machine's
/// Users. All others are the server's.
fn is_common(sid: &Sid) -> bool {
    matches!((sid.authority(), sid.sub_authorities()), (1, [0]) | (5, [11]) | (5, [32, 545]))
}

fn has_more_rights_than_others(info: &TokenInfo) -> bool {
    let counts = |group: &SidAndAttributes| {
        group.attributes & attributes::ENABLED != 0
            || group.attributes & attributes::USE_FOR_DENY_ONLY == 0
    };
    info.groups.iter().any(|group| counts(group) && !is_common(&group.sid))
        || info.enabled.iter().any(|&privilege| privilege != Privilege::ChangeNotify as u64)
}

#[cfg(test)]
mod tests {
    use super::super::make::make;
    use super::*;
    use crate::access_token::windows::fake_system::{FakeSystem, FakeToken, groups, sid, subject};
    use crate::access_token::{Level, Options};
    use crate::principal::{AccountInfo, Origin, Origins, Principal};
    use std::sync::Arc;

    const ADMINISTRATORS: &str = "S-1-5-32-544";

    fn wine() -> FakeSystem {
        let mut own = FakeSystem::default().own;
        own.groups = groups(
            &[
                ADMINISTRATORS,
                "S-1-1-0",
                "S-1-5-11",
                "S-1-5-32-545",
                "S-1-5-21-7-7-7-1200",
                "S-1-5-5-0-9",
            ],
            7,
        );
        own.enabled = vec![8, 20, 23];
        FakeSystem { wine: true, own, ..FakeSystem::default() }
    }

    fn client() -> Subject {
        let account =
            AccountInfo { sid: Some(sid("S-1-5-21-1-2-3-1104")), ..AccountInfo::default() };
        subject(Principal {
            account: Some(Arc::new(account)),
            origins: Origins::all(Origin::Pac),
            ..Principal::default()
        })
    }

    #[test]
    fn where_tokens_can_be_made_the_clients_is() {
        let system = FakeSystem { can_create: true, ..wine() };
        let made = make(&system, &client(), &Options::default()).unwrap();
        assert!(
            matches!(made, FakeToken::Created(contents, None) if contents.user == sid("S-1-5-21-1-2-3-1104"))
        );
        assert!(!system.restricted.get());
        // A failure does not fall back to the server's token.
        let refuses = FakeSystem { refuses_to_create: true, ..system };
        assert!(matches!(
            make(&refuses, &client(), &Options::default()),
            Err(Error::NoImpersonation(_))
        ));
    }

    fn restricting() -> Options {
        Options { wine_restricted_token: true, ..Options::default() }
    }

    /// A program that lists the token's groups would show every client as an administrator.
    #[test]
    fn before_that_none_unless_configured() {
        let system = wine();
        assert!(matches!(
            make(&system, &client(), &Options::default()),
            Err(Error::NoImpersonation(_))
        ));
        assert!(!system.restricted.get());
    }

    #[test]
    fn before_that_what_is_left_of_the_servers() {
        for level in [Level::Identification, Level::Impersonation, Level::Delegation] {
            let system = wine();
            let made = make(&system, &Subject { level, ..client() }, &restricting()).unwrap();
            let info = system.info(&made).unwrap();
            assert_eq!(info.level, Some(level as u32));
            assert!(info.enabled.is_empty());
            let enabled: Vec<String> = info
                .groups
                .iter()
                .filter(|group| group.attributes & 4 != 0)
                .map(|group| group.sid.to_string())
                .collect();
            assert_eq!(enabled, ["S-1-1-0", "S-1-5-11", "S-1-5-32-545"]);
        }
    }

    #[test]
    fn without_a_sid_the_servers_token_is_restricted() {
        let system = FakeSystem { can_create: true, ..wine() };
        let unknown =
            subject(Principal::of_account("alice".into(), String::new(), Origin::AccountFile));
        assert!(matches!(make(&system, &unknown, &restricting()), Ok(FakeToken::Restricted(_))));
    }

    #[test]
    fn a_token_that_is_not_restricted_is_not_used() {
        let own = wine().own;
        let (mut grouped, mut privileged) = (own.clone(), own.clone());
        privileged.groups = groups(&[ADMINISTRATORS], attributes::USE_FOR_DENY_ONLY);
        grouped.enabled = Vec::new();
        let mut half = grouped.clone();
        half.groups = groups(&[ADMINISTRATORS], attributes::MANDATORY);
        let both = attributes::ENABLED | attributes::USE_FOR_DENY_ONLY;
        let mut torn = grouped.clone();
        torn.groups = groups(&[ADMINISTRATORS], both);
        for left in [own, grouped, privileged, half, torn] {
            let system = FakeSystem { restricts_to: Some(left), ..wine() };
            assert!(matches!(
                make(&system, &client(), &restricting()),
                Err(Error::NoImpersonation(_))
            ));
        }
        let ignores_levels = FakeSystem { ignores_levels: true, ..wine() };
        let asked = Subject { level: Level::Identification, ..client() };
        assert!(matches!(
            make(&ignores_levels, &asked, &restricting()),
            Err(Error::NoImpersonation(_))
        ));
    }
}
