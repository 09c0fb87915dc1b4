//! The initiator of the AP exchange, with GSS-API's frames (RFC 4121 4.1) or, in DCE style, without.

mod ap_req;
mod config;
mod target;

pub use config::{InitiatorConfig, TicketRequest, TicketSource};
pub use target::Target;

use super::EstablishedSession;
use super::client::Credentials;
use super::crypto::{Enctype, Key, key_usage};
use super::gss_checksum::GssFlags;
use super::gss_token::{Oid, Token, TokenId};
use super::message::{
    ApRep, EncApRepPart, EncryptedData, KrbError, SKEW_RECOVERY, TgtReply, TgtRequest, TicketFlags,
    error_code,
};
use super::session::{Session, Setup, Side};
use crate::mechanism::{self, Established, LastToken, Mechanism, Step, StepResult};
use crate::primitives::stack;
use crate::principal::{Origin, Principal};
use crate::types::channel_bindings::BindingsResult;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use ap_req::NewApReq;
use std::sync::Arc;
use tracing::debug;
use zeroize::Zeroizing;

/// The context of one `InitializeSecurityContext` call for Kerberos.
pub type InitiateCall<'a> = mechanism::InitiateCall<'a, InitiatorConfig>;

type Stepped = Result<Step<Initiator, Established<EstablishedSession>>>;

/// An initiator, by its next action.
#[derive(Debug)]
pub enum Initiator {
    /// Sends AP-REQ, or TGT-REQ, which starts user-to-user authentication.
    Start,
    /// Expects the service's ticket-granting ticket.
    ExpectTgt,
    /// Expects AP-REP.
    ExpectApRep(Box<Sent>),
}

/// The state after AP-REQ.
#[derive(Debug)]
pub struct Sent {
    ticket: Arc<Credentials>,
    flags: GssFlags,
    /// The frame's object identifier.
    oid: Oid,
    subkey: Key,
    ctime: i64,
    cusec: u32,
    seq_number: u32,
    proposed: Vec<Enctype>,
    delegated: bool,
    /// Whether this AP-REQ is the second one, with the service's time.
    is_retry: bool,
}

impl Default for Initiator {
    fn default() -> Self {
        Initiator::new()
    }
}

impl Initiator {
    /// The state before the first token.
    pub fn new() -> Initiator {
        Initiator::Start
    }

    /// Whether the token made last is the last that this side sends.
    pub fn last_token(&self) -> LastToken {
        match self {
            Initiator::Start | Initiator::ExpectTgt => LastToken::No,
            Initiator::ExpectApRep(sent) if sent.flags.contains(GssFlags::DCE_STYLE) => {
                LastToken::No
            }
            // A KRB-ERROR may call for another AP-REQ.
            Initiator::ExpectApRep(_) => LastToken::Maybe,
        }
    }

    /// The service's ticket-granting ticket in `token`, encoded, with which the next step asks
    /// [`TicketSource::service_ticket`]. A caller can do so first, where it holds no lock.
    pub fn user_to_user_ticket(&self, token: &[u8]) -> Option<Vec<u8>> {
        let Initiator::ExpectTgt = self else { return None };
        let token = Token::read(token).ok().filter(|token| token.id == TokenId::TgtReply)?;
        Some(TgtReply::decode(token.body).ok()?.ticket.encode())
    }

    /// Makes the next token. `token` is the acceptor's last one.
    ///
    /// Errors: `NoCredentials` without a client or a ticket; `WrongTarget` for a target that cannot
    /// have tickets; those of [`TicketSource`]; `KrbError` if the acceptor refuses; `InvalidToken`
    /// and `MessageAltered` for a reply that is not the service's.
    pub fn step(
        &self,
        token: Option<&[u8]>,
        call: &InitiateCall<'_>,
    ) -> StepResult<Initiator, Established<EstablishedSession>> {
        let step = match self {
            Initiator::Start => start(token.unwrap_or_default(), call),
            Initiator::ExpectTgt => answer_tgt(token.unwrap_or_default(), call),
            Initiator::ExpectApRep(sent) => sent.answer(token.unwrap_or_default(), call),
        };
        // Of the keys those of the context are left, where they stay.
        stack::erase::<8>();
        step.map_err(|error| {
            debug!(%error, target = call.target, "Kerberos failed");
            error.into()
        })
    }
}

