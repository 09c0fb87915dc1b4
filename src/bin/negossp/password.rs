//! Reads passwords.

use crate::args::Args;
use crate::outcome::{Failure, Outcome};
use negossp::platform::terminal::{LONGEST_PASSWORD, read_password};
use std::io::{IsTerminal, Read};
use zeroize::Zeroizing;

/// Reads a password from the terminal, or from the first line of standard input. A `new` one is
/// asked for twice at the terminal and must not be empty: an NTLM client without a password is
/// rejected.
pub(crate) fn ask(args: &Args, name: &str, new: bool) -> Outcome<Zeroizing<String>> {
    let password = if args.stdin || !std::io::stdin().is_terminal() {
        from_stdin()?
    } else {
        let password = at_terminal(&format!("Password of {name}: "))?;
        if new && *at_terminal("The same again: ")? != *password {
            return Err(Failure::No("the passwords differ; nothing was changed".into()));
        }
        password
    };
    if new && password.is_empty() {
        return Err(Failure::No("the password is empty; nothing was changed".into()));
    }
    Ok(password)
}

fn at_terminal(prompt: &str) -> Outcome<Zeroizing<String>> {
    match read_password(prompt) {
        Ok(Some(password)) => Ok(password),
        Ok(None) => Err(Failure::No("no password was given; nothing was changed".into())),
        Err(error) => Err(Failure::Trouble(format!("terminal: {error}"))),
    }
}

fn from_stdin() -> Outcome<Zeroizing<String>> {
    let trouble =
        |what: &dyn std::fmt::Display| Failure::Trouble(format!("standard input: {what}"));
    let mut input = Zeroizing::new(Vec::with_capacity(LONGEST_PASSWORD + 2));
    let mut byte = Zeroizing::new([0u8; 1]);
    let mut stdin = std::io::stdin().lock();
    while stdin.read(&mut *byte).map_err(|error| trouble(&error))? == 1 && byte[0] != b'\n' {
        if input.len() > LONGEST_PASSWORD {
            return Err(trouble(&"the password is too long"));
        }
        input.push(byte[0]);
    }
    let line = input.strip_suffix(b"\r").unwrap_or(&input);
    let password = std::str::from_utf8(line).map_err(|_| trouble(&"the password is not UTF-8"))?;
    Ok(Zeroizing::new(password.to_owned()))
}
