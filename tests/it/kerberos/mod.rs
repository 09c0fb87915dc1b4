//! Kerberos.

mod accept;
mod accept_pac;
mod ccache_file;
#[cfg(target_os = "linux")]
mod ccache_kcm;
#[cfg(target_os = "linux")]
mod ccache_keyring;
#[cfg(target_os = "linux")]
mod ccache_programs;
mod ccache_support;
mod client_account;
mod client_keytab;
mod evidence;
mod initiate;
mod keys;
mod keytab_command;
mod klist;
mod reload;
mod replay;
mod target_name;
