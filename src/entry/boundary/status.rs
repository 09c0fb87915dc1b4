//! The one place where an [`Error`] becomes a `SECURITY_STATUS`.

use crate::entry::abi::*;
use crate::kerberos::message::error_code;
use crate::types::error::Error;

/// The status for `error`.
pub(crate) fn of(error: &Error) -> SECURITY_STATUS {
    match error {
        Error::InvalidToken(_) => SEC_E_INVALID_TOKEN,
        Error::LogonDenied(_) => SEC_E_LOGON_DENIED,
        Error::BadBindings(_) => SEC_E_BAD_BINDINGS,
        Error::WrongTarget(_) => SEC_E_TARGET_UNKNOWN,
        Error::MessageAltered(_) => SEC_E_MESSAGE_ALTERED,
        Error::DowngradeDetected(_) => SEC_E_DOWNGRADE_DETECTED,
        Error::OutOfSequence => SEC_E_OUT_OF_SEQUENCE,
        Error::NothingInCommon(_) | Error::Unsupported(_) => SEC_E_UNSUPPORTED_FUNCTION,
        Error::KrbError(code) => of_krb_error(*code),
        Error::InvalidParameter(_) => SEC_E_INVALID_PARAMETER,
        Error::InvalidHandle(_) => SEC_E_INVALID_HANDLE,
        Error::BufferTooSmall { .. } => SEC_E_BUFFER_TOO_SMALL,
        Error::QopNotSupported => SEC_E_QOP_NOT_SUPPORTED,
        Error::PackageNotFound => SEC_E_SECPKG_NOT_FOUND,
        Error::NoCredentials(_) => SEC_E_NO_CREDENTIALS,
        Error::UnknownCredentials(_) => SEC_E_UNKNOWN_CREDENTIALS,
        Error::PasswordRestriction(_) => STATUS_PASSWORD_RESTRICTION,
        Error::EncryptedIdentity => STATUS_INVALID_PARAMETER,
        Error::CannotPack(_) => SEC_E_CANNOT_PACK,
        Error::WrongPackage => SEC_E_BAD_PKGID,
        Error::NoAuthority(_) => SEC_E_NO_AUTHENTICATING_AUTHORITY,
        Error::NoImpersonation(_) => SEC_E_NO_IMPERSONATION,
        Error::ContextExpired => SEC_E_CONTEXT_EXPIRED,
        Error::OutOfMemory => SEC_E_INSUFFICIENT_MEMORY,
        Error::Internal(_) => SEC_E_INTERNAL_ERROR,
    }
}

/// The status for a KRB-ERROR's code, as Windows tells it to the initiator.
fn of_krb_error(code: i32) -> SECURITY_STATUS {
    match code {
        error_code::C_PRINCIPAL_UNKNOWN
        | error_code::PREAUTH_FAILED
        | error_code::CLIENT_REVOKED
        | error_code::CLIENT_NOTYET
        | error_code::NAME_EXP
        | error_code::POLICY => SEC_E_LOGON_DENIED,
        // There is no SEC_E_* for it. The caller can ask for a new password and change it.
        error_code::KEY_EXPIRED => STATUS_PASSWORD_EXPIRED,
        error_code::S_PRINCIPAL_UNKNOWN | error_code::NOKEY | error_code::NOT_US => {
            SEC_E_TARGET_UNKNOWN
        }
        error_code::SKEW | error_code::TKT_NYV => SEC_E_TIME_SKEW,
        error_code::MODIFIED | error_code::BADMATCH | error_code::BADKEYVER => {
            SEC_E_WRONG_PRINCIPAL
        }
        error_code::ETYPE_NOSUPP => SEC_E_KDC_UNKNOWN_ETYPE,
        error_code::PADATA_TYPE_NOSUPP | error_code::PREAUTH_REQUIRED => SEC_E_UNSUPPORTED_PREAUTH,
        error_code::BADOPTION | error_code::SERVER_NOMATCH => SEC_E_KDC_INVALID_REQUEST,
        error_code::NO_TGT => SEC_E_NO_TGT_REPLY,
        error_code::TKT_EXPIRED => SEC_E_CONTEXT_EXPIRED,
        error_code::SVC_UNAVAILABLE => SEC_E_NO_AUTHENTICATING_AUTHORITY,
        _ => SEC_E_INTERNAL_ERROR,
    }
}
