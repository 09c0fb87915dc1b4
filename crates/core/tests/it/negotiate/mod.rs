//! SPNEGO.

mod accept;
mod downgrade;
mod initiate;
mod recorded;
mod token;
