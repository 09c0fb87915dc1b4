//! Runs when the library is loaded.

#[cfg(unix)]
use super::access_token;
use super::{async_call, context, credentials, handles};
use crate::authority::throttle::Throttle;
use crate::export;
use crate::runtime::fork_gate;
use crate::runtime::machine_id::machine_id;
use crate::stores::accounts::file::nobody;
use crate::stores::{derived_keys, replay_cache};
use std::sync::LazyLock;

/// Makes what is shared with children before any fork, so that all children share it, even if the
/// parent itself never uses the library: the key of exported contexts, the MachineID. And makes everything that
/// is made once under a lock, which a fork meanwhile would leave closed in the child. Other systems
/// do not fork and make these when they are first needed.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
extern "C" fn at_load() {
    #[cfg(target_os = "linux")]
    crate::platform::heap::thread::prepare();
    // If there are no random numbers yet, they are made when they are first needed.
    let _ = export::Key::of_process();
    let _ = machine_id();
    export::prepare();
    replay_cache::prepare();
    derived_keys::prepare();
    Throttle::of_process();
    nobody();
    handles::prepare();
    LazyLock::force(&credentials::CREDENTIALS);
    LazyLock::force(&context::CONTEXTS);
    #[cfg(unix)]
    access_token::unix::prepare();
    async_call::prepare();
    fork_gate::install();
}

#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = at_load;
