//! An acceptor between two of the client's tokens, packed: NTLM's alone. What a credential holds of
//! its own does not travel, and neither does what was configured: both are the importing process'
//! affair.

use crate::config::Settings;
use crate::context::{Accepting, Acceptor};
use crate::kerberos::{CredentialKeys, Service};
use crate::mechanism::{MechAcceptor, Mechanism};
use crate::persist::{MALFORMED, Persist, Reader, Writer, persist_struct};
use crate::server::credential::{Credential, Package, Usage};
use crate::types::error::{Error, Result};
use std::sync::Arc;

impl Accepting {
    /// Appends the packed form.
    ///
    /// Errors: `CannotPack` for Kerberos, and for a credential that has something of its own.
    pub fn pack(&self, out: &mut Writer) -> Result<()> {
        let Accepting { credential, settings: _, acceptor } = self;
        pack_credential(credential, out)?;
        match acceptor {
            Acceptor::Negotiate(acceptor) => acceptor.pack(out),
            Acceptor::Only(acceptor) => acceptor.pack(out),
        }
    }

    /// Reads what [`Accepting::pack`] has written, to go on under these settings.
    pub fn unpack(from: &mut Reader<'_>, settings: Arc<Settings>) -> Result<Accepting> {
        let credential = unpack_credential(from, &settings)?;
        let acceptor = match credential.package {
            Package::Negotiate => Acceptor::Negotiate(Persist::unpack(from)?),
            Package::Only(mechanism) => {
                let acceptor = MechAcceptor::unpack(from)?;
                if acceptor.mechanism() != mechanism {
                    return Err(MALFORMED);
                }
                Acceptor::Only(acceptor)
            }
        };
        Ok(Accepting { credential: Arc::new(credential), settings, acceptor })
    }
}

persist_struct!(Usage { inbound, outbound });

fn pack_credential(credential: &Credential, out: &mut Writer) -> Result<()> {
    let Credential {
        package,
        usage,
        principal,
        identity,
        mechanisms,
        accounts,
        application,
        service,
    } = credential;
    // Its name follows from the principal's.
    let Service { name: _, keys } = service;
    if identity.is_some()
        || !accounts.is_empty()
        || application.is_some()
        || !matches!(keys, CredentialKeys::None)
    {
        return Err(Error::CannotPack(
            "the credential has an identity, accounts or keys of its own",
        ));
    }
    package.pack(out)?;
    usage.pack(out)?;
    principal.pack(out)?;
    mechanisms.pack(out)
}

fn unpack_credential(from: &mut Reader<'_>, settings: &Settings) -> Result<Credential> {
    let package = Package::unpack(from)?;
    let usage = Usage::unpack(from)?;
    let principal: Option<String> = Persist::unpack(from)?;
    let alone = package == Package::Only(Mechanism::Kerberos);
    Ok(Credential {
        package,
        usage,
        service: Service::new(principal.as_deref(), None, None, alone, settings),
        principal,
        identity: None,
        mechanisms: Persist::unpack(from)?,
        accounts: Vec::new(),
        application: None,
    })
}

impl Persist for MechAcceptor {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        match self {
            MechAcceptor::Ntlm(acceptor) => acceptor.pack(out),
            MechAcceptor::Kerberos(_) => Err(Error::CannotPack("Kerberos under way")),
        }
    }

    fn unpack(from: &mut Reader<'_>) -> Result<MechAcceptor> {
        Persist::unpack(from).map(MechAcceptor::Ntlm)
    }
}
