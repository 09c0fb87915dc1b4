//! The options, as programs pass them to Samba's `ntlm_auth`.

use negossp::encoding::hex;
use std::ffi::OsString;
use zeroize::Zeroizing;

/// Samba's version whose options and answers these are. Wine asks for one.
const VERSION: &str = concat!("Version 4.17.12-negossp-", env!("CARGO_PKG_VERSION"), "\n");

const HELP: &str = "\
Usage: ntlm_auth [OPTION...]
Validates logons for other programs, as Samba's program of this name does, with the accounts of negossp's
configuration.

      --helper-protocol=PROTOCOL          answer requests on standard input: squid-2.4-basic, squid-2.5-basic,
                                          squid-2.5-ntlmssp, ntlmssp-client-1, gss-spnego, gss-spnego-client or
                                          ntlm-server-1
      --username=USER                     the user; or DOMAIN\\USER
      --domain=DOMAIN                     the user's domain
      --workstation=NAME                  the client's workstation
      --password=PASSWORD                 the user's password; other users of the machine can read it
      --challenge=HEX                     the challenge (8 bytes)
      --lm-response=HEX                   the LM response to the challenge (24 bytes)
      --nt-response=HEX                   the NT or NTLMv2 response to the challenge
      --request-lm-key                    print the LM session key
      --request-nt-key                    print the user session key
      --use-cached-creds                  there are none: the password is asked for
      --allow-mschapv2                    the response is MS-CHAPv2's; [ntlm] weak_responses must have it
      --require-membership-of=GROUP       accept members of this group only: SIDs with commas between them, or a name
      --target-service=SERVICE            the service of the server to log on to
      --target-hostname=HOST              its host
      --offline-logon, --configfile=FILE, -s FILE, --option=NAME=VALUE, --pam-winbind-conf=FILE,
      -d LEVEL, --debuglevel=LEVEL, --debug-stdout
                                          ignored
  -V, --version                           show the version of Samba's program that this one stands for
  -?, --help, --usage                     show this

Exit status: 0 the logon is accepted; 1 it is not, or the options are not valid.
";

/// The options.
#[derive(Default)]
pub(super) struct Options {
    /// `--helper-protocol`.
    pub(super) protocol: Option<String>,
    /// `--username`, without the domain.
    pub(super) username: Option<String>,
    /// `--domain`, or the username's.
    pub(super) domain: Option<String>,
    /// `--workstation`.
    pub(super) workstation: Option<String>,
    /// `--password`.
    pub(super) password: Option<Zeroizing<String>>,
    /// `--challenge`.
    pub(super) challenge: Option<[u8; 8]>,
    /// `--lm-response`.
    pub(super) lm_response: Vec<u8>,
    /// `--nt-response`.
    pub(super) nt_response: Vec<u8>,
    /// `--request-lm-key`.
    pub(super) request_lm_key: bool,
    /// `--request-nt-key`.
    pub(super) request_nt_key: bool,
    /// `--allow-mschapv2`.
    pub(super) allow_mschapv2: bool,
    /// `--require-membership-of`.
    pub(super) require_membership_of: Option<String>,
    /// `--target-service`.
    pub(super) target_service: Option<String>,
    /// `--target-hostname`.
    pub(super) target_hostname: Option<String>,
}

/// What the options ask for.
pub(super) enum Parsed {
    Run(Box<Options>),
    Print(String),
}

/// Which side of which exchange the helper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    NtlmServer,
    NtlmClient,
    SpnegoServer,
    SpnegoClient,
}

/// What is spoken with the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `encoded`: percent signs in names and passwords.
    Basic {
        encoded: bool,
    },
    Conversation(Role),
    NtlmServer1,
}

const PROTOCOLS: [(&str, Protocol); 7] = [
    ("squid-2.4-basic", Protocol::Basic { encoded: false }),
    ("squid-2.5-basic", Protocol::Basic { encoded: true }),
    ("squid-2.5-ntlmssp", Protocol::Conversation(Role::NtlmServer)),
    ("ntlmssp-client-1", Protocol::Conversation(Role::NtlmClient)),
    ("gss-spnego", Protocol::Conversation(Role::SpnegoServer)),
    ("gss-spnego-client", Protocol::Conversation(Role::SpnegoClient)),
    ("ntlm-server-1", Protocol::NtlmServer1),
];

impl Protocol {
    pub(super) fn named(name: &str) -> Option<Protocol> {
        PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, protocol)| *protocol)
    }
}

