//! The first token of a conversation as a client with a ticket makes it, and the ticket too: with
//! the service's key no KDC is needed.

use crate::random::Random;
use crate::tree::*;
use crate::verdict::Channel;
use negossp::kerberos::crypto::{Enctype, Key, key_usage, random_key};
use negossp::platform::random::SystemRandom;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The service's keys: encryption type and version. Those of the older version are still in the
/// keytab.
pub const SERVICE_KEYS: [(Enctype, u32); 8] = [
    (Enctype::Aes256Sha1, 3),
    (Enctype::Aes128Sha1, 3),
    (Enctype::Aes256Sha384, 3),
    (Enctype::Aes128Sha256, 3),
    (Enctype::Rc4Hmac, 3),
    (Enctype::Des3Sha1, 3),
    (Enctype::Aes256Sha1, 2),
    (Enctype::Aes128Sha256, 2),
];

pub const REALM: &str = "EXAMPLE.COM";
pub const SERVICE: [&str; 2] = ["HTTP", "server.example"];

/// GSS-API's flags in checksum 0x8003, RFC 4121 4.1.1.1.
pub mod gss {
    pub const DELEG: u32 = 1;
    pub const MUTUAL: u32 = 2;
    pub const REPLAY: u32 = 4;
    pub const SEQUENCE: u32 = 8;
    pub const CONF: u32 = 16;
    pub const INTEG: u32 = 32;
    pub const DCE_STYLE: u32 = 0x1000;
    pub const IDENTIFY: u32 = 0x2000;
}

pub const USE_SESSION_KEY: u32 = 1 << 30;
pub const MUTUAL_REQUIRED: u32 = 1 << 29;

/// Object identifiers of mechanisms, contents only.
pub mod oid {
    pub const KRB5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
    pub const MS_KRB5: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];
    /// 1.3.5.1.5.2, before RFC 1964.
    pub const OLD_KRB5: &[u8] = &[0x2b, 0x05, 0x01, 0x05, 0x02];
    pub const USER_TO_USER: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x03];
    /// 1.3.6.1.5.2.5
    pub const IAKERB: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x02, 0x05];
    pub const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
    pub const NTLM: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];
}

/// The service's keys, and one of another key that is in no keytab.
pub struct World {
    pub keys: Vec<Key>,
    pub other_key: Key,
}

impl World {
    /// Makes keys, and the keytab `file` with them.
    pub fn new(file: &Path) -> World {
        let keys: Vec<Key> = SERVICE_KEYS
            .iter()
            .map(|(enctype, _)| random_key(*enctype, &SystemRandom).unwrap())
            .collect();
        let mut keytab = vec![5, 2];
        for (key, (_, kvno)) in keys.iter().zip(SERVICE_KEYS) {
            keytab.extend(keytab_entry(&SERVICE, key, kvno));
        }
        // A key of another service, for which a ticket may be too.
        keytab.extend(keytab_entry(
            &["imap", "server.example"],
            &random_key(Enctype::Aes256Sha1, &SystemRandom).unwrap(),
            1,
        ));
        std::fs::write(file, keytab).unwrap();
        World { keys, other_key: random_key(Enctype::Aes256Sha1, &SystemRandom).unwrap() }
    }
}

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// An entry of a keytab file, version 2, with its length in front.
fn keytab_entry(name: &[&str], key: &Key, kvno: u32) -> Vec<u8> {
    let mut entry = (name.len() as u16).to_be_bytes().to_vec();
    let mut counted = |bytes: &[u8]| {
        entry.extend((bytes.len() as u16).to_be_bytes());
        entry.extend(bytes);
    };
    counted(REALM.as_bytes());
    name.iter().for_each(|component| counted(component.as_bytes()));
    entry.extend(1u32.to_be_bytes());
    entry.extend(0u32.to_be_bytes());
    entry.push(kvno as u8);
    entry.extend((key.enctype().number() as u16).to_be_bytes());
    entry.extend((key.bytes().len() as u16).to_be_bytes());
    entry.extend(key.bytes());
    entry.extend(kvno.to_be_bytes());
    [(entry.len() as u32).to_be_bytes().to_vec(), entry].concat()
}

/// A principal: type and components.
#[derive(Clone, PartialEq)]
pub struct Name {
    pub kind: i64,
    pub components: Vec<Vec<u8>>,
}

impl Name {
    pub fn new(kind: i64, components: &[&str]) -> Name {
        Name { kind, components: components.iter().map(|text| text.as_bytes().to_vec()).collect() }
    }

