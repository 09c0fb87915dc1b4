//! krb5.conf: the Kerberos configuration of the machine, as MIT krb5 reads it.
//!
//! What is not for a client is ignored, as are settings that the library has no use for. A line or
//! value that cannot be read leaves the rest in force and is a [problem](Krb5Conf::problems): the
//! file is also read by other libraries, whose newer versions may know more.

mod files;
mod profile;
mod value;
mod watched;

pub use files::{default_paths, load};
pub use watched::Krb5ConfFile;

use crate::kerberos::crypto::Enctype;
use crate::net::kdc::{self, Server};
use profile::Profile;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The ports of the KDC and of the password service.
const KDC_PORT: u16 = 88;
const KPASSWD_PORT: u16 = 464;
const KADMIN_PORT: u16 = 749;

/// Whether a service's host name is replaced by its canonical name in DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CanonicalizeHostname {
    /// Always.
    #[default]
    Yes,
    /// Never.
    No,
    /// If there is no ticket for the name as it is.
    Fallback,
}

/// What tickets are asked for. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketOptions {
    /// `forwardable`, if it is set.
    pub forwardable: Option<bool>,
    /// `proxiable`
    pub proxiable: bool,
    /// `canonicalize`, if it is set.
    pub canonicalize: Option<bool>,
    /// `noaddresses`: tickets are not restricted to the host's addresses.
    pub no_addresses: bool,
    /// `ticket_lifetime`; 0 if it is left to the client.
    pub ticket_lifetime: i64,
    /// `renew_lifetime`; 0 for tickets that are not renewable.
    pub renew_lifetime: i64,
}

impl Default for TicketOptions {
    fn default() -> TicketOptions {
        TicketOptions {
            forwardable: None,
            proxiable: false,
            canonicalize: None,
            no_addresses: true,
            ticket_lifetime: 0,
            renew_lifetime: 0,
        }
    }
}

/// `[libdefaults]`
#[derive(Debug, Clone, PartialEq)]
pub struct LibDefaults {
    /// `default_realm`
    pub default_realm: Option<String>,
    /// `dns_lookup_kdc`: KDCs that the file does not name are looked up in DNS.
    pub dns_lookup_kdc: bool,
    /// `dns_lookup_realm`: the realm of a host is looked up in DNS, which nothing protects.
    pub dns_lookup_realm: bool,
    /// `dns_uri_lookup`: also by URI records.
    pub dns_uri_lookup: bool,
    /// `rdns`: the canonical name is that of the host's address.
    pub rdns: bool,
    /// `dns_canonicalize_hostname`
    pub dns_canonicalize_hostname: CanonicalizeHostname,
    /// `qualify_shortname`: the domain of host names without a dot. `None`: the machine's; empty:
    /// none.
    pub qualify_shortname: Option<String>,
    /// What tickets are asked for, unless the realm has other values.
    pub tickets: TicketOptions,
    /// `permitted_enctypes`, the preferred first. If empty, none is permitted.
    pub permitted_enctypes: Vec<Enctype>,
    /// `default_tkt_enctypes`: in requests to the AS; by default those permitted.
    pub tkt_enctypes: Vec<Enctype>,
    /// `default_tgs_enctypes`: in requests to the TGS; by default those permitted.
    pub tgs_enctypes: Vec<Enctype>,
    /// `clockskew`, in seconds.
    pub clockskew: i64,
    /// `kdc_timesync`: the clock's offset from the KDC's is used.
    pub kdc_timesync: bool,
    /// `udp_preference_limit`: longer requests, in bytes, travel by TCP first.
    pub udp_preference_limit: usize,
    /// `request_timeout`: the longest wait for an answer of any KDC.
    pub request_timeout: Option<Duration>,
    /// `enforce_ok_as_delegate`: credentials are delegated to services alone that the KDC names
    /// trusted.
    pub enforce_ok_as_delegate: bool,
    /// `default_ccache_name`, with its `%{...}` as they are.
    pub default_ccache_name: Option<String>,
    /// `default_client_keytab_name`, likewise.
    pub default_client_keytab_name: Option<String>,
    /// `default_keytab_name`, likewise.
    pub default_keytab_name: Option<String>,
}

