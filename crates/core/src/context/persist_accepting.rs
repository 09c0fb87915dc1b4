//! An exported acceptor between two of the client's tokens; NTLM only. The configuration is not
//! exported: the importing process uses its own.

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

    /// Reads what [`Accepting::pack`] has written for a context of `package`; the exchange
    /// continues with `config`.
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
