//! AV_PAIRs: each reader of a value, whatever the value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::ntlm::av_pair::AvPairs;

fuzz_target!(|data: &[u8]| {
    if let Ok(pairs) = AvPairs::parse(data) {
        for (id, value) in pairs.iter() {
            assert!(pairs.get(id).is_some());
            assert!(value.len() <= data.len());
        }
        let _ = pairs.flags();
        let _ = pairs.timestamp();
        let _ = pairs.channel_bindings();
        let _ = pairs.target_name();
    }
});