fn tickets<'a>(call: &InitiateCall<'a>) -> Result<&'a dyn TicketSource> {
    let tickets = call.config.tickets.as_deref();
    tickets.ok_or(Error::NoCredentials("the credential has no client for Kerberos"))
}

fn start(token: &[u8], call: &InitiateCall<'_>) -> Stepped {
    if !token.is_empty() {
        return Err(Error::InvalidToken("a token before AP-REQ"));
    }
    if call.requirements.contains(ContextFlags::ALLOW_NULL_SESSION) {
        return Err(Error::NoCredentials("Kerberos has no null sessions"));
    }
    if call.requirements.contains(ContextFlags::DATAGRAM) {
        return Err(Error::Unsupported("Kerberos in datagram contexts"));
    }
    tickets(call)?;
    if call.requirements.contains(ContextFlags::USE_SESSION_KEY) {
        // Checked before anything is sent.
        target(call)?;
        let request = TgtRequest { server_name: None, realm: None }.encode();
        let token =
            Token { oid: Some(Oid::UserToUser), id: TokenId::TgtRequest, body: &request }.write();
        return Ok(Step::Continue { next: Initiator::ExpectTgt, token, claim: None });
    }
    begin(None, call)
}

fn target(call: &InitiateCall<'_>) -> Result<Target> {
    let tickets = tickets(call)?;
    Target::parse(call.target, |name| tickets.is_realm(name))
}

/// Takes the service's ticket-granting ticket (draft-swift-win2k-krb-user2user).
fn answer_tgt(token: &[u8], call: &InitiateCall<'_>) -> Stepped {
    let token = Token::read(token)?;
    match token.id {
        TokenId::TgtReply => begin(Some(&TgtReply::decode(token.body)?.ticket.encode()), call),
        TokenId::Error => Err(refused(&KrbError::decode(token.body)?)),
        _ => Err(Error::InvalidToken("no KERB-TGT-REPLY")),
    }
}

/// Gets the ticket and sends AP-REQ.
fn begin(user_to_user: Option<&[u8]>, call: &InitiateCall<'_>) -> Stepped {
    let tickets = tickets(call)?;
    let target = target(call)?;
    let ticket = tickets.service_ticket(&TicketRequest { target: &target, user_to_user })?;
    if user_to_user.is_some() != ticket.is_skey {
        return Err(Error::Internal("a ticket of another kind than the one asked for"));
    }
    let time = tickets.authenticator_time(call.now, &ticket.server);
    let oid = if ticket.is_skey { Oid::UserToUser } else { Oid::Krb5 };
    let forwarded = delegation(&ticket, call);
    send(ticket, oid, time, forwarded.as_ref(), false, call)
}

/// The ticket to delegate, if the caller asks for it, and policy and KDC permit it. Without one the
/// context has no DELEGATE, as in Windows.
fn delegation(ticket: &Credentials, call: &InitiateCall<'_>) -> Option<Arc<Credentials>> {
    if !call.requirements.contains(ContextFlags::DELEGATE) {
        return None;
    }
    if !call.config.delegate_to_any && !ticket.flags.contains(TicketFlags::OK_AS_DELEGATE) {
        debug!("not delegated: the service's ticket is not ok-as-delegate");
        return None;
    }
    match tickets(call).and_then(|tickets| tickets.forwarded_ticket(ticket)) {
        Ok(tgt) => Some(tgt),
        Err(error) => {
            debug!(%error, "not delegated: no forwarded ticket");
            None
        }
    }
}

/// Makes AP-REQ. Without mutual authentication the context is established with it.
fn send(
    ticket: Arc<Credentials>,
    oid: Oid,
    time: FileTime,
    forwarded: Option<&Arc<Credentials>>,
    is_retry: bool,
    call: &InitiateCall<'_>,
) -> Stepped {
    let flags = ap_req::gss_flags(call);
    let NewApReq { message, subkey, ctime, cusec, seq_number, proposed, delegated } =
        NewApReq::new(&ticket, flags, time, forwarded, call)?;
    let sent = Sent {
        ticket,
        flags,
        oid,
        subkey,
        ctime,
        cusec,
        seq_number,
        proposed,
        delegated,
        is_retry,
    };
    let token = match flags.contains(GssFlags::DCE_STYLE) {
        true => message,
        false => Token { oid: Some(oid), id: TokenId::ApReq, body: &message }.write(),
    };
    if sent.flags.contains(GssFlags::MUTUAL) {
        return Ok(Step::Continue {
            next: Initiator::ExpectApRep(Box::new(sent)),
            token,
            claim: None,
        });
    }
    // The acceptor, which sends no AP-REP, begins with the initiator's number.
    let established = sent.established(sent.subkey.clone(), false, sent.seq_number, call);
    Ok(Step::Done { established, token: Some(token), claim: None })
}

