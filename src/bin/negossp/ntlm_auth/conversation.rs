//! The protocols that carry an exchange's tokens in base64: `squid-2.5-ntlmssp`,
//! `ntlmssp-client-1`, `gss-spnego` and `gss-spnego-client`.
//!
//! | the parent | the helper |
//! | --- | --- |
//! | `SF FEATURE...` | `OK`: what the context is to have |
//! | `PW PASSWORD` | `OK`: the client's password, in base64 |
//! | `YR [TOKEN]` | begins anew; as a token |
//! | `TT TOKEN`, `KK TOKEN` | `YR`, `KK` or `TT TOKEN`: for the peer; `AF`: established; `NA`: refused; `BH`: it failed |
//! | `GF` | `GF 0x...`: NTLM's negotiated flags |
//! | `GK` | `GK KEY`: the session key, in base64 |

use super::lines::{Line, Lines};
use super::options::{Options, Role};
use super::setup::{NTLM, Setup};
use super::status;
use negossp::context::Call;
use negossp::encoding::base64;
use negossp::mechanism::Package;
use negossp::negotiate::Session;
use negossp::platform;
use negossp::server::{Accepting, Context, Initiating, NOT_A_MEMBER, StepOutput};
use negossp::types::error::{Denial, Error, Failure};
use negossp::types::flags::ContextFlags;
use negossp::types::ntstatus::NtStatus;
use std::io::{self, Read, Write};
use std::sync::Arc;
use zeroize::Zeroizing;

impl Role {
    fn package(self) -> Package {
        match self {
            Role::NtlmServer | Role::NtlmClient => NTLM,
            Role::SpnegoServer | Role::SpnegoClient => Package::Negotiate,
        }
    }

    fn is_client(self) -> bool {
        matches!(self, Role::NtlmClient | Role::SpnegoClient)
    }
}

/// What the parent wants of a context.
const FEATURES: [(&str, ContextFlags); 3] = [
    ("NTLMSSP_FEATURE_SIGN", ContextFlags::INTEGRITY),
    ("NTLMSSP_FEATURE_SEAL", ContextFlags::CONFIDENTIALITY),
    // Windows makes a key of its own for a context only if that signs.
    ("NTLMSSP_FEATURE_SESSION_KEY", ContextFlags::INTEGRITY),
];

const INVALID: &str = "BH Query invalid";
const UNKNOWN: &str = "BH SPNEGO request invalid prefix";

/// The name would be read as something else in the answer.
const NAME_UNFIT: Denial = Denial::Policy("a name with white space, control characters or quotes");

/// Answers lines until the parent ends.
pub(super) fn serve<R: Read, W: Write>(
    options: &Options,
    role: Role,
    lines: &mut Lines<R, W>,
) -> io::Result<()> {
    let mut conversation = Conversation {
        role,
        setup: Setup::new(options),
        password: options.password.clone(),
        features: ContextFlags::empty(),
        context: None,
    };
    while let Some(line) = lines.next()? {
        let answer = Zeroizing::new(match line {
            Line::TooLong => "BH Oversized message".to_owned(),
            Line::Text(line) if line.is_empty() => {
                lines.complain();
                continue;
            }
            Line::Text(line) => match conversation.answer(&line, lines)? {
                Some(answer) => answer,
                None => return Ok(()),
            },
        });
        lines.answer(&answer)?;
    }
    Ok(())
}

struct Conversation<'a> {
    role: Role,
    setup: Setup<'a>,
    password: Option<Zeroizing<String>>,
    features: ContextFlags,
    context: Option<Context>,
}

