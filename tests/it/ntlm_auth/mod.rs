//! `negossp ntlm-auth`: Samba's helper protocols, spoken by the program itself over its pipes.
//! `tests/suites/ntlm_auth/run.sh` compares them with Samba's program.

mod bad_use;
mod conversations;
mod logons;

use crate::support::accounts::*;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// `Password`, in base64 too.
const PASSWORD_TEXT: &str = "Password";
const PASSWORD_BASE64: &str = "UGFzc3dvcmQ=";

/// alice, bob, and dave whose account is disabled; alice is of `staff`.
fn server(more: &str) -> Folder {
    let folder = Folder::new();
    let accounts = line("alice", &PASSWORD, "U")
        + &line("bob", &SECRET01, "U")
        + &line("dave", &PASSWORD, "UD");
    folder.write("accounts", accounts);
    folder.write(
        "details.toml",
        "[groups]\nstaff = 'S-1-5-21-1-2-3-1201'\n\
         [[account]]\nname = 'alice'\nsid = 'S-1-5-21-1-2-3-1104'\ngroups = ['staff', 'readers']\n",
    );
    folder.write(
        "negossp.toml",
        format!(
            "[server]\nnetbios_computer = 'SERVER'\n[accounts]\nfile = 'accounts'\ndomain = 'EXAMPLE'\n\
             details = 'details.toml'\nsid = 'S-1-5-21-9-9-9'\n{more}"
        ),
    );
    folder
}

fn command(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_negossp"));
    command.arg("ntlm-auth").args(arguments);
    at(&mut command, folder);
    command
}

fn at(command: &mut Command, folder: &Folder) {
    command
        .env_clear()
        .env("NEGOSSP_CONFIG", folder.path("negossp.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
}

/// A helper that runs.
struct Helper {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Helper {
    fn start(folder: &Folder, protocol: &str, arguments: &[&str]) -> Helper {
        let protocol = format!("--helper-protocol={protocol}");
        Helper::of(command(folder, &[&[protocol.as_str()], arguments].concat()))
    }

    fn of(mut command: Command) -> Helper {
        let mut child = command.spawn().unwrap();
        let to = child.stdin.take();
        let from = BufReader::new(child.stdout.take().unwrap());
        Helper { child, to, from }
    }

    fn send(&mut self, line: impl AsRef<[u8]>) {
        let to = self.to.as_mut().unwrap();
        to.write_all(&[line.as_ref(), b"\n"].concat()).unwrap();
        to.flush().unwrap();
    }

    fn read(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the helper has ended after {line:?}");
        line.trim_end_matches('\n').to_owned()
    }

    fn ask(&mut self, line: impl AsRef<[u8]>) -> String {
        self.send(line);
        self.read()
    }

    /// Closes the helper's input; returns its exit status and what else it said.
    fn end(mut self) -> (i32, String) {
        drop(self.to.take());
        let mut rest = String::new();
        self.from.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code().unwrap(), rest)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the command to its end: exit status and standard output.
fn run(folder: &Folder, arguments: &[&str], input: &str) -> (i32, String) {
    let mut child = command(folder, arguments).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Wine and the others start `ntlm_auth`, whatever file that is.
#[cfg(unix)]
#[test]
fn the_name_of_samba_s_program_is_enough() {
    let folder = server("");
    let link = folder.path("ntlm_auth");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_negossp"), &link).unwrap();
    let called = |path: &Path, argument: &OsStr| {
        let mut command = Command::new(path);
        at(command.arg(argument), &folder);
        let output = command.output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    // Wine: sscanf( buf, "Version %d.%d.%d", ... ), 3.0.25 or later
    let version = called(&link, OsStr::new("--version"));
    let numbers = version.strip_prefix("Version ").unwrap().split('-').next().unwrap();
    let numbers: Vec<u32> = numbers.split('.').map(|number| number.parse().unwrap()).collect();
    assert!(numbers.len() == 3 && numbers > vec![3, 0, 25], "{version}");
    // As Squid calls its helpers.
    let mut command = Command::new(&link);
    at(std::os::unix::process::CommandExt::arg0(&mut command, "(ntlm_auth)").arg("-V"), &folder);
    assert!(command.output().unwrap().stdout.starts_with(b"Version "));
    let own = called(Path::new(env!("CARGO_BIN_EXE_negossp")), OsStr::new("--version"));
    assert!(own.starts_with("negossp "));
}
