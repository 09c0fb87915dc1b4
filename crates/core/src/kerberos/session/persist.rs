//! The packed form of a session: its key, and where each direction stands. What is derived from the
//! key is derived again.

use super::{Position, Session, Shared, Side, Start};
use crate::persist::{Packed, Reader, Writer, fields, numbered};
use crate::types::error::Result;

numbered!(Side { 0 = Side::Initiator, 1 = Side::Acceptor });

fields!(Position { sending, receiving });
fields!(Start { sending, receiving });

impl Packed for Session {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        let Session { shared, position, start } = self;
        let Shared { key, side, acceptor_subkey, dce_style, format: _ } = &**shared;
        key.pack(out)?;
        side.pack(out)?;
        acceptor_subkey.pack(out)?;
        dce_style.pack(out)?;
        position.pack(out)?;
        start.pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Session> {
        let shared = Shared::new(
            Packed::unpack(from)?,
            Packed::unpack(from)?,
            Packed::unpack(from)?,
            Packed::unpack(from)?,
        );
        Ok(Session {
            shared: shared.into(),
            position: Packed::unpack(from)?,
            start: Packed::unpack(from)?,
        })
    }
}
