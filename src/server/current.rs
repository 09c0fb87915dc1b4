//! The settings in force: where their file is, and the snapshot last read from it.

use crate::authority::{AccountFile, DetailsFile, MachineSid};
use crate::config::{Settings, toml};
use crate::domain::Domain;
use crate::domain::machine_secret::{Secret, SecretFile};
use crate::export::KeyFile;
use crate::kerberos::{self, KeytabFile, TgtFile};
use crate::platform;
use crate::runtime::watched_file::{Content, Format, Problem, WatchedFile};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The environment variables that bear on the configuration. Read once per process: a later change
/// of the environment, which C programs make without a lock, is not looked at.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `NEGOSSP_CONFIG`: the TOML file.
    pub config: Option<PathBuf>,
    /// `NEGOSSP_ACCOUNTS`: the account file, where no TOML file names one.
    pub accounts: Option<PathBuf>,
    /// `KRB5_KTNAME`: the keytab, where no TOML file names one.
    pub keytab: Option<PathBuf>,
    /// The TOML file to use without `NEGOSSP_CONFIG`, if it exists.
    pub default_config: Option<PathBuf>,
}

impl Environment {
    /// This process' environment.
    pub fn of_process() -> Environment {
        // Absolute, for a server may change its directory later.
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let value = |name| platform::environment(name).filter(|value| !value.is_empty());
        let path = |name| value(name).map(PathBuf::from).map(absolute);
        Environment {
            config: path("NEGOSSP_CONFIG"),
            accounts: path("NEGOSSP_ACCOUNTS"),
            keytab: value("KRB5_KTNAME").and_then(keytab).map(absolute),
            default_config: platform::default_config_file(),
        }
    }
}

/// The path in `KRB5_KTNAME`.
fn keytab(name: OsString) -> Option<PathBuf> {
    let Some(text) = name.to_str() else { return Some(name.into()) };
    kerberos::path_in(text).inspect_err(|why| tracing::error!("KRB5_KTNAME: {why}")).ok()
}

/// The settings and where they come from.
#[derive(Debug)]
pub struct Store(WatchedFile<ConfigFile>);

impl Store {
    /// Reads the configuration that `environment` leads to. Problems are logged, and found in
    /// [`Settings::defect`].
    pub fn open(environment: Environment) -> Store {
        let named = environment.config.is_some();
        let path = environment.config.or(environment.default_config);
        let (accounts, keytab) = (environment.accounts, environment.keytab);
        let place = path.clone();
        Store(WatchedFile::with_format(path, ConfigFile { named, place, accounts, keytab }))
    }

    /// The process' own.
    pub fn global() -> &'static Store {
        static GLOBAL: OnceLock<Store> = OnceLock::new();
        GLOBAL.get_or_init(|| Store::open(Environment::of_process()))
    }

    /// The settings in force.
    pub fn current(&self) -> Arc<Settings> {
        self.0.current()
    }

    /// The file that is watched, whether or not it exists.
    pub fn path(&self) -> Option<&Path> {
        self.0.path()
    }
}

/// How a configuration file becomes settings.
#[derive(Debug)]
struct ConfigFile {
    /// NEGOSSP_CONFIG names it: it must exist.
    named: bool,
    /// The configuration file, whether or not it exists.
    place: Option<PathBuf>,
    /// NEGOSSP_ACCOUNTS.
    accounts: Option<PathBuf>,
    /// KRB5_KTNAME.
    keytab: Option<PathBuf>,
}

/// A path that a configuration file names: a relative one is meant from that file, not from
/// wherever the server was started.
fn beside(config: Option<&Path>, path: PathBuf) -> PathBuf {
    match config.and_then(Path::parent) {
        Some(folder) => folder.join(path),
        None => path,
    }
}

/// The file at `path`: the one that is `open`, if it is that.
fn kept<T>(
    open: Option<&Arc<T>>,
    path: PathBuf,
    path_of: fn(&T) -> Option<&Path>,
    make: fn(PathBuf) -> T,
) -> Arc<T> {
    match open {
        Some(open) if path_of(open) == Some(path.as_path()) => open.clone(),
        _ => Arc::new(make(path)),
    }
}

