//! The Kerberos acceptor after decryption: what a client with a ticket of its own, and a malicious
//! KDC, can put into ticket, PAC, authenticator, checksum, forwarded credentials and DCE style's
//! third leg. Each is edited, then signed and encrypted. Tokens that cannot be decrypted are covered
//! by `ap_req`.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use negossp::kerberos::Principal;
use negossp::kerberos::ccache::{Credential, CredentialCache};
use negossp::kerberos::crypto::Enctype;
use negossp::kerberos::keytab::{Entry, Keytab};
use negossp::kerberos::message::authorization_data::ad_type;
use negossp::kerberos::message::{
    EncTicketPart, EncryptedData, EncryptionKey, PrincipalName, Ticket, TicketFlags, Unprotected,
    name_type,
};
use negossp::kerberos::name_mapping::{NameRule, NameRules};
use negossp::kerberos::pac::{Claims, buffer_type};
use negossp::kerberos::{
    Acceptor, AcceptorConfig, Addresses, CredentialKeys, EstablishedSession, KeySource, OwnDomains,
    Policy, RequirePac, Service, ServiceName, Tgt,
};
use negossp::mechanism::{AcceptCall, Established, Step};
use negossp::platform::random::SystemRandom;
use negossp::principal;
use negossp::principal::directory::Directory;
use negossp::replay::{Claim, Refusal, ReplayCache};
use negossp::types::address::Address;
use negossp::types::channel_bindings::{ChannelBindings, Strictness};
use negossp::types::error::Result;
use negossp::types::flags::ContextFlags;
use negossp::types::protection::{Part, Qop};
use negossp::types::time::FileTime;
use negossp_fuzz::Edit;
use negossp_fuzz::kerberos::{self, ADDRESS, BINDINGS, Made, REALM, Request, SERVICE};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

#[derive(Debug, Arbitrary)]
struct Plan {
    request: Request,
    requirements: u32,
    server: Server,
    third_leg: Vec<Edit>,
}

/// The server's configuration and what it is told.
#[derive(Debug, Clone, Copy, Arbitrary)]
struct Server {
    require_pac: bool,
    /// It has the KDC's key.
    kdc: bool,
    bindings: Option<bool>,
    require_bindings: bool,
    address: bool,
    require_address: bool,
    principals: bool,
    require_target: bool,
    in_domain: bool,
    rules: bool,
}

const NOW: i64 = 1_800_000_000;

/// The server's keys.
#[derive(Debug)]
struct Keys {
    kdc: Option<Arc<Keytab>>,
    tgt: Arc<Tgt>,
}

impl KeySource for Keys {
    fn service(&self) -> Option<Arc<Keytab>> {
        None
    }

    fn kdc(&self) -> Option<Arc<Keytab>> {
        self.kdc.clone()
    }

    fn tgt(&self) -> Option<Arc<Tgt>> {
        Some(self.tgt.clone())
    }
}

/// Knows nobody, and forgets every authenticator.
#[derive(Debug)]
struct Nothing;

impl Directory for Nothing {
    fn complete(&self, client: principal::Principal) -> Result<principal::Principal> {
        Ok(client)
    }
}

impl ReplayCache for Nothing {
    fn claim(&self, _: &[u8], _: i64, _: FileTime, _: Duration) -> Result<Claim, Refusal> {
        Ok(Claim::new([0; Claim::LENGTH]))
    }

    fn release(&self, _: Claim) {}
}

static KEYTAB: LazyLock<Arc<Keytab>> =
    LazyLock::new(|| Arc::new(Keytab::of_entries(kerberos::entries())));

static KDC: LazyLock<Arc<Keytab>> = LazyLock::new(|| {
    let name = vec!["krbtgt".into(), REALM.into()];
    let entry = Entry::new(REALM.into(), name, 2, 1, 0, kerberos::kdc_key());
    Arc::new(Keytab::of_entries(vec![entry]))
});

/// The server's own tickets, for user-to-user authentication, by the type of their session key.
static TGTS: LazyLock<Vec<Arc<Tgt>>> =
    LazyLock::new(|| Enctype::ALL.into_iter().map(|enctype| Arc::new(tgt(enctype))).collect());

