//! A domain controller's reply to a logon: NETLOGON_VALIDATION, [MS-NRPC] 2.2.1.4.14.

use super::credential::Session;
use crate::encoding::ndr::reader::Reader;
use crate::kerberos::pac::{Form, LogonInfo};
use crate::principal::AccountInfo;
use crate::types::error::{Error, Result};
use crate::types::ntstatus::NtStatus;
use zeroize::Zeroizing;

/// NETLOGON_VALIDATION_INFO_CLASS, [MS-NRPC] 2.2.1.4.17: which structure is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// NetlogonValidationSamInfo2
    SamInfo2 = 3,
    /// NetlogonValidationSamInfo4
    SamInfo4 = 6,
}

impl Level {
    fn of(number: u16) -> Option<Level> {
        [Level::SamInfo2, Level::SamInfo4].into_iter().find(|level| *level as u16 == number)
    }

    fn form(self) -> Form {
        match self {
            Level::SamInfo2 => Form::SamInfo2,
            Level::SamInfo4 => Form::SamInfo4,
        }
    }
}

/// The results of a logon.
#[derive(Debug)]
pub struct Reply {
    /// Success, or why the logon is rejected.
    pub status: NtStatus,
    /// The domain controller is authoritative: no other need be asked.
    pub authoritative: bool,
    /// The client's account.
    pub validation: Option<Validation>,
}

/// The client's account.
pub struct Validation {
    /// The structure that it came in.
    pub level: Level,
    /// EffectiveName: the account's name.
    pub user: String,
    /// LogonDomainName: its domain's NetBIOS name.
    pub domain: String,
    /// Further details of the account.
    pub facts: AccountInfo,
    /// UserSessionKey.
    pub user_session_key: Zeroizing<[u8; 16]>,
    /// LMKey.
    pub lm_key: Zeroizing<[u8; 8]>,
}

impl Validation {
    /// Levels below 6 have their keys encrypted once more with the channel's ([MS-NRPC] 3.5.4.5.1).
    /// A key of zeros means no key and is not encrypted, which would reveal the key stream.
    pub(super) fn decrypt_keys(&mut self, session: &Session) {
        if self.level == Level::SamInfo4 {
            return;
        }
        for key in [&mut self.user_session_key[..], &mut self.lm_key[..]] {
            if key.iter().any(|&byte| byte != 0) {
                session.decrypt(&[0; 16], [key]);
            }
        }
    }
}

impl std::fmt::Debug for Validation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Validation")
            .field("user", &self.user)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// Reads the results of NetrLogonSamLogonEx: ValidationInformation, Authoritative, ExtraFlags and
/// the status.
pub fn parse(results: &[u8]) -> Result<Reply> {
    let mut reader = Reader::new(results);
    let r = &mut reader;
    let level = r.u16()?;
    let level =
        Level::of(level).ok_or(Error::InvalidToken("a validation level that was not asked for"))?;
    let validation = r.pointer()?.read(|| validation(r, level))?;
    let authoritative = r.u8()? != 0;
    let _extra_flags = r.u32()?;
    let status = NtStatus(r.u32()?);
    if validation.is_none() && !status.is_error() {
        return Err(Error::InvalidToken("a logon that succeeds and tells nothing"));
    }
    Ok(Reply {
        status,
        authoritative,
        validation: validation.filter(|_| status == NtStatus::SUCCESS),
    })
}

fn validation(r: &mut Reader<'_>, level: Level) -> Result<Validation> {
    let (info, beside) = LogonInfo::read(r, level.form())?;
    const CUT: Error = Error::InvalidToken("NDR: data is cut short");
    Ok(Validation {
        level,
        user: info.effective_name.to_text()?,
        domain: info.logon_domain_name.to_text()?,
        facts: AccountInfo {
            dns_domain: beside.dns_logon_domain_name.to_text()?,
            upn: beside.upn.to_text()?,
            ..info.facts()?
        },
        user_session_key: Zeroizing::new(beside.user_session_key.try_into().map_err(|_| CUT)?),
        lm_key: Zeroizing::new(beside.lm_key.try_into().map_err(|_| CUT)?),
    })
}
