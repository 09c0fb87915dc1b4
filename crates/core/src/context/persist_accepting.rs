//! An acceptor between two of the client's tokens, as exported: NTLM's alone. What the exchange was
//! begun with is not exported: the importing process has its own.

use super::{Accepting, Acceptor};
use crate::mechanism::Package;
use crate::negotiate::{AcceptorConfig, MechAcceptor};
use crate::persist::{MALFORMED, Persist, Reader, Writer};
use crate::types::error::Result;
use std::sync::Arc;

impl Accepting {
    /// Appends the packed form.
    ///
    /// Errors: `CannotPack` for Kerberos.
    pub fn pack(&self, out: &mut Writer) -> Result<()> {
        match &self.acceptor {
            Acceptor::Negotiate(acceptor) => acceptor.pack(out),
            Acceptor::Only(acceptor) => acceptor.pack(out),
        }
    }

    /// Reads what [`Accepting::pack`] has written for a context of `package`, to go on with
    /// `config`.
    pub fn unpack(
        from: &mut Reader<'_>,
        package: Package,
        config: Arc<AcceptorConfig>,
    ) -> Result<Accepting> {
        let acceptor = match package {
            Package::Negotiate => Acceptor::Negotiate(Persist::unpack(from)?),
            Package::Only(mechanism) => {
                let acceptor = MechAcceptor::unpack(from)?;
                if acceptor.mechanism() != mechanism {
                    return Err(MALFORMED);
                }
                Acceptor::Only(acceptor)
            }
        };
        Ok(Accepting { config, acceptor })
    }
}
