//! Credentials for outbound use that the operating system's secur32.dll makes: those of the user
//! who runs the process, as a program had them without this library.

use super::auth_data::AuthData;
use crate::access_token::{self, Acting};
use crate::config::{Outbound, OutboundProvider};
use crate::entry::abi::*;
use crate::entry::auth_identity::Decrypted;
use crate::entry::boundary::arguments::AcquireArguments;
use crate::entry::forward::{self, Form};
use crate::entry::handles::forwarded::ForwardedHandle;
use crate::server::credential::Usage;
use crate::types::error::{Error, Result};
use std::ptr::null_mut;

/// The outbound side of credentials.
pub(super) enum Side {
    /// It is this library's.
    Ours,
    /// It is secur32.dll's, with the status that it returned.
    System(SECURITY_STATUS, ForwardedHandle),
    /// secur32.dll has refused to make it.
    Refused(SECURITY_STATUS),
}

impl Side {
    /// Whether it is this library's.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Side::Ours)
    }
}

/// Whether the calling thread can act as a client of this library's, which the system's SSPI does not
/// know.
fn has_delegated() -> bool {
    matches!(access_token::acting(), Acting::Client(Some(_)))
}

/// Acquires the outbound side of credentials. `data` is what `pAuthData` says.
///
/// # Safety
/// As for AcquireCredentialsHandle.
pub(super) unsafe fn acquire<Char: Form>(
    arguments: &AcquireArguments<Char>,
    usage: Usage,
    data: &AuthData,
    settings: &Outbound,
) -> Result<Side> {
    let wanted = match settings.provider {
        OutboundProvider::Auto => data.identity.is_none() && !has_delegated(),
        OutboundProvider::System => true,
        OutboundProvider::Negossp => false,
    };
    if !usage.outbound || !wanted {
        return Ok(Side::Ours);
    }
    // SAFETY: C caller's contract, identities.
    let decrypted = unsafe { Decrypted::of::<Char>(arguments.data.cast())? };
    let auth_data = match data.keytab {
        // An inbound service's keys, which no other provider knows.
        Some(_) => null_mut(),
        None => decrypted.as_ptr().cast(),
    };
    // SAFETY: C caller's contract.
    match unsafe { forward::acquire_outbound(arguments, auth_data) } {
        Ok((status, handle)) if status >= 0 => {
            tracing::debug!("credentials: the outbound side is the system's");
            Ok(Side::System(status, handle))
        }
        Ok((status, _)) => {
            tracing::info!(
                status = format_args!("{:#010x}", status),
                "credentials: the system has none for outbound use"
            );
            Ok(Side::Refused(status))
        }
        Err(Error::PackageNotFound) => Ok(Side::Ours),
        Err(error) => Err(error),
    }
}
