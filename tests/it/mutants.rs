//! The lists of the mutation tests (`tests/suites/mutants`) name what is there: a file that is
//! moved must not leave them silently.

use std::fs;
use std::path::{Path, PathBuf};

const LISTS: &str = "tests/suites/mutants";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn list(name: &str) -> String {
    fs::read_to_string(root().join(LISTS).join(name)).unwrap()
}

/// The patterns of files to put faults into.
fn globs() -> Vec<String> {
    let settings: toml::Table = toml::from_str(&list("mutants.toml")).unwrap();
    let globs = settings["examine_globs"].as_array().unwrap();
    globs.iter().map(|glob| glob.as_str().unwrap().to_owned()).collect()
}

/// The files of the sources, as paths from the project's folder.
fn sources() -> Vec<String> {
    let mut folders = vec![PathBuf::from("src"), PathBuf::from("crates/core/src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap().map(Result::unwrap) {
            let path = folder.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(path),
                false => files.push(path.to_str().unwrap().replace('\\', "/")),
            }
        }
    }
    files
}

/// Whether a glob fits a path: `**` stands for folders, none or more, `*` for a part of one name.
fn fits(glob: &str, path: &str) -> bool {
    if let Some(rest) = glob.strip_prefix("**/") {
        return fits(rest, path)
            || path.split_once('/').is_some_and(|(_, below)| fits(glob, below));
    }
    match (glob.split_once('/'), path.split_once('/')) {
        (Some((glob, globs)), Some((name, below))) => name_fits(glob, name) && fits(globs, below),
        (None, None) => name_fits(glob, path),
        _ => false,
    }
}

fn name_fits(glob: &str, name: &str) -> bool {
    match glob.split_once('*') {
        Some((before, after)) => {
            name.strip_prefix(before).is_some_and(|rest| rest.ends_with(after))
        }
        None => glob == name,
    }
}

#[test]
fn each_pattern_fits_a_file() {
    assert!(fits("src/**/*.rs", "src/a.rs") && fits("src/**/*.rs", "src/a/b/c.rs"));
    assert!(fits("src/*.rs", "src/a.rs") && !fits("src/*.rs", "src/a/b.rs"));
    let (globs, sources) = (globs(), sources());
    let unused: Vec<_> =
        globs.iter().filter(|glob| !sources.iter().any(|path| fits(glob, path))).collect();
    assert!(unused.is_empty(), "{LISTS}/mutants.toml: no file fits {unused:?}");
}

/// A line is `MUTANT -- SOURCE -- REASON`, and a mutant begins with its file.
#[test]
fn each_equivalent_mutant_is_one_of_the_sources() {
    let globs = globs();
    for line in list("equivalent.txt").lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.splitn(3, " -- ").collect();
        let [mutant, source, reason] = parts[..] else { panic!("{line}") };
        let (file, _change) = mutant.split_once(": ").unwrap();
        assert!(globs.iter().any(|glob| fits(glob, file)), "no file of mutants.toml: {line}");
        let text = fs::read_to_string(root().join(file)).unwrap();
        assert!(
            text.lines().any(|line| line.trim() == source),
            "its line is no longer there: {line}"
        );
        assert!(!reason.is_empty(), "{line}");
    }
}
