//! ChangeAccountPassword.

use crate::authority;
use crate::config;
use crate::entry::abi::*;
use crate::entry::boundary::buffers::Buffers;
use crate::entry::boundary::text;
use crate::entry::boundary::text::Text;
use crate::entry::packages;
use crate::types::error::{Error, Result};

/// The names and passwords that ChangeAccountPassword takes.
pub(crate) struct Change<Char> {
    pub(crate) package: *mut Char,
    pub(crate) domain: *mut Char,
    pub(crate) account: *mut Char,
    pub(crate) old: *mut Char,
    pub(crate) new: *mut Char,
}

/// ChangeAccountPassword, for accounts of the account file; `system` does it for packages of the
/// system's.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn change<Char: Text>(
    change: &Change<Char>,
    output: PSecBufferDesc,
    system: impl FnOnce() -> Option<SECURITY_STATUS>,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        match packages::named(change.package) {
            Err(Error::PackageNotFound) if !change.package.is_null() => {
                return system().ok_or(Error::PackageNotFound);
            }
            package => package?,
        };
        // There is nothing to tell but the status.
        Buffers::new(output)?.iter().for_each(|buffer| buffer.set_length(0));
        let [domain, account, old, new] = [
            text::read(change.domain)?,
            text::read(change.account)?,
            text::read(change.old)?,
            text::read(change.new)?,
        ];
        let given =
            |text: Option<_>| text.ok_or(Error::InvalidParameter("NULL for a name or a password"));
        let (account, old, new) = (given(account)?, given(old)?, given(new)?);
        authority::change_password(
            &config::current(),
            &domain.unwrap_or_default(),
            &account,
            &old,
            &new,
        )?;
    }
    Ok(SEC_E_OK)
}
