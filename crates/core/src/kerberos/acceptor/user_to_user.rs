//! User-to-user authentication (RFC 4120 3.7): the ticket is under the session key of the server's
//! own ticket-granting ticket, which the client asks for first (draft-swift-win2k-krb-user2user).

use super::rejection::Rejection;
use crate::kerberos::gss_token::{Token, TokenId};
use crate::kerberos::message::{ApOptions, ApReq, TgtReply, TgtRequest, error_code};
use crate::kerberos::service::CredentialKeys;
use crate::kerberos::tgt::Tgt;
use crate::kerberos::{AcceptCall, AcceptorConfig};
use crate::types::error::Result;
use crate::types::time::FileTime;
use std::sync::Arc;

/// The ticket is of the service to which caller and configuration restrict tickets. A credential
/// with keys of its own says with them who the service is.
fn permitted(tgt: &Tgt, config: &AcceptorConfig) -> bool {
    let (service, principals) = (&config.service, &config.policy.principals);
    matches!(service.keys, CredentialKeys::None)
        && service.name.as_ref().is_none_or(|name| tgt.is_of(name))
        && (principals.is_empty() || principals.iter().any(|name| tgt.is_of(name)))
}

/// Rejects a client where it is not.
pub(crate) fn check_permitted(tgt: &Tgt, call: &AcceptCall<'_>) -> Result<(), Rejection> {
    match permitted(tgt, call.config) {
        true => Ok(()),
        false => Err(Rejection::denied(
            error_code::NOT_US,
            "user-to-user: our ticket is another service's",
        )),
    }
}

/// The ticket that the server has at the moment.
pub(crate) fn current(call: &AcceptCall<'_>) -> Result<Arc<Tgt>, Rejection> {
    in_force(call.config, call.now).ok_or(Rejection::denied(
        error_code::NO_TGT,
        "user-to-user: the server has no ticket-granting ticket that is in force",
    ))
}

fn in_force(config: &AcceptorConfig, now: FileTime) -> Option<Arc<Tgt>> {
    config.keys.tgt().filter(|tgt| tgt.in_force(now))
}

/// The client's first token is one of this exchange, and the server can answer.
pub(crate) fn can_begin(token: &[u8], call: &AcceptCall<'_>) -> bool {
    let asked = Token::read(token).is_ok_and(|token| match token.id {
        TokenId::TgtRequest => true,
        TokenId::ApReq => ApReq::decode(token.body)
            .is_ok_and(|request| request.ap_options.contains(ApOptions::USE_SESSION_KEY)),
        _ => false,
    });
    asked && in_force(call.config, call.now).is_some_and(|tgt| permitted(&tgt, call.config))
}

/// KERB-TGT-REPLY to the KERB-TGT-REQUEST in `token`, framed as that is.
pub(crate) fn reply(token: &Token<'_>, tgt: &Tgt) -> Result<Vec<u8>> {
    // The server's name in it does not matter: only this server can use the ticket that the client
    // will get.
    TgtRequest::decode(token.body)?;
    Ok(Token { oid: token.oid, id: TokenId::TgtReply, body: &TgtReply::encode_raw(&tgt.ticket) }
        .write())
}
