//! NTLM's three messages, [MS-NLMP] 2.2.1: parsed from borrowed slices, written in one pass.

pub mod authenticate;
pub mod challenge;
pub mod client_challenge;
pub mod negotiate;
