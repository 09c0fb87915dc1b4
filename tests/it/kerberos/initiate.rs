//! The initiator against the acceptor, and against replies that are not the service's: RFC 4120
//! 3.2.2 and 3.2.5, RFC 4121 4.1, RFC 4537, [MS-KILE] 3.2.5.8 and 3.4.5.1.

use crate::support::kerberos::{Established, Forge, REALM, Server, key};
use negossp::kerberos::client::Credentials;
use negossp::kerberos::crypto::{Enctype, Key, key_usage};
use negossp::kerberos::gss_token::{Oid, Token, TokenId};
use negossp::kerberos::message::{
    ApRep, ApReq, Authenticator, EncApRepPart, EncryptedData, EncryptionKey, KrbError,
    PrincipalName, SKEW_RECOVERY, TicketFlags, error_code, name_type,
};
use negossp::kerberos::{
    Acceptor, Delegation, InitiateCall, Initiator, InitiatorConfig, Principal, TicketRequest,
    TicketSource,
};
use negossp::mechanism::{self, Step};
use negossp::platform;
use negossp::platform::random::SystemRandom;
use negossp::stores::kerberos_files::ReplayCacheKind;
use negossp::types::channel_bindings::ChannelBindings;
use negossp::types::error::{Error, Failure, Result};
use negossp::types::flags::ContextFlags as C;
use negossp::types::protection::{Part, Qop};
use negossp::types::time::FileTime;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const AES: Enctype = Enctype::Aes256Sha1;
const TARGET: &str = "HTTP/server.example.test";

/// One ticket, for whatever is asked for.
#[derive(Debug)]
struct OneTicket {
    ticket: Arc<Credentials>,
    forwarded: Option<Arc<Credentials>>,
    forgotten: AtomicUsize,
}

impl TicketSource for OneTicket {
    fn is_realm(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(REALM)
    }

    fn service_ticket(&self, _request: &TicketRequest<'_>) -> Result<Arc<Credentials>> {
        Ok(self.ticket.clone())
    }

    fn forwarded_ticket(&self, _service: &Credentials) -> Result<Arc<Credentials>> {
        self.forwarded.clone().ok_or(Error::NoAuthority("no KDC"))
    }

    fn authenticator_time(&self, now: FileTime, _service: &Principal) -> FileTime {
        now
    }

    fn forget(&self, _ticket: &Arc<Credentials>) {
        self.forgotten.fetch_add(1, Ordering::Relaxed);
    }
}

fn credentials(forge: &Forge, flags: TicketFlags) -> Credentials {
    let now = platform::now();
    let names = |parts: &[String]| parts.iter().map(|part| part.as_bytes().to_vec()).collect();
    Credentials {
        client: Principal {
            name_type: name_type::PRINCIPAL,
            realm: forge.realm.as_bytes().to_vec(),
            components: names(&forge.client),
        },
        server: Principal {
            name_type: name_type::SRV_HST,
            realm: forge.service_realm.as_bytes().to_vec(),
            components: names(&forge.service),
        },
        key: forge.session_key.clone(),
        authtime: now.unix_seconds(),
        starttime: now.unix_seconds(),
        endtime: now.unix_seconds() + forge.endtime,
        renew_till: None,
        flags,
        is_skey: false,
        addresses: Vec::new(),
        ticket: forge.ticket(now),
        second_ticket: Vec::new(),
    }
}

/// A client with one ticket.
struct Client {
    tickets: Arc<OneTicket>,
    config: InitiatorConfig,
    requirements: C,
    bindings: Option<ChannelBindings>,
    target: &'static str,
}

impl Client {
    fn new(forge: &Forge) -> Client {
        Client::of(credentials(forge, TicketFlags::empty()), None)
    }

    fn of(ticket: Credentials, forwarded: Option<Credentials>) -> Client {
        let tickets = Arc::new(OneTicket {
            ticket: Arc::new(ticket),
            forwarded: forwarded.map(Arc::new),
            forgotten: AtomicUsize::new(0),
        });
        let config = InitiatorConfig {
            tickets: Some(tickets.clone()),
            enctypes: Enctype::ALL.to_vec(),
            max_clock_skew: Duration::from_secs(300),
            ..InitiatorConfig::without_client(&SystemRandom)
        };
        let requirements =
            C::MUTUAL_AUTH | C::REPLAY_DETECT | C::SEQUENCE_DETECT | C::CONFIDENTIALITY;
        Client { tickets, config, requirements, bindings: None, target: TARGET }
    }

