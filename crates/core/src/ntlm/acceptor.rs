//! The acceptor of an NTLM exchange, [MS-NLMP] 3.2.5.

use super::client_names;
use super::crypto;
use super::flags::NegotiateFlags;
use super::keys::{self, KeyExchange};
use super::logon::{Messages, NetworkLogon, OemNames, ResponseKind, Validated};
use super::message::authenticate::Authenticate;
use super::message::challenge::{self, Challenge};
use super::message::negotiate::Negotiate;
use super::policy::{Mode, Policy};
use super::requirements::{self, ClientAssertions};
use super::session::{Session, Side};
use super::transcript::Transcript;
use super::wire::Charset;
use super::{AcceptCall, AcceptorConfig};
use crate::mechanism::{Established, Mechanism, Step, StepResult};
use crate::persist::{MALFORMED, Persist, Reader, Writer, persist_struct};
use crate::primitives::stack;
use crate::principal::Principal;
use crate::types::channel_bindings::{self, BindingsResult, ClientBindings, Strictness};
use crate::types::error::{Denial, Error, Failure, Result};
use crate::types::flags::ContextFlags;
use crate::types::logon_names::{LogonNames, Receipt, ValidatedLogon};
use crate::types::time::FileTime;
use subtle::ConstantTimeEq;
use tracing::debug;

/// An acceptor, by the message it expects.
#[derive(Debug)]
pub enum Acceptor {
    /// Expects NEGOTIATE_MESSAGE; in a datagram context, an empty token.
    ExpectNegotiate,
    /// Expects AUTHENTICATE_MESSAGE.
    ExpectAuthenticate(Challenged),
}

/// The state after CHALLENGE_MESSAGE.
#[derive(Debug)]
pub struct Challenged {
    /// NegotiateFlags of CHALLENGE_MESSAGE.
    flags: NegotiateFlags,
    server_challenge: [u8; 8],
    /// Whether the client has stated its capabilities in a NEGOTIATE_MESSAGE.
    offered: bool,
    issued: FileTime,
    /// NEGOTIATE_MESSAGE and CHALLENGE_MESSAGE as transmitted.
    transcript: Transcript,
}

impl Acceptor {
    /// The state before NEGOTIATE_MESSAGE.
    pub fn new() -> Acceptor {
        Acceptor::ExpectNegotiate
    }

