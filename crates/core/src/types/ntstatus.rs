//! NTSTATUS ([MS-ERREF] 2.3): a domain controller's result for a logon.

use std::fmt;

/// A status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NtStatus(pub u32);

/// Defines a constant for each status, with its name and meaning for `Display`.
macro_rules! statuses {
    ($($name:ident = $value:literal, $meaning:literal;)*) => {
        impl NtStatus {
            $(#[doc = concat!("STATUS_", stringify!($name), ": ", $meaning)] pub const $name: NtStatus = NtStatus($value);)*

            /// The name without `STATUS_`, and the meaning.
            fn known(self) -> Option<(&'static str, &'static str)> {
                match self.0 {
                    $($value => Some((stringify!($name), $meaning)),)*
                    _ => None,
                }
            }

            /// The status with this name, given without `STATUS_`.
            pub fn named(name: &str) -> Option<NtStatus> {
                match name {
                    $(stringify!($name) => Some(NtStatus($value)),)*
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    SUCCESS = 0x0000_0000, "done";
    UNSUCCESSFUL = 0xc000_0001, "not a matter of the logon";
    INVALID_INFO_CLASS = 0xc000_0003, "the kind of information is not known";
    INVALID_PARAMETER = 0xc000_000d, "an argument is not allowed";
    ACCESS_DENIED = 0xc000_0022, "access denied";
    NO_LOGON_SERVERS = 0xc000_005e, "no domain controller of the account's domain can be reached";
    NO_SUCH_USER = 0xc000_0064, "no such user";
    WRONG_PASSWORD = 0xc000_006a, "wrong password";
    LOGON_FAILURE = 0xc000_006d, "wrong user or password, or the response was for another computer";
    ACCOUNT_RESTRICTION = 0xc000_006e, "a restriction of the account";
    INVALID_LOGON_HOURS = 0xc000_006f, "outside the account's logon hours";
    INVALID_WORKSTATION = 0xc000_0070, "the account may not log on from this workstation";
    PASSWORD_EXPIRED = 0xc000_0071, "the password has expired";
    ACCOUNT_DISABLED = 0xc000_0072, "the account is disabled";
    INSUFFICIENT_RESOURCES = 0xc000_009a, "the domain controller is out of resources";
    NOT_SUPPORTED = 0xc000_00bb, "not supported";
    INTERNAL_ERROR = 0xc000_00e5, "an error within the domain controller";
    INVALID_COMPUTER_NAME = 0xc000_0122, "not the name of this domain controller";
    TIME_DIFFERENCE_AT_DC = 0xc000_0133, "the clocks differ";
    LOGON_TYPE_NOT_GRANTED = 0xc000_015b, "the account may not log on over the network";
    NO_TRUST_LSA_SECRET = 0xc000_018a, "the domain controller has no secret for the trust";
    NO_TRUST_SAM_ACCOUNT = 0xc000_018b, "the domain has no such machine account";
    TRUSTED_DOMAIN_FAILURE = 0xc000_018c, "the trust to the account's domain is broken";
    TRUSTED_RELATIONSHIP_FAILURE = 0xc000_018d, "the trust of this machine is broken";
    NETLOGON_NOT_STARTED = 0xc000_0192, "Netlogon is not running";
    ACCOUNT_EXPIRED = 0xc000_0193, "the account has expired";
    NOLOGON_WORKSTATION_TRUST_ACCOUNT = 0xc000_0199, "a machine account";
    NOLOGON_SERVER_TRUST_ACCOUNT = 0xc000_019a, "a domain controller's account";
    DOMAIN_TRUST_INCONSISTENT = 0xc000_019b, "the names of the trust are inconsistent";
    NOLOGON_INTERDOMAIN_TRUST_ACCOUNT = 0xc000_0198, "an account of a trust between domains";
    PASSWORD_MUST_CHANGE = 0xc000_0224, "the password must be changed first";
    DOMAIN_CONTROLLER_NOT_FOUND = 0xc000_0233, "no domain controller found";
    ACCOUNT_LOCKED_OUT = 0xc000_0234, "the account is locked out";
    DOWNGRADE_DETECTED = 0xc000_0388, "the negotiated security is weaker than allowed";
    AUTHENTICATION_FIREWALL_FAILED = 0xc000_0413, "the account may not authenticate to this computer";
    NTLM_BLOCKED = 0xc000_0418, "the domain's policy blocks NTLM";
}

impl NtStatus {
    /// The name without `STATUS_`, if it is one of these.
    pub fn name(self) -> Option<&'static str> {
        self.known().map(|(name, _)| name)
    }

    /// Whether it is an error, by its severity.
    pub fn is_error(self) -> bool {
        self.0 >> 30 == 3
    }

    /// Whether the domain was unable to decide about the logon, rather than rejecting it.
    pub fn is_no_judgement(self) -> bool {
        matches!(
            self,
            NtStatus::INVALID_INFO_CLASS
                | NtStatus::INVALID_PARAMETER
                | NtStatus::ACCESS_DENIED
                | NtStatus::NO_LOGON_SERVERS
                | NtStatus::INSUFFICIENT_RESOURCES
                | NtStatus::NOT_SUPPORTED
                | NtStatus::INTERNAL_ERROR
                | NtStatus::INVALID_COMPUTER_NAME
                | NtStatus::TIME_DIFFERENCE_AT_DC
                | NtStatus::NO_TRUST_LSA_SECRET
                | NtStatus::NO_TRUST_SAM_ACCOUNT
                | NtStatus::TRUSTED_DOMAIN_FAILURE
                | NtStatus::TRUSTED_RELATIONSHIP_FAILURE
                | NtStatus::NETLOGON_NOT_STARTED
                | NtStatus::DOMAIN_TRUST_INCONSISTENT
                | NtStatus::DOMAIN_CONTROLLER_NOT_FOUND
                | NtStatus::DOWNGRADE_DETECTED
        )
    }
}

impl fmt::Display for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some((name, meaning)) => write!(f, "{meaning} (STATUS_{name}, {:#010x})", self.0),
            None => write!(f, "status {:#010x}", self.0),
        }
    }
}
