//! On Wine: from version 9 on anybody may make a token of any SIDs. Before, there is the server's
//! own token only, of which everything is taken that it can do more than others: what remains is
//! its user.

use super::{Contents, Look, Privilege, System};
use crate::access_token::Subject;
use crate::principal::{SidAndAttributes, attributes};
use crate::types::error::{Error, Result};
use crate::types::sid::Sid;

/// A client's token.
pub(crate) fn make<S: System>(system: &S, subject: &Subject) -> Result<S::Handle> {
    const NOT_MADE: Error = Error::NoImpersonation("no token could be made");
    match Contents::of(subject, true).filter(|_| system.can_create()) {
        Some(contents) => {
            system.create(&contents, None).map_err(|refusal| refusal.log("NtCreateToken", NOT_MADE))
        }
        None => restricted(system, subject),
    }
}

/// What is left of the server's token.
fn restricted<S: System>(system: &S, subject: &Subject) -> Result<S::Handle> {
    const NOT_MADE: Error = Error::NoImpersonation("the process's token could not be restricted");
    let own = system.own().map_err(|refusal| refusal.log("GetTokenInformation", NOT_MADE))?;
    let servers: Vec<Sid> =
        own.groups.iter().filter(|group| !is_anybodys(&group.sid)).map(|group| group.sid).collect();
    let less = system
        .restricted(&servers)
        .map_err(|refusal| refusal.log("CreateRestrictedToken", NOT_MADE))?;
    let token = system
        .at_level(&less, subject.level)
        .map_err(|refusal| refusal.log("DuplicateTokenEx", NOT_MADE))?;
    // What was asked for is looked at: a Wine that did something else would hand out the server.
    let look =
        system.look(&token).map_err(|refusal| refusal.log("GetTokenInformation", NOT_MADE))?;
    if can_do_what_others_cannot(&look) || look.level != Some(subject.level as u32) {
        return Err(Error::NoImpersonation("the restricted token is not restricted"));
    }
    Ok(token)
}

/// Groups that whoever has been authenticated is in: Everyone, Authenticated Users, and the
/// machine's Users. All others are the server's.
fn is_anybodys(sid: &Sid) -> bool {
    matches!((sid.authority(), sid.sub_authorities()), (1, [0]) | (5, [11]) | (5, [32, 545]))
}

fn can_do_what_others_cannot(look: &Look) -> bool {
    let counts = |group: &SidAndAttributes| {
        group.attributes & attributes::ENABLED != 0
            || group.attributes & attributes::USE_FOR_DENY_ONLY == 0
    };
    look.groups.iter().any(|group| counts(group) && !is_anybodys(&group.sid))
        || look.enabled.iter().any(|&privilege| privilege != Privilege::ChangeNotify as u64)
}

#[cfg(test)]
mod tests {
    use super::super::make::make;
    use super::*;
    use crate::access_token::Level;
    use crate::access_token::Options;
    use crate::access_token::windows::fake_system::{Made, Played, groups, sid, subject};
    use crate::principal::{AccountInfo, Origin, Origins, Principal};
    use std::sync::Arc;

    const ADMINISTRATORS: &str = "S-1-5-32-544";

    fn wine() -> Played {
        let mut own = Played::default().own;
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
        Played { wine: true, own, ..Played::default() }
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
        let system = Played { can_create: true, ..wine() };
        let made = make(&system, &client(), &Options::default()).unwrap();
        assert!(
            matches!(made, Made::Created(contents, None) if contents.user == sid("S-1-5-21-1-2-3-1104"))
        );
        assert!(!system.restricted.get());
        // A refusal is no reason to hand out what is less the client's.
        let refuses = Played { refuses_to_create: true, ..system };
        assert!(matches!(
            make(&refuses, &client(), &Options::default()),
            Err(Error::NoImpersonation(_))
        ));
    }

    #[test]
    fn before_that_what_is_left_of_the_servers() {
        for level in [Level::Identification, Level::Impersonation, Level::Delegation] {
            let system = wine();
            let made = make(&system, &Subject { level, ..client() }, &Options::default()).unwrap();
            let look = system.look(&made).unwrap();
            assert_eq!(look.level, Some(level as u32));
            assert!(look.enabled.is_empty());
            let enabled: Vec<String> = look
                .groups
                .iter()
                .filter(|group| group.attributes & 4 != 0)
                .map(|group| group.sid.to_string())
                .collect();
            assert_eq!(enabled, ["S-1-1-0", "S-1-5-11", "S-1-5-32-545"]);
        }
    }

    #[test]
    fn somebody_without_a_sid_has_no_other() {
        let system = Played { can_create: true, ..wine() };
        let unknown =
            subject(Principal::of_account("alice".into(), String::new(), Origin::AccountFile));
        assert!(matches!(make(&system, &unknown, &Options::default()), Ok(Made::Restricted(_))));
    }

    #[test]
    fn what_is_not_restricted_is_not_handed_out() {
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
            let system = Played { restricts_to: Some(left), ..wine() };
            assert!(matches!(
                make(&system, &client(), &Options::default()),
                Err(Error::NoImpersonation(_))
            ));
        }
        let ignores_levels = Played { ignores_levels: true, ..wine() };
        let asked = Subject { level: Level::Identification, ..client() };
        assert!(matches!(
            make(&ignores_levels, &asked, &Options::default()),
            Err(Error::NoImpersonation(_))
        ));
    }
}
