//! AP-REQ: ticket and authenticator opened and judged (RFC 4120 3.2.3, [MS-KILE] 3.4.5.1).

use super::rejection::Rejection;
use crate::kerberos::AcceptCall;
use crate::kerberos::crypto::{Enctype, Key, UsageKeys, key_usage};
use crate::kerberos::keytab::Entry;
use crate::kerberos::message::{
    ApReq, Authenticator, EncTicketPart, EncryptedData, EncryptionKey, HostAddress, Ticket,
    TicketFlags, error_code,
};
use crate::kerberos::policy::{Addresses, Policy};
use crate::kerberos::service::keys::ServiceKeys;
use crate::kerberos::tgt::Tgt;
use crate::types::address::Address;
use std::ops::Range;
use zeroize::Zeroizing;

/// A request that holds: the client that it names has a ticket for us and knows its session key, at
/// this time.
pub(crate) struct VerifiedApReq<'a> {
    /// EncTicketPart.
    pub(crate) ticket: EncTicketPart<'a>,
    /// The same as it was sealed.
    pub(crate) ticket_bytes: &'a [u8],
    /// Authenticator.
    pub(crate) authenticator: Authenticator<'a>,
    /// The ticket's session key.
    pub(crate) session_key: Key,
    /// The client's sub-key.
    pub(crate) subkey: Option<Key>,
}

impl VerifiedApReq<'_> {
    /// The sub-key, or without one the session key.
    pub(crate) fn base_key(&self) -> &Key {
        self.subkey.as_ref().unwrap_or(&self.session_key)
    }
}

/// The plaintexts that [`VerifiedApReq`] borrows.
#[derive(Default)]
pub(crate) struct Decrypted {
    ticket: Plaintext,
    authenticator: Plaintext,
}

/// What was decrypted; zeroed when dropped, since session keys are in it.
#[derive(Default)]
pub(crate) struct Plaintext {
    bytes: Zeroizing<Vec<u8>>,
    /// Where it lies, the confounder in front and the tag behind.
    at: Range<usize>,
}

impl Plaintext {
    /// Decrypts `cipher`; false if another key sealed it.
    pub(crate) fn decrypt(&mut self, keys: &UsageKeys, cipher: &[u8]) -> bool {
        self.bytes.clear();
        self.bytes.extend_from_slice(cipher);
        let start = match keys.enctype() {
            // RC4's tag lies in front.
            Enctype::Rc4Hmac => Enctype::Rc4Hmac.tag_length(),
            _ => 0,
        } + keys.enctype().confounder_length();
        let length = keys.decrypt(&mut self.bytes).map(<[u8]>::len);
        self.at = start..start + length.unwrap_or(0);
        length.is_ok()
    }

    /// What was never encrypted.
    pub(crate) fn of(plain: &[u8]) -> Plaintext {
        Plaintext { bytes: Zeroizing::new(plain.to_vec()), at: 0..plain.len() }
    }

    /// The plaintext.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.at.clone()).unwrap_or_default()
    }
}

impl Decrypted {
    /// Decrypts the ticket, and gives the key that does it.
    pub(crate) fn open_ticket<'k>(
        &mut self,
        ticket: &'k Ticket<'_>,
        keys: &'k ServiceKeys<'_>,
        call: &AcceptCall<'_>,
    ) -> Result<&'k Entry, Rejection> {
        let enctype = allowed(&ticket.enc_part, call)?;
        let mut refusal = Rejection::denied(
            error_code::NOKEY,
            "no key of the ticket's encryption type for its service",
        );
        for entry in
            keys.candidates(ticket.sname.components(), ticket.realm, enctype, ticket.enc_part.kvno)
        {
            if self.ticket.decrypt(entry.ticket_keys(), ticket.enc_part.cipher) {
                return Ok(entry);
            }
            refusal = Rejection::denied(
                error_code::MODIFIED,
                "no key opens the ticket: the KDC has another one for its service",
            );
        }
        Err(refusal)
    }

    /// Decrypts a ticket under the session key of the server's own one.
    pub(crate) fn open_user_to_user_ticket(
        &mut self,
        ticket: &Ticket<'_>,
        tgt: &Tgt,
        call: &AcceptCall<'_>,
    ) -> Result<(), Rejection> {
        let enctype = allowed(&ticket.enc_part, call)?;
        match enctype == tgt.ticket_keys.enctype()
            && self.ticket.decrypt(&tgt.ticket_keys, ticket.enc_part.cipher)
        {
            true => Ok(()),
            false => Err(Rejection::denied(
                error_code::MODIFIED,
                "user-to-user: our session key does not open the ticket",
            )),
        }
    }

    /// Judges the ticket that has been opened, and opens and judges the authenticator.
    pub(crate) fn open<'a>(
        &'a mut self,
        request: &ApReq<'_>,
        call: &AcceptCall<'_>,
    ) -> Result<VerifiedApReq<'a>, Rejection> {
        let policy = &call.config.policy;
        let ticket = EncTicketPart::decode(self.ticket.bytes())?;
        let session_key = allowed_key(&ticket.key, policy)?;
        let authenticator = session_key.derive_usage(key_usage::AP_REQ_AUTHENTICATOR);
        if request.authenticator.etype != session_key.enctype().number()
            || !self.authenticator.decrypt(&authenticator, request.authenticator.cipher)
        {
            return Err(Rejection::denied(
                error_code::BAD_INTEGRITY,
                "the ticket's session key does not open the authenticator",
            ));
        }
        let authenticator = Authenticator::decode(self.authenticator.bytes())?;
        if authenticator.crealm != ticket.crealm
            || !authenticator.cname.components().eq(ticket.cname.components())
        {
            return Err(Rejection::denied(
                error_code::BADMATCH,
                "ticket and authenticator name different clients",
            ));
        }
        check_times(&ticket, &authenticator, call)?;
        check_address(&ticket, call)?;
        let subkey =
            authenticator.subkey.as_ref().map(|key| allowed_key(key, policy)).transpose()?;
        Ok(VerifiedApReq {
            ticket,
            ticket_bytes: self.ticket.bytes(),
            authenticator,
            session_key,
            subkey,
        })
    }
}

