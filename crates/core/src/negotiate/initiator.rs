//! SPNEGO's initiator.

use crate::kerberos::message::error_code;
use crate::mechanism::{LastToken, Mechanism};
use crate::negotiate::dispatch::{Established, MechInitiator, Step, StepResult};
use crate::negotiate::token::{
    FirstToken, MechTypeList, NegState, NegTokenInit, NegTokenResp, mech_type_list,
};
use crate::negotiate::{InitiateCall, NO_MECHANISM, mic, reject};
use crate::types::error::{Denial, Error, Failure, Result};
use std::sync::Arc;
use tracing::debug;

/// An initiator between two tokens.
#[derive(Debug)]
pub struct Initiator {
    state: State,
}

#[derive(Debug)]
enum State {
    /// The state before the first token.
    Start,
    /// NegTokenInit is sent; the acceptor's first reply chooses the mechanism.
    Offered(Offered),
    /// The mechanism is chosen and its exchange in progress.
    Agreed(Agreed),
    /// The mechanism has finished and its last token is sent.
    Finishing(Finishing),
}

impl Default for Initiator {
    fn default() -> Initiator {
        Initiator::new()
    }
}

impl Initiator {
    /// The state before the first token.
    pub fn new() -> Initiator {
        Initiator { state: State::Start }
    }

    /// Makes the next token. For the first one, `token` is `None`, empty, or the acceptor's
    /// NegTokenInit2 hint.
    ///
    /// Errors: `InvalidToken`, `NoCredentials` if no mechanism is configured, `NothingInCommon`,
    /// `LogonDenied` after a `reject`, `MessageAltered` for a wrong or missing mechListMIC,
    /// `DowngradeDetected` if that was to protect the choice of another mechanism than the first, and
    /// the mechanism's. They carry a `reject` for the peer if the call requires EXTENDED_ERROR and the
    /// peer has sent something.
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

    /// As [`MechInitiator::user_to_user_ticket`], of the mechanism's token inside.
    pub fn user_to_user_ticket(&self, token: &[u8]) -> Option<Vec<u8>> {
        let mechanism = match &self.state {
            State::Offered(Offered { first: First::Running(mechanism), .. })
            | State::Agreed(Agreed { mechanism, .. }) => mechanism,
            _ => return None,
        };
        mechanism.user_to_user_ticket(NegTokenResp::decode(token).ok()?.response_token?)
    }

    /// Whether the token made last is the last that this side sends.
    pub fn last_token(&self) -> LastToken {
        match &self.state {
            State::Start => LastToken::No,
            State::Offered(Offered { first: First::Running(mechanism), .. })
            | State::Agreed(Agreed { mechanism, .. }) => mechanism.last_token(),
            State::Offered(Offered { first: First::Done(_), .. }) => LastToken::Maybe,
            State::Finishing(Finishing { mic_sent: true, .. }) => LastToken::Yes,
            // The acceptor may ask for a mechListMIC.
            State::Finishing(Finishing { mic_sent: false, .. }) => LastToken::Maybe,
        }
    }
}

impl State {
    fn answer(&self, token: &[u8], call: &InitiateCall<'_>) -> StepResult<State> {
        let resp = NegTokenResp::decode(token)?;
        match self {
            State::Start => Err(Error::Internal("an answer in a state that expects none").into()),
            State::Offered(offered) => offered.step(&resp, call),
            State::Agreed(agreed) => advance(&agreed.mechanism, &agreed.terms, &resp, call),
            State::Finishing(finishing) => finishing.step(&resp),
        }
    }
}

