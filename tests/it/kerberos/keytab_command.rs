//! `negossp keytab list`.

use crate::support::accounts::Folder;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The program, without configuration from the environment.
fn negossp(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_negossp"));
    for name in ["NEGOSSP_CONFIG", "NEGOSSP_ACCOUNTS", "NEGOSSP_LOG", "KRB5_KTNAME"] {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

fn list(arguments: &[&str]) -> Output {
    negossp(&[&["keytab", "list"], arguments].concat()).output().unwrap()
}

fn data(name: &str) -> String {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "tests", "data", "kerberos", name].iter().collect();
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
        assert_eq!(
            remarks.lines().count(),
            2,
            "two of the entries are of encryption types that are not supported"
        );
    }
}

#[test]
fn a_file_that_is_none() {
    assert_eq!(list(&[&data("README.md")]).status.code(), Some(3));
    assert_eq!(list(&[&data("absent.keytab")]).status.code(), Some(3));
    assert_eq!(list(&["MEMORY:none"]).status.code(), Some(2));
}

#[test]
fn without_a_name_it_is_the_configured_one() {
    let folder = Folder::new();
    let bytes = std::fs::read(data("holes.keytab")).unwrap();
    folder.write("server.keytab", &bytes);
    let config = folder.write("negossp.toml", "[kerberos]\nkeytab = 'server.keytab'\n");
    let expected = list(&[&data("holes.keytab")]).stdout;
    assert!(!expected.is_empty());
    let shown =
        |name, value: PathBuf| negossp(&["keytab", "list"]).env(name, value).output().unwrap();
    assert_eq!(shown("NEGOSSP_CONFIG", config).stdout, expected);
    // In the format of all Kerberos programs, and relative to the current folder.
    let variable: PathBuf = format!("FILE:{}", folder.path("server.keytab").display()).into();
    assert_eq!(shown("KRB5_KTNAME", variable).stdout, expected);
    assert_eq!(shown("KRB5_KTNAME", folder.path("server.keytab")).stdout, expected);
    let relative = negossp(&["keytab", "list"])
        .current_dir(folder.path(""))
        .env("KRB5_KTNAME", "server.keytab")
        .output();
    assert_eq!(relative.unwrap().stdout, expected);
    assert_eq!(shown("KRB5_KTNAME", "MEMORY:x".into()).status.code(), Some(2));
    assert_eq!(list(&[]).status.code(), Some(2));
}

/// `negossp config check`.
#[test]
fn what_is_wrong_with_the_configured_keytab_is_reported() {
    let folder = Folder::new();
    let check = |variable: PathBuf| {
        let output = negossp(&["config", "check"]).env("KRB5_KTNAME", variable).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), said)
    };
    let bytes = std::fs::read(data("holes.keytab")).unwrap();
    let good = folder.write("good.keytab", &bytes);
    let (status, said) = check(good.clone());
    assert!(status == 0 && said.contains(&format!("keytab = \"{}\"", good.display())), "{said}");
    let (status, said) = check(folder.path("none.keytab"));
    assert!(status == 1 && said.contains("none.keytab: no such file"), "{said}");
    let (status, said) = check(folder.write("text.keytab", "text"));
    assert!(status == 1 && said.contains("not a keytab"), "{said}");
    let (status, said) = check(folder.write("cut.keytab", &bytes[..bytes.len() - 9]));
    assert!(status == 1 && said.contains("the file ends within the record"), "{said}");
    let (status, said) = check(folder.write("empty.keytab", [5, 2]));
    assert!(status == 1 && said.contains("no key of an encryption type"), "{said}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&good, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (status, said) = check(good);
        assert!(status == 1 && said.contains("others than its owner"), "{said}");
    }
}
