//! IAKERB's acceptor: first the messages of the KDC, which is the server's own, then the AP exchange
//! with the ticket that the client has got.

use super::{Dialect, Header, RelayToken};
use crate::kerberos::finished::Conversation;
use crate::kerberos::gss_token::Token;
use crate::kerberos::kdc::{Kdc, KdcCall, Outcome};
use crate::kerberos::service_name::ServiceName;
use crate::kerberos::{self, AcceptCall, EstablishedSession};
use crate::mechanism::{Established, Step, StepResult};
use crate::types::error::{Denial, Error, Result};
use std::sync::Arc;
use tracing::debug;

/// The most tokens with messages of the KDC in one conversation, in each direction.
const MAX_LEGS: u8 = 16;
/// The longest transcript, in bytes.
const MAX_TRANSCRIPT: usize = 64 * 1024;
/// The most wrong passwords in one conversation.
const MAX_WRONG: u8 = 2;

/// The header of answers to clients that send `header-flags`, as Windows' LocalKDC has it.
const WINDOWS_REALM: &[u8] = b".";
const WINDOWS_FLAGS: [u8; 4] = [1, 0, 0, 0];

/// An acceptor between two tokens of the client.
#[derive(Debug)]
pub struct Acceptor {
    /// What both sides have sent so far.
    relayed: Arc<Relayed>,
    /// The AP exchange; not begun while messages of the KDC may come.
    exchange: Option<kerberos::Acceptor>,
}

/// The conversation with the KDC.
#[derive(Debug, Default)]
struct Relayed {
    /// Told by the first token.
    dialect: Option<Dialect>,
    transcript: Vec<u8>,
    legs: u8,
    wrong: u8,
}

impl Default for Acceptor {
    fn default() -> Acceptor {
        Acceptor::new()
    }
}

impl Acceptor {
    /// The state before the first token.
    pub fn new() -> Acceptor {
        Acceptor { relayed: Arc::default(), exchange: None }
    }

    /// Processes the client's next token: a message for the KDC, or AP-REQ under IAKERB's object
    /// identifier or Kerberos'; a client that has a ticket begins with that.
    ///
    /// A wrong password is no error: the client gets the KDC's answer and may try again.
    ///
    /// Errors: `InvalidToken`; `NothingInCommon` if there is no KDC here; `LogonDenied` after too
    /// many wrong passwords; as for [`kerberos::Acceptor::step`].
    pub fn step(
        &self,
        token: &[u8],
        call: &AcceptCall<'_>,
    ) -> StepResult<Acceptor, Established<EstablishedSession>> {
        if self.exchange.is_none()
            && let Some((relay, bytes)) = RelayToken::read(token)?
        {
            let (relayed, token) = self.relayed.answer(&relay, bytes, call)?;
            let next = Acceptor { relayed: Arc::new(relayed), exchange: None };
            return Ok(Step::Continue { next, token, claim: None });
        }
        let token = Token::read(token)?;
        let begin = kerberos::Acceptor::new();
        let exchange = self.exchange.as_ref().unwrap_or(&begin);
        let step = exchange.step_after(&token, self.relayed.conversation().as_ref(), call)?;
        let next = |exchange| Acceptor { relayed: self.relayed.clone(), exchange: Some(exchange) };
        Ok(step.map_next(next))
    }
}

impl Relayed {
    fn conversation(&self) -> Option<Conversation<'_>> {
        let dialect = self.dialect?;
        Some(Conversation { dialect, transcript: &self.transcript })
    }

    /// The conversation after the answer to `relay`, which has these bytes; and the answer.
    fn answer(
        &self,
        relay: &RelayToken<'_>,
        bytes: &[u8],
        call: &AcceptCall<'_>,
    ) -> Result<(Relayed, Vec<u8>)> {
        let kdc = call.config.local_kdc.as_deref();
        let kdc = kdc.ok_or(Error::NothingInCommon("IAKERB: there is no local KDC"))?;
        let header = &relay.header;
        if self.dialect.is_some_and(|dialect| dialect != header.dialect) {
            return Err(Error::InvalidToken("IAKERB: the dialect has changed"));
        }
        if !relay.framed && (header.dialect == Dialect::Draft || self.legs == 0) {
            return Err(Error::InvalidToken("IAKERB: a token without its frame"));
        }
        if self.legs >= MAX_LEGS {
            return Err(Error::InvalidToken("IAKERB: too many tokens"));
        }
        if self.wrong >= MAX_WRONG {
            return Err(Error::LogonDenied(Denial::Ticket("too many wrong passwords")));
        }
        let (message, wrong) = match kdc.names.realm(header.target_realm) {
            None => (kdc.not_found(call.now), false),
            // Only the realm is asked for.
            Some(_) if relay.message.is_empty() => (Vec::new(), false),
            Some(_) => ask(kdc, relay.message, call)?,
        };
        let token = RelayToken {
            framed: header.dialect == Dialect::Draft,
            header: answering(header, relay.message.is_empty(), kdc),
            message: &message,
        }
        .write();
        let length = self.transcript.len() + bytes.len() + token.len();
        if length > MAX_TRANSCRIPT {
            return Err(Error::InvalidToken("IAKERB: a conversation too long"));
        }
        let transcript = [&self.transcript, bytes, &token].concat();
        let relayed = Relayed {
            dialect: Some(header.dialect),
            transcript,
            legs: self.legs + 1,
            wrong: self.wrong + u8::from(wrong),
        };
        Ok((relayed, token))
    }
}

/// The KDC's answer, and whether it was to a wrong password.
fn ask(kdc: &Kdc, message: &[u8], call: &AcceptCall<'_>) -> Result<(Vec<u8>, bool)> {
    let config = call.config;
    let restrictions: Vec<&[ServiceName]> = config.service.restrictions(&config.policy).collect();
    let asked = KdcCall { restrictions: &restrictions, address: call.address, now: call.now };
    let answer = kdc.answer(message, &asked)?;
    debug!(outcome = ?answer.outcome, "local KDC");
    Ok((answer.message, matches!(answer.outcome, Outcome::Rejected(_))))
}

/// The header of the answer to a token with this one; `realm_only` if it asks for the realm.
fn answering<'a>(asked: &Header<'a>, realm_only: bool, kdc: &'a Kdc) -> Header<'a> {
    let (target_realm, flags) = match asked.flags {
        Some(_) if !realm_only => (WINDOWS_REALM, Some(WINDOWS_FLAGS)),
        _ if asked.target_realm.is_empty() || realm_only => (kdc.names.name().as_bytes(), None),
        _ => (asked.target_realm, None),
    };
    Header { dialect: asked.dialect, target_realm, cookie: None, flags }
}
