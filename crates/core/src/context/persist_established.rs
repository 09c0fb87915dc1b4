//! The packed form of an established context.

use crate::context::EstablishedContext;
use crate::kerberos::EstablishedSession;
use crate::mechanism::{Mechanism, Package};
use crate::negotiate::{Established, Session};
use crate::persist::{MALFORMED, Persist, Reader, Writer, persist_enum, persist_struct};
use crate::types::address::Address;
use crate::types::channel_bindings::ChannelBindings;
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

/// The mechanism, then its session. Delegated credentials are part of the session.
impl Persist for Session {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        match self {
            Session::Kerberos(EstablishedSession { session, delegated: _ }) => {
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
            Mechanism::Kerberos => Session::Kerberos(EstablishedSession {
                session: Persist::unpack(from)?,
                delegated: None,
            }),
            Mechanism::Ntlm => Session::Ntlm(Persist::unpack(from)?),
        })
    }
}

/// What reports the outcome of the exchange is not packed: its bindings and the names of a logon.
impl Persist for Established {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        let Established {
            session,
            mechanism,
            flags,
            client,
            server_name,
            client_target,
            bindings,
            expiry,
            wants_mech_list_mic,
            same_machine: _,
            logon: _,
        } = self;
        session.pack(out)?;
        mechanism.pack(out)?;
        flags.pack(out)?;
        client.pack(out)?;
        server_name.pack(out)?;
        client_target.pack(out)?;
        bindings.pack(out)?;
        expiry.pack(out)?;
        session.delegated().cloned().pack(out)?;
        wants_mech_list_mic.pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Established> {
        let mut established = Established {
            session: Persist::unpack(from)?,
            mechanism: Persist::unpack(from)?,
            flags: Persist::unpack(from)?,
            client: Persist::unpack(from)?,
            server_name: Persist::unpack(from)?,
            client_target: Persist::unpack(from)?,
            bindings: Persist::unpack(from)?,
            expiry: Persist::unpack(from)?,
            wants_mech_list_mic: false,
            same_machine: false,
            logon: None,
        };
        match (&mut established.session, Persist::unpack(from)?) {
            (Session::Kerberos(kerberos), forwarded) => kerberos.delegated = forwarded,
            (Session::Ntlm(_), None) => {}
            (Session::Ntlm(_), Some(_)) => return Err(MALFORMED),
        }
        established.wants_mech_list_mic = Persist::unpack(from)?;
        Ok(established)
    }
}

persist_struct!(EstablishedContext { established, package, accepted });

impl Persist for Address {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        match self {
            Address::V4(bytes) => {
                out.raw(&[4])?;
                bytes.pack(out)
            }
            Address::V6(bytes) => {
                out.raw(&[6])?;
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

persist_struct!(ChannelBindings { hash, channel, initiator, audit });