    fn node(&self, name: &'static str) -> Node {
        let components = self
            .components
            .iter()
            .map(|component| string("name-string", component.clone()))
            .collect();
        let strings = sequence("name-string", components);
        sequence(name, vec![field(0, integer("name-type", self.kind)), field(1, strings)])
    }
}

/// The wrapper around the AP-REQ.
#[derive(Clone, PartialEq)]
pub enum Frame {
    /// RFC 2743 3.1, with this mechanism.
    Gss(&'static [u8]),
    /// Nothing.
    Bare,
    /// NegTokenInit offering these mechanisms, with the token of the first or second kind.
    Spnego(Vec<&'static [u8]>, Box<Frame>),
}

/// `[n]` type and bytes, a common structure.
pub type Typed = (i64, Vec<u8>);

/// The tree in which a node is changed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Target {
    TicketPart,
    Authenticator,
    ApReq,
    Spnego,
    Cred,
}

/// The parts of a conversation's first token.
#[derive(Clone)]
pub struct Conversation {
    // the ticket
    pub ticket_key: Key,
    pub ticket_etype: i64,
    pub ticket_usage: u32,
    pub kvno: Option<i64>,
    pub srealm: Vec<u8>,
    pub sname: Name,
    // its encrypted part
    pub flags: u32,
    pub session: Key,
    pub session_type: i64,
    pub session_bytes: Vec<u8>,
    pub crealm: Vec<u8>,
    pub cname: Name,
    pub transited: Typed,
    pub authtime: i64,
    pub starttime: Option<i64>,
    pub endtime: i64,
    pub renew_till: Option<i64>,
    pub caddr: Option<Vec<Typed>>,
    pub ticket_data: Vec<Typed>,
    // the authenticator
    pub authenticator_key: Key,
    pub authenticator_etype: i64,
    pub authenticator_kvno: Option<i64>,
    pub authenticator_usage: u32,
    pub own_crealm: Vec<u8>,
    pub own_cname: Name,
    /// Replaces the value that is made from the next four.
    pub checksum: Option<Option<Typed>>,
    pub gss_flags: u32,
    pub gss_bindings: [u8; 16],
    pub gss_deleg: Option<Vec<u8>>,
    pub gss_extensions: Vec<u8>,
    pub cusec: i64,
    pub ctime: i64,
    pub subkey: Option<Typed>,
    pub seq_number: Option<i64>,
    pub data: Vec<Typed>,
    // the request
    pub ap_options: u32,
    pub token_id: [u8; 2],
    pub frame: Frame,
    /// The channel that the acceptors are given.
    pub bindings: Option<Vec<u8>>,
    /// The client's address that they are given.
    pub address: Option<[u8; 4]>,
    /// One node of one tree is changed.
    pub spoil: Option<(Target, u64)>,
}

/// MD5 over the channel bindings as GSS-API's initiator makes it (RFC 4121 4.1.1.2): no addresses.
pub fn bindings_hash(application_data: &[u8]) -> [u8; 16] {
    use md5::Digest;
    let mut bytes = vec![0; 16];
    bytes.extend((application_data.len() as u32).to_le_bytes());
    bytes.extend(application_data);
    md5::Md5::digest(bytes).into()
}

const SESSION_TYPES: [Enctype; 8] = [
    Enctype::Aes256Sha1,
    Enctype::Aes256Sha1,
    Enctype::Aes128Sha1,
    Enctype::Aes256Sha384,
    Enctype::Aes128Sha256,
    Enctype::Rc4Hmac,
    Enctype::Rc4Hmac,
    Enctype::Des3Sha1,
];

impl Conversation {
    /// A token that both should accept, with random variations.
    pub fn new(world: &World, random: &mut Random) -> Conversation {
        let which = random.below(SERVICE_KEYS.len());
        let session = random_key(*random.of(&SESSION_TYPES), &SystemRandom).unwrap();
        let client = match random.below(8) {
            0 => Name::new(1, &["alice", "admin"]),
            1 => Name::new(1, &["bob"]),
            _ => Name::new(1, &["alice"]),
        };
        let now = now();
        let mut conversation = Conversation {
            ticket_key: world.keys[which].clone(),
            ticket_etype: world.keys[which].enctype().number().into(),
            ticket_usage: key_usage::TICKET,
            kvno: Some(SERVICE_KEYS[which].1.into()),
            srealm: REALM.into(),
            sname: Name::new(2, &SERVICE),
            flags: 0x40e0_0000,
            session_type: session.enctype().number().into(),
            session_bytes: session.bytes().to_vec(),
            crealm: REALM.into(),
            cname: client.clone(),
            transited: (1, Vec::new()),
            authtime: now - 1000,
            starttime: Some(now - 500),
            endtime: now + 36_000,
            renew_till: None,
            caddr: None,
            ticket_data: Vec::new(),
            authenticator_key: session.clone(),
            authenticator_etype: session.enctype().number().into(),
            authenticator_kvno: None,
            authenticator_usage: key_usage::AP_REQ_AUTHENTICATOR,
            own_crealm: REALM.into(),
            own_cname: client,
            checksum: None,
            gss_flags: gss::REPLAY | gss::SEQUENCE | gss::CONF | gss::INTEG,
            gss_bindings: [0; 16],
            gss_deleg: None,
            gss_extensions: Vec::new(),
            cusec: random.below(1_000_000) as i64,
            ctime: now - random.below(20) as i64,
            subkey: None,
            seq_number: Some(random.below(1 << 30) as i64),
            data: Vec::new(),
            ap_options: 0,
            token_id: [1, 0],
            frame: Frame::Gss(oid::KRB5),
            bindings: None,
            address: None,
            spoil: None,
            session,
        };
        let c = &mut conversation;
        if random.once_in(4) {
            c.starttime = None;
        }
        if random.once_in(4) {
            c.renew_till = Some(now + 100_000);
        }
        // Most clients send a sub-key, of their session key's type.
        if !random.once_in(4) {
            let subkey = random_key(c.session.enctype(), &SystemRandom).unwrap();
            c.subkey = Some((subkey.enctype().number().into(), subkey.bytes().to_vec()));
        }
        if random.once_in(2) {
            c.mutual();
        }
        match random.below(20) {
            0 => c.frame = Frame::Gss(oid::MS_KRB5),
            1 => {
                c.frame = Frame::Bare;
                c.gss_flags |= gss::DCE_STYLE;
                c.mutual();
            }
            2..=5 => c.frame = Frame::Spnego(vec![oid::KRB5], Box::new(Frame::Gss(oid::KRB5))),
            6 => {
                c.frame =
                    Frame::Spnego(vec![oid::MS_KRB5, oid::KRB5], Box::new(Frame::Gss(oid::KRB5)))
            }
            7 => {
                c.frame = Frame::Spnego(vec![oid::KRB5, oid::NTLM], Box::new(Frame::Gss(oid::KRB5)))
            }
            _ => {}
        }
        match random.below(12) {
            0 => {
                c.bindings = Some(b"tls-unique:one".to_vec());
                c.gss_bindings = bindings_hash(b"tls-unique:one");
            }
            // Passed to one side only.
            1 => c.bindings = Some(b"tls-unique:two".to_vec()),
            2 => c.gss_bindings = bindings_hash(b"tls-unique:three"),
            _ => {}
        }
        match random.below(12) {
            // An unknown element, where one is permitted.
            0 => {
                c.ticket_data = vec![(
                    1,
                    authorization_data("if-relevant", &[(4242, b"what".to_vec())]).encode(),
                )]
            }
            1 => {
                c.data = vec![(
                    1,
                    authorization_data("if-relevant", &[(4242, b"what".to_vec())]).encode(),
                )]
            }
            // The encryption types that the client prefers, RFC 4537.
            2 => c.data = vec![etype_negotiation(&[20, 18, 17])],
            _ => {}
        }
        conversation
    }

