//! Kerberos.

mod accept;
mod accept_pac;
mod ccache;
mod crypto_mit;
mod crypto_vectors;
mod keys;
mod keytab;
mod keytab_command;
mod messages;
mod messages_picky;
mod pac;
mod reload;
mod replay;
mod session;
mod session_recorded;
