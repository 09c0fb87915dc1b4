//! Delegated credentials, for acting on behalf of the client.

use super::ccache::CredentialCache;
use super::message::{EncKrbCredPart, KrbCred};
use crate::persist::{Persist, Reader, Writer};
use crate::types::allocation;
use crate::types::error::Result;
use std::fmt;
use zeroize::Zeroizing;

/// A client's tickets with their keys: a KRB-CRED (RFC 4120 3.6).
pub struct Delegated {
    /// KRB-CRED.
    message: Box<[u8]>,
    /// The decrypted EncKrbCredPart.
    part: Zeroizing<Vec<u8>>,
}

impl Delegated {
    /// Delegated credentials from a KRB-CRED and its decrypted part.
    ///
    /// Errors: `InvalidToken` if they cannot be converted to a credential cache.
    pub(super) fn new(message: &[u8], part: &[u8]) -> Result<Delegated> {
        let delegated = Delegated {
            message: allocation::copy(message)?.into_boxed_slice(),
            part: Zeroizing::new(allocation::copy(part)?),
        };
        // Checked here, while the client can still be rejected.
        delegated.ccache()?;
        Ok(delegated)
    }

    /// The tickets as a credential cache in MIT's file format, version 4. It contains keys.
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
