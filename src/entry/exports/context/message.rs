//! Protecting messages with an established context.

use crate::entry::abi::*;
use crate::entry::boundary::guard::guard;
use crate::entry::context::message;

/// Signs a message.
///
/// \param phContext  An established context with integrity.
/// \param fQOP  0. With NTLM also SECQOP_WRAP_NO_ENCRYPT, which makes no difference; with Kerberos
///     that is SEC_E_INVALID_TOKEN.
/// \param pMessage  The message in SECBUFFER_DATA buffers and one SECBUFFER_TOKEN buffer, which
///     receives the signature: its cbBuffer is its capacity (SecPkgContext_Sizes.cbMaxSignature)
///     and then the length.
/// \param MessageSeqNo  The message's number; used by datagram contexts, else ignored.
///
/// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_TOKEN (a buffer is missing),
/// SEC_E_BUFFER_TOO_SMALL, SEC_E_QOP_NOT_SUPPORTED, SEC_E_UNSUPPORTED_FUNCTION (no integrity was
/// negotiated), SEC_E_CONTEXT_EXPIRED, SEC_E_INVALID_PARAMETER.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn MakeSignature(
    phContext: PCtxtHandle,
    fQOP: ULONG,
    pMessage: PSecBufferDesc,
    MessageSeqNo: ULONG,
) -> SECURITY_STATUS {
    guard("MakeSignature", || {
        forward!(context phContext, MakeSignature(fQOP, pMessage, MessageSeqNo));
        // SAFETY: C caller's contract, handles and buffers.
        unsafe { message::sign(phContext, fQOP, pMessage, MessageSeqNo) }
    })
}

/// Checks the signature of a message that the peer signed with MakeSignature.
///
/// \param phContext  An established context with integrity.
/// \param pMessage  The message in SECBUFFER_DATA buffers and the signature in a SECBUFFER_TOKEN
///     buffer.
/// \param MessageSeqNo  The message's number; used by datagram contexts, else ignored.
/// \param pfQOP  With Kerberos receives 0, and with NTLM nothing; may be NULL.
///
/// Returns SEC_E_OK, SEC_E_MESSAGE_ALTERED, SEC_E_OUT_OF_SEQUENCE, and as MakeSignature.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn VerifySignature(
    phContext: PCtxtHandle,
    pMessage: PSecBufferDesc,
    MessageSeqNo: ULONG,
    pfQOP: *mut ULONG,
) -> SECURITY_STATUS {
    guard("VerifySignature", || {
        forward!(context phContext, VerifySignature(pMessage, MessageSeqNo, pfQOP));
        // SAFETY: C caller's contract, handles, buffers and outputs.
        unsafe { message::verify(phContext, pMessage, MessageSeqNo, pfQOP) }
    })
}

/// Encrypts and signs a message, in place.
///
/// \param phContext  An established context with confidentiality.
/// \param fQOP  0, or SECQOP_WRAP_NO_ENCRYPT to sign only.
/// \param pMessage  The message in SECBUFFER_DATA buffers and one SECBUFFER_TOKEN buffer, which
///     receives the signature (capacity: SecPkgContext_Sizes.cbSecurityTrailer). A SECBUFFER_DATA
///     buffer marked SECBUFFER_READONLY_WITH_CHECKSUM is signed and not encrypted, one marked
///     SECBUFFER_READONLY neither. With RC4 or triple DES keys of Kerberos (except in DCE style), a
///     SECBUFFER_PADDING buffer receives the padding, 1 byte or 1 to 8, which is sent behind the
///     data: a peer that uses gss_unwrap needs it. Without such a buffer there is no padding. In
///     all other cases the buffer becomes empty.
/// \param MessageSeqNo  The message's number; used by datagram contexts, else ignored.
///
/// Returns as MakeSignature.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn EncryptMessage(
    phContext: PCtxtHandle,
    fQOP: ULONG,
    pMessage: PSecBufferDesc,
    MessageSeqNo: ULONG,
) -> SECURITY_STATUS {
    guard("EncryptMessage", || {
        forward!(context phContext, EncryptMessage(fQOP, pMessage, MessageSeqNo));
        // SAFETY: C caller's contract, handles and buffers.
        unsafe { message::encrypt(phContext, fQOP, pMessage, MessageSeqNo) }
    })
}

/// Decrypts a message and checks its signature, in place.
///
/// \param phContext  An established context with confidentiality.
/// \param pMessage  Either the message in SECBUFFER_DATA buffers and the signature in a
///     SECBUFFER_TOKEN buffer, and the padding, if any, in a SECBUFFER_PADDING buffer; or all of it
///     as received in one SECBUFFER_STREAM buffer, and an empty SECBUFFER_DATA buffer that is then
///     set to point at the plain message within it.
/// \param MessageSeqNo  The message's number; used by datagram contexts, else ignored.
/// \param pfQOP  With Kerberos receives 0, or SECQOP_WRAP_NO_ENCRYPT, and with NTLM nothing; may be
///     NULL.
///
/// Returns as VerifySignature.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn DecryptMessage(
    phContext: PCtxtHandle,
    pMessage: PSecBufferDesc,
    MessageSeqNo: ULONG,
    pfQOP: *mut ULONG,
) -> SECURITY_STATUS {
    guard("DecryptMessage", || {
        forward!(context phContext, DecryptMessage(pMessage, MessageSeqNo, pfQOP));
        // SAFETY: C caller's contract, handles, buffers and outputs.
        unsafe { message::decrypt(phContext, pMessage, MessageSeqNo, pfQOP) }
    })
}

/// EncryptMessage by its older name.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SealMessage(
    phContext: PCtxtHandle,
    fQOP: ULONG,
    pMessage: PSecBufferDesc,
    MessageSeqNo: ULONG,
) -> SECURITY_STATUS {
    // SAFETY: C caller's contract.
    unsafe { EncryptMessage(phContext, fQOP, pMessage, MessageSeqNo) }
}

/// DecryptMessage by its older name.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn UnsealMessage(
    phContext: PCtxtHandle,
    pMessage: PSecBufferDesc,
    MessageSeqNo: ULONG,
    pfQOP: *mut ULONG,
) -> SECURITY_STATUS {
    // SAFETY: C caller's contract.
    unsafe { DecryptMessage(phContext, pMessage, MessageSeqNo, pfQOP) }
}
