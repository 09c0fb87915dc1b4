//! The packed form of a session: its key and the position of each direction. Derived keys are
//! derived again; random numbers come from the reader's source.

use super::{Position, Session, Shared, Side, Start};
use crate::persist::{Persist, Reader, Writer, persist_enum, persist_struct};
use crate::types::error::Result;

persist_enum!(Side { 0 = Side::Initiator, 1 = Side::Acceptor });

persist_struct!(Position { sending, receiving });
persist_struct!(Start { sending, receiving });

impl Persist for Session {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        let Session { shared, position, start } = self;
        let Shared { key, side, acceptor_subkey, dce_style, random: _, format: _ } = &**shared;
        key.pack(out)?;
        side.pack(out)?;
        acceptor_subkey.pack(out)?;
        dce_style.pack(out)?;
        position.pack(out)?;
        start.pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Session> {
        let shared = Shared::new(
            Persist::unpack(from)?,
            Persist::unpack(from)?,
            Persist::unpack(from)?,
            Persist::unpack(from)?,
            from.random(),
        );
        Ok(Session {
            shared: shared.into(),
            position: Persist::unpack(from)?,
            start: Persist::unpack(from)?,
        })
    }
}
