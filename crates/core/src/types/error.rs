//! The errors of all internal functions. `entry::status` maps them to `SECURITY_STATUS` values.

use super::bindings_result::BindingsError;
use super::krb_error_code;
use super::logon_names::LogonNames;
use crate::types::ntstatus::NtStatus;
use std::fmt;

/// The result of everything below the C boundary.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error, grouped by the side that caused it. The text is for the operator's log: it contains no
/// secrets and is not sent to the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    // ---- the peer's
    /// A token that cannot be parsed or that breaks its protocol (`SEC_E_INVALID_TOKEN`).
    InvalidToken(&'static str),
    /// The client is rejected (`SEC_E_LOGON_DENIED`), whatever the reason.
    LogonDenied(Denial),
    /// Channel bindings differ or are missing where they are required (`SEC_E_BAD_BINDINGS`).
    BadBindings(BindingsError),
    /// The client named a service that is not this one (`SEC_E_TARGET_UNKNOWN`).
    WrongTarget(&'static str),
    /// A signature does not match (`SEC_E_MESSAGE_ALTERED`).
    MessageAltered(&'static str),
    /// A peer, or anyone between, may have forced a weaker mechanism (`SEC_E_DOWNGRADE_DETECTED`).
    DowngradeDetected(&'static str),
    /// A message was replayed or came out of order (`SEC_E_OUT_OF_SEQUENCE`).
    OutOfSequence,
    /// No mechanism or option is common to both sides (`SEC_E_UNSUPPORTED_FUNCTION` on the
    /// acceptor, as in Windows if no offered mechanism is usable).
    NothingInCommon(&'static str),

    /// A KDC, or the acceptor of a Kerberos exchange, refuses with this code of a KRB-ERROR
    /// (RFC 4120 7.5.9).
    KrbError(i32),

    // ---- the caller's
    /// An argument that the function's documentation does not permit (`SEC_E_INVALID_PARAMETER`).
    InvalidParameter(&'static str),
    /// A handle that is invalid, closed, or in the wrong state (`SEC_E_INVALID_HANDLE`).
    InvalidHandle(&'static str),
    /// An output buffer too small for `needed` bytes (`SEC_E_BUFFER_TOO_SMALL`).
    BufferTooSmall {
        /// The sufficient length, in bytes.
        needed: usize,
    },
    /// A quality of protection that the mechanism does not have (`SEC_E_QOP_NOT_SUPPORTED`).
    QopNotSupported,
    /// An unsupported function or option (`SEC_E_UNSUPPORTED_FUNCTION`).
    Unsupported(&'static str),
    /// No such package (`SEC_E_SECPKG_NOT_FOUND`).
    PackageNotFound,
    /// The call needs credentials that the handle does not have (`SEC_E_NO_CREDENTIALS`).
    NoCredentials(&'static str),
    /// The given identity is not usable (`SEC_E_UNKNOWN_CREDENTIALS`).
    UnknownCredentials(&'static str),
    /// A password that is not permitted (`STATUS_PASSWORD_RESTRICTION`, an NTSTATUS).
    PasswordRestriction(&'static str),
    /// The contents of an identity are requested, but it is encrypted (`STATUS_INVALID_PARAMETER`,
    /// an NTSTATUS, as documented).
    EncryptedIdentity,

    /// The context cannot be exported (`SEC_E_CANNOT_PACK`).
    CannotPack(&'static str),
    /// The exported context is another package's (`SEC_E_BAD_PKGID`).
    WrongPackage,

    // ---- the machine's
    /// No authority is available to authenticate the client (`SEC_E_NO_AUTHENTICATING_AUTHORITY`).
    NoAuthority(&'static str),
    /// A token for the client cannot be made, or not by this process (`SEC_E_NO_IMPERSONATION`).
    NoImpersonation(&'static str),
    /// The context has expired (`SEC_E_CONTEXT_EXPIRED`).
    ContextExpired,
    /// A table, a limit or the heap is full (`SEC_E_INSUFFICIENT_MEMORY`).
    OutOfMemory,
    /// An internal error of this library or of the machine (`SEC_E_INTERNAL_ERROR`).
    Internal(&'static str),
}

/// The reason why a logon was denied. Only for the operator's log: the caller and the peer cannot
/// distinguish them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// No account with this name.
    UnknownUser,
    /// The password is wrong.
    WrongPassword,
    /// The account is disabled.
    AccountDisabled,
    /// The client is anonymous, which the server does not permit.
    Anonymous,
    /// Policy does not permit this kind of response (LM, NTLMv1, ...).
    ResponseNotAllowed,
    /// The challenge has expired, or the clocks differ by more than policy permits.
    Stale,
    /// The MIC over the three NTLM messages, or over the mechanism list, is missing or wrong.
    Mic,
    /// The NTLMv2 response does not return the target information of the challenge.
    TargetInfo,
    /// The client's messages are this process' own, meant for another service.
    Reflected,
    /// Kerberos rejects the ticket or the authenticator.
    Ticket(&'static str),
    /// Too many wrong passwords were given for the account; logons to it are throttled.
    Throttled,
    /// NTLM is switched off.
    NtlmOff,
    /// A domain controller rejects the logon, with this status.
    Controller(NtStatus),
    /// Policy requires more than the client offered (128 bits, signing, ...).
    Policy(&'static str),
}

impl Error {
    /// The NTSTATUS with the detailed reason: SubStatus in Windows' audit events.
    pub fn nt_status(&self) -> NtStatus {
        match self {
            Error::LogonDenied(denial) => match denial {
                Denial::UnknownUser => NtStatus::NO_SUCH_USER,
                Denial::WrongPassword => NtStatus::WRONG_PASSWORD,
                Denial::AccountDisabled => NtStatus::ACCOUNT_DISABLED,
                Denial::Throttled => NtStatus::ACCOUNT_LOCKED_OUT,
                Denial::NtlmOff => NtStatus::NTLM_BLOCKED,
                Denial::Policy(_) => NtStatus::ACCOUNT_RESTRICTION,
                Denial::Controller(status) => *status,
                Denial::Anonymous
                | Denial::ResponseNotAllowed
                | Denial::Stale
                | Denial::Mic
                | Denial::TargetInfo
                | Denial::Reflected
                | Denial::Ticket(_) => NtStatus::LOGON_FAILURE,
            },
            Error::NoAuthority(_) => NtStatus::NO_LOGON_SERVERS,
            _ => NtStatus::UNSUCCESSFUL,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InvalidToken(why) => write!(f, "invalid token: {why}"),
            Error::LogonDenied(why) => write!(f, "logon denied: {why}"),
            Error::BadBindings(error) => write!(f, "channel bindings: {}", error.why),
            Error::WrongTarget(why) => write!(f, "wrong target: {why}"),
            Error::MessageAltered(why) => write!(f, "message altered: {why}"),
            Error::DowngradeDetected(why) => write!(f, "downgrade detected: {why}"),
            Error::OutOfSequence => f.write_str("message out of sequence"),
            Error::NothingInCommon(why) => write!(f, "nothing in common with the peer: {why}"),
            Error::KrbError(code) => match krb_error_code::name(*code) {
                Some((name, meaning)) => write!(f, "{meaning} ({name}, {code})"),
                None => write!(f, "KRB-ERROR {code}"),
            },
            Error::InvalidParameter(why) => write!(f, "invalid parameter: {why}"),
            Error::InvalidHandle(why) => write!(f, "invalid handle: {why}"),
            Error::BufferTooSmall { needed } => {
                write!(f, "buffer too small, {needed} bytes needed")
            }
            Error::QopNotSupported => f.write_str("quality of protection not supported"),
            Error::Unsupported(what) => write!(f, "not supported: {what}"),
            Error::PackageNotFound => f.write_str("no such package"),
            Error::NoCredentials(why) => write!(f, "no credentials: {why}"),
            Error::UnknownCredentials(why) => write!(f, "unusable credentials: {why}"),
            Error::PasswordRestriction(why) => write!(f, "password not permitted: {why}"),
            Error::EncryptedIdentity => f.write_str("an encrypted identity"),
            Error::CannotPack(why) => write!(f, "cannot be exported: {why}"),
            Error::WrongPackage => f.write_str("another package's context"),
            Error::NoAuthority(why) => write!(f, "no authority: {why}"),
            Error::NoImpersonation(why) => write!(f, "no impersonation: {why}"),
            Error::ContextExpired => f.write_str("context expired"),
            Error::OutOfMemory => f.write_str("out of memory"),
            Error::Internal(why) => write!(f, "internal error: {why}"),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Denial::UnknownUser => "unknown user",
            Denial::WrongPassword => "wrong password",
            Denial::AccountDisabled => "account disabled",
            Denial::Anonymous => "anonymous logon not allowed",
            Denial::ResponseNotAllowed => "kind of response not allowed by policy",
            Denial::Stale => "challenge or timestamp too old",
            Denial::Mic => "MIC missing or wrong",
            Denial::TargetInfo => "target information changed or missing in the response",
            Denial::Reflected => "this process' own messages, sent back to it",
            Denial::Throttled => "too many wrong passwords",
            Denial::NtlmOff => "NTLM is switched off ([ntlm] mode)",
            Denial::Ticket(why) => return write!(f, "Kerberos: {why}"),
            Denial::Controller(status) => return write!(f, "{status}"),
            Denial::Policy(what) => return write!(f, "policy: {what}"),
        })
    }
}

impl std::error::Error for Error {}

/// A failed step of an exchange, with an error token for the peer if the caller asked for one
/// (`ASC_REQ_EXTENDED_ERROR`).
#[derive(Debug)]
pub struct Failure {
    /// The reason.
    pub error: Error,
    /// The mechanism's error message for the peer.
    pub token: Option<Vec<u8>>,
    /// The names that an NTLM client sent, if the failure is from its verification or later.
    pub logon: Option<Box<LogonNames>>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure { error, token: None, logon: None }
    }
}
