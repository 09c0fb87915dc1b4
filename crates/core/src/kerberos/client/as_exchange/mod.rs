//! The AS exchange, RFC 4120 3.1: credentials for a password or a client's key.
//!
//! The first request has no pre-authentication data: the KDC's refusal says what it wants. Beneath
//! an armor (RFC 6113) nothing is believed that came without it, except that a request failed.

mod method_data;
mod refusal;
mod reply;

use super::ap_req::random_number;
use super::armor::{Armor, encrypted_timestamp};
use super::clock;
use super::secret::{Budget, ClientSecret, KeyRecipe};
use super::{ClientOptions, Credentials, Exchange, KdcService, Next};
use crate::encoding::der;
use crate::kerberos::crypto::{Enctype, Key, key_usage};
use crate::kerberos::message::{
    KdcExchange, KdcOptions, KdcReq, KrbError, NewKdcReqBody, PaData, name_type, pa_type,
};
use crate::kerberos::principal::Principal;
use crate::primitives::random::SecureRandom;
use crate::types::error::{Error, Result};
use crate::types::ntstatus::NtStatus;
use crate::types::time::FileTime;
use std::time::Duration;

/// The most requests of one exchange, all realms and refusals together; MIT's limit.
const MAX_REQUESTS: u32 = 16;

/// The most realms that an exchange is referred to.
const MAX_REFERRALS: usize = 10;

/// How long a ticket for the password service is asked for, as MIT does.
const PASSWORD_LIFETIME: Duration = Duration::from_secs(300);

/// The service that a ticket is wanted for, in the client's realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsService {
    /// `krbtgt/REALM`: a ticket-granting ticket.
    TicketGranting,
    /// `kadmin/changepw`: a ticket for [`super::ChangePassword`].
    ChangePassword,
}

/// What an AS exchange is for.
#[derive(Debug, Clone)]
pub struct AsParameters {
    /// The client. The realm is the one to begin with; a name of type ENTERPRISE may lead to
    /// another.
    pub client: Principal,
    /// Its secret.
    pub secret: ClientSecret,
    /// The service.
    pub service: AsService,
    /// The ticket-granting ticket of another principal in the same realm, for FAST. With it, all
    /// is armored.
    pub armor: Option<Credentials>,
    /// How far the KDC's clock is known to be ahead of ours, in microseconds; else 0.
    pub clock_offset: i64,
    /// What is asked for and accepted.
    pub options: ClientOptions,
    /// The source of random bytes.
    pub random: &'static dyn SecureRandom,
}

/// The outcome of an AS exchange.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The credentials. Their client is the one asked for unless names may change
    /// ([`ClientOptions::canonicalize`], or a name of type ENTERPRISE). Then its realm is
    /// authentic, and the name if the exchange was armored. Otherwise nothing protects the name on
    /// its way; with another one than the ticket's, the ticket is of no use (RFC 4120 3.2.3).
    pub credentials: Credentials,
    /// How far the KDC's clock is ahead of ours, in microseconds.
    pub clock_offset: i64,
    /// When the client's key expires, in seconds since 1970.
    pub key_expiration: Option<i64>,
    /// Whether the KDC is known to support FAST (RFC 6806 11).
    pub fast_available: bool,
}

/// A request that awaits its answer.
#[derive(Debug)]
struct Sent {
    request: Vec<u8>,
    nonce: u32,
    till: i64,
    rtime: Option<i64>,
    /// Whether it had pre-authentication data.
    preauthenticated: bool,
}

/// The AS exchange. See the module's documentation.
#[derive(Debug)]
pub struct AsExchange {
    parameters: AsParameters,
    /// The encryption types that are asked for, in order.
    enctypes: Vec<Enctype>,
    /// The realms asked, the current one last.
    realms: Vec<String>,
    armor: Option<Armor>,
    budget: Budget,
    /// The client's key in use, with how it was made.
    key: Option<(KeyRecipe, Key)>,
    /// Whether the KDC has asked for pre-authentication: the next request has it.
    preauthenticate: bool,
    /// PA-FX-COOKIE, for the next request.
    cookie: Option<Vec<u8>>,
    requests: u32,
    offset: i64,
    sent: Option<Sent>,
    once: Once,
    fast_offered: bool,
    status: Option<NtStatus>,
}

