//! Tests that need internals: panics, and memory of the library.

#[path = "../../tests/it/support/abi.rs"]
#[allow(dead_code)] // a part is used
pub(super) mod abi_support;

use super::abi::*;
use super::boundary::guard::guard;
use super::boundary::memory;
use super::exports;
use crate::runtime::log;
use crate::types::error::Error;
use abi_support::{Credentials, NO_HANDLE, Side, buffer, converse, descriptor, establish, free};
use std::ffi::c_void;
use std::ptr::null_mut;

/// A token that makes a step panic.
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
    // The second panic's payload leaks, which Miri would report.
    if !cfg!(miri) {
        assert_eq!(guard("test", || std::panic::panic_any(Worse)), SEC_E_INTERNAL_ERROR);
    }
    assert_eq!(guard("test", || Err(Error::OutOfSequence)), SEC_E_OUT_OF_SEQUENCE);
    assert_eq!(guard("test", || Ok(SEC_I_CONTINUE_NEEDED)), SEC_I_CONTINUE_NEEDED);
}

/// A client that is refused is one line at one level, whatever the status.
#[test]
fn a_call_whose_failure_is_explained_is_no_second_line() {
    let lines = std::sync::Arc::new(std::sync::Mutex::new(0));
    let counter = lines.clone();
    let subscriber =
        log::Log::new(log::Filter::parse("info").0, move |_| *counter.lock().unwrap() += 1);
    tracing::subscriber::with_default(subscriber, || {
        for explained in [true, false, true] {
            guard("test", || {
                if explained {
                    tracing::warn!("client refused");
                    log::explained();
                }
                Err(Error::NoCredentials("none"))
            });
        }
    });
    assert_eq!(*lines.lock().unwrap(), 3);
}

#[test]
fn a_panic_in_a_first_call_leaves_no_context() {
    let credentials = Credentials::inbound("Negotiate");
    let mut server = Side::server(0);
    let leg = server.step(&credentials, Some(PANIC));
    assert_eq!((leg.status, leg.length), (SEC_E_INTERNAL_ERROR, 0));
    assert_eq!(
        (server.context.dwLower, server.context.dwUpper),
        (NO_HANDLE.dwLower, NO_HANDLE.dwUpper)
    );
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
    // It has failed: the right token comes too late, and the context can only be deleted.
    assert_eq!(server.step(&inbound, Some(&answer.token)).status, SEC_E_INVALID_HANDLE);
    assert_eq!(
        server.query::<SecPkgContext_Sizes>(SECPKG_ATTR_SIZES).err(),
        Some(SEC_E_INVALID_HANDLE)
    );
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

/// The structure of an attribute in its A form, and the pointers in it, which are freed.
fn ansi<T: Copy>(side: &mut Side, attribute: ULONG, pointers: impl Fn(T) -> Vec<*mut c_void>) -> T {
    let mut answer = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: the callers below name the structure of the attribute.
    let status = unsafe {
        exports::QueryContextAttributesA(&mut side.context, attribute, answer.as_mut_ptr().cast())
    };
    assert_eq!(status, SEC_E_OK, "{attribute}");
    // SAFETY: filled in.
    let answer = unsafe { answer.assume_init() };
    for pointer in pointers(answer) {
        assert!(!pointer.is_null());
        assert_eq!((free(pointer), free(pointer)), (SEC_E_OK, SEC_E_INVALID_PARAMETER));
    }
    answer
}

/// Under Miri, every pointer on the way is checked.
#[test]
fn attributes_are_freed_pointer_by_pointer() {
    let mut pair = establish("Negotiate");
    for side in [&mut pair.client, &mut pair.server] {
        ansi::<SecPkgContext_Sizes>(side, SECPKG_ATTR_SIZES, |_| vec![]);
        ansi::<SecPkgContext_Names<SEC_CHAR>>(side, SECPKG_ATTR_NAMES, |a| {
            vec![a.sUserName.cast()]
        });
        ansi::<SecPkgContext_Lifespan>(side, SECPKG_ATTR_LIFESPAN, |_| vec![]);
        ansi::<SecPkgContext_DceInfo>(side, SECPKG_ATTR_DCE_INFO, |a| vec![a.pPac]);
        ansi::<SecPkgContext_KeyInfo<SEC_CHAR>>(side, SECPKG_ATTR_KEY_INFO, |a| {
            vec![a.sSignatureAlgorithmName.cast(), a.sEncryptAlgorithmName.cast()]
        });
        ansi::<SecPkgContext_Authority<SEC_CHAR>>(side, SECPKG_ATTR_AUTHORITY, |a| {
            vec![a.sAuthorityName.cast()]
        });
        ansi::<SecPkgContext_SessionKey>(side, SECPKG_ATTR_SESSION_KEY, |a| {
            vec![a.SessionKey.cast()]
        });
        ansi::<SecPkgContext_PackageInfo<SEC_CHAR>>(side, SECPKG_ATTR_PACKAGE_INFO, |a| {
            vec![a.PackageInfo.cast()]
        });
        ansi::<SecPkgContext_NegotiationInfo<SEC_CHAR>>(side, SECPKG_ATTR_NEGOTIATION_INFO, |a| {
            vec![a.PackageInfo.cast()]
        });
        ansi::<SecPkgContext_NativeNames<SEC_CHAR>>(side, SECPKG_ATTR_NATIVE_NAMES, |a| {
            vec![a.sClientName.cast(), a.sServerName.cast()]
        });
        ansi::<SecPkgContext_ClientSpecifiedTarget>(
            side,
            SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
            |a| vec![a.sTargetName.cast()],
        );
        ansi::<SecPkgContext_TargetInformation>(side, SECPKG_ATTR_TARGET_INFORMATION, |a| {
            vec![a.MarshalledTargetInfo.cast()]
        });
        for attribute in [
            SECPKG_ATTR_STREAM_SIZES,
            SECPKG_ATTR_UNIQUE_BINDINGS,
            SECPKG_ATTR_CREDENTIAL_NAME,
            0x7fff_ffff,
        ] {
            assert_eq!(side.query::<[usize; 4]>(attribute).err(), Some(SEC_E_UNSUPPORTED_FUNCTION));
        }
    }
}

/// A message in one piece, sealed, sent as a stream, and unsealed in place.
#[test]
fn a_stream_is_decrypted_in_place() {
    let mut pair = establish("NTLM");
    for message in [&b""[..], b"x", &[0x11; 3000]] {
        let mut wire = vec![0u8; 16];
        wire.extend(message);
        let (signature, data) = wire.split_at_mut(16);
        let mut buffers = [buffer(SECBUFFER_TOKEN, signature), buffer(SECBUFFER_DATA, data)];
        // SAFETY: every pointer points to what its type says.
        let status = unsafe {
            exports::EncryptMessage(&mut pair.client.context, 0, &mut descriptor(&mut buffers), 0)
        };
        assert_eq!((status, buffers[0].cbBuffer), (SEC_E_OK, 16));
        let start = wire.as_mut_ptr();
        let mut buffers = [buffer(SECBUFFER_STREAM, &mut wire), buffer(SECBUFFER_DATA, &mut [])];
        let mut qop = 7;
        // SAFETY: likewise.
        let status = unsafe {
            exports::DecryptMessage(
                &mut pair.server.context,
                &mut descriptor(&mut buffers),
                0,
                &mut qop,
            )
        };
        assert_eq!((status, qop, buffers[1].cbBuffer as usize), (SEC_E_OK, 7, message.len()));
        assert_eq!(buffers[1].pvBuffer, start.wrapping_add(16).cast());
        assert_eq!(wire[16..], *message);
    }
}
