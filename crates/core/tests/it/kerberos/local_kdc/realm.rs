//! A local realm with accounts in memory, and clients of it.

use crate::support::random::COUNTED;
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{
    self, AsExchange, AsParameters, AsService, Capaths, ClientOptions, ClientSecret, Credentials,
    Issued, KdcService, ServiceTicket, ServiceTicketOutput, ServiceTicketRequest, TgsConfig,
};
use negossp_core::kerberos::crypto::{Key, string_to_key};
use negossp_core::kerberos::kdc::{
    Accounts, Answer, Asked, Candidate, ENCTYPES, Kdc, KdcCall, LocalNames, Present, RealmKeys,
    Standing, Tie,
};
use negossp_core::kerberos::message::name_type;
use negossp_core::types::error::Result;
use negossp_core::types::time::FileTime;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use zeroize::Zeroizing;

pub(super) const NOW: i64 = 1_796_000_000;
pub(super) const PASSWORD: &str = "Passw0rd!";

/// Accounts by name, in small letters: keys, tie, standing.
#[derive(Debug, Default)]
pub(super) struct Memory {
    accounts: Mutex<HashMap<String, (Candidate, Standing)>>,
    /// What was heard of each password.
    pub heard: Mutex<Vec<(String, String, bool)>>,
}

fn keys(password: &str, salt: &str) -> Vec<Key> {
    let key = |enctype| string_to_key(enctype, password, salt.as_bytes(), None).unwrap();
    ENCTYPES.into_iter().map(key).collect()
}

impl Memory {
    pub(super) fn set(&self, user: &str, password: &str, standing: Standing) {
        let salt = format!("prefix{}", user.to_lowercase());
        let keys = keys(password, &salt);
        let tie: Tie = keys[0].bytes()[..8].try_into().unwrap();
        let candidate = Candidate { user: user.into(), salt, keys, tie, standing };
        self.accounts.lock().unwrap().insert(user.to_lowercase(), (candidate, standing));
    }

    pub(super) fn remove(&self, user: &str) {
        self.accounts.lock().unwrap().remove(user);
    }
}

impl Accounts for Memory {
    fn candidate(&self, asked: &Asked<'_>) -> Result<Candidate> {
        let found = self.accounts.lock().unwrap().get(&asked.user.to_lowercase()).cloned();
        Ok(match found {
            Some((candidate, _)) => candidate,
            None => {
                let salt = format!("prefix{}", asked.user.to_lowercase());
                let key = |enctype: negossp_core::kerberos::crypto::Enctype| {
                    Key::new(enctype, &[7; 32][..enctype.key_length()]).unwrap()
                };
                Candidate {
                    user: asked.user.into(),
                    salt,
                    keys: ENCTYPES.into_iter().map(key).collect(),
                    tie: [0; 8],
                    standing: Standing::Rejected,
                }
            }
        })
    }

    fn checked(&self, asked: &Asked<'_>, _candidate: &Candidate, right: bool) {
        let said = (asked.user.to_owned(), asked.workstation.to_owned(), right);
        self.heard.lock().unwrap().push(said);
    }

    fn present(&self, user: &str) -> Result<Option<Present>> {
        let accounts = self.accounts.lock().unwrap();
        let found = accounts.get(&user.to_lowercase());
        let enabled = found.filter(|(_, standing)| *standing == Standing::Enabled);
        Ok(enabled.map(|(candidate, _)| Present {
            user: candidate.user.clone(),
            domain: "WEB1".into(),
            tie: candidate.tie,
        }))
    }
}

/// The realm WEB1 with alice, Bob and the disabled carol.
#[derive(Debug)]
pub(super) struct Realm {
    pub kdc: Arc<Kdc>,
    pub accounts: Arc<Memory>,
    pub now: i64,
    /// The messages so far.
    pub messages: Mutex<Vec<(Vec<u8>, Answer)>>,
}

pub(super) fn at(seconds: i64) -> FileTime {
    FileTime::from_unix_seconds(seconds)
}

impl Realm {
    pub(super) fn new() -> Realm {
        Realm::with_secrets(&[1])
    }

