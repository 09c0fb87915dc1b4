//! The DLLs: where they come from, and how they are put and taken back.

use super::image::{Machine, Owner};
use crate::args::Args;
use crate::outcome::{Failure, Outcome};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The name under which programs look for their SSPI.
pub(super) const DLL: &str = "secur32.dll";
/// The folder below the system's into which the system's own DLL is moved: the library looks there.
const ASIDE: &str = "negossp";

/// A file of the distribution for a machine: `--from FOLDER`, or beside this program's folder, or
/// where `make install` puts it.
pub(super) fn source(args: &Args, machine: Machine, name: &str) -> Outcome<PathBuf> {
    let own = std::env::current_exe().ok();
    let beside = |folder: &str| {
        Some(own.as_deref()?.parent()?.parent()?.join(folder).join(machine.folder()).join(name))
    };
    let places = match &args.from {
        Some(folder) => vec![folder.join(machine.folder()).join(name), folder.join(name)],
        None => ["", "lib/negossp"].into_iter().filter_map(beside).collect(),
    };
    let found = places.iter().find(|path| path.is_file() && fits(path, machine));
    found.cloned().ok_or_else(|| {
        let shown = places.first().map_or(String::new(), |path| path.display().to_string());
        Failure::No(format!("{shown} is not there: name the folder of the libraries with --from"))
    })
}

fn fits(path: &Path, machine: Machine) -> bool {
    Machine::of(path).is_ok_and(|found| found == machine)
}

/// Writes a file as a whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("negossp-new");
    fs::write(&new, bytes).and_then(|()| fs::rename(&new, path)).inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })
}

/// Whether the DLL may be put there. Nothing is changed.
pub(super) fn may_replace(place: &Path, is_system: bool) -> Outcome {
    match Owner::of(place).map_err(|error| Failure::file(place, error))? {
        Owner::Nobody | Owner::Negossp => Ok(()),
        // It is moved aside.
        Owner::Wine if is_system => Ok(()),
        Owner::Wine | Owner::SomebodyElse => Err(Failure::No(format!(
            "{}: a secur32.dll of somebody else's is there; nothing was changed",
            place.display()
        ))),
    }
}

/// Puts the DLL there. The system's own is moved aside.
pub(super) fn put(source: &Path, place: &Path) -> io::Result<()> {
    let bytes = fs::read(source)?;
    if Owner::of(place)? == Owner::Wine {
        let aside = aside(place);
        fs::create_dir_all(aside.parent().unwrap_or(&aside))?;
        fs::rename(place, &aside)?;
    }
    write(place, &bytes)
}

/// Removes the DLL, if it is still this library, and moves the system's own back.
pub(super) fn take_back(place: &Path) -> io::Result<()> {
    if Owner::of(place)? != Owner::Negossp {
        return Ok(());
    }
    let aside = aside(place);
    match fs::rename(&aside, place) {
        Err(error) if error.kind() == ErrorKind::NotFound => fs::remove_file(place),
        done => done.inspect(|()| {
            // Not if somebody has put something else there.
            let _ = aside.parent().map(fs::remove_dir);
        }),
    }
}

fn aside(place: &Path) -> PathBuf {
    place.with_file_name(ASIDE).join(DLL)
}
