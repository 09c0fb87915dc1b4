//! The configuration.

mod file;
mod krb5_conf;
