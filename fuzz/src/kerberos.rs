//! A KDC and a client in one: AP-REQs whose contents are edited before they are signed and
//! encrypted, so that an edit reaches the code behind the cryptography.

use crate::Edit;
use arbitrary::Arbitrary;
use negossp::kerberos::crypto::{Enctype, Key, key_usage};
use negossp::kerberos::gss_checksum::{self, GssChecksum, GssFlags};
use negossp::kerberos::gss_token::{Oid, Token, TokenId};
use negossp::kerberos::keytab::Entry;
use negossp::kerberos::message::authorization_data::ad_type;
use negossp::kerberos::message::{
    ApOptions, ApRep, ApReq, Authenticator, AuthorizationData, Checksum, EncApRepPart,
    EncKrbCredPart, EncTicketPart, EncryptedData, EncryptionKey, EtypeList, HostAddress,
    HostAddresses, KrbCred, KrbCredInfo, PrincipalName, Ticket, TicketFlags, TransitedEncoding,
    Unprotected, name_type,
};
use negossp::kerberos::pac::buffer_type;
use negossp::platform::random::SystemRandom;

#[path = "../../crates/core/tests/it/support/pac.rs"]
#[allow(dead_code)] // a part is used
mod pac;

pub const REALM: &str = "EXAMPLE.TEST";
pub const SERVICE: [&str; 2] = ["HTTP", "h"];
/// The client's address in tickets that have one.
pub const ADDRESS: [u8; 4] = [10, 0, 0, 1];
/// The hash of the client's channel bindings, if it sends them.
pub const BINDINGS: [u8; 16] = [5; 16];

/// The key of one of the parties for an encryption type.
fn key(enctype: Enctype, byte: u8) -> Key {
    Key::new(enctype, &vec![byte; enctype.key_length()]).expect("a key of the right length")
}

/// The service's key.
pub fn service_key(enctype: Enctype) -> Key {
    key(enctype, 1)
}

/// The key of the service's ticket-granting ticket, for user-to-user authentication.
pub fn tgt_key(enctype: Enctype) -> Key {
    key(enctype, 4)
}

/// The key of the KDC, which signs PACs.
pub fn kdc_key() -> Key {
    key(Enctype::Aes256Sha1, 3)
}

/// The entries of the service's keytab.
pub fn entries() -> Vec<Entry> {
    let entry = |enctype| {
        let components = SERVICE.map(Into::into).to_vec();
        Entry::new(REALM.into(), components, 1, 1, 0, service_key(enctype))
    };
    Enctype::ALL.into_iter().map(entry).collect()
}

/// What the client sends.
#[derive(Debug, Clone, Default, Arbitrary)]
pub struct Request {
    /// An index into the encryption types.
    pub enctype: u8,
    /// The client is `alice/admin` and not `alice`.
    pub admin: bool,
    pub pac: Option<PacPlan>,
    /// Of the EncTicketPart.
    pub ticket: Vec<Edit>,
    pub authenticator: Vec<Edit>,
    /// Of GSS-API's checksum.
    pub checksum: Vec<Edit>,
    /// Of the EncKrbCredPart.
    pub forwarded: Vec<Edit>,
    /// The forwarded credentials are encrypted.
    pub sealed: bool,
    /// In GSS-API's checksum.
    pub flags: u16,
    pub options: u32,
    pub bindings: bool,
    /// The ticket is for an address only.
    pub address: bool,
    /// The authenticator names the service.
    pub target: bool,
    /// The ticket is encrypted with the session key of the service's own.
    pub user_to_user: bool,
}

/// The PAC in a ticket.
#[derive(Debug, Clone, Default, Arbitrary)]
pub struct PacPlan {
    pub logon_info: Vec<Edit>,
    pub client_info: Vec<Edit>,
    pub upn_dns_info: Vec<Edit>,
    pub more: Vec<Buffer>,
    pub ticket_signature: bool,
    pub full_signature: bool,
    /// After it has been signed.
    pub damage: Vec<Edit>,
}

/// A further buffer of the PAC.
#[derive(Debug, Clone, Arbitrary)]
pub enum Buffer {
    Claims { of_device: bool, compression: u8, edits: Vec<Edit> },
    Device(Vec<Edit>),
    Attributes(Vec<u8>),
    Requestor(Vec<Edit>),
    Other(u8, Vec<u8>),
}

/// What has been made of a [`Request`].
pub struct Made {
    /// AP-REQ without a frame.
    pub ap_req: Vec<u8>,
    pub session_key: Key,
    /// The decrypted ticket as the KDC has made it, and as it is sent.
    pub ticket: [Vec<u8>; 2],
    /// The PAC likewise; what an edit of the ticket does to it is not seen here.
    pub pac: [Vec<u8>; 2],
}

/// At most 16 of these edits.
fn edited(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    edits.iter().take(16).for_each(|edit| edit.apply(&mut bytes));
    bytes
}

fn if_relevant(elements: &[(i32, &[u8])]) -> Vec<u8> {
    AuthorizationData::encode(&[(ad_type::IF_RELEVANT, &AuthorizationData::encode(elements))])
}

