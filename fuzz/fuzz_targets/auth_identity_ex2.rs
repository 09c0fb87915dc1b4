//! SEC_WINNT_AUTH_IDENTITY_EX2: whatever offsets and lengths a block holds, nothing outside of it
//! is read. The block is of its exact size, so that the address sanitizer sees one byte too many.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::mem::offset_of;
use std::ptr::null_mut;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    if rest.len() < size_of::<SEC_WINNT_AUTH_IDENTITY_EX2>() {
        return;
    }
    // The fields that identify the block are valid, above all its length, which is the caller's
    // guarantee of what may be read. With another header length it would be a
    // SEC_WINNT_AUTH_IDENTITY, which holds pointers.
    let mut block = rest.to_vec().into_boxed_slice();
    let at = offset_of!(SEC_WINNT_AUTH_IDENTITY_EX2, cbStructureLength);
    block[..4].copy_from_slice(&SEC_WINNT_AUTH_IDENTITY_VERSION_2.to_ne_bytes());
    block[at..at + 4].copy_from_slice(&(rest.len() as u32).to_ne_bytes());
    let at = offset_of!(SEC_WINNT_AUTH_IDENTITY_EX2, cbHeaderLength);
    let header = 32 + u16::from_ne_bytes([block[at], block[at + 1]]) % 993;
    block[at..at + 2].copy_from_slice(&header.to_ne_bytes());
    let mut package: Vec<u16> =
        ["Negotiate\0", "Kerberos\0", "NTLM\0"][usize::from(choice) % 3].encode_utf16().collect();
    let mut handle = SecHandle { dwLower: 0, dwUpper: 0 };
    // SAFETY: the block is as long as it says, the other pointers are NULL or point to what their
    // types say.
    unsafe {
        let status = AcquireCredentialsHandleW(
            null_mut(),
            package.as_mut_ptr(),
            SECPKG_CRED_INBOUND,
            null_mut(),
            block.as_mut_ptr().cast(),
            None,
            null_mut(),
            &mut handle,
            null_mut(),
        );
        assert!(status == SEC_E_OK || status == SEC_E_UNKNOWN_CREDENTIALS, "{status:#x}");
        if status == SEC_E_OK {
            assert_eq!(FreeCredentialsHandle(&mut handle), SEC_E_OK);
        }
    }
});
