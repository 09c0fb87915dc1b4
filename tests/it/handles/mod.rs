//! Handles of the C interface.

mod threads;
mod words;
