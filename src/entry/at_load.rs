//! What is done when the library is loaded.

use crate::export::Key;

/// The key of exported contexts is made before any fork, so that all children have it, even those
/// of a parent that uses the library in its children alone. Elsewhere than on Linux, where nobody
/// forks, it is made when it is first needed.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = {
    extern "C" fn at_load() {
        // Without random numbers now, there may be some when they are needed.
        let _ = Key::of_process();
    }
    at_load
};
