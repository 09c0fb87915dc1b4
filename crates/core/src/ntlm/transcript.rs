//! The first two messages of an exchange, as transmitted: what the MIC covers besides
//! AUTHENTICATE_MESSAGE, and the target information that the client must return.

use super::av_pair::AvPairs;
use super::message::challenge::Challenge;
use super::wire::{MessageType, SIGNATURE};
use crate::persist::{MALFORMED, Persist, Reader, Writer};
use crate::types::allocation;
use crate::types::error::Result;

/// NEGOTIATE_MESSAGE (empty in a datagram context) and CHALLENGE_MESSAGE.
#[derive(Debug)]
pub(super) struct Transcript {
    /// Both messages, one after the other.
    bytes: Box<[u8]>,
    /// Where CHALLENGE_MESSAGE begins.
    challenge: usize,
}

impl Transcript {
    /// Errors: `OutOfMemory`.
    pub(super) fn new(negotiate: &[u8], challenge: &[u8]) -> Result<Transcript> {
        Ok(Transcript {
            bytes: allocation::concat(&[negotiate, challenge])?.into_boxed_slice(),
            challenge: negotiate.len(),
        })
    }

    /// Both messages, for the MIC.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The target information that the client was sent; none if there was none.
    pub(super) fn target_info(&self) -> AvPairs<'_> {
        let challenge = self.bytes.get(self.challenge..).unwrap_or_default();
        Challenge::target_info_of(challenge).ok().flatten().unwrap_or_default()
    }
}

/// Packed as the messages alone.
impl Persist for Transcript {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        self.bytes.pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Transcript> {
        let bytes = Box::<[u8]>::unpack(from)?;
        // The last one: what the client wrote stands before it.
        let start = [&SIGNATURE[..], &(MessageType::Challenge as u32).to_le_bytes()].concat();
        let challenge = bytes.windows(start.len()).rposition(|window| window == start);
        Ok(Transcript { challenge: challenge.ok_or(MALFORMED)?, bytes })
    }
}
