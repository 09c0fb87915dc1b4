//! What was there before, so that it can be put back: a file in the prefix with a line for each
//! installation.

use crate::outcome::{Failure, Outcome};
use std::io::ErrorKind;
use std::path::PathBuf;

/// One installation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// The program, or all.
    pub(super) target: String,
    /// The key of its override.
    pub(super) key: String,
    /// The override that was there before.
    pub(super) previous: Option<String>,
    /// The DLLs that were put there.
    pub(super) files: Vec<PathBuf>,
}

pub(super) struct Record {
    path: PathBuf,
    pub(super) entries: Vec<Entry>,
}

impl Record {
    pub(super) fn read(prefix: &super::Prefix) -> Outcome<Record> {
        let path = prefix.folder.join("negossp.installed");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::file(&path, error)),
        };
        let entries = text.lines().map(parse).collect::<Option<_>>();
        let bad = || Failure::Trouble(format!("{}: not a record of negossp", path.display()));
        Ok(Record { entries: entries.ok_or_else(bad)?, path })
    }

    pub(super) fn write(&self) -> Outcome {
        let text: String = self.entries.iter().map(line).collect();
        let result = match text.is_empty() {
            true => std::fs::remove_file(&self.path).or_else(|error| {
                if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
            }),
            false => super::files::write(&self.path, text.as_bytes()),
        };
        result.map_err(|error| Failure::file(&self.path, error))
    }
}

/// TARGET, KEY, whether there was an override, the override, FILE..., with tabs between them.
fn line(entry: &Entry) -> String {
    let previous = entry.previous.as_ref().map_or("-\t".into(), |value| format!("+\t{value}"));
    let files: String = entry.files.iter().map(|file| format!("\t{}", file.display())).collect();
    format!("{}\t{}\t{previous}{files}\n", entry.target, entry.key)
}

fn parse(line: &str) -> Option<Entry> {
    let mut parts = line.split('\t').map(str::to_owned);
    let (target, key, known, value) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let previous = match known.as_str() {
        "+" => Some(value),
        "-" => None,
        _ => return None,
    };
    Some(Entry { target, key, previous, files: parts.map(PathBuf::from).collect() })
}
