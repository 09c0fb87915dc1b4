//! The application's callbacks: functions that are called by the library.

use crate::{PASSWORD, USER};
use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use negossp_core::ntlm::crypto::ntowf_v2;
use negossp_core::primitives::nt_hash::nt_hash;
use std::ffi::c_void;
use std::ptr::{null_mut, without_provenance_mut};
use std::slice;

pub const HASH: ULONG = 1108;
pub const ARGUMENT: ULONG = 1109;
pub const ACCOUNT_NAME: ULONG = 0x4e53_0010;
pub const PEER_ADDRESS: ULONG = 0x4e53_0004;

/// What the callbacks do: the value of [`ARGUMENT`].
#[derive(Debug, Clone, Copy, Arbitrary)]
#[repr(usize)]
pub enum Answer {
    /// They know alice and her password.
    Right,
    /// They know nobody.
    Nobody,
    /// They write nothing and say that they have.
    Zeros,
    /// A hash that is nobody's, and names without end.
    Garbage,
}

impl Answer {
    pub fn argument(self) -> *mut c_void {
        without_provenance_mut(self as usize)
    }

    fn of(argument: *mut c_void) -> Answer {
        match argument.addr() {
            0 => Answer::Right,
            1 => Answer::Nobody,
            2 => Answer::Zeros,
            _ => Answer::Garbage,
        }
    }
}

/// The function to set for this attribute; `None` if its value is none.
pub fn function(attribute: ULONG) -> Option<*mut c_void> {
    match attribute {
        HASH => Some(hash as *const () as *mut c_void),
        ACCOUNT_NAME => Some(account_name as *const () as *mut c_void),
        ARGUMENT => Some(null_mut()),
        _ => None,
    }
}

/// # Safety
/// As NTLM_HASH_CALLBACK says.
unsafe extern "C" fn hash(
    argument: *mut c_void,
    identity: *const SEC_WINNT_AUTH_IDENTITY<SEC_WCHAR>,
    proof: *const SecBuffer,
    key: *const u8,
    mic: *const u8,
    mic_value: *const SecBuffer,
    hash: *mut u8,
) -> SECURITY_STATUS {
    // SAFETY: the library promises all of it.
    unsafe {
        let identity = identity.read();
        let [user, domain] =
            [(identity.User, identity.UserLength), (identity.Domain, identity.DomainLength)].map(
                |(text, length)| {
                    assert_eq!(text.add(length as usize).read(), 0);
                    String::from_utf16(slice::from_raw_parts(text, length as usize)).unwrap()
                },
            );
        // Everything that may be read is.
        let mut read = 0u64;
        for buffer in [proof, mic_value].map(|buffer| buffer.read()) {
            let bytes =
                slice::from_raw_parts(buffer.pvBuffer.cast::<u8>(), buffer.cbBuffer as usize);
            read += bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        }
        for bytes in [key, mic].into_iter().filter(|bytes| !bytes.is_null()) {
            read +=
                slice::from_raw_parts(bytes, 16).iter().map(|byte| u64::from(*byte)).sum::<u64>();
        }
        std::hint::black_box(read);
        match Answer::of(argument) {
            Answer::Right if user.eq_ignore_ascii_case(USER) => {
                let made = ntowf_v2(&nt_hash(PASSWORD), &user, &domain);
                hash.copy_from(made.as_ptr(), 16);
                SEC_E_OK
            }
            Answer::Right | Answer::Nobody => SEC_E_NO_CREDENTIALS,
            Answer::Zeros => SEC_E_OK,
            Answer::Garbage => {
                hash.write_bytes(0x5a, 16);
                SEC_E_OK
            }
        }
    }
}

/// # Safety
/// As NTLM_ACCOUNT_NAME_CALLBACK says.
unsafe extern "C" fn account_name(
    argument: *mut c_void,
    _: *const SEC_WINNT_AUTH_IDENTITY<SEC_WCHAR>,
    domain: *mut SEC_WCHAR,
    user: *mut SEC_WCHAR,
) -> SECURITY_STATUS {
    // SAFETY: both have 257 characters.
    unsafe {
        match Answer::of(argument) {
            Answer::Right => SEC_E_OK,
            Answer::Nobody => SEC_E_NO_CREDENTIALS,
            Answer::Zeros => {
                user.write_bytes(0, 257);
                SEC_E_OK
            }
            Answer::Garbage => {
                domain.write_bytes(0xd8, 257);
                user.write_bytes(0xd8, 257);
                SEC_E_OK
            }
        }
    }
}
