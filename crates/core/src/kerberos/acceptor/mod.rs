//! The acceptor of the AP exchange, with GSS-API's frames (RFC 4121 4.1) or, in DCE style, without.

mod account;
mod client;
mod delegation;
mod initiator_request;
mod session_keys;
mod ticket_key;
mod user_to_user;

pub(super) use user_to_user::can_begin as user_to_user_can_begin;

use super::crypto::{Key, key_usage};
use super::finished::Conversation;
use super::gss_token::{Oid, Token, TokenId};
use super::message::{
    ApRep, ApReq, EncApRepPart, EncryptedData, EncryptionKey, KrbError, PrincipalName,
    SKEW_RECOVERY, Ticket, error_code,
};
use super::service::keys::ServiceKeys;
use super::session::{Session, Setup, Side};
use super::tgt::Tgt;
use super::{AcceptCall, EstablishedSession};
use crate::kerberos::rejection::Rejection;
use crate::kerberos::verify_ap_req::{Decrypted, Plaintext, Rules, VerifiedApReq};
use crate::mechanism::{Established, Mechanism, Step, StepResult};
use crate::primitives::random::SecureRandom;
use crate::primitives::stack;
use crate::replay::Claim;
use crate::types::error::{Error, Failure};
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use initiator_request::InitiatorRequest;
use session_keys::SessionKeys;
use std::sync::Arc;
use ticket_key::TicketKey;
use tracing::debug;

/// An acceptor, by the message it expects.
#[derive(Debug)]
pub enum Acceptor {
    /// Expects AP-REQ, or TGT-REQ, which starts user-to-user authentication.
    ExpectApReq,
    /// Expects AP-REQ with a ticket encrypted with the session key of this ticket of the server,
    /// which was sent to the client.
    ExpectUserToUser(Arc<Tgt>),
    /// Expects the client's AP-REP, the third leg in DCE style.
    ExpectApRep(Box<Answered>),
}

/// The state after the server's AP-REP, until the client's arrives.
#[derive(Debug)]
pub struct Answered {
    established: Established<EstablishedSession>,
    /// The key of the client's AP-REP.
    session_key: Key,
    /// `seq-number` of the server's AP-REP, which the client must repeat.
    sequence: u32,
    /// The ciphertext of the server's AP-REP: returned by an attacker, it would decrypt with the
    /// same key.
    own_cipher: Box<[u8]>,
}

impl Default for Acceptor {
    fn default() -> Self {
        Acceptor::new()
    }
}

impl Acceptor {
    /// The state before the first token.
    pub fn new() -> Acceptor {
        Acceptor::ExpectApReq
    }

    /// Processes the client's next token: AP-REQ with or without frame, TGT-REQ, or DCE style's
    /// AP-REP.
    ///
    /// Errors: `InvalidToken` for a malformed token, `LogonDenied` for a request that Kerberos
    /// rejects, `BadBindings`. They carry a KRB-ERROR for the peer if the call requires
    /// EXTENDED_ERROR.
    pub fn step(
        &self,
        token: &[u8],
        call: &AcceptCall<'_>,
    ) -> StepResult<Acceptor, Established<EstablishedSession>> {
        let token = Token::read(token)?;
        match token.oid {
            Some(Oid::Iakerb) => Err(Error::NothingInCommon("a token of IAKERB").into()),
            _ => self.step_after(&token, None, call),
        }
    }

    /// As [`Acceptor::step`], with the frame of IAKERB or another. `conversation` is what IAKERB's
    /// tokens were so far, if there were some.
    pub(super) fn step_after(
        &self,
        token: &Token<'_>,
        conversation: Option<&Conversation<'_>>,
        call: &AcceptCall<'_>,
    ) -> StepResult<Acceptor, Established<EstablishedSession>> {
        match (self, token.id) {
            (Acceptor::ExpectApReq | Acceptor::ExpectUserToUser(_), TokenId::ApReq) => {
                let request = ApReq::decode(token.body)?;
                let ticket = &request.ticket;
                let accepted = accept(&request, token.oid, self.tgt(), conversation, call);
                // Of the keys those of the context are left, where they stay.
                stack::erase::<8>();
                accepted.map_err(|rejection| {
                    let (sname, realm) = (ticket.sname.for_log(), ticket.realm.for_log());
                    let service = sname.to_text(realm).unwrap_or_default();
                    debug!(error = %rejection.error, code = rejection.code, service, "Kerberos rejected");
                    failure(rejection, token.oid, Some(ticket), call)
                })
            }
            (Acceptor::ExpectApReq, TokenId::TgtRequest) => {
                let tgt = user_to_user::current(call)
                    .map_err(|rejection| failure(rejection, token.oid, None, call))?;
                let reply = user_to_user::reply(token, &tgt)?;
                let next = Acceptor::ExpectUserToUser(tgt);
                Ok(Step::Continue { next, token: reply, claim: None })
            }
            (Acceptor::ExpectApRep(answered), TokenId::ApRep) => answered
                .finish(token.body)
                .map_err(|rejection| failure(rejection, token.oid, None, call)),
            _ => Err(Error::InvalidToken("an unexpected kind of Kerberos token").into()),
        }
    }

