//! ChangeAccountPassword.

use crate::authority::{PasswordChange, PasswordChanger};
use crate::entry::abi::*;
use crate::entry::boundary::arguments::PasswordArguments;
use crate::entry::boundary::buffers::Buffers;
use crate::entry::boundary::text::{self, Text};
use crate::platform;
use crate::server;
use crate::types::error::{Error, Result};

/// ChangeAccountPassword, for accounts of the account file.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn change<Char: Text>(
    arguments: &PasswordArguments<Char>,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, buffers and strings.
    unsafe {
        let texts = [arguments.domain, arguments.account, arguments.old, arguments.new]
            .map(|text| text::read(text));
        // The status is the only result.
        Buffers::new(arguments.output)?.iter().for_each(|buffer| buffer.set_length(0));
        let [domain, account, old, new] = texts;
        let (domain, account, old, new) = (domain?, account?, old?, new?);
        let given =
            |text: Option<_>| text.ok_or(Error::InvalidParameter("NULL for a name or a password"));
        let (account, old, new) = (given(account)?, given(old)?, given(new)?);
        let configuration = server::current();
        configuration.usable()?;
        let changer = PasswordChanger {
            accounts: &configuration.accounts,
            throttle: &configuration.throttle,
            options: &configuration.settings.authorities,
        };
        let domain = domain.unwrap_or_default();
        let change = PasswordChange { domain: &domain, user: &account, old: &old, new: &new };
        changer.change(&change, platform::now())?;
    }
    Ok(SEC_E_OK)
}
