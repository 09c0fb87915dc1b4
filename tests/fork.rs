//! What forked children have of their parent, and what they begin anew. A program of its own, since
//! it forks while its threads are at work.
#![cfg(target_os = "linux")]

#[path = "it/support/abi.rs"]
#[allow(dead_code)] // a part is used
mod abi;
#[path = "it/support/accounts.rs"]
#[allow(dead_code)] // a part is used
mod accounts;

use abi::{Credentials, NO_HANDLE, Side, wide};
use negossp::config::Settings;
use negossp::context;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::{PasswordKeys, ServiceName};
use negossp::ntlm::NetworkLogon;
use negossp::platform;
use negossp::runtime::log::{Filter, Log};
use negossp::server::{Accepting, Configuration};
use negossp::types::error::{Denial, Error};
use negossp::types::flags::ContextFlags;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Tests fork one at a time: a child has the threads of none.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `work` in a child and returns the status of its end: 0, or 14 (SIGALRM) if it hangs.
fn child(work: impl FnOnce() -> bool) -> i32 {
    // SAFETY: the child calls functions that it may call after a fork, and ends without the test
    // program's destructors.
    unsafe {
        match libc::fork() {
            0 => {
                libc::alarm(20);
                libc::_exit(if work() { 0 } else { 1 });
            }
            -1 => panic!("fork"),
            pid => {
                let mut status = 0;
                assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
                status
            }
        }
    }
}

/// A NEGOTIATE_MESSAGE ([MS-NLMP] 2.2.1.1) without names.
const NEGOTIATE: &[u8] = b"NTLMSSP\0\x01\0\0\0\x05\x82\x08\x60\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Acquires credentials, begins a context, has memory allocated, and gives all back.
fn one_round() -> bool {
    let credentials = Credentials::inbound("NTLM");
    let mut server = Side::server(0);
    let begun = server.step(&credentials, Some(NEGOTIATE)).status == SEC_I_CONTINUE_NEEDED;
    begun && allocates()
}

fn allocates() -> bool {
    let mut info = null_mut();
    let mut package = wide("NTLM");
    // SAFETY: a string, and room for a pointer, which is then freed.
    unsafe {
        QuerySecurityPackageInfoW(package.as_mut_ptr(), &mut info) == SEC_E_OK
            && FreeContextBuffer(info.cast()) == SEC_E_OK
    }
}

/// SECPKG_ATTR_NEGOSSP_SUBSTATUS of a context.
fn substatus(context: &mut SecHandle) -> SECURITY_STATUS {
    let mut value: ULONG = 0;
    // SAFETY: a handle, and room for the attribute.
    unsafe { QueryContextAttributesW(context, 0x4e53_0003, (&raw mut value).cast()) }
}

#[test]
fn a_fork_finds_no_lock_closed() {
    let _one = ONE_AT_A_TIME.lock().unwrap();
    let shared_credentials = Credentials::inbound("NTLM");
    let mut shared = Side::server(0);
    shared.step(&shared_credentials, Some(NEGOTIATE));
    // What a parent has allocated, its child may free.
    let mut inherited = null_mut();
    let mut package = wide("NTLM");
    // SAFETY: a string, and room for a pointer.
    let status = unsafe { QuerySecurityPackageInfoW(package.as_mut_ptr(), &mut inherited) };
    assert_eq!(status, SEC_E_OK);
    let (over, context) = (AtomicBool::new(false), shared.context);
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                let mut context = context;
                while !over.load(Ordering::Relaxed) {
                    assert!(one_round());
                    for _ in 0..20 {
                        assert!(allocates());
                        assert_eq!(substatus(&mut context), SEC_E_OK);
                    }
                }
            });
        }
        let failed: Vec<i32> = (0..600)
            .map(|_| {
                child(|| {
                    // The context may be in use by a thread that the child does not have.
                    let mut context = context;
                    let usable = matches!(substatus(&mut context), SEC_E_OK | SEC_E_INVALID_HANDLE);
                    // SAFETY: memory of the library that this process has not freed.
                    let freed = unsafe { FreeContextBuffer(inherited.cast()) } == SEC_E_OK;
                    let mut of_parent = Side::server(0);
                    let step = of_parent.step(&shared_credentials, Some(NEGOTIATE));
                    usable && freed && step.status == SEC_I_CONTINUE_NEEDED && one_round()
                })
            })
            .filter(|status| *status != 0)
            .collect();
        over.store(true, Ordering::Relaxed);
        assert!(failed.is_empty(), "of 600 children: {failed:?}");
    });
    assert_ne!(context.dwLower, NO_HANDLE.dwLower);
}

