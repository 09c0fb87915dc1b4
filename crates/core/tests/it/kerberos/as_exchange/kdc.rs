//! A KDC's AS, played with the library's messages, with a knob for each thing that can be wrong.

use crate::support::random::Counted;
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{
    AsExchange, AsParameters, AsService, ClientOptions, ClientSecret, Credentials, Exchange,
    Issued, Next,
};
use negossp_core::kerberos::crypto::{Enctype, Key, key_usage, random_key, string_to_key};
use negossp_core::kerberos::message::{
    ApReq, Authenticator, Checksum, EncKdcRepPart, EncryptedData, EncryptionKey, EtypeInfo,
    FastArmoredRep, FastArmoredReq, FastFinished, FastReq, FastResponse, KdcExchange, KdcRep,
    KdcReq, KdcReqBody, KrbError, PaData, PaDataList, PaEncTimestamp, PrincipalName, Ticket,
    TicketFlags, Unprotected, error_code, name_type, pa_type,
};
use negossp_core::types::error::Result;
use negossp_core::types::time::FileTime;

pub(super) static RANDOM: Counted = Counted::new();

pub(super) const NOW: i64 = 1_800_000_000;
pub(super) const PASSWORD: &str = "correct horse";

pub(super) fn at(seconds: i64) -> FileTime {
    FileTime::from_unix_seconds(seconds)
}

/// A reply, before it is encoded.
pub(super) struct Reply {
    pub client: Principal,
    pub server: Principal,
    pub padata: Vec<(i32, Vec<u8>)>,
    pub key: Key,
    pub usage: u32,
    pub session: Key,
    pub nonce: u32,
    pub flags: TicketFlags,
    pub authtime: i64,
    pub starttime: Option<i64>,
    pub endtime: i64,
    pub renew_till: Option<i64>,
    pub enc_pa_rep: Option<Checked>,
    pub ticket: Vec<u8>,
    pub fast: Fast,
}

/// What the checksum of RFC 6806 11 is over.
pub(super) struct Checked(pub Vec<u8>);

/// What an armor adds.
pub(super) struct Fast {
    pub client: Principal,
    pub nonce: u32,
    pub strengthen: Option<Key>,
    /// What the ticket's checksum is over.
    pub ticket: Vec<u8>,
    pub finished: bool,
    /// The key with which the KDC answers an encrypted challenge.
    pub challenge: Option<Key>,
    pub armored: bool,
}

type Edit<T> = Box<dyn Fn(&mut T)>;

/// The KDC of a realm with one client.
pub(super) struct Kdc {
    pub realm: &'static str,
    pub client: Principal,
    pub enctypes: Vec<Enctype>,
    pub salt: Option<&'static str>,
    pub iterations: Option<u32>,
    pub preauth: bool,
    pub clock: i64,
    pub cookie: Option<&'static [u8]>,
    /// The armor's ticket key, in fact its session key.
    pub armor: Option<Key>,
    pub edit: Edit<Reply>,
    /// Answers instead of the KDC.
    pub instead: Edit<Option<Vec<u8>>>,
    pub session_enctype: Enctype,
    pub requests: u32,
    /// The client's key where a test would otherwise derive it too often.
    pub known: std::cell::RefCell<Option<Key>>,
}

impl Kdc {
    pub(super) fn new() -> Kdc {
        Kdc {
            realm: "R.TEST",
            client: Principal::new(name_type::PRINCIPAL, &["alice"], "R.TEST"),
            enctypes: vec![Enctype::Aes256Sha1, Enctype::Aes128Sha1],
            salt: Some("a salt"),
            iterations: None,
            preauth: true,
            clock: NOW,
            cookie: None,
            armor: None,
            edit: Box::new(|_| ()),
            instead: Box::new(|_| ()),
            session_enctype: Enctype::Aes256Sha1,
            requests: 0,
            known: std::cell::RefCell::default(),
        }
    }

    /// A KDC whose answers do not count.
    pub(super) fn silent() -> Kdc {
        let mut kdc = Kdc::new();
        kdc.instead = Box::new(|reply| *reply = Some(Vec::new()));
        kdc
    }

    pub(super) fn editing(edit: impl Fn(&mut Reply) + 'static) -> Kdc {
        Kdc { edit: Box::new(edit), ..Kdc::new() }
    }

    pub(super) fn key(&self, enctype: Enctype) -> Key {
        if let Some(key) = self.known.borrow().as_ref().filter(|key| key.enctype() == enctype) {
            return key.clone();
        }
        let default = format!("{}{}", self.realm, "alice");
        let salt = self.salt.unwrap_or(&default);
        string_to_key(enctype, PASSWORD, salt.as_bytes(), self.iterations).unwrap()
    }

