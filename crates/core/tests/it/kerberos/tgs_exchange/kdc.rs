//! The TGS of several realms, on the crate's own messages. What it issues can be changed on the way.

use crate::support::random::COUNTED;
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{Credentials, Kdc, KdcService};
use negossp_core::kerberos::crypto::{Enctype, Key, key_usage, random_key};
use negossp_core::kerberos::message::{
    ApReq, Authenticator, AuthorizationData, EncKdcRepPart, EncTicketPart, EncryptedData,
    EncryptionKey, KdcExchange, KdcOptions, KdcRep, KdcReq, KdcReqBody, KrbError, PaData,
    PaDataList, PaForUser, PaS4uX509User, PacOptions, PrincipalName, S4uUserId, Ticket,
    TicketFlags, TransitedEncoding, Unprotected, error_code, name_type, pa_type,
};
use negossp_core::types::error::{Error, Result};
use negossp_core::types::time::FileTime;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Mutex;

/// The local time of the tests.
pub(super) const NOW: i64 = 1_800_000_000;
/// When ticket-granting tickets end.
pub(super) const END: i64 = NOW + 36_000;
/// Until when they can be renewed.
pub(super) const RENEW_TILL: i64 = NOW + 360_000;
/// An element of authorization data with the client in whose name a ticket for a TGS is.
const ON_BEHALF: i32 = 999;

/// One realm.
#[derive(Debug)]
pub(super) struct Realm {
    key: Key,
    /// The keys of `krbtgt/OTHER@REALM`.
    trusts: BTreeMap<String, Key>,
    services: BTreeMap<String, Key>,
    /// Where it says that a service, or a realm, is.
    pub(super) elsewhere: BTreeMap<String, String>,
    /// Whether it knows `canonicalize`.
    pub(super) canonicalizes: bool,
    /// Whether it encrypts with the session key.
    pub(super) ignores_subkey: bool,
    /// Its clock, in seconds before the local one.
    pub(super) clock: i64,
    /// Whether it knows PA-S4U-X509-USER.
    pub(super) x509_user: bool,
    /// Enterprise names.
    pub(super) aliases: BTreeMap<String, String>,
    /// Services whose tickets are only for user-to-user.
    pub(super) user_to_user: Vec<String>,
}

/// A reply before it is encoded.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) client: Principal,
    pub(super) server: Principal,
    /// The name on the ticket.
    pub(super) ticket_server: Principal,
    pub(super) session: Key,
    pub(super) nonce: u32,
    pub(super) flags: TicketFlags,
    pub(super) starttime: i64,
    pub(super) endtime: i64,
    pub(super) renew_till: Option<i64>,
    pub(super) padata: Vec<(i32, Vec<u8>)>,
    pub(super) encrypted_padata: Vec<(i32, Vec<u8>)>,
    /// What it is encrypted with.
    pub(super) key: Key,
    pub(super) usage: u32,
    pub(super) ticket: Vec<u8>,
}

pub(super) type Edit = Box<dyn FnMut(&mut Reply) + Send>;
pub(super) type EditBytes = Box<dyn FnMut(Vec<u8>) -> Vec<u8> + Send>;

/// The KDCs of all realms.
pub(super) struct Realms {
    realms: HashMap<String, Realm>,
    pub(super) edit: Mutex<Option<Edit>>,
    pub(super) edit_bytes: Mutex<Option<EditBytes>>,
    /// Of the part that is encrypted.
    pub(super) edit_plain: Mutex<Option<EditBytes>>,
    /// `REALM service` of each request; with `!` before it if it allowed referrals.
    pub(super) asked: Mutex<Vec<String>>,
}

impl fmt::Debug for Realms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Realms")
    }
}

pub(super) fn text(principal: &Principal) -> String {
    let parts: Vec<_> =
        principal.components.iter().map(|part| String::from_utf8_lossy(part)).collect();
    parts.join("/")
}

pub(super) fn new_key(enctype: Enctype) -> Key {
    random_key(enctype, &COUNTED).unwrap()
}

