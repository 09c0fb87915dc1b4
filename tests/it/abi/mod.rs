//! The C interface, and the files that are generated from it.

mod accept;
mod header;
mod shared_memory;
