//! What the caller of the protocols passes in, as test values: accounts, keys, the replay cache,
//! random numbers.

use super::random::COUNTED;
use negossp_core::kerberos::keytab::Keytab;
use negossp_core::kerberos::{self, KeySource, Tgt};
use negossp_core::mechanism::Mechanism;
use negossp_core::negotiate::AcceptorConfig;
use negossp_core::ntlm::response::{self, Proof};
use negossp_core::ntlm::{self, Account, Authority, NetworkLogon, ServerNames, Validated};
use negossp_core::principal::directory::Directory;
use negossp_core::principal::{Origin, Principal};
use negossp_core::replay::{Claim, Refusal, ReplayCache, in_time, seconds};
use negossp_core::types::account_name::same;
use negossp_core::types::channel_bindings::ChannelBindings;
use negossp_core::types::error::{Denial, Error, Result};
use negossp_core::types::time::FileTime;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An authority that has these accounts, whatever domain a client names.
#[derive(Debug)]
pub(crate) struct Accounts(pub(crate) Vec<Account>);

impl Authority for Accounts {
    fn validate(&self, logon: &NetworkLogon<'_>, _now: FileTime) -> Result<Validated> {
        let known = self.0.iter().find(|account| same(&account.user, logon.user));
        let account = known.ok_or(Error::LogonDenied(Denial::UnknownUser))?;
        let Proof { session_base_key, lm_session_key, response } = response::check(account, logon)?;
        let (user, domain) = (account.user.clone(), account.domain.clone());
        let principal = Principal::of_account(user, domain, Origin::Credential);
        Ok(Validated { principal, session_base_key, lm_session_key, response, receipt: None })
    }
}

/// A directory that adds nothing.
#[derive(Debug)]
pub(crate) struct Empty;

impl Directory for Empty {
    fn complete(&self, client: Principal) -> Result<Principal> {
        Ok(client)
    }
}

/// A machine with this keytab, if any, and no tickets.
#[derive(Debug)]
pub(crate) struct Keys(pub(crate) Option<Arc<Keytab>>);

impl KeySource for Keys {
    fn service(&self) -> Option<Arc<Keytab>> {
        self.0.clone()
    }

    fn kdc(&self) -> Option<Arc<Keytab>> {
        None
    }

    fn tgt(&self) -> Option<Arc<Tgt>> {
        None
    }
}

/// A replay cache of a test's own: the tags that it has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Vec<Vec<u8>>>);

impl Seen {
    pub(crate) fn nothing() -> Seen {
        Seen::default()
    }
}

impl ReplayCache for Seen {
    fn claim(
        &self,
        tag: &[u8],
        ctime: i64,
        now: FileTime,
        skew: Duration,
    ) -> Result<Claim, Refusal> {
        let mut seen = self.0.lock().unwrap();
        if !in_time(ctime, now.unix_seconds(), seconds(skew)) {
            return Err(Refusal::Stale);
        }
        if seen.iter().any(|known| known == tag) {
            return Err(Refusal::Replayed);
        }
        seen.push(tag.to_vec());
        let mut claim = [0; Claim::LENGTH];
        claim[0] = tag.len() as u8;
        claim[1..=tag.len()].copy_from_slice(tag);
        Ok(Claim::new(claim))
    }

    fn release(&self, claim: Claim) {
        let [length, tag @ ..] = claim.bytes();
        self.0.lock().unwrap().retain(|known| *known != tag[..usize::from(*length)]);
    }
}

/// `server.example.test`, which has no keys and has `accounts`.
pub(crate) fn acceptor_config(accounts: Vec<Account>) -> AcceptorConfig {
    AcceptorConfig {
        mechanisms: vec![Mechanism::Kerberos, Mechanism::Ntlm],
        max_token: 48_256,
        kerberos: kerberos::AcceptorConfig {
            policy: kerberos::Policy::default(),
            own_domains: kerberos::OwnDomains::default(),
            context_lifetime: None,
            service: kerberos::Service::default(),
            keys: Arc::new(Keys(None)),
            local_kdc: None,
            replay: Arc::new(Seen::nothing()),
            directory: Arc::new(Empty),
            random: &COUNTED,
        },
        ntlm: ntlm::AcceptorConfig {
            policy: ntlm::Policy::default(),
            names: ServerNames::from_host_name("server.example.test"),
            machine_id: None,
            context_lifetime: None,
            authority: Arc::new(Accounts(accounts)),
            directory: Arc::new(Empty),
            random: &COUNTED,
        },
    }
}

/// SEC_CHANNEL_BINDINGS with nothing but application data.
pub(crate) fn channel_bindings(data: &[u8]) -> ChannelBindings {
    let words = [0, 0, 0, 0, 0, 0, data.len() as u32, 32].map(u32::to_ne_bytes).concat();
    ChannelBindings::from_sec_channel_bindings(&[&words, data].concat()).expect("bindings")
}
