//! FAST, RFC 6113 5.4: the armor of requests and replies.

use super::Credentials;
use super::ap_req::{ApReqParts, ap_req};
use crate::kerberos::crypto::{Key, key_usage, random_key};
use crate::kerberos::message::{
    ApOptions, Checksum, EncryptedData, FastArmoredRep, FastArmoredReq, FastFinished, FastReq,
    FastResponse, KdcExchange, KdcReq, PaData, PaDataList, PaEncTimestamp, pa_type,
};
use crate::primitives::random::SecureRandom;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use zeroize::Zeroizing;

const NOT_ARMOURED: Error = Error::MessageAltered("FAST: the KDC's answer is not armored");

/// The armor of one exchange, made of another principal's ticket.
#[derive(Debug)]
pub(super) struct Armor {
    key: Key,
    ap_req: Vec<u8>,
}

/// A PA-ENCRYPTED-CHALLENGE's direction.
#[derive(Debug, Clone, Copy)]
enum Direction {
    Client,
    Kdc,
}

impl Armor {
    /// An armor of these credentials for a ticket-granting service, at `time` by the KDC's clock.
    pub(super) fn new(
        credentials: &Credentials,
        time: FileTime,
        random: &dyn SecureRandom,
    ) -> Result<Armor> {
        let subkey = random_key(credentials.key.enctype(), random)?;
        let parts = ApReqParts {
            options: ApOptions::empty(),
            subkey: &subkey,
            seq_number: None,
            time,
            tgs_req_body: None,
        };
        let ap_req = ap_req(credentials, &parts, random)?;
        let key = subkey.combine("subkeyarmor", &credentials.key, "ticketarmor");
        Ok(Armor { key, ap_req })
    }

    /// The armored AS-REQ of these elements and this body.
    pub(super) fn as_req(
        &self,
        padata: &[PaData<'_>],
        req_body: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Vec<u8>> {
        let inner = FastReq::encode(padata, req_body);
        let cipher = self.key.encrypt(key_usage::FAST_ENC, &inner, random)?;
        let checksum = self.key.checksum(key_usage::FAST_REQ_CHECKSUM, &[req_body])?;
        let armored = FastArmoredReq {
            armor: Some(&self.ap_req),
            req_checksum: Checksum {
                cksumtype: checksum.checksum_type(),
                checksum: checksum.bytes(),
            },
            enc_fast_req: encrypted(&self.key, &cipher),
        }
        .encode();
        let padata = [PaData { padata_type: pa_type::FX_FAST, padata_value: &armored }];
        Ok(KdcReq::encode(KdcExchange::As, &padata, req_body))
    }

    /// Decrypts the armored answer among `padata` into `plain`.
    ///
    /// Errors: `MessageAltered` if there is none, or it is not for the request with this nonce.
    pub(super) fn open<'a>(
        &self,
        padata: PaDataList<'_>,
        nonce: u32,
        plain: &'a mut Zeroizing<Vec<u8>>,
    ) -> Result<FastResponse<'a>> {
        let armored = FastArmoredRep::decode(padata.find(pa_type::FX_FAST).ok_or(NOT_ARMOURED)?)?;
        *plain = Zeroizing::new(armored.enc_fast_rep.cipher.to_vec());
        let response = FastResponse::decode(self.key.decrypt(key_usage::FAST_REP, plain)?)?;
        if response.nonce != nonce {
            return Err(Error::MessageAltered("FAST: an answer to another request"));
        }
        Ok(response)
    }

    /// What protects the ticket and the client of a reply.
    ///
    /// Errors: `MessageAltered` if it is missing or the ticket is another.
    pub(super) fn finished<'a>(
        &self,
        response: &FastResponse<'a>,
        ticket: &[u8],
    ) -> Result<FastFinished<'a>> {
        let finished = response.finished.ok_or(NOT_ARMOURED)?;
        let Checksum { cksumtype, checksum } = finished.ticket_checksum;
        self.key.verify_checksum(key_usage::FAST_FINISHED, &[ticket], cksumtype, checksum)?;
        Ok(finished)
    }

    /// The value of PA-ENCRYPTED-CHALLENGE, RFC 6113 5.4.6.
    pub(super) fn challenge(
        &self,
        long_term: &Key,
        time: FileTime,
        random: &dyn SecureRandom,
    ) -> Result<Vec<u8>> {
        let key = self.challenge_key(Direction::Client, long_term);
        encrypted_timestamp(&key, key_usage::ENC_CHALLENGE_CLIENT, time, random)
    }

    /// Checks the KDC's own PA-ENCRYPTED-CHALLENGE, by which it shows that it has the client's key.
    /// Its time need not be checked.
    pub(super) fn check_challenge(&self, value: &[u8], long_term: &Key) -> Result<()> {
        let mut plain = Zeroizing::new(EncryptedData::decode(value)?.cipher.to_vec());
        let key = self.challenge_key(Direction::Kdc, long_term);
        key.decrypt(key_usage::ENC_CHALLENGE_KDC, &mut plain).map(drop)
    }

    fn challenge_key(&self, direction: Direction, long_term: &Key) -> Key {
        let pepper = match direction {
            Direction::Client => "clientchallengearmor",
            Direction::Kdc => "kdcchallengearmor",
        };
        self.key.combine(pepper, long_term, "challengelongterm")
    }
}

/// An encoded EncryptedData with a PA-ENC-TS-ENC.
pub(super) fn encrypted_timestamp(
    key: &Key,
    usage: u32,
    time: FileTime,
    random: &dyn SecureRandom,
) -> Result<Vec<u8>> {
    let plain =
        PaEncTimestamp { patimestamp: time.unix_seconds(), pausec: Some(time.microsecond()) };
    let cipher = key.encrypt(usage, &plain.encode(), random)?;
    Ok(encrypted(key, &cipher).encode())
}

fn encrypted<'a>(key: &Key, cipher: &'a [u8]) -> EncryptedData<'a> {
    EncryptedData { etype: key.enctype().number(), kvno: None, cipher }
}
