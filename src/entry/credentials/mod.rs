//! AcquireCredentialsHandle, FreeCredentialsHandle, AddCredentials; attributes of credentials.

pub(crate) mod auth_data;
pub(crate) mod change_password;
mod client_tickets;
pub(crate) mod hash_callback;
mod kdc_proxy;
mod outbound;
mod winpr;

use super::abi::*;
use super::boundary::arguments::AcquireArguments;
use super::boundary::pointers::{put, timestamp};
use super::boundary::query_buffer::QueryBuffer;
use super::boundary::text::{self, Text};
use super::forward::{self, Form};
use super::handles::table::{Kind, Table};
use super::handles::{Object, find, first_generation, object, update};
use super::packages;
use crate::access_token::ActAs;
use crate::kerberos::{CredentialKeys, Service};
use crate::mechanism::Mechanism;
use crate::mechanism::Package;
use crate::ntlm::Account;
use crate::server::acceptance::Assembled;
use crate::server::credential::Usage;
use crate::server::{self, Configuration, Credential};
use crate::tickets::Tickets;
use crate::types::account_name;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use crate::types::identity::Identity;
use crate::types::time::FileTime;
use auth_data::AuthData;
use std::ffi::c_void;
use std::sync::{Arc, LazyLock};

/// What credentials handles name.
pub(super) static CREDENTIALS: LazyLock<Table<Object<Arc<Credential>>>> =
    LazyLock::new(|| Table::new(Kind::Credential, first_generation));

/// AcquireCredentialsHandle, for a package of this library.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn acquire<Char: Form>(
    package: Package,
    arguments: &AcquireArguments<Char>,
) -> Result<SECURITY_STATUS> {
    if arguments.handle.is_null() {
        return Err(Error::InvalidParameter("phCredential is NULL"));
    }
    let usage = usage(arguments.usage)?;
    // SAFETY: C caller's contract, strings and identities.
    let (principal, mut data) = unsafe {
        (text::read(arguments.principal)?, auth_data::read::<Char>(arguments.data.cast())?)
    };
    if usage.inbound {
        data.open_winpr()?;
    }
    let principal = principal.map(|name| allocation::text(&name)).transpose()?;
    let configuration = server::current();
    // SAFETY: C caller's contract.
    let outbound =
        unsafe { outbound::acquire(arguments, usage, &data, &configuration.settings.outbound)? };
    if let outbound::Side::Refused(status) = outbound
        && !usage.inbound
    {
        return Ok(status);
    }
    let ours = Usage { outbound: usage.outbound && outbound.is_ours(), ..usage };
    let credential = credential(package, usage, ours, principal, data, &configuration);
    let expiry = credential.tickets.as_ref().and_then(|tickets| tickets.expiry());
    if usage.inbound && credential.mechanisms.contains(&Mechanism::Kerberos) {
        log_keys(&credential, &configuration);
    }
    let limit = configuration.settings.limits.credentials;
    let credential = Arc::new(credential);
    let (status, system_s, object) = match outbound {
        outbound::Side::System(status, handle) if usage.inbound => {
            (status, Some(handle.clone()), Object::Both(Arc::new((credential, handle))))
        }
        outbound::Side::System(status, handle) => {
            (status, Some(handle.clone()), Object::Forwarded(handle))
        }
        _ => (SEC_E_OK, None, Object::Ours(credential)),
    };
    let Some(words) = CREDENTIALS.insert(object, limit) else {
        if let Some(handle) = system_s {
            forward::end(&handle, |system| system.unicode.FreeCredentialsHandle);
        }
        return Err(Error::OutOfMemory);
    };
    // The handle last: it must not be lost, even if both are in one place.
    // SAFETY: C caller's contract, outputs.
    unsafe {
        if system_s.is_none() {
            put(arguments.expiry, timestamp(expiry.unwrap_or(FileTime::NEVER)));
        }
        put(arguments.handle, words.into());
    }
    Ok(status)
}