    fn method_data(&self, armored: bool) -> Vec<(i32, Vec<u8>)> {
        let params = self.iterations.map(u32::to_be_bytes);
        let info = |enctype: &Enctype| EtypeInfo {
            etype: enctype.number(),
            salt: self.salt.map(str::as_bytes),
            s2kparams: params.as_ref().map(<[u8; 4]>::as_slice),
        };
        let infos: Vec<EtypeInfo<'_>> = self.enctypes.iter().map(info).collect();
        let mechanism = if armored { pa_type::ENCRYPTED_CHALLENGE } else { pa_type::ENC_TIMESTAMP };
        let mut list = vec![
            (pa_type::ETYPE_INFO2, EtypeInfo::encode_list2(&infos)),
            (mechanism, Vec::new()),
            (pa_type::FX_FAST, Vec::new()),
        ];
        list.extend(self.cookie.map(|cookie| (pa_type::FX_COOKIE, cookie.to_vec())));
        list
    }

    fn error(&self, code: i32, data: &[u8]) -> Vec<u8> {
        krb_error(code, self.clock, data)
    }

    /// The reply to an AS-REQ.
    pub(super) fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        self.requests += 1;
        let mut instead = None;
        (self.instead)(&mut instead);
        if let Some(instead) = instead {
            return instead;
        }
        let outer = KdcReq::decode(request).unwrap();
        assert_eq!(outer.exchange, KdcExchange::As);
        let Some(armor) = &self.armor else {
            return self.plain(request, outer.padata, outer.req_body, None);
        };
        let armored = FastArmoredReq::decode(outer.padata.find(pa_type::FX_FAST).unwrap()).unwrap();
        let ap_req = ApReq::decode(armored.armor.unwrap()).unwrap();
        let mut authenticator = ap_req.authenticator.cipher.to_vec();
        let authenticator =
            armor.decrypt(key_usage::AP_REQ_AUTHENTICATOR, &mut authenticator).unwrap();
        let subkey = Authenticator::decode(authenticator).unwrap().subkey.unwrap().key().unwrap();
        let key = subkey.combine("subkeyarmor", armor, "ticketarmor");
        let Checksum { cksumtype, checksum } = armored.req_checksum;
        let usage = key_usage::FAST_REQ_CHECKSUM;
        key.verify_checksum(usage, &[outer.req_body], cksumtype, checksum).unwrap();
        let mut inner = armored.enc_fast_req.cipher.to_vec();
        let inner = FastReq::decode(key.decrypt(key_usage::FAST_ENC, &mut inner).unwrap()).unwrap();
        self.plain(request, inner.padata, inner.req_body, Some(&key))
    }

    fn plain(
        &self,
        request: &[u8],
        padata: PaDataList<'_>,
        body: &[u8],
        armor: Option<&Key>,
    ) -> Vec<u8> {
        let body = KdcReqBody::decode(body).unwrap();
        assert!(padata.find(pa_type::REQ_ENC_PA_REP).is_some(), "RFC 6806 11");
        assert_eq!(body.realm, self.realm.as_bytes());
        let wanted = body.etypes().find_map(|n| self.enctypes.iter().find(|e| e.number() == n));
        let refuse = |code: i32, list: &[(i32, Vec<u8>)]| match armor {
            None => self.error(code, &encode(list)),
            Some(key) => {
                let mut list = list.to_vec();
                list.push((pa_type::FX_ERROR, self.error(code, &[])));
                let encoded = encode(&list);
                let response = FastResponse {
                    padata: PaDataList::decode(&encoded).unwrap(),
                    strengthen_key: None,
                    finished: None,
                    nonce: body.nonce,
                };
                let armored = armored(key, &response);
                // The outer code is not the one that counts.
                self.error(error_code::GENERIC, &encode(&[(pa_type::FX_FAST, armored)]))
            }
        };
        let Some(&enctype) = wanted else {
            return refuse(error_code::ETYPE_NOSUPP, &[]);
        };
        if body.till <= self.clock {
            return refuse(error_code::NEVER_VALID, &[]);
        }
        let mechanism =
            if armor.is_some() { pa_type::ENCRYPTED_CHALLENGE } else { pa_type::ENC_TIMESTAMP };
        let proof = padata.find(mechanism);
        if proof.is_none() && self.preauth {
            return refuse(error_code::PREAUTH_REQUIRED, &self.method_data(armor.is_some()));
        }
        let mut reply_enctype = enctype;
        if let Some(proof) = proof {
            assert_eq!(padata.find(pa_type::FX_COOKIE), self.cookie, "the cookie comes back");
            let proof = EncryptedData::decode(proof).unwrap();
            reply_enctype = proof.enctype().unwrap();
            let long_term = self.key(reply_enctype);
            let (key, usage) = match armor {
                Some(armor) => (
                    armor.combine("clientchallengearmor", &long_term, "challengelongterm"),
                    key_usage::ENC_CHALLENGE_CLIENT,
                ),
                None => (long_term, key_usage::PA_ENC_TIMESTAMP),
            };
            let mut data = proof.cipher.to_vec();
            let Ok(time) = key.decrypt(usage, &mut data) else {
                return refuse(error_code::PREAUTH_FAILED, &self.method_data(armor.is_some()));
            };
            let time = PaEncTimestamp::decode(time).unwrap();
            assert!(time.pausec.is_some());
            if time.patimestamp.abs_diff(self.clock) > 300 {
                return refuse(error_code::SKEW, &[]);
            }
        }
        let mut reply = self.reply(request, &body, reply_enctype, proof.is_some());
        (self.edit)(&mut reply);
        encode_reply(&reply, armor)
    }

    fn reply(
        &self,
        request: &[u8],
        body: &KdcReqBody<'_>,
        enctype: Enctype,
        proven: bool,
    ) -> Reply {
        let sname = Principal::from_name(&body.sname.unwrap(), body.realm);
        let server = sname.encode();
        let ticket = Ticket {
            realm: Unprotected::new(self.realm.as_bytes()),
            sname: Unprotected::new(server.name()),
            enc_part: EncryptedData { etype: 18, kvno: Some(2), cipher: &[7; 100] },
        }
        .encode();
        let info = self.method_data(false).into_iter().take(1);
        let key = self.key(enctype);
        Reply {
            client: self.client.clone(),
            server: sname,
            padata: if proven { Vec::new() } else { info.collect() },
            usage: key_usage::AS_REP,
            session: random_key(self.session_enctype, &RANDOM).unwrap(),
            nonce: body.nonce,
            flags: TicketFlags::INITIAL | TicketFlags::ENC_PA_REP | TicketFlags::RENEWABLE,
            authtime: self.clock,
            starttime: Some(self.clock),
            endtime: body.till,
            renew_till: body.rtime,
            enc_pa_rep: Some(Checked(request.to_vec())),
            fast: Fast {
                client: self.client.clone(),
                nonce: body.nonce,
                strengthen: Some(random_key(enctype, &RANDOM).unwrap()),
                ticket: ticket.clone(),
                finished: true,
                challenge: Some(key.clone()),
                armored: true,
            },
            key,
            ticket,
        }
    }
}

