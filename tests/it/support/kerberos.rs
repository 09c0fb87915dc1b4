//! A KDC and a client in one: makes valid and invalid AP-REQs for a service whose key the test has
//! chosen.

use negossp::config::Settings;
use negossp::kerberos::crypto::{Enctype, Key, key_usage, random_key};
use negossp::kerberos::gss_checksum::{self, GssChecksum, GssFlags};
use negossp::kerberos::gss_token::{Oid, Token, TokenId};
use negossp::kerberos::keytab::{Entry, Keytab};
use negossp::kerberos::message::authorization_data::ad_type;
use negossp::kerberos::message::{
    ApOptions, ApReq, Authenticator, AuthorizationData, Checksum, EncTicketPart, EncryptedData,
    EncryptionKey, HostAddresses, PrincipalName, Ticket, TicketFlags, TransitedEncoding,
    Unprotected, name_type,
};
use negossp::kerberos::{AcceptCall, Acceptor, CredentialKeys, EstablishedSession, Service};
use negossp::mechanism::Package;
use negossp::mechanism::{self, Mechanism};
use negossp::negotiate::AcceptorConfig;
use negossp::platform;
use negossp::platform::random::SystemRandom;
use negossp::server::Configuration;
use negossp::server::credential::{Credential, Usage};
use negossp::types::address::Address;
use negossp::types::channel_bindings::ChannelBindings;
use negossp::types::error::{Error, Failure};
use negossp::types::flags::ContextFlags;
use negossp::types::time::FileTime;
use std::sync::Arc;

pub(crate) const REALM: &str = "EXAMPLE.TEST";
pub(crate) const SERVICE: [&str; 2] = ["HTTP", "server.example.test"];

/// The flags that mutual GSS-API clients request.
pub(crate) const USUAL: GssFlags = GssFlags::MUTUAL
    .union(GssFlags::REPLAY)
    .union(GssFlags::SEQUENCE)
    .union(GssFlags::CONF)
    .union(GssFlags::INTEG);

/// The content of a request. Times are seconds from now.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) service_key: Key,
    pub(crate) session_key: Key,
    pub(crate) subkey: Option<Key>,
    pub(crate) kvno: Option<u32>,
    pub(crate) service: Vec<String>,
    pub(crate) service_realm: String,
    pub(crate) client: Vec<String>,
    pub(crate) client_type: i32,
    pub(crate) realm: String,
    /// The authenticator's value, if it differs from the ticket's.
    pub(crate) other_client: Option<Vec<String>>,
    pub(crate) other_realm: Option<String>,
    pub(crate) ticket_flags: TicketFlags,
    /// `transited`, its `contents`.
    pub(crate) transited: Vec<u8>,
    pub(crate) authtime: i64,
    pub(crate) starttime: Option<i64>,
    pub(crate) endtime: i64,
    pub(crate) ctime: i64,
    /// The DER of HostAddresses.
    pub(crate) caddr: Option<Vec<u8>>,
    /// ad-type and ad-data of an element in the ticket, within AD-IF-RELEVANT.
    pub(crate) ticket_data: Vec<(i32, Vec<u8>)>,
    /// The same in the authenticator.
    pub(crate) authenticator_data: Vec<(i32, Vec<u8>)>,
    pub(crate) ap_options: ApOptions,
    pub(crate) seq_number: Option<u32>,
    pub(crate) cksum: Cksum,
}

/// The authenticator's checksum.
#[derive(Clone)]
pub(crate) enum Cksum {
    None,
    /// Type 0x8003.
    Gss {
        flags: GssFlags,
        bindings: [u8; 16],
        credential: Option<Vec<u8>>,
    },
    /// Of any type.
    Other(i32, Vec<u8>),
}

pub(crate) fn key(enctype: Enctype) -> Key {
    random_key(enctype, &SystemRandom).unwrap()
}

pub(crate) fn gss(flags: GssFlags) -> Cksum {
    Cksum::Gss { flags, bindings: [0; 16], credential: None }
}

impl Forge {
    /// A valid request from alice.
    pub(crate) fn new(enctype: Enctype) -> Forge {
        Forge {
            service_key: key(enctype),
            session_key: key(enctype),
            subkey: Some(key(enctype)),
            kvno: Some(3),
            service: SERVICE.map(Into::into).to_vec(),
            service_realm: REALM.into(),
            client: vec!["alice".into()],
            client_type: name_type::PRINCIPAL,
            realm: REALM.into(),
            other_client: None,
            other_realm: None,
            ticket_flags: TicketFlags::empty(),
            transited: Vec::new(),
            authtime: -3600,
            starttime: Some(-600),
            endtime: 3600,
            ctime: 0,
            caddr: None,
            ticket_data: Vec::new(),
            authenticator_data: Vec::new(),
            ap_options: ApOptions::MUTUAL_REQUIRED,
            seq_number: Some(0x1234_5678),
            cksum: gss(USUAL),
        }
    }

