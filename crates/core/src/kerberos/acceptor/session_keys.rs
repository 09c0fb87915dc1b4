//! Which keys and sequence numbers both sides use from here on.

use super::initiator_request::InitiatorRequest;
use super::verify_ap_req::VerifiedApReq;
use crate::kerberos::crypto::{Enctype, Key, random_key};
use crate::primitives::random::SecureRandom;
use crate::types::error::Result;

/// What the AP exchange agrees on.
#[derive(Debug)]
pub(crate) struct SessionKeys {
    /// The client's sub-key, or the ticket's session key.
    base: Key,
    /// Our own, which takes its place.
    pub(crate) acceptor_subkey: Option<Key>,
    /// Number of our first message.
    pub(crate) ours: u32,
    /// Number of the client's first message.
    pub(crate) theirs: u32,
}

impl SessionKeys {
    /// Chooses the server's part of it. Without an AP-REP it has none.
    pub(crate) fn choose(
        verified: &VerifiedApReq<'_>,
        wanted: &InitiatorRequest<'_>,
        random: &dyn SecureRandom,
    ) -> Result<SessionKeys> {
        let base = verified.base_key().clone();
        let theirs = verified.authenticator.seq_number.unwrap_or(0);
        if !wanted.mutual() {
            return Ok(SessionKeys { base, acceptor_subkey: None, ours: theirs, theirs });
        }
        // RFC 4121 2 has the acceptor's sub-key negotiated by RFC 4537. Messages of the older kind
        // don't tell whose key they use, so they get one only in DCE style, which always has it, or
        // to become messages of the newer kind.
        let enctype = wanted.enctype.filter(|&enctype| newer(enctype)).unwrap_or(base.enctype());
        let subkey = wanted.dce_style() || newer(base.enctype()) || newer(enctype);
        let mut number = [0; 4];
        random.fill(&mut number)?;
        Ok(SessionKeys {
            acceptor_subkey: if subkey { Some(random_key(enctype, random)?) } else { None },
            base,
            // As MIT's: far from the end, since old peers can't wrap around.
            ours: u32::from_be_bytes(number) & 0x3fff_ffff,
            theirs,
        })
    }

    /// The key in effect.
    pub(crate) fn key(&self) -> &Key {
        self.acceptor_subkey.as_ref().unwrap_or(&self.base)
    }
}

/// Its messages are RFC 4121's.
fn newer(enctype: Enctype) -> bool {
    !matches!(enctype, Enctype::Des3Sha1 | Enctype::Rc4Hmac)
}
