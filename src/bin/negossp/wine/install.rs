//! `negossp wine install` and `negossp wine remove`.

use super::prefix::{NATIVE, Prefix};
use super::record::{Entry, Record};
use super::{Target, check, files, whole};
use crate::args::Args;
use crate::outcome::{Failure, Outcome, print, remark};
use std::path::{Path, PathBuf};

/// A first configuration: accounts in a file beside it.
const CONFIGURATION: &str = "\
# See README.md for all keys. `negossp account add NAME --file .../accounts` adds an account.

[accounts]
file = \"accounts\"
";

pub(crate) fn install(args: &Args, program: Option<&str>) -> Outcome {
    let target = Target::of(args, program)?;
    let prefix = Prefix::of_environment()?;
    let _lock = prefix.lock()?;
    let places = target.places(&prefix)?;
    let is_system = matches!(target, Target::Prefix);
    let mut sources = Vec::new();
    for (place, machine) in &places {
        files::may_replace(place, is_system)?;
        sources.push(files::source(args, *machine, files::DLL)?);
    }

    // Programs of its kind run there, before anything is changed.
    check::ask(args, &prefix, &target)?;

    let (key, id) = (target.key(), target.id());
    let mut record = Record::read(&prefix)?;
    let before = prefix.find_override(&key)?;
    // What was there before is what was there before the first installation that set it.
    let known = record.entries.iter().find(|entry| entry.key == key);
    let previous = known.map_or(before.clone(), |entry| entry.previous.clone());
    let files = places.iter().map(|(place, _)| place.clone()).collect();
    record.entries.retain(|entry| entry.target != id);
    record.entries.push(Entry { target: id, key: key.clone(), previous, files });
    record.write()?;

    for ((place, _), source) in places.iter().zip(&sources) {
        files::put(source, place).map_err(|error| Failure::file(place, error))?;
        print(&format!("library\t{}\n", place.display()))?;
    }
    if before.as_deref() != Some(NATIVE) {
        if let Some(before) = before {
            remark(&format!("the override for secur32 was \"{before}\"; remove restores it"));
        }
        prefix.set_override(&key, Some(NATIVE))?;
    }
    print(&format!("override\t{key}\tsecur32={NATIVE}\n"))?;

    let mut answer = check::ask(args, &prefix, &target)?;
    if let Some(path) = first_configuration(&prefix, &answer)? {
        print(&format!("written\t{}\n", path.display()))?;
        answer = check::ask(args, &prefix, &target)?;
    }
    check::show(&answer)
}

/// Writes a configuration where the program looks for one, if there is none, and returns its path.
fn first_configuration(prefix: &Prefix, answer: &check::Answer) -> Outcome<Option<PathBuf>> {
    let path = answer.get("configuration").and_then(|path| prefix.unix_path(path));
    let Some(path) = path.filter(|path| !path.exists()) else { return Ok(None) };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| files::write(&path, CONFIGURATION.as_bytes()));
    written.map_err(|error| Failure::file(&path, error))?;
    Ok(Some(path))
}

pub(crate) fn remove(args: &Args, program: Option<&str>) -> Outcome {
    let prefix = Prefix::of_environment()?;
    let _lock = prefix.lock()?;
    let id = match (program, args.prefix) {
        // The program may be gone.
        (Some(program), false) => whole(Path::new(program))?.display().to_string(),
        _ => Target::of(args, program)?.id(),
    };
    let mut record = Record::read(&prefix)?;
    let Some(at) = record.entries.iter().position(|entry| entry.target == id) else {
        return Err(Failure::No(format!("{id}: not installed in {}", prefix.folder.display())));
    };
    let entry = record.entries.remove(at);
    // Another program in the same folder, or of the same name, still needs these.
    let needed = |file: &PathBuf| record.entries.iter().any(|other| other.files.contains(file));
    for file in entry.files.iter().filter(|file| !needed(file)) {
        let restored = files::take_back(file).map_err(|error| Failure::file(file, error))?;
        let done = if restored { "removed" } else { "somebody else's: left as it is" };
        print(&format!("library\t{}\t{done}\n", file.display()))?;
    }
    if !record.entries.iter().any(|other| other.key == entry.key)
        && prefix.find_override(&entry.key)?.as_deref() == Some(NATIVE)
        && entry.previous.as_deref() != Some(NATIVE)
    {
        prefix.set_override(&entry.key, entry.previous.as_deref())?;
        let restored = entry.previous.as_deref().unwrap_or("none");
        print(&format!("override\t{}\tsecur32={restored}\n", entry.key))?;
    }
    record.write()
}
