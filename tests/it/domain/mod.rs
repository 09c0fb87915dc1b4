//! Logons that a domain controller judges.

mod config;
mod dns;
mod hostile;
