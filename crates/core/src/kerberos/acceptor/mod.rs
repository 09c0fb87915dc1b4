//! The server's side of the AP exchange, in GSS-API's frames (RFC 4121 4.1) or, DCE style, without.

mod client;
pub(crate) mod delegation;
mod initiator_request;
mod rejection;
mod session_keys;
pub(crate) mod user_to_user;
mod verify_ap_req;

use super::crypto::{Key, key_usage};
use super::gss_token::{Oid, Token, TokenId};
use super::message::{
    ApOptions, ApRep, ApReq, EncApRepPart, EncryptedData, EncryptionKey, KrbError, PrincipalName,
    SKEW_RECOVERY, Ticket, error_code,
};
use super::service::keys::ServiceKeys;
use super::session::{Session, Setup, Side};
use crate::mechanism::{AcceptCall, Established, Mechanism, Step, StepResult};
use crate::platform::random::SystemRandom;
use crate::replay::ReplayCache as _;
use crate::stores::replay_cache::ReplayCache;
use crate::types::error::{Error, Failure};
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use initiator_request::InitiatorRequest;
use rejection::Rejection;
use session_keys::SessionKeys;
use std::sync::Arc;
use tracing::debug;
use user_to_user::Tgt;
use verify_ap_req::{Decrypted, Plaintext, VerifiedApReq};

/// The server's side, by what it awaits.
#[derive(Debug)]
pub enum Acceptor {
    /// AP-REQ, or the question for a ticket-granting ticket that user-to-user authentication begins
    /// with.
    ExpectApReq,
    /// AP-REQ with a ticket under the session key of this ticket of ours, which the client has now.
    ExpectUserToUser(Arc<Tgt>),
    /// The client's AP-REP, DCE style's third leg.
    ExpectApRep(Box<Answered>),
}

/// What has been agreed once the AP-REP is out and the client's own is awaited.
#[derive(Debug)]
pub struct Answered {
    established: Established,
    /// What the client's AP-REP is sealed with.
    session_key: Key,
    /// `seq-number` of our AP-REP, which it must repeat.
    sequence: u32,
    /// What our AP-REP held, sealed with the same key: it would open, but is not the client's
    /// answer.
    ours: Box<[u8]>,
}

impl Default for Acceptor {
    fn default() -> Self {
        Acceptor::new()
    }
}

impl Acceptor {
    /// Awaits the first token.
    pub fn new() -> Acceptor {
        Acceptor::ExpectApReq
    }

    /// Takes the client's next token: AP-REQ in a frame or bare, TGT-REQ, or DCE style's AP-REP.
    ///
    /// Errors: `InvalidToken` for what cannot be parsed, `LogonDenied` for all that Kerberos
    /// refuses, `BadBindings`. They carry a KRB-ERROR for the peer if the call requires
    /// EXTENDED_ERROR.
    pub fn step(&self, token: &[u8], call: &AcceptCall<'_>) -> StepResult<Acceptor> {
        if token.len() > call.settings.limits.max_token as usize {
            return Err(Error::InvalidToken("Kerberos token longer than limits.max_token").into());
        }
        let token = Token::read(token)?;
        match (self, token.id) {
            (Acceptor::ExpectApReq | Acceptor::ExpectUserToUser(_), TokenId::ApReq) => {
                let request = ApReq::decode(token.body)?;
                let ticket = &request.ticket;
                accept(&request, token.oid, self.tgt(), call).map_err(|rejection| {
                    let service = ticket.sname.to_text(ticket.realm).unwrap_or_default();
                    debug!(error = %rejection.error, code = rejection.code, service, "Kerberos refused");
                    failure(rejection, token.oid, Some(ticket), call)
                })
            }
            (Acceptor::ExpectApReq, TokenId::TgtRequest) => {
                let tgt = user_to_user::current(call)
                    .map_err(|rejection| failure(rejection, token.oid, None, call))?;
                let reply = user_to_user::reply(&token, &tgt)?;
                Ok(Step::Continue { next: Acceptor::ExpectUserToUser(tgt), token: reply })
            }
            (Acceptor::ExpectApRep(answered), TokenId::ApRep) => answered
                .finish(token.body)
                .map_err(|rejection| failure(rejection, token.oid, None, call)),
            _ => Err(Error::InvalidToken("a Kerberos token of a kind that is not due").into()),
        }
    }

