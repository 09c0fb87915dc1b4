//! Exported and imported contexts.

mod established;
mod half_open;
mod importer;
mod packed_form;