/// A realm of `[realms]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Realm {
    /// `kdc`
    pub kdcs: Vec<Server>,
    /// `kpasswd_server`, or else the hosts of `admin_server`, with the password service's port.
    pub kpasswd: Vec<Server>,
    /// `http_anchors`: where the certificates are that sign a KDC proxy's (`FILE:`, `DIR:`).
    pub http_anchors: Vec<String>,
    /// `sitename`: the site whose KDCs are preferred among those in DNS.
    pub sitename: Option<String>,
}

/// The configuration. Names of realms are compared letter by letter.
#[derive(Debug, Clone, PartialEq)]
pub struct Krb5Conf {
    /// `[libdefaults]`
    pub libdefaults: LibDefaults,
    /// `[realms]`, by name.
    pub realms: BTreeMap<String, Realm>,
    /// What tickets are asked for in realms with values of their own in `[libdefaults]`.
    pub realm_tickets: BTreeMap<String, TicketOptions>,
    /// `[domain_realm]`: realms by host name, or by domain with a dot before it.
    pub domain_realm: BTreeMap<String, String>,
    /// `[capaths]`: by the client's realm and then the service's, the realms between the two; none
    /// if the realms share a key.
    pub capaths: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// What could not be read, a line each, with its place.
    pub problems: Vec<String>,
}

impl Default for Krb5Conf {
    /// The configuration without a file.
    fn default() -> Krb5Conf {
        Krb5Conf::of(&Profile::default(), Vec::new())
    }
}

impl Krb5Conf {
    /// Parses the text of one file. What it includes is a problem.
    pub fn parse(bytes: &[u8]) -> Krb5Conf {
        let mut nothing = files::Nothing;
        let mut reader = profile::Reader::new(&mut nothing);
        reader.file(Path::new("krb5.conf"), bytes);
        let (profile, problems) = reader.finish();
        Krb5Conf::of(&profile, problems)
    }

    fn of(profile: &Profile, problems: Vec<String>) -> Krb5Conf {
        let mut values = Values { profile, problems };
        let libdefaults = values.libdefaults();
        let realm_tickets = profile
            .groups(&[LIBDEFAULTS])
            .into_iter()
            .map(|realm| (realm.to_owned(), values.tickets(Some(realm))))
            .collect();
        let realms = profile
            .groups(&[REALMS])
            .into_iter()
            .map(|realm| (realm.to_owned(), values.realm(realm)))
            .collect();
        let domain_realm = profile
            .relations(&[DOMAIN_REALM])
            .into_iter()
            .filter_map(|name| {
                Some((name.to_owned(), profile.value(&[DOMAIN_REALM], name)?.to_owned()))
            })
            .collect();
        let capaths = profile
            .groups(&[CAPATHS])
            .into_iter()
            .map(|client| (client.to_owned(), values.paths(client)))
            .collect();
        let problems = values.problems;
        Krb5Conf { libdefaults, realms, realm_tickets, domain_realm, capaths, problems }
    }

    /// The realm that `[domain_realm]` gives a host: by its name, or by the longest domain that it
    /// is in. `None` if there is none, and for an address.
    pub fn realm_of_host(&self, host: &str) -> Option<&str> {
        let host = clean(host);
        if is_numeric(&host) {
            return None;
        }
        let mut rest = Some(host.as_str());
        while let Some(name) = rest {
            if let Some(realm) = self.domain_realm.get(name) {
                return Some(realm);
            }
            rest = match name.strip_prefix('.') {
                Some(domain) => Some(domain),
                None => name.find('.').map(|dot| &name[dot..]),
            };
        }
        None
    }

    /// The realm of a host for which nothing else tells one, not even the KDC: the domain that it is
    /// in, in capitals, or else the default realm.
    pub fn fallback_realm_of_host(&self, host: &str) -> Option<String> {
        let host = clean(host);
        match host.split_once('.') {
            Some((_, domain)) if !is_numeric(&host) => Some(domain.to_ascii_uppercase()),
            _ => self.libdefaults.default_realm.clone(),
        }
    }

    /// The realms between a client's and a service's, by `[capaths]`: none if the two share a key.
    /// `None` if there is no path for them.
    pub fn path(&self, client: &str, server: &str) -> Option<&[String]> {
        Some(self.capaths.get(client)?.get(server)?.as_slice())
    }

    /// What tickets a client of this realm asks for.
    pub fn tickets(&self, realm: &str) -> &TicketOptions {
        self.realm_tickets.get(realm).unwrap_or(&self.libdefaults.tickets)
    }

