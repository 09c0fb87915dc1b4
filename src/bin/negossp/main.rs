//! The command-line companion: keeps the account file, checks the configuration, shows keytabs.

mod account;
mod args;
mod domain;
mod keytab;
mod outcome;
mod password;
mod settings;
mod sid;

use args::Args;
use outcome::{Failure, Outcome, print};
use std::io::Write;
use std::process::ExitCode;

const HELP: &str = "\
Keeps the accounts and checks the configuration of negossp, the server side of SSPI Negotiate.

Usage:
  negossp account add NAME       add an account, or give it another password
  negossp account remove NAME    remove an account
  negossp account disable NAME   let an account in no more, and keep its password
  negossp account enable NAME    let it in again
  negossp account list           list the accounts, without their hashes
  negossp account check NAME     tell whether a password is the account's
  negossp account check          tell which lines of the account file cannot be used
  negossp config check           show the settings in force and what is wrong with them
  negossp sid [NAME]             show the SIDs of a user, `user`, `DOMAIN\\user` or `user@REALM`, and of its groups, as its
                                 token holds them; without NAME the machine's own, which is made if there is none
  negossp keytab list [FILE]     list the entries of a Kerberos keytab (key version, encryption type, principal),
                                 without their keys; without FILE of the one that the configuration names
                                 ([kerberos] keytab, or KRB5_KTNAME)
  negossp domain check           tell step by step whether the domain of the configuration can be asked for its users

Options:
  --file FILE    the account file, in smbpasswd(5) format; without it the one that the configuration names
                 ([accounts] file in the file that NEGOSSP_CONFIG names, or NEGOSSP_ACCOUNTS)
  --user NAME    with domain check: log on as that user too, as user, DOMAIN\\user or user@domain
  --stdin        take the password from the first line of standard input, as is done anyway when standard
                 input is not a terminal
  -h, --help     show this
  -V, --version  show the version

A password is never an argument: other users of the machine can read those.

Exit status: 0 done; 1 the answer is no (wrong password, no such account, a problem found); 2 the command was
not understood; 3 a file or the terminal could not be used.
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
    let (message, status) = match Args::parse(std::env::args_os().skip(1)).and_then(run) {
        Ok(()) | Err(Failure::NobodyReads) => return ExitCode::SUCCESS,
        Err(Failure::No(message)) => (message, 1),
        Err(Failure::Usage(message)) => (format!("{message}\nTry 'negossp --help'."), 2),
        Err(Failure::Trouble(message)) => (message, 3),
    };
    // With standard error closed too, the exit status is all there is left to say.
    let _ = writeln!(std::io::stderr(), "negossp: {message}");
    ExitCode::from(status)
}
