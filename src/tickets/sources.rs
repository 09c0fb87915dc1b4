//! Where a client's first ticket is from: its password, its keys, or a credential cache.

use super::Environment;
use super::base::{Base, Evidence};
use super::clock::Clock;
use super::held::MARGIN;
use crate::kerberos::Principal;
use crate::kerberos::client::{
    AsExchange, AsParameters, AsService, ClientSecret, Credentials, Issued, Kdc, S4uSelf,
    S4uSelfRequest, run,
};
use crate::kerberos::crypto::Key;
use crate::kerberos::keytab::Keytab;
use crate::kerberos::message::error_code;
use crate::platform;
use crate::platform::files;
use crate::platform::random::SystemRandom;
use crate::runtime::threads;
use crate::stores::ccache::{self, Collection, Contents, Name};
use crate::stores::client_keytab;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use std::fmt;
use std::io;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where a client's tickets are from.
#[derive(Clone)]
pub(super) enum Source {
    /// A password.
    Password { client: Principal, password: Zeroizing<String> },
    /// Keys, each with its version.
    Keys { client: Principal, keys: Vec<(u32, Key)> },
    /// The default credential cache of the user who runs the process, or the client keytab.
    User {
        /// Its name when the credential was made: a program that changes `KRB5CCNAME` means its next
        /// ones. `None` if it was no name.
        ccache: Option<Name>,
    },
    /// The credential cache that a client has delegated.
    Delegated(Arc<Contents>),
    /// The server's own ticket, to ask for tickets in the user's name.
    OnBehalfOf { user: Principal, tgt: Arc<Credentials> },
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Password { client, .. } => write!(f, "Password({})", client.to_text()),
            Source::Keys { client, .. } => write!(f, "Keys({})", client.to_text()),
            Source::User { .. } => f.write_str("User"),
            Source::Delegated(cache) => write!(f, "Delegated({})", cache.principal.to_text()),
            Source::OnBehalfOf { user, .. } => write!(f, "OnBehalfOf({})", user.to_text()),
        }
    }
}

/// MIT's mark of a cache with evidence: the value is the service that acts for the client.
const PROXY_IMPERSONATOR: &str = "proxy_impersonator";

impl Source {
    /// The client, as far as it is known without asking a KDC.
    ///
    /// Errors: `NoCredentials` if there is none.
    pub(super) fn client(&self, environment: &Environment) -> Result<Principal> {
        match self {
            Source::Password { client, .. } | Source::Keys { client, .. } => Ok(client.clone()),
            Source::Delegated(cache) => Ok(cache.principal.clone()),
            Source::OnBehalfOf { user, .. } => Ok(user.clone()),
            Source::User { ccache } => match contents(environment, ccache.as_ref()) {
                Ok(cache) => Ok(cache.principal),
                Err(error) => keytab_client(environment).map(|(client, _)| client).ok_or(error),
            },
        }
    }

    /// The first ticket, without asking a KDC.
    pub(super) fn cached_base(&self, environment: &Environment, now: FileTime) -> Option<Base> {
        match self {
            Source::Password { .. } | Source::Keys { .. } | Source::OnBehalfOf { .. } => None,
            Source::Delegated(cache) => base_of(cache, now),
            Source::User { ccache } => base_of(&contents(environment, ccache.as_ref()).ok()?, now),
        }
    }

