//! Accounts supplied by the program through a callback, with the attributes and the signature that
//! WinPR uses, and another callback by which the program says what an account is called.

use crate::authority::{AccountName, Application, Proofs};
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

/// An attribute of the library, which `negossp.h` documents.
const SECPKG_ATTR_NEGOSSP_ACCOUNT_NAME_CB: ULONG = 0x4e53_0010;

/// The longest name of a user or a domain ([MS-LSAT] and UNLEN), in characters, with the
/// terminating zero.
const NAME: usize = 257;

/// The callbacks and their first argument.
#[derive(Debug, Clone, Copy)]
struct HashCallback {
    function: NTLM_HASH_CALLBACK,
    account_name: NTLM_ACCOUNT_NAME_CALLBACK,
    argument: *mut c_void,
}

// SAFETY: C caller's contract, callbacks.
unsafe impl Send for HashCallback {}
// SAFETY: as for `Send`.
unsafe impl Sync for HashCallback {}

/// The program's accounts by this callback; `None` without one.
pub(super) fn of(
    function: NTLM_HASH_CALLBACK,
    argument: *mut c_void,
) -> Option<Arc<dyn Application>> {
    function?;
    Some(Arc::new(HashCallback { function, account_name: None, argument }))
}

/// Whether [`set`] sets it.
pub(crate) fn is_attribute(attribute: ULONG) -> bool {
    matches!(
        attribute,
        SECPKG_ATTR_AUTH_NTLM_HASH_CB
            | SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA
            | SECPKG_ATTR_NEGOSSP_ACCOUNT_NAME_CB
    )
}

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
    let mut callback = callback.copied().unwrap_or(HashCallback {
        function: None,
        account_name: None,
        argument: std::ptr::null_mut(),
    });
    match attribute {
        SECPKG_ATTR_AUTH_NTLM_HASH_CB => {
            // SAFETY: C caller's contract, attributes: it is such a function, or NULL.
            callback.function =
                unsafe { std::mem::transmute::<*mut c_void, NTLM_HASH_CALLBACK>(buffer) }
        }
        SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA => callback.argument = buffer,
        SECPKG_ATTR_NEGOSSP_ACCOUNT_NAME_CB => {
            // SAFETY: C caller's contract, attributes: it is such a function, or NULL.
            callback.account_name =
                unsafe { std::mem::transmute::<*mut c_void, NTLM_ACCOUNT_NAME_CALLBACK>(buffer) }
        }
        _ => return Err(Error::Unsupported("this attribute can't be set")),
    }
    let application = callback.function.is_some()
        || callback.account_name.is_some()
        || !callback.argument.is_null();
    let application = application.then(|| Arc::new(callback) as Arc<dyn Application>);
    Ok(Credential { application, ..credential.clone() })
}

impl Application for HashCallback {
    fn ntowf_v2(&self, logon: &NetworkLogon<'_>, proofs: &Proofs) -> Option<Zeroizing<[u8; 16]>> {
        let function = self.function?;
        let mut names = Names::of(logon);
        let identity = names.identity();
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
    fn account_name(&self, logon: &NetworkLogon<'_>, account: AccountName) -> Option<AccountName> {
        let Some(function) = self.account_name else { return Some(account) };
        let mut names = Names::of(logon);
        let identity = names.identity();
        let [mut domain, mut user] = [&account.domain, &account.user].map(|name| padded(name));
        // SAFETY: C caller's contract, callbacks. The identity lives as long as the call, and both
        // names have as many characters as the callback may write.
        let status =
            unsafe { function(self.argument, &identity, domain.as_mut_ptr(), user.as_mut_ptr()) };
        let (domain, user) = (text_of(&domain)?, text_of(&user)?);
        (status >= 0 && !user.is_empty()).then_some(AccountName { domain, user })
    }
}

/// The names from the client, as an identity points to them.
struct Names {
    user: Vec<SEC_WCHAR>,
    domain: Vec<SEC_WCHAR>,
}

impl Names {
    fn of(logon: &NetworkLogon<'_>) -> Names {
        Names { user: wide(logon.user), domain: wide(logon.domain) }
    }

    /// Valid as long as the names are.
    fn identity(&mut self) -> SEC_WINNT_AUTH_IDENTITY<SEC_WCHAR> {
        SEC_WINNT_AUTH_IDENTITY {
            User: self.user.as_mut_ptr(),
            UserLength: self.user.len() as ULONG - 1,
            Domain: self.domain.as_mut_ptr(),
            DomainLength: self.domain.len() as ULONG - 1,
            Password: std::ptr::null_mut(),
            PasswordLength: 0,
            Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
        }
    }
}

/// A name with a terminating zero. The client's names have at most 256 units.
fn wide(name: &str) -> Vec<SEC_WCHAR> {
    name.encode_utf16().chain([0]).collect()
}

/// A name with zeros up to [`NAME`]; empty if it is longer.
fn padded(name: &str) -> [SEC_WCHAR; NAME] {
    let encoded = wide(name);
    std::array::from_fn(|at| match encoded.len() {
        ..=NAME => encoded.get(at).copied().unwrap_or(0),
        _ => 0,
    })
}

/// The text before the first zero; `None` without one, or if it is not UTF-16.
fn text_of(characters: &[SEC_WCHAR; NAME]) -> Option<String> {
    let end = characters.iter().position(|&character| character == 0)?;
    SEC_WCHAR::decode(characters.get(..end)?).ok().map(|text| text.to_string())
}
