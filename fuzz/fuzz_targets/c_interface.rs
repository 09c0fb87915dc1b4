//! The C interface, called in any order and incorrectly: every function of the table and the others
//! that are exported, with handles of the wrong kind, ended or invented ones, and with buffers of
//! every type, too small, empty, NULL or overlapping. Each buffer is a heap block of its exact size,
//! so that the address sanitizer reports a single byte too many.
//!
//! What must hold besides: nothing leaks, everything that was handed out is taken back once; a
//! handle that has been ended is none; no wrong password, no authenticator a second time, no damaged
//! message and no changed or imported context is accepted; the thread is itself again in the end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp_fuzz::abi::machine::{Call, Machine, Parties};

fuzz_target!(|program: (Parties, Vec<Call>)| {
    let (parties, calls) = program;
    let mut machine = Machine::new(parties);
    calls.iter().take(32).for_each(|call| machine.call(call));
    machine.finish();
});