    pub fn mutual(&mut self) {
        self.gss_flags |= gss::MUTUAL;
        self.ap_options |= MUTUAL_REQUIRED;
    }

    /// The acceptors' input besides the token.
    pub fn channel(&self) -> Channel {
        Channel { bindings: self.bindings.clone(), address: self.address }
    }

    /// Messages of the older kind repeat the frame's mechanism, and ours are always Kerberos' own.
    pub fn modern_frame(&mut self) {
        let older = |number: i64| number == 16 || number == 23;
        let subkey = self.subkey.as_ref().is_some_and(|subkey| older(subkey.0));
        if self.frame == Frame::Gss(oid::MS_KRB5) && (subkey || older(self.session_type)) {
            self.frame = Frame::Gss(oid::KRB5);
        }
    }

    fn checksum(&self) -> Option<Typed> {
        if let Some(given) = &self.checksum {
            return given.clone();
        }
        let mut bytes = 16u32.to_le_bytes().to_vec();
        bytes.extend(self.gss_bindings);
        bytes.extend(self.gss_flags.to_le_bytes());
        if let Some(credential) = &self.gss_deleg {
            bytes.extend(1u16.to_le_bytes());
            bytes.extend((credential.len() as u16).to_le_bytes());
            bytes.extend(credential);
        }
        bytes.extend(&self.gss_extensions);
        Some((0x8003, bytes))
    }

