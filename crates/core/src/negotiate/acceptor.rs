//! SPNEGO's acceptor.

use crate::mechanism::Mechanism;
use crate::negotiate::dispatch::{Established, MechAcceptor, Step, StepResult};
use crate::negotiate::token::{FirstToken, NegState, NegTokenInit, NegTokenResp, mech_type_list};
use crate::negotiate::{AcceptCall, acceptable, mic, reject};
use crate::persist::{MALFORMED, Persist, Reader, Writer, persist_struct};
use crate::types::error::{Denial, Error, Failure, Result};
use crate::types::flags::ContextFlags;
use crate::types::logon_names::ValidatedLogon;
use std::sync::Arc;
use tracing::debug;

/// An acceptor between two tokens.
#[derive(Debug)]
pub struct Acceptor {
    state: State,
}

#[derive(Debug)]
enum State {
    /// Expects the first token.
    Start,
    /// Has sent NegTokenInit2; expects a first token.
    Hinted,
    /// Expects the next token of a mechanism used without SPNEGO.
    Raw(MechAcceptor),
    /// Expects the mechanism's token in NegTokenResp.
    Chosen(Chosen),
    /// Expects the client's mechListMIC.
    MicAwaited(MicAwaited),
}

impl Default for Acceptor {
    fn default() -> Acceptor {
        Acceptor::new()
    }
}

impl Acceptor {
    /// The state before the first token.
    pub fn new() -> Acceptor {
        Acceptor { state: State::Start }
    }

    /// Processes the client's next token: SPNEGO's, or a mechanism's own without SPNEGO. An empty
    /// first token asks for the list of mechanisms.
    ///
    /// Errors: `InvalidToken`, `NothingInCommon`, `LogonDenied(Denial::Mic)`, and the mechanism's.
    /// They carry a `reject` for the peer if the call requires EXTENDED_ERROR.
    pub fn step(&self, token: &[u8], call: &AcceptCall<'_>) -> StepResult<Acceptor> {
        let rejected = |failure| reject(failure, call.requirements);
        let step = match &self.state {
            State::Start if token.is_empty() => hint(call)?,
            State::Start | State::Hinted => {
                match FirstToken::read(token).map_err(|error| rejected(error.into()))? {
                    FirstToken::Negotiate(init) => choose(&init, call).map_err(rejected)?,
                    FirstToken::Raw(mechanism) => raw(mechanism, token, call)?,
                }
            }
            State::Raw(mechanism) => mechanism.step(token, call)?.map_next(State::Raw),
            State::Chosen(chosen) => chosen.step(token, call).map_err(rejected)?,
            State::MicAwaited(awaited) => awaited.step(token).map_err(rejected)?,
        };
        Ok(step.map_next(|state| Acceptor { state }))
    }

    /// The logon that NTLM has validated, while the client's mechListMIC is missing.
    pub fn validated(&self) -> Option<&ValidatedLogon> {
        match &self.state {
            State::MicAwaited(awaited) => awaited.established.logon.as_deref(),
            _ => None,
        }
    }
}

persist_struct!(Acceptor { state });
persist_struct!(Chosen { mech_types, mechanism, preferred });
persist_struct!(MicAwaited { mech_types, established });

impl Persist for State {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        match self {
            State::Start => 0u8.pack(out),
            State::Hinted => 1u8.pack(out),
            State::Raw(mechanism) => {
                2u8.pack(out)?;
                mechanism.pack(out)
            }
            State::Chosen(chosen) => {
                3u8.pack(out)?;
                chosen.pack(out)
            }
            State::MicAwaited(awaited) => {
                4u8.pack(out)?;
                awaited.pack(out)
            }
        }
    }

    fn unpack(from: &mut Reader<'_>) -> Result<State> {
        Ok(match u8::unpack(from)? {
            0 => State::Start,
            1 => State::Hinted,
            2 => State::Raw(Persist::unpack(from)?),
            3 => State::Chosen(Persist::unpack(from)?),
            4 => State::MicAwaited(Persist::unpack(from)?),
            _ => return Err(MALFORMED),
        })
    }
}

/// Answers an empty first token with NegTokenInit2 ([MS-SPNG] 3.2.5.2).
fn hint(call: &AcceptCall<'_>) -> StepResult<State> {
    let mech_types = mech_type_list(&acceptable(None, call)?);
    let token = NegTokenInit::encode_hint(&mech_types);
    Ok(Step::Continue { next: State::Hinted, token, claim: None })
}