    /// Where KDCs are, and how they are asked.
    pub fn kdc_options(&self) -> kdc::Options {
        let realms = self.realms.iter().map(|(name, realm)| {
            let servers = kdc::Realm {
                kdcs: realm.kdcs.clone(),
                kpasswd: realm.kpasswd.clone(),
                http_anchors: realm.http_anchors.clone(),
                site: realm.sitename.clone(),
            };
            (name.clone(), servers)
        });
        let mut options = kdc::Options {
            realms: realms.collect(),
            dns_lookup: self.libdefaults.dns_lookup_kdc,
            dns_uri_lookup: self.libdefaults.dns_uri_lookup,
            udp_preference_limit: self.libdefaults.udp_preference_limit,
            ..kdc::Options::default()
        };
        if let Some(timeout) = self.libdefaults.request_timeout {
            options.timeout = timeout;
        }
        options
    }
}

/// A host name in the form in which `[domain_realm]` has it.
fn clean(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    match host.strip_suffix('.') {
        Some(name) => name.to_owned(),
        None => host,
    }
}

fn is_numeric(host: &str) -> bool {
    let digits = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    (digits && host.matches('.').count() == 3) || host.contains(':')
}

const LIBDEFAULTS: &str = "libdefaults";
const REALMS: &str = "realms";
const DOMAIN_REALM: &str = "domain_realm";
const CAPATHS: &str = "capaths";

/// Reads values. A problem is noted, and the value is the default.
struct Values<'a> {
    profile: &'a Profile,
    problems: Vec<String>,
}