    /// Processes the client's next message.
    ///
    /// Errors: `InvalidToken`, `NothingInCommon`, `LogonDenied`, `BadBindings`, `WrongTarget`, and
    /// the authority's. They carry the client's names if it has sent them.
    pub fn step(
        &self,
        token: &[u8],
        call: &AcceptCall<'_>,
    ) -> StepResult<Acceptor, Established<Session>> {
        if call.config.policy.mode == Mode::Off {
            return Err(Error::LogonDenied(Denial::NtlmOff).into());
        }
        let step = match self {
            Acceptor::ExpectNegotiate => negotiate(token, call).map_err(Failure::from),
            Acceptor::ExpectAuthenticate(challenged) => challenged.authenticate(token, call),
        };
        step.inspect_err(|failure| debug!(error = %failure.error, "NTLM rejected"))
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

/// Server receives a NEGOTIATE_MESSAGE, [MS-NLMP] 3.2.5.1.1; in a datagram context, an empty token,
/// 3.2.5.2.1.
fn negotiate(token: &[u8], call: &AcceptCall<'_>) -> Result<Step<Acceptor, Established<Session>>> {
    // The message is kept for the MIC, and the number of half-open contexts is not limited.
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
    let flags = choose(offered, datagram, call.config)?;
    let mut server_challenge = [0; 8];
    call.config.random.fill(&mut server_challenge)?;
    let challenge = challenge::write(flags, &server_challenge, &call.config.names, call.now)?;
    let next = Acceptor::ExpectAuthenticate(Challenged {
        flags,
        server_challenge,
        offered: !token.is_empty(),
        issued: call.now,
        transcript: Transcript::new(token, &challenge)?,
    });
    Ok(Step::Continue { next, token: challenge, claim: None })
}

/// What a datagram client may choose from, since it has not stated its capabilities.
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

/// NegotiateFlags of CHALLENGE_MESSAGE: what the client offers and the server supports.
fn choose(
    offered: NegotiateFlags,
    datagram: bool,
    config: &AcceptorConfig,
) -> Result<NegotiateFlags> {
    use NegotiateFlags as F;
    let supported = F::REQUEST_TARGET
        | F::SIGN
        | F::SEAL
        | F::ALWAYS_SIGN
        | F::IDENTIFY
        | F::N128
        | F::N56
        | F::KEY_EXCH;
    // As in Windows, whether or not the client offers them. gss-ntlmssp before 1.1 puts its MIC in
    // the place of Version otherwise.
    let mut flags = (offered & supported) | F::NTLM | F::TARGET_INFO | F::VERSION;
    flags |= match Charset::from_flags(offered) {
        Some(Charset::Unicode) => F::UNICODE,
        Some(Charset::Oem) => F::OEM,
        None => return Err(Error::InvalidToken("NEGOTIATE_MESSAGE offers no character set")),
    };
    // Extended session security replaces the weaker options ([MS-NLMP] 2.2.2.5, "P", "R", "K").
    flags |= if offered.contains(F::EXTENDED_SESSIONSECURITY) {
        F::EXTENDED_SESSIONSECURITY
    } else {
        offered & (F::LM_KEY | F::NON_NT_SESSION_KEY)
    };
    if offered.contains(F::REQUEST_TARGET) {
        flags |= if config.names.in_domain { F::TARGET_TYPE_DOMAIN } else { F::TARGET_TYPE_SERVER };
    }
    if datagram {
        // Datagram contexts always exchange a key ([MS-NLMP] 3.2.5.2.1).
        flags |= F::DATAGRAM | F::KEY_EXCH;
    }
    requirements::strength(flags, &config.policy)?;
    Ok(flags)
}

impl Challenged {
    /// The state after these two messages; `negotiate` is empty in a datagram context. `issued` is
    /// the time of the challenge.
    ///
    /// Errors: `InvalidToken` if `challenge` is not a CHALLENGE_MESSAGE.
    pub fn new(negotiate: &[u8], challenge: &[u8], issued: FileTime) -> Result<Challenged> {
        let Challenge { flags, server_challenge, .. } = Challenge::parse(challenge)?;
        Ok(Challenged {
            flags,
            server_challenge,
            offered: !negotiate.is_empty(),
            issued,
            transcript: Transcript::new(negotiate, challenge)?,
        })
    }

    /// Server receives an AUTHENTICATE_MESSAGE, [MS-NLMP] 3.2.5.1.2 and 3.2.5.2.2.
    fn authenticate(
        &self,
        token: &[u8],
        call: &AcceptCall<'_>,
    ) -> StepResult<Acceptor, Established<Session>> {
        let message = Authenticate::parse(token)?;
        if call.now.distance(self.issued) > call.config.policy.challenge_lifetime {
            return Err(Error::LogonDenied(Denial::Stale).into());
        }
        let flags = self.agreed(message.flags)?;
        requirements::strength(flags, &call.config.policy)?;
        let (names, oem) = client_names::read(&message, self.flags, call.address)?;
        debug!(
            user = names.user,
            domain = names.domain,
            workstation = names.workstation,
            ?flags,
            "NTLM AUTHENTICATE_MESSAGE"
        );
        let verified = if message.is_anonymous() {
            anonymous(&message, flags, call)
        } else {
            let verified = self.verify(&message, &names, oem, flags, call);
            // Of the keys only the exported one is left, where it stays.
            stack::erase::<4>();
            verified
        };
        let verified = match verified {
            Ok(verified) => verified,
            Err(error) => {
                return Err(Failure { error, token: None, logon: Some(Box::new(names)) });
            }
        };
        debug!(user = verified.principal.display_name(), mic = verified.assertions.has_mic, response = ?verified.response, "NTLM accepted");
        let anonymous = verified.principal.anonymous;
        let same_machine = verified.assertions.is_from(call.config.machine_id);
        let established = Established {
            session: Session::with_key(flags, verified.exported_session_key, Side::Server),
            mechanism: Mechanism::Ntlm,
            flags: granted(flags, call.requirements, anonymous),
            client: verified.principal,
            server_name: call.config.names.nb_computer.clone(),
            client_target: verified.assertions.target_name,
            bindings: verified.bindings,
            expiry: super::expiry(call.config.context_lifetime, call.now),
            wants_mech_list_mic: verified.assertions.has_mic,
            same_machine,
            logon: Some(Box::new(ValidatedLogon {
                names,
                response: verified.response.map_or("none", ResponseKind::name),
                receipt: verified.receipt,
            })),
        };
        Ok(Step::Done { established, token: None, claim: None })
    }

    /// Verifies the client's response, then MIC, channel bindings and target name.
    #[inline(never)] // the stack that it has used is erased
    fn verify(
        &self,
        message: &Authenticate<'_>,
        names: &LogonNames,
        oem: Option<OemNames<'_>>,
        flags: NegotiateFlags,
        call: &AcceptCall<'_>,
    ) -> Result<VerifiedLogon> {
        // Parsed before the authority is asked, so that a malformed response gives the same error
        // with a right and a wrong password.
        let assertions =
            ClientAssertions::from_response(message.nt_response, self.transcript.target_info())?;
        let logon = NetworkLogon {
            user: &names.user,
            domain: &names.domain,
            workstation: &names.workstation,
            oem,
            address: names.address,
            machine_id: assertions.machine_id,
            server_challenge: self.server_challenge,
            nt_response: message.nt_response,
            lm_response: message.lm_response,
            extended_session_security: flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY),
            allowed: call.config.policy.responses,
            mschapv2: false,
            messages: Messages {
                session_key: message.session_key,
                before: self.transcript.bytes(),
                authenticate: message.around_mic(),
            },
        };
        let Validated { principal, session_base_key, lm_session_key, response, receipt } =
            call.config.authority.validate(&logon, call.now)?;
        let principal = call.config.directory.complete(principal)?;
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
        let exported_session_key =
            exported_session_key(message, flags, &keys::kxkey(flags, &from))?;
        if assertions.has_mic {
            let mic = message.mic(&exported_session_key, self.transcript.bytes());
            if !mic.is_some_and(|(theirs, ours)| theirs.ct_eq(&ours).into()) {
                return Err(Error::LogonDenied(Denial::Mic));
            }
        }
        let bindings = assertions.check(response, call)?;
        Ok(VerifiedLogon {
            principal,
            response: Some(response),
            receipt,
            exported_session_key,
            assertions,
            bindings,
        })
    }

    /// The flags set in both messages.
    ///
    /// A client may drop options it does not need. A client that keeps signing or sealing but drops
    /// the negotiated extended session security or 128-bit encryption indicates tampering. A
    /// datagram client that sent no NEGOTIATE_MESSAGE makes its first choice here.
    ///
    /// Errors: `InvalidToken` for weakened flags, or without the flags of a datagram context in
    /// one.
    fn agreed(&self, theirs: Option<NegotiateFlags>) -> Result<NegotiateFlags> {
        use NegotiateFlags as F;
        let Some(theirs) = theirs else { return Ok(self.flags) };
        let flags = self.flags & theirs;
        if self.flags.contains(F::DATAGRAM) && !flags.contains(F::DATAGRAM | F::KEY_EXCH) {
            return Err(Error::InvalidToken("AUTHENTICATE_MESSAGE is not for a datagram context"));
        }
        let weaker = (self.flags - flags).intersects(F::EXTENDED_SESSIONSECURITY | F::N128)
            || keys::seal_bits(flags) < keys::seal_bits(self.flags);
        if self.offered && flags.intersects(F::SIGN | F::SEAL) && weaker {
            return Err(Error::InvalidToken("AUTHENTICATE_MESSAGE weakens the negotiated flags"));
        }
        Ok(flags)
    }
}

/// The result of a successful verification.
struct VerifiedLogon {
    principal: Principal,
    /// `None` for a null session, which has no response.
    response: Option<ResponseKind>,
    /// The authority's.
    receipt: Option<Receipt>,
    exported_session_key: Box<crypto::Key>,
    assertions: ClientAssertions,
    bindings: BindingsResult,
}

/// Accepts a null session if the caller and the configuration permit one. Its key derives from
/// public values.
fn anonymous(
    message: &Authenticate<'_>,
    flags: NegotiateFlags,
    call: &AcceptCall<'_>,
) -> Result<VerifiedLogon> {
    // A null session has no channel bindings, no target name and no MIC.
    let policy: &Policy = &call.config.policy;
    let requires_binding =
        [policy.channel_bindings, policy.target_name].contains(&Strictness::Require);
    if !call.requirements.contains(ContextFlags::ALLOW_NULL_SESSION)
        || policy.refuse_null_session
        || policy.require_mic
        || requires_binding
    {
        return Err(Error::LogonDenied(Denial::Anonymous));
    }
    let bindings = channel_bindings::check(
        &ClientBindings::default(),
        policy.channel_bindings,
        call.bindings,
        call.requirements,
    )?;
    Ok(VerifiedLogon {
        principal: Principal::anonymous(),
        response: None,
        receipt: None,
        exported_session_key: exported_session_key(message, flags, &crypto::Key::default())?,
        assertions: ClientAssertions::default(),
        bindings,
    })
}

/// Whether the session key would derive from an LM hash that the account does not have, and so from
/// public values only.
fn weak_key(flags: NegotiateFlags, response: ResponseKind, lm_session_key: &[u8; 8]) -> bool {
    response == ResponseKind::NtlmV1
        && flags.intersects(NegotiateFlags::LM_KEY | NegotiateFlags::NON_NT_SESSION_KEY)
        && *lm_session_key == [0; 8]
}

/// `ExportedSessionKey` ([MS-NLMP] 3.2.5.1.2).
///
/// The specification defines no key exchange without signing and sealing. Clients that do one
/// nevertheless are recognized by the length of the field.
fn exported_session_key(
    message: &Authenticate<'_>,
    flags: NegotiateFlags,
    key_exchange_key: &crypto::Key,
) -> Result<Box<crypto::Key>> {
    if !flags.contains(NegotiateFlags::KEY_EXCH) {
        return Ok(Box::new(key_exchange_key.clone()));
    }
    match message.session_key.try_into() {
        Ok(encrypted) => Ok(Box::new(crypto::rc4k(key_exchange_key, encrypted))),
        Err(_) if flags.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL) => {
            Err(Error::InvalidToken("EncryptedRandomSessionKey is not 16 bytes long"))
        }
        Err(_) => Ok(Box::new(key_exchange_key.clone())),
    }
}

/// The context attributes returned to the caller.
fn granted(flags: NegotiateFlags, requirements: ContextFlags, anonymous: bool) -> ContextFlags {
    let mut granted = super::protection(flags, anonymous);
    // These are the caller's own to say.
    granted |= requirements
        & (ContextFlags::CONNECTION | ContextFlags::USE_DCE_STYLE | ContextFlags::IDENTIFY);
    granted
}