    fn ticket_part(&self) -> Node {
        let mut fields = vec![
            field(0, bits("flags", self.flags)),
            field(
                1,
                typed(
                    "key",
                    &(self.session_type, self.session_bytes.clone()),
                    "keytype",
                    "keyvalue",
                ),
            ),
            field(2, string("crealm", self.crealm.clone())),
            field(3, self.cname.node("cname")),
            field(4, typed("transited", &self.transited, "tr-type", "contents")),
            field(5, time("authtime", self.authtime)),
        ];
        fields.extend(self.starttime.map(|starttime| field(6, time("starttime", starttime))));
        fields.push(field(7, time("endtime", self.endtime)));
        fields.extend(self.renew_till.map(|renew_till| field(8, time("renew-till", renew_till))));
        fields.extend(self.caddr.as_ref().map(|addresses| {
            let of = |address| typed("caddr", address, "addr-type", "address");
            field(9, sequence("caddr", addresses.iter().map(of).collect()))
        }));
        if !self.ticket_data.is_empty() {
            fields.push(field(10, authorization_data("authorization-data", &self.ticket_data)));
        }
        message("EncTicketPart", 3, fields)
    }

    fn authenticator(&self) -> Node {
        let mut fields = vec![
            field(0, integer("authenticator-vno", 5)),
            field(1, string("crealm", self.own_crealm.clone())),
            field(2, self.own_cname.node("cname")),
        ];
        fields.extend(
            self.checksum()
                .map(|checksum| field(3, typed("cksum", &checksum, "cksumtype", "checksum"))),
        );
        fields.push(field(4, integer("cusec", self.cusec)));
        fields.push(field(5, time("ctime", self.ctime)));
        fields.extend(
            self.subkey
                .as_ref()
                .map(|subkey| field(6, typed("subkey", subkey, "keytype", "keyvalue"))),
        );
        fields.extend(self.seq_number.map(|number| field(7, integer("seq-number", number))));
        if !self.data.is_empty() {
            fields.push(field(8, authorization_data("authorization-data", &self.data)));
        }
        message("Authenticator", 2, fields)
    }

    /// The ticket's bytes, with its encrypted part changed if that is chosen.
    pub fn ticket(&self, label: &mut Option<String>) -> Node {
        let part = self.spoilt(Target::TicketPart, self.ticket_part(), label);
        let cipher =
            self.ticket_key.encrypt(self.ticket_usage, &part.encode(), &SystemRandom).unwrap();
        let fields = vec![
            field(0, integer("tkt-vno", 5)),
            field(1, string("realm", self.srealm.clone())),
            field(2, self.sname.node("sname")),
            field(3, encrypted("enc-part", self.ticket_etype, self.kvno, cipher)),
        ];
        message("ticket", 1, fields)
    }

    /// The AP-REQ.
    pub fn request(&self, label: &mut Option<String>) -> Vec<u8> {
        let ticket = self.ticket(label);
        let authenticator = self.spoilt(Target::Authenticator, self.authenticator(), label);
        let cipher = self
            .authenticator_key
            .encrypt(self.authenticator_usage, &authenticator.encode(), &SystemRandom)
            .unwrap();
        self.request_of(ticket, cipher, label)
    }

    /// An AP-REQ with an existing ticket and authenticator.
    pub fn request_of(
        &self,
        ticket: Node,
        authenticator: Vec<u8>,
        label: &mut Option<String>,
    ) -> Vec<u8> {
        let authenticator = encrypted(
            "authenticator",
            self.authenticator_etype,
            self.authenticator_kvno,
            authenticator,
        );
        let fields = vec![
            field(0, integer("pvno", 5)),
            field(1, integer("msg-type", 14)),
            field(2, bits("ap-options", self.ap_options)),
            field(3, ticket),
            field(4, authenticator),
        ];
        self.spoilt(Target::ApReq, message("AP-REQ", 14, fields), label).encode()
    }

    pub fn authenticator_cipher(&self) -> Vec<u8> {
        self.authenticator_key
            .encrypt(self.authenticator_usage, &self.authenticator().encode(), &SystemRandom)
            .unwrap()
    }

    /// The first token, and the description of its change.
    pub fn token(&self) -> (Vec<u8>, Option<String>) {
        let mut label = None;
        let request = self.request(&mut label);
        (self.framed(&self.frame, request, &mut label), label)
    }