/// Makes NegTokenInit with the optimistic token of the first mechanism that can start. Mechanisms
/// before it in the list are not offered. `hint` is the acceptor's NegTokenInit2, or empty.
fn offer(hint: &[u8], call: &InitiateCall<'_>) -> StepResult<State> {
    let mut mechanisms = call.config.mechanisms.clone();
    if mechanisms.is_empty() {
        return Err(Error::NoCredentials(NO_MECHANISM).into());
    }
    if !hint.is_empty() {
        let FirstToken::Negotiate(init) = FirstToken::read(hint)? else {
            return Err(Error::InvalidToken("not a NegTokenInit2").into());
        };
        // The hint is not protected, and nothing would show that somebody has shortened it: all is
        // offered, and the acceptor's choice is then protected.
        if let Some(list) = init.mech_types
            && !mechanisms.iter().any(|&m| lists(list, m))
        {
            return Err(Error::NothingInCommon(
                "the acceptor offers no mechanism that is allowed here",
            )
            .into());
        }
    }
    let mut failure = Failure::from(Error::NothingInCommon(
        "the acceptor offers no mechanism that is allowed here",
    ));
    while let Some(&mechanism) = mechanisms.first() {
        let (first, mech_token) = match MechInitiator::new(mechanism).step(None, call) {
            Ok(Step::Continue { next, token, .. }) => (First::Running(next), token),
            Ok(Step::Done { established, token, .. }) => {
                (First::Done(established), token.unwrap_or_default())
            }
            Err(why) if is_final(&why.error) => return Err(why),
            Err(why) => {
                debug!(error = %why.error, ?mechanism, "SPNEGO: a mechanism is not offered");
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

/// Whether the failure of one mechanism is the whole negotiation's. A password that a KDC has
/// rejected is not tried with NTLM: it would count twice against the account. Neither is an account
/// that may not log on.
fn is_final(error: &Error) -> bool {
    match error {
        Error::KrbError(code) => matches!(
            *code,
            error_code::PREAUTH_FAILED
                | error_code::CLIENT_REVOKED
                | error_code::KEY_EXPIRED
                | error_code::NAME_EXP
                | error_code::CLIENT_NOTYET
                | error_code::POLICY
        ),
        Error::InvalidParameter(_) | Error::OutOfMemory | Error::Internal(_) => true,
        _ => false,
    }
}

fn lists(list: MechTypeList<'_>, mechanism: Mechanism) -> bool {
    list.iter().any(|oid| Mechanism::from_oid(oid) == Some(mechanism))
}

/// What the mechListMIC is computed from and required by.
#[derive(Debug, Clone)]
struct Terms {
    /// The list as sent.
    mech_types: Arc<[u8]>,
    /// Whether the mechanism is the first of the list and the acceptor did not send request-mic.
    preferred: bool,
    /// Whether the acceptor chose another mechanism than the first.
    fallback: bool,
}

/// NegTokenInit is sent.
#[derive(Debug)]
struct Offered {
    mech_types: Arc<[u8]>,
    first: First,
}

/// The state of the list's first mechanism after the optimistic token.
#[derive(Debug)]
enum First {
    Running(MechInitiator),
    /// The mechanism has only one token.
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
            // Java's acceptors send none: the optimistic token's mechanism is accepted.
            None => first,
            Some(oid) => Mechanism::from_oid(oid)
                .filter(|&m| MechTypeList::new(&self.mech_types).is_ok_and(|list| lists(list, m)))
                .ok_or(Error::InvalidToken("supportedMech was not offered"))?,
        };
        let preferred = mechanism == first && resp.neg_state != Some(NegState::RequestMic);
        let fallback = mechanism != first;
        let terms = Terms { mech_types: self.mech_types.clone(), preferred, fallback };
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

/// Starts another mechanism than the first, chosen by the acceptor.
fn restart(
    mechanism: Mechanism,
    terms: Terms,
    resp: &NegTokenResp<'_>,
    call: &InitiateCall<'_>,
) -> StepResult<State> {
    // Windows 2003 sends accept-incomplete, where RFC 4178 requires request-mic. The MIC is
    // required in both cases.
    if !matches!(resp.neg_state, Some(NegState::RequestMic | NegState::AcceptIncomplete))
        || resp.response_token.is_some()
    {
        return Err(
            Error::InvalidToken("a malformed choice of another mechanism than the first").into()
        );
    }
    send(MechInitiator::new(mechanism).step(None, call)?, &terms)
}

/// Passes the acceptor's token to the mechanism.
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
    // First to the mechanism: its error may state the reason of the rejection.
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

/// Without the MIC anyone on the way may have chosen the weaker mechanism.
const DOWNGRADE: Error =
    Error::DowngradeDetected("the choice of another mechanism has no mechListMIC that is right");
const REJECTED: Error = Error::LogonDenied(Denial::Policy("rejected by the acceptor"));

/// Wraps the mechanism's token. The last one carries the initiator's MIC, if required. The acceptor
/// always sends the final token.
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

/// The mechanism is chosen.
#[derive(Debug)]
struct Agreed {
    terms: Terms,
    mechanism: MechInitiator,
}

/// The mechanism has finished; the acceptor's last token is expected.
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

/// Checks the acceptor's last token, and makes the token to send in reply, if any.
fn conclude(
    established: &mut Established,
    terms: &Terms,
    resp: &NegTokenResp<'_>,
    mic_sent: bool,
) -> Result<Option<Vec<u8>>> {
    let completed =
        !matches!(resp.neg_state, Some(NegState::AcceptIncomplete | NegState::RequestMic));
    match resp.mech_list_mic {
        Some(mic) => established
            .session
            .verify_mech_list_mic(&terms.mech_types, mic)
            .map_err(|error| if terms.fallback { DOWNGRADE } else { error })?,
        // Also where NTLM has agreed on no signing: whoever altered the choice could alter that.
        None if terms.fallback => return Err(DOWNGRADE),
        None if mic::needed(established, terms.preferred) => {
            return Err(Error::MessageAltered("the acceptor's mechListMIC is missing"));
        }
        None if completed => return Ok(None),
        None => {
            return Err(Error::InvalidToken(
                "the acceptor expects another token after the last one",
            ));
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