/// The credential. `ours` is the usage without the side that the system's SSPI has.
fn credential(
    package: Package,
    usage: Usage,
    ours: Usage,
    principal: Option<String>,
    data: AuthData,
    configuration: &Configuration,
) -> Credential {
    let mechanisms = mechanisms(package, data.packages.as_deref(), configuration);
    let is_client = ours.outbound && mechanisms.contains(&Mechanism::Kerberos);
    let tickets = if is_client { client_tickets::of(&data, configuration) } else { None };
    let AuthData { identity, packages: _, keytab, accounts: of_file, application, .. } = data;
    let accepts = usage.inbound && mechanisms.contains(&Mechanism::Kerberos);
    let alone = package == Package::Only(Mechanism::Kerberos);
    let service = match accepts {
        true => {
            let (principal, identity) = (principal.as_deref(), identity.as_ref());
            Credential::service(principal, identity, keytab, alone, configuration)
        }
        false => Service::default(),
    };
    // As in the account file, an account without a password cannot log on over the network, and a
    // service is not an account.
    let named = |identity: &Identity| !identity.user.is_empty() && !identity.user.contains('/');
    let is_client =
        |identity: &Identity| named(identity) && !(accepts && Service::is_meant(identity, alone));
    let usable = |identity: &&Identity| {
        usage.inbound && is_client(identity) && !identity.password.is_empty()
    };
    let of_identity = identity.iter().filter(usable).map(Account::from_identity);
    let accounts = of_identity.chain(of_file).collect();
    Credential {
        package,
        usage,
        principal,
        identity,
        mechanisms,
        accounts,
        application,
        service,
        tickets,
        assembled: Assembled::default(),
    }
}

/// The mechanisms of the package that the caller's list leaves, preferred first.
fn mechanisms(
    package: Package,
    list: Option<&str>,
    configuration: &Configuration,
) -> Vec<Mechanism> {
    match package {
        Package::Negotiate => {
            let configured = &configuration.settings.negotiate.mechanisms;
            let mut mechanisms = auth_data::mechanisms(list, configured);
            mechanisms.retain(|mechanism| !packages::deleted(*mechanism));
            mechanisms
        }
        Package::Only(mechanism) => vec![mechanism],
    }
}

/// Logs whether there are keys, to explain why clients cannot use Kerberos.
fn log_keys(credential: &Credential, configuration: &Configuration) {
    let principal = credential.principal.as_deref().unwrap_or("any");
    let sources = configuration.keys.keytab.is_some()
        || !matches!(credential.service.keys, CredentialKeys::None);
    match (credential.has_keys(configuration), sources) {
        (true, _) => tracing::debug!(principal, "credentials: there are keys for Kerberos"),
        (false, true) => {
            tracing::warn!(
                principal,
                "credentials: no key for Kerberos is for this principal and of a type that is allowed"
            )
        }
        (false, false) => tracing::debug!("credentials: there is no keytab, so no Kerberos"),
    }
}

/// QueryCredentialsAttributes and QueryCredentialsAttributesEx.
///
/// # Safety
/// As the functions' own.
pub(super) unsafe fn query<Char: Text>(
    handle: PCredHandle,
    attribute: ULONG,
    buffer: *mut c_void,
    length: Option<ULONG>,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles.
    let credential = unsafe { find(&CREDENTIALS, handle)? };
    if buffer.is_null() {
        return Err(Error::InvalidParameter("pBuffer is NULL"));
    }
    let answer = QueryBuffer::new(buffer, length);
    // SAFETY: C caller's contract, attributes.
    unsafe {
        match attribute {
            SECPKG_CRED_ATTR_NAMES => answer.with(|| {
                Ok(SecPkgCredentials_Names::<Char> {
                    sUserName: text::allocate(&name(&credential)?)?,
                })
            }),
            SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS => {
                let settings = credential.tickets.as_ref().and_then(|tickets| tickets.proxy());
                kdc_proxy::write(settings, buffer, length)
            }
            SECPKG_CRED_ATTR_SSI_PROVIDER => {
                Err(Error::NoCredentials("the credentials are no identity provider's"))
            }
            // Including SECPKG_CRED_ATTR_CERT, which applies to Kerberos clients.
            _ => Err(Error::Unsupported("this attribute of credentials")),
        }
    }
}

