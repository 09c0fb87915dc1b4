//! Changing and setting passwords: RFC 3244, and the version 1 that it extends.

use super::ap_req::{ApReqParts, ap_req, random_number};
use super::{Credentials, Exchange, KdcService, Next, clock};
use crate::encoding::der;
use crate::kerberos::crypto::{Key, key_usage, random_key};
use crate::kerberos::message::{
    ApOptions, ApRep, ChangePasswdData, EncApRepPart, EncKrbPrivPart, EncryptedData, HostAddress,
    KrbError, KrbPriv,
};
use crate::kerberos::principal::Principal;
use crate::primitives::random::SecureRandom;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use std::fmt;
use std::net::IpAddr;
use zeroize::Zeroizing;

/// The version that changes the client's own password.
const CHANGE: u16 = 1;
/// RFC 3244: the version that sets anybody's.
const SET: u16 = 0xff80;

/// The longest text of a result that is kept, in bytes.
const MAX_TEXT: usize = 4096;

/// What a password is changed to, and by whom.
#[derive(Clone)]
pub struct NewPassword {
    /// Credentials of `kadmin/changepw` in the target's realm: for one's own password from an AS
    /// exchange ([`super::AsService::ChangePassword`]).
    pub credentials: Credentials,
    /// The new password.
    pub password: Zeroizing<String>,
    /// Whose password is set, by an administrator; `None`: the client changes its own.
    pub target: Option<Principal>,
    /// The local address towards the password service. MIT's checks it, others do not; `None` if it
    /// is not known.
    pub address: Option<IpAddr>,
    /// How far the KDC's clock is ahead of ours, in microseconds.
    pub clock_offset: i64,
    /// The source of random bytes.
    pub random: &'static dyn SecureRandom,
}

/// Does not print the password.
impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPassword")
            .field("client", &self.credentials.client)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// The result codes of RFC 3244 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordResult {
    /// KRB5_KPASSWD_SUCCESS: the password is changed.
    Success,
    /// KRB5_KPASSWD_MALFORMED
    Malformed,
    /// KRB5_KPASSWD_HARDERROR: the server failed. MIT's also tells its policy's refusals so.
    HardError,
    /// KRB5_KPASSWD_AUTHERROR: the client was not authenticated.
    AuthError,
    /// KRB5_KPASSWD_SOFTERROR: policy refuses the password.
    SoftError,
    /// KRB5_KPASSWD_ACCESSDENIED
    AccessDenied,
    /// KRB5_KPASSWD_BAD_VERSION
    BadVersion,
    /// KRB5_KPASSWD_INITIAL_FLAG_NEEDED: the credentials are not from an AS exchange.
    InitialFlagNeeded,
}

impl PasswordResult {
    fn from_code(code: u16) -> Option<PasswordResult> {
        Some(match code {
            0 => PasswordResult::Success,
            1 => PasswordResult::Malformed,
            2 => PasswordResult::HardError,
            3 => PasswordResult::AuthError,
            4 => PasswordResult::SoftError,
            5 => PasswordResult::AccessDenied,
            6 => PasswordResult::BadVersion,
            7 => PasswordResult::InitialFlagNeeded,
            _ => return None,
        })
    }
}

/// The answer of a password service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordChange {
    /// The result. Success is always protected.
    pub result: PasswordResult,
    /// What the service says about it, for people. Empty if it is no text.
    pub text: String,
    /// The password policy of an Active Directory domain, with a refusal.
    pub policy: Option<PasswordPolicy>,
}

/// A domain's policy for passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// How many characters a password has at least.
    pub min_length: u32,
    /// From how many previous passwords it differs.
    pub history: u32,
    /// `pwdProperties`; bit 0: the password must be complex.
    pub properties: u32,
    /// After how long a password expires, in units of 100 ns.
    pub max_age: u64,
    /// For how long a password cannot be changed again, in units of 100 ns.
    pub min_age: u64,
}

