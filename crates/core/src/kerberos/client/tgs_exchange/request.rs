//! TGS-REQ, RFC 4120 3.3.2.

use super::{Kind, TgsRequest};
use crate::kerberos::client::ClientOptions;
use crate::kerberos::client::ap_req::{ApReqParts, ap_req, random_number};
use crate::kerberos::crypto::{Key, key_usage, random_key};
use crate::kerberos::message::{
    ApOptions, EncryptedData, KdcExchange, KdcOptions, KdcReq, NewKdcReqBody, PaData, PaForUser,
    PaS4uX509User, PacOptions, S4uOptions, S4uUserId, TicketFlags, pa_type,
};
use crate::primitives::random::SecureRandom;
use crate::types::error::Result;
use crate::types::time::FileTime;

/// What of a request its reply is compared with.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) kdc_options: KdcOptions,
    pub(super) nonce: u32,
    pub(super) till: i64,
    pub(super) rtime: Option<i64>,
    /// Our sub-key, which the reply is encrypted with.
    pub(super) subkey: Key,
    /// The KDC's time, as we know it.
    pub(super) kdc_now: i64,
    /// PA-S4U-X509-USER, if it was sent.
    pub(super) s4u: Option<Vec<u8>>,
}

/// The encoded request, and what its reply is compared with. `kdc_now` is the KDC's time.
pub(super) fn build(
    asked: &TgsRequest,
    options: &ClientOptions,
    kdc_now: FileTime,
    random: &dyn SecureRandom,
) -> Result<(Vec<u8>, Sent)> {
    let tgt = &*asked.tgt;
    let subkey = random_key(tgt.key.enctype(), random)?;
    let (kdc_options, rtime) = flags_and_rtime(asked, options, kdc_now.unix_seconds());
    let mut sent = Sent {
        kdc_options,
        nonce: random_number(random)?,
        till: till(asked),
        rtime,
        subkey,
        kdc_now: kdc_now.unix_seconds(),
        s4u: None,
    };
    let etypes = options.etype_numbers();
    let etype = sent.subkey.enctype().number();
    let authorization_data = asked
        .authorization_data
        .as_ref()
        .map(|list| {
            let usage = key_usage::TGS_REQ_AUTHORIZATION_DATA_SUBKEY;
            sent.subkey.encrypt(usage, list, random)
        })
        .transpose()?;
    let additional = asked.kind.additional_ticket();
    let req_body = NewKdcReqBody {
        kdc_options,
        cname: None,
        realm: &asked.server.realm,
        sname: Some(asked.server.encode().name()),
        till: sent.till,
        rtime,
        nonce: sent.nonce,
        etypes: &etypes,
        enc_authorization_data: authorization_data.as_ref().map(|cipher| EncryptedData {
            etype,
            kvno: None,
            cipher,
        }),
        additional_tickets: additional.as_slice(),
    }
    .encode();
    // PA-TGS-REQ.
    let parts = ApReqParts {
        options: ApOptions::empty(),
        subkey: &sent.subkey,
        seq_number: None,
        time: kdc_now,
        tgs_req_body: Some(&req_body),
    };
    let ap_req = ap_req(tgt, &parts, random)?;
    let mut padata = vec![PaData { padata_type: pa_type::TGS_REQ, padata_value: &ap_req }];
    let (mut for_user, mut pac_options) = (Vec::new(), Vec::new());
    match &asked.kind {
        Kind::S4uSelf { user } => {
            let name = user.encode();
            let user_id = S4uUserId {
                nonce: sent.nonce,
                cname: Some(name.name()),
                crealm: &user.realm,
                subject_certificate: None,
                options: S4uOptions::USE_REPLY_KEY_USAGE,
            };
            sent.s4u = Some(PaS4uX509User::encode(&user_id, &sent.subkey, false)?);
            for_user = PaForUser::encode(&name.name(), &user.realm, &tgt.key);
        }
        Kind::S4uProxy { .. } => {
            pac_options = PacOptions::RESOURCE_BASED_DELEGATION.encode();
        }
        _ => {}
    }
    for (padata_type, padata_value) in [
        (pa_type::S4U_X509_USER, sent.s4u.as_deref().unwrap_or_default()),
        (pa_type::FOR_USER, &for_user),
        (pa_type::PAC_OPTIONS, &pac_options),
    ] {
        if !padata_value.is_empty() {
            padata.push(PaData { padata_type, padata_value });
        }
    }
    Ok((KdcReq::encode(KdcExchange::Tgs, &padata, &req_body), sent))
}

/// No ticket lasts longer than the one that it is got with. A renewed one ends when the KDC says,
/// at `renew-till` at the latest.
fn till(asked: &TgsRequest) -> i64 {
    match asked.kind {
        Kind::Renewal => asked.tgt.renew_till.unwrap_or(asked.tgt.endtime),
        _ => asked.tgt.endtime,
    }
}

/// The options, which ask for nothing that the ticket-granting ticket does not have, and `rtime`.
fn flags_and_rtime(
    asked: &TgsRequest,
    options: &ClientOptions,
    kdc_now: i64,
) -> (KdcOptions, Option<i64>) {
    let tgt = &*asked.tgt;
    let mut kdc_options = asked.kind.kdc_options();
    kdc_options.set(KdcOptions::CANONICALIZE, asked.canonicalize);
    let has = |flag| tgt.flags.contains(flag);
    kdc_options
        .set(KdcOptions::FORWARDABLE, has(TicketFlags::FORWARDABLE) && forwardable(asked, options));
    kdc_options.set(KdcOptions::PROXIABLE, has(TicketFlags::PROXIABLE) && options.proxiable);
    // A renewal is asked for all that the ticket could do.
    let lifetime = match asked.kind {
        Kind::Renewal => Some(i64::MAX),
        _ => options.renew_lifetime.map(|time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX)),
    };
    let rtime = match (has(TicketFlags::RENEWABLE), tgt.renew_till, lifetime) {
        (true, Some(renew_till), Some(lifetime)) => {
            Some(kdc_now.saturating_add(lifetime).min(renew_till))
        }
        _ => None,
    };
    kdc_options.set(KdcOptions::RENEWABLE, rtime.is_some());
    (kdc_options, rtime)
}

/// A ticket that is given away is useful to its receiver if it can go on; evidence for constrained
/// delegation must be forwardable ([MS-SFU] 3.1.5.2.1).
fn forwardable(asked: &TgsRequest, options: &ClientOptions) -> bool {
    options.forwardable || matches!(asked.kind, Kind::Forwarded | Kind::S4uSelf { .. })
}
