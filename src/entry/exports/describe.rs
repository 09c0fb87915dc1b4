//! NegosspDescribe.

use crate::entry::abi::*;
use crate::entry::boundary::guard::guard;
use crate::entry::boundary::pointers::put;
use crate::server;
use crate::types::error::Error;

/// Describes the library in this process, for operators. Its presence shows that the library is in
/// place.
///
/// \param Buffer  Receives UTF-8 text that ends with a zero: lines `key=value`, each with a line
///     feed. `version`; `platform`; `configuration`, the file that the library looks for;
///     `configuration_state`, `in force`, `in force as last read: ...` (the file cannot be used as
///     it is now), `missing: ...` or `not in force, ...`; `mechanisms`;
///     `accounts`, the account file, and `accounts_usable`, how many of its lines can be used;
///     `keytab`; `computer`; `domain`. Others may follow. Not touched after an error.
/// \param cbBuffer  Bytes at Buffer; 0 to ask for the number.
/// \param pcbNeeded  Receives the number of bytes that were, or would have been, written. May be
///     NULL.
///
/// Returns SEC_E_OK, SEC_E_BUFFER_TOO_SMALL or SEC_E_INVALID_PARAMETER (Buffer is NULL).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn NegosspDescribe(
    Buffer: *mut SEC_CHAR,
    cbBuffer: ULONG,
    pcbNeeded: *mut ULONG,
) -> SECURITY_STATUS {
    // SAFETY: C caller's contract, outputs.
    unsafe { put(pcbNeeded, 0) };
    guard("NegosspDescribe", || {
        let mut text = server::describe().into_bytes();
        text.push(0);
        let needed = ULONG::try_from(text.len()).map_err(|_| Error::OutOfMemory)?;
        // SAFETY: C caller's contract, outputs.
        unsafe { put(pcbNeeded, needed) };
        if needed > cbBuffer {
            return Err(Error::BufferTooSmall { needed: text.len() });
        }
        if Buffer.is_null() {
            return Err(Error::InvalidParameter("Buffer is NULL"));
        }
        // SAFETY: C caller's contract, outputs: it is not NULL, and has `cbBuffer` bytes, which are
        // enough.
        unsafe { Buffer.cast::<u8>().copy_from(text.as_ptr(), text.len()) };
        Ok(SEC_E_OK)
    })
}
