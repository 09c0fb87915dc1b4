//! User-to-user authentication (RFC 4120 3.7): the ticket is encrypted with the session key of the
//! server's ticket-granting ticket, which the client asks for first
//! (draft-swift-win2k-krb-user2user).

use crate::kerberos::gss_token::{Token, TokenId};
use crate::kerberos::message::{ApOptions, ApReq, TgtReply, TgtRequest, error_code};
use crate::kerberos::rejection::Rejection;
use crate::kerberos::service::CredentialKeys;
use crate::kerberos::tgt::Tgt;
use crate::kerberos::{AcceptCall, AcceptorConfig};
use crate::types::error::Result;
use crate::types::time::FileTime;
use std::sync::Arc;

/// Whether the ticket is for a service to which caller and configuration restrict tickets. A
/// credential with keys of its own is restricted to the service of these keys.
fn permitted(tgt: &Tgt, config: &AcceptorConfig) -> bool {
    let mut restrictions = config.service.restrictions(&config.policy);
    matches!(config.service.keys, CredentialKeys::None)
        && restrictions.all(|names| names.iter().any(|name| tgt.is_for(name)))
}

/// Rejects the client if the ticket is not permitted.
pub(crate) fn check_permitted(tgt: &Tgt, call: &AcceptCall<'_>) -> Result<(), Rejection> {
    match permitted(tgt, call.config) {
        true => Ok(()),
        false => Err(Rejection::denied(
            error_code::NOT_US,
            "user-to-user: the server's ticket is another service's",
        )),
    }
}

/// The server's current ticket.
pub(crate) fn current(call: &AcceptCall<'_>) -> Result<Arc<Tgt>, Rejection> {
    valid(call.config, call.now).ok_or(Rejection::denied(
        error_code::NO_TGT,
        "user-to-user: the server has no ticket-granting ticket that is valid",
    ))
}

fn valid(config: &AcceptorConfig, now: FileTime) -> Option<Arc<Tgt>> {
    config.keys.tgt().filter(|tgt| tgt.is_valid(now))
}

/// Whether the client's first token starts this exchange, and the server can answer it.
pub(crate) fn can_begin(token: &[u8], call: &AcceptCall<'_>) -> bool {
    let asked = Token::read(token).is_ok_and(|token| match token.id {
        TokenId::TgtRequest => true,
        TokenId::ApReq => ApReq::decode(token.body)
            .is_ok_and(|request| request.ap_options.contains(ApOptions::USE_SESSION_KEY)),
        _ => false,
    });
    asked && valid(call.config, call.now).is_some_and(|tgt| permitted(&tgt, call.config))
}

/// The KERB-TGT-REPLY to the KERB-TGT-REQUEST in `token`, in the same frame.
pub(crate) fn reply(token: &Token<'_>, tgt: &Tgt) -> Result<Vec<u8>> {
    // The server name in the request is ignored: only this server can use the ticket that the
    // client will get.
    TgtRequest::decode(token.body)?;
    Ok(Token { oid: token.oid, id: TokenId::TgtReply, body: &TgtReply::encode_raw(&tgt.ticket) }
        .write())
}
