//! SPNEGO's tokens: whatever decodes is unchanged by encoding and decoding again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::negotiate::token::{FirstToken, NegTokenInit, NegTokenResp};

fuzz_target!(|data: &[u8]| {
    if let Ok(FirstToken::Negotiate(init)) = FirstToken::read(data)
        && let Some(list) = init.mech_types
    {
        assert!(list.iter().count() > 0);
        let again = NegTokenInit::encode(list.der(), init.mech_token.unwrap_or_default());
        let expected = NegTokenInit { mech_list_mic: None, ..init };
        assert_eq!(FirstToken::read(&again), Ok(FirstToken::Negotiate(expected)));
        let hint = NegTokenInit::encode_hint(list.der());
        let expected = NegTokenInit { mech_token: None, ..expected };
        assert_eq!(FirstToken::read(&hint), Ok(FirstToken::Negotiate(expected)));
    }
    if let Ok(resp) = NegTokenResp::decode(data) {
        assert_eq!(NegTokenResp::decode(&resp.encode()), Ok(resp));
    }
});
