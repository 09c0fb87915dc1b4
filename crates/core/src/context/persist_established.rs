//! An established context, packed.

use crate::context::EstablishedContext;
use crate::mechanism::{Established, Mechanism};
use crate::negotiate::session::Session;
use crate::persist::{MALFORMED, Persist, Reader, Writer, persist_enum, persist_struct};
use crate::server::credential::Package;
use crate::types::channel_bindings::{Address, ChannelBindings};
use crate::types::error::Result;

persist_enum!(Mechanism { 0 = Mechanism::Kerberos, 1 = Mechanism::Ntlm });

impl Persist for Package {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        match self {
            Package::Negotiate => None,
            Package::Only(mechanism) => Some(*mechanism),
        }
        .pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Package> {
        Ok(Option::unpack(from)?.map_or(Package::Negotiate, Package::Only))
    }
}

/// The mechanism says whose keys they are, and comes first.
impl Persist for Session {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        match self {
            Session::Kerberos(session) => {
                Mechanism::Kerberos.pack(out)?;
                session.pack(out)
            }
            Session::Ntlm(session) => {
                Mechanism::Ntlm.pack(out)?;
                session.pack(out)
            }
        }
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Session> {
        Ok(match Mechanism::unpack(from)? {
            Mechanism::Kerberos => Session::Kerberos(Persist::unpack(from)?),
            Mechanism::Ntlm => Session::Ntlm(Persist::unpack(from)?),
        })
    }
}

persist_struct!(Established {
    session,
    mechanism,
    flags,
    client,
    server_name,
    client_target,
    expiry,
    delegated,
    wants_mech_list_mic
});

persist_struct!(EstablishedContext { established, package, accepted });

impl Persist for Address {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        match self {
            Address::V4(bytes) => {
                out.raw(&[4]);
                bytes.pack(out)
            }
            Address::V6(bytes) => {
                out.raw(&[6]);
                bytes.pack(out)
            }
        }
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Address> {
        match u8::unpack(from)? {
            4 => Persist::unpack(from).map(Address::V4),
            6 => Persist::unpack(from).map(Address::V6),
            _ => Err(MALFORMED),
        }
    }
}

persist_struct!(ChannelBindings { hash, initiator });
