//! NTLM, [MS-NLMP]: messages, cryptography, acceptor, initiator and session.

#[allow(dead_code)] // until acceptor, initiator and session use it
pub mod crypto;
pub mod flags;
#[allow(dead_code)]
mod rc4;
pub mod response;

use crate::error::Result;
use crate::mechanism::{AcceptCall, InitiateCall, StepResult};
use crate::session::{KeyInfo, Part, Qop, Sizes};

/// Server side.
#[derive(Debug)]
pub struct Acceptor {}

impl Acceptor {
    /// Awaits NEGOTIATE_MESSAGE.
    pub fn new() -> Acceptor {
        unimplemented!()
    }

    /// Takes the client's next message.
    pub fn step(&self, _token: &[u8], _call: &AcceptCall<'_>) -> StepResult<Acceptor> {
        unimplemented!()
    }
}

/// Client side.
#[derive(Debug)]
pub struct Initiator {}

impl Initiator {
    /// Before NEGOTIATE_MESSAGE.
    pub fn new() -> Initiator {
        unimplemented!()
    }

    /// Makes the next message.
    pub fn step(&self, _token: Option<&[u8]>, _call: &InitiateCall<'_>) -> StepResult<Initiator> {
        unimplemented!()
    }
}

/// The keys of an established context.
#[derive(Debug, Clone)]
pub struct Session {}

#[allow(missing_docs)]
impl Session {
    pub fn sizes(&self) -> Sizes {
        unimplemented!()
    }
    pub fn key_info(&self) -> KeyInfo {
        unimplemented!()
    }
    pub fn session_key(&self) -> &[u8] {
        unimplemented!()
    }
    pub fn sign(&mut self, _parts: &[&[u8]], _sequence: u32, _token: &mut [u8]) -> Result<usize> {
        unimplemented!()
    }
    pub fn verify(&mut self, _parts: &[&[u8]], _sequence: u32, _token: &[u8]) -> Result<()> {
        unimplemented!()
    }
    pub fn seal(&mut self, _qop: Qop, _parts: &mut [Part<'_>], _sequence: u32, _token: &mut [u8]) -> Result<usize> {
        unimplemented!()
    }
    pub fn unseal(&mut self, _parts: &mut [Part<'_>], _sequence: u32, _token: &[u8]) -> Result<Qop> {
        unimplemented!()
    }
    pub fn make_mech_list_mic(&self, _mech_types: &[u8]) -> Result<Vec<u8>> {
        unimplemented!()
    }
    pub fn verify_mech_list_mic(&self, _mech_types: &[u8], _mic: &[u8]) -> Result<()> {
        unimplemented!()
    }
}
