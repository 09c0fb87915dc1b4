//! Handles of the C interface.

mod table;
mod threads;
