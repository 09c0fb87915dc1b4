//! The tests of the protocols from outside the crate, as one program. As in the crate itself,
//! nothing here reads a clock or asks the operating system for random numbers; each test passes
//! them in.

mod conversations;
mod kerberos;
mod negotiate;
mod ntlm;
mod support;
