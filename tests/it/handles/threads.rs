//! Sixteen threads that use handles of the C interface: valid ones, ones deleted twice or used
//! after deletion, ones of the wrong kind, invented ones, and one that is used and deleted at the
//! same time.

use crate::support::abi::*;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

const THREADS: u32 = 16;

/// A generator that needs no seed from the system (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Calls every function that takes a context, with this handle; returns each status.
fn use_context(mut handle: SecHandle) -> [SECURITY_STATUS; 5] {
    let (mut data, mut signature) = ([7u8; 32], [0u8; 64]);
    let mut buffers = [buffer(SECBUFFER_DATA, &mut data), buffer(SECBUFFER_TOKEN, &mut signature)];
    let mut message = descriptor(&mut buffers);
    let mut sizes = SecPkgContext_Sizes {
        cbMaxToken: 0,
        cbMaxSignature: 0,
        cbBlockSize: 0,
        cbSecurityTrailer: 0,
    };
    let handle = &raw mut handle;
    // SAFETY: every pointer points to what its type says.
    unsafe {
        [
            QueryContextAttributesW(handle, SECPKG_ATTR_SIZES, (&raw mut sizes).cast()),
            MakeSignature(handle, 0, &mut message, 0),
            EncryptMessage(handle, 0, &mut message, 0),
            VerifySignature(handle, &mut message, 0, std::ptr::null_mut()),
            CompleteAuthToken(handle, &mut message),
        ]
    }
}

/// The possible results for a handle that may be deleted at any moment.
const POSSIBLE: [SECURITY_STATUS; 6] = [
    SEC_E_OK,
    SEC_E_INVALID_HANDLE,
    SEC_E_MESSAGE_ALTERED,
    SEC_E_OUT_OF_SEQUENCE,
    SEC_E_UNSUPPORTED_FUNCTION,
    SEC_E_INVALID_TOKEN,
];

#[test]
fn threads_hammer_every_handle() {
    let rounds = if cfg!(miri) { 8 } else { 400 };
    let outbound = Credentials::outbound("NTLM", "secret");
    let inbound = Credentials::inbound("NTLM");
    // Established contexts that all threads share. Each thread may delete one and put another in
    // its place.
    let shared: Vec<Mutex<SecHandle>> = (0..8).map(|_| Mutex::new(NO_HANDLE)).collect();
    let deleted = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (shared, outbound, inbound, deleted) = (&shared, &outbound, &inbound, &deleted);
            scope.spawn(move || {
                let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ u64::from(thread + 1) << 32);
                for _ in 0..rounds {
                    let place = numbers.below(shared.len());
                    match numbers.below(8) {
                        // Create one, and share it with the others.
                        0 | 1 => {
                            let (mut client, mut server) =
                                (Side::client(ISC_REQ_INTEGRITY), Side::server(0));
                            let (_, end) = converse(&mut client, outbound, &mut server, inbound);
                            assert_eq!(end.status, SEC_E_OK);
                            let mut old = std::mem::replace(
                                &mut *shared[place].lock().unwrap(),
                                server.context,
                            );
                            server.begun = false;
                            // SAFETY: a handle.
                            let status = unsafe { DeleteSecurityContext(&mut old) };
                            deleted.fetch_add(u32::from(status == SEC_E_OK), Ordering::Relaxed);
                            assert_eq!(
                                status == SEC_E_INVALID_HANDLE,
                                use_context(old) == [status; 5] && status < 0
                            );
                            assert_eq!(use_context(old), [SEC_E_INVALID_HANDLE; 5]);
                        }
                        // Use one that another thread may be deleting.
                        2..=4 => {
                            let handle = *shared[place].lock().unwrap();
                            for status in use_context(handle) {
                                assert!(POSSIBLE.contains(&status), "{status:#x}");
                            }
                        }
                        // Delete it while others use it, twice.
                        5 => {
                            let mut handle = *shared[place].lock().unwrap();
                            // SAFETY: a handle.
                            let twice = unsafe {
                                [
                                    DeleteSecurityContext(&mut handle),
                                    DeleteSecurityContext(&mut handle),
                                ]
                            };
                            deleted.fetch_add(u32::from(twice[0] == SEC_E_OK), Ordering::Relaxed);
                            assert_eq!(twice[1], SEC_E_INVALID_HANDLE);
                            assert_eq!(use_context(handle), [SEC_E_INVALID_HANDLE; 5]);
                        }
                        // The wrong kind.
                        6 => {
                            let mut handle = *shared[place].lock().unwrap();
                            // SAFETY: a handle.
                            unsafe {
                                assert_eq!(
                                    FreeCredentialsHandle(&mut handle),
                                    SEC_E_INVALID_HANDLE
                                );
                                assert_eq!(
                                    DeleteSecurityContext(&mut { inbound.0 }),
                                    SEC_E_INVALID_HANDLE
                                );
                            }
                            assert_eq!(use_context(inbound.0), [SEC_E_INVALID_HANDLE; 5]);
                        }
                        // Invented handles.
                        _ => {
                            let words = [
                                0,
                                usize::MAX,
                                usize::MAX - 1,
                                numbers.next() as usize,
                                numbers.next() as u32 as usize,
                            ];
                            let (lower, upper) = (words[numbers.below(5)], words[numbers.below(5)]);
                            let mut handle = SecHandle { dwLower: lower, dwUpper: upper };
                            assert_eq!(use_context(handle), [SEC_E_INVALID_HANDLE; 5]);
                            // SAFETY: a handle.
                            unsafe {
                                assert_eq!(
                                    DeleteSecurityContext(&mut handle),
                                    SEC_E_INVALID_HANDLE
                                );
                                assert_eq!(
                                    FreeCredentialsHandle(&mut handle),
                                    SEC_E_INVALID_HANDLE
                                );
                            }
                        }
                    }
                }
            });
        }
    });
    assert!(deleted.load(Ordering::Relaxed) > 0);
    for handle in &shared {
        // SAFETY: a handle.
        unsafe { DeleteSecurityContext(&mut *handle.lock().unwrap()) };
    }
}

