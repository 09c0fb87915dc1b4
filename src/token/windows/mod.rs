//! A client as an access token of Windows or Wine.
//!
//! What is to be had differs: see [`wine`] and [`native`]. In no case is it a token of the server's own as the server has it.

mod contents;
mod logon;
mod make;
mod native;
#[cfg(test)]
mod played;
mod system;
mod wine;
#[cfg(windows)]
mod worn;

pub(crate) use contents::Contents;
pub(crate) use logon::Logon;
pub(crate) use system::{Answer, Look, Privilege, Refusal, System};
#[cfg(windows)]
pub use worn::Token;