/// Processes a mechanism's own first token, without SPNEGO.
fn raw(mechanism: Mechanism, token: &[u8], call: &AcceptCall<'_>) -> StepResult<State> {
    if !call.config.mechanisms.contains(&mechanism) {
        return Err(Error::NothingInCommon(
            "credential or policy forbids the bare token's mechanism",
        )
        .into());
    }
    Ok(MechAcceptor::new(mechanism).step(token, call)?.map_next(State::Raw))
}

/// The longest accepted list of mechanisms, in bytes. Windows' list has about fifty.
const LONGEST_MECH_TYPES: usize = 1024;

/// Chooses the first mechanism, in the acceptor's order, that the client offers, and processes the
/// optimistic token if it is for that mechanism.
///
/// RFC 4178 leaves the order to the acceptor; the stronger mechanism comes first. The mechListMIC
/// later proves to both sides that the list was not shortened.
fn choose(init: &NegTokenInit<'_>, call: &AcceptCall<'_>) -> StepResult<State> {
    let list = init.mech_types.ok_or(Error::InvalidToken("NegTokenInit: no mechTypes"))?;
    // The list is kept for the MIC, and the number of half-open contexts is not limited.
    if list.der().len() > LONGEST_MECH_TYPES {
        return Err(Error::InvalidToken("NegTokenInit: mechTypes too long").into());
    }
    let offered =
        |mechanism: Mechanism| list.iter().find(|oid| Mechanism::from_oid(oid) == Some(mechanism));
    let (oid, mechanism) = acceptable(init.mech_token, call)?
        .into_iter()
        .find_map(|mechanism| Some((offered(mechanism)?, mechanism)))
        .ok_or(Error::NothingInCommon("none of the client's mechanisms is allowed here"))?;
    // Kerberos has two object identifiers; either one in first place makes it the preferred
    // mechanism.
    let preferred = list.iter().next().and_then(Mechanism::from_oid) == Some(mechanism);
    let chosen = Chosen {
        mech_types: list.der().into(),
        mechanism: MechAcceptor::new(mechanism),
        preferred,
    };
    debug!(
        mechanism = mechanism.package_name(),
        preferred,
        optimistic = init.mech_token.is_some(),
        "SPNEGO mechanism chosen"
    );
    match init.mech_token.or(empty_token(mechanism, call)) {
        Some(mech_token) if preferred => {
            chosen.advance(mech_token, init.mech_list_mic, Some(oid), call)
        }
        // No token, or another mechanism's. The client starts again with the mechanism in
        // supportedMech.
        _ => {
            let neg_state =
                if preferred { NegState::AcceptIncomplete } else { NegState::RequestMic };
            let token = respond(neg_state, Some(oid), None, None);
            Ok(Step::Continue { next: State::Chosen(chosen), token, claim: None })
        }
    }
}

