//! Outcomes in Samba's words.

use negossp::server::NOT_A_MEMBER;
use negossp::types::error::{Denial, Error};
use negossp::types::ntstatus::NtStatus;

/// The status of a failed logon or exchange. An unknown user and a wrong password have the same.
pub(super) fn of(error: &Error) -> NtStatus {
    match error {
        Error::LogonDenied(denial) if *denial == NOT_A_MEMBER => NtStatus::LOGON_FAILURE,
        Error::LogonDenied(Denial::Controller(
            NtStatus::ACCESS_DENIED | NtStatus::UNSUCCESSFUL,
        )) => NtStatus::LOGON_FAILURE,
        Error::LogonDenied(_) => match error.nt_status() {
            NtStatus::NO_SUCH_USER | NtStatus::WRONG_PASSWORD => NtStatus::LOGON_FAILURE,
            other => other,
        },
        Error::BadBindings(_) | Error::WrongTarget(_) => NtStatus::LOGON_FAILURE,
        // What the helper itself lacks.
        Error::NoAuthority(_) | Error::OutOfMemory | Error::Internal(_) => NtStatus::UNSUCCESSFUL,
        _ => NtStatus::INVALID_PARAMETER,
    }
}

/// `NT_STATUS_...`.
pub(super) fn name(status: NtStatus) -> String {
    match status {
        NtStatus::SUCCESS => "NT_STATUS_OK".to_owned(),
        _ => match status.name() {
            Some(name) => format!("NT_STATUS_{name}"),
            None => format!("NT code {:#010x}", status.0),
        },
    }
}

/// The text for it ([MS-ERREF] 2.3.1), which programs such as FreeRADIUS search for words.
pub(super) fn text(status: NtStatus) -> String {
    let text = match status {
        NtStatus::SUCCESS => "The operation completed successfully.",
        NtStatus::UNSUCCESSFUL => "{Operation Failed} The requested operation was unsuccessful.",
        NtStatus::INVALID_PARAMETER => "An invalid parameter was passed to a service or function.",
        NtStatus::LOGON_FAILURE => {
            "The attempted logon is invalid. This is either due to a bad username or authentication information."
        }
        NtStatus::ACCOUNT_RESTRICTION => {
            "Indicates a referenced user name and authentication information are valid, but some user account restriction has prevented successful authentication (such as time-of-day restrictions)."
        }
        NtStatus::INVALID_LOGON_HOURS => {
            "The user account has time restrictions and may not be logged onto at this time."
        }
        NtStatus::INVALID_WORKSTATION => {
            "The user account is restricted so that it may not be used to log on from the source workstation."
        }
        NtStatus::PASSWORD_EXPIRED => "The user account password has expired.",
        NtStatus::ACCOUNT_DISABLED => {
            "The referenced account is currently disabled and may not be logged on to."
        }
        NtStatus::ACCOUNT_EXPIRED => "The user account has expired.",
        NtStatus::PASSWORD_MUST_CHANGE => {
            "The user password must be changed before logging on the first time."
        }
        NtStatus::ACCOUNT_LOCKED_OUT => {
            "The user account has been automatically locked because too many invalid logon attempts or password change attempts have been requested."
        }
        NtStatus::NTLM_BLOCKED => "The authentication failed because NTLM was blocked.",
        other => return name(other),
    };
    text.to_owned()
}
