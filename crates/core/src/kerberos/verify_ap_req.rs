//! Verification of AP-REQ: ticket and authenticator (RFC 4120 3.2.3, [MS-KILE] 3.4.5.1).

use crate::kerberos::AcceptCall;
use crate::kerberos::crypto::{Enctype, Key, UsageKeys, key_usage};
use crate::kerberos::keytab::Entry;
use crate::kerberos::message::{
    ApReq, Authenticator, EncTicketPart, EncryptedData, EncryptionKey, HostAddress, Ticket,
    TicketFlags, error_code,
};
use crate::kerberos::policy::{Addresses, Policy};
use crate::kerberos::rejection::Rejection;
use crate::kerberos::service::keys::ServiceKeys;
use crate::kerberos::tgt::Tgt;
use crate::types::address::Address;
use crate::types::allocation;
use crate::types::error::Result;
use crate::types::time::FileTime;
use std::borrow::Borrow;
use std::ops::Range;
use zeroize::Zeroize;

/// What requests are checked against.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// The encryption types, the permitted clock skew, and whether addresses count.
    pub(crate) policy: &'a Policy,
    /// The client's address, if known.
    pub(crate) address: Option<Address>,
    /// The current time.
    pub(crate) now: FileTime,
    /// The key usage of the authenticator.
    pub(crate) usage: u32,
}

impl<'a> Rules<'a> {
    /// Those of an acceptor.
    pub(crate) fn of(call: &AcceptCall<'a>) -> Rules<'a> {
        let AcceptCall { config, address, now, .. } = *call;
        Rules { policy: &config.policy, address, now, usage: key_usage::AP_REQ_AUTHENTICATOR }
    }
}

/// A verified request: the client has a valid ticket for this service, and the ticket's session
/// key.
pub(crate) struct VerifiedApReq<'a> {
    /// The decrypted EncTicketPart.
    pub(crate) ticket: EncTicketPart<'a>,
    /// Its encoding.
    pub(crate) ticket_bytes: &'a [u8],
    /// The decrypted authenticator.
    pub(crate) authenticator: Authenticator<'a>,
    /// The ticket's session key.
    pub(crate) session_key: Key,
    /// The client's sub-key, if any.
    pub(crate) subkey: Option<Key>,
}

impl VerifiedApReq<'_> {
    /// The client's sub-key, or without one the session key.
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

/// A decrypted element. Zeroed when dropped, since it includes session keys.
#[derive(Default)]
pub(crate) struct Plaintext {
    bytes: Box<[u8]>,
    /// The range of the plaintext, between confounder and tag.
    at: Range<usize>,
}

impl Plaintext {
    /// Decrypts `cipher`; false if it was encrypted with another key.
    ///
    /// Errors: `OutOfMemory`.
    pub(crate) fn decrypt(&mut self, keys: &UsageKeys, cipher: &[u8]) -> Result<bool> {
        *self = Plaintext { bytes: allocation::copy(cipher)?.into_boxed_slice(), at: 0..0 };
        let start = match keys.enctype() {
            // RC4's tag comes first.
            Enctype::Rc4Hmac => Enctype::Rc4Hmac.tag_length(),
            _ => 0,
        } + keys.enctype().confounder_length();
        let length = keys.decrypt(&mut self.bytes).map(<[u8]>::len);
        self.at = start..start + length.unwrap_or(0);
        Ok(length.is_ok())
    }

    /// For data that was not encrypted.
    pub(crate) fn unencrypted(plain: &[u8]) -> Result<Plaintext> {
        let bytes = allocation::copy(plain)?.into_boxed_slice();
        Ok(Plaintext { bytes, at: 0..plain.len() })
    }

    /// The plaintext.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.at.clone()).unwrap_or_default()
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        // As a slice: a box or a vector would be erased byte by byte.
        (*self.bytes).zeroize();
    }
}