impl Realms {
    /// Realms without services, with keys of this type.
    pub(super) fn new(names: &[&str], enctype: Enctype) -> Realms {
        let realm = || Realm {
            key: new_key(enctype),
            trusts: BTreeMap::new(),
            services: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            canonicalizes: true,
            ignores_subkey: false,
            clock: 0,
            x509_user: true,
            aliases: BTreeMap::new(),
            user_to_user: Vec::new(),
        };
        Realms {
            realms: names.iter().map(|name| ((*name).to_owned(), realm())).collect(),
            edit: Mutex::new(None),
            edit_bytes: Mutex::new(None),
            edit_plain: Mutex::new(None),
            asked: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn realm(&mut self, name: &str) -> &mut Realm {
        self.realms.get_mut(name).unwrap()
    }

    /// Gives clients of `from` tickets for the TGS of `to`.
    pub(super) fn trust(mut self, from: &str, to: &str) -> Realms {
        let key = new_key(self.realms[from].key.enctype());
        self.realm(from).trusts.insert(to.to_owned(), key);
        self
    }

    pub(super) fn service(mut self, realm: &str, name: &str) -> Realms {
        let key = new_key(self.realms[realm].key.enctype());
        self.realm(realm).services.insert(name.to_owned(), key);
        self
    }

    /// Makes the KDC of `realm` say that `name` is in, or on the way to, `other`.
    pub(super) fn refer(mut self, realm: &str, name: &str, other: &str) -> Realms {
        self.realm(realm).elsewhere.insert(name.to_owned(), other.to_owned());
        self
    }

    pub(super) fn edit(&self, edit: impl FnMut(&mut Reply) + Send + 'static) {
        *self.edit.lock().unwrap() = Some(Box::new(edit));
    }

    pub(super) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// The key that a ticket of this name is encrypted with.
    fn key_of(&self, name: &str, realm: &str) -> Option<&Key> {
        let issuer = self.realms.get(realm)?;
        match name.strip_prefix("krbtgt/") {
            Some(of) if of == realm => Some(&issuer.key),
            Some(of) => issuer.trusts.get(of),
            None => issuer.services.get(name),
        }
    }

    /// Credentials for a service, as if the realm had issued them.
    pub(super) fn issue(&self, client: &Principal, server: &str, realm: &str) -> Credentials {
        self.issue_on_behalf(client, server, realm, None)
    }

    fn issue_on_behalf(
        &self,
        client: &Principal,
        server: &str,
        realm: &str,
        on_behalf: Option<&str>,
    ) -> Credentials {
        let key = self.key_of(server, realm).unwrap();
        let session = new_key(key.enctype());
        let components: Vec<&str> = server.split('/').collect();
        let server = Principal::new(name_type::SRV_INST, &components, realm);
        let flags = TicketFlags::FORWARDABLE | TicketFlags::RENEWABLE | TicketFlags::PRE_AUTHENT;
        let ticket = seal_ticket(key, &session, client, &server, flags, on_behalf);
        Credentials {
            client: client.clone(),
            server,
            key: session,
            authtime: NOW - 60,
            starttime: NOW - 60,
            endtime: END,
            renew_till: Some(RENEW_TILL),
            flags,
            is_skey: false,
            addresses: Vec::new(),
            ticket,
            second_ticket: Vec::new(),
        }
    }

    /// The client and session key in a ticket, and in whose name it is.
    pub(super) fn open(&self, ticket: &[u8]) -> Option<(Principal, Key, Option<String>)> {
        let ticket = Ticket::decode(ticket).unwrap();
        let realm = String::from_utf8(ticket.realm.for_log().to_vec()).unwrap();
        let name = text(&Principal::from_name(&ticket.sname.for_log(), realm.as_bytes()));
        open_with(self.key_of(&name, &realm)?, &ticket)
    }

    fn answer(&self, realm: &str, request: &[u8]) -> Result<Vec<u8>, i32> {
        let here = &self.realms[realm];
        let now = NOW + here.clock;
        let request = KdcReq::decode(request).unwrap();
        assert_eq!(request.exchange, KdcExchange::Tgs);
        let body = KdcReqBody::decode(request.req_body).unwrap();
        assert_eq!(body.realm, realm.as_bytes());
        let ap_req = request.padata.find(pa_type::TGS_REQ).unwrap();
        let ap_req = ApReq::decode(ap_req).unwrap();
        let (tgt_client, tgt_key, on_behalf) =
            self.open(&ap_req.ticket.encode()).ok_or(error_code::S_PRINCIPAL_UNKNOWN)?;
        let mut cipher = ap_req.authenticator.cipher.to_vec();
        let plain = tgt_key.decrypt(key_usage::TGS_REQ_AUTHENTICATOR, &mut cipher);
        let plain = plain.map_err(|_| error_code::BAD_INTEGRITY)?;
        let authenticator = Authenticator::decode(plain).unwrap();
        assert_eq!(Principal::from_name(&authenticator.cname, authenticator.crealm), tgt_client);
        let cksum = authenticator.cksum.unwrap();
        tgt_key
            .verify_checksum(
                key_usage::TGS_REQ_CHECKSUM,
                &[request.req_body],
                cksum.cksumtype,
                cksum.checksum,
            )
            .unwrap();
        if authenticator.ctime.abs_diff(now) > 300 {
            return Err(error_code::SKEW);
        }
        let subkey = authenticator.subkey.unwrap().key().unwrap();
        let asked_name = Principal::from_name(&body.sname.unwrap(), body.realm);
        let canonicalize = body.kdc_options.contains(KdcOptions::CANONICALIZE);
        let name = text(&asked_name);
        self.asked
            .lock()
            .unwrap()
            .push(format!("{}{realm} {name}", if canonicalize { "!" } else { "" }));
        if canonicalize && !here.canonicalizes {
            return Err(error_code::S_PRINCIPAL_UNKNOWN);
        }
        let mut padata = Vec::new();
        let mut encrypted_padata = Vec::new();
        let mut client = tgt_client.clone();
        let mut in_name_of = on_behalf;
        if let Some(for_user) = request.padata.find(pa_type::FOR_USER) {
            let for_user = PaForUser::decode(for_user).unwrap();
            for_user.verify(&tgt_key).unwrap();
            let mut user = Principal::from_name(&for_user.user_name, for_user.user_realm);
            let x509 = request.padata.find(pa_type::S4U_X509_USER).unwrap();
            let x509 = PaS4uX509User::decode(x509).unwrap();
            x509.verify(&subkey, false).unwrap();
            assert_eq!(x509.user_id.nonce, body.nonce);
            if let Some(alias) = here.aliases.get(&text(&user)) {
                user = Principal::new(name_type::PRINCIPAL, &[alias], realm);
            }
            if here.x509_user {
                let name = user.encode();
                let user_id =
                    S4uUserId { cname: Some(name.name()), crealm: &user.realm, ..x509.user_id };
                let reply = PaS4uX509User::encode(&user_id, &subkey, true).unwrap();
                if matches!(subkey.enctype(), Enctype::Rc4Hmac) {
                    let theirs = PaS4uX509User::decode(&reply).unwrap().checksum.checksum;
                    let both = [x509.checksum.checksum, theirs].concat();
                    encrypted_padata.push((pa_type::S4U_X509_USER, both));
                }
                padata.push((pa_type::S4U_X509_USER, reply));
            }
            client = user;
        }
        let proxies = body.kdc_options.contains(KdcOptions::CNAME_IN_ADDL_TKT);
        if proxies {
            let options = request.padata.find(pa_type::PAC_OPTIONS).unwrap();
            assert_eq!(PacOptions::decode(options), Ok(PacOptions::RESOURCE_BASED_DELEGATION));
            encrypted_padata.push((pa_type::PAC_OPTIONS, options.to_vec()));
            let evidence = body.additional_tickets().next().unwrap();
            let (holder, _, on_behalf) = self.open(evidence).ok_or(error_code::BADOPTION)?;
            client = match on_behalf {
                Some(user) => {
                    let (name, realm) = user.split_once('@').unwrap();
                    Principal::new(name_type::PRINCIPAL, &[name], realm)
                }
                None => holder,
            };
        }
        let home = |name: &str| here.services.contains_key(name) && !name.starts_with("krbtgt/");
        let (server, key) = if home(&name) {
            (asked_name, self.key_of(&name, realm).unwrap().clone())
        } else {
            let wanted = match name.strip_prefix("krbtgt/") {
                Some(of) => Some(of.to_owned()),
                None => name.rsplit_once('@').map(|(_, realm)| realm.to_owned()),
            };
            let to = here.elsewhere.get(&name).cloned().or(wanted);
            let to = to.ok_or(error_code::S_PRINCIPAL_UNKNOWN)?;
            let tgs = format!("krbtgt/{to}");
            let key = self.key_of(&tgs, realm).ok_or(error_code::S_PRINCIPAL_UNKNOWN)?;
            if proxies {
                in_name_of =
                    Some(format!("{}@{}", text(&client), String::from_utf8_lossy(&client.realm)));
            }
            // For another realm's TGS the ticket is the asker's.
            client = tgt_client.clone();
            (Principal::krbtgt(&to, realm), key.clone())
        };
        let mut ticket_key = key;
        if body.kdc_options.contains(KdcOptions::ENC_TKT_IN_SKEY) && server.krbtgt_of().is_none() {
            let second = body.additional_tickets().next().unwrap();
            ticket_key = self.open(second).ok_or(error_code::BADOPTION)?.1;
        } else if here.user_to_user.contains(&name) {
            return Err(error_code::MUST_USE_USER2USER);
        }
        let etype = body.etypes().next().ok_or(error_code::ETYPE_NOSUPP)?;
        let session = new_key(Enctype::from_number(etype).ok_or(error_code::ETYPE_NOSUPP)?);
        let mut flags = TicketFlags::PRE_AUTHENT;
        for (option, flag) in [
            (KdcOptions::FORWARDABLE, TicketFlags::FORWARDABLE),
            (KdcOptions::FORWARDED, TicketFlags::FORWARDED),
            (KdcOptions::RENEWABLE, TicketFlags::RENEWABLE),
        ] {
            flags.set(flag, body.kdc_options.contains(option));
        }
        let on_behalf = in_name_of.as_deref().filter(|_| server.krbtgt_of().is_some());
        let (key, usage) = match here.ignores_subkey {
            true => (tgt_key, key_usage::TGS_REP),
            false => (subkey, key_usage::TGS_REP_SUBKEY),
        };
        let mut reply = Reply {
            ticket: seal_ticket(&ticket_key, &session, &client, &server, flags, on_behalf),
            client,
            ticket_server: server.clone(),
            server,
            session,
            nonce: body.nonce,
            flags,
            starttime: now,
            endtime: body.till,
            renew_till: body.rtime,
            padata,
            encrypted_padata,
            key,
            usage,
        };
        if let Some(edit) = &mut *self.edit.lock().unwrap() {
            edit(&mut reply);
        }
        Ok(reply.encode(&mut self.edit_plain.lock().unwrap()))
    }
}

impl Reply {
    fn encode(&self, edit: &mut Option<EditBytes>) -> Vec<u8> {
        let list = |elements: &[(i32, Vec<u8>)]| {
            let elements: Vec<PaData<'_>> = elements
                .iter()
                .map(|(padata_type, value)| PaData {
                    padata_type: *padata_type,
                    padata_value: value,
                })
                .collect();
            PaDataList::encode(&elements)
        };
        let encrypted_padata = list(&self.encrypted_padata);
        let (server, on_ticket) = (self.server.encode(), self.ticket_server.encode());
        let mut part = EncKdcRepPart::new(
            EncryptionKey::of(&self.session),
            self.nonce,
            (NOW - 60, self.endtime),
            (server.name(), &self.server.realm),
        );
        part.flags = self.flags;
        part.starttime = Some(self.starttime);
        part.renew_till = self.renew_till;
        part.encrypted_pa_data = PaDataList::decode(&encrypted_padata).unwrap();
        let mut plain = part.encode(KdcExchange::Tgs).to_vec();
        if let Some(edit) = edit {
            plain = edit(plain);
        }
        let cipher = self.key.encrypt(self.usage, &plain, &COUNTED).unwrap();
        let ticket = Ticket {
            realm: Unprotected::new(&self.ticket_server.realm),
            sname: Unprotected::new(on_ticket.name()),
            ..Ticket::decode(&self.ticket).unwrap()
        }
        .encode();
        let padata = list(&self.padata);
        let client = self.client.encode();
        KdcRep {
            padata: PaDataList::decode(&padata).unwrap(),
            crealm: &self.client.realm,
            cname: client.name(),
            ticket: &ticket,
            enc_part: EncryptedData {
                etype: self.key.enctype().number(),
                kvno: None,
                cipher: &cipher,
            },
        }
        .encode(KdcExchange::Tgs)
    }
}

fn seal_ticket(
    key: &Key,
    session: &Key,
    client: &Principal,
    server: &Principal,
    flags: TicketFlags,
    on_behalf: Option<&str>,
) -> Vec<u8> {
    let list = AuthorizationData::encode(&[(ON_BEHALF, on_behalf.unwrap_or("").as_bytes())]);
    let plain = EncTicketPart {
        flags,
        key: EncryptionKey::of(session),
        crealm: &client.realm,
        cname: client.encode().name(),
        transited: TransitedEncoding { tr_type: 1, contents: b"" },
        authtime: NOW - 60,
        starttime: None,
        endtime: END,
        renew_till: None,
        caddr: None,
        authorization_data: on_behalf.map(|_| AuthorizationData::decode(&list).unwrap()),
    }
    .encode();
    let cipher = key.encrypt(key_usage::TICKET, &plain, &COUNTED).unwrap();
    Ticket {
        realm: Unprotected::new(&server.realm),
        sname: Unprotected::new(server.encode().name()),
        enc_part: EncryptedData { etype: key.enctype().number(), kvno: Some(1), cipher: &cipher },
    }
    .encode()
}

/// The client, the session key, and in whose name a ticket is.
pub(super) fn open_with(
    key: &Key,
    ticket: &Ticket<'_>,
) -> Option<(Principal, Key, Option<String>)> {
    let mut cipher = ticket.enc_part.cipher.to_vec();
    let part = EncTicketPart::decode(key.decrypt(key_usage::TICKET, &mut cipher).ok()?).unwrap();
    let on_behalf = part.authorization_data.and_then(|list| list.find(ON_BEHALF));
    Some((
        Principal::from_name(&part.cname, part.crealm),
        part.key.key().unwrap(),
        on_behalf.map(|user| String::from_utf8(user.to_vec()).unwrap()),
    ))
}

impl Kdc for Realms {
    fn ask(&self, service: KdcService, realm: &str, request: &[u8]) -> Result<Vec<u8>> {
        assert_eq!(service, KdcService::Kdc);
        let clock = match self.realms.get(realm) {
            Some(realm) => realm.clock,
            None => return Err(Error::NoAuthority("no such realm")),
        };
        let reply = self.answer(realm, request).unwrap_or_else(|error_code| {
            KrbError {
                ctime: None,
                cusec: None,
                stime: NOW + clock,
                susec: 0,
                error_code,
                crealm: None,
                cname: None,
                realm: realm.as_bytes(),
                sname: PrincipalName::EMPTY,
                e_text: None,
                e_data: None,
            }
            .encode()
        });
        match &mut *self.edit_bytes.lock().unwrap() {
            Some(edit) => Ok(edit(reply)),
            None => Ok(reply),
        }
    }

    fn now(&self) -> FileTime {
        FileTime::from_unix_seconds(NOW)
    }
}