fn tgt(enctype: Enctype) -> Tgt {
    let krbtgt = PrincipalName::encode_components(&["krbtgt", REALM]);
    let ticket = Ticket {
        realm: Unprotected::new(REALM.as_bytes()),
        sname: Unprotected::new(PrincipalName::new(name_type::SRV_INST, &krbtgt).unwrap()),
        enc_part: EncryptedData { etype: 18, kvno: Some(1), cipher: &[0; 64] },
    };
    let name = |components: &[&str]| Principal {
        name_type: 1,
        realm: REALM.into(),
        components: components.iter().map(|part| part.as_bytes().to_vec()).collect(),
    };
    let (ticket, key) = (ticket.encode(), kerberos::tgt_key(enctype));
    let credential = Credential {
        client: name(&SERVICE),
        server: name(&["krbtgt", REALM]),
        key: EncryptionKey::of(&key),
        authtime: 0,
        starttime: 0,
        endtime: u32::MAX,
        renew_till: 0,
        is_skey: false,
        ticket_flags: TicketFlags::empty(),
        addresses: vec![],
        authdata: vec![],
        ticket: &ticket,
        second_ticket: &[],
    };
    let cache =
        CredentialCache { default_principal: name(&SERVICE), credentials: vec![credential] };
    Tgt::from_ccache(&cache.encode().unwrap()).unwrap()
}

impl Server {
    fn config(self, request: &Request) -> AcceptorConfig {
        let mut policy = Policy { enctypes: Enctype::ALL.to_vec(), ..Policy::default() };
        policy.require_pac =
            if self.require_pac { RequirePac::Always } else { RequirePac::OfDomain };
        if self.require_bindings {
            policy.channel_bindings = Strictness::Require;
        }
        if self.require_address {
            policy.addresses = Addresses::Require;
        }
        if self.principals {
            policy.principals = ServiceName::parse(&SERVICE.join("/")).into_iter().collect();
        }
        if self.require_target {
            policy.target_name = Some(Strictness::Require);
        }
        if self.rules {
            let rule = NameRule::new(Some(REALM.into()), Some("*/admin"), "ADMIN\\{first}");
            policy.names = NameRules(vec![rule.unwrap()]);
        }
        let own_domains = match self.in_domain {
            true => OwnDomains { realms: vec![REALM.into()], names: vec!["EXAMPLE".into()] },
            false => OwnDomains::default(),
        };
        // A credential with keys of its own takes no user-to-user ticket.
        let keys = match request.user_to_user {
            true => CredentialKeys::None,
            false => CredentialKeys::Keytab(KEYTAB.clone()),
        };
        let tgt = &TGTS[usize::from(request.enctype) % TGTS.len()];
        AcceptorConfig {
            policy,
            own_domains,
            context_lifetime: None,
            service: Service { name: None, keys },
            keys: Arc::new(Keys { kdc: self.kdc.then(|| KDC.clone()), tgt: tgt.clone() }),
            local_kdc: None,
            replay: Arc::new(Nothing),
            directory: Arc::new(Nothing),
            random: &SystemRandom,
        }
    }

    /// Whether a genuine request must be accepted.
    fn lets_in(self, request: &Request) -> bool {
        let pac = request.pac.is_some() || !self.require_pac && !self.in_domain;
        let bindings = match (self.bindings, request.bindings) {
            (Some(same), true) => same,
            // The client supports them, as its AP-OPTIONS say.
            (Some(_), false) => false,
            (None, _) => !self.require_bindings,
        };
        let address = self.address || !self.require_address || !request.address;
        let target = request.target || !self.require_target;
        pac && bindings && address && target
    }
}

fuzz_target!(|plan: Plan| {
    let Plan { request, server, .. } = &plan;
    let config = server.config(request);
    let bindings = server
        .bindings
        .map(|same| ChannelBindings::of_channel(if same { BINDINGS } else { [6; 16] }));
    let call = AcceptCall {
        config: &config,
        requirements: ContextFlags::from_bits_truncate(plan.requirements),
        bindings: bindings.as_ref(),
        address: server.address.then_some(Address::V4(ADDRESS)),
        now: FileTime::from_unix_seconds(NOW),
    };
    let made = request.at(NOW);
    let mut step = Acceptor::new().step(&made.ap_req, &call);
    let expected = request.is_genuine() && server.lets_in(request);
    assert!(step.is_ok() || !expected, "{:?}", step.err().map(|failure| failure.error));
    let third_leg = match &step {
        Ok(Step::Continue { next, token, .. }) => {
            let answer = kerberos::third_leg(token, &made.session_key, &plan.third_leg);
            Some(next.step(&answer.expect("the server's AP-REP"), &call))
        }
        _ => None,
    };
    if let Some(third) = third_leg {
        assert!(third.is_ok() || !expected || !plan.third_leg.is_empty());
        step = third;
    }
    if let Ok(Step::Done { established, .. }) = step {
        check_proof(&plan, &made, &established);
        use_context(established);
    }
});

