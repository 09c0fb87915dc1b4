//! What an operator asks first: which version is this, and which configuration does it use?

use super::store::Store;
use std::fmt::Write;
use std::path::Path;

/// Lines `key=value` about the library in this process and its configuration: names of files, and
/// why a configuration file cannot be used, which may quote a word of it.
pub fn describe() -> String {
    let store = Store::global();
    let configuration = store.current();
    let settings = &configuration.settings;
    let path = |path: Option<&Path>| path.map_or(String::new(), |path| path.display().to_string());
    let state = match (&settings.defect, store.state()) {
        (Some(defect), _) => format!("not in force, all clients are rejected: {defect}"),
        (None, (true, None)) => "in force".into(),
        (None, (true, Some(problem))) => format!("in force as last read: {problem}"),
        (None, (false, _)) => "missing: defaults".into(),
    };
    let accounts = configuration.accounts.file.as_ref().map(|file| file.current());
    let mechanisms: Vec<_> =
        settings.negotiate.mechanisms.iter().map(|mechanism| mechanism.package_name()).collect();
    let lines = [
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("platform", format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)),
        ("configuration", path(store.path())),
        ("configuration_state", state),
        ("mechanisms", mechanisms.join(",")),
        ("accounts", path(settings.accounts.file.as_deref())),
        ("accounts_usable", accounts.map_or(0, |accounts| accounts.len()).to_string()),
        ("keytab", path(settings.kerberos_files.keytab.as_deref())),
        ("computer", settings.server.nb_computer.clone()),
        ("domain", settings.accounts.domain.clone().unwrap_or_default()),
    ];
    lines.iter().fold(String::new(), |mut text, (key, value)| {
        // A value is one line.
        let value = value.replace(|c: char| c.is_control(), "?");
        let _ = writeln!(text, "{key}={value}");
        text
    })
}
