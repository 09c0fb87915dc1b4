//! A client as an access token of Windows or Wine.
//!
//! What is possible differs: see [`wine`] and [`native`]. It is never the server's own token
//! unchanged.

mod contents_of;
#[cfg(test)]
mod fake_system;
mod logon_of;
mod make;
mod native;
mod system;
#[cfg(windows)]
mod token;
mod wine;

#[cfg(windows)]
pub use token::Token;