/// In seconds.
const ONE_DAY: i64 = 86_400;

/// The error for an acceptor's KRB-ERROR.
fn refused(error: &KrbError<'_>) -> Error {
    debug!(
        code = error.error_code,
        text = %error.e_text.unwrap_or_default().escape_ascii(),
        "the service answers with KRB-ERROR"
    );
    Error::KrbError(error.error_code)
}

impl Sent {
    /// Takes AP-REP (RFC 4120 3.2.5), or KRB-ERROR.
    fn answer(&self, token: &[u8], call: &InitiateCall<'_>) -> Stepped {
        let token = Token::read(token)?;
        match token.id {
            TokenId::ApRep => self.finish(token.body, call),
            TokenId::Error => self.try_again(&KrbError::decode(token.body)?, call),
            _ => Err(Error::InvalidToken("no AP-REP")),
        }
    }

    /// Answers KRB-ERROR. Where the clocks differ, an acceptor that waits for it gets another AP-REQ
    /// with its own time, once ([MS-KILE] 3.2.5.8). The time is not protected, so it is used for
    /// this AP-REQ alone.
    fn try_again(&self, error: &KrbError<'_>, call: &InitiateCall<'_>) -> Stepped {
        let tickets = tickets(call)?;
        let refused = refused(error);
        match error.error_code {
            // An authenticator for a time at which the ticket is not valid should not exist.
            error_code::SKEW
                if !self.is_retry
                    && error.e_data == Some(SKEW_RECOVERY)
                    && (self.ticket.starttime.saturating_sub(ONE_DAY)..self.ticket.endtime)
                        .contains(&error.stime) =>
            {
                let time = FileTime::from_unix_seconds(error.stime);
                let time = FileTime(time.0.saturating_add(u64::from(error.susec) * 10));
                // The forwarded ticket is asked for again: it is kept nowhere.
                let forwarded = if self.delegated { delegation(&self.ticket, call) } else { None };
                send(self.ticket.clone(), self.oid, time, forwarded.as_ref(), true, call)
            }
            error_code::MODIFIED
            | error_code::BAD_INTEGRITY
            | error_code::BADKEYVER
            | error_code::NOKEY
            | error_code::NOT_US
            | error_code::TKT_EXPIRED => {
                tickets.forget(&self.ticket);
                Err(refused)
            }
            _ => Err(refused),
        }
    }

    /// Checks AP-REP: that it is encrypted with the session key, and repeats the authenticator's
    /// time.
    fn finish(&self, body: &[u8], call: &InitiateCall<'_>) -> Stepped {
        const WRONG: Error = Error::MessageAltered("AP-REP does not answer this AP-REQ");
        let message = ApRep::decode(body)?;
        let session_key = &self.ticket.key;
        if message.enc_part.etype != session_key.enctype().number() {
            return Err(WRONG);
        }
        let mut cipher = Zeroizing::new(message.enc_part.cipher.to_vec());
        let plain = session_key.decrypt(key_usage::AP_REP, &mut cipher)?;
        let part = EncApRepPart::decode(plain)?;
        if (part.ctime, part.cusec) != (self.ctime, self.cusec) {
            return Err(WRONG);
        }
        let acceptor_subkey = part.subkey.map(|subkey| subkey.key()).transpose()?;
        if let Some(subkey) = &acceptor_subkey {
            self.check_enctype(subkey.enctype())?;
        }
        let is_acceptor_subkey = acceptor_subkey.is_some();
        let key = acceptor_subkey.unwrap_or_else(|| self.subkey.clone());
        let peer_sequence = part.seq_number.unwrap_or(0);
        let established = self.established(key, is_acceptor_subkey, peer_sequence, call);
        if !self.flags.contains(GssFlags::DCE_STYLE) {
            return Ok(Step::Done { established, token: None, claim: None });
        }
        let token = self.third_leg(peer_sequence, call)?;
        Ok(Step::Done { established, token: Some(token), claim: None })
    }