    /// The ticket of ours that the client was given in this conversation.
    fn tgt(&self) -> Option<&Arc<Tgt>> {
        match self {
            Acceptor::ExpectUserToUser(tgt) => Some(tgt),
            Acceptor::ExpectApReq | Acceptor::ExpectApRep(_) => None,
        }
    }
}

/// The failure of a call, with a KRB-ERROR for the peer if the caller wants one.
fn failure(
    rejection: Rejection,
    oid: Option<Oid>,
    ticket: Option<&Ticket<'_>>,
    call: &AcceptCall<'_>,
) -> Failure {
    let token = call.requirements.contains(ContextFlags::EXTENDED_ERROR).then(|| {
        let message = KrbError {
            stime: call.now.unix_seconds(),
            susec: call.now.microsecond(),
            error_code: rejection.code,
            realm: ticket.map(|ticket| ticket.realm).unwrap_or_default(),
            sname: ticket.map(|ticket| ticket.sname).unwrap_or(PrincipalName::NOBODY),
            // Without it Windows' clients do not try again by our clock.
            e_data: (rejection.code == error_code::SKEW).then_some(SKEW_RECOVERY),
            ctime: None,
            cusec: None,
            crealm: None,
            cname: None,
            e_text: None,
        };
        Token { oid, id: TokenId::Error, body: &message.encode() }.write()
    });
    Failure { error: rejection.error, token }
}

/// Receipt of KRB_AP_REQ (RFC 4120 3.2.3) and generation of KRB_AP_REP (3.2.4), as GSS-API uses
/// them.
fn accept(
    request: &ApReq<'_>,
    oid: Option<Oid>,
    given: Option<&Arc<Tgt>>,
    call: &AcceptCall<'_>,
) -> Result<Step<Acceptor>, Rejection> {
    let mut plain = Decrypted::default();
    let keys = ServiceKeys::of(call.credential, call.settings);
    let tgt;
    let mut service = None;
    let user_to_user = request.ap_options.contains(ApOptions::USE_SESSION_KEY);
    let pac_keys = if user_to_user {
        tgt = given.map_or_else(|| user_to_user::current(call), |tgt| Ok(tgt.clone()))?;
        tgt.check_permitted(call)?;
        plain.open_user_to_user_ticket(&request.ticket, &tgt, call)?
    } else {
        let entry = plain.open_ticket(&request.ticket, &keys, call)?;
        service = Some(entry).filter(|entry| !entry.is_account());
        entry.pac_keys()
    };
    let opened = plain.open(request, call)?;
    remember(request, &opened, call)?;
    let mut wishes = InitiatorRequest::of(request, &opened, call)?;
    wishes.check_bindings(call)?;
    let client = client::identify(&opened.ticket, opened.ticket_bytes, pac_keys, call)?;
    let delegated = delegation::receive(wishes.delegation, &opened, call)?;
    let agreement = SessionKeys::of(&opened, &wishes)?;
    let mut flags = wishes.granted(call.requirements);
    flags.set(ContextFlags::DELEGATE, delegated.is_some());
    flags.set(ContextFlags::NULL_SESSION, client.anonymous);
    flags.set(ContextFlags::USE_SESSION_KEY, user_to_user);
    let session = Session::new(Setup {
        side: Side::Acceptor,
        key: agreement.key().clone(),
        acceptor_subkey: agreement.acceptor_subkey.is_some(),
        send_sequence: agreement.ours,
        receive_sequence: agreement.theirs,
        flags,
        dce_style: wishes.dce_style(),
        random: &SystemRandom,
    });
    let established = Established {
        session: crate::negotiate::session::Session::Kerberos(session),
        mechanism: Mechanism::Kerberos,
        flags,
        client,
        // Nothing protects the ticket's own word, but nobody else can tell services of one account
        // apart.
        server_name: match service {
            Some(entry) => entry.principal(),
            None => request.ticket.sname.to_text(request.ticket.realm)?,
        },
        client_target: Some(match (service, wishes.target.take()) {
            (_, Some(target)) => target,
            (Some(entry), None) => entry.components.join("/"),
            (None, None) => request.ticket.sname.to_spn()?,
        }),
        expiry: expiry(opened.ticket.endtime, call),
        wants_mech_list_mic: false,
        delegated,
    };
    if !wishes.mutual() {
        return Ok(Step::Done { established: Box::new(established), token: None });
    }
    let (ctime, cusec) = (opened.authenticator.ctime, opened.authenticator.cusec);
    let subkey = agreement.acceptor_subkey.as_ref().map(EncryptionKey::of);
    let part = EncApRepPart { ctime, cusec, subkey, seq_number: Some(agreement.ours) };
    let cipher = opened.session_key.encrypt(key_usage::AP_REP, &part.encode(), &SystemRandom)?;
    let enc_part =
        EncryptedData { etype: opened.session_key.enctype().number(), kvno: None, cipher: &cipher };
    let reply = ApRep { enc_part }.encode();
    if !wishes.dce_style() {
        let token = Token { oid, id: TokenId::ApRep, body: &reply }.write();
        return Ok(Step::Done { established: Box::new(established), token: Some(token) });
    }
    let answered = Answered {
        established,
        session_key: opened.session_key,
        sequence: agreement.ours,
        ours: cipher.into(),
    };
    Ok(Step::Continue { next: Acceptor::ExpectApRep(Box::new(answered)), token: reply })
}