    /// The first ticket: from the cache, or from the KDC.
    ///
    /// Errors: `NoCredentials` if there is neither ticket nor secret; those of the AS exchange.
    pub(super) fn base(
        &self,
        environment: &Environment,
        kdc: &dyn Kdc,
        clock: &Clock,
    ) -> Result<Base> {
        let (client, secret) = match self {
            Source::Password { client, password } => {
                (client.clone(), ClientSecret::Password(password.clone()))
            }
            Source::Keys { client, keys } => (client.clone(), ClientSecret::Keys(keys.clone())),
            Source::Delegated(cache) => {
                return base_of(cache, clock.at(platform::now())).ok_or(EXPIRED);
            }
            Source::OnBehalfOf { user, tgt } => {
                return on_behalf_of(user, tgt, environment, kdc, clock);
            }
            Source::User { ccache } => {
                let cached = contents(environment, ccache.as_ref());
                if let Ok(cache) = &cached
                    && let Some(base) = base_of(cache, cache.kdc_time(platform::now()))
                {
                    if let Some(offset) = cache.kdc_offset {
                        clock.learn(i64::from(offset.seconds).saturating_mul(1_000_000));
                    }
                    return Ok(base);
                }
                let missing = cached.map_or_else(|error| error, |_| EXPIRED);
                let (client, keys) = keytab_client(environment).ok_or(missing)?;
                (client, ClientSecret::Keys(keys))
            }
        };
        let issued = initial(client, secret, AsService::TicketGranting, environment, kdc, clock)?;
        clock.learn(issued.clock_offset);
        Ok(Base { tgt: Arc::new(issued.credentials), evidence: None })
    }

    /// A ticket for `service` that the cache has already.
    pub(super) fn cached(
        &self,
        environment: &Environment,
        service: &Principal,
        clock: &Clock,
    ) -> Option<Credentials> {
        let now = clock.at(platform::now());
        let find = |cache: &Contents| {
            let exact = || cache.find(service, now, MARGIN).cloned();
            // Without a realm, as the cache's owner would find it.
            let anywhere = || {
                let found = cache.credentials.iter().filter(|ticket| {
                    ticket.server.components == service.components
                        && ticket.client == cache.principal
                        && !ticket.is_skey
                        && ticket.is_valid(now, MARGIN)
                });
                found.max_by_key(|ticket| ticket.endtime).cloned()
            };
            if service.realm.is_empty() { anywhere() } else { exact() }
        };
        match self {
            Source::Password { .. } | Source::Keys { .. } | Source::OnBehalfOf { .. } => None,
            Source::Delegated(cache) => find(cache),
            Source::User { ccache } => find(&contents(environment, ccache.as_ref()).ok()?),
        }
    }
}

/// A ticket to the server itself in the user's name, which is the evidence for what follows
/// ([MS-SFU] 3.1.5.1).
fn on_behalf_of(
    user: &Principal,
    tgt: &Arc<Credentials>,
    environment: &Environment,
    kdc: &dyn Kdc,
    clock: &Clock,
) -> Result<Base> {
    let asked = S4uSelfRequest {
        tgt: tgt.clone(),
        service: tgt.client.clone(),
        user: user.clone(),
        known: Vec::new(),
        clock_offset: clock.offset(),
    };
    let config = environment.tgs_config();
    let output = run(&mut S4uSelf::new(asked, config), kdc)?;
    clock.learn(output.clock_offset);
    let Credentials { ticket, client, endtime, .. } = output.ticket;
    let evidence = Evidence { ticket, client, endtime };
    Ok(Base { tgt: tgt.clone(), evidence: Some(Arc::new(evidence)) })
}

const EXPIRED: Error = Error::NoCredentials("the tickets of the credential cache have expired");

/// The AS exchange. Where the KDC demands FAST, the armor is a ticket of the user who runs the
/// process, or of the client keytab.
pub(super) fn initial(
    client: Principal,
    secret: ClientSecret,
    service: AsService,
    environment: &Environment,
    kdc: &dyn Kdc,
    clock: &Clock,
) -> Result<Issued> {
    let parameters = AsParameters {
        client,
        secret,
        service,
        armor: None,
        clock_offset: clock.offset(),
        options: (*environment.options).clone(),
        random: &SystemRandom,
    };
    let mut exchange = AsExchange::new(parameters.clone())?;
    let refused = match run(&mut exchange, kdc) {
        Err(error @ Error::KrbError(error_code::PREAUTH_REQUIRED | error_code::POLICY))
            if exchange.fast_offered() =>
        {
            error
        }
        result => return result,
    };
    match armor(&parameters, environment, kdc, clock) {
        Some(armor) => {
            let parameters = AsParameters { armor: Some(armor), ..parameters };
            run(&mut AsExchange::new(parameters)?, kdc)
        }
        None => {
            tracing::debug!("the KDC demands FAST, and there is no ticket to armor the request");
            Err(refused)
        }
    }
}

