//! Logons that a domain controller validates.

mod config;
mod dns;
mod hostile;
