//! The mechListMIC, as far as both sides treat it alike.

use super::dispatch::Established;
use crate::types::flags::ContextFlags;

/// The conversation may end only once both sides' MICs have been exchanged. `preferred`: the
/// mechanism is the first of the initiator's list.
pub(super) fn needed(established: &Established, preferred: bool) -> bool {
    established.flags.contains(ContextFlags::INTEGRITY)
        && (!preferred || established.wants_mech_list_mic)
}