/// An accepted client is the one that the KDC has named and signed for.
fn check_proof(plan: &Plan, made: &Made, established: &Established<EstablishedSession>) {
    let Plan { request, server, requirements, .. } = plan;
    let client = &established.client;
    if client.anonymous {
        assert!(requirements & ContextFlags::ALLOW_NULL_SESSION.bits() != 0);
        return;
    }
    assert!(client.display_name().len() > 1);
    let [as_made, as_sent] = &made.ticket;
    if server.kdc && client.account.is_some() {
        let pac = request.pac.as_ref().expect("an account is a PAC's");
        assert_eq!(pac_in(as_sent), Some(&made.pac[0][..]), "the KDC has signed another PAC");
        assert!(!pac.ticket_signature || as_made == as_sent, "the KDC has signed another ticket");
    }
    if client.account.is_some() {
        let sent = pac_in(as_sent).expect("an account is a PAC's");
        assert_eq!(
            blank(sent),
            blank(&made.pac[0]),
            "another PAC was signed with the service's key"
        );
    }
    // The authenticator has no say in this.
    if as_made == as_sent && request.pac.is_none() && !server.rules {
        let name = format!("{}@{REALM}", request.client().join("/"));
        assert_eq!(client.native_name(), name);
        assert!(!server.require_pac && !server.in_domain);
    }
    let genuine = request.pac.as_ref().is_some_and(|pac| pac.is_genuine());
    if as_made == as_sent && genuine {
        assert_eq!(client.native_name(), format!("alice@{REALM}"));
    }
    let proxy = requirements & ContextFlags::PROXY_BINDINGS.bits() != 0;
    let unedited = request.checksum.is_empty() && request.authenticator.is_empty();
    if server.require_bindings && !proxy && unedited {
        assert!(request.bindings && server.bindings == Some(true), "other bindings");
    }
    if server.require_target && request.authenticator.is_empty() && as_made == as_sent {
        assert!(request.target, "no target");
    }
}

/// The PAC in a decrypted ticket.
fn pac_in(ticket: &[u8]) -> Option<&[u8]> {
    EncTicketPart::decode(ticket).ok()?.authorization_data?.find(ad_type::WIN2K_PAC)
}

/// A PAC without the signatures that the service's key is not for ([MS-PAC] 2.8.1): the places are
/// looked up in the PAC itself.
fn blank(pac: &[u8]) -> Vec<u8> {
    let mut blank = pac.to_vec();
    let word = |at: usize| {
        pac.get(at..at + 4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).unwrap_or(0)
    };
    for entry in 0..word(0) as usize {
        let at = 8 + 16 * entry;
        let kinds = [buffer_type::SERVER_SIGNATURE, buffer_type::KDC_SIGNATURE];
        if kinds.contains(&word(at)) {
            let (length, offset) = (word(at + 4) as usize, word(at + 8) as usize);
            if let Some(bytes) = blank.get_mut(offset + 4..offset + length) {
                bytes.fill(0);
            }
        }
    }
    blank
}

/// Uses all that an accepted client has brought.
fn use_context(established: Established<EstablishedSession>) {
    let EstablishedSession { mut session, delegated } = established.session;
    let mut token = vec![0; session.sizes().max_signature as usize];
    session.sign(&[b"message"], 0, &mut token).unwrap();
    let mut trailer = vec![0; session.sizes().security_trailer as usize];
    let mut data = *b"a message of as many bytes as DES has blocks....";
    let part = Part { data: &mut data, seal: true };
    session.seal(Qop::Encrypt, &mut [part], 0, &mut trailer).unwrap();
    assert!(session.verify(&[b"message"], 0, &token).is_err(), "a reflected message");
    let part = Part { data: &mut data, seal: true };
    assert!(session.unseal(&mut [part], 0, &trailer).is_err(), "a reflected message");
    if let Some(delegated) = delegated {
        delegated.ccache(None).unwrap();
    }
    let Some(account) = established.client.account else { return };
    account.sid.iter().for_each(|sid| assert_eq!(sid.to_string().parse(), Ok(*sid)));
    for group in &account.groups {
        assert_eq!(group.sid.to_string().parse(), Ok(group.sid));
    }
    for claims in [&account.client_claims, &account.device_claims].into_iter().flatten() {
        let _ = Claims::parse(claims).map(|claims| claims.arrays().map(|arrays| arrays.is_some()));
    }
}