    /// Checks the type of the acceptor's sub-key: one of those proposed, or the session key's.
    fn check_enctype(&self, enctype: Enctype) -> Result<()> {
        match enctype == self.ticket.key.enctype() || self.proposed.contains(&enctype) {
            true => Ok(()),
            false => Err(Error::InvalidToken("AP-REP: a sub-key of a type that was not proposed")),
        }
    }

    /// DCE style's third leg: an AP-REP that repeats the acceptor's sequence number ([MS-KILE]
    /// 3.4.5.1).
    fn third_leg(&self, peer_sequence: u32, call: &InitiateCall<'_>) -> Result<Vec<u8>> {
        let time = tickets(call)?.authenticator_time(call.now, &self.ticket.server);
        let part = EncApRepPart {
            ctime: time.unix_seconds(),
            cusec: time.microsecond(),
            subkey: None,
            seq_number: Some(peer_sequence),
        };
        let key = &self.ticket.key;
        let cipher = key.encrypt(key_usage::AP_REP, &part.encode(), call.config.random)?;
        let enc_part = EncryptedData { etype: key.enctype().number(), kvno: None, cipher: &cipher };
        Ok(ApRep { enc_part }.encode())
    }

    fn established(
        &self,
        key: Key,
        acceptor_subkey: bool,
        receive_sequence: u32,
        call: &InitiateCall<'_>,
    ) -> Established<EstablishedSession> {
        let flags = self.granted(call.requirements);
        let session = Session::new(Setup {
            side: Side::Initiator,
            key,
            acceptor_subkey,
            send_sequence: self.seq_number,
            receive_sequence,
            flags,
            dce_style: self.flags.contains(GssFlags::DCE_STYLE),
            random: call.config.random,
        });
        let ticket = &self.ticket;
        let end = FileTime::from_unix_seconds(ticket.endtime).plus(call.config.max_clock_skew);
        Established {
            session: EstablishedSession { session, delegated: None },
            mechanism: Mechanism::Kerberos,
            flags,
            client: principal(ticket),
            server_name: ticket.server.to_text(),
            client_target: Some(call.target.to_owned()).filter(|target| !target.is_empty()),
            bindings: BindingsResult::empty(),
            expiry: call
                .config
                .context_lifetime
                .map_or(end, |lifetime| end.min(call.now.plus(lifetime))),
            wants_mech_list_mic: false,
            same_machine: false,
            logon: None,
        }
    }

    /// The context attributes returned to the caller.
    fn granted(&self, requirements: ContextFlags) -> ContextFlags {
        const ROWS: [(GssFlags, ContextFlags); 7] = [
            (GssFlags::MUTUAL, ContextFlags::MUTUAL_AUTH),
            (GssFlags::REPLAY, ContextFlags::REPLAY_DETECT),
            (GssFlags::SEQUENCE, ContextFlags::SEQUENCE_DETECT),
            (GssFlags::CONF, ContextFlags::CONFIDENTIALITY),
            (GssFlags::INTEG, ContextFlags::INTEGRITY),
            (GssFlags::DCE_STYLE, ContextFlags::USE_DCE_STYLE),
            (GssFlags::IDENTIFY, ContextFlags::IDENTIFY),
        ];
        let rows = ROWS.into_iter().filter(|(ours, _)| self.flags.contains(*ours));
        let mut granted: ContextFlags = rows.map(|(_, flag)| flag).collect();
        granted.set(ContextFlags::DELEGATE, self.delegated);
        granted.set(ContextFlags::USE_SESSION_KEY, self.ticket.is_skey);
        granted | requirements & (ContextFlags::CONNECTION | ContextFlags::USE_SUPPLIED_CREDS)
    }
}

/// The client, as the ticket's.
fn principal(ticket: &Credentials) -> Principal {
    let client = &ticket.client;
    let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    let user: Vec<String> = client.components.iter().map(|part| text(part)).collect();
    let native = client.to_text();
    Principal {
        shown: Some(native.clone()),
        native: Some(native),
        ..Principal::of_account(user.join("/"), text(&client.realm), Origin::Credential)
    }
}