    /// The server's ticket that was sent to the client in this exchange.
    fn tgt(&self) -> Option<&Arc<Tgt>> {
        match self {
            Acceptor::ExpectUserToUser(tgt) => Some(tgt),
            Acceptor::ExpectApReq | Acceptor::ExpectApRep(_) => None,
        }
    }
}

/// The failure of a call, with a KRB-ERROR for the peer if the caller asks for error tokens.
fn failure(
    rejection: Rejection,
    oid: Option<Oid>,
    ticket: Option<&Ticket<'_>>,
    call: &AcceptCall<'_>,
) -> Failure {
    let token = call.requirements.contains(ContextFlags::EXTENDED_ERROR).then(|| {
        let realm = ticket.map(|ticket| ticket.realm.for_krb_error()).unwrap_or_default();
        let sname = ticket.map_or(PrincipalName::EMPTY, |ticket| ticket.sname.for_krb_error());
        let message = KrbError {
            // Without it Windows clients do not retry with the server's time.
            e_data: (rejection.code == error_code::SKEW).then_some(SKEW_RECOVERY),
            ..KrbError::new(rejection.code, call.now, (realm, sname))
        };
        Token { oid, id: TokenId::Error, body: &message.encode() }.write()
    });
    Failure { error: rejection.error, token, logon: None }
}

/// Receipt of KRB_AP_REQ (RFC 4120 3.2.3) and generation of KRB_AP_REP (3.2.4), for GSS-API.
#[inline(never)] // the stack that it has used is erased
fn accept(
    request: &ApReq<'_>,
    oid: Option<Oid>,
    sent: Option<&Arc<Tgt>>,
    conversation: Option<&Conversation<'_>>,
    call: &AcceptCall<'_>,
) -> Result<Step<Acceptor, Established<EstablishedSession>>, Rejection> {
    let config = call.config;
    let keys = ServiceKeys::new(&config.service, &config.policy, &*config.keys);
    let mut plain = Decrypted::default();
    let ticket_key = TicketKey::decrypt(request, &keys, &mut plain, sent, call)?;
    let verified = plain.verify(request, &Rules::of(call))?;
    let ticket_key = ticket_key.of_service(request, &keys, verified.ticket.crealm);
    let claim = check_replay(request, &verified, call)?;
    let mut requested = InitiatorRequest::from_ap_req(request, &verified, call)?;
    requested.check_conversation(conversation, &verified)?;
    let bindings = requested.check_bindings(call)?;
    requested.check_target(&ticket_key, config)?;
    let (ticket, ticket_bytes) = (&verified.ticket, verified.ticket_bytes);
    let client = client::identify(ticket, ticket_bytes, &ticket_key, call)?;
    let forwarded = delegation::receive(requested.delegation, &verified, call)?;
    let session_keys = SessionKeys::choose(&verified, &requested, config.random)?;
    let mut flags = requested.granted(call.requirements);
    flags.set(ContextFlags::DELEGATE, forwarded.is_some());
    flags.set(ContextFlags::NULL_SESSION, client.anonymous);
    flags.set(ContextFlags::USE_SESSION_KEY, matches!(ticket_key, TicketKey::Tgt(_)));
    let delegated = match forwarded {
        None => delegation::evidence(&request.ticket, &ticket_key, &verified, flags, call)?,
        forwarded => forwarded,
    };
    let session = Session::new(Setup {
        side: Side::Acceptor,
        key: session_keys.key().clone(),
        acceptor_subkey: session_keys.acceptor_subkey.is_some(),
        send_sequence: session_keys.local_sequence,
        receive_sequence: session_keys.peer_sequence,
        flags,
        dce_style: requested.dce_style(),
        random: config.random,
    });
    let established = Established {
        session: EstablishedSession { session, delegated },
        mechanism: Mechanism::Kerberos,
        flags,
        client,
        server_name: ticket_key.principal(),
        client_target: requested.target.take().or_else(|| ticket_key.spn()),
        bindings,
        expiry: expiry(ticket.endtime, call),
        wants_mech_list_mic: false,
        same_machine: false,
        logon: None,
    };
    if !requested.mutual() {
        return Ok(Step::Done { established, token: None, claim: Some(claim) });
    }
    answer(established, verified, &session_keys, requested.dce_style(), oid, claim, config.random)
}

