//! Credential delegation: a KRB-CRED in the authenticator's checksum (RFC 4120 3.6, RFC 4121
//! 4.1.1).
//! RFC 4121 4.1.1).

use super::rejection::Rejection;
use super::verify_ap_req::{Plaintext, VerifiedApReq};
use crate::kerberos::crypto::{Key, key_usage};
use crate::kerberos::message::{EncKrbCredPart, KrbCred, KrbCredInfo, error_code};
use crate::kerberos::{AcceptCall, Delegated};
use crate::types::flags::ContextFlags;
use std::sync::Arc;

/// Accepts delegated credentials, if both the caller and the configuration ask for them.
pub(crate) fn receive(
    message: Option<&[u8]>,
    verified: &VerifiedApReq<'_>,
    call: &AcceptCall<'_>,
) -> Result<Option<Arc<Delegated>>, Rejection> {
    let wanted =
        call.requirements.contains(ContextFlags::DELEGATE) && call.config.policy.delegation;
    let Some(message) = message.filter(|_| wanted) else { return Ok(None) };
    let cred = KrbCred::decode(message)?;
    let mut part = Plaintext::default();
    // MIT and Windows encrypt with the session key, others with the sub-key. Heimdal does not
    // encrypt, since the authenticator is encrypted.
    let keys = [Some(&verified.session_key), verified.subkey.as_ref()];
    let same_type = |key: &&Key| key.enctype().number() == cred.enc_part.etype;
    let mut decrypted = false;
    for key in keys.into_iter().flatten().filter(same_type) {
        let keys = key.derive_usage(key_usage::KRB_CRED);
        decrypted = decrypted || part.decrypt(&keys, cred.enc_part.cipher)?;
    }
    if !decrypted {
        match cred.unencrypted() {
            Some(plain) => part = Plaintext::unencrypted(plain)?,
            None => {
                return Err(Rejection::denied(
                    error_code::BAD_INTEGRITY,
                    "no key decrypts the forwarded credentials",
                ));
            }
        }
    }
    let (name, realm) = (&verified.ticket.cname, verified.ticket.crealm);
    let own = |info: KrbCredInfo<'_>| {
        info.pname.is_none_or(|pname| pname == *name)
            && info.prealm.is_none_or(|prealm| prealm == realm)
    };
    if !EncKrbCredPart::decode(part.bytes())?.ticket_info().all(own) {
        return Err(Rejection::denied(
            error_code::BADMATCH,
            "the client delegates another client's credentials",
        ));
    }
    Ok(Some(Arc::new(Delegated::new(message, part.bytes())?)))
}
