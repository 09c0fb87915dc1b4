//! ChangeAccountPassword.

use crate::authority::{PasswordChange, PasswordChanger};
use crate::entry::abi::*;
use crate::entry::boundary::arguments::PasswordArguments;
use crate::entry::boundary::buffers::Buffers;
use crate::entry::boundary::text::{self, Text};
use crate::mechanism::{Mechanism, Package};
use crate::platform;
use crate::server;
use crate::tickets;
use crate::types::account_name;
use crate::types::error::{Error, Result};
use crate::types::identity::Identity;
use zeroize::Zeroizing;

/// ChangeAccountPassword, for accounts of the account file, and of realms by their KDCs.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn change<Char: Text>(
    package: Package,
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
        let identity = Identity {
            user: account.to_string(),
            domain: domain.to_string(),
            password: Zeroizing::new(old.to_string()),
        };
        let environment = configuration.client_environment();
        let own = configuration.settings.accounts.domain.as_deref();
        let is_own = own.is_some_and(|own| account_name::same(own, &identity.domain));
        if package != Package::Only(Mechanism::Ntlm)
            && !is_own
            && tickets::is_in_realm(&identity, &environment)
        {
            tickets::change_password(&identity, &new, &environment)?;
            return Ok(SEC_E_OK);
        }
        let change = PasswordChange { domain: &domain, user: &account, old: &old, new: &new };
        changer.change(&change, platform::now())?;
    }
    Ok(SEC_E_OK)
}