/// A key as it travels, if policy allows its encryption type.
fn allowed_key(key: &EncryptionKey<'_>, policy: &Policy) -> Result<Key, Rejection> {
    match Enctype::from_number(key.keytype).is_some_and(|enctype| policy.allows(enctype)) {
        true => Ok(key.key()?),
        false => Err(NOT_ALLOWED),
    }
}

/// The encryption type of what is sealed, if policy allows it.
fn allowed(sealed: &EncryptedData<'_>, call: &AcceptCall<'_>) -> Result<Enctype, Rejection> {
    sealed.enctype().filter(|&enctype| call.config.policy.allows(enctype)).ok_or(NOT_ALLOWED)
}

const NOT_ALLOWED: Rejection = Rejection::denied(
    error_code::ETYPE_NOSUPP,
    "an encryption type that is not supported or not allowed",
);

/// The clock against the ticket's times and the authenticator's.
fn check_times(
    ticket: &EncTicketPart<'_>,
    authenticator: &Authenticator<'_>,
    call: &AcceptCall<'_>,
) -> Result<(), Rejection> {
    let skew = call.config.policy.max_clock_skew.as_secs().try_into().unwrap_or(i64::MAX);
    let now = call.now.unix_seconds();
    if authenticator.ctime.abs_diff(now) > skew.unsigned_abs() {
        return Err(Rejection::denied(
            error_code::SKEW,
            "the clocks of client and server differ too much, or the request is old",
        ));
    }
    let start = ticket.starttime.unwrap_or(ticket.authtime);
    if start.saturating_sub(now) > skew {
        return Err(Rejection::denied(error_code::TKT_NYV, "the ticket is not valid yet"));
    }
    if ticket.flags.contains(TicketFlags::INVALID) {
        return Err(Rejection::denied(
            error_code::TKT_NYV,
            "the ticket is postdated and has not been validated",
        ));
    }
    if now.saturating_sub(ticket.endtime) > skew {
        return Err(Rejection::denied(error_code::TKT_EXPIRED, "the ticket has expired"));
    }
    Ok(())
}

/// A ticket for certain addresses alone, held against what the caller says of the client's.
fn check_address(ticket: &EncTicketPart<'_>, call: &AcceptCall<'_>) -> Result<(), Rejection> {
    let policy = call.config.policy.addresses;
    let Some(allowed) = ticket.caddr.filter(|list| !list.is_empty() && policy != Addresses::Ignore)
    else {
        return Ok(());
    };
    let from = call.bindings.and_then(|bindings| bindings.initiator);
    match from {
        Some(address) if allowed.iter().any(|allowed| same(allowed, address)) => Ok(()),
        None if policy == Addresses::WhenKnown => Ok(()),
        _ => Err(Rejection::denied(
            error_code::BADADDR,
            "the ticket is for other addresses than the client's",
        )),
    }
}

fn same(allowed: HostAddress<'_>, address: Address) -> bool {
    u32::try_from(allowed.addr_type).ok().and_then(|kind| Address::new(kind, allowed.address))
        == Some(address)
}
