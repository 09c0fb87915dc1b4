//! Credential delegation: a KRB-CRED in the authenticator's checksum (RFC 4120 3.6, RFC 4121
//! 4.1.1), and evidence for constrained delegation ([MS-SFU] 3.2.5.2).

use super::ticket_key::TicketKey;
use crate::kerberos::crypto::{Key, key_usage};
use crate::kerberos::message::{
    EncKrbCredPart, EncryptionKey, KrbCred, KrbCredInfo, Ticket, TicketFlags, error_code,
};
use crate::kerberos::rejection::Rejection;
use crate::kerberos::verify_ap_req::{Plaintext, VerifiedApReq};
use crate::kerberos::{AcceptCall, Delegated, Delegation};
use crate::types::flags::ContextFlags;
use std::sync::Arc;

/// Accepts delegated credentials, if both the caller and the configuration ask for them.
pub(crate) fn receive(
    message: Option<&[u8]>,
    verified: &VerifiedApReq<'_>,
    call: &AcceptCall<'_>,
) -> Result<Option<Arc<Delegated>>, Rejection> {
    let wanted = call.requirements.contains(ContextFlags::DELEGATE)
        && call.config.policy.delegation != Delegation::Never;
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
    Ok(Some(Arc::new(Delegated::forwarded(message, part.bytes())?)))
}

/// The client's ticket, if it may serve as evidence, and both the caller and the configuration ask
/// for it. A KDC takes forwardable tickets only, and cannot open those of user-to-user
/// authentication. A client of identification level, or without a name, is not to be acted for.
/// `granted` are the context's attributes.
pub(crate) fn evidence(
    ticket: &Ticket<'_>,
    key: &TicketKey<'_>,
    verified: &VerifiedApReq<'_>,
    granted: ContextFlags,
    call: &AcceptCall<'_>,
) -> Result<Option<Arc<Delegated>>, Rejection> {
    let part = &verified.ticket;
    let wanted = call.requirements.contains(ContextFlags::DELEGATE)
        && call.config.policy.delegation == Delegation::Constrained;
    if !wanted
        || !part.flags.contains(TicketFlags::FORWARDABLE)
        || granted.intersects(ContextFlags::IDENTIFY | ContextFlags::NULL_SESSION)
        || matches!(key, TicketKey::Tgt(_) | TicketKey::Local(_))
    {
        return Ok(None);
    }
    let info = KrbCredInfo {
        key: EncryptionKey::of(&verified.session_key),
        prealm: Some(part.crealm),
        pname: Some(part.cname),
        flags: Some(part.flags),
        authtime: Some(part.authtime),
        starttime: part.starttime,
        endtime: Some(part.endtime),
        renew_till: part.renew_till,
        srealm: None,
        sname: None,
        caddr: part.caddr,
    };
    Ok(Some(Arc::new(Delegated::evidence(ticket, &info)?)))
}
