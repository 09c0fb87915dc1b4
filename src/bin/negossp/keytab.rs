//! `negossp keytab`.

use crate::outcome::{Failure, Outcome, print, remark};
use negossp::kerberos::keytab::Keytab;
use negossp::platform::files;
use negossp::server::{Environment, Store};
use negossp::stores::keytab_file::path_in;
use std::path::Path;

/// Lists the entries of a keytab, without their keys. As with other programs the name may begin
/// with `FILE:`.
pub(crate) fn list(name: &str) -> Outcome {
    list_file(&path_in(name).map_err(Failure::Usage)?)
}

/// Lists the entries of the keytab that the configuration names.
pub(crate) fn list_configured() -> Outcome {
    let configuration = Store::open(Environment::of_process()).current();
    let file = configuration.settings.kerberos_files.keytab.as_deref();
    list_file(
        file.ok_or_else(|| Failure::Usage("which keytab? The configuration names none".into()))?,
    )
}

fn list_file(path: &Path) -> Outcome {
    let bytes = files::look(path).map_err(|error| Failure::file(path, error))?.bytes;
    let keytab = Keytab::parse(&bytes)
        .map_err(|error| Failure::Trouble(format!("{}: {error}", path.display())))?;
    let lines = keytab.entries().iter().map(|entry| {
        format!(
            "{}\t{}\t{}\n",
            entry.kvno,
            entry.key.enctype().name(),
            printable(&entry.principal())
        )
    });
    print(&lines.collect::<String>())?;
    for skipped in keytab.skipped() {
        remark(&format!("{}: skipped at byte {}: {}", path.display(), skipped.offset, skipped.why));
    }
    Ok(())
}

/// Escapes control characters, which a terminal would interpret.
fn printable(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() })
        .collect()
}
