//! A Wine prefix: its folders and its registry.

use super::image::Machine;
use crate::outcome::{Failure, Outcome};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The value of an override under which the library is found first.
pub(super) const NATIVE: &str = "native,builtin";
/// The name of the override.
const VALUE: &str = "secur32";

pub(super) struct Prefix {
    pub(super) folder: PathBuf,
    /// The command that runs programs in it.
    wine: PathBuf,
}

impl Prefix {
    /// The prefix of `WINEPREFIX`, else `~/.wine`, and the command of `WINE`, else `wine`.
    pub(super) fn of_environment() -> Outcome<Prefix> {
        let value = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = || value("HOME").map(|home| PathBuf::from(home).join(".wine"));
        let folder = value("WINEPREFIX").map(PathBuf::from).or_else(home);
        let folder = folder.ok_or_else(|| Failure::Usage("WINEPREFIX is not set".into()))?;
        if !folder.join("drive_c").is_dir() {
            let shown = folder.display();
            return Err(Failure::No(format!(
                "{shown} is no Wine prefix (set WINEPREFIX, or run wineboot)"
            )));
        }
        let folder = folder.canonicalize().map_err(|error| Failure::file(&folder, error))?;
        super::files::check_name(&folder)?;
        let owner = folder.metadata().map_err(|error| Failure::file(&folder, error))?.uid();
        // As Wine does. Whoever owns it can have linked anything there.
        if owner != negossp::platform::effective_user() {
            return Err(Failure::No(format!("{} belongs to another user", folder.display())));
        }
        Ok(Prefix { folder, wine: value("WINE").map_or("wine".into(), PathBuf::from) })
    }

    /// The system's folders, with the name of the DLL: system32 and, in a prefix of both, syswow64.
    pub(super) fn system_folders(&self) -> Outcome<Vec<(PathBuf, Machine)>> {
        let windows = self.folder.join("drive_c/windows");
        let wow = windows.join("syswow64/kernel32.dll").exists();
        let mut folders = Vec::new();
        for name in ["system32", "syswow64"].into_iter().take(1 + usize::from(wow)) {
            let kernel = windows.join(name).join("kernel32.dll");
            let machine = Machine::of(&kernel).map_err(|error| Failure::file(&kernel, error))?;
            folders.push((windows.join(name).join(super::files::DLL), machine));
        }
        Ok(folders)
    }

    /// Runs a program in the prefix.
    pub(super) fn run(&self, program: &Path, arguments: &[&str]) -> Outcome<Output> {
        let mut command = Command::new(&self.wine);
        command.arg(program).args(arguments).env("WINEPREFIX", &self.folder);
        if std::env::var_os("WINEDEBUG").is_none() {
            command.env("WINEDEBUG", "-all");
        }
        // What is written there, Wine's remarks, is of no use here.
        let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
        output.map_err(|error| {
            Failure::Trouble(format!("{} cannot be run: {error}", self.wine.display()))
        })
    }

    fn registry(&self, arguments: &[&str]) -> Outcome<Output> {
        self.run(Path::new("reg"), arguments)
    }

    /// Locks what is installed against other processes of this command, until it is dropped.
    pub(super) fn lock(&self) -> Outcome<File> {
        let path = self.folder.join("negossp.lock");
        let file = File::options().write(true).create(true).truncate(false).open(&path);
        let locked = file.and_then(|file| file.lock().map(|()| file));
        locked.map_err(|error| Failure::file(&path, error))
    }

    /// The override of a key.
    pub(super) fn find_override(&self, key: &str) -> Outcome<Option<String>> {
        // A key that is missing and a Wine that does not run look alike.
        if !self.registry(&["query", r"HKCU\Software"])?.status.success() {
            let shown = self.folder.display();
            return Err(Failure::Trouble(format!("the registry of {shown} cannot be read")));
        }
        let output = self.registry(&["query", key, "/v", VALUE])?;
        let text = String::from_utf8_lossy(&output.stdout);
        let value = text.lines().find_map(|line| {
            let (name, value) = line.trim().split_once("REG_SZ")?;
            (name.trim() == VALUE).then(|| value.trim().to_owned())
        });
        Ok(value.filter(|_| output.status.success()))
    }

    /// Sets or removes the override of a key.
    pub(super) fn set_override(&self, key: &str, value: Option<&str>) -> Outcome {
        let output = match value {
            Some(value) => self.registry(&["add", key, "/v", VALUE, "/d", value, "/f"])?,
            None => self.registry(&["delete", key, "/v", VALUE, "/f"])?,
        };
        match output.status.success() {
            true => Ok(()),
            false => Err(Failure::Trouble(format!("the registry ({key}) cannot be changed"))),
        }
    }

    /// The path on this machine of a file of the prefix's drive C, as `C:\windows\x`.
    pub(super) fn unix_path(&self, path: &str) -> Option<PathBuf> {
        let rest = path.get(..3).filter(|drive| drive.eq_ignore_ascii_case(r"c:\"))?;
        let rest = path.strip_prefix(rest)?;
        Some(rest.split('\\').fold(self.folder.join("drive_c"), |path, name| path.join(name)))
    }
}