    fn step(
        &self,
        initiator: &Initiator,
        token: Option<&[u8]>,
    ) -> Result<mechanism::Step<Initiator, Established>, Failure> {
        let call = InitiateCall {
            config: &self.config,
            requirements: self.requirements,
            target: self.target,
            bindings: self.bindings.as_ref(),
            now: platform::now(),
        };
        initiator.step(token, &call)
    }

    fn start(&self) -> (Initiator, Vec<u8>) {
        match self.step(&Initiator::new(), None).unwrap() {
            Step::Continue { next, token, .. } => (next, token),
            Step::Done { .. } => panic!("established at once"),
        }
    }

    /// Runs the exchange to its end. Returns client and server.
    fn run(&self, server: &Server) -> (Established, Established) {
        let mut acceptor = Acceptor::new();
        let mut initiator = Initiator::new();
        let (mut of_client, mut of_server, mut reply) = (None, None, None);
        for _ in 0..4 {
            let token = match of_client {
                Some(_) => None,
                None => match self.step(&initiator, reply.as_deref()).unwrap() {
                    Step::Continue { next, token, .. } => {
                        initiator = next;
                        Some(token)
                    }
                    Step::Done { established, token, .. } => {
                        of_client = Some(established);
                        token
                    }
                },
            };
            let Some(token) = token else { break };
            match server.step(&acceptor, &token).unwrap() {
                Step::Continue { next, token, .. } => {
                    acceptor = next;
                    reply = Some(token);
                }
                Step::Done { established, token, .. } => {
                    of_server = Some(established);
                    reply = token;
                }
            }
        }
        (of_client.expect("the client"), of_server.expect("the server"))
    }
}

/// Sends a sealed message in each direction.
fn talk(client: Established, server: Established) {
    let (mut client, mut server) = (client.session.session, server.session.session);
    for _ in 0..2 {
        let sizes = client.sizes();
        let mut token = vec![0; sizes.security_trailer as usize];
        let mut data = b"confidential 16b".to_vec();
        let parts = &mut [Part { data: &mut data, seal: true }];
        let written = client.seal(Qop::Encrypt, parts, 0, &mut token);
        token.truncate(written.unwrap());
        assert_ne!(data, b"confidential 16b");
        server.unseal(&mut [Part { data: &mut data, seal: true }], 0, &token).unwrap();
        assert_eq!(data, b"confidential 16b");
        std::mem::swap(&mut client, &mut server);
    }
}

#[test]
fn a_context_of_every_pair_of_encryption_types() {
    for ticket in Enctype::ALL {
        for session in Enctype::ALL {
            let forge = Forge { session_key: key(session), ..Forge::new(ticket) };
            let (client, server) = Client::new(&forge).run(&forge.server());
            assert_eq!(server.client.display_name(), "alice@EXAMPLE.TEST");
            assert_eq!(server.client_target.as_deref(), Some(TARGET));
            assert_eq!(client.client.native_name(), "alice@EXAMPLE.TEST");
            assert_eq!(client.server_name, "HTTP/server.example.test@EXAMPLE.TEST");
            assert_eq!(client.session.session.session_key(), server.session.session.session_key());
            talk(client, server);
        }
    }
}

#[test]
fn what_is_asked_for_is_granted_on_both_sides() {
    for asked in [
        C::empty(),
        C::MUTUAL_AUTH,
        C::REPLAY_DETECT,
        C::SEQUENCE_DETECT,
        C::CONFIDENTIALITY,
        C::INTEGRITY,
        C::IDENTIFY,
        C::USE_DCE_STYLE,
        C::USE_DCE_STYLE | C::CONFIDENTIALITY,
        C::MUTUAL_AUTH | C::REPLAY_DETECT | C::SEQUENCE_DETECT | C::INTEGRITY,
    ] {
        let forge = Forge::new(AES);
        let mut client = Client::new(&forge);
        client.requirements = asked;
        let (client, server) = client.run(&forge.server());
        let mut expected = asked;
        if asked.intersects(
            C::REPLAY_DETECT | C::SEQUENCE_DETECT | C::CONFIDENTIALITY | C::USE_DCE_STYLE,
        ) {
            expected |= C::INTEGRITY;
        }
        if asked.contains(C::USE_DCE_STYLE) {
            expected |= C::MUTUAL_AUTH;
        }
        assert_eq!(client.flags, expected, "{asked:?}");
        assert_eq!(server.flags, expected, "{asked:?}");
        talk(client, server);
    }
}

/// RFC 4537: the acceptor takes the better type that the client proposes.
#[test]
fn the_acceptors_sub_key_may_be_of_a_better_type() {
    let forge = Forge::new(Enctype::Rc4Hmac);
    let mut client = Client::new(&forge);
    client.config.enctypes = vec![Enctype::Aes256Sha1, Enctype::Rc4Hmac];
    let (client, server) = client.run(&forge.server());
    assert_eq!(client.session.session.session_key().len(), 32);
    talk(client, server);
}

