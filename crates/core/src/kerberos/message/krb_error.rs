//! KRB-ERROR, RFC 4120 5.9.1.

use super::fields::{self, Fields, WriteFields, int32, maybe, microseconds, octets, string, time};
use super::{PaDataList, PrincipalName, VERSION};
use crate::encoding::der::Writer;
use crate::types::error::Result;
use crate::types::ntstatus::NtStatus;

/// Error codes, RFC 4120 7.5.9.
pub mod error_code {
    /// KDC_ERR_NAME_EXP: the client's entry has expired.
    pub const NAME_EXP: i32 = 1;
    /// KDC_ERR_C_PRINCIPAL_UNKNOWN
    pub const C_PRINCIPAL_UNKNOWN: i32 = 6;
    /// KDC_ERR_S_PRINCIPAL_UNKNOWN
    pub const S_PRINCIPAL_UNKNOWN: i32 = 7;
    /// KDC_ERR_NEVER_VALID: by the KDC's clock the ticket would end before it begins.
    pub const NEVER_VALID: i32 = 11;
    /// KDC_ERR_POLICY
    pub const POLICY: i32 = 12;
    /// KDC_ERR_BADOPTION
    pub const BADOPTION: i32 = 13;
    /// KDC_ERR_ETYPE_NOSUPP: no support for the encryption type.
    pub const ETYPE_NOSUPP: i32 = 14;
    /// KDC_ERR_PADATA_TYPE_NOSUPP
    pub const PADATA_TYPE_NOSUPP: i32 = 16;
    /// KDC_ERR_CLIENT_REVOKED: the client's account is disabled or locked.
    pub const CLIENT_REVOKED: i32 = 18;
    /// KDC_ERR_CLIENT_NOTYET
    pub const CLIENT_NOTYET: i32 = 21;
    /// KDC_ERR_KEY_EXPIRED: the client's password has expired.
    pub const KEY_EXPIRED: i32 = 23;
    /// KDC_ERR_PREAUTH_FAILED: a wrong password.
    pub const PREAUTH_FAILED: i32 = 24;
    /// KDC_ERR_PREAUTH_REQUIRED
    pub const PREAUTH_REQUIRED: i32 = 25;
    /// KDC_ERR_SERVER_NOMATCH: the service is another than the additional ticket's.
    pub const SERVER_NOMATCH: i32 = 26;
    /// KDC_ERR_MUST_USE_USER2USER
    pub const MUST_USE_USER2USER: i32 = 27;
    /// KDC_ERR_PATH_NOT_ACCEPTED
    pub const PATH_NOT_ACCEPTED: i32 = 28;
    /// KDC_ERR_SVC_UNAVAILABLE
    pub const SVC_UNAVAILABLE: i32 = 29;
    /// KRB_AP_ERR_BAD_INTEGRITY: the ticket does not decrypt.
    pub const BAD_INTEGRITY: i32 = 31;
    /// KRB_AP_ERR_TKT_EXPIRED
    pub const TKT_EXPIRED: i32 = 32;
    /// KRB_AP_ERR_TKT_NYV: the ticket is not yet valid.
    pub const TKT_NYV: i32 = 33;
    /// KRB_AP_ERR_REPEAT: the request is a replay.
    pub const REPEAT: i32 = 34;
    /// KRB_AP_ERR_NOT_US: the ticket is for another service.
    pub const NOT_US: i32 = 35;
    /// KRB_AP_ERR_BADMATCH: ticket and authenticator do not match.
    pub const BADMATCH: i32 = 36;
    /// KRB_AP_ERR_SKEW: the clocks differ too much.
    pub const SKEW: i32 = 37;
    /// KRB_AP_ERR_BADADDR: a wrong network address.
    pub const BADADDR: i32 = 38;
    /// KRB_AP_ERR_BADVERSION: another protocol version.
    pub const BADVERSION: i32 = 39;
    /// KRB_AP_ERR_MSG_TYPE: an invalid message type.
    pub const MSG_TYPE: i32 = 40;
    /// KRB_AP_ERR_MODIFIED: the message was altered; from Windows, also: the service has another
    /// key.
    pub const MODIFIED: i32 = 41;
    /// KRB_AP_ERR_ILL_CR_TKT, not in RFC 4120 but used by MIT: the realms between the client and
    /// the service are not accepted.
    pub const ILL_CR_TKT: i32 = 43;
    /// KRB_AP_ERR_BADKEYVER: no key of this version.
    pub const BADKEYVER: i32 = 44;
    /// KRB_AP_ERR_NOKEY: no key for this service.
    pub const NOKEY: i32 = 45;
    /// KRB_AP_ERR_MUT_FAIL: mutual authentication failed.
    pub const MUT_FAIL: i32 = 46;
    /// KRB_AP_ERR_INAPP_CKSUM: a checksum of an inappropriate type.
    pub const INAPP_CKSUM: i32 = 50;
    /// KRB_ERR_RESPONSE_TOO_BIG: to be asked again by TCP.
    pub const RESPONSE_TOO_BIG: i32 = 52;
    /// KDC_ERR_WRONG_REALM: the client is of another realm, which the error names.
    pub const WRONG_REALM: i32 = 68;
    /// KDC_ERR_PREAUTH_EXPIRED: the exchange is to be begun anew.
    pub const PREAUTH_EXPIRED: i32 = 90;
    /// KDC_ERR_MORE_PREAUTH_DATA_REQUIRED
    pub const MORE_PREAUTH_DATA_REQUIRED: i32 = 91;
    /// KRB_ERR_GENERIC
    pub const GENERIC: i32 = 60;
    /// KRB_AP_ERR_NO_TGT: no ticket-granting ticket for user-to-user.
    pub const NO_TGT: i32 = 67;
    /// KRB_AP_ERR_USER_TO_USER_REQUIRED
    pub const USER_TO_USER_REQUIRED: i32 = 69;
}