/// One established context, used by all threads while one of them deletes it: each call either
/// works on the whole context or finds none.
#[test]
fn a_context_deleted_in_use() {
    let rounds = if cfg!(miri) { 2 } else { 30 };
    for _ in 0..rounds {
        let mut pair = establish("Negotiate");
        let handle = pair.server.context;
        std::thread::scope(|scope| {
            for _ in 1..THREADS {
                scope.spawn(move || {
                    // Until it is deleted, signing works; afterwards every call fails.
                    let mut gone = false;
                    for _ in 0..1000 {
                        let (mut data, mut signature) = ([1u8; 16], [0u8; 16]);
                        let mut buffers = [
                            buffer(SECBUFFER_DATA, &mut data),
                            buffer(SECBUFFER_TOKEN, &mut signature),
                        ];
                        let mut message = descriptor(&mut buffers);
                        // SAFETY: every pointer points to what its type says.
                        let status = unsafe { MakeSignature(&mut { handle }, 0, &mut message, 0) };
                        assert!(status == if gone { SEC_E_INVALID_HANDLE } else { status });
                        assert!(matches!(status, SEC_E_OK | SEC_E_INVALID_HANDLE), "{status:#x}");
                        gone = status != SEC_E_OK;
                        if gone {
                            break;
                        }
                    }
                });
            }
            assert_eq!(pair.server.delete(), SEC_E_OK);
        });
        pair.server.begun = false;
    }
}

/// The client's last token from all threads at once: one of them establishes the context, the
/// others find the conversation complete, and the context works.
#[test]
fn one_token_in_all_threads() {
    let (outbound, inbound) =
        (Credentials::outbound("NTLM", "secret"), Credentials::inbound("NTLM"));
    let rounds = if cfg!(miri) { 1 } else { 50 };
    for _ in 0..rounds {
        let (mut client, mut server) = (Side::client(ISC_REQ_INTEGRITY), Side::server(0));
        let first = server.step(&inbound, Some(&client.step(&outbound, None).token));
        let last = client.step(&outbound, Some(&first.token)).token;
        let handle = server.context;
        let established = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                let (inbound, last, established) = (&inbound, &last, &established);
                scope.spawn(move || {
                    let mut side = Side::server(0);
                    (side.context, side.begun) = (handle, true);
                    let status = side.step(inbound, Some(last)).status;
                    side.begun = false;
                    assert!(matches!(status, SEC_E_OK | SEC_E_INVALID_HANDLE), "{status:#x}");
                    established.fetch_add(u32::from(status == SEC_E_OK), Ordering::Relaxed);
                });
            }
        });
        assert_eq!(established.into_inner(), 1);
        let sizes = server.query::<SecPkgContext_Sizes>(SECPKG_ATTR_SIZES).unwrap();
        assert_eq!(sizes.cbMaxSignature, 16);
    }
}
