//! NTLM.

mod crafted;
mod curl_exchange;
mod exchange;
mod hostile;
mod policy;
mod recorded;
mod session;
mod spec_examples;
mod windows_exchange;
