//! The client's exchanges with KDCs: states that take a reply and return the next request.
//!
//! [`Kdc`] carries requests to a KDC; [`run`] drives an exchange over it. An exchange can also be
//! driven by hand, where the messages travel otherwise.

mod credentials;
mod kdc;
mod options;

pub use credentials::Credentials;
pub use kdc::{Exchange, Kdc, KdcService, Next, run};
pub use options::ClientOptions;
