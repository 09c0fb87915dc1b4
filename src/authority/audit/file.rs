//! The file of the audit.

use crate::platform::files::{self, Access};
use crate::runtime::thread_role;
use arc_swap::ArcSwapOption;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// `[ntlm] audit_file`.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    /// For threads that act as a client, who may not open it, and for when it cannot be opened.
    opened: ArcSwapOption<File>,
    /// That it cannot be opened has been logged.
    reported: AtomicBool,
}

impl AuditFile {
    /// The file at this path, which is created.
    pub fn open(path: PathBuf) -> AuditFile {
        let (opened, reported) = (ArcSwapOption::empty(), AtomicBool::new(false));
        let file = AuditFile { path, opened, reported };
        // An error is reported with the first line.
        let _ = file.reopen();
        file
    }

    /// Its path.
    pub fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }

    /// Appends lines. An error is logged.
    pub(in crate::authority) fn append(&self, lines: &str) {
        if let Err(error) = self.try_append(lines) {
            let file = self.path.display();
            tracing::error!(%file, %error, "[ntlm] audit_file cannot be written");
        }
    }

    /// Opens the file for each line, so that it can be rotated at any time. While it cannot be opened,
    /// lines go to the file that was opened last.
    fn try_append(&self, lines: &str) -> io::Result<()> {
        let kept = self.opened.load_full();
        let file = match kept {
            Some(kept) if thread_role::is_impersonating() => kept,
            Some(kept) => match self.reopen() {
                Ok(opened) => {
                    self.reported.store(false, Ordering::Relaxed);
                    opened
                }
                Err(error) => {
                    if !self.reported.swap(true, Ordering::Relaxed) {
                        let file = self.path.display();
                        tracing::error!(
                            %file, %error,
                            "[ntlm] audit_file cannot be opened: lines go to the file that was there"
                        );
                    }
                    kept
                }
            },
            None => self.reopen()?,
        };
        (&*file).write_all(lines.as_bytes())
    }

    fn reopen(&self) -> io::Result<Arc<File>> {
        let file = Arc::new(files::open(&self.path, Access::Append)?.file);
        self.opened.store(Some(file.clone()));
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_thread_that_acts_as_a_client_writes_though_it_may_not_open_the_file() {
        let folder = std::env::temp_dir().join(format!("negossp-audit-{}", std::process::id()));
        let elsewhere = folder.with_extension("away");
        fs::create_dir_all(&folder).unwrap();
        let file = AuditFile::open(folder.join("ntlm.tsv"));
        assert_eq!(file.path(), Some(&*folder.join("ntlm.tsv")));
        // No path leads there any more, as for a client that may not search the folder.
        fs::rename(&folder, &elsewhere).unwrap();
        thread_role::set_impersonating(None);
        let written = file.try_append("line\n");
        thread_role::set_server();
        // So does another, rather than to write nothing.
        let also_written = file.try_append("another\n");
        let text = fs::read_to_string(elsewhere.join("ntlm.tsv")).unwrap();
        // Once there is a path again, that is used.
        fs::create_dir_all(&folder).unwrap();
        let rotated = file.try_append("third\n");
        let new_text = fs::read_to_string(folder.join("ntlm.tsv")).unwrap();
        fs::remove_dir_all(&elsewhere).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(written.is_ok() && also_written.is_ok() && rotated.is_ok());
        assert_eq!((&*text, &*new_text), ("line\nanother\n", "third\n"));
    }

    #[test]
    fn a_file_that_could_never_be_opened_is_an_error() {
        let file = AuditFile::open(std::env::temp_dir().join("negossp-no-folder/ntlm.tsv"));
        assert!(file.try_append("line\n").is_err());
    }
}
