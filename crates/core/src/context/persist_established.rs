//! An established context, packed.

use crate::context::Secured;
use crate::mechanism::{Established, Mechanism};
use crate::negotiate::session::Session;
use crate::persist::{MALFORMED, Packed, Reader, Writer, fields, numbered};
use crate::server::credential::Package;
use crate::types::channel_bindings::{Address, ChannelBindings};
use crate::types::error::Result;

numbered!(Mechanism { 0 = Mechanism::Kerberos, 1 = Mechanism::Ntlm });

impl Packed for Package {
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
impl Packed for Session {
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
            Mechanism::Kerberos => Session::Kerberos(Packed::unpack(from)?),
            Mechanism::Ntlm => Session::Ntlm(Packed::unpack(from)?),
        })
    }
}

fields!(Established {
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

fields!(Secured { established, package, accepted });

impl Packed for Address {
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
            4 => Packed::unpack(from).map(Address::V4),
            6 => Packed::unpack(from).map(Address::V6),
            _ => Err(MALFORMED),
        }
    }
}

fields!(ChannelBindings { hash, initiator });
