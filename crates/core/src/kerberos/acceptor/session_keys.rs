//! The keys and sequence numbers of the session.

use super::initiator_request::InitiatorRequest;
use crate::kerberos::crypto::{Enctype, Key, random_key};
use crate::kerberos::verify_ap_req::VerifiedApReq;
use crate::primitives::random::SecureRandom;
use crate::types::error::Result;

/// The keys and sequence numbers agreed in the AP exchange.
#[derive(Debug)]
pub(crate) struct SessionKeys {
    /// The client's sub-key, or the ticket's session key.
    base: Key,
    /// The server's sub-key, which replaces `base`.
    pub(crate) acceptor_subkey: Option<Key>,
    /// The sequence number of the server's first message.
    pub(crate) local_sequence: u32,
    /// The sequence number of the client's first message.
    pub(crate) peer_sequence: u32,
}

impl SessionKeys {
    /// Chooses the server's sub-key and sequence number. Without an AP-REP there are none.
    pub(crate) fn choose(
        verified: &VerifiedApReq<'_>,
        requested: &InitiatorRequest<'_>,
        random: &dyn SecureRandom,
    ) -> Result<SessionKeys> {
        let base = verified.base_key().clone();
        let peer_sequence = verified.authenticator.seq_number.unwrap_or(0);
        if !requested.mutual() {
            return Ok(SessionKeys {
                base,
                acceptor_subkey: None,
                local_sequence: peer_sequence,
                peer_sequence,
            });
        }
        // RFC 4121 2: the acceptor's sub-key is negotiated by RFC 4537. Messages of the older
        // format do not say whose key they use. They get a sub-key only in DCE style, which always
        // has one, or if it changes the format to the newer one.
        let enctype =
            requested.enctype.filter(|&enctype| uses_rfc4121(enctype)).unwrap_or(base.enctype());
        let subkey = requested.dce_style() || uses_rfc4121(base.enctype()) || uses_rfc4121(enctype);
        let mut number = [0; 4];
        random.fill(&mut number)?;
        Ok(SessionKeys {
            acceptor_subkey: if subkey { Some(random_key(enctype, random)?) } else { None },
            base,
            // As in MIT's library: far from the maximum, since old peers cannot wrap around.
            local_sequence: u32::from_be_bytes(number) & 0x3fff_ffff,
            peer_sequence,
        })
    }

    /// The key in use.
    pub(crate) fn key(&self) -> &Key {
        self.acceptor_subkey.as_ref().unwrap_or(&self.base)
    }
}

/// Whether messages have the format of RFC 4121.
fn uses_rfc4121(enctype: Enctype) -> bool {
    !matches!(enctype, Enctype::Des3Sha1 | Enctype::Rc4Hmac)
}
