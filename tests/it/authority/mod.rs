//! The chain of authorities.

mod domain;
mod outcome;
mod policy;
mod throttle;