/// What is tried again only once.
#[derive(Debug, Default)]
struct Once {
    skew: bool,
    failed: bool,
    expired: bool,
}

impl AsExchange {
    /// An exchange, not begun.
    ///
    /// Errors: `InvalidParameter` for a realm that is not UTF-8 or empty; `NoCredentials` if there
    /// is no key of an encryption type that the options permit.
    pub fn new(parameters: AsParameters) -> Result<AsExchange> {
        let realm = String::from_utf8(parameters.client.realm.clone())
            .ok()
            .filter(|realm| !realm.is_empty())
            .ok_or(Error::InvalidParameter("a client without a realm"))?;
        // As MIT does: types without a key last, since they may be the session key's.
        let mut enctypes = parameters.options.enctypes.clone();
        enctypes.sort_by_key(|&enctype| !parameters.secret.has(enctype));
        if !enctypes.first().is_some_and(|&enctype| parameters.secret.has(enctype)) {
            return Err(Error::NoCredentials("no key of a permitted encryption type"));
        }
        Ok(AsExchange {
            enctypes,
            realms: vec![realm],
            armor: None,
            budget: Budget::default(),
            key: None,
            preauthenticate: false,
            cookie: None,
            requests: 0,
            offset: parameters.clock_offset,
            sent: None,
            once: Once::default(),
            fast_offered: false,
            status: None,
            parameters,
        })
    }

    /// Whether the KDC said that it supports FAST. A KDC that demands it refuses with
    /// KDC_ERR_PREAUTH_REQUIRED without an armor. Not protected.
    pub fn fast_offered(&self) -> bool {
        self.fast_offered
    }

    /// The NTSTATUS with which a domain controller explained its last refusal, such as a disabled
    /// account or an expired password ([MS-KILE] 2.2.1). Protected only by an armor.
    pub fn nt_status(&self) -> Option<NtStatus> {
        self.status
    }

    fn realm(&self) -> &str {
        self.realms.last().map_or("", String::as_str)
    }

    /// The client, in the realm that is asked.
    fn client(&self) -> Principal {
        let asked = &self.parameters.client;
        Principal {
            name_type: asked.name_type,
            realm: self.realm().as_bytes().to_vec(),
            components: asked.components.clone(),
        }
    }

    /// The service, in the realm that is asked.
    fn server(&self) -> Principal {
        match self.parameters.service {
            AsService::TicketGranting => Principal::krbtgt(self.realm(), self.realm()),
            AsService::ChangePassword => {
                Principal::new(name_type::SRV_INST, &["kadmin", "changepw"], self.realm())
            }
        }
    }

    /// Whether the KDC may change names, and refer to other realms.
    fn canonicalizes(&self) -> bool {
        self.parameters.options.canonicalize
            || self.parameters.client.name_type == name_type::ENTERPRISE
    }

    fn kdc_options(&self) -> KdcOptions {
        let options = &self.parameters.options;
        let is_tgt = self.parameters.service == AsService::TicketGranting;
        let mut flags = KdcOptions::empty();
        flags.set(KdcOptions::FORWARDABLE, options.forwardable && is_tgt);
        flags.set(KdcOptions::PROXIABLE, options.proxiable && is_tgt);
        flags.set(KdcOptions::RENEWABLE, options.renew_lifetime.is_some() && is_tgt);
        flags.set(KdcOptions::CANONICALIZE, self.canonicalizes());
        flags
    }

