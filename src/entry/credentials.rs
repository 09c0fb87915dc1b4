//! AcquireCredentialsHandle, FreeCredentialsHandle, QueryCredentialsAttributes.

use super::abi::*;
use super::converse::{put, timestamp};
use super::identity::{self, AuthData};
use super::objects::{CREDENTIALS, find, take};
use super::packages;
use super::text::{self, Text};
use crate::authority::Account;
use crate::config::{self, Settings};
use crate::credential::{Credential, Identity, Package, Usage};
use crate::error::{Error, Result};
use crate::kerberos::{self, OwnKeys, Service};
use crate::mechanism::Mechanism;
use crate::time::FileTime;
use std::ffi::c_void;
use std::sync::Arc;

/// AcquireCredentialsHandle.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn acquire<Char: Text>(
    principal: *const Char,
    package: *const Char,
    usage: ULONG,
    data: *const c_void,
    handle: PCredHandle,
    expiry: PTimeStamp,
) -> Result<SECURITY_STATUS> {
    if handle.is_null() {
        return Err(Error::InvalidParameter("phCredential is NULL"));
    }
    // SAFETY: the caller's promise is this function's own.
    let package = unsafe { packages::named(package)? };
    let usage = match usage & SECPKG_CRED_BOTH {
        0 => return Err(Error::InvalidParameter("fCredentialUse is neither inbound nor outbound")),
        bits => Usage { inbound: bits & SECPKG_CRED_INBOUND != 0, outbound: bits & SECPKG_CRED_OUTBOUND != 0 },
    };
    // SAFETY: likewise.
    let (principal, data) = unsafe { (text::read(principal)?, identity::read::<Char>(data.cast())?) };
    let settings = config::current();
    let credential = credential(package, usage, principal.map(|name| name.to_string()), data, &settings);
    if usage.inbound && credential.mechanisms.contains(&Mechanism::Kerberos) {
        say_whether_keys(&credential, &settings);
    }
    let words = CREDENTIALS.insert(Arc::new(credential), settings.limits.credentials).ok_or(Error::OutOfMemory)?;
    // SAFETY: likewise; `handle` is not NULL.
    unsafe {
        put(handle, words.into());
        put(expiry, timestamp(FileTime::NEVER));
    }
    Ok(SEC_E_OK)
}

fn credential(package: Package, usage: Usage, principal: Option<String>, data: AuthData, settings: &Settings) -> Credential {
    let AuthData { identity, packages, keytab } = data;
    let mechanisms = match package {
        Package::Negotiate => identity::mechanisms(packages.as_deref(), &settings.negotiate.mechanisms),
        Package::Only(mechanism) => vec![mechanism],
    };
    let tickets = usage.inbound && mechanisms.contains(&Mechanism::Kerberos);
    let alone = package == Package::Only(Mechanism::Kerberos);
    let service = match tickets {
        true => Service::new(principal.as_deref(), identity.as_ref(), keytab, alone, settings),
        false => Service::default(),
    };
    // As in the account file, nobody logs on over the network without a password; and nobody is a service.
    let named = |identity: &Identity| !identity.user.is_empty() && !identity.user.contains('/');
    let is_client = |identity: &Identity| named(identity) && !(tickets && Service::is_meant(identity, alone));
    let usable = |identity: &&Identity| usage.inbound && is_client(identity) && !identity.password.is_empty();
    let account = identity.as_ref().filter(usable).map(Account::from_identity);
    Credential { package, usage, principal, identity, mechanisms, account, service }
}

/// Who wonders why clients don't get to use Kerberos finds it in the log.
fn say_whether_keys(credential: &Credential, settings: &Settings) {
    let principal = credential.principal.as_deref().unwrap_or("any");
    let sources = settings.kerberos.keytab.is_some() || !matches!(credential.service.keys, OwnKeys::None);
    match (kerberos::has_keys(credential, settings), sources) {
        (true, _) => tracing::debug!(principal, "credentials: there are keys for Kerberos"),
        (false, true) => {
            tracing::warn!(principal, "credentials: no key for Kerberos is for this principal and of a type that is allowed")
        }
        (false, false) => tracing::debug!("credentials: there is no keytab, so no Kerberos"),
    }
}

/// FreeCredentialsHandle.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn free(handle: PCredHandle) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    unsafe { take(&CREDENTIALS, handle) }.map(|_| SEC_E_OK)
}

/// QueryCredentialsAttributes.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn query<Char: Text>(handle: PCredHandle, attribute: ULONG, buffer: *mut c_void) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let credential = unsafe { find(&CREDENTIALS, handle)? };
    if attribute != SECPKG_CRED_ATTR_NAMES {
        return Err(Error::Unsupported("this attribute of credentials"));
    }
    if buffer.is_null() {
        return Err(Error::InvalidParameter("pBuffer is NULL"));
    }
    let name = match (&credential.identity, &credential.principal) {
        (Some(identity), _) if identity.domain.is_empty() => identity.user.clone(),
        (Some(identity), _) => format!("{}\\{}", identity.domain, identity.user),
        (None, Some(principal)) => principal.clone(),
        (None, None) => return Err(Error::NoCredentials("the credentials have no name")),
    };
    let names = SecPkgCredentials_Names::<Char> { sUserName: text::give(&name)? };
    // SAFETY: not NULL, so it points to the structure of the attribute by the caller's promise.
    unsafe { put(buffer.cast(), names) };
    Ok(SEC_E_OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(package: &str, principal: Option<&str>, user: &str, packages: Option<&str>) -> Credential {
        let identity = Identity { user: user.into(), domain: "EXAMPLE.COM".into(), password: "Password".to_owned().into() };
        let data = AuthData { identity: Some(identity), packages: packages.map(str::to_owned), keytab: None };
        let usage = Usage { inbound: true, outbound: false };
        credential(Package::from_name(package).unwrap(), usage, principal.map(str::to_owned), data, &Settings::default())
    }

    /// A password that is a client's and a service's would let that client forge tickets for anybody.
    #[test]
    fn an_identity_is_a_service_or_a_client() {
        for (package, user, packages, service) in [
            ("Negotiate", "alice", None, false),
            ("Negotiate", r"EXAMPLE\alice", None, false),
            ("Negotiate", "alice@EXAMPLE.COM", None, false),
            ("Negotiate", "WEB1$", None, true),
            ("Negotiate", r"EXAMPLE\WEB1$", None, true),
            ("Negotiate", "HTTP/web1", None, true),
            ("Kerberos", "alice", None, true),
            // A computer is a client too, where there are no tickets.
            ("Negotiate", "WEB1$", Some("!Kerberos"), false),
            ("NTLM", "WEB1$", None, false),
            ("NTLM", "alice", None, false),
        ] {
            for principal in [None, Some("HTTP/web1"), Some("alice")] {
                let made = of(package, principal, user, packages);
                let (has_keys, is_client) = (matches!(made.service.keys, OwnKeys::Password(_)), made.account.is_some());
                assert_eq!((has_keys, is_client), (service, !service), "{package} {user} {principal:?}");
            }
        }
    }
}