pub(super) fn encode(list: &[(i32, Vec<u8>)]) -> Vec<u8> {
    let elements: Vec<PaData<'_>> = list
        .iter()
        .map(|(padata_type, value)| PaData { padata_type: *padata_type, padata_value: value })
        .collect();
    PaDataList::encode(&elements)
}

/// A KRB-ERROR.
pub(super) fn krb_error(code: i32, stime: i64, e_data: &[u8]) -> Vec<u8> {
    KrbError {
        ctime: None,
        cusec: None,
        stime,
        susec: 0,
        error_code: code,
        crealm: None,
        cname: None,
        realm: b"R.TEST",
        sname: PrincipalName::EMPTY,
        e_text: None,
        e_data: (!e_data.is_empty()).then_some(e_data),
    }
    .encode()
}

fn armored(key: &Key, response: &FastResponse<'_>) -> Vec<u8> {
    let cipher = key.encrypt(key_usage::FAST_REP, &response.encode(), &RANDOM).unwrap();
    let enc_fast_rep = EncryptedData { etype: key.enctype().number(), kvno: None, cipher: &cipher };
    FastArmoredRep { enc_fast_rep }.encode()
}

fn encode_reply(reply: &Reply, armor: Option<&Key>) -> Vec<u8> {
    let armor = armor.filter(|_| reply.fast.armored);
    let key = match (armor, &reply.fast.strengthen) {
        (Some(_), Some(strengthen)) => strengthen.combine("strengthenkey", &reply.key, "replykey"),
        _ => reply.key.clone(),
    };
    let enc_pa_rep = reply.enc_pa_rep.as_ref().map(|Checked(request)| {
        let checksum = key.checksum(key_usage::AS_REQ, &[request]).unwrap();
        let value =
            Checksum { cksumtype: checksum.checksum_type(), checksum: checksum.bytes() }.encode();
        vec![(pa_type::REQ_ENC_PA_REP, value), (pa_type::FX_FAST, Vec::new())]
    });
    let encrypted_pa_data = encode(&enc_pa_rep.unwrap_or_default());
    let server = reply.server.encode();
    let times = (reply.authtime, reply.endtime);
    let named = (server.name(), &*reply.server.realm);
    let session = EncryptionKey::of(&reply.session);
    let mut part = EncKdcRepPart::new(session, reply.nonce, times, named);
    part.flags = reply.flags;
    part.starttime = reply.starttime;
    part.renew_till = reply.renew_till;
    part.encrypted_pa_data = PaDataList::decode(&encrypted_pa_data).unwrap();
    let cipher = key.encrypt(reply.usage, &part.encode(KdcExchange::As), &RANDOM).unwrap();
    let mut padata = reply.padata.clone();
    if let Some(armor) = armor {
        if let Some(long_term) = &reply.fast.challenge {
            let key = armor.combine("kdcchallengearmor", long_term, "challengelongterm");
            let time = PaEncTimestamp { patimestamp: reply.authtime, pausec: Some(0) }.encode();
            let cipher = key.encrypt(key_usage::ENC_CHALLENGE_KDC, &time, &RANDOM).unwrap();
            let data = EncryptedData { etype: key.enctype().number(), kvno: None, cipher: &cipher };
            padata.push((pa_type::ENCRYPTED_CHALLENGE, data.encode()));
        }
        let client = reply.fast.client.encode();
        let checksum = armor.checksum(key_usage::FAST_FINISHED, &[&reply.fast.ticket]).unwrap();
        let inner = encode(&padata);
        let response = FastResponse {
            padata: PaDataList::decode(&inner).unwrap(),
            strengthen_key: reply.fast.strengthen.as_ref().map(EncryptionKey::of),
            finished: reply.fast.finished.then_some(FastFinished {
                timestamp: reply.authtime,
                usec: 250_000,
                crealm: &reply.fast.client.realm,
                cname: client.name(),
                ticket_checksum: Checksum {
                    cksumtype: checksum.checksum_type(),
                    checksum: checksum.bytes(),
                },
            }),
            nonce: reply.fast.nonce,
        };
        padata = vec![(pa_type::FX_FAST, armored(armor, &response))];
    }
    let outer = encode(&padata);
    let client = reply.client.encode();
    KdcRep {
        padata: PaDataList::decode(&outer).unwrap(),
        crealm: &reply.client.realm,
        cname: client.name(),
        ticket: &reply.ticket,
        enc_part: EncryptedData { etype: key.enctype().number(), kvno: Some(1), cipher: &cipher },
    }
    .encode(KdcExchange::As)
}

