//! The one place that assembles: settings and the files that they name become what credentials and
//! contexts use, and the outcome of an exchange is reported.

pub mod acceptance;
mod assemble;
mod configuration;
mod context;
pub mod credential;
mod describe;
pub mod export_import;
mod flood;
mod import_policy;
mod network_logon;
mod outcome;
mod pending_logon;
mod realms;
mod store;

pub use configuration::Configuration;
pub use context::{Accepting, AwaitedTicket, Context, Initiating, StepOutput};
pub use credential::Credential;
pub use describe::describe;
pub use network_logon::{NOT_A_MEMBER, PasswordLogon, RequiredGroups, ResponseLogon};
pub use store::{Environment, Store, current};
