//! The DLLs: where they come from, and how they are put and taken back.

use super::image::{Machine, Owner};
use crate::args::Args;
use crate::outcome::{Failure, Outcome};
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
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

/// The names that are refused: the record has one line for each installation, with tabs in it.
pub(super) fn check_name(path: &Path) -> Outcome {
    match path.to_str() {
        Some(text) if !text.contains(|c: char| c.is_control()) => Ok(()),
        _ => Err(Failure::No(format!("{}: a name with such characters", path.display()))),
    }
}

/// Writes a file as a whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = prepare(path, bytes)?;
    fs::rename(&new, path).inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })
}

/// What the names of files that are not complete yet begin with, after the file's own.
const UNFINISHED: &str = ".negossp-";

/// Writes a new file beside the path, and returns its name, which nobody can have linked before.
fn prepare(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!("{UNFINISHED}{:016x}", RandomState::new().hash_one(path)));
    let new = path.with_file_name(name);
    let mut file = File::options().write(true).create_new(true).mode(0o644).open(&new)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })?;
    Ok(new)
}

/// Whether the DLL may be put there. Nothing is changed.
pub(super) fn may_replace(place: &Path, is_system: bool) -> Outcome {
    let refused = |path: &Path| {
        Err(Failure::No(format!(
            "{}: a secur32.dll of somebody else's is there; nothing was changed",
            path.display()
        )))
    };
    // To Wine these are one name.
    let others = fs::read_dir(place.parent().unwrap_or(place)).into_iter().flatten().flatten();
    let other = others.map(|entry| entry.path()).find(|path| {
        let name = path.file_name().unwrap_or_default();
        name != DLL && name.eq_ignore_ascii_case(DLL)
    });
    if let Some(other) = other {
        return refused(&other);
    }
    match Owner::of(place).map_err(|error| Failure::file(place, error))? {
        Owner::Nobody | Owner::Negossp => Ok(()),
        // It is moved aside.
        Owner::Wine if is_system => Ok(()),
        Owner::Wine | Owner::SomebodyElse => refused(place),
    }
}

/// Puts the DLL there. The system's own is moved aside.
pub(super) fn put(source: &Path, place: &Path) -> io::Result<()> {
    let new = prepare(place, &fs::read(source)?)?;
    let aside = aside(place);
    let moved = match Owner::of(place)? {
        Owner::Wine => fs::create_dir_all(aside.parent().unwrap_or(&aside))
            .and_then(|()| fs::rename(place, &aside))
            .map(|()| true),
        _ => Ok(false),
    };
    moved
        .and_then(|moved| {
            fs::rename(&new, place).inspect_err(|_| {
                let _ = if moved { fs::rename(&aside, place) } else { Ok(()) };
            })
        })
        .inspect_err(|_| {
            let _ = fs::remove_file(&new);
        })
}

/// Removes the DLL and moves the system's own back, also after an installation that was
/// interrupted. Returns whether the place is as it was: not if somebody has put another DLL there.
pub(super) fn take_back(place: &Path) -> io::Result<bool> {
    let entries = fs::read_dir(place.parent().unwrap_or(place)).into_iter().flatten().flatten();
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with(&format!("{DLL}{UNFINISHED}")) {
            let _ = fs::remove_file(entry.path());
        }
    }
    let aside = aside(place);
    let is_ours = match Owner::of(place)? {
        Owner::Negossp => true,
        Owner::Nobody => false,
        Owner::Wine | Owner::SomebodyElse => return Ok(false),
    };
    match fs::rename(&aside, place) {
        Err(error) if error.kind() == ErrorKind::NotFound => match is_ours {
            true => fs::remove_file(place)?,
            false => return Ok(true),
        },
        done => done?,
    }
    // Not if somebody has put something else there.
    let _ = aside.parent().map(fs::remove_dir);
    Ok(true)
}

fn aside(place: &Path) -> PathBuf {
    place.with_file_name(ASIDE).join(DLL)
}
