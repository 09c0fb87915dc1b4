//! SEC_CHANNEL_BINDINGS, whose offsets and lengths come from the caller.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::types::channel_bindings::ChannelBindings;

fuzz_target!(|data: &[u8]| {
    let _ = ChannelBindings::from_sec_channel_bindings(data);
});
