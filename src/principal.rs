//! Who the client is.

use crate::kerberos::pac::SidAndAttributes;
use crate::sid::Sid;
use crate::time::FileTime;
use std::sync::Arc;

/// An authenticated client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Principal {
    /// The account's name, as the authority spells it, without domain.
    pub user: String,
    /// The NetBIOS domain or computer that the account belongs to, or the realm where no domain is known; empty when
    /// there is none.
    pub domain: String,
    /// Nobody: a null session.
    pub anonymous: bool,
    /// What is shown instead of `DOMAIN\user`.
    pub shown: Option<String>,
    /// The name in the mechanism's own form, where that is another one: Kerberos' full principal.
    pub native: Option<String>,
    /// What a domain says of the account.
    pub account: Option<Arc<DomainAccount>>,
}

/// What a domain's authority says of an account: a PAC ([MS-PAC] 2.5 to 2.15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainAccount {
    /// The account's SID.
    pub sid: Option<Sid>,
    /// The SID of its primary group.
    pub primary_group: Option<Sid>,
    /// The groups that it is in, its primary group among them, with the attributes that a token gives them.
    pub groups: Box<[SidAndAttributes]>,
    /// Its user principal name, `user@dns.domain`; empty if not told.
    pub upn: String,
    /// Its domain's DNS name; empty if not told.
    pub dns_domain: String,
    /// The name to be shown to people; may be empty.
    pub full_name: String,
    /// The domain controller that authenticated it, by its NetBIOS name.
    pub logon_server: String,
    /// When it logged on, in UTC.
    pub logon_time: FileTime,
    /// When its session should end, in UTC; [`FileTime::NEVER`] or later for never.
    pub logoff_time: FileTime,
    /// When its password expires, in UTC; [`FileTime::NEVER`] or later for never.
    pub password_must_change: FileTime,
    /// `UserFlags` of KERB_VALIDATION_INFO.
    pub user_flags: u32,
    /// `UserAccountControl` of KERB_VALIDATION_INFO.
    pub user_account_control: u32,
    /// The contents of PAC_CLIENT_CLAIMS_INFO, for [`Claims::parse`](crate::kerberos::pac::Claims::parse).
    pub client_claims: Option<Box<[u8]>>,
    /// The contents of PAC_DEVICE_CLAIMS_INFO.
    pub device_claims: Option<Box<[u8]>>,
    /// The contents of PAC_DEVICE_INFO: the groups of the device that the client sits at.
    pub device_info: Option<Box<[u8]>>,
    /// PAC_REQUESTOR: the SID of whoever asked for the ticket-granting ticket.
    pub requestor: Option<Sid>,
    /// PAC_ATTRIBUTES_INFO: bit 0 if the client asked for a PAC, bit 1 if it was given one unasked.
    pub pac_attributes: Option<u32>,
}

impl Principal {
    /// The account `user` of `domain`.
    pub fn of_account(user: String, domain: String) -> Principal {
        Principal { user, domain, ..Principal::default() }
    }

    /// Nobody, as Windows names it.
    pub fn anonymous() -> Principal {
        Principal { anonymous: true, ..Principal::of_account("ANONYMOUS LOGON".into(), "NT AUTHORITY".into()) }
    }

    /// `DOMAIN\user`, or `user` alone, or what the name was mapped to: what `SECPKG_ATTR_NAMES` shows.
    pub fn display_name(&self) -> String {
        match &self.shown {
            Some(name) => name.clone(),
            None if self.domain.is_empty() => self.user.clone(),
            None => format!("{}\\{}", self.domain, self.user),
        }
    }

    /// The name in the mechanism's own form: what `SECPKG_ATTR_NATIVE_NAMES` shows.
    pub fn native_name(&self) -> String {
        self.native.clone().unwrap_or_else(|| self.display_name())
    }
}
