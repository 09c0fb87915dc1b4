//! What a KDC sends: tickets with their keys, and errors.

use super::keys::ENCTYPE;
use super::{Answer, Kdc, Outcome, Tie};
use crate::kerberos::crypto::{Enctype, Key, key_usage};
use crate::kerberos::message::{
    AuthorizationData, EncKdcRepPart, EncTicketPart, EncryptedData, EncryptionKey, KdcExchange,
    KdcOptions, KdcRep, KdcReqBody, KrbError, PaData, PaDataList, PrincipalName, Ticket,
    TicketFlags, TransitedEncoding, Unprotected, authorization_data::ad_type, error_code, pa_type,
};
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;

/// The type of the element that has a ticket's [`Tie`]. Negative types are for local use (RFC 4120
/// 5.2.6).
const TIE: i32 = -1503;

/// A refused request.
#[derive(Debug)]
pub(super) enum Refusal {
    /// With this error code and `e-data`.
    Answered { code: i32, e_data: Vec<u8>, outcome: Outcome },
    /// Without an answer.
    Failed(Error),
}

impl Refusal {
    /// A request that cannot be granted.
    pub(super) fn of(code: i32) -> Refusal {
        Refusal::Answered { code, e_data: Vec::new(), outcome: Outcome::Refused(code) }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::Failed(error)
    }
}

/// The KRB-ERROR of a refusal.
pub(super) fn refuse(
    refusal: Refusal,
    kdc: &Kdc,
    body: &KdcReqBody<'_>,
    now: FileTime,
) -> Result<Answer> {
    let (code, e_data, outcome) = match refusal {
        Refusal::Answered { code, e_data, outcome } => (code, e_data, outcome),
        Refusal::Failed(error) => return Err(error),
    };
    let realm = kdc.names.name().as_bytes();
    let asked = kdc.names.realm(body.realm).map_or(realm, str::as_bytes);
    let named = (asked, body.sname.unwrap_or(PrincipalName::EMPTY));
    let message = KrbError {
        // RFC 6806 7: the client's right realm.
        crealm: (code == error_code::WRONG_REALM).then_some(realm),
        e_data: (!e_data.is_empty()).then_some(&*e_data),
        ..KrbError::new(code, now, named)
    };
    Ok(Answer { message: message.encode(), outcome })
}

/// Refuses what these tickets are not for.
pub(super) fn check_options(options: KdcOptions) -> Result<(), Refusal> {
    const REFUSED: KdcOptions = KdcOptions::FORWARDED
        .union(KdcOptions::PROXY)
        .union(KdcOptions::POSTDATED)
        .union(KdcOptions::CNAME_IN_ADDL_TKT)
        .union(KdcOptions::REQUEST_ANONYMOUS)
        .union(KdcOptions::ENC_TKT_IN_SKEY)
        .union(KdcOptions::RENEW)
        .union(KdcOptions::VALIDATE);
    match options.intersects(REFUSED) {
        true => Err(Refusal::of(error_code::BADOPTION)),
        false => Ok(()),
    }
}

/// The first encryption type of the client that is also the realm's.
pub(super) fn choose_enctype(body: &KdcReqBody<'_>) -> Result<Enctype, Refusal> {
    body.etypes()
        .find_map(|number| super::ENCTYPES.into_iter().find(|ours| ours.number() == number))
        .ok_or(Refusal::of(error_code::ETYPE_NOSUPP))
}

/// When a ticket ends that is asked for until `till` and may last until `latest`, in seconds since
/// 1970; 0 asks for as long as possible.
pub(super) fn end(till: i64, latest: i64, now: i64) -> Result<i64, Refusal> {
    let end = if till == 0 { latest } else { till.min(latest) };
    match end > now {
        true => Ok(end),
        false => Err(Refusal::of(error_code::NEVER_VALID)),
    }
}