/// The token of a client that sent none: empty for NTLM in a datagram context, where the client
/// sends nothing before the challenge ([MS-NLMP] 3.1.5.2).
fn empty_token(mechanism: Mechanism, call: &AcceptCall<'_>) -> Option<&'static [u8]> {
    (mechanism == Mechanism::Ntlm && call.requirements.contains(ContextFlags::DATAGRAM))
        .then_some(&[])
}

fn respond(
    state: NegState,
    oid: Option<&[u8]>,
    response_token: Option<&[u8]>,
    mech_list_mic: Option<&[u8]>,
) -> Vec<u8> {
    NegTokenResp { neg_state: Some(state), supported_mech: oid, response_token, mech_list_mic }
        .encode()
}

/// A mechanism is chosen and its exchange in progress.
#[derive(Debug)]
struct Chosen {
    /// The client's list, as received.
    mech_types: Arc<[u8]>,
    mechanism: MechAcceptor,
    /// Whether the mechanism is the client's most preferred one.
    preferred: bool,
}

impl Chosen {
    fn step(&self, token: &[u8], call: &AcceptCall<'_>) -> StepResult<State> {
        let resp = NegTokenResp::decode(token)?;
        not_rejected(&resp)?;
        // The acceptor chooses the mechanism; a client may repeat the choice.
        if resp
            .supported_mech
            .is_some_and(|oid| Mechanism::from_oid(oid) != Some(self.mechanism.mechanism()))
        {
            return Err(
                Error::InvalidToken("NegTokenResp: the client names another mechanism").into()
            );
        }
        let mech_token = resp.response_token.or(empty_token(self.mechanism.mechanism(), call));
        let mech_token =
            mech_token.ok_or(Error::InvalidToken("NegTokenResp: the responseToken is missing"))?;
        self.advance(mech_token, resp.mech_list_mic, None, call)
    }

    /// Passes the next token to the mechanism. `oid` is the supportedMech of the reply, if it is
    /// the first one. A MIC received before the keys exist cannot be checked and is ignored.
    fn advance(
        &self,
        mech_token: &[u8],
        mic: Option<&[u8]>,
        oid: Option<&[u8]>,
        call: &AcceptCall<'_>,
    ) -> StepResult<State> {
        match self.mechanism.step(mech_token, call)? {
            Step::Continue { next, token, claim } => {
                let token = respond(NegState::AcceptIncomplete, oid, Some(&token), None);
                let next = Chosen {
                    mech_types: self.mech_types.clone(),
                    mechanism: next,
                    preferred: self.preferred,
                };
                Ok(Step::Continue { next: State::Chosen(next), token, claim })
            }
            Step::Done { mut established, token, claim } => {
                let token = token.as_deref();
                let done =
                    |established, token| Ok(Step::Done { established, token: Some(token), claim });
                if mic.is_none() && !mic::needed(&established, self.preferred) {
                    return done(established, respond(NegState::AcceptCompleted, oid, token, None));
                }
                let ours = match exchange_mics(&mut established, &self.mech_types, mic) {
                    Ok(ours) => ours,
                    Err(error) => return Err(failed(error, &established)),
                };
                if mic.is_some() {
                    let token = respond(NegState::AcceptCompleted, oid, token, Some(&ours));
                    return done(established, token);
                }
                debug!("SPNEGO mechListMIC missing, expected with the next token");
                let token = respond(NegState::AcceptIncomplete, oid, token, Some(&ours));
                let next = MicAwaited { mech_types: self.mech_types.clone(), established };
                Ok(Step::Continue { next: State::MicAwaited(next), token, claim })
            }
        }
    }
}

/// Checks the client's MIC over its list, if there is one, and makes the server's.
fn exchange_mics(
    established: &mut Established,
    mech_types: &[u8],
    mic: Option<&[u8]>,
) -> Result<Vec<u8>> {
    if let Some(mic) = mic {
        verify(established, mech_types, mic)?;
    }
    established.session.make_mech_list_mic(mech_types)
}

/// The failure of a context after the mechanism has succeeded.
fn failed(error: Error, established: &Established) -> Failure {
    let names = established.logon.as_ref().map(|logon| Box::new(logon.names.clone()));
    Failure { error, token: None, logon: names }
}

/// Checks the client's MIC over its list.
fn verify(established: &mut Established, mech_types: &[u8], mic: &[u8]) -> Result<()> {
    established
        .session
        .verify_mech_list_mic(mech_types, mic)
        .map_err(|_| Error::LogonDenied(Denial::Mic))
}

fn not_rejected(resp: &NegTokenResp<'_>) -> Result<()> {
    match resp.neg_state {
        Some(NegState::Reject) => Err(Error::InvalidToken("NegTokenResp: the client rejects")),
        _ => Ok(()),
    }
}

/// The mechanism has finished and the server's MIC is sent; the client's MIC is missing.
#[derive(Debug)]
struct MicAwaited {
    mech_types: Arc<[u8]>,
    established: Box<Established>,
}

impl MicAwaited {
    fn step(&self, token: &[u8]) -> StepResult<State> {
        self.finish(token).map_err(|error| failed(error, &self.established))
    }

    fn finish(&self, token: &[u8]) -> Result<Step<State>> {
        let resp = NegTokenResp::decode(token)?;
        not_rejected(&resp)?;
        if resp.response_token.is_some() {
            return Err(Error::InvalidToken(
                "NegTokenResp: a responseToken after the mechanism's last one",
            ));
        }
        let mic = resp.mech_list_mic.ok_or(Error::LogonDenied(Denial::Mic))?;
        let mut established = self.established.clone();
        verify(&mut established, &self.mech_types, mic)?;
        // A client that sent accept-completed expects no further token.
        let token = (resp.neg_state != Some(NegState::AcceptCompleted))
            .then(|| respond(NegState::AcceptCompleted, None, None, None));
        Ok(Step::Done { established, token, claim: None })
    }
}
