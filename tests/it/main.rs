//! The integration tests, one program: each further program costs another link.
//!
//! Only tests that change their process, or count what is global in it, are programs of their own:
//! `fork` (forks with threads at work), `handle_model` (loom in place of the locks), `log` (the
//! log's subscriber, signals) and `replay_file` (forks, and runs itself as further processes). Here the replay cache and the
//! throttle are shared by all tests: they use the cache at the present time, and throttle accounts
//! of their own.

mod abi;
mod accounts;
mod authority;
mod config;
mod domain;
mod export;
#[cfg(target_os = "linux")]
mod files;
mod handles;
mod kdc;
mod kerberos;
mod layers;
mod mutants;
mod negotiate;
mod ntlm;
mod ntlm_auth;
mod support;
