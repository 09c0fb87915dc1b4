//! SPNEGO.

mod accept;
mod initiate;
mod recorded;
mod token;