impl Conversation<'_> {
    /// The answer to a line; `None` if the parent has ended meanwhile.
    fn answer<R: Read, W: Write>(
        &mut self,
        line: &[u8],
        lines: &mut Lines<R, W>,
    ) -> io::Result<Option<String>> {
        let Some((command, rest)) = line.split_first_chunk::<2>().filter(|_| !line.contains(&0))
        else {
            return Ok(Some(INVALID.to_owned()));
        };
        let spaced = rest.first() == Some(&b' ');
        let argument = rest.get(1..).unwrap_or_default();
        Ok(Some(match command {
            b"SF" if spaced && !argument.is_empty() => self.set_features(argument),
            b"OK" => "BH Command expected".to_owned(),
            b"PW" if spaced => match password(argument) {
                Some(password) => {
                    self.password = Some(password);
                    "OK".to_owned()
                }
                None => "BH Password invalid".to_owned(),
            },
            b"GK" => match self.session() {
                Some(session) => key_line(session.session_key()),
                None => "BH No session key".to_owned(),
            },
            b"GF" => match self.session() {
                Some(Session::Ntlm(session)) => format!("GF {:#010x}", session.flags().bits()),
                _ => "BH".to_owned(),
            },
            b"YR" => {
                self.context = None;
                return self.token(argument, lines);
            }
            b"UG" => return self.token(argument, lines),
            b"TT" | b"KK" | b"AF" | b"NA" if spaced => return self.token(argument, lines),
            _ => UNKNOWN.to_owned(),
        }))
    }

    fn set_features(&mut self, names: &[u8]) -> String {
        let names = String::from_utf8_lossy(names);
        let wanted = |name: &str| names.split([' ', ',', ';', '\t']).any(|word| word == name);
        self.features =
            FEATURES.iter().filter(|(name, _)| wanted(name)).map(|(_, flags)| *flags).collect();
        "OK".to_owned()
    }

    fn session(&self) -> Option<&Session> {
        match &self.context {
            Some(Context::Established(context)) => Some(&context.established.session),
            _ => None,
        }
    }

    /// Continues the exchange with a token in base64, or begins it.
    fn token<R: Read, W: Write>(
        &mut self,
        token: &[u8],
        lines: &mut Lines<R, W>,
    ) -> io::Result<Option<String>> {
        let Some(token) = base64::decode(token) else {
            self.context = Some(Context::Failed);
            return Ok(Some(self.failed(&Error::InvalidToken("not base64").into())));
        };
        let first = self.context.is_none();
        let context = match self.context.take() {
            Some(context) => context,
            None => match self.begin() {
                Ok(context) => context,
                Err(error) => return Ok(Some(self.failed(&error.into()))),
            },
        };
        // As Samba, which always exchanges a key: Wine takes that for session security.
        let call = Call {
            requirements: self.features | ContextFlags::USE_SESSION_KEY,
            bindings: None,
            address: None,
            now: platform::now(),
        };
        let step = match context {
            Context::Accepting(accepting) => accepting.step(&token, call),
            Context::Initiating(mut initiating) => {
                if !first && self.password.is_none() {
                    match self.ask_password(lines)? {
                        Asked::Given => self.set_password(&mut initiating),
                        Asked::Refused => {
                            self.context = Some(Context::Failed);
                            let why = Error::NoAuthority("the parent gives no password");
                            return Ok(Some(self.failed(&why.into())));
                        }
                        Asked::Ended => return Ok(None),
                    }
                }
                initiating.step(if first && token.is_empty() { None } else { Some(&token) }, call)
            }
            Context::Established(_) | Context::Failed => {
                Err(Error::InvalidToken("the exchange has ended").into())
            }
        };
        let step = step.and_then(|step| self.admit(step));
        Ok(Some(match step {
            Ok(step) => self.proceed(step, first && token.is_empty()),
            Err(failure) => {
                self.context = Some(Context::Failed);
                self.failed(&failure)
            }
        }))
    }

    /// The context before its first token, under the configuration in force.
    fn begin(&mut self) -> Result<Context, Error> {
        let package = self.role.package();
        if self.role.is_client() {
            let configuration = self.setup.for_client();
            let password = self.password.clone().unwrap_or_default();
            let credential = self.setup.client_credential(package, &password, &configuration);
            let initiating = Initiating::new(credential, configuration, self.setup.target());
            return Ok(Context::Initiating(Box::new(initiating)));
        }
        let configuration = self.setup.for_server();
        let credential = self.setup.server_credential(package, &configuration);
        Ok(Context::Accepting(Box::new(Accepting::new(credential, configuration))))
    }

    /// Gives an exchange that has begun without a password the one that was given since.
    fn set_password(&self, initiating: &mut Initiating) {
        let Some(password) = &self.password else { return };
        let configuration = &initiating.configuration;
        let package = self.role.package();
        initiating.credential = self.setup.client_credential(package, password, configuration);
        let config = initiating.credential.initiator_config(configuration);
        initiating.exchange.config = Arc::new(config);
    }

    /// Asks the parent for the password.
    fn ask_password<R: Read, W: Write>(&mut self, lines: &mut Lines<R, W>) -> io::Result<Asked> {
        lines.answer("PW")?;
        let line = loop {
            match lines.next()? {
                None => return Ok(Asked::Ended),
                Some(Line::Text(line)) if line.is_empty() => lines.complain(),
                Some(line) => break line,
            }
        };
        let given = match &line {
            Line::Text(line) => line.strip_prefix(b"PW ").and_then(password),
            Line::TooLong => None,
        };
        let answer = if given.is_some() { "OK" } else { "BH Expected a password" };
        lines.answer(answer)?;
        self.password = given;
        Ok(if self.password.is_some() { Asked::Given } else { Asked::Refused })
    }

    /// Rejects a client whose name cannot stand in the answer, or that is in none of the required
    /// groups. The program rejects it, so that the audit has to.
    fn admit(&self, step: StepOutput) -> Result<StepOutput, Failure> {
        let Context::Established(context) = &step.context else { return Ok(step) };
        if self.role.is_client() {
            return Ok(step);
        }
        if !is_one_word(&context.established.client.display_name()) {
            return Err(step.reject(NAME_UNFIT));
        }
        let configuration = negossp::server::current();
        let Some(groups) = self.setup.required_groups(&configuration) else { return Ok(step) };
        let established = &context.established;
        if configuration.is_member(&established.client, established.mechanism, &groups) {
            return Ok(step);
        }
        Err(step.reject(NOT_A_MEMBER))
    }

    /// The answer to a step that succeeded.
    fn proceed(&mut self, mut step: StepOutput, first: bool) -> String {
        step.conclude();
        let token = step.token.take().filter(|token| !token.is_empty());
        let token = token.map(|token| base64::encode(&token));
        let client = match &step.context {
            Context::Established(context) => Some(context.established.client.display_name()),
            _ => None,
        };
        self.context = Some(step.context);
        let or_star = |text: Option<String>| text.unwrap_or_else(|| "*".to_owned());
        match (self.role, client) {
            (Role::NtlmServer, Some(name)) => format!("AF {name}"),
            (Role::SpnegoServer, Some(name)) => format!("AF {} {name}", or_star(token)),
            (Role::NtlmServer, None) => format!("TT {}", or_star(token)),
            (Role::SpnegoServer, None) => format!("TT {} *", or_star(token)),
            (Role::NtlmClient | Role::SpnegoClient, Some(_)) => match token {
                Some(token) => format!("AF {token}"),
                None => "AF".to_owned(),
            },
            (Role::NtlmClient | Role::SpnegoClient, None) => {
                format!("{} {}", if first { "YR" } else { "KK" }, or_star(token))
            }
        }
    }

    /// The answer to a step that failed.
    fn failed(&self, failure: &Failure) -> String {
        if matches!(&failure.error, Error::LogonDenied(why) if *why == NAME_UNFIT) {
            return "BH Failed to retrieve session info".to_owned();
        }
        let status = status::of(&failure.error);
        let name = status::name(status);
        let code = match status {
            NtStatus::UNSUCCESSFUL => format!("BH {name}"),
            _ => "NA".to_owned(),
        };
        match self.role {
            Role::SpnegoServer => {
                let token = failure.token.as_ref().filter(|token| !token.is_empty());
                let token = token.map_or_else(|| "*".to_owned(), |token| base64::encode(token));
                format!("{code} {token} {name}")
            }
            _ => format!("{code} {name}"),
        }
    }
}

/// The parent takes what follows an end of line for the next answer. Squid splits `AF a b` into a
/// token and a name, and takes quotes off.
fn is_one_word(name: &str) -> bool {
    !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"')
}

/// The answer to `GK`, without copies of the key that nobody erases.
fn key_line(key: &[u8]) -> String {
    let digits = Zeroizing::new(base64::encode(key));
    let mut line = String::with_capacity(3 + digits.len());
    line.push_str("GK ");
    line.push_str(&digits);
    line
}

enum Asked {
    Given,
    Refused,
    Ended,
}

/// A password in base64. It ends at a zero, as in C.
fn password(text: &[u8]) -> Option<Zeroizing<String>> {
    let bytes = base64::decode(text)?;
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
    Some(Zeroizing::new(text.to_owned()))
}
