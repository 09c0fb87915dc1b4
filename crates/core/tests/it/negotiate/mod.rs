//! SPNEGO.

mod accept;
mod downgrade;
mod initiate;
mod kdc_refusals;
mod recorded;
mod token;
