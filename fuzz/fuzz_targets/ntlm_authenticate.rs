//! AUTHENTICATE_MESSAGE, with the MIC over it and what NtChallengeResponse holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::ntlm::message::authenticate::Authenticate;
use negossp::ntlm::message::client_challenge::ClientChallenge;

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = Authenticate::parse(data) {
        let _ = message.is_anonymous();
        let _ = message.mic(&[7; 16], b"before");
        let _ = ClientChallenge::parse(message.nt_response);
    }
});