impl PasswordPolicy {
    /// Domain controllers send 30 bytes in the text's place, numbers in network order.
    fn decode(bytes: &[u8]) -> Option<PasswordPolicy> {
        let (bytes, rest) = bytes.split_first_chunk::<30>()?;
        let [0, 0, numbers @ ..] = bytes else { return None };
        let word = |at: usize| numbers.get(at..)?.first_chunk().copied().map(u32::from_be_bytes);
        let long = |at: usize| numbers.get(at..)?.first_chunk().copied().map(u64::from_be_bytes);
        rest.is_empty().then_some(PasswordPolicy {
            min_length: word(0)?,
            history: word(4)?,
            properties: word(8)?,
            max_age: long(12)?,
            min_age: long(20)?,
        })
    }
}

/// The exchange with the password service. A refusal by it is an outcome, not an error.
#[derive(Debug)]
pub struct ChangePassword {
    parameters: NewPassword,
    state: State,
}

#[derive(Debug)]
enum State {
    New,
    Sent { subkey: Key, time: FileTime },
    Ended,
}

impl ChangePassword {
    /// An exchange, not begun.
    pub fn new(parameters: NewPassword) -> ChangePassword {
        ChangePassword { parameters, state: State::New }
    }

    fn ask(&mut self, now: FileTime) -> Result<Next<PasswordChange>> {
        let NewPassword { credentials, password, target, address, clock_offset, random } =
            &self.parameters;
        let subkey = random_key(credentials.key.enctype(), *random)?;
        let seq_number = random_number(*random)?;
        let time = clock::shifted(now, *clock_offset);
        let options = ApOptions::MUTUAL_REQUIRED;
        let parts = ApReqParts {
            options,
            subkey: &subkey,
            seq_number: Some(seq_number),
            time,
            tgs_req_body: None,
        };
        let ap_req = ap_req(credentials, &parts, *random)?;

        let name = target.as_ref().map(Principal::encode);
        let set = target.as_ref().zip(name.as_ref()).map(|(target, name)| {
            let target = Some((name.name(), &*target.realm));
            ChangePasswdData { newpasswd: password.as_bytes(), target }.encode()
        });
        let (version, user_data) = match &set {
            Some(data) => (SET, &***data),
            None => (CHANGE, password.as_bytes()),
        };
        let mut octets = [0; 16];
        let plain = EncKrbPrivPart {
            user_data,
            timestamp: None,
            usec: None,
            seq_number: Some(seq_number),
            s_address: host_address(*address, &mut octets),
            r_address: None,
        };
        let cipher = subkey.encrypt(key_usage::KRB_PRIV, &plain.encode(), *random)?;
        let enc_part =
            EncryptedData { etype: subkey.enctype().number(), kvno: None, cipher: &cipher };
        let request = frame(version, &ap_req, &KrbPriv { enc_part }.encode())?;
        let realm = String::from_utf8(credentials.server.realm.clone())
            .map_err(|_| Error::InvalidParameter("a realm that is not UTF-8"))?;
        self.state = State::Sent { subkey, time };
        Ok(Next::Ask { service: KdcService::Kpasswd, realm, request })
    }

    fn answered(&self, subkey: &Key, time: FileTime, reply: &[u8]) -> Result<PasswordChange> {
        let is_error =
            |message: &[u8]| message.first() == Some(&der::application(KrbError::APPLICATION));
        // Domain controllers send a KRB-ERROR without the frame.
        if is_error(reply) {
            return refused(reply);
        }
        let (ap_rep, message) = unframe(reply)?;
        if ap_rep.is_empty() {
            return refused(message);
        }
        let mut plain = Zeroizing::new(ApRep::decode(ap_rep)?.enc_part.cipher.to_vec());
        let key = &self.parameters.credentials.key;
        let part = EncApRepPart::decode(key.decrypt(key_usage::AP_REP, &mut plain)?)?;
        if (part.ctime, part.cusec) != (time.unix_seconds(), time.microsecond()) {
            return Err(Error::MessageAltered("AP-REP: the time of another request"));
        }
        // RFC 3244 2: encrypted with the sub-key from the authenticator, whatever is in the AP-REP.
        let mut data = Zeroizing::new(KrbPriv::decode(message)?.enc_part.cipher.to_vec());
        let result = EncKrbPrivPart::decode(subkey.decrypt(key_usage::KRB_PRIV, &mut data)?)?;
        if part.seq_number.is_some() && result.seq_number != part.seq_number {
            return Err(Error::MessageAltered("KRB-PRIV: another sequence number"));
        }
        outcome(result.user_data)
    }
}

