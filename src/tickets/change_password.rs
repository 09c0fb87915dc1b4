//! A password changed at the KDC, RFC 3244.

use super::Environment;
use super::clock::Clock;
use super::{client, sources};
use crate::kerberos::client::{
    AsService, ChangePassword, ClientSecret, NewPassword, PasswordResult, run,
};
use crate::net::kdc;
use crate::platform::random::SystemRandom;
use crate::types::error::{Denial, Error, Result};
use crate::types::identity::Identity;
use std::time::Instant;
use zeroize::Zeroizing;

/// Whether the account is one of a realm that the configuration knows.
pub fn is_in_realm(identity: &Identity, environment: &Environment) -> bool {
    let realms = &environment.realms;
    let (user, domain) = match identity.user.split_once('\\') {
        Some((domain, user)) if identity.domain.is_empty() => (user, domain),
        _ => (identity.user.as_str(), identity.domain.as_str()),
    };
    let named = match user.rsplit_once('@') {
        Some((_, suffix)) if domain.is_empty() => suffix,
        _ => domain,
    };
    let is_default = realms.default_realm().is_some_and(|realm| realm.eq_ignore_ascii_case(named));
    !named.is_empty()
        && (is_default || realms.realm(named).is_some() || realms.of_netbios(named).is_some())
}

/// Changes the password of the identity's account to `new`. The password may have expired.
///
/// Errors: `LogonDenied` for a wrong password or an unknown user; `PasswordRestriction` if policy
/// refuses the new one; `NoAuthority` if no KDC or password service replies.
pub fn change_password(identity: &Identity, new: &str, environment: &Environment) -> Result<()> {
    let principal = client::principal(identity, &*environment.realms)?;
    let name = principal.to_text();
    let kdc =
        kdc::Client::with_deadline(environment.kdcs.clone(), Instant::now() + environment.timeout);
    let clock = Clock::new(environment.kdc_timesync);
    let secret = ClientSecret::Password(identity.password.clone());
    let service = AsService::ChangePassword;
    let issued = sources::initial(principal, secret, service, environment, &kdc, &clock)?;
    let mut exchange = ChangePassword::new(NewPassword {
        credentials: issued.credentials,
        password: Zeroizing::new(new.to_owned()),
        target: None,
        address: None,
        clock_offset: issued.clock_offset,
        random: &SystemRandom,
    });
    let answer = run(&mut exchange, &kdc)?;
    match answer.result {
        PasswordResult::Success => {
            tracing::info!(client = name, "password changed by the KDC");
            Ok(())
        }
        result => {
            tracing::warn!(client = name, ?result, text = answer.text, "password not changed");
            Err(match result {
                PasswordResult::SoftError | PasswordResult::HardError => {
                    Error::PasswordRestriction("the KDC refuses the new password")
                }
                PasswordResult::AuthError | PasswordResult::AccessDenied => {
                    Error::LogonDenied(Denial::WrongPassword)
                }
                _ => Error::NoAuthority("the password service does not change passwords so"),
            })
        }
    }
}
