//! `negossp keytab list`.

use std::path::PathBuf;
use std::process::{Command, Output};

fn list(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_negossp"));
    command.args(["keytab", "list"]).args(arguments).output().unwrap()
}

fn data(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "data", "kerberos", name].iter().collect();
    path.into_os_string().into_string().unwrap()
}

#[test]
fn shows_entries_without_their_keys() {
    let path = data("every_enctype.keytab");
    for name in [path.clone(), format!("FILE:{path}")] {
        let output = list(&[&name]);
        assert!(output.status.success());
        let shown = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[0], "3\taes256-cts-hmac-sha1-96\tHTTP/server.example.test@EXAMPLE.TEST");
        let remarks = String::from_utf8(output.stderr).unwrap();
        assert_eq!(remarks.lines().count(), 2, "two of the entries are of encryption types that are not supported");
    }
}

#[test]
fn a_file_that_is_none() {
    assert_eq!(list(&[&data("README.md")]).status.code(), Some(3));
    assert_eq!(list(&[&data("absent.keytab")]).status.code(), Some(3));
    assert_eq!(list(&[]).status.code(), Some(2));
}