impl Buffer {
    fn made(&self) -> (u32, Vec<u8>) {
        match self {
            Buffer::Claims { of_device, compression, edits } => {
                let kind = [buffer_type::CLIENT_CLAIMS, buffer_type::DEVICE_CLAIMS]
                    [usize::from(*of_device)];
                let claims = pac::claims(u16::from(compression % 5), &pac::some_claims());
                (kind, edited(claims, edits))
            }
            Buffer::Device(edits) => (buffer_type::DEVICE_INFO, edited(pac::device_info(), edits)),
            Buffer::Attributes(bytes) => (buffer_type::ATTRIBUTES_INFO, bytes.clone()),
            Buffer::Requestor(edits) => {
                let sid = pac::sid("S-1-5-21-1-2-3-1102").to_bytes();
                (buffer_type::REQUESTOR, edited(sid, edits))
            }
            // None of the signatures.
            Buffer::Other(kind, bytes) => (u32::from(*kind) + 20, bytes.clone()),
        }
    }
}

impl PacPlan {
    /// The PAC of the KDC, and as damaged. `ticket` is the ticket with a placeholder for it.
    fn made(&self, request: &Request, authtime: i64, key: &Key, ticket: &[u8]) -> [Vec<u8>; 2] {
        let mut buffers = pac::alice(authtime);
        buffers[1].1 = pac::client_info(authtime, &request.client().join("/"));
        for (at, edits) in
            [&self.logon_info, &self.client_info, &self.upn_dns_info].iter().enumerate()
        {
            buffers[at].1 = edited(std::mem::take(&mut buffers[at].1), edits);
        }
        buffers.extend(self.more.iter().take(8).map(Buffer::made));
        let kdc = kdc_key();
        let signature =
            |bytes: &[u8]| [&kdc.enctype().checksum_type().to_le_bytes()[..], bytes].concat();
        if self.ticket_signature {
            let made = kdc.checksum(key_usage::PAC_SIGNATURE, &[ticket]).expect("a checksum");
            buffers.push((buffer_type::TICKET_SIGNATURE, signature(made.bytes())));
        }
        if self.full_signature {
            let blank = vec![0; kdc.enctype().tag_length()];
            buffers.push((buffer_type::FULL_SIGNATURE, signature(&blank)));
        }
        let made = pac::signed(&buffers, key, &kdc);
        [made.clone(), edited(made, &self.damage)]
    }

    /// Nothing is edited, and every buffer is one that a KDC would make.
    pub fn is_genuine(&self) -> bool {
        let edits = [&self.logon_info, &self.client_info, &self.upn_dns_info, &self.damage];
        edits.iter().all(|edits| edits.is_empty()) && self.more.is_empty()
    }
}

impl Request {
    pub fn enctype(&self) -> Enctype {
        Enctype::ALL[usize::from(self.enctype) % Enctype::ALL.len()]
    }

