//! Kerberos.

mod as_exchange;
mod ccache;
mod crypto_mit;
mod crypto_vectors;
mod keytab;
mod local_kdc;
mod messages;
mod messages_picky;
mod pac;
mod password_keys;
mod session;
mod session_recorded;
mod tgs_exchange;
mod windows_pac;
