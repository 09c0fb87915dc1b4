//! The client's exchanges with KDCs: states that take a reply and return the next request.
//!
//! [`Kdc`] carries requests to a KDC; [`run`] drives an exchange over it. An exchange can also be
//! driven by hand, where the messages travel otherwise.

mod ap_req;
mod armor;
mod as_exchange;
mod capaths;
mod change_password;
mod clock;
mod credentials;
mod forwarded;
mod kdc;
mod options;
mod s4u_proxy;
mod s4u_self;
mod secret;
mod service_ticket;
mod tgs_exchange;

pub use as_exchange::{AsExchange, AsParameters, AsService, Issued};
pub use capaths::Capaths;
pub use change_password::{
    ChangePassword, NewPassword, PasswordChange, PasswordPolicy, PasswordResult,
};
pub use credentials::Credentials;
pub use forwarded::krb_cred;
pub use kdc::{Exchange, Kdc, KdcService, Next, run};
pub use options::ClientOptions;
pub use s4u_proxy::{S4uProxy, S4uProxyRequest};
pub use s4u_self::{S4uOutput, S4uSelf, S4uSelfRequest};
pub use secret::ClientSecret;
pub use service_ticket::{ServiceTicket, ServiceTicketOutput, ServiceTicketRequest, TgsConfig};
pub use tgs_exchange::{TgsExchange, TgsOutput, TgsRequest};
