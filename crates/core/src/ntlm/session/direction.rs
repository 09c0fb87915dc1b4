//! The messages in one direction, [MS-NLMP] 3.4.2 to 3.4.4.

use crate::ntlm::crypto;
use crate::ntlm::crypto::HmacMd5;
use crate::ntlm::flags::NegotiateFlags;
use crate::ntlm::keys;
use crate::ntlm::keys::{Direction, SealKey};
use crate::persist::{Persist, Reader, Writer};
use crate::primitives::crc32::Crc32;
use crate::primitives::rc4::Rc4;
use crate::types::error::{Error, Result};
use hmac::Mac;
use subtle::ConstantTimeEq;

/// The length of NTLMSSP_MESSAGE_SIGNATURE in bytes.
pub(crate) const SIGNATURE: usize = 16;

/// The signature in contexts that negotiated NTLMSSP_NEGOTIATE_ALWAYS_SIGN, but neither signing nor
/// sealing: Version, then zeros ([MS-NLMP] 2.2.2.5, "M").
pub(crate) const DUMMY: [u8; SIGNATURE] = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The keys, key stream and sequence number of one direction.
#[derive(Clone)]
pub(crate) struct DirectionState {
    /// HMAC-MD5 keyed with `SIGNKEY`; `None` without extended session security.
    signing: Option<HmacMd5>,
    /// Whether the checksum is encrypted: with a key exchange ([MS-NLMP] 3.4.4.2).
    encrypt_checksum: bool,
    sealing_key: SealKey,
    rc4: Rc4,
    sequence: u32,
}

impl DirectionState {
    pub(crate) fn new(
        flags: NegotiateFlags,
        exported_session_key: &[u8; 16],
        direction: Direction,
        sequence: u32,
    ) -> DirectionState {
        let extended = flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY);
        let sealing_key = keys::sealkey(flags, exported_session_key, direction);
        DirectionState {
            signing: extended
                .then(|| crypto::keyed(&keys::signkey(exported_session_key, direction))),
            encrypt_checksum: flags.contains(NegotiateFlags::KEY_EXCH),
            rc4: sealing_key.rc4(),
            sealing_key,
            sequence,
        }
    }

    /// Packs the part that messages change. The rest derives from the session's key.
    pub(crate) fn pack_position(&self, out: &mut Writer) -> Result<()> {
        let DirectionState { signing: _, encrypt_checksum: _, sealing_key: _, rc4, sequence } =
            self;
        rc4.pack(out)?;
        sequence.pack(out)
    }

    /// Restores the state packed by [`DirectionState::pack_position`], for a session with this key.
    pub(crate) fn unpack_position(
        flags: NegotiateFlags,
        exported_session_key: &[u8; 16],
        direction: Direction,
        from: &mut Reader<'_>,
    ) -> Result<DirectionState> {
        let mut state = DirectionState::new(flags, exported_session_key, direction, 0);
        state.rc4 = Persist::unpack(from)?;
        state.sequence = Persist::unpack(from)?;
        Ok(state)
    }

    /// The state for the next message. In a datagram context it restarts with the caller's sequence
    /// number, since datagrams may arrive in any order ([MS-NLMP] 3.4).
    pub(crate) fn for_message(
        &mut self,
        flags: NegotiateFlags,
        sequence: u32,
    ) -> &mut DirectionState {
        if flags.contains(NegotiateFlags::DATAGRAM) {
            self.rc4 =
                Rc4::new(&crypto::md5(&[self.sealing_key.as_bytes(), &sequence.to_le_bytes()]));
            self.sequence = sequence;
        }
        self
    }

    /// Signs the message processed by `work`, which passes each part to the checksum in plaintext,
    /// and to the key stream if it is to be encrypted.
    pub(crate) fn sign(&mut self, work: impl FnOnce(&mut Rc4, &mut Checksum)) -> [u8; SIGNATURE] {
        let (rc4, signature) = self.process(work);
        self.advance(rc4);
        signature
    }

    /// Checks the signature of the message processed by `work`.
    ///
    /// Errors: `MessageAltered`; `OutOfSequence`, without calling `work` if the sequence number is
    /// not encrypted. The state is not changed then.
    pub(crate) fn verify(
        &mut self,
        theirs: &[u8; SIGNATURE],
        work: impl FnOnce(&mut Rc4, &mut Checksum),
    ) -> Result<()> {
        if theirs[..4] != DUMMY[..4] {
            return Err(Error::MessageAltered("a signature of unknown version"));
        }
        let extended = self.signing.is_some();
        if extended && theirs[12..] != self.sequence.to_le_bytes() {
            return Err(Error::OutOfSequence);
        }
        let (rc4, ours) = self.process(work);
        // RandomPad is not checked: peers send any value.
        let checksum = if extended { 4..12 } else { 8..12 };
        if !bool::from(theirs[checksum.clone()].ct_eq(&ours[checksum])) {
            return Err(Error::MessageAltered("signature does not match"));
        }
        if theirs[12..] != ours[12..] {
            return Err(Error::OutOfSequence);
        }
        self.advance(rc4);
        Ok(())
    }

    /// Processes the next message: returns its signature and the key stream after it.
    fn process(&self, work: impl FnOnce(&mut Rc4, &mut Checksum)) -> (Rc4, [u8; SIGNATURE]) {
        let mut rc4 = self.rc4.clone();
        let mut checksum = match &self.signing {
            Some(mac) => Checksum::HmacMd5(mac.clone().chain_update(self.sequence.to_le_bytes())),
            None => Checksum::Crc32(Crc32::new()),
        };
        work(&mut rc4, &mut checksum);
        let signature = self.signature(&mut rc4, checksum);
        (rc4, signature)
    }

    /// Moves on to the next message.
    fn advance(&mut self, rc4: Rc4) {
        self.rc4 = rc4;
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// `MAC` ([MS-NLMP] 3.4.4) of a message with this checksum. `rc4` is positioned after the
    /// message's own data.
    fn signature(&self, rc4: &mut Rc4, checksum: Checksum) -> [u8; SIGNATURE] {
        let mut signature = DUMMY;
        let sequence = self.sequence.to_le_bytes();
        match checksum {
            Checksum::HmacMd5(mac) => {
                let mac = mac.finalize().into_bytes();
                signature[4..12].copy_from_slice(&mac[..8]);
                if self.encrypt_checksum {
                    rc4.apply(&mut signature[4..12]);
                }
                signature[12..].copy_from_slice(&sequence);
            }
            Checksum::Crc32(crc) => {
                signature[8..12].copy_from_slice(&crc.finish().to_le_bytes());
                signature[12..].copy_from_slice(&sequence);
                rc4.apply(&mut signature[4..]);
                // RandomPad consumes key stream, and is then set to 0.
                signature[4..8].fill(0);
            }
        }
        signature
    }
}

/// The checksum of a message, in progress.
pub(crate) enum Checksum {
    HmacMd5(HmacMd5),
    Crc32(Crc32),
}

impl Checksum {
    /// Adds the next part.
    pub(crate) fn update(&mut self, data: &[u8]) {
        match self {
            Checksum::HmacMd5(mac) => mac.update(data),
            Checksum::Crc32(crc) => crc.update(data),
        }
    }
}
