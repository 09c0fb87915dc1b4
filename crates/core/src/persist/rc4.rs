//! The packed form of an RC4 key stream.

use super::{MALFORMED, Persist, Reader, Writer};
use crate::primitives::rc4::Rc4;
use crate::types::error::Result;

impl Persist for Rc4 {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        let (state, i, j) = self.parts();
        state.pack(out)?;
        i.pack(out)?;
        j.pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Rc4> {
        let state = from.array()?;
        Rc4::from_parts(state, u8::unpack(from)?, u8::unpack(from)?).ok_or(MALFORMED)
    }
}
