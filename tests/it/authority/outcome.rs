//! The outcome of an exchange is recorded once, after every check: a client whose response is right
//! and whose message is not is recorded as refused.

use crate::support::accounts::*;
use crate::support::{call, configured, own_name};
use negossp::config::Settings;
use negossp::context::Call;
use negossp::mechanism::{Mechanism, Package};
use negossp::negotiate::token::NegTokenResp;
use negossp::ntlm::Account;
use negossp::server::credential::{Credential, Usage};
use negossp::server::export_import::{self, CallState, ExportOptions};
use negossp::server::{Accepting, Configuration, Context, Initiating};
use negossp::types::channel_bindings::ChannelBindings;
use negossp::types::error::{Denial, Error};
use negossp::types::flags::ContextFlags;
use negossp::types::identity::Identity;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where MIC is in AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3).
const MIC: usize = 72;
const NTLM: Package = Package::Only(Mechanism::Ntlm);

struct Server {
    configuration: Arc<Configuration>,
    audit_file: PathBuf,
    _folder: Folder,
}

/// An exchange whose last message the server has not seen.
struct Exchange {
    server: Accepting,
    authenticate: Vec<u8>,
}

fn alice(password: &str) -> Identity {
    Identity { user: "alice".into(), domain: "".into(), password: password.to_owned().into() }
}

/// A call of the server's.
fn plain() -> Call<'static> {
    call(ContextFlags::empty())
}

impl Server {
    fn new() -> Server {
        let folder = Folder::new();
        let mut settings = Settings::default();
        settings.accounts.file = Some(folder.write("accounts", line("alice", &PASSWORD, "U")));
        let audit_file = folder.path("ntlm.tsv");
        settings.authorities.audit_file = Some(audit_file.clone());
        Server { configuration: configured(settings), audit_file, _folder: folder }
    }

    /// An exchange of alice's up to the server's challenge.
    fn challenged(&self, package: Package, bindings: Option<&ChannelBindings>) -> Exchange {
        self.challenged_by(package, bindings, Some(alice("Password")))
    }

    /// The same of a client with this identity; without one, a null session's.
    fn challenged_by(
        &self,
        package: Package,
        bindings: Option<&ChannelBindings>,
        identity: Option<Identity>,
    ) -> Exchange {
        let requirements = match identity {
            Some(_) => ContextFlags::INTEGRITY,
            None => ContextFlags::ALLOW_NULL_SESSION,
        };
        let mechanisms = vec![Mechanism::Ntlm];
        let server = Credential { package, mechanisms, ..credential() };
        let client = Credential {
            usage: Usage { inbound: false, outbound: true },
            identity,
            ..server.clone()
        };
        let target = own_name(&self.configuration);
        let client = Initiating::new(Arc::new(client), self.configuration.clone(), target);
        let negotiate = client.step(None, call(requirements)).unwrap();
        let server = Accepting::new(Arc::new(server), self.configuration.clone());
        let challenge =
            server.step(&negotiate.token.unwrap(), Call { bindings, ..plain() }).unwrap();
        let (Context::Initiating(client), Context::Accepting(server)) =
            (negotiate.context, challenge.context)
        else {
            panic!("too early")
        };
        let authenticate = client.step(challenge.token.as_deref(), call(requirements)).unwrap();
        Exchange { server: *server, authenticate: authenticate.token.unwrap() }
    }

    /// Alice logs on, with AUTHENTICATE_MESSAGE changed in transit.
    fn log_on(
        &self,
        bindings: Option<&ChannelBindings>,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Error> {
        let Exchange { server, mut authenticate } = self.challenged(NTLM, bindings);
        change(&mut authenticate);
        let step = server.step(&authenticate, Call { bindings, ..plain() });
        step.map_err(|failure| failure.error)?.conclude();
        Ok(())
    }

    /// A server that awaits the client's mechListMIC, and the token with it.
    fn mic_awaited(&self) -> (Box<Accepting>, Vec<u8>) {
        let Exchange { server, authenticate } = self.challenged(Package::Negotiate, None);
        let whole = NegTokenResp::decode(&authenticate).unwrap();
        let mech_list_mic = whole.mech_list_mic;
        assert!(mech_list_mic.is_some());
        let mic = NegTokenResp {
            neg_state: None,
            supported_mech: None,
            response_token: None,
            mech_list_mic,
        };
        let mic = mic.encode();
        let without = NegTokenResp { mech_list_mic: None, ..whole };
        let mut output = server.step(&without.encode(), plain()).unwrap();
        output.conclude();
        let Context::Accepting(accepting) = output.context else { panic!("too early") };
        (accepting, mic)
    }

    /// The outcomes in the audit file.
    fn audited(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.audit_file).unwrap();
        text.lines().map(|line| line.split('\t').nth(1).unwrap().to_owned()).collect()
    }
}