fn name(credential: &Credential) -> Result<String> {
    match (&credential.identity, &credential.principal) {
        (Some(identity), _) if identity.domain.is_empty() => Ok(identity.user.clone()),
        (Some(identity), _) => Ok(format!("{}\\{}", identity.domain, identity.user)),
        (None, Some(principal)) => Ok(principal.clone()),
        (None, None) if let Some(tickets) = &credential.tickets => {
            tickets.client().map(|client| client.to_text())
        }
        (None, None) => Err(Error::NoCredentials("the credentials have no name")),
    }
}

/// AddCredentials, for contexts that are started from now on.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn add<Char: Text>(
    handle: PCredHandle,
    principal: *mut Char,
    package: *mut Char,
    usage: ULONG,
    data: *mut c_void,
    expiry: PTimeStamp,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles and strings.
    let (credential, package) = unsafe { (find(&CREDENTIALS, handle)?, packages::named(package)?) };
    let usage = self::usage(usage)?;
    // SAFETY: C caller's contract, strings and identities.
    let (principal, mut data) =
        unsafe { (text::read(principal)?, auth_data::read::<Char>(data.cast())?) };
    if package != credential.package && credential.package != Package::Negotiate {
        return Err(Error::PackageNotFound);
    }
    if usage.inbound && !credential.usage.inbound || usage.outbound && !credential.usage.outbound {
        return Err(Error::InvalidParameter("credentials of another direction"));
    }
    if usage.inbound {
        data.open_winpr()?;
    }
    let principal = principal.map(|name| name.to_string());
    let added = self::credential(package, usage, usage, principal, data, &server::current());
    // SAFETY: C caller's contract, handles and outputs.
    unsafe {
        update(&CREDENTIALS, handle, |credential: &mut Arc<Credential>| {
            *credential = Arc::new(joined(credential, added)?);
            Ok(())
        })?;
        put(expiry, timestamp(FileTime::NEVER));
    }
    Ok(SEC_E_OK)
}

/// The credential combined with another one.
fn joined(credential: &Credential, added: Credential) -> Result<Credential> {
    let mut joined = credential.clone();
    for account in added.accounts {
        let same = |other: &Account| {
            account_name::same(&other.user, &account.user)
                && account_name::same(&other.domain, &account.domain)
        };
        joined.accounts.retain(|other| !same(other));
        joined.accounts.push(account);
    }
    joined.application = added.application.or(joined.application);
    match (&joined.service.keys, &added.service.keys) {
        (_, CredentialKeys::None) => {}
        (CredentialKeys::None, _) => joined.service = added.service,
        _ => return Err(Error::UnknownCredentials("the credentials are a service's already")),
    }
    if added.usage.outbound && added.identity.is_some() {
        joined.identity = added.identity;
        if added.mechanisms.contains(&Mechanism::Kerberos) {
            joined.tickets = added.tickets;
        }
    }
    Ok(joined)
}

fn usage(bits: ULONG) -> Result<Usage> {
    match bits & SECPKG_CRED_BOTH {
        0 => Err(Error::InvalidParameter("fCredentialUse is neither inbound nor outbound")),
        bits => Ok(Usage {
            inbound: bits & SECPKG_CRED_INBOUND != 0,
            outbound: bits & SECPKG_CRED_OUTBOUND != 0,
        }),
    }
}

