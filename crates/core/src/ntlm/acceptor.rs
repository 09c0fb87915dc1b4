//! The server's side of the exchange, [MS-NLMP] 3.2.5.

use super::crypto;
use super::flags::NegotiateFlags;
use super::keys::{self, KeyExchange};
use super::message::authenticate::Authenticate;
use super::message::challenge::{self, Challenge};
use super::message::negotiate::Negotiate;
use super::requirements;
use super::requirements::ClientAssertions;
use super::session::{Session, Side};
use super::wire::Charset;
use crate::authority::{self, Messages, NetworkLogon, ResponseKind, Validated};
use crate::config::{NtlmMode, Settings};
use crate::mechanism::{AcceptCall, Established, Mechanism, Step, StepResult};
use crate::persist::{MALFORMED, Persist, Reader, Writer, persist_struct};
use crate::principal::Principal;
use crate::types::channel_bindings::Strictness;
use crate::types::error::{Denial, Error, Result};
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use subtle::ConstantTimeEq;
use tracing::debug;

/// The server's side, by what it awaits.
#[derive(Debug)]
pub enum Acceptor {
    /// NEGOTIATE_MESSAGE, or in a datagram context nothing.
    ExpectNegotiate,
    /// AUTHENTICATE_MESSAGE.
    ExpectAuthenticate(Challenged),
}

/// What has been said once the challenge is out.
#[derive(Debug)]
pub struct Challenged {
    /// NegotiateFlags of CHALLENGE_MESSAGE.
    flags: NegotiateFlags,
    server_challenge: [u8; 8],
    /// The client has said in NEGOTIATE_MESSAGE what it offers.
    offered: bool,
    issued: FileTime,
    /// NEGOTIATE_MESSAGE and CHALLENGE_MESSAGE as they travelled, for the MIC.
    transcript: Box<[u8]>,
}

impl Acceptor {
    /// Awaits NEGOTIATE_MESSAGE.
    pub fn new() -> Acceptor {
        Acceptor::ExpectNegotiate
    }

    /// Takes the client's next message.
    pub fn step(&self, token: &[u8], call: &AcceptCall<'_>) -> StepResult<Acceptor> {
        if token.len() > call.settings.limits.max_token as usize {
            return Err(Error::InvalidToken("NTLM message longer than limits.max_token").into());
        }
        if call.settings.ntlm.mode == NtlmMode::Off {
            return Err(Error::LogonDenied(Denial::NtlmOff).into());
        }
        let step = match self {
            Acceptor::ExpectNegotiate => negotiate(token, call),
            Acceptor::ExpectAuthenticate(challenged) => challenged.authenticate(token, call),
        };
        step.map_err(|error| {
            debug!(%error, "NTLM refused");
            error.into()
        })
    }
}

persist_struct!(Challenged { flags, server_challenge, offered, issued, transcript });

impl Persist for Acceptor {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        match self {
            Acceptor::ExpectNegotiate => 0u8.pack(out),
            Acceptor::ExpectAuthenticate(challenged) => {
                1u8.pack(out)?;
                challenged.pack(out)
            }
        }
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Acceptor> {
        match u8::unpack(from)? {
            0 => Ok(Acceptor::ExpectNegotiate),
            1 => Challenged::unpack(from).map(Acceptor::ExpectAuthenticate),
            _ => Err(MALFORMED),
        }
    }
}

impl Default for Acceptor {
    fn default() -> Self {
        Acceptor::new()
    }
}

