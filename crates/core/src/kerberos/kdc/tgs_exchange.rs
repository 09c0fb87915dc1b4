//! The ticket-granting service, RFC 4120 3.3.

use super::reply::{NewTicket, Refusal, check_options, choose_enctype, end};
use super::{Answer, Kdc, KdcCall, Outcome};
use crate::kerberos::crypto::{key_usage, random_key};
use crate::kerberos::message::{
    ApReq, AuthorizationData, Checksum, KdcExchange, KdcReq, KdcReqBody, TicketFlags, error_code,
    pa_type, text_of,
};
use crate::kerberos::rejection::Rejection;
use crate::kerberos::verify_ap_req::{Decrypted, Rules, VerifiedApReq};
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// rsa-md5 (RFC 3961 6.1.3). Without a key, but inside the encrypted authenticator.
const RSA_MD5: i32 = 7;

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Refusal {
        Refusal::of(rejection.code)
    }
}

impl Kdc {
    pub(super) fn answer_tgs(
        &self,
        outer: &KdcReq<'_>,
        body: &KdcReqBody<'_>,
        realm: &str,
        call: &KdcCall<'_>,
    ) -> Result<Answer, Refusal> {
        let ap_req = outer.padata.find(pa_type::TGS_REQ);
        let ap_req = ap_req.ok_or(Refusal::of(error_code::PADATA_TYPE_NOSUPP))?;
        let request = ApReq::decode(ap_req)?;
        let mut plain = Decrypted::default();
        let verified = self.verify(&request, &mut plain, outer.req_body, call)?;
        let tie = match self.client(&verified.ticket)? {
            Some(present) => present.tie,
            None => return Err(Refusal::of(error_code::TGT_REVOKED)),
        };
        check_options(body.kdc_options)?;
        let asks_for_another = [pa_type::FOR_USER, pa_type::S4U_X509_USER];
        if outer.padata.iter().any(|pa| asks_for_another.contains(&pa.padata_type)) {
            return Err(Refusal::of(error_code::BADOPTION));
        }
        let sname = body.sname.ok_or(Refusal::of(error_code::S_PRINCIPAL_UNKNOWN))?;
        let service = self
            .names
            .service(sname.components())
            .filter(|service| self.names.permitted(service, call.restrictions.iter().copied()))
            .ok_or(Refusal::of(error_code::S_PRINCIPAL_UNKNOWN))?;
        let session_key = random_key(choose_enctype(body)?, self.random)?;
        let now = call.now.unix_seconds();
        let authorization_data = authorization_data(body, &verified)?;
        let ticket = NewTicket {
            exchange: KdcExchange::Tgs,
            session_key: &session_key,
            client: (verified.ticket.cname, text_of(verified.ticket.crealm)?),
            server: (sname, realm),
            flags: TicketFlags::PRE_AUTHENT,
            authtime: verified.ticket.authtime,
            endtime: end(body.till, verified.ticket.endtime, now)?,
            tie,
            authorization_data: authorization_data.as_deref().map(Vec::as_slice),
            nonce: body.nonce,
        };
        let key = self.keys.service(&service).next();
        let key = key.ok_or(Refusal::of(error_code::S_PRINCIPAL_UNKNOWN))??;
        let encoded = ticket.encode(&key, now, self)?;
        let reply_key = match &verified.subkey {
            Some(subkey) => (subkey, key_usage::TGS_REP_SUBKEY),
            None => (&verified.session_key, key_usage::TGS_REP),
        };
        let message = ticket.reply(&encoded, reply_key, &[], None, (now, self))?;
        Ok(Answer { message, outcome: Outcome::ServiceTicket })
    }

    /// Verifies PA-TGS-REQ: a ticket-granting ticket of this realm, an authenticator by its key, and
    /// in that a checksum over the body.
    fn verify<'a>(
        &self,
        request: &ApReq<'_>,
        plain: &'a mut Decrypted,
        req_body: &[u8],
        call: &KdcCall<'_>,
    ) -> Result<VerifiedApReq<'a>, Refusal> {
        plain.decrypt_ticket_of_krbtgt(&request.ticket, self.keys.krbtgt(), &self.policy)?;
        let rules = Rules {
            policy: &self.policy,
            address: None,
            now: call.now,
            usage: key_usage::TGS_REQ_AUTHENTICATOR,
        };
        let verified = plain.verify(request, &rules)?;
        match verified.authenticator.cksum {
            Some(cksum) if covers(&cksum, &verified, req_body) => Ok(verified),
            Some(_) => Err(Refusal::of(error_code::MODIFIED)),
            None => Err(Refusal::of(error_code::INAPP_CKSUM)),
        }
    }
}

/// Whether the authenticator's checksum is over this body.
fn covers(cksum: &Checksum<'_>, verified: &VerifiedApReq<'_>, req_body: &[u8]) -> bool {
    if cksum.cksumtype == RSA_MD5 {
        return bool::from(Md5::digest(req_body).as_slice().ct_eq(cksum.checksum));
    }
    let usage = key_usage::TGS_REQ_CHECKSUM;
    let key = &verified.session_key;
    key.verify_checksum(usage, &[req_body], cksum.cksumtype, cksum.checksum).is_ok()
}

/// The authorization data that the client wants in the ticket, decrypted.
fn authorization_data(
    body: &KdcReqBody<'_>,
    verified: &VerifiedApReq<'_>,
) -> Result<Option<Zeroizing<Vec<u8>>>, Refusal> {
    let Some(encrypted) = body.enc_authorization_data else { return Ok(None) };
    let (key, usage) = match &verified.subkey {
        Some(subkey) => (subkey, key_usage::TGS_REQ_AUTHORIZATION_DATA_SUBKEY),
        None => (&verified.session_key, key_usage::TGS_REQ_AUTHORIZATION_DATA),
    };
    let mut data = Zeroizing::new(encrypted.cipher.to_vec());
    let list = key.decrypt(usage, &mut data);
    let list = list.map_err(|_| Refusal::of(error_code::BAD_INTEGRITY))?;
    AuthorizationData::decode(list)?;
    Ok(Some(Zeroizing::new(list.to_vec())))
}
