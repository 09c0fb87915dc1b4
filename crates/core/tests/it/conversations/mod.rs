//! Whole conversations through `context`, the public entry point of the crate: recorded
//! conversations are accepted at the time of the recording and with the random numbers of the
//! recorded acceptor.

mod kerberos;
mod ntlm;