/// Makes the AP-REP. In DCE style the client's own is expected next.
fn answer(
    established: Established<EstablishedSession>,
    verified: VerifiedApReq<'_>,
    session_keys: &SessionKeys,
    dce_style: bool,
    oid: Option<Oid>,
    claim: Claim,
    random: &dyn SecureRandom,
) -> Result<Step<Acceptor, Established<EstablishedSession>>, Rejection> {
    let (ctime, cusec) = (verified.authenticator.ctime, verified.authenticator.cusec);
    let subkey = session_keys.acceptor_subkey.as_ref().map(EncryptionKey::of);
    let part = EncApRepPart { ctime, cusec, subkey, seq_number: Some(session_keys.local_sequence) };
    let session_key = verified.session_key;
    let cipher = session_key.encrypt(key_usage::AP_REP, &part.encode(), random)?;
    let enc_part =
        EncryptedData { etype: session_key.enctype().number(), kvno: None, cipher: &cipher };
    let reply = ApRep { enc_part }.encode();
    let claim = Some(claim);
    if !dce_style {
        let token = Token { oid, id: TokenId::ApRep, body: &reply }.write();
        return Ok(Step::Done { established, token: Some(token), claim });
    }
    let answered = Answered {
        established,
        session_key,
        sequence: session_keys.local_sequence,
        own_cipher: cipher.into(),
    };
    Ok(Step::Continue { next: Acceptor::ExpectApRep(Box::new(answered)), token: reply, claim })
}

/// Rejects a replayed authenticator (RFC 4120 3.2.3), and records this one. The claim is released
/// if the reply does not fit the caller's buffer.
fn check_replay(
    request: &ApReq<'_>,
    verified: &VerifiedApReq<'_>,
    call: &AcceptCall<'_>,
) -> Result<Claim, Rejection> {
    let tag = verified.session_key.enctype().tag_of(request.authenticator.cipher);
    let skew = call.config.policy.max_clock_skew;
    Ok(call.config.replay.claim(tag, verified.authenticator.ctime, call.now, skew)?)
}

/// The expiry of the context: that of its ticket, extended by the permitted clock skew.
fn expiry(endtime: i64, call: &AcceptCall<'_>) -> FileTime {
    let ticket = FileTime::from_unix_seconds(endtime).plus(call.config.policy.max_clock_skew);
    call.config.context_lifetime.map_or(ticket, |lifetime| ticket.min(call.now.plus(lifetime)))
}

impl Answered {
    /// Processes the client's AP-REP. It repeats the sequence number of the server's first message,
    /// which proves that the client decrypted the server's AP-REP ([MS-KILE] 3.4.5.1).
    fn finish(
        &self,
        body: &[u8],
    ) -> Result<Step<Acceptor, Established<EstablishedSession>>, Rejection> {
        const WRONG: Rejection =
            Rejection::denied(error_code::MUT_FAIL, "the third leg does not answer the second");
        let message = ApRep::decode(body)?;
        let mut plain = Plaintext::default();
        if *message.enc_part.cipher == *self.own_cipher
            || message.enc_part.etype != self.session_key.enctype().number()
            || !plain.decrypt(
                &self.session_key.derive_usage(key_usage::AP_REP),
                message.enc_part.cipher,
            )?
        {
            return Err(WRONG);
        }
        let part = EncApRepPart::decode(plain.bytes())?;
        // Its time is the client's current time; only the sequence number is checked.
        if part.seq_number != Some(self.sequence) {
            return Err(WRONG);
        }
        Ok(Step::Done { established: self.established.clone(), token: None, claim: None })
    }
}