    /// The server that has the service's key and no other.
    pub(crate) fn server(&self) -> Server {
        let entry = Entry::new(
            REALM.into(),
            SERVICE.map(Into::into).to_vec(),
            1,
            3,
            0,
            self.service_key.clone(),
        );
        Server::with_keytab(Keytab::of_entries(vec![entry]))
    }

    /// AP-REQ, without a frame.
    pub(crate) fn ap_req(&self) -> Vec<u8> {
        self.at(platform::now())
    }

    /// AP-REQ, made when the clock shows `now`.
    pub(crate) fn at(&self, now: FileTime) -> Vec<u8> {
        let now = now.unix_seconds();
        let names = |parts: &[String]| PrincipalName::encode_components(parts);
        let (client, service) = (names(&self.client), names(&self.service));
        let ticket_cipher = self.ticket_cipher(now);
        let (cksumtype, checksum) = match &self.cksum {
            Cksum::None => (0, Vec::new()),
            Cksum::Other(kind, bytes) => (*kind, bytes.clone()),
            Cksum::Gss { flags, bindings, credential } => {
                let gss = GssChecksum {
                    bindings: *bindings,
                    flags: *flags,
                    credential: credential.as_deref(),
                    extensions: &[],
                };
                (gss_checksum::CHECKSUM_TYPE, gss.encode().unwrap())
            }
        };
        let authenticator_data = data_list(&self.authenticator_data);
        let other_client = self.other_client.as_deref().map(names);
        let authenticator = Authenticator {
            crealm: self.other_realm.as_deref().unwrap_or(&self.realm).as_bytes(),
            cname: PrincipalName::new(self.client_type, other_client.as_deref().unwrap_or(&client))
                .unwrap(),
            cksum: (!matches!(self.cksum, Cksum::None))
                .then_some(Checksum { cksumtype, checksum: &checksum }),
            cusec: 123_456,
            ctime: now + self.ctime,
            subkey: self.subkey.as_ref().map(EncryptionKey::of),
            seq_number: self.seq_number,
            authorization_data: authenticator_data
                .as_deref()
                .map(|data| AuthorizationData::decode(data).unwrap()),
        };
        let sealed = self
            .session_key
            .encrypt(key_usage::AP_REQ_AUTHENTICATOR, &authenticator.encode(), &SystemRandom)
            .unwrap();
        let encrypted =
            |key: &Key, kvno, cipher| EncryptedData { etype: key.enctype().number(), kvno, cipher };
        let ticket = self.ticket_of(&service, &ticket_cipher);
        ApReq {
            ap_options: self.ap_options,
            ticket,
            authenticator: encrypted(&self.session_key, None, &sealed),
        }
        .encode()
    }

    /// The ticket, encoded, issued when the clock shows `now`.
    pub(crate) fn ticket(&self, now: FileTime) -> Vec<u8> {
        let service = PrincipalName::encode_components(&self.service);
        self.ticket_of(&service, &self.ticket_cipher(now.unix_seconds())).encode()
    }

    fn ticket_of<'a>(&'a self, service: &'a [u8], cipher: &'a [u8]) -> Ticket<'a> {
        let etype = self.service_key.enctype().number();
        Ticket {
            realm: Unprotected::new(self.service_realm.as_bytes()),
            sname: Unprotected::new(PrincipalName::new(name_type::SRV_INST, service).unwrap()),
            enc_part: EncryptedData { etype, kvno: self.kvno, cipher },
        }
    }

    fn ticket_cipher(&self, now: i64) -> Vec<u8> {
        let client = PrincipalName::encode_components(&self.client);
        let ticket_data = data_list(&self.ticket_data);
        let part = EncTicketPart {
            flags: self.ticket_flags,
            key: EncryptionKey::of(&self.session_key),
            crealm: self.realm.as_bytes(),
            cname: PrincipalName::new(self.client_type, &client).unwrap(),
            transited: TransitedEncoding { tr_type: 1, contents: &self.transited },
            authtime: now + self.authtime,
            starttime: self.starttime.map(|time| now + time),
            endtime: now + self.endtime,
            renew_till: None,
            caddr: self.caddr.as_deref().map(|caddr| HostAddresses::decode(caddr).unwrap()),
            authorization_data: ticket_data
                .as_deref()
                .map(|data| AuthorizationData::decode(data).unwrap()),
        };
        self.service_key.encrypt(key_usage::TICKET, &part.encode(), &SystemRandom).unwrap()
    }

    /// The GSS-API token.
    pub(crate) fn token(&self) -> Vec<u8> {
        framed(&self.ap_req())
    }
}

