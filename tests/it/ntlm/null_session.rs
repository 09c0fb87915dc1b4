//! Null sessions under a configuration.

use super::configured::ntlm;
use super::last_step;
use crate::support::{call, configured};
use negossp::config::Settings;
use negossp::server::{Accepting, Context, Initiating};
use negossp::types::error::{Denial, Error};
use negossp::types::flags::ContextFlags;

fn logs_on(settings: Settings) -> Result<(), Error> {
    let (configuration, call) = (configured(settings), call(ContextFlags::ALLOW_NULL_SESSION));
    let client = Initiating::new(ntlm(None), configuration.clone(), String::new());
    let server = Accepting::new(ntlm(None), configuration);
    let output = last_step(client, server, call)?;
    let Context::Established(context) = output.context else { panic!("not done") };
    assert!(context.established.client.anonymous);
    assert_eq!(context.established.flags, ContextFlags::NULL_SESSION);
    Ok(())
}

/// An anonymous client is on no list, not even with the name of a listed workstation.
#[test]
fn lists_exclude_null_sessions() {
    assert_eq!(logs_on(Settings::default()), Ok(()));
    for restrict in [
        |settings: &mut Settings| settings.authorities.users = vec!["alice".into()],
        |settings: &mut Settings| settings.authorities.domains = vec!["EXAMPLE".into()],
        |settings: &mut Settings| {
            settings.authorities.workstations = vec![settings.server.nb_computer.clone()]
        },
        |settings: &mut Settings| settings.ntlm.refuse_null_session = true,
        |settings: &mut Settings| settings.ntlm.require_mic = true,
    ] {
        let mut settings = Settings::default();
        restrict(&mut settings);
        assert_eq!(logs_on(settings), Err(Error::LogonDenied(Denial::Anonymous)));
    }
}
