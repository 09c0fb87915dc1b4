//! The types and constants of `<sspi.h>`, as they lie in memory.
//!
//! Names are those of the documentation. Types with an ANSI and a Unicode form are generic over the
//! character: `SecPkgInfo<SEC_CHAR>` is `SecPkgInfoA`, `SecPkgInfo<SEC_WCHAR>` is `SecPkgInfoW`;
//! the header's generator (`tests/it/abi/header/`) spells them so. `ULONG` has 32 bits and `SEC_WCHAR` 16
//! on every system.

mod attributes;
mod authz;
mod base;
mod constants;
mod identity;
mod layout;
mod status;
mod table;
mod token;

pub use attributes::*;
pub use authz::*;
pub use base::*;
pub use constants::*;
pub use identity::*;

pub use status::*;
pub use table::*;
pub use token::*;
