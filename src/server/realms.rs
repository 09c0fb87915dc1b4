//! Realms and their KDCs: krb5.conf, and the configuration that overrides it.

use crate::config::Settings;
use crate::config::krb5_conf::{CanonicalizeHostname, Krb5Conf, Krb5ConfFile, default_paths};
use crate::kerberos::client::{Capaths, ClientOptions};
use crate::net::kdc;
use crate::runtime::threads;
use crate::stores::ccache;
use crate::tickets::{Environment, Krb5ConfPlace, Realms};
use arc_swap::ArcSwapOption;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The port of KDCs (RFC 4120 7.2.1).
const KDC_PORT: u16 = 88;

/// The configuration of Kerberos clients, made anew when krb5.conf has changed.
pub(super) struct ClientRealms {
    file: Option<Krb5ConfFile>,
    made: ArcSwapOption<Made>,
}

struct Made {
    of: Arc<Krb5Conf>,
    environment: Arc<Environment>,
}

impl ClientRealms {
    /// Reads krb5.conf, from where the settings have it, also in a thread that impersonates a
    /// client.
    ///
    /// Errors: no thread can be started that reads it as the server.
    pub(super) fn open(settings: &Settings) -> io::Result<ClientRealms> {
        let place = settings.tickets.krb5_conf.clone();
        let file = threads::as_server(move || {
            Ok(match place {
                Krb5ConfPlace::Off => None,
                Krb5ConfPlace::System => Some(Krb5ConfFile::open(default_paths())),
                Krb5ConfPlace::At(path) => Some(Krb5ConfFile::open(vec![path])),
            })
        })?;
        Ok(ClientRealms { file, made: ArcSwapOption::empty() })
    }

    /// The settings alone.
    pub(super) fn without_file() -> ClientRealms {
        ClientRealms { file: None, made: ArcSwapOption::empty() }
    }

    /// What is in force now.
    pub(super) fn current(&self, settings: &Settings) -> Arc<Environment> {
        let krb5 = self.file.as_ref().map_or_else(Arc::default, Krb5ConfFile::current);
        let made = self.made.load();
        if let Some(made) = &*made
            && Arc::ptr_eq(&made.of, &krb5)
        {
            return made.environment.clone();
        }
        let environment = Arc::new(environment(settings, krb5.clone()));
        let made = Made { of: krb5, environment: environment.clone() };
        self.made.store(Some(Arc::new(made)));
        environment
    }
}

impl fmt::Debug for ClientRealms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRealms").field("file", &self.file).finish_non_exhaustive()
    }
}