pub(super) fn unknown_protocol(name: &str) -> String {
    let names: String = PROTOCOLS.iter().map(|(name, _)| format!("{name}\n")).collect();
    format!("unknown helper protocol [{name}]\n\nValid helper protools:\n\n{names}")
}

/// Options without a value.
const FLAGS: [&str; 11] = [
    "request-lm-key",
    "request-nt-key",
    "use-cached-creds",
    "allow-mschapv2",
    "offline-logon",
    "diagnostics",
    "debug-stdout",
    "version",
    "help",
    "usage",
    "?",
];

/// Options with one.
const WITH_VALUE: [&str; 17] = [
    "helper-protocol",
    "username",
    "domain",
    "workstation",
    "password",
    "challenge",
    "lm-response",
    "nt-response",
    "require-membership-of",
    "pam-winbind-conf",
    "target-service",
    "target-hostname",
    "configfile",
    "option",
    "debuglevel",
    "log-basename",
    "leak-report-full",
];

/// Options of one letter, and what they are in full.
const LETTERS: [(char, &str); 5] =
    [('s', "configfile"), ('d', "debuglevel"), ('l', "log-basename"), ('V', "version"), ('?', "?")];

/// Parses the arguments. Those that are no options are ignored, as by Samba.
///
/// The error is what goes to standard error.
pub(super) fn parse(given: impl Iterator<Item = OsString>) -> Result<Parsed, String> {
    let mut given = given.map(|argument| {
        argument.into_string().map_err(|raw| format!("{}: not UTF-8\n", raw.to_string_lossy()))
    });
    let mut options = Options::default();
    let (mut diagnostics, mut empty) = (false, true);
    while let Some(argument) = given.next() {
        let argument = Zeroizing::new(argument?);
        empty = false;
        let (name, value) = match split(&argument) {
            None if argument.as_str() == "--" => break,
            None => continue,
            Some(split) => split,
        };
        let wrong = |why: &str| format!("{}: {why}\n{HELP}", &*argument);
        let value = match value {
            Some(_) if FLAGS.contains(&name) => return Err(wrong("takes no value")),
            Some(value) => Zeroizing::new(value.to_owned()),
            None if FLAGS.contains(&name) => Zeroizing::default(),
            None => Zeroizing::new(given.next().ok_or_else(|| wrong("missing argument"))??),
        };
        let text = || Some(value.to_string());
        match name {
            "helper-protocol" => options.protocol = text(),
            "username" => options.username = text(),
            "domain" => options.domain = text(),
            "workstation" => options.workstation = text(),
            "password" => options.password = Some(value),
            "challenge" => options.challenge = Some(challenge(&value)?),
            "lm-response" => options.lm_response = response(&value, |length| length == 24)?,
            "nt-response" => options.nt_response = response(&value, |length| length >= 24)?,
            "request-lm-key" => options.request_lm_key = true,
            "request-nt-key" => options.request_nt_key = true,
            "allow-mschapv2" => options.allow_mschapv2 = true,
            "require-membership-of" => options.require_membership_of = text(),
            "target-service" => options.target_service = text(),
            "target-hostname" => options.target_hostname = text(),
            "diagnostics" => diagnostics = true,
            "version" => return Ok(Parsed::Print(VERSION.to_owned())),
            "help" | "usage" | "?" => return Ok(Parsed::Print(HELP.to_owned())),
            ignored if FLAGS.contains(&ignored) || WITH_VALUE.contains(&ignored) => {}
            _ => return Err(wrong("unknown option")),
        }
    }
    if empty {
        return Err(HELP.to_owned());
    }
    if diagnostics {
        return Err("--diagnostics is not supported\n".to_owned());
    }
    split_username(&mut options)?;
    Ok(Parsed::Run(Box::new(options)))
}

/// An option's full name and the value that is in the same argument; `None`: it is no option.
fn split(argument: &str) -> Option<(&str, Option<&str>)> {
    if let Some(long) = argument.strip_prefix("--").filter(|long| !long.is_empty()) {
        return Some(match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, (!WITH_VALUE.contains(&long) && !FLAGS.contains(&long)).then_some("")),
        });
    }
    let rest = argument.strip_prefix('-').filter(|rest| !rest.is_empty() && *rest != "-")?;
    let letter = rest.chars().next()?;
    let name = LETTERS.iter().find(|(known, _)| *known == letter).map_or(rest, |(_, name)| name);
    let value = rest.strip_prefix(letter).filter(|value| !value.is_empty());
    let value = value.map(|value| value.strip_prefix('=').unwrap_or(value));
    Some((name, if WITH_VALUE.contains(&name) || FLAGS.contains(&name) { value } else { Some("") }))
}

