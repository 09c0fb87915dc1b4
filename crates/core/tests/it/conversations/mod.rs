//! Whole conversations through `context`, the door of the crate: what others have recorded is
//! accepted at the time of the recording and with the random numbers of the recorded acceptor.

mod kerberos;
mod ntlm;