/// Parameters of the realm's client.
pub(super) fn parameters() -> AsParameters {
    AsParameters {
        client: Principal::new(name_type::PRINCIPAL, &["alice"], "R.TEST"),
        secret: ClientSecret::Password(PASSWORD.to_owned().into()),
        service: AsService::TicketGranting,
        armor: None,
        clock_offset: 0,
        options: ClientOptions { canonicalize: false, ..ClientOptions::default() },
        random: &RANDOM,
    }
}

/// Another principal's credentials, and parameters that use them as armor.
pub(super) fn armored_parameters() -> (AsParameters, Key) {
    let key = random_key(Enctype::Aes256Sha1, &RANDOM).unwrap();
    let server = Principal::krbtgt("R.TEST", "R.TEST");
    let sname = server.encode();
    let enc_part = EncryptedData { etype: 18, kvno: None, cipher: &[1; 80] };
    let armor = Credentials {
        client: Principal::new(name_type::PRINCIPAL, &["host$"], "R.TEST"),
        server: server.clone(),
        key: key.clone(),
        authtime: NOW,
        starttime: NOW,
        endtime: NOW + 36_000,
        renew_till: None,
        flags: TicketFlags::INITIAL,
        is_skey: false,
        addresses: Vec::new(),
        ticket: Ticket {
            realm: Unprotected::new(b"R.TEST"),
            sname: Unprotected::new(sname.name()),
            enc_part,
        }
        .encode(),
        second_ticket: Vec::new(),
    };
    (AsParameters { armor: Some(armor), ..parameters() }, key)
}

/// Runs an exchange with this KDC, whose answers pass `between`.
pub(super) fn run_through(
    parameters: AsParameters,
    kdc: &mut Kdc,
    mut between: impl FnMut(&mut Vec<u8>),
) -> Result<Issued> {
    let mut exchange = AsExchange::new(parameters)?;
    let mut next = exchange.step(None, at(NOW))?;
    loop {
        match next {
            Next::Done(issued) => return Ok(issued),
            Next::Ask { request, .. } => {
                let mut reply = kdc.answer(&request);
                between(&mut reply);
                next = exchange.step(Some(&reply), at(NOW))?;
            }
        }
    }
}

pub(super) fn run(parameters: AsParameters, kdc: &mut Kdc) -> Result<Issued> {
    run_through(parameters, kdc, |_| ())
}
