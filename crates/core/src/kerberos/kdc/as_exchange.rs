//! The authentication service, RFC 4120 3.1.

use super::reply::{NewTicket, Refusal, check_options, choose_enctype, end};
use super::{Answer, Asked, Candidate, ENCTYPES, Kdc, KdcCall, Outcome, Standing};
use crate::kerberos::crypto::{Enctype, key_usage, random_key};
use crate::kerberos::message::{
    EncryptedData, EtypeInfo, KdcExchange, KdcOptions, KdcReq, KdcReqBody, PaData, PaDataList,
    PaEncTimestamp, PrincipalName, TicketFlags, error_code, name_type, pa_type, text_of,
};
use crate::types::error::Error;
use zeroize::Zeroizing;

/// `addr-type` of a NetBIOS name, RFC 4120 7.5.3.
const NETBIOS: i32 = 20;

impl Kdc {
    pub(super) fn answer_as(
        &self,
        request: &[u8],
        outer: &KdcReq<'_>,
        body: &KdcReqBody<'_>,
        realm: &str,
        call: &KdcCall<'_>,
    ) -> Result<Answer, Refusal> {
        check_options(body.kdc_options)?;
        let cname = body.cname.ok_or(Refusal::of(error_code::C_PRINCIPAL_UNKNOWN))?;
        let sname = body.sname.filter(|sname| self.names.is_krbtgt(sname));
        let sname = sname.ok_or(Refusal::of(error_code::S_PRINCIPAL_UNKNOWN))?;
        let session_enctype = choose_enctype(body)?;
        let now = call.now.unix_seconds();
        let lifetime = i64::try_from(self.ticket_lifetime.as_secs()).unwrap_or(i64::MAX);
        let endtime = end(body.till, now.saturating_add(lifetime), now)?;

        let user = self.names.user(&cname);
        let workstation = workstation(body);
        let asked = Asked {
            // No account has an empty name.
            user: user.unwrap_or_default(),
            address: call.address,
            workstation: &workstation,
            now: call.now,
        };
        let candidate = self.accounts.candidate(&asked)?;
        let Some(proof) = outer.padata.find(pa_type::ENC_TIMESTAMP) else {
            return Err(Refusal::Answered {
                code: error_code::PREAUTH_REQUIRED,
                e_data: methods(&candidate, body),
                outcome: Outcome::PreauthRequired,
            });
        };
        let enctype = self.check_password(proof, &asked, &candidate, body)?;
        let session_key = random_key(session_enctype, self.random)?;
        // The spelling of the account, or the client's own, which it compares.
        let components = PrincipalName::encode_components(&[&candidate.user]);
        let client = match body.kdc_options.contains(KdcOptions::CANONICALIZE) {
            true => PrincipalName::new(name_type::PRINCIPAL, &components)?,
            false => cname,
        };
        let wants_checksum = outer.padata.find(pa_type::REQ_ENC_PA_REP).is_some();
        let mut flags = TicketFlags::INITIAL | TicketFlags::PRE_AUTHENT;
        flags.set(TicketFlags::ENC_PA_REP, wants_checksum);
        let ticket = NewTicket {
            exchange: KdcExchange::As,
            session_key: &session_key,
            client: (client, realm),
            server: (sname, realm),
            flags,
            authtime: now,
            endtime,
            tie: candidate.tie,
            authorization_data: None,
            nonce: body.nonce,
        };
        let krbtgt = self.keys.krbtgt().first();
        let krbtgt = krbtgt.ok_or(Error::Internal("a realm without a key of krbtgt"))?;
        let encoded = ticket.encode(&krbtgt.key, now, self)?;
        let info = etype_info(&candidate, &[enctype]);
        let padata = [PaData { padata_type: pa_type::ETYPE_INFO2, padata_value: &info }];
        let key = candidate.key(enctype).ok_or(Refusal::of(error_code::ETYPE_NOSUPP))?;
        let as_req = wants_checksum.then_some(request);
        let message =
            ticket.reply(&encoded, (key, key_usage::AS_REP), &padata, as_req, (now, self))?;
        Ok(Answer { message, outcome: Outcome::LoggedOn })
    }

    /// Checks PA-ENC-TIMESTAMP (RFC 4120 5.2.7.2); returns the encryption type of the key that made
    /// it. The work is the same whether the account exists or not.
    fn check_password(
        &self,
        proof: &[u8],
        asked: &Asked<'_>,
        candidate: &Candidate,
        body: &KdcReqBody<'_>,
    ) -> Result<Enctype, Refusal> {
        let proof = EncryptedData::decode(proof)?;
        let wrong = || Refusal::Answered {
            code: error_code::PREAUTH_FAILED,
            e_data: methods(candidate, body),
            outcome: Outcome::Rejected(error_code::PREAUTH_FAILED),
        };
        let enctype = proof.enctype().filter(|enctype| ENCTYPES.contains(enctype));
        let key = enctype.and_then(|enctype| candidate.key(enctype)).ok_or_else(wrong)?;
        let mut data = Zeroizing::new(proof.cipher.to_vec());
        let time = key.decrypt(key_usage::PA_ENC_TIMESTAMP, &mut data);
        let time = time.and_then(PaEncTimestamp::decode).ok();
        let right = time.filter(|_| candidate.standing != Standing::Rejected);
        self.accounts.checked(asked, candidate, right.is_some());
        let time = right.ok_or_else(wrong)?;
        if candidate.standing == Standing::Disabled {
            return Err(Refusal::Answered {
                code: error_code::CLIENT_REVOKED,
                e_data: Vec::new(),
                outcome: Outcome::Rejected(error_code::CLIENT_REVOKED),
            });
        }
        let skew = time.patimestamp.abs_diff(asked.now.unix_seconds());
        match skew <= self.policy.max_clock_skew.as_secs() {
            true => Ok(key.enctype()),
            false => Err(Refusal::of(error_code::SKEW)),
        }
    }
}

/// The client's NetBIOS name, from `addresses` (RFC 4120 7.5.3: padded with spaces); empty if it
/// gives none.
fn workstation(body: &KdcReqBody<'_>) -> String {
    let addresses = body.addresses.iter().flat_map(|list| list.iter());
    let name = addresses.into_iter().find(|address| address.addr_type == NETBIOS);
    let name = name.and_then(|name| text_of(name.address).ok()).unwrap_or_default();
    let name = name.trim_end_matches([' ', '\0']);
    match name.len() <= 15 && name.chars().all(|c| !c.is_control()) {
        true => name.to_owned(),
        false => String::new(),
    }
}

/// METHOD-DATA: how the password is to be proven, for the encryption types that the client names.
fn methods(candidate: &Candidate, body: &KdcReqBody<'_>) -> Vec<u8> {
    let named: Vec<Enctype> = ENCTYPES
        .into_iter()
        .filter(|enctype| body.etypes().any(|number| number == enctype.number()))
        .collect();
    let info = etype_info(candidate, &named);
    PaDataList::encode(&[
        PaData { padata_type: pa_type::ETYPE_INFO2, padata_value: &info },
        PaData { padata_type: pa_type::ENC_TIMESTAMP, padata_value: &[] },
    ])
}

fn etype_info(candidate: &Candidate, enctypes: &[Enctype]) -> Vec<u8> {
    let entries: Vec<EtypeInfo<'_>> = enctypes
        .iter()
        .map(|enctype| EtypeInfo {
            etype: enctype.number(),
            salt: Some(candidate.salt.as_bytes()),
            s2kparams: None,
        })
        .collect();
    EtypeInfo::encode_list2(&entries)
}
