//! The packed form of a session: its key and the position of each direction.

use super::direction::DirectionState;
use super::{Mics, Session, Side};
use crate::ntlm::crypto::Key;
use crate::ntlm::flags::NegotiateFlags;
use crate::persist::{Persist, Reader, Writer, persist_enum, persist_struct};
use crate::types::error::Result;

persist_enum!(Side { 0 = Side::Client, 1 = Side::Server });

persist_struct!(Mics { made, checked });

impl Persist for NegotiateFlags {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        self.bits().pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<NegotiateFlags> {
        u32::unpack(from).map(NegotiateFlags::from_bits_retain)
    }
}

impl Persist for Session {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        let Session { exported_session_key, flags, side, sending, receiving, mics } = self;
        exported_session_key.pack(out)?;
        flags.pack(out)?;
        side.pack(out)?;
        mics.pack(out)?;
        for state in [sending, receiving] {
            state.is_some().pack(out)?;
            state.as_ref().map_or(Ok(()), |state| state.pack_position(out))?;
        }
        Ok(())
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Session> {
        let exported_session_key = Key::new(Persist::unpack(from)?);
        let (flags, side) = (NegotiateFlags::unpack(from)?, Side::unpack(from)?);
        let mut session = Session::new(flags, &exported_session_key, side);
        session.mics = Mics::unpack(from)?;
        let mut state = |direction| -> Result<Option<Box<DirectionState>>> {
            Ok(match bool::unpack(from)? {
                true => Some(Box::new(DirectionState::unpack_position(
                    flags,
                    &exported_session_key,
                    direction,
                    from,
                )?)),
                false => None,
            })
        };
        let (outgoing, incoming) = (session.outgoing(), session.incoming());
        session.sending = state(outgoing)?;
        session.receiving = state(incoming)?;
        Ok(session)
    }
}
