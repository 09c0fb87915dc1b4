//! AP-REQs for services of the KDC: the armor of FAST, and the password service.

use super::Credentials;
use crate::kerberos::crypto::{Key, key_usage};
use crate::kerberos::message::{
    ApOptions, ApReq, Authenticator, EncryptedData, EncryptionKey, Ticket,
};
use crate::primitives::random::SecureRandom;
use crate::types::error::Result;
use crate::types::time::FileTime;

/// What an AP-REQ has beside ticket and client.
pub(super) struct ApReqParts<'a> {
    pub options: ApOptions,
    /// The sub-key.
    pub subkey: &'a Key,
    pub seq_number: Option<u32>,
    /// The time, by the KDC's clock.
    pub time: FileTime,
}

/// An encoded AP-REQ.
pub(super) fn ap_req(
    credentials: &Credentials,
    parts: &ApReqParts<'_>,
    random: &dyn SecureRandom,
) -> Result<Vec<u8>> {
    let cname = credentials.client.encode();
    let authenticator = Authenticator {
        crealm: &credentials.client.realm,
        cname: cname.name(),
        cksum: None,
        cusec: parts.time.microsecond(),
        ctime: parts.time.unix_seconds(),
        subkey: Some(EncryptionKey::of(parts.subkey)),
        seq_number: parts.seq_number,
        authorization_data: None,
    };
    let cipher = credentials.key.encrypt(
        key_usage::AP_REQ_AUTHENTICATOR,
        &authenticator.encode(),
        random,
    )?;
    let authenticator =
        EncryptedData { etype: credentials.key.enctype().number(), kvno: None, cipher: &cipher };
    let ticket = Ticket::decode(&credentials.ticket)?;
    Ok(ApReq { ap_options: parts.options, ticket, authenticator }.encode())
}

/// A random number that is positive also where 32 bits are read as signed.
pub(super) fn random_number(random: &dyn SecureRandom) -> Result<u32> {
    let mut bytes = [0; 4];
    random.fill(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes) & 0x3fff_ffff)
}
