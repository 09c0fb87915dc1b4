//! KRB-ERROR, RFC 4120 5.9.1.

use super::fields::{self, Fields, WriteFields, int32, maybe, microseconds, octets, string, time};
use super::{PaDataList, PrincipalName, VERSION};
use crate::encoding::der::Writer;
use crate::types::error::Result;
use crate::types::ntstatus::NtStatus;
use crate::types::time::FileTime;

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

    /// An error of this moment, about the service `sname` of `realm`, with only what is required.
    pub(crate) fn new(
        error_code: i32,
        now: FileTime,
        (realm, sname): (&'a [u8], PrincipalName<'a>),
    ) -> KrbError<'a> {
        KrbError {
            ctime: None,
            cusec: None,
            stime: now.unix_seconds(),
            susec: now.microsecond(),
            error_code,
            crealm: None,
            cname: None,
            realm,
            sname,
            e_text: None,
            e_data: None,
        }
    }

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
