//! `[tokens]`.

use super::{List, Quoted};
use crate::access_token::options::{LocalUser, Mapping, Options};
use crate::config::names::Names;
use std::fmt::{self, Display, Formatter};

pub(crate) fn write(tokens: &Options, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "map = {}", List(tokens.map.iter().copied().map(Mapping::name_of)))?;
    writeln!(
        f,
        "winbind_separator = {}",
        Quoted(tokens.winbind_separator.encode_utf8(&mut [0; 4]))
    )?;
    writeln!(f, "domains = {}", List(tokens.domains.iter().map(String::as_str)))?;
    writeln!(f, "allow_root = {}", tokens.allow_root)?;
    writeln!(f, "min_uid = {}", tokens.min_uid)?;
    writeln!(f, "min_gid = {}", tokens.min_gid)?;
    writeln!(f, "abort_on_failed_revert = {}", tokens.abort_on_failed_revert)?;
    if let Some(user) = &tokens.anonymous {
        writeln!(f, "anonymous = {user}")?;
    }
    writeln!(f, "credentials = {}", Quoted(tokens.credentials.name_of()))?;
    f.write_str("users = {")?;
    for (index, (name, user)) in tokens.users.iter().enumerate() {
        write!(f, "{} {} = {user}", if index == 0 { "" } else { "," }, Quoted(name))?;
    }
    writeln!(f, " }}")?;
    writeln!(f, "wine_user_name = {}", tokens.wine_user_name)?;
    writeln!(f, "wine_restricted_token = {}", tokens.wine_restricted_token)?;
    writeln!(f, "windows_logon = {}", List(tokens.windows_logon.iter().map(|of| of.name_of())))
}

impl Display for LocalUser {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            LocalUser::Account(name) => Quoted(name).fmt(f),
            LocalUser::Numbers { uid, gid, groups } => {
                write!(f, "{{ uid = {uid}, gid = {gid}, groups = {groups:?} }}")
            }
        }
    }
}
