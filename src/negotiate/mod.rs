//! SPNEGO, RFC 4178 with [MS-SPNG]: token codec, acceptor and initiator.

use crate::mechanism::{AcceptCall, InitiateCall, StepResult};

/// Server side.
#[derive(Debug)]
pub struct Acceptor {}

impl Acceptor {
    /// Awaits the first token.
    pub fn new() -> Acceptor {
        unimplemented!()
    }

    /// Takes the client's next token: SPNEGO's, or a mechanism's own without SPNEGO.
    pub fn step(&self, _token: &[u8], _call: &AcceptCall<'_>) -> StepResult<Acceptor> {
        unimplemented!()
    }
}

/// Client side.
#[derive(Debug)]
pub struct Initiator {}

impl Initiator {
    /// Before the first token.
    pub fn new() -> Initiator {
        unimplemented!()
    }

    /// Makes the next token. `token` is `None` at first, or the acceptor's NegTokenInit2 hint.
    pub fn step(&self, _token: Option<&[u8]>, _call: &InitiateCall<'_>) -> StepResult<Initiator> {
        unimplemented!()
    }
}