/// The name of an error code and what it means, for the log.
pub fn error_name(code: i32) -> Option<(&'static str, &'static str)> {
    Some(match code {
        error_code::NAME_EXP => ("KDC_ERR_NAME_EXP", "the client's entry has expired"),
        error_code::C_PRINCIPAL_UNKNOWN => {
            ("KDC_ERR_C_PRINCIPAL_UNKNOWN", "the KDC does not know the client")
        }
        error_code::S_PRINCIPAL_UNKNOWN => {
            ("KDC_ERR_S_PRINCIPAL_UNKNOWN", "the KDC does not know the service")
        }
        error_code::POLICY => ("KDC_ERR_POLICY", "the KDC's policy forbids it"),
        error_code::BADOPTION => ("KDC_ERR_BADOPTION", "the KDC does not grant what was asked for"),
        error_code::ETYPE_NOSUPP => ("KDC_ERR_ETYPE_NOSUPP", "no encryption type in common"),
        error_code::PADATA_TYPE_NOSUPP => {
            ("KDC_ERR_PADATA_TYPE_NOSUPP", "a kind of pre-authentication that is not supported")
        }
        error_code::CLIENT_REVOKED => {
            ("KDC_ERR_CLIENT_REVOKED", "the client's account is disabled or locked")
        }
        error_code::KEY_EXPIRED => ("KDC_ERR_KEY_EXPIRED", "the client's password has expired"),
        error_code::PREAUTH_FAILED => ("KDC_ERR_PREAUTH_FAILED", "a wrong password"),
        error_code::PREAUTH_REQUIRED => {
            ("KDC_ERR_PREAUTH_REQUIRED", "a kind of pre-authentication that is not supported")
        }
        error_code::MUST_USE_USER2USER => {
            ("KDC_ERR_MUST_USE_USER2USER", "the service takes user-to-user tickets only")
        }
        error_code::PATH_NOT_ACCEPTED => {
            ("KDC_ERR_PATH_NOT_ACCEPTED", "the realms between client and service are not accepted")
        }
        error_code::SVC_UNAVAILABLE => ("KDC_ERR_SVC_UNAVAILABLE", "the KDC is not available"),
        error_code::BAD_INTEGRITY => ("KRB_AP_ERR_BAD_INTEGRITY", "a ticket that does not decrypt"),
        error_code::TKT_EXPIRED => ("KRB_AP_ERR_TKT_EXPIRED", "the ticket has expired"),
        error_code::TKT_NYV => ("KRB_AP_ERR_TKT_NYV", "the ticket is not valid yet"),
        error_code::REPEAT => ("KRB_AP_ERR_REPEAT", "the request was taken for a replay"),
        error_code::NOT_US => ("KRB_AP_ERR_NOT_US", "the ticket is for another service"),
        error_code::SKEW => ("KRB_AP_ERR_SKEW", "the clocks differ too much"),
        error_code::MODIFIED => ("KRB_AP_ERR_MODIFIED", "the service has another key"),
        error_code::BADKEYVER => ("KRB_AP_ERR_BADKEYVER", "the service has no key of this version"),
        error_code::NOKEY => ("KRB_AP_ERR_NOKEY", "the service has no key"),
        error_code::NO_TGT => ("KRB_AP_ERR_NO_TGT", "the service has no ticket-granting ticket"),
        error_code::WRONG_REALM => ("KDC_ERR_WRONG_REALM", "the client is of another realm"),
        error_code::GENERIC => ("KRB_ERR_GENERIC", "an error without a code of its own"),
        _ => return None,
    })
}

