//! The client's side.

use crate::mechanism::Mechanism;
use crate::negotiate::dispatch::{Established, MechInitiator, Step, StepResult};
use crate::negotiate::token::{
    FirstToken, MechTypeList, NegState, NegTokenInit, NegTokenResp, mech_type_list,
};
use crate::negotiate::{InitiateCall, candidates, mic, reject};
use crate::types::error::{Denial, Error, Failure, Result};
use std::sync::Arc;

/// Client side, between two of its tokens.
#[derive(Debug)]
pub struct Initiator {
    state: State,
}

#[derive(Debug)]
enum State {
    /// Before the first token.
    Start,
    /// Has sent NegTokenInit; the acceptor's first answer settles the mechanism.
    Offered(Offered),
    /// The mechanism is settled and at work.
    Agreed(Agreed),
    /// The mechanism is done and its last token is sent.
    Finishing(Finishing),
}

impl Default for Initiator {
    fn default() -> Initiator {
        Initiator::new()
    }
}

impl Initiator {
    /// Before the first token.
    pub fn new() -> Initiator {
        Initiator { state: State::Start }
    }

    /// Makes the next token. `token` is `None` or empty at first, or the acceptor's NegTokenInit2
    /// hint.
    ///
    /// Errors: `InvalidToken`, `NothingInCommon`, `LogonDenied` after a `reject`, `MessageAltered`
    /// for a wrong or missing mechListMIC, and the mechanism's. They carry a `reject` for the peer
    /// if the call requires EXTENDED_ERROR and the peer has sent something.
    pub fn step(&self, token: Option<&[u8]>, call: &InitiateCall<'_>) -> StepResult<Initiator> {
        let token = token.unwrap_or_default();
        let step = match &self.state {
            State::Start => offer(token, call)?,
            state => {
                state.answer(token, call).map_err(|failure| reject(failure, call.requirements))?
            }
        };
        Ok(step.map_next(|state| Initiator { state }))
    }
}

impl State {
    fn answer(&self, token: &[u8], call: &InitiateCall<'_>) -> StepResult<State> {
        let resp = NegTokenResp::decode(token)?;
        match self {
            State::Start => {
                Err(Error::Internal("nothing has been offered that could be answered").into())
            }
            State::Offered(offered) => offered.step(&resp, call),
            State::Agreed(agreed) => advance(&agreed.mechanism, &agreed.terms, &resp, call),
            State::Finishing(finishing) => finishing.step(&resp),
        }
    }
}

/// Makes NegTokenInit with the optimistic token of the first mechanism that can start at all; those
/// before it are not offered. `hint` may hold the acceptor's NegTokenInit2.
fn offer(hint: &[u8], call: &InitiateCall<'_>) -> StepResult<State> {
    let mut mechanisms = candidates(&call.config.mechanisms)?;
    if !hint.is_empty() {
        let FirstToken::Negotiate(init) = FirstToken::read(hint)? else {
            return Err(Error::InvalidToken("not a NegTokenInit2").into());
        };
        if let Some(list) = init.mech_types {
            mechanisms.retain(|&m| lists(list, m));
        }
    }
    let mut failure = Failure::from(Error::NothingInCommon(
        "the acceptor offers no mechanism that is allowed here",
    ));
    while let Some(&mechanism) = mechanisms.first() {
        let (first, mech_token) = match MechInitiator::new(mechanism)
            .map_err(Failure::from)
            .and_then(|first| first.step(None, call))
        {
            Ok(Step::Continue { next, token, .. }) => (First::Running(next), token),
            Ok(Step::Done { established, token, .. }) => {
                (First::Done(established), token.unwrap_or_default())
            }
            Err(why) => {
                failure = why;
                mechanisms.remove(0);
                continue;
            }
        };
        let mech_types = mech_type_list(&mechanisms);
        let token = NegTokenInit::encode(&mech_types, &mech_token);
        return Ok(Step::Continue {
            next: State::Offered(Offered { mech_types: mech_types.into(), first }),
            token,
            claim: None,
        });
    }
    Err(failure)
}

fn lists(list: MechTypeList<'_>, mechanism: Mechanism) -> bool {
    list.iter().any(|oid| Mechanism::from_oid(oid) == Some(mechanism))
}

/// What both sides' MICs have to show.
#[derive(Debug, Clone)]
struct Terms {
    /// The list as it was sent.
    mech_types: Arc<[u8]>,
    /// The mechanism is the first of the list, and the acceptor did not say request-mic.
    preferred: bool,
}

/// NegTokenInit has been sent.
#[derive(Debug)]
struct Offered {
    mech_types: Arc<[u8]>,
    first: First,
}

/// What the first mechanism of the list became when it made the optimistic token.
#[derive(Debug)]
enum First {
    Running(MechInitiator),
    /// It has but one token.
    Done(Box<Established>),
}

impl Offered {
    fn step(&self, resp: &NegTokenResp<'_>, call: &InitiateCall<'_>) -> StepResult<State> {
        if resp.neg_state == Some(NegState::Reject) && resp.response_token.is_none() {
            return Err(Error::NothingInCommon("the acceptor rejects the mechanisms").into());
        }
        let first = match &self.first {
            First::Running(mechanism) => mechanism.mechanism(),
            First::Done(established) => established.mechanism,
        };
        let mechanism = match resp.supported_mech {
            // Java's acceptors name none: the optimistic token was the right one.
            None => first,
            Some(oid) => Mechanism::from_oid(oid)
                .filter(|&m| MechTypeList::new(&self.mech_types).is_ok_and(|list| lists(list, m)))
                .ok_or(Error::InvalidToken("supportedMech was not offered"))?,
        };
        let preferred = mechanism == first && resp.neg_state != Some(NegState::RequestMic);
        let terms = Terms { mech_types: self.mech_types.clone(), preferred };
        if mechanism != first {
            return restart(mechanism, terms, resp, call);
        }
        match &self.first {
            First::Running(mechanism) => advance(mechanism, &terms, resp, call),
            First::Done(established) => {
                Finishing { terms, established: established.clone(), mic_sent: false }.step(resp)
            }
        }
    }
}

