//! `negossp wine check`: starts a program in the prefix that tells which `secur32.dll` it finds.

use super::image::Machine;
use super::prefix::Prefix;
use super::{Target, files};
use crate::args::Args;
use crate::outcome::{Failure, Outcome, print};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The program that asks.
const PROBE: &str = "negossp-check.exe";

/// What the probe says: `key=value`.
pub(super) struct Answer(Vec<(String, String)>);

impl Answer {
    fn parse(output: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(output);
        let lines = text.lines().filter_map(|line| line.split_once('='));
        Answer(lines.map(|(key, value)| (key.trim().into(), value.trim().into())).collect())
    }

    fn without(mut self, key: &str) -> Answer {
        self.0.retain(|(found, _)| found != key);
        self
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str())
    }
}

pub(crate) fn check(args: &Args, program: Option<&str>) -> Outcome {
    let target = Target::of(args, program)?;
    show(&ask(args, &Prefix::of_environment()?, &target)?)
}

/// Prints the answer.
pub(super) fn show(answer: &Answer) -> Outcome {
    let lines = answer.0.iter().map(|(key, value)| format!("{key}\t{value}\n"));
    print(&lines.collect::<String>())?;
    match answer.get("negossp") {
        Some("1") => Ok(()),
        _ => Err(Failure::No(
            "the program gets Wine's own secur32.dll (see `negossp wine install`)".into(),
        )),
    }
}

/// Starts the probe: under the program's name, for that decides which override counts, with the DLL
/// that is beside the program beside it.
pub(super) fn ask(args: &Args, prefix: &Prefix, target: &Target) -> Outcome<Answer> {
    let (name, machine, dll) = match target {
        Target::Program { path, name, machine } => {
            (name.as_str(), *machine, Some(path.with_file_name(files::DLL)))
        }
        Target::Prefix => {
            let folders = prefix.system_folders()?;
            (PROBE, folders.first().map_or(Machine::X86_64, |(_, machine)| *machine), None)
        }
    };
    let probe = files::source(args, machine, PROBE)?;
    let folder = Folder::new(prefix)?;
    let copy = || -> io::Result<PathBuf> {
        let program = folder.0.join(name);
        fs::copy(&probe, &program)?;
        if let Some(dll) = dll.filter(|dll| dll.exists()) {
            fs::copy(dll, folder.0.join(files::DLL))?;
        }
        Ok(program)
    };
    let program = copy().map_err(|error| Failure::file(&folder.0, error))?;
    let output = prefix.run(&program, &["--probe"])?;
    let answer = Answer::parse(&output.stdout);
    match answer.get("negossp") {
        // The path would be that of the copy.
        Some("1") => Ok(answer.without("module")),
        Some(_) => Ok(answer),
        None => Err(Failure::Trouble(format!(
            "{name} does not run in {} (its Wine has no {} programs?)",
            prefix.folder.display(),
            if machine == Machine::I686 { "32-bit" } else { "64-bit" },
        ))),
    }
}

/// A folder of the prefix's drive C, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(prefix: &Prefix) -> Outcome<Folder> {
        let name = format!("negossp-check-{}", std::process::id());
        let folder = prefix.folder.join("drive_c").join(name);
        fs::create_dir(&folder).map_err(|error| Failure::file(&folder, error))?;
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(Path::new(&self.0));
    }
}