/// Server receives a NEGOTIATE_MESSAGE, [MS-NLMP] 3.2.5.1.1; or, in a datagram context, nothing
/// yet, 3.2.5.2.1.
fn negotiate(token: &[u8], call: &AcceptCall<'_>) -> Result<Step<Acceptor>> {
    // It is kept for the MIC, by as many conversations as somebody cares to begin.
    if token.len() > super::MAX_TOKEN as usize {
        return Err(Error::InvalidToken("NEGOTIATE_MESSAGE longer than NTLM's cbMaxToken"));
    }
    let datagram = call.requirements.contains(ContextFlags::DATAGRAM);
    let offered = if token.is_empty() && datagram {
        OFFERED_TO_DATAGRAM
    } else {
        let message = Negotiate::parse(token)?;
        debug!(
            flags = ?message.flags,
            domain = ?message.domain.escape_ascii().to_string(),
            workstation = ?message.workstation.escape_ascii().to_string(),
            "NTLM NEGOTIATE_MESSAGE"
        );
        message.flags
    };
    let flags = choose(offered, datagram, call.settings)?;
    let mut server_challenge = [0; 8];
    super::random(&mut server_challenge)?;
    let challenge = challenge::write(flags, &server_challenge, &call.settings.server, call.now)?;
    let transcript = [token, &challenge].concat().into_boxed_slice();
    let next = Acceptor::ExpectAuthenticate(Challenged {
        flags,
        server_challenge,
        offered: !token.is_empty(),
        issued: call.now,
        transcript,
    });
    Ok(Step::Continue { next, token: challenge })
}

/// What a datagram client may choose from: it has had no say before the challenge.
const OFFERED_TO_DATAGRAM: NegotiateFlags = NegotiateFlags::UNICODE
    .union(NegotiateFlags::REQUEST_TARGET)
    .union(NegotiateFlags::SIGN)
    .union(NegotiateFlags::SEAL)
    .union(NegotiateFlags::ALWAYS_SIGN)
    .union(NegotiateFlags::EXTENDED_SESSIONSECURITY)
    .union(NegotiateFlags::IDENTIFY)
    .union(NegotiateFlags::VERSION)
    .union(NegotiateFlags::N128)
    .union(NegotiateFlags::N56);

/// NegotiateFlags for CHALLENGE_MESSAGE: what the client offers, as far as each is ours to give.
fn choose(offered: NegotiateFlags, datagram: bool, settings: &Settings) -> Result<NegotiateFlags> {
    use NegotiateFlags as F;
    let given_if_offered = F::REQUEST_TARGET
        | F::SIGN
        | F::SEAL
        | F::ALWAYS_SIGN
        | F::IDENTIFY
        | F::VERSION
        | F::N128
        | F::N56
        | F::KEY_EXCH;
    let mut flags = (offered & given_if_offered) | F::NTLM | F::TARGET_INFO;
    flags |= match Charset::of(offered) {
        Some(Charset::Unicode) => F::UNICODE,
        Some(Charset::Oem) => F::OEM,
        None => return Err(Error::InvalidToken("NEGOTIATE_MESSAGE offers no character set")),
    };
    // Extended session security takes the place of what is weaker ([MS-NLMP] 2.2.2.5, "P", "R",
    // "K").
    flags |= if offered.contains(F::EXTENDED_SESSIONSECURITY) {
        F::EXTENDED_SESSIONSECURITY
    } else {
        offered & (F::LM_KEY | F::NON_NT_SESSION_KEY)
    };
    if offered.contains(F::REQUEST_TARGET) {
        flags |=
            if settings.server.in_domain { F::TARGET_TYPE_DOMAIN } else { F::TARGET_TYPE_SERVER };
    }
    if datagram {
        // Datagrams always exchange a key ([MS-NLMP] 3.2.5.2.1).
        flags |= F::DATAGRAM | F::KEY_EXCH;
    }
    requirements::strength(flags, &settings.ntlm)?;
    Ok(flags)
}

impl Challenged {
    /// The state after these messages, whoever sent them: `negotiate` is empty in a datagram
    /// context.
    ///
    /// Errors: `InvalidToken` when `challenge` is no CHALLENGE_MESSAGE.
    pub fn new(negotiate: &[u8], challenge: &[u8], issued: FileTime) -> Result<Challenged> {
        let Challenge { flags, server_challenge, .. } = Challenge::parse(challenge)?;
        let transcript = [negotiate, challenge].concat().into_boxed_slice();
        Ok(Challenged {
            flags,
            server_challenge,
            offered: !negotiate.is_empty(),
            issued,
            transcript,
        })
    }

