//! Authorities for NTLM logons. An authority gets the challenge and the client's responses. It
//! returns the session base key and a principal, or rejects the logon.
//!
//! [`Chain`] asks the authorities in their configured order; the throttle, the restrictions of NTLM
//! and the audit file are policy around it.

mod application;
mod audit;
pub mod candidates;
mod chain;
mod change_password;
mod kind;
mod options;
pub mod pass_through;
mod restrictions;
pub mod throttle;

pub use application::{AccountName, Application, Proofs};
pub use audit::AuditFile;
pub use candidates::LocalAccounts;
pub use chain::Chain;
pub use change_password::{PasswordChange, PasswordChanger};
pub use kind::AuthorityKind;
pub use options::Options;
pub use pass_through::PassThrough;