    pub fn framed(&self, frame: &Frame, request: Vec<u8>, label: &mut Option<String>) -> Vec<u8> {
        match frame {
            Frame::Bare => request,
            Frame::Gss(mechanism) => gss_frame(mechanism, &[&self.token_id[..], &request].concat()),
            Frame::Spnego(mechanisms, within) => {
                let token = self.framed(within, request, label);
                let types =
                    mechanisms.iter().map(|mechanism| leaf("mechTypes", 6, *mechanism)).collect();
                let fields = vec![
                    field(0, sequence("mechTypes", types)),
                    field(2, octets("mechToken", token)),
                ];
                let init = field(0, sequence("NegTokenInit", fields));
                gss_frame(oid::SPNEGO, &self.spoilt(Target::Spnego, init, label).encode())
            }
        }
    }

    fn spoilt(&self, target: Target, mut tree: Node, label: &mut Option<String>) -> Node {
        if let Some((which, seed)) = self.spoil
            && which == target
        {
            *label = Some(tree.spoil(&mut Random::new(seed, 0)));
        }
        tree
    }

    /// A KRB-CRED with a ticket-granting ticket, under `key` or, without one, unencrypted (RFC 4120
    /// 3.6, MIT's way).
    pub fn krb_cred(&self, key: Option<&Key>, label: &mut Option<String>) -> Vec<u8> {
        let tgs = Name::new(2, &["krbtgt", REALM]);
        let session = random_key(Enctype::Aes256Sha1, &SystemRandom).unwrap();
        let info = sequence(
            "ticket-info",
            vec![
                field(0, typed("key", &(18, session.bytes().to_vec()), "keytype", "keyvalue")),
                field(1, string("prealm", self.crealm.clone())),
                field(2, self.cname.node("pname")),
                field(3, bits("flags", 0x60a0_0000)),
                field(4, time("authtime", self.authtime)),
                field(5, time("starttime", self.authtime)),
                field(6, time("endtime", self.endtime)),
                field(8, string("srealm", REALM)),
                field(9, tgs.node("sname")),
            ],
        );
        let part = message(
            "EncKrbCredPart",
            29,
            vec![
                field(0, sequence("ticket-info", vec![info])),
                field(2, time("timestamp", now())),
                field(3, integer("usec", 1)),
            ],
        );
        let part = self.spoilt(Target::Cred, part, label).encode();
        let (etype, cipher) = match key {
            Some(key) => (
                key.enctype().number().into(),
                key.encrypt(key_usage::KRB_CRED, &part, &SystemRandom).unwrap(),
            ),
            None => (0, part),
        };
        let ticket = message(
            "ticket",
            1,
            vec![
                field(0, integer("tkt-vno", 5)),
                field(1, string("realm", REALM)),
                field(2, tgs.node("sname")),
                field(3, encrypted("enc-part", 18, Some(1), vec![0x5a; 200])),
            ],
        );
        let fields = vec![
            field(0, integer("pvno", 5)),
            field(1, integer("msg-type", 22)),
            field(2, sequence("tickets", vec![ticket])),
            field(3, encrypted("enc-part", etype, None, cipher)),
        ];
        message("KRB-CRED", 22, fields).encode()
    }

    /// The sub-key, if it is a valid one.
    pub fn subkey(&self) -> Option<Key> {
        let (number, bytes) = self.subkey.as_ref()?;
        Key::new(Enctype::from_number(i32::try_from(*number).ok()?)?, bytes).ok()
    }
}

/// A frame of RFC 2743 3.1.
pub fn gss_frame(mechanism: &[u8], contents: &[u8]) -> Vec<u8> {
    let mut inside = leaf("thisMech", 6, mechanism).encode();
    inside.extend(contents);
    leaf("frame", 0x60, inside).encode()
}

fn typed(name: &'static str, value: &Typed, kind: &'static str, bytes: &'static str) -> Node {
    sequence(name, vec![field(0, integer(kind, value.0)), field(1, octets(bytes, value.1.clone()))])
}

fn encrypted(name: &'static str, etype: i64, kvno: Option<i64>, cipher: Vec<u8>) -> Node {
    let mut fields = vec![field(0, integer("etype", etype))];
    fields.extend(kvno.map(|kvno| field(1, integer("kvno", kvno))));
    fields.push(field(2, octets("cipher", cipher)));
    sequence(name, fields)
}

pub fn authorization_data(name: &'static str, elements: &[Typed]) -> Node {
    sequence(
        name,
        elements.iter().map(|element| typed(name, element, "ad-type", "ad-data")).collect(),
    )
}

/// AD-IF-RELEVANT with AD-ETYPE-NEGOTIATION (129).
pub fn etype_negotiation(etypes: &[i64]) -> Typed {
    let list = sequence("EtypeList", etypes.iter().map(|etype| integer("etype", *etype)).collect())
        .encode();
    (1, authorization_data("if-relevant", &[(129, list)]).encode())
}
