//! SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS: the KDC proxy of credentials for outbound use.

use crate::encoding::utf16::{self, Utf16};
use crate::entry::abi::*;
use crate::tickets::ProxySettings;
use crate::types::error::{Error, Result};
use std::ffi::c_void;

/// The size of the structure, before its text.
const FIXED: usize = size_of::<SecPkgCredentials_KdcProxySettings>();

/// Reads the structure: `length` bytes with the name of the proxy, in UTF-16, behind it.
///
/// Errors: `InvalidParameter` if it is not that; `Unsupported` for credentials for TLS, and in a
/// build without KDC proxies.
///
/// # Safety
/// `buffer` is NULL or points to `length` bytes.
pub(super) unsafe fn read(buffer: *const u8, length: ULONG) -> Result<ProxySettings> {
    const MALFORMED: Error = Error::InvalidParameter("not a SecPkgCredentials_KdcProxySettings");
    if buffer.is_null() || (length as usize) < FIXED {
        return Err(MALFORMED);
    }
    // SAFETY: C caller's contract, attributes: there is room for the structure.
    let fixed = unsafe { buffer.cast::<SecPkgCredentials_KdcProxySettings>().read_unaligned() };
    if fixed.Version != KDC_PROXY_SETTINGS_V1 {
        return Err(MALFORMED);
    }
    if fixed.ClientTlsCredLength != 0 {
        return Err(Error::Unsupported("a certificate of the client's for KDC proxies"));
    }
    let (offset, text) = (usize::from(fixed.ProxyServerOffset), fixed.ProxyServerLength);
    let end = offset + usize::from(text);
    if text != 0 && (offset < FIXED || end > length as usize || !text.is_multiple_of(2)) {
        return Err(MALFORMED);
    }
    let name = match text {
        0 => String::new(),
        _ => {
            // SAFETY: the text lies within the buffer.
            let bytes = unsafe { std::slice::from_raw_parts(buffer.add(offset), text.into()) };
            // Some count the terminator.
            let bytes = bytes.strip_suffix(&[0, 0]).unwrap_or(bytes);
            Utf16::new(bytes).and_then(|text| text.to_text()).map_err(|_| MALFORMED)?
        }
    };
    let force = fixed.Flags & KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY != 0;
    ProxySettings::new(&name, force)
}

/// Writes the structure, with the name of the proxy behind it if the buffer's length is known.
///
/// Errors: `BufferTooSmall`.
///
/// # Safety
/// `buffer` points to `length` bytes, or if that is not given to a structure.
pub(super) unsafe fn write(
    settings: Option<&ProxySettings>,
    buffer: *mut c_void,
    length: Option<ULONG>,
) -> Result<SECURITY_STATUS> {
    let server = settings.map(ProxySettings::server).unwrap_or_default();
    let text = match length {
        Some(_) => utf16::bytes_of(server)?,
        None => Vec::new(),
    };
    let needed = FIXED + text.len();
    if length.is_some_and(|length| (length as usize) < needed) {
        return Err(Error::BufferTooSmall { needed });
    }
    let text_length = USHORT::try_from(text.len())
        .map_err(|_| Error::Internal("the name of a KDC proxy is too long"))?;
    let fixed = SecPkgCredentials_KdcProxySettings {
        Version: KDC_PROXY_SETTINGS_V1,
        Flags: match settings.is_some_and(ProxySettings::is_forced) {
            true => KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY,
            false => 0,
        },
        ProxyServerOffset: if text.is_empty() { 0 } else { FIXED as USHORT },
        ProxyServerLength: text_length,
        ClientTlsCredOffset: 0,
        ClientTlsCredLength: 0,
    };
    // SAFETY: C caller's contract, attributes: there is room for both.
    unsafe {
        buffer.cast::<SecPkgCredentials_KdcProxySettings>().write_unaligned(fixed);
        buffer.cast::<u8>().add(FIXED).copy_from_nonoverlapping(text.as_ptr(), text.len());
    }
    Ok(SEC_E_OK)
}
