//! What an authority says of an account besides its name.

use super::SidAndAttributes;
use crate::types::sid::Sid;
use crate::types::time::FileTime;

/// What is known of an account: by a PAC ([MS-PAC] 2.5 to 2.15), by a domain controller's
/// validation information ([MS-NRPC] 2.2.1.4.11 to .13), or by what stands beside the account file.
/// What is not known is empty, and a time that is not known is [`FileTime::NEVER`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountInfo {
    /// The account's SID.
    pub sid: Option<Sid>,
    /// The SID of its primary group.
    pub primary_group: Option<Sid>,
    /// The groups that it is in, its primary group among them, with the attributes that a token
    /// gives them.
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
    /// The contents of PAC_CLIENT_CLAIMS_INFO, for
    /// [`Claims::parse`](crate::kerberos::pac::Claims::parse).
    pub client_claims: Option<Box<[u8]>>,
    /// The contents of PAC_DEVICE_CLAIMS_INFO.
    pub device_claims: Option<Box<[u8]>>,
    /// The contents of PAC_DEVICE_INFO: the groups of the device that the client sits at.
    pub device_info: Option<Box<[u8]>>,
    /// PAC_REQUESTOR: the SID of the account that asked for the ticket-granting ticket.
    pub requestor: Option<Sid>,
    /// PAC_ATTRIBUTES_INFO: bit 0 if the client asked for a PAC, bit 1 if it was given one unasked.
    pub pac_attributes: Option<u32>,
}

impl Default for AccountInfo {
    /// Nothing is known.
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
