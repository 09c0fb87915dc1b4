//! Attributes: functions that set them, and queries of credentials with the buffer's length.

use crate::entry::abi::*;
use crate::entry::boundary::guard::guard;
use crate::entry::context::access_token::act_as;
use crate::entry::context::{attributes, channel};
use crate::entry::credentials::{self, hash_callback};
use crate::entry::forward::Form;
use crate::types::error::Result;
use std::ffi::c_void;

/// An attribute of the library, which `negossp.h` documents.
const SECPKG_CRED_ATTR_NEGOSSP_CLIENT_CONTEXT: ULONG = 0x4e53_0011;

/// Changes a context.
///
/// \param phContext  A context that awaits its client's next token.
/// \param ulAttribute  SECPKG_ATTR_NEGOSSP_PEER_ADDRESS: the client's address, for the calls to
///     come. SECPKG_ATTR_AUTH_NTLM_HASH_CB or SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA: the callback by
///     which the program supplies accounts for this context, or its first argument.
/// \param pBuffer  A `sockaddr`, as accept() and getpeername() return it; one that is not of IPv4
///     or IPv6 means that the address is not known. For the others the function itself, a
///     psSspiNtlmHashCallback, or the argument itself; NULL for none.
/// \param cbBuffer  Bytes of the `sockaddr`; ignored for the others.
///
/// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_PARAMETER (no `sockaddr`) or
/// SEC_E_UNSUPPORTED_FUNCTION (another attribute, or too late for it).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetContextAttributesW(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("SetContextAttributesW", || {
        forward!(context phContext, SEC_WCHAR, SetContextAttributes(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: C caller's contract, handles and attributes.
        unsafe { attributes::set(phContext, ulAttribute, pBuffer, cbBuffer) }
    })
}

/// The same as SetContextAttributesW: it has no text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetContextAttributesA(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("SetContextAttributesA", || {
        forward!(context phContext, SEC_CHAR, SetContextAttributes(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: C caller's contract, handles and attributes.
        unsafe { attributes::set(phContext, ulAttribute, pBuffer, cbBuffer) }
    })
}

/// Changes credentials, for the contexts that are started from now on.
///
/// \param phCredential  The credentials.
/// \param ulAttribute  Of credentials for inbound use, SECPKG_ATTR_AUTH_NTLM_HASH_CB or
///     SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA, as for SetContextAttributesW. Of credentials for outbound
///     use, SECPKG_CRED_ATTR_NEGOSSP_CLIENT_CONTEXT: they act as the client of a context, with what
///     it has delegated; SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS.
/// \param pBuffer  As for SetContextAttributesW. The function is called in the thread that accepts
///     a client, and may be called in several at once. For credentials for outbound use a CtxtHandle
///     that AcceptSecurityContext has made, or a SecPkgCredentials_KdcProxySettings.
/// \param cbBuffer  The bytes of the SecPkgCredentials_KdcProxySettings with its text; ignored for
///     the others.
///
/// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_PARAMETER (credentials for the other use, or
/// not for Kerberos), SEC_E_NO_CREDENTIALS (the client has delegated none, and the server may not act
/// for it by protocol transition) or SEC_E_UNSUPPORTED_FUNCTION (another attribute; no KDC proxies in
/// this build).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetCredentialsAttributesW(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("SetCredentialsAttributesW", || {
        // SAFETY: C caller's contract.
        unsafe { set::<SEC_WCHAR>(phCredential, ulAttribute, pBuffer, cbBuffer) }
    })
}

/// The same as SetCredentialsAttributesW: it has no text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetCredentialsAttributesA(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("SetCredentialsAttributesA", || {
        // SAFETY: C caller's contract.
        unsafe { set::<SEC_CHAR>(phCredential, ulAttribute, pBuffer, cbBuffer) }
    })
}

/// SetCredentialsAttributes in either form.
///
/// # Safety
/// As for SetCredentialsAttributesW.
unsafe fn set<Char: Form>(
    handle: PCredHandle,
    attribute: ULONG,
    buffer: *mut c_void,
    length: ULONG,
) -> Result<SECURITY_STATUS> {
    if attribute == SECPKG_CRED_ATTR_NEGOSSP_CLIENT_CONTEXT {
        // SAFETY: C caller's contract, handles.
        unsafe {
            let client = act_as(buffer.cast())?;
            return credentials::act_as(handle, &client);
        }
    }
    if !hash_callback::is_attribute(attribute) {
        forward!(outbound_credentials handle, Char, SetCredentialsAttributes(attribute, buffer, length));
    }
    forward!(credentials handle, Char, SetCredentialsAttributes(attribute, buffer, length));
    // SAFETY: C caller's contract, handles and attributes.
    unsafe { credentials::set(handle, attribute, buffer, length) }
}

/// QueryCredentialsAttributesW with the length of the buffer.
///
/// \param phCredential  The handle.
/// \param ulAttribute  `SECPKG_CRED_ATTR_*`.
/// \param pBuffer  Receives the structure of that attribute.
/// \param cbBuffer  Bytes at pBuffer.
///
/// Returns as QueryCredentialsAttributesW, and SEC_E_BUFFER_TOO_SMALL.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryCredentialsAttributesExW(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("QueryCredentialsAttributesExW", || {
        forward!(outbound_credentials phCredential, SEC_WCHAR, QueryCredentialsAttributesEx(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: C caller's contract, handles and attributes.
        unsafe {
            credentials::query::<SEC_WCHAR>(phCredential, ulAttribute, pBuffer, Some(cbBuffer))
        }
    })
}

/// QueryCredentialsAttributesExW with ANSI text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryCredentialsAttributesExA(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("QueryCredentialsAttributesExA", || {
        forward!(outbound_credentials phCredential, SEC_CHAR, QueryCredentialsAttributesEx(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: C caller's contract, handles and attributes.
        unsafe {
            credentials::query::<SEC_CHAR>(phCredential, ulAttribute, pBuffer, Some(cbBuffer))
        }
    })
}

/// Sets flags of channel bindings, which QueryContextAttributes of the outer channel (TLS) has
/// returned, before they are passed to AcceptSecurityContext: their structure becomes a
/// SEC_CHANNEL_BINDINGS_EX.
///
/// \param pBindings  The bindings, of either form. Their memory is freed as by FreeContextBuffer
///     and replaced by new memory, which FreeContextBuffer frees.
/// \param flags  SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS: bindings that differ or are missing reject no
///     client, and are only reported in a SECBUFFER_CHANNEL_BINDINGS_RESULT buffer; or 0.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, other flags, or malformed bindings) or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiSetChannelBindingFlags(
    pBindings: *mut SecPkgContext_Bindings,
    flags: ULONG,
) -> SECURITY_STATUS {
    guard("SspiSetChannelBindingFlags", || {
        // SAFETY: C caller's contract, outputs.
        unsafe { channel::set_flags(pBindings, flags) }
    })
}