/// Refuses an authenticator that has been presented before (RFC 4120 3.2.3). From now on it has
/// been, unless the caller has no room for our answer: then the call takes its claim back.
fn remember(
    request: &ApReq<'_>,
    opened: &VerifiedApReq<'_>,
    call: &AcceptCall<'_>,
) -> Result<(), Rejection> {
    let cache = ReplayCache::of(&call.settings.kerberos);
    let tag = opened.session_key.enctype().tag_of(request.authenticator.cipher);
    let skew = call.settings.kerberos.max_clock_skew;
    let claim = cache.claim(tag, opened.authenticator.ctime, call.now, skew)?;
    call.notes.claimed(cache, claim);
    Ok(())
}

/// The context ends with its ticket, give or take what the clocks may differ.
fn expiry(endtime: i64, call: &AcceptCall<'_>) -> FileTime {
    let ticket = FileTime::from_unix_seconds(endtime).plus(call.settings.kerberos.max_clock_skew);
    call.settings
        .negotiate
        .context_lifetime
        .map_or(ticket, |lifetime| ticket.min(call.now.plus(lifetime)))
}

impl Answered {
    /// The client's AP-REP: it tells the number of our first message, and so has read our AP-REP
    /// ([MS-KILE] 3.4.5.1).
    fn finish(&self, body: &[u8]) -> Result<Step<Acceptor>, Rejection> {
        const WRONG: Rejection =
            Rejection::denied(error_code::MUT_FAIL, "the third leg does not answer the second");
        let message = ApRep::decode(body)?;
        let mut plain = Plaintext::default();
        if *message.enc_part.cipher == *self.ours
            || message.enc_part.etype != self.session_key.enctype().number()
            || !plain
                .decrypt(&self.session_key.derive_usage(key_usage::AP_REP), message.enc_part.cipher)
        {
            return Err(WRONG);
        }
        let part = EncApRepPart::decode(plain.bytes())?;
        // Its time is the client's of now: only the number is ours to know.
        if part.seq_number != Some(self.sequence) {
            return Err(WRONG);
        }
        Ok(Step::Done { established: Box::new(self.established.clone()), token: None })
    }
}
