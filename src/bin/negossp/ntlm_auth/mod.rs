//! `negossp ntlm-auth`, also by the name `ntlm_auth`: Samba's helper program of that name, over
//! this library's accounts. Options, protocols and answers are Samba's.

mod basic;
mod conversation;
mod lines;
mod membership;
mod one_shot;
mod options;
mod server_1;
mod setup;
mod status;

use lines::Lines;
use options::{Options, Parsed, Protocol};
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

/// Whether the program was called by Samba's name for it; Squid puts the name in parentheses.
pub(crate) fn is_meant(program: Option<&OsString>) -> bool {
    let name = program.and_then(|path| Path::new(path).file_stem()).and_then(OsStr::to_str);
    name.is_some_and(|name| name.trim_matches(['(', ')']) == "ntlm_auth")
}

/// Runs the command; the arguments are those after its name.
pub(crate) fn run(given: impl Iterator<Item = OsString>) -> ExitCode {
    let options = match options::parse(given) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Print(text)) => return print(io::stdout(), &text, ExitCode::SUCCESS),
        Err(message) => return print(io::stderr(), &message, ExitCode::FAILURE),
    };
    if setup::asks_itself() {
        let message = "[winbind] ntlm_auth is this program, and has to be Samba's\n";
        return print(io::stderr(), message, ExitCode::FAILURE);
    }
    match &options.protocol {
        None => one_shot::run(&options),
        Some(name) => match Protocol::named(name) {
            Some(protocol) => serve(protocol, &options),
            None => print(io::stderr(), &options::unknown_protocol(name), ExitCode::FAILURE),
        },
    }
}

/// Answers the parent's lines until it closes the pipe.
fn serve(protocol: Protocol, options: &Options) -> ExitCode {
    let mut lines = Lines::new(io::stdin().lock(), io::stdout().lock());
    let ended = match protocol {
        Protocol::Basic { encoded } => basic::serve(options, encoded, &mut lines),
        Protocol::Conversation(role) => conversation::serve(options, role, &mut lines),
        Protocol::NtlmServer1 => server_1::serve(options, &mut lines),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        // The parent has died.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "ntlm_auth: a pipe of the parent's cannot be used");
            ExitCode::FAILURE
        }
    }
}

fn print(mut to: impl Write, text: &str, status: ExitCode) -> ExitCode {
    // Nobody may be reading.
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
    status
}