/// The acceptor chose another mechanism than the first: its exchange begins now.
fn restart(
    mechanism: Mechanism,
    terms: Terms,
    resp: &NegTokenResp<'_>,
    call: &InitiateCall<'_>,
) -> StepResult<State> {
    // Windows 2003 says accept-incomplete here, where RFC 4178 wants request-mic. The MIC is needed
    // either way.
    if !matches!(resp.neg_state, Some(NegState::RequestMic | NegState::AcceptIncomplete))
        || resp.response_token.is_some()
    {
        return Err(Error::InvalidToken(
            "another mechanism than the first is not to be answered like this",
        )
        .into());
    }
    send(MechInitiator::new(mechanism)?.step(None, call)?, &terms)
}

/// The mechanism takes the acceptor's token.
fn advance(
    mechanism: &MechInitiator,
    terms: &Terms,
    resp: &NegTokenResp<'_>,
    call: &InitiateCall<'_>,
) -> StepResult<State> {
    let rejected = resp.neg_state == Some(NegState::Reject);
    let mech_token = match resp.response_token {
        Some(token) => token,
        None if rejected => return Err(REJECTED.into()),
        None => {
            return Err(Error::InvalidToken("NegTokenResp: the responseToken is missing").into());
        }
    };
    // The mechanism may know better why it was rejected.
    let step = mechanism.step(Some(mech_token), call)?;
    if rejected {
        return Err(REJECTED.into());
    }
    match step {
        Step::Done { mut established, token: None, .. } => {
            conclude(&mut established, terms, resp, false)
                .map(|token| Step::Done { established, token, claim: None })
                .map_err(Failure::from)
        }
        _ if resp.neg_state == Some(NegState::AcceptCompleted) => {
            Err(Error::InvalidToken("accept-completed before the mechanism's last token").into())
        }
        step => send(step, terms),
    }
}

const REJECTED: Error = Error::LogonDenied(Denial::Policy("rejected by the acceptor"));

/// Wraps the mechanism's token; with its last one goes our MIC, if one is needed. The acceptor
/// always has the last word.
fn send(step: Step<MechInitiator>, terms: &Terms) -> StepResult<State> {
    let terms = terms.clone();
    let (next, token, ours) = match step {
        Step::Continue { next, token, .. } => {
            (State::Agreed(Agreed { terms, mechanism: next }), token, None)
        }
        Step::Done { mut established, token, .. } => {
            let ours = match mic::needed(&established, terms.preferred) {
                true => Some(established.session.make_mech_list_mic(&terms.mech_types)?),
                false => None,
            };
            let mic_sent = ours.is_some();
            (
                State::Finishing(Finishing { terms, established, mic_sent }),
                token.unwrap_or_default(),
                ours,
            )
        }
    };
    let resp = NegTokenResp {
        neg_state: Some(NegState::AcceptIncomplete),
        supported_mech: None,
        response_token: (!token.is_empty()).then_some(&token),
        mech_list_mic: ours.as_deref(),
    };
    Ok(Step::Continue { next, token: resp.encode(), claim: None })
}

/// The mechanism is settled.
#[derive(Debug)]
struct Agreed {
    terms: Terms,
    mechanism: MechInitiator,
}

/// The mechanism is done; the acceptor's last token is awaited.
#[derive(Debug)]
struct Finishing {
    terms: Terms,
    established: Box<Established>,
    mic_sent: bool,
}

impl Finishing {
    fn step(&self, resp: &NegTokenResp<'_>) -> StepResult<State> {
        if resp.neg_state == Some(NegState::Reject) {
            return Err(REJECTED.into());
        }
        if resp.response_token.is_some() {
            return Err(Error::InvalidToken(
                "NegTokenResp: a responseToken after the mechanism's last one",
            )
            .into());
        }
        let mut established = self.established.clone();
        let token = conclude(&mut established, &self.terms, resp, self.mic_sent)?;
        Ok(Step::Done { established, token, claim: None })
    }
}

/// Judges the token with which the acceptor ends its part, and makes the one that may still be owed
/// to it.
fn conclude(
    established: &mut Established,
    terms: &Terms,
    resp: &NegTokenResp<'_>,
    mic_sent: bool,
) -> Result<Option<Vec<u8>>> {
    let completed =
        !matches!(resp.neg_state, Some(NegState::AcceptIncomplete | NegState::RequestMic));
    match resp.mech_list_mic {
        Some(mic) => established.session.verify_mech_list_mic(&terms.mech_types, mic)?,
        None if mic::needed(established, terms.preferred) => {
            return Err(Error::MessageAltered("the acceptor's mechListMIC is missing"));
        }
        None if completed => return Ok(None),
        None => {
            return Err(Error::InvalidToken("the acceptor waits for a token that there is not"));
        }
    }
    if mic_sent || completed {
        return Ok(None);
    }
    let ours = established.session.make_mech_list_mic(&terms.mech_types)?;
    let resp = NegTokenResp {
        neg_state: Some(NegState::AcceptCompleted),
        mech_list_mic: Some(&ours),
        ..NegTokenResp::default()
    };
    Ok(Some(resp.encode()))
}
