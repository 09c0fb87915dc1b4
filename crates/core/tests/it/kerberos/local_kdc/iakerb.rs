//! Whole conversations by IAKERB.

use super::realm::{NOW, PASSWORD, Realm, at};
use crate::support::caller::acceptor_config;
use crate::support::random::COUNTED;
use negossp_core::kerberos::client::{self, Credentials, KdcService};
use negossp_core::kerberos::crypto::{Enctype, key_usage, random_key};
use negossp_core::kerberos::gss_checksum::{self, GssChecksum, GssFlags};
use negossp_core::kerberos::gss_token::{Oid, Token, TokenId};
use negossp_core::kerberos::iakerb::{Acceptor, Dialect, Header, RelayToken};
use negossp_core::kerberos::message::{
    ApOptions, ApReq, Authenticator, Checksum, EncryptedData, EncryptionKey, KrbError, Ticket,
    error_code,
};
use negossp_core::kerberos::{self, AcceptCall, EstablishedSession};
use negossp_core::mechanism::{Established, Step};
use negossp_core::types::error::{Error, Failure, Result};
use negossp_core::types::flags::ContextFlags;
use negossp_core::types::time::FileTime;
use std::sync::Mutex;

type Done = Established<EstablishedSession>;

/// A client and the server, by tokens.
#[derive(Debug)]
struct Talk<'a> {
    realm: &'a Realm,
    config: kerberos::AcceptorConfig,
    dialect: Dialect,
    target_realm: &'static [u8],
    flags: Option<[u8; 4]>,
    /// The server's state, and all tokens.
    state: Mutex<(Acceptor, Vec<u8>)>,
}