impl Exchange for ChangePassword {
    type Output = PasswordChange;

    fn step(&mut self, reply: Option<&[u8]>, now: FileTime) -> Result<Next<PasswordChange>> {
        match (reply, std::mem::replace(&mut self.state, State::Ended)) {
            (None, State::New) => self.ask(now),
            (Some(reply), State::Sent { subkey, time }) => {
                self.answered(&subkey, time, reply).map(Next::Done)
            }
            _ => Err(Error::InvalidParameter("a password exchange that awaits no reply")),
        }
    }
}

/// The message: lengths and version before an AP-REQ or AP-REP and a KRB-PRIV or KRB-ERROR.
fn frame(version: u16, first: &[u8], second: &[u8]) -> Result<Vec<u8>> {
    const TOO_LONG: Error = Error::InvalidParameter("a ticket or password too long");
    let length = u16::try_from(6 + first.len() + second.len()).map_err(|_| TOO_LONG)?;
    let of_first = u16::try_from(first.len()).map_err(|_| TOO_LONG)?;
    let words = [length, version, of_first].map(u16::to_be_bytes);
    Ok([words.as_flattened(), first, second].concat())
}

fn unframe(message: &[u8]) -> Result<(&[u8], &[u8])> {
    const MALFORMED: Error = Error::InvalidToken("kpasswd: a malformed reply");
    let (&[l1, l2, v1, v2, f1, f2], rest) = message.split_first_chunk().ok_or(MALFORMED)?;
    let [length, version, first] = [[l1, l2], [v1, v2], [f1, f2]].map(u16::from_be_bytes);
    if usize::from(length) != message.len() || ![CHANGE, SET].contains(&version) {
        return Err(MALFORMED);
    }
    rest.split_at_checked(first.into()).ok_or(MALFORMED)
}

/// A KRB-ERROR, which nothing protects: it cannot say that the password is changed.
fn refused(message: &[u8]) -> Result<PasswordChange> {
    let error = KrbError::decode(message)?;
    let Some(data) = error.e_data.filter(|data| data.len() >= 2) else {
        return Err(Error::KrbError(error.error_code));
    };
    let change = outcome(data)?;
    if change.result == PasswordResult::Success {
        return Err(Error::MessageAltered("kpasswd: an unprotected success"));
    }
    Ok(change)
}

/// The result's code, and what follows it.
fn outcome(data: &[u8]) -> Result<PasswordChange> {
    let (code, text) =
        data.split_first_chunk().ok_or(Error::InvalidToken("kpasswd: a result without a code"))?;
    let result = PasswordResult::from_code(u16::from_be_bytes(*code))
        .ok_or(Error::InvalidToken("kpasswd: an unknown result"))?;
    let policy = PasswordPolicy::decode(text);
    let shown = text.get(..MAX_TEXT).unwrap_or(text);
    let shown = if policy.is_some() { &[] } else { shown };
    // For a log or a terminal: no control characters.
    let text = String::from_utf8_lossy(shown)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>();
    Ok(PasswordChange { result, text: text.trim().to_owned(), policy })
}

/// An address as a HostAddress (RFC 4120 7.5.3), in `octets`.
fn host_address(address: Option<IpAddr>, octets: &mut [u8; 16]) -> HostAddress<'_> {
    const IPV4: i32 = 2;
    const IPV6: i32 = 24;
    match address {
        Some(IpAddr::V6(address)) => {
            *octets = address.octets();
            HostAddress { addr_type: IPV6, address: octets }
        }
        other => {
            let [a, b, c, d, ..] = octets;
            if let Some(IpAddr::V4(address)) = other {
                [*a, *b, *c, *d] = address.octets();
            }
            HostAddress { addr_type: IPV4, address: octets.get(..4).unwrap_or_default() }
        }
    }
}
