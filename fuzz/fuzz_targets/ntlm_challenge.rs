//! CHALLENGE_MESSAGE.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::ntlm::message::challenge::Challenge;

fuzz_target!(|data: &[u8]| {
    let _ = Challenge::parse(data);
});