/// Authorization data within AD-IF-RELEVANT; `None` without elements.
fn data_list(elements: &[(i32, Vec<u8>)]) -> Option<Vec<u8>> {
    let elements: Vec<_> = elements.iter().map(|(kind, data)| (*kind, &data[..])).collect();
    let inner = AuthorizationData::encode(&elements);
    (!elements.is_empty()).then(|| AuthorizationData::encode(&[(ad_type::IF_RELEVANT, &inner)]))
}

/// AP-REQ in GSS-API's frame.
pub(crate) fn framed(body: &[u8]) -> Vec<u8> {
    Token { oid: Some(Oid::Krb5), id: TokenId::ApReq, body }.write()
}

/// An established Kerberos context.
pub(crate) type Established = mechanism::Established<EstablishedSession>;

/// The result of a step.
pub(crate) type Step<S> = mechanism::Step<S, Established>;

/// A server with its keys and its requirements.
pub(crate) struct Server {
    pub(crate) credential: Credential,
    pub(crate) settings: Settings,
    /// Replaces the settings, where it is kept from call to call.
    pub(crate) configuration: Option<Arc<Configuration>>,
    pub(crate) requirements: ContextFlags,
    pub(crate) bindings: Option<ChannelBindings>,
    pub(crate) address: Option<Address>,
    pub(crate) now: Option<FileTime>,
}

impl Server {
    pub(crate) fn with_keytab(keytab: Keytab) -> Server {
        let mut settings = Settings::default();
        settings.kerberos.enctypes = Enctype::ALL.to_vec();
        let credential = Credential {
            package: Package::Negotiate,
            usage: Usage { inbound: true, outbound: false },
            principal: None,
            identity: None,
            mechanisms: Mechanism::ALL.to_vec(),
            accounts: Vec::new(),
            application: None,
            service: Service { name: None, keys: CredentialKeys::Keytab(Arc::new(keytab)) },
            tickets: None,
            assembled: Default::default(),
        };
        let requirements = ContextFlags::empty();
        Server {
            credential,
            settings,
            configuration: None,
            requirements,
            bindings: None,
            address: None,
            now: None,
        }
    }

    /// The arguments of the acceptor.
    pub(crate) fn config(&self) -> Arc<AcceptorConfig> {
        let opened = || Arc::new(Configuration::open(self.settings.clone(), None));
        let configuration = self.configuration.clone().unwrap_or_else(opened);
        self.credential.acceptor_config(&configuration)
    }

    pub(crate) fn call(&self) -> AcceptCall<'_> {
        AcceptCall {
            config: &Box::leak(Box::new(self.config())).kerberos,
            requirements: self.requirements,
            bindings: self.bindings.as_ref(),
            address: self.address,
            now: self.now.unwrap_or_else(platform::now),
        }
    }

    pub(crate) fn step(
        &self,
        acceptor: &Acceptor,
        token: &[u8],
    ) -> Result<Step<Acceptor>, Failure> {
        acceptor.step(token, &self.call())
    }

    /// Accepts a conversation of one token.
    pub(crate) fn accept(&self, token: &[u8]) -> Result<(Established, Option<Vec<u8>>), Error> {
        match self.step(&Acceptor::new(), token) {
            Ok(Step::Done { established, token, .. }) => Ok((established, token)),
            Ok(Step::Continue { .. }) => panic!("another token is awaited"),
            Err(failure) => Err(failure.error),
        }
    }
}

/// A keytab file of version 2.
pub(crate) fn keytab_file(entries: &[Entry]) -> Vec<u8> {
    let counted = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let mut file = vec![5, 2];
    for entry in entries {
        let mut record = (entry.components.len() as u16).to_be_bytes().to_vec();
        record.extend(counted(entry.realm.as_bytes()));
        entry.components.iter().for_each(|component| record.extend(counted(component.as_bytes())));
        record.extend(entry.name_type.to_be_bytes());
        record.extend(entry.timestamp.to_be_bytes());
        record.push(entry.kvno as u8);
        record.extend((entry.key.enctype().number() as u16).to_be_bytes());
        record.extend(counted(entry.key.bytes()));
        record.extend(entry.kvno.to_be_bytes());
        file.extend((record.len() as u32).to_be_bytes());
        file.extend(record);
    }
    file
}
