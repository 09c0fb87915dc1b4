//! The client's exchanges with KDCs: states that take a reply and return the next request.
//!
//! [`Kdc`] carries requests to a KDC; [`run`] drives an exchange over it. An exchange can also be
//! driven by hand, where the messages travel otherwise.

mod ap_req;
mod armour;
mod as_exchange;
mod change_password;
mod clock;
mod credentials;
mod kdc;
mod options;
mod secret;

pub use as_exchange::{AsExchange, AsParameters, AsService, Issued};
pub use change_password::{
    ChangePassword, NewPassword, PasswordChange, PasswordPolicy, PasswordResult,
};
pub use credentials::Credentials;
pub use kdc::{Exchange, Kdc, KdcService, Next, run};
pub use options::ClientOptions;
pub use secret::ClientSecret;
