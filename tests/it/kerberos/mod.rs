//! Kerberos.

mod accept;
mod accept_pac;
mod keys;
mod keytab_command;
mod klist;
mod reload;
mod replay;
