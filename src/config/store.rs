//! The settings in force: where their file is, and the snapshot last read from it.

use super::{Settings, file};
use crate::authority::AccountFile;
use crate::platform;
use crate::watch::{Content, Problem, Source, Watched};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The environment variables that bear on the configuration. Read once per process: a later change of the
/// environment, which C programs make without a lock, is not looked at.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `NEGOSSP_CONFIG`: the TOML file.
    pub config: Option<PathBuf>,
    /// `NEGOSSP_ACCOUNTS`: the account file, where no TOML file names one.
    pub accounts: Option<PathBuf>,
    /// The TOML file to use without `NEGOSSP_CONFIG`, if it exists.
    pub default_config: Option<PathBuf>,
}

impl Environment {
    /// This process' environment.
    pub fn of_process() -> Environment {
        // Absolute, for a server may change its directory later.
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let path = |name| platform::environment(name).filter(|value| !value.is_empty()).map(PathBuf::from).map(absolute);
        Environment {
            config: path("NEGOSSP_CONFIG"),
            accounts: path("NEGOSSP_ACCOUNTS"),
            default_config: platform::default_config_file(),
        }
    }
}

/// The settings and where they come from.
#[derive(Debug)]
pub struct Store(Watched<ConfigFile>);

impl Store {
    /// Reads the configuration that `environment` leads to. Problems are logged, and found in
    /// [`Settings::defect`].
    pub fn open(environment: Environment) -> Store {
        let named = environment.config.is_some();
        let path = environment.config.or(environment.default_config);
        Store(Watched::open(path, ConfigFile { named, accounts: environment.accounts }))
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
    /// NEGOSSP_ACCOUNTS.
    accounts: Option<PathBuf>,
}

impl ConfigFile {
    /// Opens the account file that applies, or goes on with the one already open.
    fn account_file(
        &self,
        named: Option<PathBuf>,
        config: Option<&Path>,
        previous: Option<&Settings>,
    ) -> Option<Arc<AccountFile>> {
        let beside = config.and_then(Path::parent);
        let path = match named.filter(|path| !path.as_os_str().is_empty()) {
            // A relative path is meant from the file that names it, not from wherever the server was started.
            Some(path) => beside.map_or_else(|| path.clone(), |folder| folder.join(&path)),
            None => self.accounts.clone()?,
        };
        match previous.and_then(|settings| settings.accounts.file.as_ref()) {
            Some(open) if open.path() == Some(path.as_path()) => Some(open.clone()),
            _ => Some(Arc::new(AccountFile::open(path))),
        }
    }
}

impl Source for ConfigFile {
    type Value = Settings;
    const WHAT: &'static str = "configuration file";

    fn read(&self, content: &Content<'_>, previous: Option<&Settings>) -> Result<Settings, String> {
        let text = std::str::from_utf8(content.bytes).map_err(|e| format!("not UTF-8 at byte {}", e.valid_up_to()))?;
        let file::Parsed { mut settings, account_file } = file::parse(text)?;
        settings.accounts.file = self.account_file(account_file, Some(content.path), previous);
        Ok(settings)
    }

    fn without(&self, problem: Option<&Problem>) -> Settings {
        let defect = match problem {
            None => None,
            Some(Problem::Missing) if !self.named => None,
            Some(problem) => Some(problem.to_string()),
        };
        let mut settings = Settings { defect, ..Settings::default() };
        settings.accounts.file = self.account_file(None, None, None);
        settings
    }

    fn expected(&self, problem: &Problem) -> bool {
        !self.named && matches!(problem, Problem::Missing)
    }

    fn withdraw(&self, _problem: &Problem) -> bool {
        false
    }
}
