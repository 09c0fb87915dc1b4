//! What calls do when the heap has no memory: with every allocation of every kind of conversation
//! failing in turn, alone and with all that follow, no call ends the process, each succeeds or
//! returns SEC_E_INSUFFICIENT_MEMORY, nothing is lost, and the next conversation succeeds.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[path = "../it/support/accounts.rs"]
#[allow(dead_code)] // a part is used
mod accounts;
mod failing_malloc;
#[path = "../it/support/kerberos.rs"]
#[allow(dead_code)] // a part is used
mod kerberos;
mod kinds;
#[path = "../../crates/core/tests/it/support/pac.rs"]
#[allow(dead_code)] // a part is used
mod pac;

use failing_malloc::{Plan, count, live, plan};
use kinds::{Given, Kind};
use negossp::entry::abi::*;
use negossp::entry::exports::{EnumerateSecurityPackagesW, FreeContextBuffer};
use negossp::platform::heap;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Where the processes' state begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// Before the first call: with configuration and files to be read, and a log.
    Cold,
    /// After a conversation.
    Warm,
}

/// A number that children share with their parent.
fn shared_number() -> &'static AtomicUsize {
    // SAFETY: a new mapping, which stays.
    unsafe {
        let page = libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        assert_ne!(page, libc::MAP_FAILED);
        &*page.cast()
    }
}

/// Runs `work` in a child and returns how it ended; 0 if well.
fn child(work: impl FnOnce()) -> i32 {
    // SAFETY: the child calls functions that it may call after a fork, and ends without the test
    // program's destructors.
    unsafe {
        match libc::fork() {
            0 => {
                libc::alarm(300);
                let result = catch_unwind(AssertUnwindSafe(work));
                if let Err(panic) = &result {
                    let text = panic.downcast_ref::<String>().map_or("panic", String::as_str);
                    let _ = writeln!(std::io::stderr(), "{text}");
                }
                libc::_exit(i32::from(result.is_err()));
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

/// One round with this plan; `false` if the conversation ended before the plan's first allocation.
fn round(kind: &Kind, given: &mut Given, how: Plan, first: usize) -> bool {
    plan(how);
    let result = (kind.run)(given);
    let reached = count() > first;
    plan(Plan::None);
    let expected = |result: &Result<(), SECURITY_STATUS>| match result {
        Ok(()) => kind.ends_with == SEC_E_OK,
        Err(status) => *status == kind.ends_with,
    };
    assert!(expected(&result) || result == Err(SEC_E_INSUFFICIENT_MEMORY), "{how:?}: {result:x?}");
    let after = (kind.run)(given);
    assert!(expected(&after), "after {how:?}: {after:x?}");
    reached
}

/// The record of memory that callers have is in parts by address, each of which keeps a first block
/// of its own once it was used.
fn use_all_parts_of_the_record() {
    let given: Vec<_> = (0..1000)
        .map(|_| {
            let (mut count, mut packages) = (0, std::ptr::null_mut());
            // SAFETY: places for the results.
            let status = unsafe { EnumerateSecurityPackagesW(&mut count, &mut packages) };
            assert_eq!(status, SEC_E_OK);
            packages
        })
        .collect();
    for packages in given {
        // SAFETY: just given.
        assert_eq!(unsafe { FreeContextBuffer(packages.cast()) }, SEC_E_OK);
    }
}

/// In a child: rounds from the number `next` on, which counts them, until the conversation makes no
/// more allocations: then `over` is set. From a cold beginning there can be one only.
fn rounds(
    kind: &Kind,
    begin: Begin,
    given: &mut Given,
    plan_of: fn(usize) -> Plan,
    [next, over]: [&AtomicUsize; 2],
) {
    given.enter(begin == Begin::Cold);
    if begin == Begin::Warm {
        for _ in 0..3 {
            let first = (kind.run)(given);
            assert_eq!(first.err().unwrap_or(SEC_E_OK), kind.ends_with, "at first");
        }
    }
    use_all_parts_of_the_record();
    let before = live();
    loop {
        let first = next.load(Relaxed);
        if !round(kind, given, plan_of(first), first) {
            over.store(1, Relaxed);
            return;
        }
        next.fetch_add(1, Relaxed);
        if begin == Begin::Cold {
            return;
        }
        let lost = live() - before;
        assert!(lost <= kind.may_keep, "{first}: {lost} blocks are lost");
        let reserved = heap::reserved();
        let may_keep = 64 * kind.may_keep as usize;
        assert!(reserved <= may_keep, "{first}: {reserved} bytes of the reserve are lost");
    }
}

fn every_allocation_fails(kind: &Kind, begin: Begin) {
    let mut given = Given::new();
    let mut bad = Vec::new();
    for plan_of in [Plan::One as fn(usize) -> Plan, Plan::From] {
        let (next, over) = (shared_number(), shared_number());
        while over.load(Relaxed) == 0 {
            let before = next.load(Relaxed);
            let status = child(|| rounds(kind, begin, &mut given, plan_of, [next, over]));
            if status != 0 {
                // A child that was killed has not counted its last round.
                let last = next.load(Relaxed);
                bad.push(format!("{:?} or the one before: {status:#x}", plan_of(last)));
                next.store(before.max(last) + 1, Relaxed);
            }
            assert!(bad.len() < 20, "{}, {begin:?}: {bad:#?}", kind.name);
        }
        println!("{}, {begin:?}: {} allocations", kind.name, next.load(Relaxed));
    }
    assert!(bad.is_empty(), "{}, {begin:?}: {bad:#?}", kind.name);
}

macro_rules! tests {
    ($begin:ident: $($kind:ident)*) => {$(
        #[test]
        fn $kind() {
            super::every_allocation_fails(&super::kinds::$kind, super::Begin::$begin);
        }
    )*};
}

mod warm {
    tests! {
        Warm: ntlm ntlm_in_spnego kerberos kerberos_in_spnego kerberos_large wrong_password
        identities packages long_names
    }
}

mod cold {
    tests! { Cold: ntlm_in_spnego kerberos wrong_password packages }
}
