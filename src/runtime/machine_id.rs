//! MachineID ([MS-NLMP] 2.2.2.2): random bytes by which NTLM's acceptor recognizes clients of this
//! process.

use crate::platform::random::SystemRandom;
use crate::primitives::random::SecureRandom;
use crate::types::error::Result;
use once_cell::race::OnceBox;

/// The MachineID of this process and its forked children.
pub(crate) fn machine_id() -> Result<&'static [u8; 32]> {
    // Not a OnceLock: a fork while another thread initializes that would block the child.
    static MACHINE_ID: OnceBox<[u8; 32]> = OnceBox::new();
    MACHINE_ID.get_or_try_init(|| {
        let mut random = [0; 32];
        SystemRandom.fill(&mut random)?;
        Ok(Box::new(random))
    })
}
