//! The outcome of an exchange is recorded once, after every check: a client whose response is right
//! and whose message is rejected is recorded as refused.

use crate::support::accounts::*;
use crate::support::{call, configured};
use negossp::config::Settings;
use negossp::context::Call;
use negossp::mechanism::{Mechanism, Package};
use negossp::server::credential::{Credential, Usage};
use negossp::server::{Accepting, Configuration, Context, Initiating};
use negossp::types::channel_bindings::ChannelBindings;
use negossp::types::error::{Denial, Error};
use negossp::types::flags::ContextFlags;
use negossp::types::identity::Identity;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// Where MIC is in AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3).
const MIC: usize = 72;

struct Server {
    configuration: Arc<Configuration>,
    audit_file: PathBuf,
    _folder: Folder,
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

    /// Alice logs on, with AUTHENTICATE_MESSAGE changed in transit.
    fn log_on(
        &self,
        bindings: Option<&ChannelBindings>,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Error> {
        let identity = Identity {
            user: "alice".into(),
            domain: String::new(),
            password: "Password".to_owned().into(),
        };
        let server = Credential { package: Package::Only(Mechanism::Ntlm), ..credential() };
        let client = Credential {
            usage: Usage { inbound: false, outbound: true },
            identity: Some(identity),
            ..server.clone()
        };
        let client =
            Initiating::new(Arc::new(client), self.configuration.clone(), "HTTP/srv".into());
        let negotiate = client.unwrap().step(None, call(ContextFlags::INTEGRITY)).unwrap();
        let server = Accepting::new(Arc::new(server), self.configuration.clone());
        let call = Call { bindings, ..call(ContextFlags::empty()) };
        let challenge = server.step(&negotiate.token.unwrap(), call).unwrap();
        let (Context::Initiating(client), Context::Accepting(server)) =
            (negotiate.context, challenge.context)
        else {
            panic!("too early")
        };
        let requirements = ContextFlags::INTEGRITY;
        let authenticate = client
            .step(challenge.token.as_deref(), Call { requirements, bindings: None, ..call })
            .unwrap();
        let mut message = authenticate.token.unwrap();
        change(&mut message);
        let mut output = server.step(&message, call).map_err(|failure| failure.error)?;
        output.conclude();
        Ok(())
    }

    /// The outcome in the audit file, and its status.
    fn audited(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(&self.audit_file).unwrap();
        let line = |line: &str| {
            let fields: Vec<&str> = line.split('\t').collect();
            (fields[1].to_owned(), fields[fields.len() - 1].to_owned())
        };
        text.lines().map(line).collect()
    }
}

#[test]
fn a_good_logon_is_recorded_as_accepted() {
    let server = Server::new();
    server.log_on(None, |_| ()).unwrap();
    assert_eq!(server.audited(), [("accepted".to_owned(), "-".to_owned())]);
}

#[test]
fn a_wrong_mic_is_recorded_as_refused() {
    let server = Server::new();
    let error = server.log_on(None, |message| message[MIC] ^= 1).unwrap_err();
    assert_eq!(error, Error::LogonDenied(Denial::Mic));
    let audited = server.audited();
    assert_eq!((audited.len(), &*audited[0].0), (1, "refused"), "{audited:?}");
}

#[test]
fn wrong_channel_bindings_are_recorded_as_refused() {
    let server = Server::new();
    let bindings = ChannelBindings { hash: [7; 16], initiator: None };
    assert!(server.log_on(Some(&bindings), |_| ()).is_err());
    let audited = server.audited();
    assert_eq!((audited.len(), &*audited[0].0), (1, "refused"), "{audited:?}");
}