impl<'a> Talk<'a> {
    fn new(realm: &'a Realm, dialect: Dialect) -> Talk<'a> {
        let mut config = acceptor_config(vec![]).kerberos;
        config.local_kdc = Some(realm.kdc.clone());
        Talk {
            realm,
            config,
            dialect,
            target_realm: b"WEB1",
            flags: None,
            state: Mutex::new((Acceptor::new(), Vec::new())),
        }
    }

    fn step(&self, token: &[u8]) -> std::result::Result<Step<Acceptor, Done>, Failure> {
        let call = AcceptCall {
            config: &self.config,
            requirements: ContextFlags::empty(),
            bindings: None,
            address: None,
            now: at(self.realm.now),
        };
        self.state.lock().unwrap().0.step(token, &call)
    }

    fn relay(&self, message: &[u8]) -> Result<Vec<u8>> {
        let (dialect, target_realm) = (self.dialect, self.target_realm);
        let framed = dialect == Dialect::Draft || self.state.lock().unwrap().1.is_empty();
        let header = Header { dialect, target_realm, cookie: None, flags: self.flags };
        let token = RelayToken { framed, header, message }.write();
        let Step::Continue { next, token: answer, claim: None } =
            self.step(&token).map_err(|failure| failure.error)?
        else {
            panic!("a message of a KDC ends nothing");
        };
        let mut state = self.state.lock().unwrap();
        state.0 = next;
        state.1.extend(token);
        state.1.extend(&answer);
        let (read, _) = RelayToken::read(&answer).unwrap().unwrap();
        assert_eq!((read.framed, read.header.dialect), (dialect == Dialect::Draft, dialect));
        assert_eq!(read.header.cookie, None);
        let wanted = match self.flags {
            Some(_) if !message.is_empty() => (&b"."[..], Some([1, 0, 0, 0])),
            _ => (&b"WEB1"[..], None),
        };
        assert_eq!((read.header.target_realm, read.header.flags), wanted);
        Ok(read.message.to_vec())
    }

    /// AS and TGS through the server.
    fn ticket(&self, user: &str, password: &str) -> Result<Credentials> {
        let mut exchange = client::AsExchange::new(super::realm::parameters(user, password))?;
        let tgt = client::run(&mut exchange, self)?.credentials;
        let mut exchange = super::realm::service_ticket(&tgt, "HTTP/web1");
        Ok(client::run(&mut exchange, self)?.ticket)
    }

    /// AP-REQ with KRB-FINISHED over the conversation, if it is wanted, after `change` of that.
    fn ap_req(
        &self,
        ticket: &Credentials,
        finished: bool,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Vec<u8> {
        let subkey = random_key(Enctype::Aes128Sha1, &COUNTED).unwrap();
        let mut transcript = self.state.lock().unwrap().1.clone();
        change(&mut transcript);
        let (kind, usage) = match self.dialect {
            Dialect::Draft => (2u32, 41),
            Dialect::Older => (1, 42),
        };
        let mac = subkey.checksum(usage, &[&transcript]).unwrap();
        let mac = Checksum { cksumtype: mac.checksum_type(), checksum: mac.bytes() }.encode();
        let inner = [&[0xa1, mac.len() as u8][..], &mac].concat();
        let value = [&[0x30, inner.len() as u8][..], &inner].concat();
        let length = (value.len() as u32).to_be_bytes();
        let extension = [&kind.to_be_bytes()[..], &length, &value].concat();
        let checksum = GssChecksum {
            bindings: [0; 16],
            flags: GssFlags::MUTUAL | GssFlags::INTEG,
            credential: None,
            extensions: if finished { &extension } else { &[] },
        };
        let checksum = checksum.encode().unwrap();
        let cname = ticket.client.encode();
        let authenticator = Authenticator {
            crealm: &ticket.client.realm,
            cname: cname.name(),
            cksum: Some(Checksum { cksumtype: gss_checksum::CHECKSUM_TYPE, checksum: &checksum }),
            cusec: 7,
            ctime: NOW,
            subkey: Some(EncryptionKey::of(&subkey)),
            seq_number: Some(1),
            authorization_data: None,
        };
        let usage = key_usage::AP_REQ_AUTHENTICATOR;
        let cipher = ticket.key.encrypt(usage, &authenticator.encode(), &COUNTED).unwrap();
        let etype = ticket.key.enctype().number();
        let message = ApReq {
            ap_options: ApOptions::MUTUAL_REQUIRED,
            ticket: Ticket::decode(&ticket.ticket).unwrap(),
            authenticator: EncryptedData { etype, kvno: None, cipher: &cipher },
        };
        message.encode()
    }
}

impl client::Kdc for Talk<'_> {
    fn ask(&self, _service: KdcService, _realm: &str, request: &[u8]) -> Result<Vec<u8>> {
        self.relay(request)
    }

    fn now(&self) -> FileTime {
        at(self.realm.now)
    }
}

fn framed(oid: Oid, body: &[u8]) -> Vec<u8> {
    Token { oid: Some(oid), id: TokenId::ApReq, body }.write()
}

const DIALECTS: [Dialect; 2] = [Dialect::Draft, Dialect::Older];

/// Both dialects, both frames of the AP exchange, with KRB-FINISHED and without.
#[test]
fn a_password_logs_on_without_a_kdc_elsewhere() {
    for dialect in DIALECTS {
        for oid in [Oid::Iakerb, Oid::Krb5] {
            for (finished, flags) in [(true, None), (false, Some([0; 4]))] {
                let realm = Realm::new();
                let talk = Talk { flags, ..Talk::new(&realm, dialect) };
                let ticket = talk.ticket("alice", PASSWORD).unwrap();
                let token = framed(oid, &talk.ap_req(&ticket, finished, |_| ()));
                let Ok(Step::Done { established, token: Some(reply), .. }) = talk.step(&token)
                else {
                    panic!("refused: {dialect:?} {oid:?} {finished}");
                };
                assert_eq!(established.client.display_name(), "WEB1\\alice");
                let reply = Token::read(&reply).unwrap();
                assert_eq!((reply.oid, reply.id), (Some(oid), TokenId::ApRep));
                // The ticket in a later context, whose first token is the AP-REQ.
                let later = Talk::new(&realm, dialect);
                let token = framed(oid, &later.ap_req(&ticket, false, |_| ()));
                assert!(matches!(later.step(&token), Ok(Step::Done { .. })));
            }
        }
    }
}

/// Whoever changes any byte of any token between client and server is noticed.
#[test]
fn a_changed_conversation_is_noticed() {
    for dialect in DIALECTS {
        let realm = Realm::new();
        let talk = Talk::new(&realm, dialect);
        let ticket = talk.ticket("alice", PASSWORD).unwrap();
        let length = talk.state.lock().unwrap().1.len();
        for at_byte in (0..length).step_by(7) {
            let request = talk.ap_req(&ticket, true, |all| all[at_byte] ^= 1);
            let refused = talk.step(&framed(Oid::Iakerb, &request)).unwrap_err();
            assert!(matches!(refused.error, Error::LogonDenied(_)), "{refused:?}");
        }
        let request = talk.ap_req(&ticket, true, |all| all.truncate(length - 1));
        assert!(talk.step(&framed(Oid::Iakerb, &request)).is_err());
        let request = talk.ap_req(&ticket, true, |_| ());
        assert!(talk.step(&framed(Oid::Iakerb, &request)).is_ok());
    }
}

#[test]
fn a_conversation_has_two_wrong_passwords_and_sixteen_tokens() {
    let realm = Realm::new();
    let talk = Talk::new(&realm, Dialect::Draft);
    for _ in 0..2 {
        assert!(talk.ticket("alice", "wrong").is_err());
    }
    assert!(matches!(talk.ticket("alice", PASSWORD), Err(Error::LogonDenied(_))));
    assert_eq!(realm.accounts.heard.lock().unwrap().len(), 2);
    let talk = Talk::new(&realm, Dialect::Draft);
    for _ in 0..16 {
        talk.relay(b"").unwrap();
    }
    assert!(matches!(talk.relay(b""), Err(Error::InvalidToken(_))));
}

/// Realm discovery, and realms that are served elsewhere.
#[test]
fn a_client_can_ask_for_the_realm() {
    let realm = Realm::new();
    for (target_realm, flags) in [(&b""[..], None), (b".", None), (b"", Some([0; 4]))] {
        let talk = Talk { target_realm, flags, ..Talk::new(&realm, Dialect::Draft) };
        assert_eq!(talk.relay(b"").unwrap(), b"");
    }
    let talk = Talk { flags: Some([0; 4]), ..Talk::new(&realm, Dialect::Draft) };
    let talk = Talk { target_realm: b"EXAMPLE.TEST", ..talk };
    let answer = talk.relay(b"\x6a\x00").unwrap();
    let error = KrbError::decode(&answer).unwrap();
    assert_eq!(error.error_code, error_code::IAKERB_KDC_NOT_FOUND);
}

#[test]
fn tokens_out_of_order_are_refused() {
    let realm = Realm::new();
    let talk = Talk::new(&realm, Dialect::Draft);
    let ticket = talk.ticket("alice", PASSWORD).unwrap();
    // The other dialect, and a token without its frame.
    let header = |dialect| Header { dialect, target_realm: b"WEB1", cookie: None, flags: None };
    for (framed, dialect) in [(true, Dialect::Older), (false, Dialect::Draft)] {
        let token = RelayToken { framed, header: header(dialect), message: b"" }.write();
        assert!(matches!(talk.step(&token).unwrap_err().error, Error::InvalidToken(_)));
    }
    // NTLM, and a message for the KDC that is none of its.
    assert!(talk.step(b"NTLMSSP\0\x01\0\0\0").is_err());
    assert!(talk.relay(b"\x6e\x00").is_err());
    // Nothing of IAKERB without a KDC, nor by the package Kerberos.
    let token = framed(Oid::Iakerb, &talk.ap_req(&ticket, true, |_| ()));
    let call = AcceptCall {
        config: &talk.config,
        requirements: ContextFlags::empty(),
        bindings: None,
        address: None,
        now: at(NOW),
    };
    let refused = kerberos::Acceptor::new().step(&token, &call).unwrap_err();
    assert!(matches!(refused.error, Error::NothingInCommon(_)));
    let mut none = Talk::new(&realm, Dialect::Draft);
    none.config.local_kdc = None;
    assert!(matches!(none.relay(b""), Err(Error::NothingInCommon(_))));
}
