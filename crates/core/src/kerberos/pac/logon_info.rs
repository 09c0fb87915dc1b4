//! KERB_VALIDATION_INFO, [MS-PAC] 2.5: the domain controller's data about the logon; also
//! Netlogon's structures with the same start.

use super::groups::{ExtraSids, GroupMemberships};
use crate::encoding::ndr::reader::{Reader, UnicodeString};
use crate::encoding::utf16::Utf16;
use crate::principal::{AccountInfo, SidAndAttributes, attributes};
use crate::types::allocation;
use crate::types::error::Result;
use crate::types::sid::Sid;
use crate::types::time::FileTime;
use smallvec::SmallVec;
use std::fmt;

/// Bits of UserFlags.
pub mod user_flags {
    /// LOGON_GUEST: a guest logon.
    pub const GUEST: u32 = 1;
    /// LOGON_EXTRA_SIDS: ExtraSids is valid.
    pub const EXTRA_SIDS: u32 = 0x20;
    /// LOGON_RESOURCE_GROUPS: ResourceGroupIds is valid.
    pub const RESOURCE_GROUPS: u32 = 0x200;
}

/// The structure to read. They differ after LogonDomainId.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// KERB_VALIDATION_INFO
    Kerberos,
    /// NETLOGON_VALIDATION_SAM_INFO2, [MS-NRPC] 2.2.1.4.12
    SamInfo2,
    /// NETLOGON_VALIDATION_SAM_INFO4, [MS-NRPC] 2.2.1.4.13
    SamInfo4,
}

/// The parts of a structure that are not in [`LogonInfo`]: keys, and fields that only Netlogon's
/// structures have.
pub struct Beside<'a> {
    /// UserSessionKey
    pub user_session_key: &'a [u8],
    /// LMKey
    pub lm_key: &'a [u8],
    /// DnsLogonDomainName; empty if the structure has none.
    pub dns_logon_domain_name: Utf16<'a>,
    /// Upn; empty if the structure has none.
    pub upn: Utf16<'a>,
}

/// The client's account. The session keys of other protocols in the structure are not kept. Names
/// other than EffectiveName and LogonDomainName are empty if they are not text: an administrator who
/// writes half a surrogate into one must not keep the account from logging on.
#[derive(Clone, Copy)]
pub struct LogonInfo<'a> {
    /// LogonTime
    pub logon_time: FileTime,
    /// LogoffTime: when the session should end; `i64::MAX` for never.
    pub logoff_time: FileTime,
    /// KickOffTime: LogoffTime plus the grace period; `i64::MAX` for never.
    pub kick_off_time: FileTime,
    /// PasswordLastSet
    pub password_last_set: FileTime,
    /// PasswordCanChange
    pub password_can_change: FileTime,
    /// PasswordMustChange
    pub password_must_change: FileTime,
    /// EffectiveName: the account's name (sAMAccountName).
    pub effective_name: Utf16<'a>,
    /// FullName: the display name.
    pub full_name: Utf16<'a>,
    /// LogonScript
    pub logon_script: Utf16<'a>,
    /// ProfilePath
    pub profile_path: Utf16<'a>,
    /// HomeDirectory
    pub home_directory: Utf16<'a>,
    /// HomeDirectoryDrive
    pub home_directory_drive: Utf16<'a>,
    /// LogonCount
    pub logon_count: u16,
    /// BadPasswordCount
    pub bad_password_count: u16,
    /// UserId: the account's relative identifier in LogonDomainId; if 0, the account is the first
    /// of ExtraSids.
    pub user_id: u32,
    /// PrimaryGroupId: a relative identifier in LogonDomainId.
    pub primary_group_id: u32,
    /// GroupIds: groups of LogonDomainId.
    pub group_ids: GroupMemberships<'a>,
    /// UserFlags: [`user_flags`].
    pub user_flags: u32,
    /// LogonServer: the domain controller's NetBIOS name.
    pub logon_server: Utf16<'a>,
    /// LogonDomainName: the NetBIOS name of the account's domain.
    pub logon_domain_name: Utf16<'a>,
    /// LogonDomainId
    pub logon_domain_id: Option<Sid>,
    /// UserAccountControl, in the bits of [MS-SAMR] 2.2.1.12.
    pub user_account_control: u32,
    /// ExtraSids; empty unless UserFlags marks them as valid.
    pub extra_sids: ExtraSids<'a>,
    /// ResourceGroupDomainSid; `None` unless UserFlags marks it as valid.
    pub resource_group_domain_sid: Option<Sid>,
    /// ResourceGroupIds; empty unless UserFlags marks them as valid.
    pub resource_group_ids: GroupMemberships<'a>,
}

