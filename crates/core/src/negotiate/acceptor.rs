//! The server's side.

use crate::mechanism::Mechanism;
use crate::negotiate::dispatch::{Established, MechAcceptor, Step, StepResult};
use crate::negotiate::token::{FirstToken, NegState, NegTokenInit, NegTokenResp, mech_type_list};
use crate::negotiate::{AcceptCall, acceptable, mic, reject};
use crate::persist::{MALFORMED, Persist, Reader, Writer, persist_struct};
use crate::types::error::{Denial, Error, Failure, Result};
use crate::types::flags::ContextFlags;
use std::sync::Arc;
use tracing::debug;

/// Server side, between two of its tokens.
#[derive(Debug)]
pub struct Acceptor {
    state: State,
}

#[derive(Debug)]
enum State {
    /// Awaits the first token.
    Start,
    /// Has sent NegTokenInit2; awaits what could have been a first token.
    Hinted,
    /// Awaits a mechanism's token, without SPNEGO from the first one to the last.
    Raw(MechAcceptor),
    /// Awaits the mechanism's token in NegTokenResp.
    Chosen(Chosen),
    /// Awaits the client's mechListMIC.
    MicAwaited(MicAwaited),
}

impl Default for Acceptor {
    fn default() -> Acceptor {
        Acceptor::new()
    }
}

impl Acceptor {
    /// Awaits the first token.
    pub fn new() -> Acceptor {
        Acceptor { state: State::Start }
    }

    /// Takes the client's next token: SPNEGO's, or a mechanism's own without SPNEGO. An empty first
    /// token asks which mechanisms there are.
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

/// Answers the empty token ([MS-SPNG] 3.2.5.2).
fn hint(call: &AcceptCall<'_>) -> StepResult<State> {
    let mech_types = mech_type_list(&acceptable(None, call)?);
    let token = NegTokenInit::encode_hint(&mech_types);
    Ok(Step::Continue { next: State::Hinted, token, claim: None })
}

/// Takes a mechanism's own first token.
fn raw(mechanism: Mechanism, token: &[u8], call: &AcceptCall<'_>) -> StepResult<State> {
    if !call.config.mechanisms.contains(&mechanism) {
        return Err(Error::NothingInCommon(
            "credential or policy forbids the bare token's mechanism",
        )
        .into());
    }
    Ok(MechAcceptor::new(mechanism).step(token, call)?.map_next(State::Raw))
}

/// The longest list of mechanisms that is taken, in bytes; Windows' has about fifty.
const LONGEST_MECH_TYPES: usize = 1024;

/// Chooses, in our order, the first mechanism that the client offers, and takes the optimistic
/// token if it is that mechanism's.
///
/// RFC 4178 leaves the order to the acceptor; the stronger mechanism comes first. The mechListMIC
/// then shows both that nobody has shortened the list.
fn choose(init: &NegTokenInit<'_>, call: &AcceptCall<'_>) -> StepResult<State> {
    let list = init.mech_types.ok_or(Error::InvalidToken("NegTokenInit: no mechTypes"))?;
    // It is kept for the MIC, in each of any number of half-open contexts.
    if list.der().len() > LONGEST_MECH_TYPES {
        return Err(Error::InvalidToken("NegTokenInit: mechTypes too long").into());
    }
    let offered =
        |mechanism: Mechanism| list.iter().find(|oid| Mechanism::from_oid(oid) == Some(mechanism));
    let (oid, mechanism) = acceptable(init.mech_token, call)?
        .into_iter()
        .find_map(|mechanism| Some((offered(mechanism)?, mechanism)))
        .ok_or(Error::NothingInCommon("none of the client's mechanisms is allowed here"))?;
    // Kerberos has two object identifiers: either one at the front makes it the preferred
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
    match init.mech_token.or(silence(mechanism, call)) {
        Some(mech_token) if preferred => {
            chosen.advance(mech_token, init.mech_list_mic, Some(oid), call)
        }
        // Another mechanism's token, or none. The client starts again with what supportedMech says.
        _ => {
            let neg_state =
                if preferred { NegState::AcceptIncomplete } else { NegState::RequestMic };
            let token = respond(neg_state, Some(oid), None, None);
            Ok(Step::Continue { next: State::Chosen(chosen), token, claim: None })
        }
    }
}

/// The token that a client without one may have meant: in a datagram context NTLM's client has
/// nothing to say before the challenge ([MS-NLMP] 3.1.5.2).
fn silence(mechanism: Mechanism, call: &AcceptCall<'_>) -> Option<&'static [u8]> {
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

/// A mechanism has been chosen and has not finished.
#[derive(Debug)]
struct Chosen {
    /// The client's list, as received.
    mech_types: Arc<[u8]>,
    mechanism: MechAcceptor,
    /// The mechanism is the client's most preferred one.
    preferred: bool,
}

impl Chosen {
    fn step(&self, token: &[u8], call: &AcceptCall<'_>) -> StepResult<State> {
        let resp = NegTokenResp::decode(token)?;
        not_rejected(&resp)?;
        // Only the acceptor has a say in this; a client that repeats it is let go on.
        if resp
            .supported_mech
            .is_some_and(|oid| Mechanism::from_oid(oid) != Some(self.mechanism.mechanism()))
        {
            return Err(
                Error::InvalidToken("NegTokenResp: the client names another mechanism").into()
            );
        }
        let mech_token = resp.response_token.or(silence(self.mechanism.mechanism(), call));
        let mech_token =
            mech_token.ok_or(Error::InvalidToken("NegTokenResp: the responseToken is missing"))?;
        self.advance(mech_token, resp.mech_list_mic, None, call)
    }

    /// Gives the mechanism its next token. `oid` is supportedMech of the reply, if it is the first
    /// one. A MIC that comes before there are keys to check it with means nothing and is ignored.
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
                debug!("SPNEGO mechListMIC missing, awaited with the next token");
                let token = respond(NegState::AcceptIncomplete, oid, token, Some(&ours));
                let next = MicAwaited { mech_types: self.mech_types.clone(), established };
                Ok(Step::Continue { next: State::MicAwaited(next), token, claim })
            }
        }
    }
}

/// Checks the client's MIC over its list, if it is there, and makes the server's.
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

/// The failure of a context whose mechanism has already succeeded.
fn failed(error: Error, established: &Established) -> Failure {
    Failure { error, token: None, logon: established.logon.clone() }
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

/// The mechanism is done and our MIC is sent; only the client's MIC is missing.
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
        // A client that says accept-completed waits for nothing more.
        let token = (resp.neg_state != Some(NegState::AcceptCompleted))
            .then(|| respond(NegState::AcceptCompleted, None, None, None));
        Ok(Step::Done { established, token, claim: None })
    }
}