#[test]
fn channel_bindings_are_those_of_the_caller() {
    let bindings = |byte: u8| ChannelBindings::of_channel([byte; 16]);
    let forge = Forge::new(AES);
    let (mut client, mut server) = (Client::new(&forge), forge.server());
    client.bindings = Some(bindings(1));
    server.bindings = client.bindings;
    client.run(&server);
    server.bindings = Some(bindings(2));
    let (_, token) = client.start();
    assert!(matches!(server.accept(&token), Err(Error::BadBindings(_))));
    // A client that supports them and sends none uses no channel ([MS-KILE] 3.4.5).
    client.bindings = None;
    let (_, token) = client.start();
    assert!(matches!(server.accept(&token), Err(Error::BadBindings(_))));
}

#[test]
fn a_ticket_is_delegated_where_the_kdc_permits_it() {
    let forge = Forge::new(AES);
    let forwarded = || Credentials {
        server: Principal::krbtgt(REALM, REALM),
        ..credentials(&Forge::new(AES), TicketFlags::FORWARDED | TicketFlags::FORWARDABLE)
    };
    for (flags, to_any, has_ticket, delegated) in [
        (TicketFlags::OK_AS_DELEGATE, false, true, true),
        (TicketFlags::empty(), false, true, false),
        (TicketFlags::empty(), true, true, true),
        (TicketFlags::OK_AS_DELEGATE, false, false, false),
    ] {
        let ticket = credentials(&forge, flags);
        let mut client = Client::of(ticket, has_ticket.then(forwarded));
        client.config.delegate_to_any = to_any;
        client.requirements |= C::DELEGATE;
        let mut server = forge.server();
        server.requirements = C::DELEGATE;
        server.settings.kerberos.delegation = Delegation::Forwarded;
        let (client, server) = client.run(&server);
        assert_eq!(client.flags.contains(C::DELEGATE), delegated);
        assert_eq!(server.session.delegated.is_some(), delegated);
    }
}

#[test]
fn nothing_is_sent_without_a_client_or_for_a_target_without_tickets() {
    let forge = Forge::new(AES);
    let fails = |client: &Client| client.step(&Initiator::new(), None).err().unwrap().error;
    let mut client = Client::new(&forge);
    client.target = "";
    assert!(matches!(fails(&client), Error::WrongTarget(_)));
    client.target = "HTTP/192.0.2.1";
    assert!(matches!(fails(&client), Error::WrongTarget(_)));
    client.target = TARGET;
    client.requirements = C::DATAGRAM;
    assert!(matches!(fails(&client), Error::Unsupported(_)));
    client.requirements = C::MUTUAL_AUTH;
    client.config.tickets = None;
    assert!(matches!(fails(&client), Error::NoCredentials(_)));
}

/// An AP-REP with these contents, in the client's frame.
fn ap_rep(part: EncApRepPart<'_>, with: &Key) -> Vec<u8> {
    let cipher = with.encrypt(key_usage::AP_REP, &part.encode(), &SystemRandom).unwrap();
    let enc_part = EncryptedData { etype: with.enctype().number(), kvno: None, cipher: &cipher };
    Token { oid: Some(Oid::Krb5), id: TokenId::ApRep, body: &ApRep { enc_part }.encode() }.write()
}

#[test]
fn only_the_service_can_answer() {
    let forge = Forge::new(AES);
    let client = Client::new(&forge);
    let (initiator, token) = client.start();
    let request = ApReq::decode(Token::read(&token).unwrap().body).unwrap();
    let mut cipher = request.authenticator.cipher.to_vec();
    let plain = forge.session_key.decrypt(key_usage::AP_REQ_AUTHENTICATOR, &mut cipher).unwrap();
    let authenticator = Authenticator::decode(plain).unwrap();
    let subkey = authenticator.subkey.unwrap().key().unwrap();
    let part = EncApRepPart {
        ctime: authenticator.ctime,
        cusec: authenticator.cusec,
        subkey: None,
        seq_number: Some(7),
    };
    let established = |token: &[u8]| match client.step(&initiator, Some(token)) {
        Ok(Step::Done { .. }) => Ok(()),
        Ok(Step::Continue { .. }) => panic!("another token"),
        Err(failure) => Err(failure.error),
    };
    let good = ap_rep(part, &forge.session_key);
    assert_eq!(established(&good), Ok(()));
    // Others' keys: another, and the sub-key, which AP-REP is not encrypted with.
    for other in [key(AES), subkey, key(Enctype::Aes128Sha1)] {
        assert!(established(&ap_rep(part, &other)).is_err());
    }
    for other in [
        EncApRepPart { ctime: part.ctime + 1, ..part },
        EncApRepPart { cusec: (part.cusec + 1) % 1_000_000, ..part },
    ] {
        assert!(matches!(
            established(&ap_rep(other, &forge.session_key)),
            Err(Error::MessageAltered(_))
        ));
    }
    // The client's own token, sent back.
    assert!(established(&token).is_err());
    // Every bit counts, but those that nothing depends on: the frame's kind of Kerberos.
    for bit in 0..8 * good.len() {
        let mut changed = good.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(()) = established(&changed) {
            let (was, is) = (Token::read(&good).unwrap(), Token::read(&changed).unwrap());
            assert_eq!((was.id, was.body), (is.id, is.body), "bit {bit}");
        }
    }
    for end in 0..good.len() {
        assert!(established(&good[..end]).is_err());
    }
}