    /// Server receives an AUTHENTICATE_MESSAGE, [MS-NLMP] 3.2.5.1.2 and 3.2.5.2.2.
    fn authenticate(&self, token: &[u8], call: &AcceptCall<'_>) -> Result<Step<Acceptor>> {
        let message = Authenticate::parse(token)?;
        if call.now.distance(self.issued) > call.settings.ntlm.challenge_lifetime {
            return Err(Error::LogonDenied(Denial::Stale));
        }
        let flags = self.agreed(message.flags)?;
        requirements::strength(flags, &call.settings.ntlm)?;
        let charset =
            message.flags.and_then(Charset::of).or(Charset::of(flags)).unwrap_or(Charset::Unicode);
        let logon = NetworkLogon {
            user: &charset.decode(message.user)?,
            domain: &charset.decode(message.domain)?,
            workstation: &charset.decode(message.workstation)?,
            address: call.bindings.and_then(|bindings| bindings.initiator),
            server_challenge: self.server_challenge,
            nt_response: message.nt_response,
            lm_response: message.lm_response,
            extended_session_security: flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY),
            allowed: call.settings.ntlm.responses,
            messages: Messages {
                session_key: message.session_key,
                before: &self.transcript,
                authenticate: message.around_mic(),
            },
        };
        debug!(
            user = logon.user,
            domain = logon.domain,
            workstation = logon.workstation,
            ?flags,
            "NTLM AUTHENTICATE_MESSAGE"
        );
        let proven =
            if message.is_anonymous() { anonymous(call)? } else { validate(&logon, flags, call)? };
        let exported_session_key = exported_session_key(&message, flags, &proven.key_exchange_key)?;
        if proven.claims.has_mic {
            let mic = message.mic(&exported_session_key, &self.transcript);
            if !mic.is_some_and(|(theirs, ours)| theirs.ct_eq(&ours).into()) {
                return Err(Error::LogonDenied(Denial::Mic));
            }
        }
        if let Some(response) = proven.response {
            proven.claims.check(response, call)?;
        }
        debug!(user = proven.principal.display_name(), mic = proven.claims.has_mic, response = ?proven.response, "NTLM accepted");
        let session = Session::new(flags, &exported_session_key, Side::Server);
        let established = Established {
            session: crate::negotiate::session::Session::Ntlm(session),
            mechanism: Mechanism::Ntlm,
            flags: granted(flags, call.requirements, proven.principal.anonymous),
            client: proven.principal,
            server_name: call.settings.server.nb_computer.clone(),
            client_target: proven.claims.target_name,
            expiry: super::expiry(call.settings, call.now),
            delegated: None,
            wants_mech_list_mic: proven.claims.has_mic,
        };
        Ok(Step::Done { established: Box::new(established), token: None })
    }

    /// The flags that both messages have.
    ///
    /// A client may leave out what it does not want, but hardly weaken what it does: nobody asks
    /// for signing and then does without the extended session security or the 128 bits that were
    /// agreed on, except someone in between. A datagram's client that has sent no NEGOTIATE_MESSAGE
    /// chooses here for the first time.
    fn agreed(&self, theirs: Option<NegotiateFlags>) -> Result<NegotiateFlags> {
        use NegotiateFlags as F;
        let Some(theirs) = theirs else { return Ok(self.flags) };
        let flags = self.flags & theirs;
        if self.flags.contains(F::DATAGRAM) && !flags.contains(F::DATAGRAM | F::KEY_EXCH) {
            return Err(Error::InvalidToken("AUTHENTICATE_MESSAGE is not a datagram's"));
        }
        let weaker = (self.flags - flags).intersects(F::EXTENDED_SESSIONSECURITY | F::N128)
            || keys::seal_bits(flags) < keys::seal_bits(self.flags);
        if self.offered && flags.intersects(F::SIGN | F::SEAL) && weaker {
            return Err(Error::InvalidToken("AUTHENTICATE_MESSAGE weakens what was agreed"));
        }
        Ok(flags)
    }
}

