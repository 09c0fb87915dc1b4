//! Files with accounts, keys and tickets.

pub mod accounts;
pub mod ccache;
pub mod client_keytab;
pub mod derived_keys;
pub mod derived_sid;
pub mod kerberos_files;
pub mod keytab_file;
pub mod machine_sid;
pub mod own_accounts;
pub mod parameter_expansion;
pub mod replay_cache;
pub mod replay_file;
pub mod replay_restart;
pub(crate) mod shared_replay;
pub mod text_file;
pub mod tgt_file;