    /// The client's name.
    pub fn client(&self) -> &'static [&'static str] {
        if self.admin { &["alice", "admin"] } else { &["alice"] }
    }

    /// Nothing that the KDC or the client has made is edited.
    pub fn is_genuine(&self) -> bool {
        let edits = [&self.ticket, &self.authenticator, &self.checksum, &self.forwarded];
        edits.iter().all(|edits| edits.is_empty())
            && self.pac.as_ref().is_none_or(PacPlan::is_genuine)
    }

    /// AP-REQ at the time `now`, in seconds since 1970.
    pub fn at(&self, now: i64) -> Made {
        let enctype = self.enctype();
        let session_key = key(enctype, 2);
        let own_key = if self.user_to_user { tgt_key(enctype) } else { service_key(enctype) };
        let client = PrincipalName::encode_components(self.client());
        let client = PrincipalName::new(name_type::PRINCIPAL, &client).expect("a name");
        let service = PrincipalName::encode_components(&SERVICE);
        let service = PrincipalName::new(name_type::SRV_INST, &service).expect("a name");
        let authtime = now - 10;
        let address = [HostAddress { addr_type: 2, address: &ADDRESS }];
        let caddr = HostAddresses::encode(&address);
        let ticket_of = |data: &[u8]| {
            let part = EncTicketPart {
                flags: TicketFlags::FORWARDABLE,
                key: EncryptionKey::of(&session_key),
                crealm: REALM.as_bytes(),
                cname: client,
                transited: TransitedEncoding { tr_type: 1, contents: &[] },
                authtime,
                starttime: Some(now - 5),
                endtime: now + 1000,
                renew_till: None,
                caddr: self.address.then(|| HostAddresses::decode(&caddr).expect("an address")),
                authorization_data: Some(AuthorizationData::decode(data).expect("our own")),
            };
            part.encode().to_vec()
        };
        let with_pac =
            |pac: &[u8]| ticket_of(&if_relevant(&[(ad_type::WIN2K_PAC, pac), (77, b"?")]));
        let (pac, made) = match &self.pac {
            None => (Default::default(), ticket_of(&if_relevant(&[(77, b"?")]))),
            Some(plan) => {
                // What the KDC signs has one zero byte for the PAC ([MS-PAC] 2.8.3).
                let pac = plan.made(self, authtime, &own_key, &with_pac(&[0]));
                let ticket = with_pac(&pac[1]);
                (pac, ticket)
            }
        };
        let sent = edited(made.clone(), &self.ticket);
        let encrypted =
            |key: &Key, cipher| EncryptedData { etype: key.enctype().number(), kvno: None, cipher };
        let ticket_cipher =
            own_key.encrypt(key_usage::TICKET, &sent, &SystemRandom).expect("encryption");
        let ticket = Ticket {
            realm: Unprotected::new(REALM.as_bytes()),
            sname: Unprotected::new(service),
            enc_part: encrypted(&own_key, &ticket_cipher),
        };
        let credential = self.credential(&ticket, client, &session_key, now);
        let gss = GssChecksum {
            bindings: if self.bindings { BINDINGS } else { [0; 16] },
            flags: GssFlags::from_bits_retain(self.flags.into()),
            credential: Some(&credential),
            extensions: &[],
        };
        let checksum = edited(gss.encode().expect("a short credential"), &self.checksum);
        let options = 0x4000u32.to_le_bytes();
        let target = pac::utf16(&SERVICE.join("/"));
        let etypes = EtypeList::encode(&[18, 17]);
        let mut data = vec![(ad_type::AP_OPTIONS, &options[..])];
        data.push((ad_type::ETYPE_NEGOTIATION, &etypes));
        if self.target {
            data.push((ad_type::CLIENT_TARGET, &target));
        }
        let data = if_relevant(&data);
        let subkey = key(enctype, 6);
        let authenticator = Authenticator {
            crealm: REALM.as_bytes(),
            cname: client,
            cksum: Some(Checksum { cksumtype: gss_checksum::CHECKSUM_TYPE, checksum: &checksum }),
            cusec: 1,
            ctime: now,
            subkey: Some(EncryptionKey::of(&subkey)),
            seq_number: Some(7),
            authorization_data: Some(AuthorizationData::decode(&data).expect("our own")),
        };
        let authenticator = edited(authenticator.encode().to_vec(), &self.authenticator);
        let sealed = session_key
            .encrypt(key_usage::AP_REQ_AUTHENTICATOR, &authenticator, &SystemRandom)
            .expect("encryption");
        let mut ap_options = ApOptions::from_bits_retain(self.options);
        ap_options.set(ApOptions::USE_SESSION_KEY, self.user_to_user);
        let request = ApReq { ap_options, ticket, authenticator: encrypted(&session_key, &sealed) };
        Made { ap_req: request.encode(), session_key, ticket: [made, sent], pac }
    }

    /// The forwarded credentials: KRB-CRED.
    fn credential(
        &self,
        ticket: &Ticket<'_>,
        client: PrincipalName<'_>,
        session_key: &Key,
        now: i64,
    ) -> Vec<u8> {
        let info = KrbCredInfo {
            key: EncryptionKey::of(session_key),
            prealm: Some(REALM.as_bytes()),
            pname: Some(client),
            flags: None,
            authtime: None,
            starttime: None,
            endtime: Some(now + 1000),
            renew_till: None,
            srealm: None,
            sname: None,
            caddr: None,
        };
        let part = edited(EncKrbCredPart::encode(&[info], now, 0).to_vec(), &self.forwarded);
        let cipher = match self.sealed {
            true => {
                session_key.encrypt(key_usage::KRB_CRED, &part, &SystemRandom).expect("encryption")
            }
            false => part,
        };
        let etype = if self.sealed { session_key.enctype().number() } else { 0 };
        KrbCred::encode(&[ticket.encode()], &EncryptedData { etype, kvno: None, cipher: &cipher })
    }
}

/// AP-REQ in GSS-API's frame.
pub fn framed(ap_req: &[u8]) -> Vec<u8> {
    Token { oid: Some(Oid::Krb5), id: TokenId::ApReq, body: ap_req }.write()
}

/// The client's AP-REP, the third leg in DCE style, to the server's: what the server has encrypted,
/// edited and encrypted again. `None` if `reply` is none.
pub fn third_leg(reply: &[u8], session_key: &Key, edits: &[Edit]) -> Option<Vec<u8>> {
    let reply = ApRep::decode(reply).ok()?;
    let mut cipher = reply.enc_part.cipher.to_vec();
    let part =
        EncApRepPart::decode(session_key.decrypt(key_usage::AP_REP, &mut cipher).ok()?).ok()?;
    let part = edited(EncApRepPart { subkey: None, ..part }.encode().to_vec(), edits);
    let cipher = session_key.encrypt(key_usage::AP_REP, &part, &SystemRandom).ok()?;
    let etype = session_key.enctype().number();
    Some(ApRep { enc_part: EncryptedData { etype, kvno: None, cipher: &cipher } }.encode())
}
