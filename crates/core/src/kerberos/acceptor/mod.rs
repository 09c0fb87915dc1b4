//! The server's side of the AP exchange, in GSS-API's frames (RFC 4121 4.1) or, DCE style, without.

mod client;
mod delegation;
mod initiator_request;
mod rejection;
mod session_keys;
mod user_to_user;
mod verify_ap_req;

pub(super) use user_to_user::can_begin as user_to_user_can_begin;

use super::crypto::{Key, UsageKeys, key_usage};
use super::gss_token::{Oid, Token, TokenId};
use super::keytab;
use super::message::{
    ApOptions, ApRep, ApReq, EncApRepPart, EncryptedData, EncryptionKey, KrbError, PrincipalName,
    SKEW_RECOVERY, Ticket, error_code,
};
use super::service::keys::ServiceKeys;
use super::session::{Session, Setup, Side};
use super::tgt::Tgt;
use super::{AcceptCall, EstablishedSession};
use crate::mechanism::{Established, Mechanism, Step, StepResult};
use crate::primitives::random::SecureRandom;
use crate::replay::Claim;
use crate::types::error::{Error, Failure};
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use initiator_request::InitiatorRequest;
use rejection::Rejection;
use session_keys::SessionKeys;
use std::sync::Arc;
use tracing::debug;
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
    established: Established<EstablishedSession>,
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
    pub fn step(
        &self,
        token: &[u8],
        call: &AcceptCall<'_>,
    ) -> StepResult<Acceptor, Established<EstablishedSession>> {
        let token = Token::read(token)?;
        match (self, token.id) {
            (Acceptor::ExpectApReq | Acceptor::ExpectUserToUser(_), TokenId::ApReq) => {
                let request = ApReq::decode(token.body)?;
                let ticket = &request.ticket;
                accept(&request, token.oid, self.tgt(), call).map_err(|rejection| {
                    let service = ticket.sname.to_text(ticket.realm).unwrap_or_default();
                    debug!(error = %rejection.error, code = rejection.code, service, "Kerberos rejected");
                    failure(rejection, token.oid, Some(ticket), call)
                })
            }
            (Acceptor::ExpectApReq, TokenId::TgtRequest) => {
                let tgt = user_to_user::current(call)
                    .map_err(|rejection| failure(rejection, token.oid, None, call))?;
                let reply = user_to_user::reply(&token, &tgt)?;
                let next = Acceptor::ExpectUserToUser(tgt);
                Ok(Step::Continue { next, token: reply, claim: None })
            }
            (Acceptor::ExpectApRep(answered), TokenId::ApRep) => answered
                .finish(token.body)
                .map_err(|rejection| failure(rejection, token.oid, None, call)),
            _ => Err(Error::InvalidToken("a Kerberos token of a kind that is not due").into()),
        }
    }

    /// The server's ticket that the client was given in this conversation.
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
            sname: ticket.map(|ticket| ticket.sname).unwrap_or(PrincipalName::EMPTY),
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
    Failure { error: rejection.error, token, logon: None }
}

/// Receipt of KRB_AP_REQ (RFC 4120 3.2.3) and generation of KRB_AP_REP (3.2.4), as GSS-API uses
/// them.
fn accept(
    request: &ApReq<'_>,
    oid: Option<Oid>,
    given: Option<&Arc<Tgt>>,
    call: &AcceptCall<'_>,
) -> Result<Step<Acceptor, Established<EstablishedSession>>, Rejection> {
    let config = call.config;
    let keys = ServiceKeys::new(&config.service, &config.policy, &*config.keys);
    let mut plain = Decrypted::default();
    let opened_with = open_ticket(request, &keys, &mut plain, given, call)?;
    let verified = plain.open(request, call)?;
    let claim = remember(request, &verified, call)?;
    let mut wanted = InitiatorRequest::from_ap_req(request, &verified, call)?;
    wanted.check_bindings(call)?;
    let (ticket, ticket_bytes) = (&verified.ticket, verified.ticket_bytes);
    let client = client::identify(ticket, ticket_bytes, opened_with.pac_keys(), call)?;
    let delegated = delegation::receive(wanted.delegation, &verified, call)?;
    let session_keys = SessionKeys::choose(&verified, &wanted, config.random)?;
    let mut flags = wanted.granted(call.requirements);
    flags.set(ContextFlags::DELEGATE, delegated.is_some());
    flags.set(ContextFlags::NULL_SESSION, client.anonymous);
    flags.set(ContextFlags::USE_SESSION_KEY, matches!(opened_with, TicketOpener::Tgt(_)));
    let session = Session::new(Setup {
        side: Side::Acceptor,
        key: session_keys.key().clone(),
        acceptor_subkey: session_keys.acceptor_subkey.is_some(),
        send_sequence: session_keys.ours,
        receive_sequence: session_keys.theirs,
        flags,
        dce_style: wanted.dce_style(),
        random: config.random,
    });
    let established = Established {
        session: EstablishedSession { session, delegated },
        mechanism: Mechanism::Kerberos,
        flags,
        client,
        server_name: opened_with.server_name(request)?,
        client_target: Some(match wanted.target.take() {
            Some(target) => target,
            None => opened_with.spn(request)?,
        }),
        expiry: expiry(ticket.endtime, call),
        wants_mech_list_mic: false,
        logon: None,
    };
    if !wanted.mutual() {
        return Ok(Step::Done { established, token: None, claim: Some(claim) });
    }
    answer(established, verified, &session_keys, wanted.dce_style(), oid, claim, config.random)
}

