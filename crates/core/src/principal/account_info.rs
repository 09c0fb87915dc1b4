//! An authority's data about an account, besides its name.

use super::SidAndAttributes;
use crate::types::sid::Sid;
use crate::types::time::FileTime;

/// Account data: from a PAC ([MS-PAC] 2.5 to 2.15), from a domain controller's validation
/// information ([MS-NRPC] 2.2.1.4.11 to .13), or from the file of account details. Unknown fields
/// are empty, unknown times [`FileTime::NEVER`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountInfo {
    /// The account's SID.
    pub sid: Option<Sid>,
    /// The SID of its primary group.
    pub primary_group: Option<Sid>,
    /// The groups of the account, including its primary group, with their attributes in a token.
    pub groups: Box<[SidAndAttributes]>,
    /// The user principal name, `user@dns.domain`; empty if unknown.
    pub upn: String,
    /// The DNS name of the domain; empty if unknown.
    pub dns_domain: String,
    /// The display name; may be empty.
    pub full_name: String,
    /// The NetBIOS name of the domain controller that authenticated the client.
    pub logon_server: String,
    /// The time of the logon, in UTC.
    pub logon_time: FileTime,
    /// When the session should end, in UTC; [`FileTime::NEVER`] or later for never.
    pub logoff_time: FileTime,
    /// When the password expires, in UTC; [`FileTime::NEVER`] or later for never.
    pub password_must_change: FileTime,
    /// `UserFlags` of KERB_VALIDATION_INFO.
    pub user_flags: u32,
    /// `UserAccountControl` of KERB_VALIDATION_INFO.
    pub user_account_control: u32,
    /// The contents of PAC_CLIENT_CLAIMS_INFO, for
    /// [`Claims::parse`](crate::kerberos::pac::Claims::parse).
    pub client_claims: Option<Box<[u8]>>,
    /// The contents of PAC_DEVICE_CLAIMS_INFO.
    pub device_claims: Option<Box<[u8]>>,
    /// The contents of PAC_DEVICE_INFO: the groups of the client's machine.
    pub device_info: Option<Box<[u8]>>,
    /// PAC_REQUESTOR: the SID of the account that requested the ticket-granting ticket.
    pub requestor: Option<Sid>,
    /// PAC_ATTRIBUTES_INFO: bit 0 if the client requested a PAC, bit 1 if it got one without a
    /// request.
    pub pac_attributes: Option<u32>,
}

impl Default for AccountInfo {
    /// An account without any data.
    fn default() -> AccountInfo {
        AccountInfo {
            sid: None,
            primary_group: None,
            groups: Box::default(),
            upn: String::new(),
            dns_domain: String::new(),
            full_name: String::new(),
            logon_server: String::new(),
            logon_time: FileTime::NEVER,
            logoff_time: FileTime::NEVER,
            password_must_change: FileTime::NEVER,
            user_flags: 0,
            user_account_control: 0,
            client_claims: None,
            device_claims: None,
            device_info: None,
            requestor: None,
            pac_attributes: None,
        }
    }
}
