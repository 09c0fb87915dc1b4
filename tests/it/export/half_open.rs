//! NTLM exchanges that begin in one acceptor and end in another.

use crate::support::accounts::{Folder, PASSWORD, line};
use crate::support::export_import::{HALF_OPEN, RESET, moved, sealed, secured};
use crate::support::{call, configured, own_name};
use negossp::config::Settings;
use negossp::kerberos::CredentialKeys;
use negossp::mechanism::Mechanism;
use negossp::mechanism::Package;
use negossp::negotiate::token::{NegTokenInit, NegTokenResp, mech_type_list};
use negossp::ntlm::Account;
use negossp::platform;
use negossp::server::credential::{Credential, Usage};
use negossp::server::{Accepting, Configuration, Context, Initiating, StepOutput};
use negossp::types::error::{Denial, Error};
use negossp::types::flags::ContextFlags;
use negossp::types::identity::Identity;
use std::sync::Arc;
use std::time::Duration;

const REQUIRED: ContextFlags = ContextFlags::INTEGRITY.union(ContextFlags::CONFIDENTIALITY);

fn credential(package: Package, usage: Usage, identity: Option<Identity>) -> Credential {
    Credential {
        package,
        usage,
        principal: None,
        identity,
        mechanisms: vec![Mechanism::Ntlm],
        accounts: vec![],
        application: None,
        service: Default::default(),
        tickets: None,
        assembled: Default::default(),
    }
}

fn alice(password: &str) -> Identity {
    Identity {
        user: "alice".into(),
        domain: "EXAMPLE".into(),
        password: password.to_owned().into(),
    }
}

/// The server's configuration and a client.
struct Fixture {
    folder: Folder,
    configuration: Arc<Configuration>,
    client: Option<Initiating>,
    server: Accepting,
}

impl Fixture {
    fn new(package: Package, password: &str) -> Fixture {
        let folder = Folder::new();
        let configuration = with_accounts(&folder);
        let usage = |inbound| Usage { inbound, outbound: !inbound };
        let client = credential(package, usage(false), Some(alice(password)));
        let target = own_name(&configuration);
        let client = Initiating::new(Arc::new(client), configuration.clone(), target);
        let server =
            Accepting::new(Arc::new(credential(package, usage(true), None)), configuration.clone());
        Fixture { folder, configuration, client: Some(client), server }
    }

    fn client(&mut self, token: Option<&[u8]>) -> StepOutput {
        let mut leg = self.client.take().unwrap().step(token, call(REQUIRED)).unwrap();
        if let Context::Initiating(next) = leg.context {
            self.client = Some(*next);
            leg.context = Context::Failed;
        }
        leg
    }
}

fn with_accounts(folder: &Folder) -> Arc<Configuration> {
    let file = folder.write("accounts", line("alice", &PASSWORD, "U"));
    let mut settings = Settings::default();
    settings.accounts.file = Some(file);
    configured(settings)
}

fn packages() -> [Package; 2] {
    [Package::Negotiate, Package::Only(Mechanism::Ntlm)]
}

/// Every leg in another worker.
#[test]
fn every_leg_elsewhere() {
    for package in packages() {
        let mut fixture = Fixture::new(package, "Password");
        let mut token = fixture.client(None).token;
        let mut server = fixture.server.step(token.as_deref().unwrap(), call(REQUIRED)).unwrap();
        let (client, server) = loop {
            let leg = fixture.client(server.token.as_deref());
            token = leg.token;
            let Context::Accepting(_) = &server.context else {
                break (leg.context, server.context);
            };
            // A worker with its own copy of the same settings.
            let configuration = with_accounts(&fixture.folder);
            let Context::Accepting(there) = moved(&server.context, HALF_OPEN, &configuration)
            else {
                panic!()
            };
            assert!(Arc::ptr_eq(there.configuration(), &configuration));
            assert_eq!(there.credential().package, package);
            server = there.step(token.as_deref().unwrap(), call(REQUIRED)).unwrap();
            if let (Context::Established(_), None) = (&server.context, &server.token) {
                break (leg.context, server.context);
            }
        };
        let (client, server) =
            (secured(client), secured(moved(&server, Default::default(), &fixture.configuration)));
        assert_eq!(server.established.client.user, "alice");
        let (mut client, mut server) = (client.established.session, server.established.session);
        let mut signature = [0; 16];
        client.sign(&[b"hello"], 0, &mut signature).unwrap();
        server.verify(&[b"hello"], 0, &signature).unwrap();
    }
}

