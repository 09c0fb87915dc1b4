//! The configuration in force: where its file is, and the snapshot last read from it.

use super::Configuration;
use crate::config::{self, Settings};
use crate::platform;
use crate::runtime::watched_file::{Content, Format, Problem, WatchedFile};
use crate::stores::kerberos_files::RestartFile;
use crate::stores::keytab_file::path_in;
use crate::stores::replay_restart::default_file;
use once_cell::race::OnceBox;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// The file with the last Kerberos authenticators, where the TOML file says nothing of it.
    pub restart_file: Option<PathBuf>,
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
            restart_file: default_file().map(absolute),
        }
    }
}

/// The path in `KRB5_KTNAME`.
fn keytab(name: OsString) -> Option<PathBuf> {
    let Some(text) = name.to_str() else { return Some(name.into()) };
    path_in(text).inspect_err(|why| tracing::error!("KRB5_KTNAME: {why}")).ok()
}

/// The configuration and where it comes from.
#[derive(Debug)]
pub struct Store(WatchedFile<ConfigFile>);

impl Store {
    /// Reads the configuration that `environment` leads to. Problems are logged, and found in
    /// [`Settings::defect`].
    pub fn open(environment: Environment) -> Store {
        let named = environment.config.is_some();
        let path = environment.config.or(environment.default_config);
        let Environment { accounts, keytab, restart_file, .. } = environment;
        let place = path.clone();
        let format = ConfigFile { named, place, accounts, keytab, restart_file };
        Store(WatchedFile::with_format(path, format))
    }

    /// The process' own.
    pub fn global() -> &'static Store {
        // Not a OnceLock: a fork while another thread initializes that would block the child.
        static GLOBAL: OnceBox<Store> = OnceBox::new();
        GLOBAL.get_or_init(|| Box::new(Store::open(Environment::of_process())))
    }

    /// The configuration in force.
    pub fn current(&self) -> Arc<Configuration> {
        self.0.current()
    }

    /// Whether the configuration in force is of the file's content, and what is wrong with the file
    /// as it is now.
    pub fn state(&self) -> (bool, Option<Problem>) {
        self.0.state()
    }

    /// The file that is watched, whether or not it exists.
    pub fn path(&self) -> Option<&Path> {
        self.0.path()
    }
}

/// The configuration in force in this process. Cheap: an atomic load, and at most once a second a
/// look at the file's time.
pub fn current() -> Arc<Configuration> {
    Store::global().current()
}

/// How a configuration file becomes a configuration.
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
    /// For the last authenticators.
    restart_file: Option<PathBuf>,
}

impl ConfigFile {
    /// Opens what the settings name. Relative paths are meant from the configuration file, if there
    /// is one; the environment names files that the settings do not.
    fn open(
        &self,
        mut settings: Settings,
        file: Option<&Path>,
        previous: Option<&Configuration>,
    ) -> Configuration {
        settings.resolve_paths(file.and_then(Path::parent));
        let accounts = &mut settings.accounts;
        accounts.file = accounts.file.take().or_else(|| self.accounts.clone());
        if accounts.sid.is_none() {
            let beside_accounts = accounts.file.as_ref().map(|path| path.with_extension("sid"));
            let beside_config =
                || self.place.as_deref().map(|path| path.with_file_name("machine.sid"));
            accounts.sid_file = accounts.sid_file.take().or(beside_accounts).or_else(beside_config);
        }
        let restarts = &mut settings.kerberos_files.replay_restart_file;
        if *restarts == RestartFile::Unset
            && let Some(path) = &self.restart_file
        {
            *restarts = RestartFile::At(path.clone());
        }
        let keytab = &mut settings.kerberos_files.keytab;
        *keytab = keytab.take().or_else(|| self.keytab.clone());
        Configuration::open(settings, previous)
    }
}

impl Format for ConfigFile {
    type Value = Configuration;
    const WHAT: &'static str = "configuration file";

    fn read(
        &self,
        content: &Content<'_>,
        previous: Option<&Configuration>,
    ) -> Result<Configuration, String> {
        let text = std::str::from_utf8(content.bytes)
            .map_err(|e| format!("not UTF-8 at byte {}", e.valid_up_to()))?;
        Ok(self.open(config::parse(text)?, Some(content.path), previous))
    }

    fn without(&self, problem: Option<&Problem>) -> Configuration {
        let defect = match problem {
            None => None,
            Some(Problem::Missing) if !self.named => None,
            Some(problem) => Some(problem.to_string()),
        };
        self.open(Settings { defect, ..Settings::default() }, None, None)
    }

    fn expected(&self, problem: &Problem) -> bool {
        !self.named && matches!(problem, Problem::Missing)
    }

    fn withdraw(&self, _problem: &Problem) -> bool {
        false
    }
}