    pub(super) fn with_secrets(secrets: &[u8]) -> Realm {
        let accounts = Arc::new(Memory::default());
        accounts.set("alice", PASSWORD, Standing::Enabled);
        accounts.set("Bob", PASSWORD, Standing::Enabled);
        accounts.set("carol", PASSWORD, Standing::Disabled);
        let hosts = vec!["web1".into(), "web1.example.test".into()];
        let names = LocalNames::new("WEB1", vec!["web1.example.test".into()], hosts);
        let secrets = secrets.iter().map(|byte| Zeroizing::new([*byte; 32])).collect();
        let keys = RealmKeys::new("WEB1", secrets).unwrap();
        let times = (Duration::from_secs(300), Duration::from_secs(36_000));
        let kdc = Arc::new(Kdc::new(names, keys, accounts.clone(), times, &COUNTED));
        Realm { kdc, accounts, now: NOW, messages: Mutex::default() }
    }

    pub(super) fn answer(&self, request: &[u8]) -> Result<Answer> {
        let call = KdcCall { restrictions: &[], address: None, now: at(self.now) };
        self.kdc.answer(request, &call)
    }

    /// The AS exchange of a client whose clock shows `clock`.
    pub(super) fn log_on_at(&self, parameters: AsParameters, clock: i64) -> Result<Issued> {
        let wire = Wire { realm: self, clock, change: Box::new(|_| ()) };
        client::run(&mut AsExchange::new(parameters)?, &wire)
    }

    pub(super) fn log_on(&self, user: &str, password: &str) -> Result<Issued> {
        self.log_on_at(parameters(user, password), self.now)
    }

    /// A ticket for a service, through replies that `change` changes.
    pub(super) fn ticket_through(
        &self,
        tgt: &Credentials,
        service: &str,
        change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static,
    ) -> Result<ServiceTicketOutput> {
        let wire = Wire { realm: self, clock: self.now, change: Box::new(change) };
        client::run(&mut service_ticket(tgt, service), &wire)
    }

    pub(super) fn ticket(&self, tgt: &Credentials, service: &str) -> Result<ServiceTicketOutput> {
        self.ticket_through(tgt, service, |_| ())
    }
}

/// The exchange for a service's ticket.
pub(super) fn service_ticket(tgt: &Credentials, service: &str) -> ServiceTicket {
    let components: Vec<&str> = service.split('/').collect();
    let request = ServiceTicketRequest {
        tgt: Arc::new(tgt.clone()),
        service: Principal::new(name_type::SRV_INST, &components, "WEB1"),
        user_to_user: None,
        authorization_data: None,
        known: Vec::new(),
        clock_offset: 0,
    };
    let config = TgsConfig {
        options: Arc::new(ClientOptions::default()),
        capaths: Arc::new(Capaths::new()),
        random: &COUNTED,
    };
    ServiceTicket::new(request, config)
}

pub(super) fn parameters(user: &str, password: &str) -> AsParameters {
    AsParameters {
        client: Principal::new(name_type::PRINCIPAL, &[user], "WEB1"),
        secret: ClientSecret::Password(password.to_owned().into()),
        service: AsService::TicketGranting,
        armor: None,
        clock_offset: 0,
        options: ClientOptions::default(),
        random: &COUNTED,
    }
}

/// What ends alice's tickets: a new password, a disabled account, none.
pub(super) const ENDS: [fn(&Realm); 3] = [
    |realm| realm.accounts.set("alice", "another", Standing::Enabled),
    |realm| realm.accounts.set("alice", PASSWORD, Standing::Disabled),
    |realm| realm.accounts.remove("alice"),
];

/// Changes a reply.
type Change = Box<dyn Fn(&mut Vec<u8>) + Send + Sync>;

/// Between a client and the KDC.
struct Wire<'a> {
    realm: &'a Realm,
    clock: i64,
    change: Change,
}

impl std::fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl client::Kdc for Wire<'_> {
    fn ask(&self, service: KdcService, realm: &str, request: &[u8]) -> Result<Vec<u8>> {
        assert_eq!((service, realm), (KdcService::Kdc, "WEB1"));
        let answer = self.realm.answer(request)?;
        let mut message = answer.message.clone();
        self.realm.messages.lock().unwrap().push((request.to_vec(), answer));
        (self.change)(&mut message);
        Ok(message)
    }

    fn now(&self) -> FileTime {
        at(self.clock)
    }
}
