//! SPNEGO.

mod accept;
mod initiate;
mod kerberos;
mod recorded;
mod token;
