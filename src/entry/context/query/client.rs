//! Attributes of the client, besides names.

use crate::access_token::{Config, Sids};
use crate::context::EstablishedContext;
use crate::entry::abi::*;
use crate::entry::boundary::pointers::timestamp;
use crate::principal::AccountInfo;
use crate::types::address::Address;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use std::ffi::c_void;
use std::fmt::Write;

fn facts(secured: &EstablishedContext) -> Option<&AccountInfo> {
    secured.established.client.account.as_deref()
}

/// SECPKG_ATTR_PASSWORD_EXPIRY: "never" if not known.
pub(crate) fn password_expiry(secured: &EstablishedContext) -> SecPkgContext_PasswordExpiry {
    let when = facts(secured).map_or(FileTime::NEVER, |facts| facts.password_must_change);
    SecPkgContext_PasswordExpiry { tsPasswordExpires: timestamp(when) }
}

/// SECPKG_ATTR_LOGOFF_TIME: "never" if not known.
pub(crate) fn logoff_time(secured: &EstablishedContext) -> SecPkgContext_LogoffTime {
    let when = facts(secured).map_or(FileTime::NEVER, |facts| facts.logoff_time);
    SecPkgContext_LogoffTime { tsLogoffTime: timestamp(when) }
}

/// SECPKG_ATTR_USER_FLAGS: 0 if not known.
pub(crate) fn user_flags(secured: &EstablishedContext) -> SecPkgContext_UserFlags {
    SecPkgContext_UserFlags { UserFlags: facts(secured).map_or(0, |facts| facts.user_flags) }
}

/// SECPKG_ATTR_AUTHENTICATION_ID, a LUID: the context's number.
pub(crate) fn authentication_id(number: u64) -> SECURITY_INTEGER {
    SECURITY_INTEGER { QuadPart: number.cast_signed() }
}

/// SECPKG_ATTR_IS_LOOPBACK: by the address that the server told, else by NTLM's MachineID.
pub(crate) fn is_loopback(secured: &EstablishedContext, address: Option<Address>) -> Result<bool> {
    if !secured.accepted {
        return Err(Error::Unsupported("an attribute of the acceptor's contexts"));
    }
    Ok(address.map_or(secured.established.same_machine, |address| address.is_loopback()))
}

/// SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES.
pub(crate) fn claims(secured: &EstablishedContext) -> Result<*mut c_void> {
    let claims = facts(secured).and_then(|facts| facts.client_claims.as_deref());
    super::claims::subject_attributes(
        claims.ok_or(Error::Unsupported("the claims of a client that has none"))?,
    )
}

/// SECPKG_ATTR_NEGOSSP_CLIENT_SIDS: the client's own, then those of its account's groups, one per
/// line.
pub(crate) fn sids(secured: &EstablishedContext, config: &Config) -> Result<String> {
    let established = &secured.established;
    let sids = Sids::of(&established.client, established.mechanism, config)?;
    let sids = sids.ok_or(Error::Unsupported("the SIDs of a client that has none"))?;
    let groups = sids.account_groups().iter().filter(|group| group.counts()).map(|group| group.sid);
    /// Characters of the longest SID: an authority in hexadecimal and 15 sub-authorities.
    const LONGEST: usize = "S-1-0x000000000000".len() + 15 * "-4294967295".len();
    let mut text = String::new();
    for sid in std::iter::once(sids.user).chain(groups) {
        text.try_reserve(1 + LONGEST).map_err(|_| Error::OutOfMemory)?;
        text.push_str(if text.is_empty() { "" } else { "\n" });
        // There is room, and writing to a String does not fail.
        let _ = write!(text, "{sid}");
    }
    Ok(text)
}