/// Whatever the client has sent so far: nothing, an empty token, a list of mechanisms without a
/// token, or NTLM's message without SPNEGO's.
#[test]
fn every_state_goes_elsewhere() {
    let negotiate = Package::Negotiate;
    let ntlm = Package::Only(Mechanism::Ntlm);
    for (client, begins) in
        [(negotiate, "nothing"), (negotiate, "empty"), (ntlm, "list"), (ntlm, "raw")]
    {
        let mut fixture = Fixture::new(client, "Password");
        let usage = Usage { inbound: true, outbound: false };
        let server = Arc::new(credential(negotiate, usage, None));
        let server = Accepting::new(server, fixture.configuration.clone());
        let first = fixture.client(None).token.unwrap();
        let elsewhere = |context: &Context| match moved(context, HALF_OPEN, &fixture.configuration)
        {
            Context::Accepting(there) => *there,
            _ => panic!("not an acceptor"),
        };
        let wrapped = |token: &[u8]| {
            NegTokenResp {
                neg_state: None,
                supported_mech: None,
                response_token: Some(token),
                mech_list_mic: None,
            }
            .encode()
        };
        let list = NegTokenInit::encode(&mech_type_list(&[Mechanism::Ntlm]), &[]);
        let (server, first) = match begins {
            "empty" => (elsewhere(&server.step(&[], call(REQUIRED)).unwrap().context), first),
            "list" => {
                (elsewhere(&server.step(&list, call(REQUIRED)).unwrap().context), wrapped(&first))
            }
            _ => (elsewhere(&Context::Accepting(Box::new(server))), first),
        };
        let step = server.step(&first, call(REQUIRED)).unwrap();
        let challenge = step.token.as_deref().unwrap();
        let challenge = match begins {
            "list" => NegTokenResp::decode(challenge).unwrap().response_token.unwrap(),
            _ => challenge,
        };
        let there = elsewhere(&step.context);
        let answer = fixture.client(Some(challenge)).token.unwrap();
        let answer = if begins == "list" { wrapped(&answer) } else { answer };
        let last = there.step(&answer, call(REQUIRED)).unwrap();
        // SPNEGO still awaits a mechListMIC from the client that was asked for one.
        // A client that has made a MIC owes SPNEGO its own: this one knows nothing of it.
        let established = matches!(last.context, Context::Established(_));
        assert_eq!(established, begins != "list", "{begins}");
    }
}

/// The exchange up to the challenge.
fn challenged(package: Package, password: &str) -> (Fixture, Context, Vec<u8>) {
    let mut fixture = Fixture::new(package, password);
    let token = fixture.client(None).token.unwrap();
    let leg = fixture.server.step(&token, call(REQUIRED)).unwrap();
    let authenticate = fixture.client(leg.token.as_deref()).token.unwrap();
    (fixture, leg.context, authenticate)
}

#[test]
fn the_wrong_password_is_wrong_elsewhere_too() {
    for package in packages() {
        let (fixture, server, authenticate) = challenged(package, "wrong");
        let Context::Accepting(there) = moved(&server, HALF_OPEN, &fixture.configuration) else {
            panic!()
        };
        let failure = there.step(&authenticate, call(REQUIRED)).err().unwrap();
        assert_eq!(failure.error, Error::LogonDenied(Denial::WrongPassword));
    }
}

/// The packed form has the messages alone, and in them the target information.
#[test]
fn the_challenge_is_compared_elsewhere_too() {
    let mut fixture = Fixture::new(Package::Only(Mechanism::Ntlm), "Password");
    let token = fixture.client(None).token.unwrap();
    let server = fixture.server.step(&token, call(REQUIRED)).unwrap();
    // Without the timestamp, for which the client makes a MIC.
    let mut challenge = server.token.unwrap();
    let timestamp = challenge.len() - 16;
    challenge[timestamp] = 0xff;
    let authenticate = fixture.client(Some(&challenge)).token.unwrap();
    let Context::Accepting(there) = moved(&server.context, HALF_OPEN, &fixture.configuration)
    else {
        panic!()
    };
    let failure = there.step(&authenticate, call(REQUIRED)).err().unwrap();
    assert_eq!(failure.error, Error::LogonDenied(Denial::TargetInfo));
}