/// Who the client has proven to be, and with what.
struct Proven {
    principal: Principal,
    /// `None`: nobody proved nothing.
    response: Option<ResponseKind>,
    key_exchange_key: crypto::Key,
    claims: ClientAssertions,
}

/// A null session, where the caller and the configuration allow one. Its key is known to everyone.
fn anonymous(call: &AcceptCall<'_>) -> Result<Proven> {
    // Nobody can prove nothing: neither a channel nor a target.
    let settings = &call.settings.ntlm;
    let demanding =
        [settings.channel_bindings, settings.target_name].contains(&Strictness::Require);
    if !call.requirements.contains(ContextFlags::ALLOW_NULL_SESSION)
        || settings.refuse_null_session
        || demanding
    {
        return Err(Error::LogonDenied(Denial::Anonymous));
    }
    let key_exchange_key = crypto::Key::default();
    Ok(Proven {
        principal: Principal::anonymous(),
        response: None,
        key_exchange_key,
        claims: ClientAssertions::default(),
    })
}

/// Has the client's responses judged by the authorities.
fn validate(
    logon: &NetworkLogon<'_>,
    flags: NegotiateFlags,
    call: &AcceptCall<'_>,
) -> Result<Proven> {
    // Before anyone is asked, so that a malformed response never looks like a wrong password or a
    // right one.
    let claims = ClientAssertions::of(logon.nt_response)?;
    let Validated { principal, session_base_key, lm_session_key, response } =
        authority::validate(call.credential, call.settings, logon)?;
    if weak_key(flags, response, &lm_session_key) {
        return Err(Error::LogonDenied(Denial::ResponseNotAllowed));
    }
    let from = KeyExchange {
        response,
        session_base_key: &session_base_key,
        lm_session_key: &lm_session_key,
        lm_response: logon.lm_response,
        server_challenge: &logon.server_challenge,
    };
    Ok(Proven {
        principal,
        response: Some(response),
        key_exchange_key: keys::kxkey(flags, &from),
        claims,
    })
}

/// The session's key would come from an LM hash that the account does not have: from what everybody
/// can compute.
fn weak_key(flags: NegotiateFlags, response: ResponseKind, lm_session_key: &[u8; 8]) -> bool {
    response == ResponseKind::NtlmV1
        && flags.intersects(NegotiateFlags::LM_KEY | NegotiateFlags::NON_NT_SESSION_KEY)
        && *lm_session_key == [0; 8]
}

/// `ExportedSessionKey` ([MS-NLMP] 3.2.5.1.2).
///
/// Without signing and sealing the specification knows no key exchange; clients that make one all
/// the same are told by their field's length.
fn exported_session_key(
    message: &Authenticate<'_>,
    flags: NegotiateFlags,
    key_exchange_key: &crypto::Key,
) -> Result<crypto::Key> {
    if !flags.contains(NegotiateFlags::KEY_EXCH) {
        return Ok(key_exchange_key.clone());
    }
    match message.session_key.try_into() {
        Ok(encrypted) => Ok(crypto::rc4k(key_exchange_key, encrypted)),
        Err(_) if flags.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL) => {
            Err(Error::InvalidToken("EncryptedRandomSessionKey is not 16 bytes long"))
        }
        Err(_) => Ok(key_exchange_key.clone()),
    }
}

/// What the caller is told that it got.
fn granted(flags: NegotiateFlags, requirements: ContextFlags, anonymous: bool) -> ContextFlags {
    let mut granted = super::protection(flags);
    // These are the caller's own to say.
    granted |= requirements
        & (ContextFlags::CONNECTION | ContextFlags::USE_DCE_STYLE | ContextFlags::IDENTIFY);
    granted.set(ContextFlags::NULL_SESSION, anonymous);
    granted
}