/// `DOMAIN\user` in `--username`.
fn split_username(options: &mut Options) -> Result<(), String> {
    let Some((domain, user)) = options.username.as_deref().and_then(|name| name.split_once('\\'))
    else {
        return Ok(());
    };
    if let Some(given) = &options.domain
        && !given.eq_ignore_ascii_case(domain)
    {
        return Err(format!(
            "Domain specified in username ({domain}) doesn't match specified domain ({given})!\n\n{HELP}"
        ));
    }
    let (domain, user) = (domain.to_owned(), user.to_owned());
    options.domain = Some(domain);
    options.username = Some(user);
    Ok(())
}

/// Without `--username` where one is needed.
pub(super) fn no_username() -> String {
    format!("username must be specified!\n\n{HELP}")
}

fn bad_hex(value: &str, length: usize) -> String {
    format!("hex decode of {value} failed! (only got {length} bytes)\n")
}

fn challenge(value: &str) -> Result<[u8; 8], String> {
    let bytes = hex::decode(value.as_bytes()).unwrap_or_default();
    bytes.as_slice().try_into().map_err(|_| bad_hex(value, bytes.len()))
}

fn response(value: &str, right: fn(usize) -> bool) -> Result<Vec<u8>, String> {
    let bytes = hex::decode(value.as_bytes()).unwrap_or_default();
    if right(bytes.len()) { Ok(bytes.to_vec()) } else { Err(bad_hex(value, bytes.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(given: &[&str]) -> Result<Box<Options>, String> {
        match parse(given.iter().map(OsString::from))? {
            Parsed::Run(options) => Ok(options),
            Parsed::Print(text) => Err(text),
        }
    }

    /// As popt(3) reads them, which Samba uses.
    #[test]
    fn options_are_in_one_argument_or_two() {
        for given in [
            &["--username=alice", "--domain=EXAMPLE", "--password=a=b"][..],
            &["--username", "alice", "--domain", "EXAMPLE", "--password", "a=b"],
            &["--username=EXAMPLE\\alice", "--password=a=b", "left", "over", "--offline-logon"],
            &["-s", "/dev/null", "-d3", "--username=alice", "--domain=EXAMPLE", "--password=a=b"],
            &[
                "-d",
                "3",
                "-s=/x",
                "--domain=example",
                "--username=EXAMPLE\\alice",
                "--password=a=b",
            ],
            &["--option=a=b", "--debuglevel=9", "--username=EXAMPLE\\alice", "--password", "a=b"],
        ] {
            let options = parsed(given).unwrap();
            assert_eq!(options.username.as_deref(), Some("alice"), "{given:?}");
            assert_eq!(options.domain.as_deref(), Some("EXAMPLE"), "{given:?}");
            assert_eq!(options.password.as_ref().map(|given| given.as_str()), Some("a=b"));
        }
    }

    #[test]
    fn options_that_are_not_valid_are_rejected() {
        for (given, message) in [
            (&[][..], "Usage"),
            (&["--nosuch"], "--nosuch: unknown option"),
            (&["--nosuch=x"], "--nosuch=x: unknown option"),
            (&["-x"], "-x: unknown option"),
            (&["--username"], "--username: missing argument"),
            (&["--request-nt-key=1"], "--request-nt-key=1: takes no value"),
            (&["--challenge=0102"], "hex decode of 0102 failed! (only got 2 bytes)\n"),
            (&["--nt-response=zz"], "hex decode of zz failed! (only got 0 bytes)\n"),
            (&["--lm-response=00"], "hex decode of 00 failed! (only got 1 bytes)\n"),
            (&["--username=A\\b", "--domain=C"], "Domain specified in username (A) doesn't match"),
            (&["--diagnostics", "--username=x"], "--diagnostics is not supported"),
        ] {
            let error = parsed(given).err().unwrap_or_default();
            assert!(error.starts_with(message), "{given:?}: {error}");
        }
        // Wine's check: `Version %d.%d.%d`, 3.0.25 or later.
        assert!(parsed(&["--version"]).err().unwrap().starts_with("Version 4."));
    }
}
