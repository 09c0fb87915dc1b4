//! The command-line tool: edits the account file, checks the configuration, lists keytabs.

mod account;
mod args;
mod domain;
mod keytab;
mod logon;
mod ntlm_auth;
mod outcome;
mod password;
mod settings;
mod sid;
#[cfg(unix)]
mod wine;

use args::Args;
use outcome::{Failure, Outcome, print};
use std::io::Write;
use std::process::ExitCode;

const HELP: &str = "\
Keeps the account file and checks the configuration of negossp, the server side of SSPI Negotiate.

Usage:
  negossp account add NAME       add an account, or change its password
  negossp account remove NAME    remove an account
  negossp account disable NAME   reject logons of an account; its password is kept
  negossp account enable NAME    accept its logons again
  negossp account list           list the accounts, without their hashes
  negossp account check NAME     check a password of an account
  negossp account check          list the lines of the account file that cannot be used
  negossp config check           show the settings in force, and errors in them
  negossp sid [NAME]             show the SIDs of a user, `user`, `DOMAIN\\user` or `user@REALM`, and of its groups, as its
                                 token holds them; without NAME the machine SID, which is created if there is none
  negossp keytab list [FILE]     list the entries of a Kerberos keytab (key version, encryption type, principal),
                                 without their keys; without FILE of the one that the configuration names
                                 ([kerberos] keytab, or KRB5_KTNAME)
  negossp logon TARGET           get a Kerberos ticket for a service (HTTP/host, HTTP/host@REALM) as a client of this
                                 configuration would, step by step, with the reason of each failure; as the owner of the
                                 credential cache, or with --user by password
  negossp ntlm-auth OPTION...    validate logons for other programs, as Samba's ntlm_auth does, also when called by that
                                 name; its options are Samba's, and 'negossp ntlm-auth --help' lists them
  negossp domain check           check step by step whether the domain of the configuration can validate logons
  negossp wine install PROGRAM.exe   put the library into the place of secur32.dll for a program under Wine, in the prefix
                                 of WINEPREFIX: the DLL beside it, an override for its name, and a first configuration
  negossp wine check PROGRAM.exe tell which secur32.dll the program gets, and which version and configuration
  negossp wine remove PROGRAM.exe    restore what was there before
                                 With --prefix instead of PROGRAM.exe: for all programs of the prefix

Options:
  --file FILE    the account file, in smbpasswd(5) format; without it the one that the configuration names
                 ([accounts] file in the file that NEGOSSP_CONFIG names, or NEGOSSP_ACCOUNTS)
  --user NAME    with domain check and logon: the user to log on as: user, DOMAIN\\user or user@domain
  --from FOLDER  with wine: the folder with windows-x86_64 and windows-i686, as `make dist` makes it; without it beside
                 the folder of this program
  --stdin        read the password from the first line of standard input; the default when standard
                 input is not a terminal
  -h, --help     show this
  -V, --version  show the version

A password is never an argument: other users of the machine can read arguments.

Exit status: 0 done; 1 the answer is no (wrong password, no such account, a problem found); 2 the command was
not valid; 3 a file or the terminal could not be used.
";

fn run(args: Args) -> Outcome {
    if args.help {
        return print(HELP);
    }
    if args.version {
        return print(concat!("negossp ", env!("CARGO_PKG_VERSION"), "\n"));
    }
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["account", "add", name] => account::add(&args, name),
        ["account", "remove", name] => account::remove(&args, name),
        ["account", "disable", name] => account::set_disabled(&args, name, true),
        ["account", "enable", name] => account::set_disabled(&args, name, false),
        ["account", "list"] => account::list(&args),
        ["account", "check", name] => account::check(&args, name),
        ["account", "check"] => account::check_file(&args),
        ["config", "check"] => settings::check(),
        ["sid"] => sid::of_machine(),
        ["sid", name] => sid::of_user(name),
        ["domain", "check"] => domain::check(&args),
        ["logon", target] => logon::logon(&args, target),
        #[cfg(unix)]
        ["wine", what @ ("install" | "check" | "remove"), program @ ..] if program.len() < 2 => {
            let program = program.first().copied();
            match *what {
                "install" => wine::install(&args, program),
                "check" => wine::check(&args, program),
                _ => wine::remove(&args, program),
            }
        }
        ["keytab", "list", file] => keytab::list(file),
        ["keytab", "list"] => keytab::list_configured(),
        [] | ["help"] => print(HELP),
        ["account", "add" | "remove" | "disable" | "enable"] => {
            Err(Failure::Usage("the account's NAME is missing".into()))
        }
        _ => Err(Failure::Usage(format!("no such command: {}", words.join(" ")))),
    }
}

fn main() -> ExitCode {
    negossp::runtime::log::init();
    let mut given = std::env::args_os().peekable();
    let program = given.next();
    if ntlm_auth::is_meant(program.as_ref()) {
        return ntlm_auth::run(given);
    }
    if given.next_if(|word| word == "ntlm-auth").is_some() {
        return ntlm_auth::run(given);
    }
    let (message, status) = match Args::parse(given).and_then(run) {
        Ok(()) | Err(Failure::NobodyReads) => return ExitCode::SUCCESS,
        Err(Failure::No(message)) => (message, 1),
        Err(Failure::Usage(message)) => (format!("{message}\nTry 'negossp --help'."), 2),
        Err(Failure::Trouble(message)) => (message, 3),
    };
    // If standard error is closed too, only the exit status is left.
    let _ = writeln!(std::io::stderr(), "negossp: {message}");
    ExitCode::from(status)
}
