//! On Windows: a token created by this library if the process may create tokens; else one from the
//! system, for an account that it knows; else none, since a restricted copy of the server's token
//! would still be the server.

use super::contents_of::contents_of;
use super::logon_of::logon_of;
use super::system::System;
use crate::access_token::{Level, Options, Subject};
use crate::platform::access_token::Privilege;
use crate::types::error::{Error, Result};

/// A client's token.
pub(crate) fn make<S: System>(
    system: &S,
    subject: &Subject,
    tokens: &Options,
) -> Result<S::Handle> {
    let may_make = system.can_create() && system.holds(Privilege::CreateToken);
    if let Some(contents) = contents_of(subject, false).filter(|_| may_make) {
        match system.create(&contents, Some(Privilege::CreateToken)) {
            Ok(token) => return Ok(token),
            // The system may still know the account.
            Err(refusal) => {
                _ = refusal.log("NtCreateToken", Error::NoImpersonation("no token could be made"))
            }
        }
    }
    log_on(system, subject, tokens)
}

/// The token of an account that the system knows.
fn log_on<S: System>(system: &S, subject: &Subject, tokens: &Options) -> Result<S::Handle> {
    const UNKNOWN: Error = Error::NoImpersonation(
        "no account of the machine or its domain, and the process may not make tokens",
    );
    const NO_LOGON: Error =
        Error::NoImpersonation("the system does not log the account on without a password");
    let (logon, sid) = logon_of(subject, tokens, || system.computer()).ok_or(UNKNOWN)?;
    // Without the privilege, the system returns identification tokens.
    let trusted = system.holds(Privilege::Tcb).then_some(Privilege::Tcb);
    let token =
        system.log_on(&logon, trusted).map_err(|refusal| refusal.log("LsaLogonUser", NO_LOGON))?;
    let info =
        system.info(&token).map_err(|refusal| refusal.log("GetTokenInformation", NO_LOGON))?;
    if sid.is_some_and(|sid| sid != info.user) {
        return Err(Error::NoImpersonation("the system has another account of that name"));
    }
    let level = match info.level {
        Some(level) if level <= subject.level as u32 => return Ok(token),
        Some(_) => subject.level,
        // A primary token, which a thread can use on this machine.
        None => subject.level.min(Level::Impersonation),
    };
    system.at_level(&token, level).map_err(|refusal| refusal.log("DuplicateTokenEx", NO_LOGON))
}

#[cfg(test)]
mod tests {
    use super::super::make::make;
    use super::*;
    use crate::access_token::options::LogonOf;
    use crate::access_token::windows::fake_system::{FakeSystem, FakeToken, info_of, sid, subject};
    use crate::platform::access_token::Logon;
    use crate::principal::{AccountInfo, Origin, Origins, Principal};
    use std::sync::Arc;

    const CLIENT: &str = "S-1-5-21-1-2-3-1104";

    fn client() -> Subject {
        let account = AccountInfo {
            sid: Some(sid(CLIENT)),
            upn: "alice@ad.test".into(),
            ..AccountInfo::default()
        };
        let origins = Origins { logon: Origin::Ticket, ..Origins::all(Origin::Pac) };
        subject(Principal { account: Some(Arc::new(account)), origins, ..Principal::default() })
    }

    fn windows() -> FakeSystem {
        FakeSystem {
            can_create: true,
            logs_on: Some(info_of(CLIENT, Some(2))),
            ..FakeSystem::default()
        }
    }

    #[test]
    fn who_may_make_tokens_does() {
        let system = FakeSystem { privileges: vec![Privilege::CreateToken], ..windows() };
        let made = make(&system, &client(), &Options::default()).unwrap();
        assert!(
            matches!(made, FakeToken::Created(contents, Some(Privilege::CreateToken)) if contents.user == sid(CLIENT))
        );
    }

    #[test]
    fn if_that_fails_the_system_is_asked() {
        let system = FakeSystem {
            privileges: vec![Privilege::CreateToken],
            refuses_to_create: true,
            ..windows()
        };
        assert!(matches!(
            make(&system, &client(), &Options::default()),
            Ok(FakeToken::LoggedOn(..))
        ));
    }

    #[test]
    fn who_may_not_asks_the_system() {
        let identifies = FakeSystem { logs_on: Some(info_of(CLIENT, Some(1))), ..windows() };
        let Ok(FakeToken::LoggedOn(_, info, trusted)) =
            make(&identifies, &client(), &Options::default())
        else {
            panic!()
        };
        assert_eq!((info.level, trusted), (Some(1), None));
        let trusted = FakeSystem { privileges: vec![Privilege::Tcb], ..windows() };
        let Ok(FakeToken::LoggedOn(_, info, trusted)) =
            make(&trusted, &client(), &Options::default())
        else {
            panic!()
        };
        assert_eq!((info.level, trusted), (Some(2), Some(Privilege::Tcb)));
    }

    #[test]
    fn never_more_than_was_agreed_on() {
        for given in [Some(2), Some(3), None] {
            for asked in [Level::Identification, Level::Impersonation, Level::Delegation] {
                let system = FakeSystem { logs_on: Some(info_of(CLIENT, given)), ..windows() };
                let made =
                    make(&system, &Subject { level: asked, ..client() }, &Options::default())
                        .unwrap();
                let level =
                    system.info(&made).unwrap().level.expect("no primary token is returned");
                assert!(
                    level <= asked as u32 && level <= given.unwrap_or(2),
                    "{given:?} {asked:?} {level}"
                );
            }
        }
    }

    #[test]
    fn another_account_of_that_name_is_not_it() {
        let system =
            FakeSystem { logs_on: Some(info_of("S-1-5-21-9-9-9-500", Some(2))), ..windows() };
        assert!(matches!(
            make(&system, &client(), &Options::default()),
            Err(Error::NoImpersonation(_))
        ));
    }

    #[test]
    fn an_unknown_account_has_no_token() {
        let unknown = FakeSystem { logs_on: None, ..windows() };
        assert!(matches!(
            make(&unknown, &client(), &Options::default()),
            Err(Error::NoImpersonation(_))
        ));
        let of_file = subject(Principal::of_account(
            "Administrator".into(),
            String::new(),
            Origin::AccountFile,
        ));
        assert!(matches!(
            make(&windows(), &of_file, &Options::default()),
            Err(Error::NoImpersonation(_))
        ));
        let opted_in = Options { windows_logon: vec![LogonOf::Machine], ..Options::default() };
        let Ok(FakeToken::LoggedOn(logon, ..)) = make(&windows(), &of_file, &opted_in) else {
            panic!()
        };
        assert_eq!(logon, Logon::Machine { user: "Administrator".into(), computer: "FAKE".into() });
    }

    #[test]
    fn the_servers_own_token_is_never_asked_for() {
        // Whatever fails.
        for system in [
            FakeSystem { can_create: false, logs_on: None, ..windows() },
            FakeSystem { refuses_to_create: true, ..windows() },
        ] {
            let _ = make(&system, &client(), &Options::default());
            assert!(!system.restricted.get());
        }
    }
}