impl<'a> Values<'a> {
    fn value<T>(
        &mut self,
        path: &[&str],
        name: &str,
        parse: impl Fn(&'a str) -> Option<T>,
    ) -> Option<T> {
        let text = self.profile.value(path, name)?;
        let value = parse(text);
        if value.is_none() {
            self.problems.push(format!("[{}] {name}: {text:?} is no value", path.join("] ")));
        }
        value
    }

    fn default<T>(&mut self, name: &str, parse: impl Fn(&'a str) -> Option<T>) -> Option<T> {
        self.value(&[LIBDEFAULTS], name, parse)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.default(name, |text| Some(text.to_owned()))
    }

    fn flag(&mut self, name: &str, default: bool) -> bool {
        self.default(name, value::boolean).unwrap_or(default)
    }

    fn libdefaults(&mut self) -> LibDefaults {
        let permitted = self.enctypes("permitted_enctypes");
        let permitted = permitted.unwrap_or(value::DEFAULT_ENCTYPES.into());
        let canonicalize = |text: &str| match value::boolean(text) {
            Some(true) => Some(CanonicalizeHostname::Yes),
            Some(false) => Some(CanonicalizeHostname::No),
            None => text.eq_ignore_ascii_case("fallback").then_some(CanonicalizeHostname::Fallback),
        };
        let seconds = |text| value::seconds(text).filter(|&seconds| seconds >= 0);
        LibDefaults {
            default_realm: self.text("default_realm").filter(|realm| !realm.is_empty()),
            dns_lookup_kdc: match self.profile.value(&[LIBDEFAULTS], "dns_lookup_kdc") {
                Some(_) => self.flag("dns_lookup_kdc", true),
                None => self.flag("dns_fallback", true),
            },
            dns_lookup_realm: match self.profile.value(&[LIBDEFAULTS], "dns_lookup_realm") {
                Some(_) => self.flag("dns_lookup_realm", false),
                None => self.flag("dns_fallback", false),
            },
            dns_uri_lookup: self.flag("dns_uri_lookup", true),
            rdns: self.flag("rdns", true),
            dns_canonicalize_hostname: self
                .default("dns_canonicalize_hostname", canonicalize)
                .unwrap_or_default(),
            qualify_shortname: self.text("qualify_shortname"),
            tickets: self.tickets(None),
            tkt_enctypes: self.enctypes("default_tkt_enctypes").unwrap_or(permitted.clone()),
            tgs_enctypes: self.enctypes("default_tgs_enctypes").unwrap_or(permitted.clone()),
            permitted_enctypes: permitted,
            clockskew: self
                .default("clockskew", value::integer)
                .filter(|&seconds| seconds >= 0)
                .unwrap_or(300)
                .into(),
            kdc_timesync: self.default("kdc_timesync", integer_or_flag).unwrap_or(true),
            udp_preference_limit: self
                .default("udp_preference_limit", value::integer)
                .and_then(|limit| usize::try_from(limit).ok())
                .unwrap_or(kdc::UDP_PREFERENCE_LIMIT),
            request_timeout: self
                .default("request_timeout", seconds)
                .filter(|&seconds| seconds > 0)
                .map(|seconds| Duration::from_secs(seconds.unsigned_abs().into())),
            enforce_ok_as_delegate: self.flag("enforce_ok_as_delegate", false),
            default_ccache_name: self.text("default_ccache_name"),
            default_client_keytab_name: self.text("default_client_keytab_name"),
            default_keytab_name: self.text("default_keytab_name"),
        }
    }

    fn enctypes(&mut self, name: &str) -> Option<Vec<Enctype>> {
        self.default(name, |text| Some(value::enctypes(text)))
    }

    /// What tickets are asked for in a realm, whose values stand in a group of its name.
    fn tickets(&mut self, realm: Option<&str>) -> TicketOptions {
        let standard = TicketOptions::default();
        let seconds = |text| value::seconds(text).filter(|&seconds| seconds >= 0).map(i64::from);
        let set = |text| value::boolean(text).map(Some);
        TicketOptions {
            forwardable: self.of_realm(realm, "forwardable", set),
            proxiable: self.of_realm(realm, "proxiable", value::boolean),
            canonicalize: self.of_realm(realm, "canonicalize", set),
            no_addresses: self.of_realm(realm, "noaddresses", set).unwrap_or(standard.no_addresses),
            ticket_lifetime: self.of_realm(realm, "ticket_lifetime", seconds),
            renew_lifetime: self.of_realm(realm, "renew_lifetime", seconds),
        }
    }

    fn of_realm<T: Default>(
        &mut self,
        realm: Option<&str>,
        name: &str,
        parse: impl Fn(&'a str) -> Option<T>,
    ) -> T {
        let own = realm.and_then(|realm| self.value(&[LIBDEFAULTS, realm], name, &parse));
        // The common value's problem is noted once.
        match (own, realm) {
            (Some(own), _) => own,
            (None, None) => self.default(name, parse).unwrap_or_default(),
            (None, Some(_)) => {
                self.profile.value(&[LIBDEFAULTS], name).and_then(parse).unwrap_or_default()
            }
        }
    }

    fn realm(&mut self, realm: &str) -> Realm {
        let mut kpasswd = self.servers(realm, "kpasswd_server", KPASSWD_PORT);
        if kpasswd.is_empty() {
            kpasswd = self.servers(realm, "admin_server", KADMIN_PORT);
            kpasswd.iter_mut().for_each(|server| server.port = KPASSWD_PORT);
        }
        let path = [REALMS, realm];
        Realm {
            kdcs: self.servers(realm, "kdc", KDC_PORT),
            kpasswd,
            http_anchors: owned(self.profile.values(&path, "http_anchors")),
            sitename: self.profile.value(&path, "sitename").map(str::to_owned),
        }
    }

    fn servers(&mut self, realm: &str, name: &str, port: u16) -> Vec<Server> {
        let mut servers = Vec::new();
        for text in self.profile.values(&[REALMS, realm], name) {
            match Server::parse(text, port) {
                Some(server) => servers.push(server),
                None => self.problems.push(format!("[{REALMS}] {realm}: {name}: {text:?}")),
            }
        }
        servers
    }

    fn paths(&mut self, client: &str) -> BTreeMap<String, Vec<String>> {
        let path = [CAPATHS, client];
        let of = |server: &str| {
            let between = self.profile.values(&path, server);
            if between.first().is_some_and(|realm| realm.starts_with('.')) {
                return Vec::new();
            }
            // What follows a realm is a comment.
            let realms =
                between.into_iter().map(|realm| realm.split([' ', '\t']).next().unwrap_or(realm));
            owned(realms.collect())
        };
        let servers = self.profile.relations(&path).into_iter();
        servers.map(|server| (server.to_owned(), of(server))).collect()
    }
}

fn integer_or_flag(text: &str) -> Option<bool> {
    value::integer(text).map(|number| number != 0).or_else(|| value::boolean(text))
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}