/// A ticket-granting ticket of another principal of the client's realm.
fn armor(
    parameters: &AsParameters,
    environment: &Environment,
    kdc: &dyn Kdc,
    clock: &Clock,
) -> Option<Credentials> {
    let realm = &parameters.client.realm;
    let of_realm = |ticket: &Credentials| ticket.client.realm == *realm;
    let cached =
        contents(environment, None).ok().and_then(|cache| base_of(&cache, platform::now()));
    if let Some(base) = cached.filter(|base| of_realm(&base.tgt)) {
        return Some((*base.tgt).clone());
    }
    let (client, keys) = keytab_client(environment).filter(|(client, _)| client.realm == *realm)?;
    let of_keytab = AsParameters {
        client,
        secret: ClientSecret::Keys(keys),
        service: AsService::TicketGranting,
        clock_offset: clock.offset(),
        ..parameters.clone()
    };
    let issued = run(&mut AsExchange::new(of_keytab).ok()?, kdc).ok()?;
    Some(issued.credentials)
}

/// The name of the default cache, or of a collection.
pub(super) fn default_ccache(environment: &Environment) -> ccache::Result<Name> {
    match &environment.ccache {
        Some(name) => Name::parse(name),
        None => environment.ccaches.default_ccache(),
    }
}

/// The contents of the cache with this name, or else of the default one. It is the server's, also
/// where the thread impersonates a client.
fn contents(environment: &Environment, name: Option<&Name>) -> Result<Contents> {
    let name = name.map_or_else(|| default_ccache(environment), |name| Ok(name.clone()));
    let settings = environment.ccaches.clone();
    let read = move || Collection::new(name?, &settings).primary()?.read();
    let contents = threads::as_server(|| Ok(read()));
    contents.map_err(|_| Error::NoCredentials("no thread to read the credential cache"))?.map_err(
        |error| {
            tracing::debug!(%error, "no tickets from a credential cache");
            error.error()
        },
    )
}

/// The ticket-granting ticket of a cache, and the evidence if it is marked.
fn base_of(cache: &Contents, now: FileTime) -> Option<Base> {
    let own = |owner: &Principal| {
        let tgts = cache.credentials.iter().filter(|ticket| {
            ticket.client == *owner
                && ticket.server.krbtgt_of() == Some(&owner.realm)
                && ticket.server.realm == owner.realm
                && ticket.is_valid(now, MARGIN)
        });
        tgts.max_by_key(|ticket| ticket.endtime).cloned().map(Arc::new)
    };
    let Some(impersonator) = cache.configuration(PROXY_IMPERSONATOR, None) else {
        return own(&cache.principal).map(|tgt| Base { tgt, evidence: None });
    };
    let is_impersonator = |principal: &Principal| principal.to_text().as_bytes() == impersonator;
    let evidence = cache.credentials.iter().find(|ticket| {
        ticket.client == cache.principal
            && is_impersonator(&ticket.server)
            && ticket.is_valid(now, MARGIN)
    })?;
    Some(Base {
        tgt: own(&evidence.server)?,
        evidence: Some(Arc::new(Evidence {
            ticket: evidence.ticket.clone(),
            client: cache.principal.clone(),
            endtime: evidence.endtime,
        })),
    })
}

/// The first client of the client keytab, which is the server's likewise.
fn keytab_client(environment: &Environment) -> Option<(Principal, Vec<(u32, Key)>)> {
    let configured = environment.client_keytab.clone();
    let default = environment.default_client_keytab.clone();
    let read = move || {
        let path = match configured {
            Some(path) => path,
            None => client_keytab::path(default.as_deref()).map_err(io::Error::other)?,
        };
        files::read(&path)
    };
    let content = threads::as_server(read).ok()?;
    let keytab = Keytab::parse(&content.bytes).ok()?;
    let client = client_keytab::clients(&keytab).into_iter().next()?;
    let keys = client.keys.into_iter().map(|key| (0, key)).collect();
    Some((client.principal, keys))
}
