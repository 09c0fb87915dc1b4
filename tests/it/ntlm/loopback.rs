//! A process that accepts and initiates: what its initiator sends is not accepted for another
//! service, whoever sends it back.

use super::configured::{alice, ntlm};
use super::last_step;
use crate::support::{call, configured, own_name};
use negossp::config::Settings;
use negossp::server::{Accepting, Configuration, Initiating};
use negossp::types::error::{Denial, Error};
use negossp::types::flags::ContextFlags;
use std::sync::Arc;

/// The outcome for the process' own client that means `target`.
fn logs_on(configuration: &Arc<Configuration>, target: String) -> Result<(), Error> {
    let call = call(ContextFlags::empty());
    let client = Initiating::new(ntlm(Some(alice())), configuration.clone(), target);
    let server = Accepting::new(ntlm(Some(alice())), configuration.clone());
    last_step(client, server, call).map(|_| ())
}

#[test]
fn a_process_accepts_its_own_clients_for_its_own_names_alone() {
    let configuration = configured(Settings::default());
    let reflected = Err(Error::LogonDenied(Denial::Reflected));
    assert_eq!(logs_on(&configuration, own_name(&configuration)), Ok(()));
    // In another configuration of the process too.
    let again = configured(Settings::default());
    for target in ["HTTP/elsewhere.example.test", ""] {
        assert_eq!(logs_on(&configuration, target.to_owned()), reflected);
        assert_eq!(logs_on(&again, target.to_owned()), reflected);
    }
    let mut settings = Settings::default();
    settings.ntlm.loopback_check = false;
    assert_eq!(logs_on(&configured(settings), "HTTP/elsewhere.example.test".to_owned()), Ok(()));
}
