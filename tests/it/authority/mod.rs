//! The chain of authorities.

mod policy;
