//! Accounts supplied by the program through a callback, with the attributes and the signature that
//! WinPR uses.

use crate::authority::{Application, Proofs};
use crate::entry::abi::*;
use crate::entry::boundary::text::Text;
use crate::ntlm::NetworkLogon;
use crate::server::credential::Credential;
use crate::types::error::{Error, Result};
use std::any::Any;
use std::ffi::c_void;
use std::ptr::null;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The attributes, of contexts and of credentials; `negossp.h` documents their values.
const SECPKG_ATTR_AUTH_NTLM_HASH_CB: ULONG = 1108;
const SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA: ULONG = 1109;

/// The callback and its first argument.
#[derive(Debug, Clone, Copy)]
struct HashCallback {
    function: NTLM_HASH_CALLBACK,
    argument: *mut c_void,
}

// SAFETY: C caller's contract, callbacks.
unsafe impl Send for HashCallback {}
// SAFETY: as for `Send`.
unsafe impl Sync for HashCallback {}

/// The credential with an attribute of the callback set. `buffer` is the function or its argument
/// itself.
pub(crate) fn set(
    credential: &Credential,
    attribute: ULONG,
    buffer: *mut c_void,
) -> Result<Credential> {
    let callback = credential
        .application
        .as_deref()
        .and_then(|application| (application as &dyn Any).downcast_ref());
    let mut callback = callback
        .copied()
        .unwrap_or(HashCallback { function: None, argument: std::ptr::null_mut() });
    match attribute {
        SECPKG_ATTR_AUTH_NTLM_HASH_CB => {
            // SAFETY: C caller's contract, attributes: it is such a function, or NULL.
            callback.function =
                unsafe { std::mem::transmute::<*mut c_void, NTLM_HASH_CALLBACK>(buffer) }
        }
        SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA => callback.argument = buffer,
        _ => return Err(Error::Unsupported("this attribute can't be set")),
    }
    let application = callback.function.is_some() || !callback.argument.is_null();
    let application = application.then(|| Arc::new(callback) as Arc<dyn Application>);
    Ok(Credential { application, ..credential.clone() })
}

impl Application for HashCallback {
    fn ntowf_v2(&self, logon: &NetworkLogon<'_>, proofs: &Proofs) -> Option<Zeroizing<[u8; 16]>> {
        let function = self.function?;
        let (mut user, mut domain) =
            (SEC_WCHAR::encode(logon.user), SEC_WCHAR::encode(logon.domain));
        let identity = SEC_WINNT_AUTH_IDENTITY {
            User: user.as_mut_ptr(),
            UserLength: user.len() as ULONG - 1,
            Domain: domain.as_mut_ptr(),
            DomainLength: domain.len() as ULONG - 1,
            Password: std::ptr::null_mut(),
            PasswordLength: 0,
            Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
        };
        let [proof_value, mic_value] =
            [&proofs.nt_proof_value, &proofs.mic_value].map(|bytes| SecBuffer {
                cbBuffer: bytes.len() as ULONG,
                BufferType: SECBUFFER_DATA,
                pvBuffer: bytes.as_ptr().cast_mut().cast(),
            });
        let session_key = logon.messages.session_key;
        let session_key = if session_key.len() == 16 { session_key.as_ptr() } else { null() };
        let mic = logon.messages.authenticate.map_or(null(), |[_, mic, _]| mic.as_ptr());
        let mut hash = Zeroizing::new([0; 16]);
        // SAFETY: C caller's contract, callbacks. The other arguments live as long as the call, and
        // the hash has 16 bytes.
        let status = unsafe {
            function(
                self.argument,
                &identity,
                &proof_value,
                session_key,
                mic,
                &mic_value,
                hash.as_mut_ptr(),
            )
        };
        // WinPR's callbacks return SEC_E_OK for success, or TRUE in earlier versions. One that
        // returns FALSE for failure leaves zeros, which must not pass as a hash.
        (status >= 0 && *hash != [0; 16]).then_some(hash)
    }
}
