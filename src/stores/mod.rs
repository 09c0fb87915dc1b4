//! Where accounts, keys and tickets are kept.

pub mod accounts;
pub mod ccache_file;
pub mod derived_sid;
pub(crate) mod keytab_file;
pub(crate) mod machine_sid;
pub mod own_accounts;
pub mod replay_cache;
pub(crate) mod replay_file;