/// KERB-ERROR-DATA of type KERB_AP_ERR_TYPE_SKEW_RECOVERY ([MS-KILE] 2.2.2). As `e_data` of a
/// KRB_AP_ERR_SKEW it makes Windows clients retry with the server's time ([MS-KILE] 3.2.5.8).
pub const SKEW_RECOVERY: &[u8] = &[0x30, 0x05, 0xa1, 0x03, 0x02, 0x01, 0x02];

/// KERB_ERR_TYPE_EXTENDED: the data of a KERB-ERROR-DATA is a KERB-EXT-ERROR.
const EXTENDED: i32 = 3;

impl PaDataList<'_> {
    /// The status of a KERB-EXT-ERROR in a refusal's list, whose type is the number of PA-PW-SALT.
    pub fn nt_status(&self) -> Option<NtStatus> {
        self.find(EXTENDED).and_then(ext_error)
    }
}

/// KERB-EXT-ERROR: status, reserved, flags, in little-endian order.
fn ext_error(value: &[u8]) -> Option<NtStatus> {
    let (status, rest) = value.split_first_chunk()?;
    (rest.len() == 8).then(|| NtStatus(u32::from_le_bytes(*status)))
}

/// The reason why a request was rejected. The message is unprotected. Times are seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KrbError<'a> {
    /// `ctime` of the authenticator.
    pub ctime: Option<i64>,
    /// `cusec` of the authenticator, below a million.
    pub cusec: Option<u32>,
    /// `stime`, the server's time.
    pub stime: i64,
    /// `susec`, below a million.
    pub susec: u32,
    /// `error-code`, [`error_code`] or another value.
    pub error_code: i32,
    /// `crealm`
    pub crealm: Option<&'a [u8]>,
    /// `cname`
    pub cname: Option<PrincipalName<'a>>,
    /// `realm` of the service.
    pub realm: &'a [u8],
    /// `sname`, the service; may have no components.
    pub sname: PrincipalName<'a>,
    /// `e-text`, human-readable.
    pub e_text: Option<&'a [u8]>,
    /// `e-data`, machine-readable.
    pub e_data: Option<&'a [u8]>,
}

impl<'a> KrbError<'a> {
    /// `[APPLICATION 30]`, also `msg-type`.
    pub(crate) const APPLICATION: u8 = 30;

    /// Decodes a message; bytes after it are ignored.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<KrbError<'a>> {
        let mut fields = Fields::message(bytes, Self::APPLICATION)?;
        fields.version(0)?;
        fields.constant(1, Self::APPLICATION.into())?;
        let error = KrbError {
            ctime: maybe(fields.optional(2)?, time)?,
            cusec: maybe(fields.optional(3)?, microseconds)?,
            stime: time(fields.field(4)?)?,
            susec: microseconds(fields.field(5)?)?,
            error_code: int32(fields.field(6)?)?,
            crealm: maybe(fields.optional(7)?, string)?,
            cname: maybe(fields.optional(8)?, PrincipalName::decode)?,
            realm: string(fields.field(9)?)?,
            sname: PrincipalName::decode(fields.field(10)?)?,
            e_text: maybe(fields.optional(11)?, string)?,
            e_data: maybe(fields.optional(12)?, octets)?,
        };
        fields.end()?;
        Ok(error)
    }

    /// The status that a domain controller gives as its reason: KERB-EXT-ERROR ([MS-KILE] 2.2.1),
    /// in a KERB-ERROR-DATA by itself or in a list.
    pub fn nt_status(&self) -> Option<NtStatus> {
        let data = self.e_data?;
        if let Ok(list) = PaDataList::decode(data) {
            return list.nt_status();
        }
        let mut fields = Fields::sequence(data).ok()?;
        let data_type = int32(fields.field(1).ok()?).ok()?;
        let value = octets(fields.field(2).ok()?).ok()?;
        (data_type == EXTENDED).then_some(value).and_then(ext_error)
    }

    /// Encodes the message.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(256);
        fields::message(&mut writer, Self::APPLICATION, |writer| {
            writer.number(0, VERSION);
            writer.number(1, Self::APPLICATION);
            if let Some(ctime) = self.ctime {
                writer.time(2, ctime);
            }
            if let Some(cusec) = self.cusec {
                writer.number(3, cusec);
            }
            writer.time(4, self.stime);
            writer.number(5, self.susec);
            writer.number(6, self.error_code);
            if let Some(crealm) = self.crealm {
                writer.string(7, crealm);
            }
            if let Some(cname) = &self.cname {
                writer.tagged(8, |writer| cname.write(writer));
            }
            writer.string(9, self.realm);
            writer.tagged(10, |writer| self.sname.write(writer));
            if let Some(e_text) = self.e_text {
                writer.string(11, e_text);
            }
            if let Some(e_data) = self.e_data {
                writer.octets(12, e_data);
            }
        });
        writer.finish()
    }
}