#[test]
fn a_good_logon_is_recorded_as_accepted() {
    let server = Server::new();
    server.log_on(None, |_| ()).unwrap();
    assert_eq!(server.audited(), ["accepted"]);
}

#[test]
fn a_wrong_mic_is_recorded_as_refused() {
    let server = Server::new();
    let error = server.log_on(None, |message| message[MIC] ^= 1).unwrap_err();
    assert_eq!(error, Error::LogonDenied(Denial::Mic));
    assert_eq!(server.audited(), ["refused"]);
}

#[test]
fn wrong_channel_bindings_are_recorded_as_refused() {
    let server = Server::new();
    let bindings = ChannelBindings::of_channel([7; 16]);
    assert!(server.log_on(Some(&bindings), |_| ()).is_err());
    assert_eq!(server.audited(), ["refused"]);
}

#[test]
fn a_client_that_does_not_finish_is_recorded_as_refused() {
    let server = Server::new();
    let (accepting, _) = server.mic_awaited();
    assert!(server.audited().is_empty());
    drop(accepting);
    assert_eq!(server.audited(), ["refused"]);
}

#[test]
fn a_late_mech_list_mic_is_recorded_once() {
    let server = Server::new();
    let (accepting, mic) = server.mic_awaited();
    let mut output = accepting.step(&mic, plain()).unwrap();
    output.conclude();
    drop((accepting, output));
    assert_eq!(server.audited(), ["accepted"]);
    // And a wrong one.
    let server = Server::new();
    let (accepting, mut mic) = server.mic_awaited();
    *mic.last_mut().unwrap() ^= 1;
    accepting.step(&mic, plain()).unwrap_err();
    drop(accepting);
    assert_eq!(server.audited(), ["refused"]);
}

#[test]
fn an_exported_exchange_is_recorded_where_the_password_was_verified() {
    let server = Server::new();
    let (accepting, mic) = server.mic_awaited();
    let context = Context::Accepting(accepting);
    let options = ExportOptions { reset: false, half_open: true };
    let now = negossp::platform::now();
    let state = CallState {
        requirements: ContextFlags::empty(),
        bindings: None,
        address: None,
        started: now,
    };
    let sealed = export_import::export(&context, &state, options, &server.configuration, now);
    drop(context);
    let imported = export_import::import(&sealed.unwrap(), &server.configuration).unwrap();
    let Context::Accepting(accepting) = imported.context else { panic!() };
    accepting.step(&mic, plain()).unwrap().conclude();
    assert_eq!(server.audited(), ["accepted"]);
}

#[test]
fn a_replaced_credential_counts_in_the_next_step() {
    let server = Server::new();
    for (password, accepted) in [("Password", true), ("other", false)] {
        let Exchange { server: mut accepting, authenticate } = server.challenged(NTLM, None);
        let accounts = vec![Account::from_identity(&alice(password))];
        let credential = Credential { accounts, ..(**accepting.credential()).clone() };
        accepting.set_credential(Arc::new(credential));
        assert_eq!(accepting.step(&authenticate, plain()).is_ok(), accepted, "{password}");
    }
}

#[test]
fn null_sessions_are_recorded() {
    let server = Server::new();
    for (allowed, outcome) in
        [(ContextFlags::ALLOW_NULL_SESSION, "accepted"), (ContextFlags::empty(), "refused")]
    {
        let exchange = server.challenged_by(NTLM, None, None);
        let accepted = exchange.server.step(&exchange.authenticate, call(allowed));
        if let Ok(mut output) = accepted {
            output.conclude();
        }
        assert_eq!(server.audited().pop().expect("a line"), outcome);
    }
}

/// No number of right logons at the same time may refuse one.
#[test]
fn four_threads_log_the_same_account_on() {
    let server = Server::new();
    let begun = Instant::now();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..10_000 {
                    let exchange = server.challenged(NTLM, None);
                    let accepted = exchange.server.step(&exchange.authenticate, plain());
                    accepted.expect("accepted").conclude();
                    if begun.elapsed() > Duration::from_secs(20) {
                        break;
                    }
                }
            });
        }
    });
    assert!(!server.audited().is_empty() && server.audited().iter().all(|it| it == "accepted"));
}
