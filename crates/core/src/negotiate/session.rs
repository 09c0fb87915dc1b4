//! Message protection of an established context of either mechanism: sign, verify, seal, unseal.

use crate::kerberos;
use crate::ntlm;
use crate::types::error::{Error, Result};
use crate::types::protection::{KeyInfo, Part, Qop, Sizes};
use std::ops::Range;
use std::sync::Arc;

/// The keys and sequence numbers of an established context.
#[derive(Debug, Clone)]
pub enum Session {
    /// RFC 4121, RFC 4757, [MS-KILE] 3.4.5.
    Kerberos(kerberos::EstablishedSession),
    /// [MS-NLMP] 3.4.
    Ntlm(ntlm::Session),
}

/// Calls a method of the mechanism's session.
macro_rules! each {
    ($self:ident, $session:ident => $call:expr) => {
        match $self {
            Session::Kerberos(kerberos::EstablishedSession { session: $session, .. }) => $call,
            Session::Ntlm($session) => $call,
        }
    };
}

impl Session {
    /// The credentials for acting as the client elsewhere.
    pub fn delegated(&self) -> Option<&Arc<kerberos::Delegated>> {
        match self {
            Session::Kerberos(kerberos) => kerberos.delegated.as_ref(),
            Session::Ntlm(_) => None,
        }
    }

    /// The sizes for `SECPKG_ATTR_SIZES`.
    pub fn sizes(&self) -> Sizes {
        each!(self, s => s.sizes())
    }

    /// The algorithms for `SECPKG_ATTR_KEY_INFO`.
    pub fn key_info(&self) -> KeyInfo {
        each!(self, s => s.key_info())
    }

    /// The key for `SECPKG_ATTR_SESSION_KEY`.
    pub fn session_key(&self) -> &[u8] {
        each!(self, s => s.session_key())
    }

    /// Restores the state before the first message, after any mechListMICs.
    pub fn reset(&mut self) {
        each!(self, s => s.reset())
    }

    /// `MakeSignature`: writes the signature of `parts` to the start of `token` and returns its
    /// length in bytes. `sequence` is the caller's `MessageSeqNo`, used by datagram contexts only.
    pub fn sign(&mut self, parts: &[&[u8]], sequence: u32, token: &mut [u8]) -> Result<usize> {
        each!(self, s => s.sign(parts, sequence, token))
    }

    /// `MakeSignature` with SECQOP_WRAP_NO_ENCRYPT, as .NET calls it. As in Windows, NTLM makes the
    /// same signature.
    ///
    /// Errors: `InvalidToken` with Kerberos, which has that quality of protection for
    /// `EncryptMessage` alone.
    pub fn sign_without_encryption(
        &mut self,
        parts: &[&[u8]],
        sequence: u32,
        token: &mut [u8],
    ) -> Result<usize> {
        match self {
            Session::Kerberos(_) => {
                Err(Error::InvalidToken("SECQOP_WRAP_NO_ENCRYPT for a signature"))
            }
            Session::Ntlm(session) => session.sign(parts, sequence, token),
        }
    }

    /// `VerifySignature`: checks the signature of `parts` in `token`.
    pub fn verify(&mut self, parts: &[&[u8]], sequence: u32, token: &[u8]) -> Result<()> {
        each!(self, s => s.verify(parts, sequence, token))
    }

    /// The bytes of padding, each with that number as its value, that `EncryptMessage` appends to
    /// `length` bytes of plaintext if the caller passes a buffer for them (SECBUFFER_PADDING). They
    /// are one more part of the message.
    pub fn padding(&self, length: usize) -> usize {
        match self {
            Session::Kerberos(kerberos) => kerberos.session.padding(length),
            Session::Ntlm(_) => 0,
        }
    }

    /// `EncryptMessage`: encrypts `parts` in place, writes the signature to the start of `token`
    /// and returns its length in bytes. On an error nothing is changed.
    pub fn seal(
        &mut self,
        qop: Qop,
        parts: &mut [Part<'_>],
        sequence: u32,
        token: &mut [u8],
    ) -> Result<usize> {
        each!(self, s => s.seal(qop, parts, sequence, token))
    }

    /// `DecryptMessage`: decrypts `parts` in place and checks the signature in `token`.
    pub fn unseal(&mut self, parts: &mut [Part<'_>], sequence: u32, token: &[u8]) -> Result<Qop> {
        each!(self, s => s.unseal(parts, sequence, token))
    }

    /// `DecryptMessage` with SECBUFFER_STREAM, a whole message including its signature: decrypts
    /// and checks it in place. Returns the range of the plaintext in `stream`.
    pub fn unseal_stream(
        &mut self,
        stream: &mut [u8],
        sequence: u32,
    ) -> Result<(Qop, Range<usize>)> {
        each!(self, s => s.unseal_stream(stream, sequence))
    }

    /// Makes SPNEGO's mechListMIC over the DER of the mechanism list ([RFC 4178] 5), before any
    /// message.
    pub fn make_mech_list_mic(&mut self, mech_types: &[u8]) -> Result<Vec<u8>> {
        each!(self, s => s.make_mech_list_mic(mech_types))
    }

    /// Checks the peer's mechListMIC, in constant time.
    pub fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<()> {
        each!(self, s => s.verify_mech_list_mic(mech_types, mic))
    }
}