/// The data of a ticket that is issued.
pub(super) struct NewTicket<'a> {
    pub exchange: KdcExchange,
    pub session_key: &'a Key,
    /// The client and its realm.
    pub client: (PrincipalName<'a>, &'a str),
    /// The service and its realm.
    pub server: (PrincipalName<'a>, &'a str),
    pub flags: TicketFlags,
    pub authtime: i64,
    pub endtime: i64,
    pub tie: Tie,
    /// What the client wants in the ticket.
    pub authorization_data: Option<&'a [u8]>,
    /// `nonce` of the request.
    pub nonce: u32,
}

impl NewTicket<'_> {
    /// The encoded ticket, under the key of its service.
    pub(super) fn encode(&self, service: &Key, now: i64, kdc: &Kdc) -> Result<Vec<u8>> {
        let tie: (i32, &[u8]) = (TIE, &self.tie);
        let list = match self.authorization_data {
            None => AuthorizationData::encode(&[tie]),
            Some(wanted) => AuthorizationData::encode(&[tie, (ad_type::IF_RELEVANT, wanted)]),
        };
        let part = EncTicketPart {
            flags: self.flags,
            key: EncryptionKey::of(self.session_key),
            crealm: self.client.1.as_bytes(),
            cname: self.client.0,
            transited: TransitedEncoding { tr_type: 1, contents: &[] },
            authtime: self.authtime,
            starttime: Some(now),
            endtime: self.endtime,
            renew_till: None,
            caddr: None,
            authorization_data: Some(AuthorizationData::decode(&list)?),
        };
        let cipher = service.encrypt(key_usage::TICKET, &part.encode(), kdc.random)?;
        let ticket = Ticket {
            realm: Unprotected::new(self.server.1.as_bytes()),
            sname: Unprotected::new(self.server.0),
            enc_part: EncryptedData { etype: ENCTYPE.number(), kvno: None, cipher: &cipher },
        };
        Ok(ticket.encode())
    }

    /// AS-REP or TGS-REP with this ticket, for whoever has the key `reply`. `as_req` is the request
    /// if its checksum is to be in the reply.
    pub(super) fn reply(
        &self,
        ticket: &[u8],
        (reply, usage): (&Key, u32),
        padata: &[PaData<'_>],
        as_req: Option<&[u8]>,
        (now, kdc): (i64, &Kdc),
    ) -> Result<Vec<u8>> {
        let enctypes = 0x18u32.to_le_bytes(); // AES128 and AES256 ([MS-KILE] 2.2.7)
        let checksum = as_req
            .map(|as_req| reply.checksum(key_usage::AS_REQ, &[as_req]))
            .transpose()?
            .map(|checksum| {
                crate::kerberos::message::Checksum {
                    cksumtype: checksum.checksum_type(),
                    checksum: checksum.bytes(),
                }
                .encode()
            });
        let mut protected =
            vec![PaData { padata_type: pa_type::SUPPORTED_ENCTYPES, padata_value: &enctypes }];
        protected.extend(checksum.as_deref().map(|checksum| PaData {
            padata_type: pa_type::REQ_ENC_PA_REP,
            padata_value: checksum,
        }));
        let protected = PaDataList::encode(&protected);
        let last_req = EncKdcRepPart::encode_last_req(&[(0, self.authtime)]);
        let mut part = EncKdcRepPart::new(
            EncryptionKey::of(self.session_key),
            self.nonce,
            (self.authtime, self.endtime),
            (self.server.0, self.server.1.as_bytes()),
        )
        .with_last_req(&last_req)?;
        part.flags = self.flags;
        part.starttime = Some(now);
        part.encrypted_pa_data = PaDataList::decode(&protected)?;
        let cipher = reply.encrypt(usage, &part.encode(self.exchange), kdc.random)?;
        let padata = PaDataList::encode(padata);
        let message = KdcRep {
            padata: PaDataList::decode(&padata)?,
            crealm: self.client.1.as_bytes(),
            cname: self.client.0,
            ticket,
            enc_part: EncryptedData {
                etype: reply.enctype().number(),
                kvno: None,
                cipher: &cipher,
            },
        };
        Ok(message.encode(self.exchange))
    }
}

/// The tie of a decrypted ticket.
pub(super) fn tie_of(ticket: &EncTicketPart<'_>) -> Option<Tie> {
    ticket.authorization_data?.find(TIE)?.try_into().ok()
}
