//! Exported and imported contexts.

mod established;
mod half_open;
mod packed_form;