impl ConfigFile {
    /// Opens the files that apply, or goes on with those already open.
    fn open_files(
        &self,
        settings: &mut Settings,
        named: toml::Named,
        domain: Option<crate::domain::Options>,
        config: Option<&Path>,
        previous: Option<&Settings>,
    ) {
        let written = |path: Option<PathBuf>| {
            path.filter(|path| !path.as_os_str().is_empty()).map(|path| beside(config, path))
        };
        let keytab_file = |path, open| kept(open, path, KeytabFile::path, KeytabFile::open);
        let open = previous.and_then(|settings| settings.accounts.file.as_ref());
        settings.accounts.file = written(named.accounts)
            .or_else(|| self.accounts.clone())
            .map(|path| kept(open, path, AccountFile::path, AccountFile::open));
        let accounts = &mut settings.accounts;
        if accounts.machine_sid.configured().is_none() {
            let beside_accounts = accounts
                .file
                .as_ref()
                .and_then(|file| file.path())
                .map(|path| path.with_extension("sid"));
            let beside_config =
                || self.place.as_deref().map(|path| path.with_file_name("machine.sid"));
            let kept = MachineSid::kept_in(
                written(named.sid_file).or(beside_accounts).or_else(beside_config),
            );
            let open = previous
                .map(|settings| &settings.accounts.machine_sid)
                .filter(|open| ***open == kept);
            accounts.machine_sid = open.cloned().unwrap_or_else(|| Arc::new(kept));
        }
        let open = previous.and_then(|settings| settings.accounts.details.as_ref());
        let same_machine =
            previous.is_some_and(|settings| settings.accounts.machine_sid == accounts.machine_sid);
        accounts.details = written(named.details).map(|path| match open {
            Some(open) if same_machine && open.path() == Some(path.as_path()) => open.clone(),
            _ => Arc::new(DetailsFile::open(path, accounts.machine_sid.clone())),
        });
        let before = previous.map(|settings| &settings.kerberos);
        settings.domain = domain.map(|domain| {
            let secret = match (written(named.machine_secret), written(named.machine_keytab)) {
                (Some(file), _) => Secret::File(SecretFile::open(file)),
                (None, keytab) => Secret::Keytab(KeytabFile::open(keytab.unwrap_or_default())),
            };
            let made = Arc::new(Domain::new(domain, secret));
            // One that stays as it was keeps its connections.
            previous
                .and_then(|settings| settings.domain.clone())
                .filter(|open| **open == *made)
                .unwrap_or(made)
        });
        // One that stays as it was keeps what it has open.
        let open = previous.and_then(|settings| settings.winbind.clone());
        settings.winbind =
            settings.winbind.take().map(|made| open.filter(|open| *open == made).unwrap_or(made));
        let kerberos = &mut settings.kerberos;
        kerberos.keytab = written(named.keytab)
            .or_else(|| self.keytab.clone())
            .map(|path| keytab_file(path, before.and_then(|kerberos| kerberos.keytab.as_ref())));
        kerberos.krbtgt_keytab = written(named.krbtgt_keytab).map(|path| {
            keytab_file(path, before.and_then(|kerberos| kerberos.krbtgt_keytab.as_ref()))
        });
        kerberos.replay_cache_file = written(kerberos.replay_cache_file.take());
        settings.ntlm.audit_file = written(settings.ntlm.audit_file.take());
        let open = previous.and_then(|settings| settings.export.key_file.as_ref());
        settings.export.key_file =
            written(named.export_key).map(|path| kept(open, path, KeyFile::path, KeyFile::open));
        let kerberos = &mut settings.kerberos;
        let open = before.and_then(|kerberos| kerberos.tgt_ccache.as_ref());
        kerberos.tgt_ccache =
            written(named.tgt_ccache).map(|path| kept(open, path, TgtFile::path, TgtFile::open));
    }
}

impl Format for ConfigFile {
    type Value = Settings;
    const WHAT: &'static str = "configuration file";

    fn read(&self, content: &Content<'_>, previous: Option<&Settings>) -> Result<Settings, String> {
        let text = std::str::from_utf8(content.bytes)
            .map_err(|e| format!("not UTF-8 at byte {}", e.valid_up_to()))?;
        let toml::Parsed { mut settings, named, domain } = toml::parse(text)?;
        self.open_files(&mut settings, named, domain, Some(content.path), previous);
        Ok(settings)
    }

    fn without(&self, problem: Option<&Problem>) -> Settings {
        let defect = match problem {
            None => None,
            Some(Problem::Missing) if !self.named => None,
            Some(problem) => Some(problem.to_string()),
        };
        let mut settings = Settings { defect, ..Settings::default() };
        self.open_files(&mut settings, toml::Named::default(), None, None, None);
        settings
    }

    fn expected(&self, problem: &Problem) -> bool {
        !self.named && matches!(problem, Problem::Missing)
    }

    fn withdraw(&self, _problem: &Problem) -> bool {
        false
    }
}