impl Decrypted {
    /// Decrypts the ticket; returns the key that did.
    pub(crate) fn decrypt_ticket<'k>(
        &mut self,
        ticket: &'k Ticket<'_>,
        keys: &'k ServiceKeys<'_>,
        policy: &Policy,
    ) -> Result<&'k Entry, Rejection> {
        let enctype = permitted_enctype(&ticket.enc_part, policy)?;
        let (sname, realm) = (ticket.sname.for_key_search(), ticket.realm.for_key_search());
        let candidates = keys.candidates(sname.components(), realm, enctype, ticket.enc_part.kvno);
        self.decrypt_with(
            ticket,
            candidates,
            [
                Rejection::denied(
                    error_code::NOKEY,
                    "no key of the ticket's encryption type for its service",
                ),
                Rejection::denied(
                    error_code::MODIFIED,
                    "no key opens the ticket: the KDC has another one for its service",
                ),
            ],
        )
    }

    /// Decrypts a ticket of the local realm for one of the server's services; returns the key that
    /// did.
    pub(crate) fn decrypt_local_ticket(
        &mut self,
        ticket: &Ticket<'_>,
        keys: Vec<Entry>,
        policy: &Policy,
    ) -> Result<Entry, Rejection> {
        let enctype = permitted_enctype(&ticket.enc_part, policy)?;
        let candidates = keys.into_iter().filter(|entry| entry.key.enctype() == enctype);
        self.decrypt_with(
            ticket,
            candidates,
            [
                Rejection::denied(
                    error_code::NOT_US,
                    "a ticket of the local realm for another service than this server's",
                ),
                Rejection::denied(
                    error_code::MODIFIED,
                    "no key of the local realm opens the ticket for its service",
                ),
            ],
        )
    }

    /// Decrypts a ticket of the local realm for its ticket-granting service.
    pub(crate) fn decrypt_ticket_of_krbtgt(
        &mut self,
        ticket: &Ticket<'_>,
        keys: &[Entry],
        policy: &Policy,
    ) -> Result<(), Rejection> {
        const WRONG: Rejection = Rejection::denied(error_code::MODIFIED, "no key opens the ticket");
        let Ok(enctype) = permitted_enctype(&ticket.enc_part, policy) else { return Err(WRONG) };
        let candidates = keys.iter().filter(|entry| entry.key.enctype() == enctype);
        self.decrypt_with(ticket, candidates, [WRONG; 2]).map(drop)
    }

    /// Decrypts a ticket with the first of these keys that does, and returns that; or rejects it,
    /// where there is no key, and where none does.
    fn decrypt_with<E: Borrow<Entry>>(
        &mut self,
        ticket: &Ticket<'_>,
        candidates: impl Iterator<Item = E>,
        [mut rejection, wrong]: [Rejection; 2],
    ) -> Result<E, Rejection> {
        for entry in candidates {
            if self.ticket.decrypt(entry.borrow().ticket_keys(), ticket.enc_part.cipher)? {
                return Ok(entry);
            }
            rejection = wrong;
        }
        Err(rejection)
    }

    /// Decrypts a ticket encrypted with the session key of the server's ticket-granting ticket.
    pub(crate) fn decrypt_user_to_user_ticket(
        &mut self,
        ticket: &Ticket<'_>,
        tgt: &Tgt,
        policy: &Policy,
    ) -> Result<(), Rejection> {
        let enctype = permitted_enctype(&ticket.enc_part, policy)?;
        match enctype == tgt.ticket_keys.enctype()
            && self.ticket.decrypt(&tgt.ticket_keys, ticket.enc_part.cipher)?
        {
            true => Ok(()),
            false => Err(Rejection::denied(
                error_code::MODIFIED,
                "user-to-user: the session key of the server's ticket does not open the ticket",
            )),
        }
    }

    /// Verifies the decrypted ticket, then decrypts and verifies the authenticator.
    pub(crate) fn verify<'a>(
        &'a mut self,
        request: &ApReq<'_>,
        rules: &Rules<'_>,
    ) -> Result<VerifiedApReq<'a>, Rejection> {
        let policy = rules.policy;
        let ticket = EncTicketPart::decode(self.ticket.bytes())?;
        let session_key = permitted_key(&ticket.key, policy)?;
        let authenticator = session_key.derive_usage(rules.usage);
        if request.authenticator.etype != session_key.enctype().number()
            || !self.authenticator.decrypt(&authenticator, request.authenticator.cipher)?
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
        check_times(&ticket, &authenticator, rules)?;
        check_address(&ticket, rules)?;
        let subkey =
            authenticator.subkey.as_ref().map(|key| permitted_key(key, policy)).transpose()?;
        Ok(VerifiedApReq {
            ticket,
            ticket_bytes: self.ticket.bytes(),
            authenticator,
            session_key,
            subkey,
        })
    }
}

/// The key in a message, if policy permits its encryption type.
fn permitted_key(key: &EncryptionKey<'_>, policy: &Policy) -> Result<Key, Rejection> {
    match Enctype::from_number(key.keytype).is_some_and(|enctype| policy.allows(enctype)) {
        true => Ok(key.key()?),
        false => Err(NOT_ALLOWED),
    }
}

/// The encryption type of encrypted data, if policy permits it.
fn permitted_enctype(encrypted: &EncryptedData<'_>, policy: &Policy) -> Result<Enctype, Rejection> {
    encrypted.enctype().filter(|&enctype| policy.allows(enctype)).ok_or(NOT_ALLOWED)
}

const NOT_ALLOWED: Rejection = Rejection::denied(
    error_code::ETYPE_NOSUPP,
    "an encryption type that is not supported or not allowed",
);

/// Checks the times of ticket and authenticator against the clock.
fn check_times(
    ticket: &EncTicketPart<'_>,
    authenticator: &Authenticator<'_>,
    rules: &Rules<'_>,
) -> Result<(), Rejection> {
    let skew = rules.policy.max_clock_skew.as_secs().try_into().unwrap_or(i64::MAX);
    let now = rules.now.unix_seconds();
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

/// Checks the client's address, as given by the caller, against a ticket that is restricted to
/// addresses.
fn check_address(ticket: &EncTicketPart<'_>, rules: &Rules<'_>) -> Result<(), Rejection> {
    let policy = rules.policy.addresses;
    let Some(allowed) = ticket.caddr.filter(|list| !list.is_empty() && policy != Addresses::Ignore)
    else {
        return Ok(());
    };
    match rules.address {
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