fn environment(settings: &Settings, krb5: Arc<Krb5Conf>) -> Environment {
    let defaults = &krb5.libdefaults;
    let domain = settings.domain.as_ref().map(|domain| (domain, domain.realm.to_uppercase()));
    let default_realm = Some(&settings.kerberos_files.realm)
        .filter(|realm| !realm.is_empty())
        .or(domain.as_ref().map(|(_, realm)| realm))
        .or(defaults.default_realm.as_ref())
        .cloned();
    let tickets = krb5.tickets(default_realm.as_deref().unwrap_or_default());
    let options = &settings.tickets;
    let seconds = |value: i64| u64::try_from(value).ok().filter(|&value| value > 0);
    let usual = ClientOptions::default();
    let permitted = |enctypes: &[crate::kerberos::crypto::Enctype]| {
        let both = enctypes.iter().filter(|enctype| settings.kerberos.allows(**enctype));
        both.copied().collect::<Vec<_>>()
    };
    let client_options = ClientOptions {
        enctypes: permitted(&defaults.tkt_enctypes),
        forwardable: tickets.forwardable.unwrap_or(usual.forwardable),
        proxiable: tickets.proxiable,
        canonicalize: tickets.canonicalize.unwrap_or(usual.canonicalize),
        lifetime: seconds(tickets.ticket_lifetime).map_or(usual.lifetime, Duration::from_secs),
        renew_lifetime: seconds(tickets.renew_lifetime).map(Duration::from_secs),
        max_clock_skew: settings.kerberos.max_clock_skew,
        request_pac: usual.request_pac,
    };
    let mut kdcs = krb5.kdc_options();
    for (realm, servers) in &options.kdcs {
        let servers = servers.iter().filter_map(|text| {
            let server = kdc::Server::parse(text, KDC_PORT);
            if server.is_none() {
                tracing::warn!(realm, server = text, "[kerberos] kdcs: not a server");
            }
            server
        });
        kdcs.realms.entry(realm.clone()).or_default().kdcs = servers.collect();
    }
    if let Some((domain, realm)) = &domain {
        let of_domain = kdcs.realms.entry(realm.clone()).or_default();
        if of_domain.kdcs.is_empty() {
            of_domain.kdcs = domain
                .controllers
                .iter()
                .filter_map(|host| kdc::Server::parse(&host.host, KDC_PORT))
                .collect();
        }
    }
    let mut capaths = Capaths::new();
    for (client, servers) in &krb5.capaths {
        for (server, between) in servers {
            let between: Vec<&str> = between.iter().map(String::as_str).collect();
            capaths.insert(client, server, &between);
        }
    }
    Environment {
        options: Arc::new(client_options),
        capaths: Arc::new(capaths),
        kdcs: Arc::new(kdcs),
        kdc_timesync: defaults.kdc_timesync,
        timeout: options.kdc_timeout,
        problems: krb5.problems.clone(),
        ccaches: ccache::Settings {
            default_name: defaults.default_ccache_name.clone(),
            patience: options.kdc_timeout,
            ..ccache::Settings::default()
        },
        ccache: options.ccache.clone(),
        client_keytab: options.client_keytab.clone(),
        default_client_keytab: defaults.default_client_keytab_name.clone(),
        realms: Arc::new(Known {
            default_realm,
            configured: options.kdcs.keys().cloned().collect(),
            domain: domain.map(|(domain, realm)| (domain.name.clone(), realm)),
            krb5,
        }),
    }
}

/// The names that the configuration knows.
struct Known {
    default_realm: Option<String>,
    /// Realms of `[kerberos] kdcs`.
    configured: Vec<String>,
    /// The NetBIOS name and the realm of `[domain]`.
    domain: Option<(String, String)>,
    krb5: Arc<Krb5Conf>,
}

impl Realms for Known {
    fn default_realm(&self) -> Option<&str> {
        self.default_realm.as_deref()
    }

    fn realm(&self, name: &str) -> Option<&str> {
        let of_domain = self.domain.iter().map(|(_, realm)| realm);
        let realms = self.default_realm.iter().chain(&self.configured);
        let realms: Vec<&String> = realms.chain(self.krb5.realms.keys()).chain(of_domain).collect();
        let exact = realms.iter().find(|realm| **realm == name);
        exact
            .or_else(|| realms.iter().find(|realm| realm.eq_ignore_ascii_case(name)))
            .map(|realm| realm.as_str())
    }

    fn of_netbios(&self, name: &str) -> Option<&str> {
        let (netbios, realm) = self.domain.as_ref()?;
        netbios.eq_ignore_ascii_case(name).then_some(realm)
    }

    fn of_host(&self, host: &str) -> Option<&str> {
        self.krb5.realm_of_host(host)
    }

    fn host_names(&self, host: &str) -> Vec<String> {
        let mut names = vec![host.to_owned()];
        // MIT's KDCs tell capitals from small letters, and have their hosts in small ones.
        let lower = host.to_lowercase();
        if lower != host {
            names.push(lower);
        }
        let (name, port) = match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        };
        let defaults = &self.krb5.libdefaults;
        let domain = defaults.qualify_shortname.as_deref().unwrap_or_default();
        if !name.contains('.')
            && !domain.is_empty()
            && defaults.dns_canonicalize_hostname != CanonicalizeHostname::No
        {
            let full = format!("{name}.{domain}");
            names.push(port.map_or(full.clone(), |port| format!("{full}:{port}")));
        }
        names
    }
}
