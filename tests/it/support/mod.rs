//! What the tests of several modules share.

pub(crate) mod abi;
pub(crate) mod accounts;
pub(crate) mod domain;
pub(crate) mod exchanges;
pub(crate) mod export_import;
pub(crate) mod kerberos;
pub(crate) mod kerberos_recorded;
pub(crate) mod mechanisms;
pub(crate) mod ntlm;
pub(crate) mod pac;
