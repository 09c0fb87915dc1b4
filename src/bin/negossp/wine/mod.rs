//! `negossp wine`: puts the library into the place of `secur32.dll` for a program under Wine, or for
//! all programs of a prefix, tells whether it is there, and takes it out again.

mod check;
mod files;
mod image;
mod install;
mod prefix;
mod record;

use crate::args::Args;
use crate::outcome::{Failure, Outcome};
use image::Machine;
use prefix::Prefix;
use std::path::{Path, PathBuf};

pub(crate) use check::check;
pub(crate) use install::{install, remove};

/// The path without links but for the program itself: Wine knows it by the name that it is given,
/// and looks for DLLs beside that.
fn whole(path: &Path) -> Outcome<PathBuf> {
    let name =
        path.file_name().ok_or_else(|| Failure::Usage("not the name of a program".into()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    Ok(folder.map_err(|error| Failure::file(path, error))?.join(name))
}

/// Which programs the library is for.
enum Target {
    /// One program: the DLL is beside it, and the override is for its name alone.
    Program { path: PathBuf, name: String, machine: Machine },
    /// All programs of the prefix: the DLL is in the system's folders.
    Prefix,
}

impl Target {
    fn of(args: &Args, program: Option<&str>) -> Outcome<Target> {
        match (program, args.prefix) {
            (Some(program), false) => Target::program(Path::new(program)),
            (None, true) => Ok(Target::Prefix),
            _ => Err(Failure::Usage("name a PROGRAM.exe, or give --prefix".into())),
        }
    }

    fn program(path: &Path) -> Outcome<Target> {
        let path = whole(path)?;
        files::check_name(&path)?;
        let machine = Machine::of(&path).map_err(|error| Failure::file(&path, error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        Ok(Target::Program { path, name, machine })
    }

    /// How the record calls it.
    fn id(&self) -> String {
        match self {
            Target::Program { path, .. } => path.display().to_string(),
            Target::Prefix => "--prefix".into(),
        }
    }

    /// The registry key of its overrides.
    fn key(&self) -> String {
        match self {
            Target::Program { name, .. } => {
                format!(r"HKCU\Software\Wine\AppDefaults\{name}\DllOverrides")
            }
            Target::Prefix => r"HKCU\Software\Wine\DllOverrides".into(),
        }
    }

    /// Where the DLL is to be, and for which machine.
    fn places(&self, prefix: &Prefix) -> Outcome<Vec<(PathBuf, Machine)>> {
        match self {
            Target::Program { path, machine, .. } => {
                Ok(vec![(path.with_file_name(files::DLL), *machine)])
            }
            Target::Prefix => prefix.system_folders(),
        }
    }
}
