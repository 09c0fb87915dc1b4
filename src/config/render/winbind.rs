//! `[winbind]`.

use super::Quoted;
use crate::winbind::Options;
use std::fmt::{self, Formatter};

pub(crate) fn write(winbind: &Options, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "\n[winbind]")?;
    writeln!(f, "use = \"{}\"", winbind.way.name())?;
    writeln!(f, "ntlm_auth = {}", Quoted(&winbind.ntlm_auth.to_string_lossy()))?;
    writeln!(f, "helpers = {}", winbind.helpers)?;
    writeln!(f, "timeout_ms = {}", winbind.timeout.as_millis())?;
    winbind
        .smb_conf
        .as_ref()
        .map_or(Ok(()), |path| writeln!(f, "smb_conf = {}", Quoted(&path.to_string_lossy())))
}
