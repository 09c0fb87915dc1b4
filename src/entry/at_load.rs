//! Runs when the library is loaded.

use crate::export::Key;

/// Makes the key of exported contexts before any fork, so that all children share it, even if the
/// parent itself never uses the library. Other systems do not fork and make it when it is first
/// needed.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = {
    extern "C" fn at_load() {
        // If there are no random numbers yet, it is made when it is first needed.
        let _ = Key::of_process();
    }
    at_load
};
