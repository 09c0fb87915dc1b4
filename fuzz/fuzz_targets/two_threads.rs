//! Two threads of a program that use the same credentials and contexts, for the thread sanitizer:
//! each makes its own calls, of all that `c_interface` makes, on handles that the other may end
//! meanwhile. No data race, and nothing leaks once both have ended.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use negossp_fuzz::abi::check_nothing_leaked;
use negossp_fuzz::abi::machine::{Call, Machine, Parties};
use std::thread;

#[derive(Debug, Arbitrary)]
struct Program {
    parties: Parties,
    /// Calls before there is a second thread: what both share.
    before: Vec<Call>,
    one: Vec<Call>,
    other: Vec<Call>,
}

fuzz_target!(|program: Program| {
    let mut one = Machine::new(program.parties);
    program.before.iter().take(4).for_each(|call| one.call(call));
    let other = one.share();
    let run = |mut machine: Machine, calls: &[Call]| {
        calls.iter().take(16).for_each(|call| machine.call(call));
        machine.finish();
    };
    thread::scope(|threads| {
        threads.spawn(|| run(other, &program.other));
        run(one, &program.one);
    });
    check_nothing_leaked();
});
