//! What a reply is, as far as the next server depends on it.

use crate::kerberos::client::KdcService;
use crate::kerberos::message::{KrbError, error_code};

/// What is to be done with a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is for the exchange.
    Answer,
    /// The request is to be sent by TCP.
    TooBig,
    /// Another server is to be asked.
    Unavailable,
    /// It is no message of this service.
    Garbage,
}

/// `[APPLICATION n]`, constructed: AS-REP, TGS-REP and KRB-ERROR (RFC 4120 5.4.2, 5.9.1).
const AS_REP: u8 = 0x6b;
const TGS_REP: u8 = 0x6d;
const KRB_ERROR: u8 = 0x7e;

/// The header of a password service's reply: length, version and the AP-REP's length (RFC 3244 2).
const KPASSWD_HEADER: usize = 6;

pub(super) fn verdict(service: KdcService, reply: &[u8]) -> Verdict {
    match (service, reply.first()) {
        (_, Some(&KRB_ERROR)) => match KrbError::decode(reply) {
            Ok(error) if error.error_code == error_code::RESPONSE_TOO_BIG => Verdict::TooBig,
            Ok(error) if error.error_code == error_code::SVC_UNAVAILABLE => Verdict::Unavailable,
            Ok(_) => Verdict::Answer,
            Err(_) => Verdict::Garbage,
        },
        (KdcService::Kdc, Some(&(AS_REP | TGS_REP))) => Verdict::Answer,
        (KdcService::Kpasswd, Some(_)) if is_kpasswd(reply) => Verdict::Answer,
        _ => Verdict::Garbage,
    }
}

fn is_kpasswd(reply: &[u8]) -> bool {
    match reply.first_chunk() {
        Some(&[l0, l1]) => {
            reply.len() > KPASSWD_HEADER && usize::from(u16::from_be_bytes([l0, l1])) == reply.len()
        }
        None => false,
    }
}
