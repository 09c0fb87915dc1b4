//! User-to-user authentication (RFC 4120 3.7): the ticket is under the session key of the server's own ticket-granting
//! ticket, which the client asks for first (draft-swift-win2k-krb-user2user).

use super::ccache::CredentialCache;
use super::crypto::{UsageKeys, key_usage};
use super::message::{TgtReply, TgtRequest, error_code};
use super::rejection::Rejection;
use super::token::{Token, TokenId};
use crate::error::{Error, Result};
use crate::mechanism::AcceptCall;
use crate::watch::{Content, Problem, Source, Watched};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The server's own ticket-granting ticket.
#[derive(Debug)]
pub struct Tgt {
    ticket: Box<[u8]>,
    /// When it ends, in seconds since 1970.
    endtime: i64,
    /// What opens tickets under its session key.
    pub(super) ticket_keys: UsageKeys,
    /// What verifies signatures by that key.
    pub(super) pac_keys: UsageKeys,
}

/// The ticket that the server has at the moment.
pub(super) fn current(call: &AcceptCall<'_>) -> Result<Arc<Tgt>, Rejection> {
    const NONE: Rejection =
        Rejection::denied(error_code::NO_TGT, "user-to-user: the server has no ticket-granting ticket that is in force");
    let file = call.settings.kerberos.tgt_ccache.as_ref().ok_or(NONE)?;
    let tgt = file.current().ok_or(NONE)?;
    if tgt.endtime <= call.now.unix_seconds() { Err(NONE) } else { Ok(tgt) }
}

/// KERB-TGT-REPLY to the KERB-TGT-REQUEST in `token`, framed as that is.
pub(super) fn reply(token: &Token<'_>, tgt: &Tgt) -> Result<Vec<u8>> {
    // Whom the client takes the server for does not matter: only we can use the ticket that it will get.
    TgtRequest::decode(token.body)?;
    Ok(Token { oid: token.oid, id: TokenId::TgtReply, body: &TgtReply::encode_raw(&tgt.ticket) }.write())
}

/// A credential cache with the server's ticket-granting ticket, read again when it has changed: somebody has to renew
/// the ticket.
#[derive(Debug)]
pub struct TgtFile(Watched<Format>);

impl TgtFile {
    /// Reads the file for the first time. Problems are logged.
    pub fn open(path: PathBuf) -> TgtFile {
        TgtFile(Watched::open(Some(path), Format))
    }

    /// The ticket in the file, if it has one.
    pub fn current(&self) -> Option<Arc<Tgt>> {
        self.0.peek().as_ref().clone()
    }

    /// The file's path.
    pub fn path(&self) -> Option<&Path> {
        self.0.path()
    }
}

impl PartialEq for TgtFile {
    fn eq(&self, other: &TgtFile) -> bool {
        self.path() == other.path()
    }
}

#[derive(Debug)]
struct Format;

impl Source for Format {
    type Value = Option<Arc<Tgt>>;
    const WHAT: &'static str = "credential cache";

    fn read(&self, content: &Content<'_>, _previous: Option<&Self::Value>) -> Result<Self::Value, String> {
        let read = || {
            let cache = CredentialCache::parse(content.bytes)?;
            let tgt = cache.ticket_granting_ticket().ok_or(Error::UnknownCredentials("no ticket-granting ticket in it"))?;
            let key = tgt.key.key()?;
            Ok(Tgt {
                ticket: tgt.ticket.into(),
                endtime: tgt.endtime.into(),
                ticket_keys: key.derive_usage(key_usage::TICKET),
                pac_keys: key.derive_usage(key_usage::PAC_SIGNATURE),
            })
        };
        read().map(|tgt| Some(Arc::new(tgt))).map_err(|error: Error| error.to_string())
    }

    fn without(&self, _problem: Option<&Problem>) -> Self::Value {
        None
    }

    fn expected(&self, _problem: &Problem) -> bool {
        false
    }

    fn withdraw(&self, problem: &Problem) -> bool {
        *problem == Problem::Missing
    }
}
