//! The command line.

use crate::outcome::{Failure, Outcome};
use std::ffi::OsString;
use std::path::PathBuf;

/// The parsed command line.
#[derive(Debug, Default)]
pub(crate) struct Args {
    /// The words that are not options.
    pub(crate) words: Vec<String>,
    /// `--file`.
    pub(crate) file: Option<PathBuf>,
    /// `--user`.
    pub(crate) user: Option<String>,
    /// `--from`.
    pub(crate) from: Option<PathBuf>,
    /// `--prefix`.
    pub(crate) prefix: bool,
    /// `--stdin`.
    pub(crate) stdin: bool,
    /// `--help`.
    pub(crate) help: bool,
    /// `--version`.
    pub(crate) version: bool,
}

impl Args {
    /// Parses the arguments without the program's name. After `--` everything is a word.
    pub(crate) fn parse(mut given: impl Iterator<Item = OsString>) -> Outcome<Args> {
        let mut args = Args::default();
        let mut words_only = false;
        while let Some(argument) = given.next() {
            // Paths need not be UTF-8, all other arguments must be.
            let text = argument
                .into_string()
                .map_err(|raw| Failure::Usage(format!("not UTF-8: {}", raw.to_string_lossy())))?;
            match text.as_str() {
                _ if words_only || !text.starts_with('-') || text == "-" => args.words.push(text),
                "--" => words_only = true,
                "--file" => {
                    let path = given
                        .next()
                        .ok_or_else(|| Failure::Usage("--file needs the name of a file".into()))?;
                    args.file = Some(path.into());
                }
                "--user" => {
                    let name = given.next().and_then(|name| name.into_string().ok());
                    args.user =
                        Some(name.ok_or_else(|| Failure::Usage("--user needs a name".into()))?);
                }
                "--from" => {
                    let folder = given.next();
                    let missing = || Failure::Usage("--from needs the name of a folder".into());
                    args.from = Some(folder.ok_or_else(missing)?.into());
                }
                "--prefix" => args.prefix = true,
                "--stdin" => args.stdin = true,
                "-h" | "--help" => args.help = true,
                "-V" | "--version" => args.version = true,
                _ => match text.strip_prefix("--file=") {
                    Some(path) => args.file = Some(path.into()),
                    None => return Err(Failure::Usage(format!("no such option: {text}"))),
                },
            }
        }
        Ok(args)
    }
}
