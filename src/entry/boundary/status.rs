//! The one place where an [`Error`] becomes a `SECURITY_STATUS`.

use crate::entry::abi::*;
use crate::types::error::Error;

/// The status for `error`.
pub(crate) fn of(error: &Error) -> SECURITY_STATUS {
    match error {
        Error::InvalidToken(_) => SEC_E_INVALID_TOKEN,
        Error::LogonDenied(_) => SEC_E_LOGON_DENIED,
        Error::BadBindings(_) => SEC_E_BAD_BINDINGS,
        Error::WrongTarget(_) => SEC_E_TARGET_UNKNOWN,
        Error::MessageAltered(_) => SEC_E_MESSAGE_ALTERED,
        Error::OutOfSequence => SEC_E_OUT_OF_SEQUENCE,
        Error::NothingInCommon(_) | Error::Unsupported(_) => SEC_E_UNSUPPORTED_FUNCTION,
        Error::InvalidParameter(_) => SEC_E_INVALID_PARAMETER,
        Error::InvalidHandle(_) => SEC_E_INVALID_HANDLE,
        Error::BufferTooSmall { .. } => SEC_E_BUFFER_TOO_SMALL,
        Error::QopNotSupported => SEC_E_QOP_NOT_SUPPORTED,
        Error::PackageNotFound => SEC_E_SECPKG_NOT_FOUND,
        Error::NoCredentials(_) => SEC_E_NO_CREDENTIALS,
        Error::UnknownCredentials(_) => SEC_E_UNKNOWN_CREDENTIALS,
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
