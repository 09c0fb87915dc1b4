//! AP-REQs for services of the KDC: the TGS, the armor of FAST, and the password service.

use super::Credentials;
use crate::kerberos::crypto::{Key, key_usage};
use crate::kerberos::message::{
    ApOptions, ApReq, Authenticator, Checksum, EncryptedData, EncryptionKey, Ticket,
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
    /// The body of the TGS-REQ that it is a part of (RFC 4120 5.4.1).
    pub tgs_req_body: Option<&'a [u8]>,
}

/// An encoded AP-REQ.
pub(super) fn ap_req(
    credentials: &Credentials,
    parts: &ApReqParts<'_>,
    random: &dyn SecureRandom,
) -> Result<Vec<u8>> {
    let cname = credentials.client.encode();
    let usage = match parts.tgs_req_body {
        Some(_) => key_usage::TGS_REQ_AUTHENTICATOR,
        None => key_usage::AP_REQ_AUTHENTICATOR,
    };
    let checksum = parts
        .tgs_req_body
        .map(|body| credentials.key.checksum(key_usage::TGS_REQ_CHECKSUM, &[body]))
        .transpose()?;
    let cksum = checksum.as_ref().map(|checksum| Checksum {
        cksumtype: checksum.checksum_type(),
        checksum: checksum.bytes(),
    });
    let authenticator = Authenticator {
        crealm: &credentials.client.realm,
        cname: cname.name(),
        cksum,
        cusec: parts.time.microsecond(),
        ctime: parts.time.unix_seconds(),
        subkey: Some(EncryptionKey::of(parts.subkey)),
        seq_number: parts.seq_number,
        authorization_data: None,
    };
    let cipher = credentials.key.encrypt(usage, &authenticator.encode(), random)?;
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
