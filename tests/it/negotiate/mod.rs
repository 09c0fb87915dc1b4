//! SPNEGO under a configuration; more of its protocol is tested in `crates/core`.

mod configured;
mod kerberos;
