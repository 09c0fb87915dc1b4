//! Configuration settings take effect in the protocol.

use crate::support::accounts::credential;
use crate::support::{call, configured};
use negossp::config::Settings;
use negossp::kerberos::{Addresses, Delegation};
use negossp::mechanism::{Mechanism, Package};
use negossp::ntlm::{Account, ServerNames};
use negossp::server::credential::{Credential, Usage};
use negossp::server::{Accepting, Initiating};
use negossp::types::error::{Error, Failure};
use negossp::types::flags::ContextFlags;
use negossp::types::identity::Identity;
use std::sync::Arc;
use std::time::Duration;

/// A credential of alice's, for NTLM behind SPNEGO.
fn alice(inbound: bool) -> Credential {
    let identity = Identity {
        user: "alice".into(),
        domain: "EXAMPLE".into(),
        password: "Passw0rd!".to_owned().into(),
    };
    Credential {
        package: Package::Negotiate,
        usage: Usage { inbound, outbound: !inbound },
        mechanisms: vec![Mechanism::Ntlm],
        accounts: inbound.then(|| Account::from_identity(&identity)).into_iter().collect(),
        identity: Some(identity),
        ..credential()
    }
}

/// The limit applies to whole tokens, in each step of a context.
#[test]
fn longest_token() {
    let mut settings = Settings::default();
    let call = call(ContextFlags::INTEGRITY | ContextFlags::CONFIDENTIALITY);
    let initiating = |settings: &Settings| {
        let (client, configuration) = (Arc::new(alice(false)), configured(settings.clone()));
        Initiating::new(client, configuration, "HTTP/server.example.test".to_owned())
    };
    let mut token = initiating(&settings).step(None, call).unwrap().token.unwrap();
    let accept = |settings: &Settings, token: &[u8]| {
        let server = Accepting::new(Arc::new(alice(true)), configured(settings.clone()));
        server.step(token, call).map(|output| output.complete())
    };
    token.resize(settings.limits.max_token as usize, 0);
    assert!(matches!(accept(&settings, &token), Ok(false)));
    token.push(0);
    let over = |result: Result<bool, Failure>| {
        assert!(matches!(result.unwrap_err().error, Error::InvalidToken(_)));
    };
    over(accept(&settings, &token));
    // Before what is wrong with the credential.
    let outbound = Accepting::new(Arc::new(alice(false)), configured(settings.clone()));
    over(outbound.step(&token, call).map(|output| output.complete()));
    settings.limits.max_token = 16;
    over(initiating(&settings).step(Some(&[0; 17]), call).map(|output| output.complete()));
}

/// The effect of each setting is tested in `crates/core`.
#[test]
fn the_protocol_is_given_what_is_configured() {
    let mut settings = Settings {
        server: ServerNames::from_host_name("another.example.test"),
        ..Settings::default()
    };
    settings.ntlm.require_mic = true;
    settings.ntlm.responses.ntlmv1 = true;
    settings.kerberos.addresses = Addresses::Require;
    settings.kerberos.delegation = Delegation::Never;
    settings.negotiate.context_lifetime = Some(Duration::from_secs(60));
    settings.limits.max_token = 1000;
    let lifetime = settings.negotiate.context_lifetime;
    let (server, client) = (alice(true), alice(false));

    let acceptor = server.acceptor_config(&configured(settings.clone()));
    assert_eq!(acceptor.max_token, 1000);
    assert_eq!(acceptor.ntlm.policy, settings.ntlm);
    assert_eq!(acceptor.ntlm.names, settings.server);
    assert_eq!(acceptor.ntlm.context_lifetime, lifetime);
    assert_eq!(acceptor.kerberos.policy, settings.kerberos);
    assert_eq!(acceptor.kerberos.context_lifetime, lifetime);

    let initiator = client.initiator_config(&configured(settings.clone()));
    assert_eq!(initiator.max_token, 1000);
    assert_eq!(initiator.ntlm.policy, settings.ntlm);
    assert_eq!(initiator.ntlm.workstation, "ANOTHER");
    assert_eq!(initiator.ntlm.context_lifetime, lifetime);
    assert!(initiator.ntlm.identity.is_some_and(|identity| identity.user == "alice"));
    // SPNEGO's mechListMIC requires signing; NTLM by itself signs if its caller requires that.
    assert!(initiator.ntlm.sign);
    let only = Credential { package: Package::Only(Mechanism::Ntlm), ..client };
    assert!(!only.initiator_config(&configured(settings)).ntlm.sign);
}

/// What both credential and configuration allow, in the credential's order.
#[test]
fn mechanisms_are_those_of_credential_and_configuration() {
    use Mechanism::{Kerberos, Ntlm};
    for (credential, configuration, both) in [
        (&[Ntlm, Kerberos][..], &[Kerberos, Ntlm][..], &[Ntlm, Kerberos][..]),
        (&[Kerberos, Ntlm], &[Ntlm], &[Ntlm]),
        (&[Ntlm], &[Kerberos, Ntlm], &[Ntlm]),
        (&[Ntlm], &[Kerberos], &[]),
        (&[], &[Kerberos, Ntlm], &[]),
        (&[Kerberos, Ntlm], &[], &[]),
    ] {
        let mut settings = Settings::default();
        settings.negotiate.mechanisms = configuration.to_vec();
        for inbound in [true, false] {
            let party = Credential { mechanisms: credential.to_vec(), ..alice(inbound) };
            let configuration = configured(settings.clone());
            assert_eq!(party.acceptor_config(&configuration).mechanisms, both);
            assert_eq!(party.initiator_config(&configuration).mechanisms, both);
        }
    }
}
