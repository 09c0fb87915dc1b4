//! A client as an access token of Windows or Wine.
//!
//! What is to be had differs: see [`wine`] and [`native`]. In no case is it a token of the server's
//! own as the server has it.

mod contents;
#[cfg(test)]
mod fake_system;
mod logon;
mod make;
mod native;
mod system;
#[cfg(windows)]
mod token;
mod wine;

pub(crate) use contents::Contents;
pub(crate) use logon::Logon;
pub(crate) use system::{Answer, Look, Privilege, Refusal, System};
#[cfg(windows)]
pub use token::Token;
