//! The tests of the protocols from outside the crate, one program. As in the crate itself, nothing
//! here reads a clock or asks the operating system for random numbers: a test passes what it wants.

mod conversations;
mod kerberos;
mod negotiate;
mod ntlm;
mod support;
