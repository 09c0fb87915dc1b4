//! What only shows from inside: panics, and memory that is ours.

#[path = "../../tests/abi_support/mod.rs"]
mod abi_support;

use super::abi::*;
use super::guard::guard;
use super::memory;
use crate::error::Error;
use abi_support::{Credentials, NO_HANDLE, Side, converse, establish, free};
use std::ptr::null_mut;

/// A token that makes a conversation panic.
pub(super) const PANIC: &[u8] = b"panic, please";

#[test]
fn sec_e_internal_error_for_any_panic() {
    assert_eq!(guard("test", || panic!("a literal")), SEC_E_INTERNAL_ERROR);
    assert_eq!(guard("test", || panic!("formatted {}", 1)), SEC_E_INTERNAL_ERROR);
    assert_eq!(guard("test", || std::panic::panic_any(17)), SEC_E_INTERNAL_ERROR);
    struct Worse;
    impl Drop for Worse {
        fn drop(&mut self) {
            panic!("while dropped");
        }
    }
    assert_eq!(guard("test", || std::panic::panic_any(Worse)), SEC_E_INTERNAL_ERROR);
    assert_eq!(guard("test", || Err(Error::OutOfSequence)), SEC_E_OUT_OF_SEQUENCE);
    assert_eq!(guard("test", || Ok(SEC_I_CONTINUE_NEEDED)), SEC_I_CONTINUE_NEEDED);
}

#[test]
fn a_panic_in_a_first_call_leaves_no_context() {
    let credentials = Credentials::inbound("Negotiate");
    let mut server = Side::server(0);
    let leg = server.step(&credentials, Some(PANIC));
    assert_eq!((leg.status, leg.length), (SEC_E_INTERNAL_ERROR, 0));
    assert_eq!((server.context.dwLower, server.context.dwUpper), (NO_HANDLE.dwLower, NO_HANDLE.dwUpper));
}

#[test]
fn a_panic_in_a_later_call_ends_that_context_and_no_other() {
    let outbound = Credentials::outbound("Negotiate", "secret");
    let inbound = Credentials::inbound("Negotiate");
    let (mut client, mut server) = (Side::client(0), Side::server(0));
    let first = server.step(&inbound, Some(&client.step(&outbound, None).token));
    assert_eq!(first.status, SEC_I_CONTINUE_NEEDED);
    let answer = client.step(&outbound, Some(&first.token));
    assert_eq!(server.step(&inbound, Some(PANIC)).status, SEC_E_INTERNAL_ERROR);
    // It has failed: the right answer comes too late, and nothing but deleting is left.
    assert_eq!(server.step(&inbound, Some(&answer.token)).status, SEC_E_INVALID_HANDLE);
    assert_eq!(server.query::<SecPkgContext_Sizes>(SECPKG_ATTR_SIZES).err(), Some(SEC_E_INVALID_HANDLE));
    assert_eq!(server.delete(), SEC_E_OK);
    assert_eq!(server.delete(), SEC_E_INVALID_HANDLE);
    // No lock is poisoned, no table broken.
    let (mut client, mut server) = (Side::client(0), Side::server(0));
    let (_, end) = converse(&mut client, &outbound, &mut server, &inbound);
    assert_eq!(end.status, SEC_E_OK);
}

#[test]
fn memory_is_zeroed_aligned_and_freed_once() {
    for length in [0, 1, 7, 8, 9, 4096] {
        let start = memory::allocate(length).unwrap().as_ptr();
        assert_eq!(start.addr() % 8, 0);
        // SAFETY: as many bytes were allocated.
        assert!(unsafe { std::slice::from_raw_parts(start, length) }.iter().all(|byte| *byte == 0));
        assert_eq!(free(start.cast()), SEC_E_OK);
        assert_eq!(free(start.cast()), SEC_E_INVALID_PARAMETER);
    }
    assert!(memory::allocate(usize::MAX / 2).is_err());
}

#[test]
fn memory_that_is_not_ours_is_left_alone() {
    let mut local = [0x5au8; 64];
    assert_eq!(free(local.as_mut_ptr().cast()), SEC_E_INVALID_PARAMETER);
    assert_eq!(local, [0x5a; 64]);
    assert_eq!(free(null_mut()), SEC_E_OK);
    assert_eq!(free(std::ptr::without_provenance_mut(usize::MAX)), SEC_E_INVALID_PARAMETER);
    let ours = memory::copy(b"sixteen bytes ..").unwrap().as_ptr();
    assert_eq!(free(ours.wrapping_add(8).cast()), SEC_E_INVALID_PARAMETER);
    // SAFETY: allocated above and not freed.
    assert_eq!(unsafe { std::slice::from_raw_parts(ours, 16) }, b"sixteen bytes ..");
    assert_eq!(free(ours.cast()), SEC_E_OK);
}

#[test]
fn every_attribute_and_message_through_the_interface() {
    // Under Miri, the pointers of every path are checked.
    let mut pair = establish("Negotiate");
    for attribute in 0..40 {
        for side in [&mut pair.client, &mut pair.server] {
            let mut room = [0usize; 8];
            // SAFETY: no attribute's structure is longer.
            let status =
                unsafe { super::exports::QueryContextAttributesA(&mut side.context, attribute, room.as_mut_ptr().cast()) };
            assert!(matches!(status, SEC_E_OK | SEC_E_UNSUPPORTED_FUNCTION | SEC_E_TARGET_UNKNOWN), "{attribute}: {status:#x}");
            if status == SEC_E_OK {
                // Whatever of it is a pointer of ours is freed; the rest is not, and left alone.
                room.iter().for_each(|word| _ = free(std::ptr::with_exposed_provenance_mut(*word)));
            }
        }
    }
}