/// The importer's settings apply.
#[test]
fn the_importing_process_has_its_own_accounts_and_policy() {
    let (_fixture, server, authenticate) = challenged(Package::Negotiate, "Password");
    let elsewhere = configured(Settings::default());
    let Context::Accepting(there) = moved(&server, HALF_OPEN, &elsewhere) else { panic!() };
    assert!(there.step(&authenticate, call(REQUIRED)).is_err());
}

/// The lifetime of a challenge includes the time between export and import.
#[test]
fn the_challenge_s_clock_goes_on() {
    let (fixture, server, authenticate) = challenged(Package::Negotiate, "Password");
    let mut settings = fixture.configuration.settings.clone();
    settings.ntlm.challenge_lifetime = Duration::ZERO;
    let configuration = configured(settings);
    let issued = platform::now();
    let Context::Accepting(there) = moved(&server, HALF_OPEN, &configuration) else { panic!() };
    while platform::now() <= issued.plus(Duration::from_millis(1)) {
        std::thread::yield_now();
    }
    assert_eq!(
        there.step(&authenticate, call(REQUIRED)).err().unwrap().error,
        Error::LogonDenied(Denial::Stale)
    );
}

#[test]
fn only_if_asked_for() {
    let (fixture, server, _) = challenged(Package::Negotiate, "Password");
    for manner in [Default::default(), RESET] {
        assert!(matches!(
            sealed(&server, manner, &fixture.configuration),
            Err(Error::InvalidHandle(_))
        ));
    }
    assert!(matches!(
        sealed(&Context::Failed, HALF_OPEN, &fixture.configuration),
        Err(Error::InvalidHandle(_))
    ));
}

#[test]
fn a_client_under_way_stays_where_it_is() {
    let mut fixture = Fixture::new(Package::Negotiate, "Password");
    fixture.client(None);
    let client = Context::Initiating(Box::new(fixture.client.take().unwrap()));
    assert!(matches!(
        sealed(&client, HALF_OPEN, &fixture.configuration),
        Err(Error::CannotPack(_))
    ));
    assert!(matches!(
        sealed(&client, Default::default(), &fixture.configuration),
        Err(Error::InvalidHandle(_))
    ));
}

/// State that belongs to a credential alone would be missing after the import.
#[test]
fn a_credential_with_something_of_its_own_stays_where_it_is() {
    let inbound = Usage { inbound: true, outbound: false };
    let plain = || credential(Package::Negotiate, inbound, None);
    let with_identity = credential(Package::Negotiate, inbound, Some(alice("Password")));
    let with_accounts =
        Credential { accounts: vec![Account::from_identity(&alice("Password"))], ..plain() };
    let mut with_keys = plain();
    with_keys.service.keys = CredentialKeys::Keytab(Default::default());
    let mut fixture = Fixture::new(Package::Negotiate, "Password");
    let token = fixture.client(None).token.unwrap();
    for (credential, travels) in
        [(plain(), true), (with_identity, false), (with_accounts, false), (with_keys, false)]
    {
        let server = Accepting::new(Arc::new(credential), fixture.configuration.clone());
        let context = server.step(&token, call(REQUIRED)).unwrap().context;
        let result = sealed(&context, HALF_OPEN, &fixture.configuration);
        assert_eq!(result.is_ok(), travels);
        assert!(travels || matches!(result, Err(Error::CannotPack(_))));
    }
}

/// By then Kerberos holds a ticket's key, or a claim in a replay cache.
#[test]
fn kerberos_under_way_stays_where_it_is() {
    let mut credential = credential(
        Package::Only(Mechanism::Kerberos),
        Usage { inbound: true, outbound: false },
        None,
    );
    credential.mechanisms = vec![Mechanism::Kerberos];
    let configuration = configured(Settings::default());
    let context =
        Context::Accepting(Box::new(Accepting::new(Arc::new(credential), configuration.clone())));
    assert!(matches!(sealed(&context, HALF_OPEN, &configuration), Err(Error::CannotPack(_))));
}
