//! `[winbind]`.

use super::{Quoted, file};
use crate::config::names::Names;
use crate::winbind::Options;
use std::fmt::{self, Formatter};

pub(crate) fn write(winbind: &Options, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "\n[winbind]")?;
    writeln!(f, "use = {}", Quoted(winbind.way.name_of()))?;
    writeln!(f, "ntlm_auth = {}", Quoted(&winbind.ntlm_auth.to_string_lossy()))?;
    writeln!(f, "helpers = {}", winbind.helpers)?;
    writeln!(f, "timeout_ms = {}", winbind.timeout.as_millis())?;
    file(f, "smb_conf", &winbind.smb_conf)
}
