//! `--require-membership-of`.

use negossp::server::Configuration;
use negossp::types::sid::Sid;

/// The SIDs of the groups: a list of SIDs, or one name, which the file of account details has or
/// winbindd knows.
///
/// Errors: why there is none; then nobody is a member.
pub(super) fn groups(required: &str, configuration: &Configuration) -> Result<Vec<Sid>, String> {
    if required.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("S-")) {
        let sid = |text: &str| text.trim().parse().map_err(|_| format!("{text} is not a SID"));
        return required.split(',').map(sid).collect();
    }
    let (domain, name) = match required.split_once('\\') {
        Some((domain, name)) => (domain, name),
        None => ("", required),
    };
    let own = configuration.settings.own_accounts();
    let is_own = domain.is_empty()
        || [own.domain.as_deref().unwrap_or_default(), &own.computer]
            .iter()
            .any(|ours| ours.eq_ignore_ascii_case(domain));
    let details = configuration.details.file.as_ref().filter(|_| is_own);
    let known = details.and_then(|file| file.peek().group(name));
    let asked = || {
        let winbind = configuration.winbind.as_ref().filter(|_| !name.is_empty())?;
        winbind.sid_of(domain, name).ok()
    };
    known
        .or_else(asked)
        .map(|sid| vec![sid])
        .ok_or_else(|| format!("no SID is known for {required}"))
}
