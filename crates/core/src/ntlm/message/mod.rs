//! NTLM's three messages, [MS-NLMP] 2.2.1: parsed from a borrowed slice, written in one go.

pub mod authenticate;
pub mod challenge;
pub mod client_challenge;
pub mod negotiate;
