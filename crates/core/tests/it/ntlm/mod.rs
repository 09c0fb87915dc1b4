//! NTLM.

mod session;
