//! Credentials that a client has forwarded, to act for it elsewhere.

use super::ccache::CredentialCache;
use super::message::{EncKrbCredPart, KrbCred};
use crate::persist::{Persist, Reader, Writer};
use crate::types::error::Result;
use std::fmt;
use zeroize::Zeroizing;

/// Tickets of the client's with their keys: a KRB-CRED (RFC 4120 3.6).
pub struct Delegated {
    /// KRB-CRED.
    message: Box<[u8]>,
    /// Its EncKrbCredPart.
    part: Zeroizing<Vec<u8>>,
}

impl Delegated {
    /// From a KRB-CRED and its decrypted part.
    ///
    /// Errors: `InvalidToken` where no credential cache can be made of them.
    pub(super) fn new(message: &[u8], part: &[u8]) -> Result<Delegated> {
        let delegated = Delegated { message: message.into(), part: Zeroizing::new(part.to_vec()) };
        // Now, while the client can still be rejected.
        delegated.ccache()?;
        Ok(delegated)
    }

    /// A credential cache that holds them, in the format of MIT's files, version 4. It holds keys.
    pub fn ccache(&self) -> Result<Zeroizing<Vec<u8>>> {
        let message = KrbCred::decode(&self.message)?;
        CredentialCache::of_krb_cred(&message, &EncKrbCredPart::decode(&self.part)?)?.encode()
    }
}

impl fmt::Debug for Delegated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delegated").field("message", &self.message.len()).finish_non_exhaustive()
    }
}

impl Persist for Delegated {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        let Delegated { message, part } = self;
        out.bytes(message)?;
        out.bytes(part)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Delegated> {
        Delegated::new(from.bytes()?, from.bytes()?)
    }
}
