//! Finding domain controllers.

use super::controller::Name;
use crate::config;
use std::time::Instant;

/// The controllers of the domain, preferred first: those that the configuration names.
pub fn controllers(settings: &config::Domain, _deadline: Instant) -> Result<Vec<Name>, String> {
    if !settings.controllers.is_empty() {
        return Ok(settings.controllers.clone());
    }
    Err("[domain] controllers is empty".into())
}
