//! Runs when the library is loaded.

use crate::export::Key;
use crate::runtime::machine_id::machine_id;

/// Makes the key of exported contexts and the MachineID before any fork, so that all children share
/// them, even if the parent itself never uses the library. Other systems do not fork and make them
/// when they are first needed.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = {
    extern "C" fn at_load() {
        // If there are no random numbers yet, they are made when they are first needed.
        let _ = Key::of_process();
        let _ = machine_id();
    }
    at_load
};