/// A server that forks for each connection: each child checks one password.
#[test]
fn children_count_wrong_passwords_together() {
    let _one = ONE_AT_A_TIME.lock().unwrap();
    let folder = accounts::Folder::new();
    let lines: String = ["forked-1", "forked-2"]
        .map(|user| accounts::line(user, &accounts::PASSWORD, "U"))
        .concat();
    let mut settings = Settings::default();
    settings.accounts.file = Some(folder.write("accounts", lines));
    let configuration = Configuration::open(settings, None);
    let credential = accounts::credential();
    let home = std::cell::Cell::new(None);
    let in_child = |user: &str, hash: &[u8; 16], expected: Result<(), Denial>| {
        let status = child(|| {
            let client = accounts::Client::new(user, "", hash);
            let logon = NetworkLogon { machine_id: home.get(), ..client.logon() };
            let result = accounts::validate_under(&credential, &configuration, &logon);
            let result = result.map(|_| ()).map_err(|error| match error {
                Error::LogonDenied(denial) => denial,
                _ => Denial::UnknownUser,
            });
            result == expected
        });
        assert_eq!(status, 0, "{user}: {expected:?}");
    };
    for _ in 0..100 {
        in_child("forked-2", &accounts::PASSWORD, Ok(()));
    }
    for _ in 0..10 {
        in_child("forked-1", &accounts::SECRET01, Err(Denial::WrongPassword));
    }
    in_child("forked-1", &accounts::SECRET01, Err(Denial::Throttled));
    in_child("forked-1", &accounts::PASSWORD, Err(Denial::Throttled));
    in_child("forked-2", &accounts::PASSWORD, Ok(()));
    // They know together where an account has logged on from.
    home.set(Some([7; 32]));
    in_child("forked-2", &accounts::PASSWORD, Ok(()));
    home.set(None);
    for _ in 0..10 {
        in_child("forked-2", &accounts::SECRET01, Err(Denial::WrongPassword));
    }
    in_child("forked-2", &accounts::PASSWORD, Err(Denial::Throttled));
    home.set(Some([7; 32]));
    in_child("forked-2", &accounts::PASSWORD, Ok(()));
}

/// A child that was forked while a thread of its parent counted refusals.
#[test]
fn a_child_sums_up_a_flood_of_refusals() {
    let _one = ONE_AT_A_TIME.lock().unwrap();
    let configuration = Configuration::open(Settings::default(), None);
    let server = Accepting::new(Arc::new(accounts::credential()), Arc::new(configuration));
    let refused = || {
        let call = context::Call {
            requirements: ContextFlags::empty(),
            bindings: None,
            address: None,
            now: platform::now(),
        };
        server.step(b"no token", call).is_err()
    };
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    assert!(refused());
                }
            });
        }
        let unlimited = (0..300)
            .filter(|_| {
                let status = child(|| {
                    let lines = Arc::new(AtomicUsize::new(0));
                    let writer = lines.clone();
                    let count = move |_: &[u8]| {
                        writer.fetch_add(1, Ordering::Relaxed);
                    };
                    let log = Log::new(Filter::parse("warn").0, count);
                    tracing::subscriber::with_default(log, || {
                        (0..500).all(|_| refused()) && lines.load(Ordering::Relaxed) < 250
                    })
                });
                status != 0
            })
            .count();
        over.store(true, Ordering::Relaxed);
        assert_eq!(unlimited, 0, "of 300 children");
    });
}

/// A password's keys take tens of milliseconds, in which another thread may fork.
#[test]
fn a_child_waits_for_no_key_that_its_parent_derives() {
    static DERIVING: AtomicBool = AtomicBool::new(false);
    let _one = ONE_AT_A_TIME.lock().unwrap();
    let derive = |enctype, _: &str, _: &str| {
        DERIVING.store(true, Ordering::SeqCst);
        thread::sleep(std::time::Duration::from_millis(300));
        Key::new(enctype, &[7; 16]).ok()
    };
    let name = ServiceName::parse("HTTP/web1@EXAMPLE.TEST").unwrap();
    let realms = vec!["EXAMPLE.TEST".to_owned()];
    let keys = PasswordKeys::new(&name, realms, "secret".to_owned().into(), derive);
    thread::scope(|threads| {
        threads.spawn(|| keys.of(Enctype::Rc4Hmac).unwrap().entries().len());
        while !DERIVING.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        let status = child(|| keys.of(Enctype::Rc4Hmac).unwrap().entries().len() == 1);
        assert_eq!(status, 0);
    });
}
