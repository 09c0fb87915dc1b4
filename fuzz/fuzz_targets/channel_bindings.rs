//! SEC_CHANNEL_BINDINGS, whose offsets and lengths come from the caller.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::types::channel_bindings::{ChannelBindings, Parts};

fuzz_target!(|data: &[u8]| {
    let _ = ChannelBindings::from_sec_channel_bindings(data);
    // What was read is written so that it is read again.
    if let Ok(parts) = Parts::read(data)
        && let Ok(written) = parts.write_extended(parts.flags)
    {
        assert_eq!(Parts::read(&written), Ok(parts));
    }
});
