//! Delegated credentials, for acting on behalf of the client.

use super::ccache::{Credential, CredentialCache};
use super::message::{EncKrbCredPart, KrbCred, KrbCredInfo, Ticket};
use super::tgt::Tgt;
use crate::persist::{MALFORMED, Persist, Reader, Writer};
use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::fmt;
use zeroize::Zeroizing;

/// A client's tickets with their keys.
pub struct Delegated {
    kind: Kind,
    /// The tickets: KRB-CRED, or Ticket.
    message: Box<[u8]>,
    /// The decrypted EncKrbCredPart about them.
    part: Zeroizing<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The client's own, which it has forwarded: a KRB-CRED (RFC 4120 3.6).
    Forwarded,
    /// The client's ticket for the server, the evidence for S4U2proxy ([MS-SFU] 3.2.5.2).
    Evidence,
}

impl Delegated {
    /// Delegated credentials from a KRB-CRED and its decrypted part.
    ///
    /// Errors: `InvalidToken` if they cannot be converted to a credential cache.
    pub(super) fn forwarded(message: &[u8], part: &[u8]) -> Result<Delegated> {
        Delegated::new(Kind::Forwarded, message, part)
    }

    /// The client's `ticket` for the server, with what `info` tells of it.
    ///
    /// Errors: `OutOfMemory`; `InvalidToken` if they cannot be converted to a credential cache.
    pub(super) fn evidence(ticket: &Ticket<'_>, info: &KrbCredInfo<'_>) -> Result<Delegated> {
        let part = EncKrbCredPart::encode(std::slice::from_ref(info), 0, 0);
        Delegated::new(Kind::Evidence, &ticket.encode(), &part)
    }

    fn new(kind: Kind, message: &[u8], part: &[u8]) -> Result<Delegated> {
        let delegated = Delegated {
            kind,
            message: allocation::copy(message)?.into_boxed_slice(),
            part: Zeroizing::new(allocation::copy(part)?),
        };
        // Checked here, while the client can still be rejected.
        match kind {
            Kind::Forwarded => drop(delegated.forwarded_ccache()?),
            Kind::Evidence => drop(delegated.ticket()?),
        }
        Ok(delegated)
    }

    /// The tickets as a credential cache in MIT's file format, version 4. It contains keys. With
    /// evidence it has `tgt` too, the server's own ticket-granting ticket, and is marked with
    /// `proxy_impersonator`: MIT's library gets tickets for the client with it by S4U2proxy.
    ///
    /// Errors: `NoCredentials` for evidence without a `tgt`.
    pub fn ccache(&self, tgt: Option<&Tgt>) -> Result<Zeroizing<Vec<u8>>> {
        match (self.kind, tgt) {
            (Kind::Forwarded, _) => self.forwarded_ccache(),
            (Kind::Evidence, Some(tgt)) => self.proxy_ccache(tgt),
            (Kind::Evidence, None) => Err(Error::NoCredentials(
                "no valid ticket-granting ticket of the server, for constrained delegation",
            )),
        }
    }

    fn forwarded_ccache(&self) -> Result<Zeroizing<Vec<u8>>> {
        let message = KrbCred::decode(&self.message)?;
        CredentialCache::of_krb_cred(&message, &EncKrbCredPart::decode(&self.part)?)?.encode()
    }

    fn proxy_ccache(&self, tgt: &Tgt) -> Result<Zeroizing<Vec<u8>>> {
        let mut evidence = self.ticket()?;
        let own = CredentialCache::parse(tgt.ccache())?;
        let (client, server) = (evidence.client.clone(), own.default_principal);
        let impersonator = server.to_text();
        // MIT's library looks for the evidence by this name. The ticket's own may be another: that of
        // one of the account's services.
        evidence.server = server;
        let mark =
            Credential::configuration(&client, "proxy_impersonator", impersonator.as_bytes());
        let credentials = [mark].into_iter().chain(own.credentials).chain([evidence]).collect();
        CredentialCache { default_principal: client, credentials }.encode()
    }

    /// The ticket of [`Kind::Evidence`].
    fn ticket(&self) -> Result<Credential<'_>> {
        let info = EncKrbCredPart::decode(&self.part)?.ticket_info().next().ok_or(MALFORMED)?;
        Credential::from_krb_cred(&self.message, &info)
    }
}

impl fmt::Debug for Delegated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delegated")
            .field("kind", &self.kind)
            .field("message", &self.message.len())
            .finish_non_exhaustive()
    }
}

/// The tag of the message tells the kind.
impl Persist for Delegated {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        let Delegated { kind: _, message, part } = self;
        out.bytes(message)?;
        out.bytes(part)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Delegated> {
        let message = from.bytes()?;
        let kind = match Ticket::decode(message) {
            Ok(_) => Kind::Evidence,
            Err(_) => Kind::Forwarded,
        };
        Delegated::new(kind, message, from.bytes()?)
    }
}