impl<'a> LogonInfo<'a> {
    /// Parses the buffer.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub(super) fn parse(contents: &'a [u8]) -> Result<LogonInfo<'a>> {
        let mut reader = Reader::type_serialized(contents)?;
        reader.pointer()?.required()?;
        LogonInfo::read(&mut reader, Form::Kerberos).map(|(info, _)| info)
    }

    /// Reads the structure selected by `form`, with its referents.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn read(r: &mut Reader<'a>, form: Form) -> Result<(LogonInfo<'a>, Beside<'a>)> {
        let logon_time = FileTime(r.u64_in_longs()?);
        let logoff_time = FileTime(r.u64_in_longs()?);
        let kick_off_time = FileTime(r.u64_in_longs()?);
        let password_last_set = FileTime(r.u64_in_longs()?);
        let password_can_change = FileTime(r.u64_in_longs()?);
        let password_must_change = FileTime(r.u64_in_longs()?);
        let effective_name = r.unicode_string()?;
        let full_name = r.unicode_string()?;
        let logon_script = r.unicode_string()?;
        let profile_path = r.unicode_string()?;
        let home_directory = r.unicode_string()?;
        let home_directory_drive = r.unicode_string()?;
        let logon_count = r.u16()?;
        let bad_password_count = r.u16()?;
        let user_id = r.u32()?;
        let primary_group_id = r.u32()?;
        let group_count = r.u32()?;
        let group_ids = r.pointer()?;
        let user_flags = r.u32()?;
        let user_session_key = r.bytes(16)?;
        let logon_server = r.unicode_string()?;
        let logon_domain_name = r.unicode_string()?;
        let logon_domain_id = r.pointer()?;
        let lm_key = r.bytes(8)?;
        let user_account_control = r.u32()?;
        // SubAuthStatus, LastSuccessfulILogon, LastFailedILogon, FailedILogonCount, Reserved3
        let _interactive_logons = r.bytes(28)?;
        let sid_count = r.u32()?;
        let extra_sids = r.pointer()?;
        let resources = match form {
            Form::Kerberos => Some((r.pointer()?, r.u32()?, r.pointer()?)),
            _ => None,
        };
        let domain_and_upn = match form {
            Form::SamInfo4 => Some((r.unicode_string()?, r.unicode_string()?)),
            _ => None,
        };
        // ExpansionString1 to 10, unused.
        let mut expansion = SmallVec::<[UnicodeString; 10]>::new();
        if form == Form::SamInfo4 {
            for _ in 0..10 {
                expansion.push(r.unicode_string()?);
            }
        }
        // The referents, in the order of the pointers.
        let mut info = LogonInfo {
            logon_time,
            logoff_time,
            kick_off_time,
            password_last_set,
            password_can_change,
            password_must_change,
            effective_name: effective_name.read(r)?,
            full_name: full_name.read_if_text(r)?,
            logon_script: logon_script.read_if_text(r)?,
            profile_path: profile_path.read_if_text(r)?,
            home_directory: home_directory.read_if_text(r)?,
            home_directory_drive: home_directory_drive.read_if_text(r)?,
            logon_count,
            bad_password_count,
            user_id,
            primary_group_id,
            group_ids: GroupMemberships::read(r, group_ids, group_count)?,
            user_flags,
            logon_server: logon_server.read_if_text(r)?,
            logon_domain_name: logon_domain_name.read(r)?,
            logon_domain_id: logon_domain_id.read(|| r.sid())?,
            user_account_control,
            extra_sids: ExtraSids::read(r, extra_sids, sid_count)?,
            resource_group_domain_sid: None,
            resource_group_ids: GroupMemberships::default(),
        };
        if let Some((domain, count, ids)) = resources {
            info.resource_group_domain_sid = domain.read(|| r.sid())?;
            info.resource_group_ids = GroupMemberships::read(r, ids, count)?;
        }
        let (dns_logon_domain_name, upn) = match domain_and_upn {
            Some((domain, upn)) => (domain.read_if_text(r)?, upn.read_if_text(r)?),
            None => (Utf16::default(), Utf16::default()),
        };
        for string in expansion {
            let _ = string.read_if_text(r)?;
        }
        if user_flags & user_flags::EXTRA_SIDS == 0 {
            info.extra_sids = ExtraSids::default();
        }
        if user_flags & user_flags::RESOURCE_GROUPS == 0 {
            info.resource_group_domain_sid = None;
            info.resource_group_ids = GroupMemberships::default();
        }
        Ok((info, Beside { user_session_key, lm_key, dns_logon_domain_name, upn }))
    }

    /// The account data.
    ///
    /// Errors: `OutOfMemory`.
    pub fn facts(&self) -> Result<AccountInfo> {
        // There can be hundreds of groups.
        let mut groups = allocation::vec(self.groups().size_hint().1.unwrap_or(0))?;
        // Internal iteration is faster over the four chained arrays.
        self.groups().for_each(|group| groups.push(group));
        Ok(AccountInfo {
            sid: self.user_sid(),
            primary_group: self.primary_group_sid(),
            groups: groups.into_boxed_slice(),
            full_name: self.full_name.to_text()?,
            logon_server: self.logon_server.to_text()?,
            logon_time: self.logon_time,
            logoff_time: self.logoff_time,
            password_must_change: self.password_must_change,
            user_flags: self.user_flags,
            user_account_control: self.user_account_control,
            ..AccountInfo::default()
        })
    }

    /// The account's SID; `None` without a domain, or without both UserId and ExtraSids.
    pub fn user_sid(&self) -> Option<Sid> {
        match self.user_id {
            0 => self.extra_sids.iter().next().map(|extra| extra.sid),
            rid => self.logon_domain_id?.with_rid(rid),
        }
    }

    /// The primary group's SID; `None` without a domain.
    pub fn primary_group_sid(&self) -> Option<Sid> {
        self.logon_domain_id?.with_rid(self.primary_group_id)
    }

    /// All groups: those of the account's domain, including the primary group even if it is not
    /// listed, then the extra SIDs, then the resource groups. The account itself is not included.
    /// Duplicates in the PAC are kept.
    pub fn groups(&self) -> impl Iterator<Item = SidAndAttributes> + use<'a> {
        let listed = self.group_ids.iter().any(|group| group.rid == self.primary_group_id);
        let primary = if listed { None } else { self.primary_group_sid() };
        let primary = primary.map(|sid| SidAndAttributes { sid, attributes: attributes::MEMBER });
        // Without UserId, the first extra SID is the account.
        let accounts = usize::from(self.user_id == 0);
        (self.group_ids.sids(self.logon_domain_id).chain(primary))
            .chain(self.extra_sids.iter().skip(accounts))
            .chain(self.resource_group_ids.sids(self.resource_group_domain_sid))
    }
}

impl fmt::Debug for LogonInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "LogonInfo({}\\{}, {:?})",
            self.logon_domain_name,
            self.effective_name,
            self.user_sid()
        )
    }
}
