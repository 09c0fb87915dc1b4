//! The chain of authorities.

mod outcome;
mod policy;
mod throttle;