/// A sub-key of a type that was not proposed would protect less than asked for.
#[test]
fn the_acceptor_cannot_choose_a_type_that_was_not_proposed() {
    let forge = Forge::new(AES);
    let mut client = Client::new(&forge);
    client.config.enctypes = vec![Enctype::Aes256Sha384, AES, Enctype::Rc4Hmac];
    let (initiator, token) = client.start();
    let request = ApReq::decode(Token::read(&token).unwrap().body).unwrap();
    let mut cipher = request.authenticator.cipher.to_vec();
    let plain = forge.session_key.decrypt(key_usage::AP_REQ_AUTHENTICATOR, &mut cipher).unwrap();
    let authenticator = Authenticator::decode(plain).unwrap();
    for (enctype, allowed) in [
        (AES, true),
        (Enctype::Aes256Sha384, true),
        (Enctype::Rc4Hmac, false),
        (Enctype::Aes128Sha1, false),
    ] {
        let subkey = key(enctype);
        let part = EncApRepPart {
            ctime: authenticator.ctime,
            cusec: authenticator.cusec,
            subkey: Some(EncryptionKey::of(&subkey)),
            seq_number: Some(7),
        };
        let step = client.step(&initiator, Some(&ap_rep(part, &forge.session_key)));
        assert_eq!(step.is_ok(), allowed, "{enctype:?}");
    }
}

fn krb_error(error_code: i32, stime: FileTime, e_data: Option<&[u8]>) -> Vec<u8> {
    let message = KrbError {
        ctime: None,
        cusec: None,
        stime: stime.unix_seconds(),
        susec: 250_000,
        error_code,
        crealm: None,
        cname: None,
        realm: b"",
        sname: PrincipalName::EMPTY,
        e_text: None,
        e_data,
    };
    Token { oid: Some(Oid::Krb5), id: TokenId::Error, body: &message.encode() }.write()
}

#[test]
fn another_request_with_the_services_time_follows_where_it_waits_for_that() {
    let forge = Forge::new(AES);
    let client = Client::new(&forge);
    let ahead = platform::now().shifted(700);
    let mut server = forge.server();
    server.now = Some(ahead);
    // The other tests' time goes on as it is.
    server.settings.kerberos_files.replay_cache = ReplayCacheKind::Off;
    let error = krb_error(error_code::SKEW, ahead, Some(SKEW_RECOVERY));
    let (initiator, _) = client.start();
    let Step::Continue { next, token, .. } = client.step(&initiator, Some(&error)).unwrap() else {
        panic!("no second request")
    };
    let (_, reply) = server.accept(&token).unwrap();
    assert!(matches!(client.step(&next, reply.as_deref()), Ok(Step::Done { .. })));
    // Once only.
    let twice = client.step(&next, Some(&error)).err().unwrap().error;
    assert_eq!(twice, Error::KrbError(error_code::SKEW));
    // Not where the service does not wait for it.
    let (initiator, _) = client.start();
    let final_error = krb_error(error_code::SKEW, ahead, None);
    let failed = client.step(&initiator, Some(&final_error)).err().unwrap().error;
    assert_eq!(failed, Error::KrbError(error_code::SKEW));
    assert_eq!(client.tickets.forgotten.load(Ordering::Relaxed), 0);
}

#[test]
fn a_ticket_that_the_service_cannot_read_is_forgotten() {
    let forge = Forge::new(AES);
    let client = Client::new(&forge);
    for (at, code) in [error_code::MODIFIED, error_code::BADKEYVER].into_iter().enumerate() {
        let (initiator, _) = client.start();
        let error = krb_error(code, platform::now(), None);
        let failed = client.step(&initiator, Some(&error)).err().unwrap().error;
        assert_eq!(failed, Error::KrbError(code));
        assert_eq!(client.tickets.forgotten.load(Ordering::Relaxed), at + 1);
    }
}