    /// The next request.
    fn ask(&mut self, now: FileTime) -> Result<Next<Issued>> {
        self.requests += 1;
        if self.requests > MAX_REQUESTS {
            return Err(Error::InvalidToken("AS exchange: the KDC asks for ever more"));
        }
        let random = self.parameters.random;
        let time = clock::shifted(now, self.offset);
        if let (None, Some(credentials)) = (&self.armor, &self.parameters.armor) {
            self.armor = Some(Armor::new(credentials, time, random)?);
        }
        let options = &self.parameters.options;
        let kdc_options = self.kdc_options();
        let lifetime = match self.parameters.service {
            AsService::TicketGranting => options.lifetime,
            AsService::ChangePassword => options.lifetime.min(PASSWORD_LIFETIME),
        };
        let nonce = random_number(random)?;
        let till = time.plus(lifetime).unix_seconds();
        let rtime = options
            .renew_lifetime
            .filter(|_| kdc_options.contains(KdcOptions::RENEWABLE))
            .map(|renewable| time.plus(renewable).unix_seconds());
        let (cname, sname) = (self.client().encode(), self.server().encode());
        let etypes: Vec<i32> = self.enctypes.iter().map(|enctype| enctype.number()).collect();
        let body = NewKdcReqBody {
            kdc_options,
            cname: Some(cname.name()),
            realm: self.realm().as_bytes(),
            sname: Some(sname.name()),
            till,
            rtime,
            nonce,
            etypes: &etypes,
            enc_authorization_data: None,
            additional_tickets: &[],
        }
        .encode();
        let proof = self.proof(time)?;
        let include_pac = options.request_pac.map(pac_request);
        let element = |padata_type, padata_value| PaData { padata_type, padata_value };
        let mut padata = Vec::with_capacity(4);
        if let Some((padata_type, value)) = &proof {
            padata.push(element(*padata_type, value));
        }
        if let Some(cookie) = &self.cookie {
            padata.push(element(pa_type::FX_COOKIE, cookie));
        }
        if let Some(include_pac) = &include_pac {
            padata.push(element(pa_type::PAC_REQUEST, include_pac));
        }
        padata.push(element(pa_type::REQ_ENC_PA_REP, &[]));
        let request = match &self.armor {
            Some(armor) => armor.as_req(&padata, &body, random)?,
            None => KdcReq::encode(KdcExchange::As, &padata, &body),
        };
        let preauthenticated = proof.is_some();
        self.sent = Some(Sent { request: request.clone(), nonce, till, rtime, preauthenticated });
        Ok(Next::Ask { service: KdcService::Kdc, realm: self.realm().to_owned(), request })
    }

    /// The element that shows that we have the client's key, if the KDC has asked for it: an
    /// encrypted challenge beneath an armor, else an encrypted timestamp.
    fn proof(&self, time: FileTime) -> Result<Option<(i32, Vec<u8>)>> {
        let Some((_, key)) = self.key.as_ref().filter(|_| self.preauthenticate) else {
            return Ok(None);
        };
        let random = self.parameters.random;
        Ok(Some(match &self.armor {
            Some(armor) => (pa_type::ENCRYPTED_CHALLENGE, armor.challenge(key, time, random)?),
            None => {
                let usage = key_usage::PA_ENC_TIMESTAMP;
                (pa_type::ENC_TIMESTAMP, encrypted_timestamp(key, usage, time, random)?)
            }
        }))
    }
}

impl Exchange for AsExchange {
    type Output = Issued;

    /// Besides what the trait says: the KDC is also taken to refuse, with
    /// KDC_ERR_PREAUTH_FAILED, if it asked for no pre-authentication and its reply cannot be
    /// decrypted, which is what a wrong password leads to; and with KDC_ERR_ETYPE_NOSUPP if it has
    /// only keys of other encryption types.
    fn step(&mut self, reply: Option<&[u8]>, now: FileTime) -> Result<Next<Issued>> {
        match (reply, self.sent.take()) {
            (None, None) if self.requests == 0 => self.ask(now),
            (Some(reply), Some(sent)) => {
                if reply.first() == Some(&der::application(KrbError::APPLICATION)) {
                    self.refused(&sent, reply, now)
                } else {
                    self.issued(&sent, reply, now).map(Next::Done)
                }
            }
            _ => Err(Error::InvalidParameter("an AS exchange that awaits no reply")),
        }
    }
}

/// KERB-PA-PAC-REQUEST, [MS-KILE] 2.2.3.
fn pac_request(include_pac: bool) -> Vec<u8> {
    vec![0x30, 0x05, 0xa0, 0x03, 0x01, 0x01, if include_pac { 0xff } else { 0 }]
}
