//! The file of the audit.

use crate::platform;
use crate::runtime::thread_role;
use arc_swap::ArcSwapOption;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `[ntlm] audit_file`.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    /// For threads that act as a client, who may not open it.
    opened: ArcSwapOption<File>,
}

impl AuditFile {
    /// The file at this path, which is created.
    pub fn open(path: PathBuf) -> AuditFile {
        let file = AuditFile { path, opened: ArcSwapOption::empty() };
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

    /// Opens the file for each line, so that it can be rotated at any time.
    fn try_append(&self, lines: &str) -> io::Result<()> {
        let kept = self.opened.load_full().filter(|_| thread_role::is_impersonating());
        let file = kept.map_or_else(|| self.reopen(), Ok)?;
        (&*file).write_all(lines.as_bytes())
    }

    fn reopen(&self) -> io::Result<Arc<File>> {
        let mut options = OpenOptions::new();
        platform::private(options.create(true).append(true));
        let file = Arc::new(options.open(&self.path)?);
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
        // No path leads there any more, as for a client that may not search the folder.
        fs::rename(&folder, &elsewhere).unwrap();
        thread_role::set_impersonating(true);
        let written = file.try_append("line\n");
        thread_role::set_impersonating(false);
        let refused = file.try_append("line\n");
        let text = fs::read_to_string(elsewhere.join("ntlm.tsv")).unwrap();
        fs::remove_dir_all(&elsewhere).unwrap();
        assert!(written.is_ok() && refused.is_err());
        assert_eq!(text, "line\n");
    }
}
