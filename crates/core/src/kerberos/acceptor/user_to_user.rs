//! User-to-user authentication (RFC 4120 3.7): the ticket is under the session key of the server's
//! own ticket-granting ticket, which the client asks for first (draft-swift-win2k-krb-user2user).

use super::rejection::Rejection;
use crate::config::Settings;
use crate::kerberos::ccache::{CredentialCache, Principal};
use crate::kerberos::crypto::{UsageKeys, key_usage};
use crate::kerberos::gss_token::{Token, TokenId};
use crate::kerberos::message::{ApOptions, ApReq, TgtReply, TgtRequest, error_code};
use crate::kerberos::service::CredentialKeys;
use crate::kerberos::service::name::ServiceName;
use crate::mechanism::AcceptCall;
use crate::server::credential::Credential;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use std::sync::Arc;

/// The server's own ticket-granting ticket.
#[derive(Debug)]
pub struct Tgt {
    ticket: Box<[u8]>,
    /// Whose it is.
    client: Principal,
    /// When it ends, in seconds since 1970.
    endtime: i64,
    /// What opens tickets under its session key.
    pub(crate) ticket_keys: UsageKeys,
    /// What verifies signatures by that key.
    pub(crate) pac_keys: UsageKeys,
}

impl Tgt {
    /// The ticket-granting ticket in a credential cache.
    pub fn from_cache(cache: &CredentialCache) -> Result<Tgt> {
        let tgt = cache
            .ticket_granting_ticket()
            .ok_or(Error::UnknownCredentials("no ticket-granting ticket in it"))?;
        let key = tgt.key.key()?;
        Ok(Tgt {
            ticket: tgt.ticket.into(),
            client: tgt.client.clone(),
            endtime: tgt.endtime.into(),
            ticket_keys: key.derive_usage(key_usage::TICKET),
            pac_keys: key.derive_usage(key_usage::PAC_SIGNATURE),
        })
    }

    /// It is a ticket of the service that caller and configuration restrict us to. A credential
    /// with keys of its own says with them who the service is.
    fn permitted(&self, credential: &Credential, settings: &Settings) -> bool {
        let is = |name: &ServiceName| {
            name.matches(self.client.components.iter().map(Vec::as_slice), &self.client.realm)
        };
        let (service, principals) = (&credential.service, &settings.kerberos.principals);
        matches!(service.keys, CredentialKeys::None)
            && service.name.as_ref().is_none_or(is)
            && (principals.is_empty() || principals.iter().any(is))
    }

    /// Refuses where it is not.
    pub(crate) fn check_permitted(&self, call: &AcceptCall<'_>) -> Result<(), Rejection> {
        match self.permitted(call.credential, call.settings) {
            true => Ok(()),
            false => Err(Rejection::denied(
                error_code::NOT_US,
                "user-to-user: our ticket is another service's",
            )),
        }
    }
}

/// The ticket that the server has at the moment.
pub(crate) fn current(call: &AcceptCall<'_>) -> Result<Arc<Tgt>, Rejection> {
    let tgt = in_force(call.settings, call.now);
    tgt.ok_or(Rejection::denied(
        error_code::NO_TGT,
        "user-to-user: the server has no ticket-granting ticket that is in force",
    ))
}

fn in_force(settings: &Settings, now: FileTime) -> Option<Arc<Tgt>> {
    let tgt = Option::clone(&settings.kerberos.tgt_ccache.as_ref()?.peek());
    tgt.filter(|tgt| tgt.endtime > now.unix_seconds())
}

/// The client's first token is one of this exchange, and the server can answer.
pub fn user_to_user_can_begin(
    token: &[u8],
    credential: &Credential,
    settings: &Settings,
    now: FileTime,
) -> bool {
    let asked = Token::read(token).is_ok_and(|token| match token.id {
        TokenId::TgtRequest => true,
        TokenId::ApReq => ApReq::decode(token.body)
            .is_ok_and(|request| request.ap_options.contains(ApOptions::USE_SESSION_KEY)),
        _ => false,
    });
    asked && in_force(settings, now).is_some_and(|tgt| tgt.permitted(credential, settings))
}

/// KERB-TGT-REPLY to the KERB-TGT-REQUEST in `token`, framed as that is.
pub(crate) fn reply(token: &Token<'_>, tgt: &Tgt) -> Result<Vec<u8>> {
    // Whom the client takes the server for does not matter: only we can use the ticket that it will
    // get.
    TgtRequest::decode(token.body)?;
    Ok(Token { oid: token.oid, id: TokenId::TgtReply, body: &TgtReply::encode_raw(&tgt.ticket) }
        .write())
}
