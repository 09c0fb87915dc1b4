//! NTLM under a configuration; its protocol is tested in `crates/core`.

mod configured;
mod loopback;
mod null_session;
