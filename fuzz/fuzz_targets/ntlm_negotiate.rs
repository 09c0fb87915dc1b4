//! NEGOTIATE_MESSAGE.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::ntlm::message::negotiate::Negotiate;

fuzz_target!(|data: &[u8]| {
    let _ = Negotiate::parse(data);
});