/// SetCredentialsAttributes, for contexts that are started from now on.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn set(
    handle: PCredHandle,
    attribute: ULONG,
    buffer: *mut c_void,
    length: ULONG,
) -> Result<SECURITY_STATUS> {
    if attribute == SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS {
        // SAFETY: C caller's contract, handles.
        unsafe { find(&CREDENTIALS, handle)? };
        // SAFETY: C caller's contract, attributes.
        let settings = unsafe { kdc_proxy::read(buffer.cast(), length)? };
        // SAFETY: C caller's contract, handles.
        return unsafe { change_tickets(handle, |tickets| Ok(tickets.with_proxy(&settings))) };
    }
    // SAFETY: C caller's contract, handles and attributes.
    unsafe {
        update(&CREDENTIALS, handle, |credential: &mut Arc<Credential>| {
            let changed = hash_callback::set(credential, attribute, buffer)?;
            if !credential.usage.inbound {
                return Err(Error::InvalidParameter("credentials for outbound use only"));
            }
            *credential = Arc::new(changed);
            Ok(())
        })?;
    }
    Ok(SEC_E_OK)
}

/// Lets contexts that are started from now on act as the client of a context.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn act_as(handle: PCredHandle, client: &ActAs) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles.
    if let Object::Both(_) = unsafe { object(&CREDENTIALS, handle)? } {
        return Err(Error::InvalidParameter("the outbound side is the system's"));
    }
    let tickets = client_tickets::acting_as(client, &server::current())?;
    let tickets = Arc::new(tickets);
    // SAFETY: C caller's contract, handles.
    unsafe {
        update(&CREDENTIALS, handle, |credential: &mut Arc<Credential>| {
            if !credential.usage.outbound {
                return Err(Error::InvalidParameter("credentials for inbound use only"));
            }
            if !credential.mechanisms.contains(&Mechanism::Kerberos) {
                return Err(Error::InvalidParameter("credentials that are not for Kerberos"));
            }
            let changed = Credential {
                tickets: Some(tickets.clone()),
                // Kerberos' alone: the credential's own password is another's.
                identity: None,
                ..(**credential).clone()
            };
            *credential = Arc::new(changed);
            Ok(())
        })?;
    }
    Ok(SEC_E_OK)
}

/// Changes the tickets of a credential.
///
/// # Safety
/// `handle` is NULL or points to a handle.
unsafe fn change_tickets(
    handle: PCredHandle,
    change: impl Fn(&Tickets) -> Result<Tickets>,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles.
    unsafe {
        update(&CREDENTIALS, handle, |credential: &mut Arc<Credential>| {
            let tickets = credential
                .tickets
                .as_ref()
                .ok_or(Error::InvalidParameter("credentials without a client for Kerberos"))?;
            let tickets = Some(Arc::new(change(tickets)?));
            *credential = Arc::new(Credential { tickets, ..(**credential).clone() });
            Ok(())
        })?;
    }
    Ok(SEC_E_OK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn of(
        package: &str,
        principal: Option<&str>,
        user: &str,
        packages: Option<&str>,
    ) -> Credential {
        let identity = Identity {
            user: user.into(),
            domain: "EXAMPLE.COM".into(),
            password: "Password".to_owned().into(),
        };
        let data = AuthData {
            identity: Some(identity),
            packages: packages.map(str::to_owned),
            ..AuthData::default()
        };
        let usage = Usage { inbound: true, outbound: false };
        credential(
            Package::from_name(package).unwrap(),
            usage,
            usage,
            principal.map(str::to_owned),
            data,
            &Configuration::open(Settings::default(), None),
        )
    }

    /// If a password were a client's and a service's, that client could forge tickets for any user.
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
                let (has_keys, is_client) = (
                    matches!(made.service.keys, CredentialKeys::Password(_)),
                    !made.accounts.is_empty(),
                );
                assert_eq!(
                    (has_keys, is_client),
                    (service, !service),
                    "{package} {user} {principal:?}"
                );
            }
        }
    }
}
