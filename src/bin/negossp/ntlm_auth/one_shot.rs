//! Without a helper protocol: one logon, whose result is the exit status.

use super::options::{self, Options};
use super::setup::{NTLM, Setup};
use super::{print, status};
use negossp::encoding::hex;
use negossp::ntlm::Validated;
use negossp::platform;
use negossp::platform::terminal::read_password;
use negossp::server::{PasswordLogon, ResponseLogon};
use negossp::types::identity::Identity;
use negossp::types::ntstatus::NtStatus;
use std::io;
use std::process::ExitCode;
use zeroize::Zeroizing;

pub(super) fn run(options: &Options) -> ExitCode {
    let Some(user) = options.username.as_deref().filter(|user| !user.is_empty()) else {
        return print(io::stderr(), &options::no_username(), ExitCode::FAILURE);
    };
    match options.challenge {
        Some(challenge) => response(options, user, challenge),
        None => password(options, user),
    }
}

/// `--challenge` and the responses to it. Prints keys or an error.
fn response(options: &Options, user: &str, challenge: [u8; 8]) -> ExitCode {
    let logon = ResponseLogon {
        user,
        domain: options.domain.as_deref().unwrap_or_default(),
        workstation: options.workstation.as_deref().unwrap_or_default(),
        challenge,
        nt_response: &options.nt_response,
        lm_response: &options.lm_response,
        mschapv2: options.allow_mschapv2,
    };
    let mut setup = Setup::new(options);
    let configuration = setup.for_server();
    let credential = setup.server_credential(NTLM, &configuration);
    let groups = setup.required_groups(&configuration);
    let now = platform::now();
    match credential.validate_response(&configuration, logon, groups.as_deref(), now) {
        Ok(validated) => {
            let mut lines = Zeroizing::new(String::with_capacity(128));
            keys(
                &mut lines,
                ["LM_KEY: ", "NT_KEY: "],
                options.request_lm_key,
                options.request_nt_key,
                &validated,
            );
            print(io::stdout(), &lines, ExitCode::SUCCESS)
        }
        Err(error) => {
            let status = status::of(&error);
            let line = match status {
                // As where winbindd does not answer; FreeRADIUS asks for these words.
                NtStatus::UNSUCCESSFUL => "Reading winbind reply failed!".to_owned(),
                status => status::text(status),
            };
            print(io::stdout(), &format!("{line} ({:#x})\n", status.0), ExitCode::FAILURE)
        }
    }
}

/// Appends the session keys that are asked for, in hexadecimal. One that is unknown is left out.
pub(super) fn keys(lines: &mut String, names: [&str; 2], lm: bool, user: bool, of: &Validated) {
    let wanted = [(lm, &of.lm_session_key[..]), (user, &of.session_base_key[..])];
    for (name, (_, key)) in
        names.iter().zip(wanted).filter(|(_, (wanted, key))| *wanted && key.iter().any(|&b| b != 0))
    {
        let mut digits = Zeroizing::new(Vec::with_capacity(2 * key.len()));
        hex::encode_into(key, &mut digits);
        lines.push_str(name);
        lines.push_str(std::str::from_utf8(&digits).unwrap_or_default());
        lines.push('\n');
    }
}

/// `--password`, or one that is asked for at the terminal. Prints the result.
fn password(options: &Options, user: &str) -> ExitCode {
    let password = match &options.password {
        Some(password) => password.clone(),
        None => match read_password("Password: ") {
            Ok(Some(password)) => password,
            _ => return print(io::stderr(), "no password was given\n", ExitCode::FAILURE),
        },
    };
    let identity = Identity {
        user: user.to_owned(),
        domain: options.domain.clone().unwrap_or_default(),
        password,
    };
    // The password is the client's: the accounts are the configuration's.
    let accounts = Options {
        require_membership_of: options.require_membership_of.clone(),
        ..Options::default()
    };
    let mut setup = Setup::new(&accounts);
    let configuration = setup.for_server();
    let credential = setup.server_credential(NTLM, &configuration);
    let groups = setup.required_groups(&configuration);
    let workstation = options.workstation.as_deref().unwrap_or_default();
    let logon = PasswordLogon { identity: &identity, workstation };
    let validated =
        credential.validate_password(&configuration, logon, groups.as_deref(), platform::now());
    let status = validated.as_ref().map_or_else(status::of, |_| NtStatus::SUCCESS);
    let line = format!("{}: {} ({:#x})\n", status::name(status), status::text(status), status.0);
    let exit = if validated.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    print(io::stdout(), &line, exit)
}
