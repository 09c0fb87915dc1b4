//! The rules of the mechListMIC that both sides share.

use super::dispatch::Established;
use crate::types::flags::ContextFlags;

/// Whether the exchange may complete only after both sides have sent their MIC. `preferred`: the
/// chosen mechanism is the first of the initiator's list.
pub(super) fn needed(established: &Established, preferred: bool) -> bool {
    established.flags.contains(ContextFlags::INTEGRITY)
        && (!preferred || established.wants_mech_list_mic)
}