/// What opened the ticket.
enum TicketOpener<'k> {
    /// A key of the service.
    Key(&'k keytab::Entry),
    /// The session key of the server's own ticket-granting ticket.
    Tgt(Arc<Tgt>),
}

impl TicketOpener<'_> {
    /// What verifies the signatures that the KDC made with the same key.
    fn pac_keys(&self) -> &UsageKeys {
        match self {
            TicketOpener::Key(entry) => entry.pac_keys(),
            TicketOpener::Tgt(tgt) => tgt.pac_keys(),
        }
    }

    /// The service whose key it is. An account's key may be that of several services.
    fn service(&self) -> Option<&keytab::Entry> {
        match self {
            TicketOpener::Key(entry) => Some(*entry).filter(|entry| !entry.is_account()),
            TicketOpener::Tgt(_) => None,
        }
    }

    /// The server's principal. Where the key does not say which service it is, the ticket does,
    /// although nothing protects that.
    fn server_name(&self, request: &ApReq<'_>) -> Result<String, Error> {
        match self.service() {
            Some(entry) => Ok(entry.principal()),
            None => request.ticket.sname.to_text(request.ticket.realm),
        }
    }

    /// The service's principal name, from the same source.
    fn spn(&self, request: &ApReq<'_>) -> Result<String, Error> {
        match self.service() {
            Some(entry) => Ok(entry.components.join("/")),
            None => request.ticket.sname.to_spn(),
        }
    }
}

/// Decrypts the ticket with a key of the service, or for user-to-user authentication with the
/// session key of the server's own ticket: the one that this client was `given`, or the present.
fn open_ticket<'k>(
    request: &'k ApReq<'_>,
    keys: &'k ServiceKeys<'_>,
    plain: &mut Decrypted,
    given: Option<&Arc<Tgt>>,
    call: &AcceptCall<'_>,
) -> Result<TicketOpener<'k>, Rejection> {
    if !request.ap_options.contains(ApOptions::USE_SESSION_KEY) {
        return plain.open_ticket(&request.ticket, keys, call).map(TicketOpener::Key);
    }
    let tgt = given.map_or_else(|| user_to_user::current(call), |tgt| Ok(tgt.clone()))?;
    user_to_user::check_permitted(&tgt, call)?;
    plain.open_user_to_user_ticket(&request.ticket, &tgt, call)?;
    Ok(TicketOpener::Tgt(tgt))
}

/// Makes the AP-REP. DCE style awaits the client's own after it.
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
    let part = EncApRepPart { ctime, cusec, subkey, seq_number: Some(session_keys.ours) };
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
    let answered =
        Answered { established, session_key, sequence: session_keys.ours, ours: cipher.into() };
    Ok(Step::Continue { next: Acceptor::ExpectApRep(Box::new(answered)), token: reply, claim })
}

/// Rejects an authenticator that has been presented before (RFC 4120 3.2.3). From now on it has
/// been, unless the caller has no room for the answer: then the claim is released.
fn remember(
    request: &ApReq<'_>,
    verified: &VerifiedApReq<'_>,
    call: &AcceptCall<'_>,
) -> Result<Claim, Rejection> {
    let tag = verified.session_key.enctype().tag_of(request.authenticator.cipher);
    let skew = call.config.policy.max_clock_skew;
    Ok(call.config.replay.claim(tag, verified.authenticator.ctime, call.now, skew)?)
}

/// The context ends with its ticket, give or take what the clocks may differ.
fn expiry(endtime: i64, call: &AcceptCall<'_>) -> FileTime {
    let ticket = FileTime::from_unix_seconds(endtime).plus(call.config.policy.max_clock_skew);
    call.config.context_lifetime.map_or(ticket, |lifetime| ticket.min(call.now.plus(lifetime)))
}

impl Answered {
    /// The client's AP-REP: it tells the number of our first message, and so has read our AP-REP
    /// ([MS-KILE] 3.4.5.1).
    fn finish(
        &self,
        body: &[u8],
    ) -> Result<Step<Acceptor, Established<EstablishedSession>>, Rejection> {
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
        Ok(Step::Done { established: self.established.clone(), token: None, claim: None })
    }
}
