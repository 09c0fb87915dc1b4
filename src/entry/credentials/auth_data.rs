//! `pAuthData` of AcquireCredentialsHandle.

use crate::authority::Application;
use crate::entry::abi::*;
use crate::entry::auth_identity::{Credentials, OwnedIdentity, RawIdentity, WinprSettings};
use crate::entry::boundary::text::Text;
use crate::kerberos::keytab::Keytab;
use crate::mechanism::Mechanism;
use crate::ntlm::Account;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use crate::types::identity::Identity;
use std::sync::Arc;

/// The identity that the caller gives, and the mechanisms.
#[derive(Default)]
pub(crate) struct AuthData {
    /// Name and password; `None` if the structure has neither.
    pub(crate) identity: Option<Identity>,
    /// `PackageList` of the EX forms.
    pub(crate) packages: Option<String>,
    /// The keytab in packed credentials, or of WinPR's settings.
    pub(crate) keytab: Option<Keytab>,
    /// WinPR's settings behind the identity, until they are opened.
    pub(crate) winpr: Option<WinprSettings>,
    /// The accounts of their SAM file.
    pub(crate) accounts: Vec<Account>,
    /// Their callback.
    pub(crate) application: Option<Arc<dyn Application>>,
}

/// Reads the structure, decrypting it if SspiEncryptAuthIdentity has encrypted it. `Char` is the
/// form of the function that it was passed to, used if its Flags do not give the form.
///
/// # Safety
/// `data` is NULL or points to a SEC_WINNT_AUTH_IDENTITY of either form, to its EX form, with WinPR's
/// settings behind it if its flags say so, or to a block that begins with its EX2 form.
pub(crate) unsafe fn read<Char: Text>(data: *const u8) -> Result<AuthData> {
    if data.is_null() {
        return Ok(AuthData::default());
    }
    // SAFETY: C caller's contract, identities.
    let (content, winpr) = unsafe {
        let identity = RawIdentity::of::<Char>(data.cast_mut())?;
        (identity.read()?, WinprSettings::of(&identity)?)
    };
    Ok(AuthData { winpr, ..AuthData::of(&content.open()?)? })
}

impl AuthData {
    pub(crate) fn of(content: &OwnedIdentity) -> Result<AuthData> {
        let text = |part| -> Result<Option<String>> {
            content.text(part)?.map(|text| allocation::text(&text)).transpose()
        };
        let (user, domain, packages) =
            (text(&content.user)?, text(&content.domain)?, text(&content.packages)?);
        let (password, keytab) = match content.credentials()? {
            None => (None, None),
            Some(Credentials::Password(password)) => (Some(password), None),
            Some(Credentials::Persist(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, data)) => {
                (None, Some(keytab(&data)?))
            }
            Some(Credentials::Persist(..)) => {
                return Err(Error::UnknownCredentials(
                    "packed credentials that are neither a keytab nor a password",
                ));
            }
        };
        let identity = (user.is_some() || password.is_some()).then(|| Identity {
            user: user.unwrap_or_default(),
            domain: domain.unwrap_or_default(),
            password: password.unwrap_or_default(),
        });
        let packages = packages.filter(|list| !list.is_empty());
        Ok(AuthData { identity, packages, keytab, ..AuthData::default() })
    }
}

fn keytab(data: &[u8]) -> Result<Keytab> {
    with_keys(
        Keytab::parse(data)
            .map_err(|_| Error::UnknownCredentials("packed credentials: not a keytab"))?,
    )
}

/// Rejects a keytab without keys.
pub(super) fn with_keys(keytab: Keytab) -> Result<Keytab> {
    match keytab.entries() {
        [] => Err(Error::UnknownCredentials("a keytab without a key that can be used")),
        _ => Ok(keytab),
    }
}

/// The mechanisms that a package list allows: those it names, in its order; or, if it names only
/// packages with `!`, all others, in the configuration's order. Unknown packages are ignored.
pub(crate) fn mechanisms(list: Option<&str>, configured: &[Mechanism]) -> Vec<Mechanism> {
    let by_name = |name: &str| {
        Mechanism::ALL.iter().copied().find(|m| m.package_name().eq_ignore_ascii_case(name))
    };
    let names =
        || list.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    let excluded: Vec<_> = names()
        .filter_map(|name| name.strip_prefix('!'))
        .filter_map(|name| by_name(name.trim()))
        .collect();
    let mut chosen: Vec<Mechanism> = Vec::new();
    if names().any(|name| !name.starts_with('!')) {
        for mechanism in names().filter_map(by_name) {
            if !chosen.contains(&mechanism) {
                chosen.push(mechanism);
            }
        }
    } else {
        chosen.extend(Mechanism::ALL);
        chosen.sort_by_key(|mechanism| {
            configured.iter().position(|other| other == mechanism).unwrap_or(usize::MAX)
        });
    }
    chosen.retain(|mechanism| !excluded.contains(mechanism));
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_lists() {
        let mechanisms = |list| super::mechanisms(list, Mechanism::ALL);
        let both = vec![Mechanism::Kerberos, Mechanism::Ntlm];
        assert_eq!(mechanisms(None), both);
        assert_eq!(mechanisms(Some("")), both);
        assert_eq!(mechanisms(Some("NTLM,Kerberos")), vec![Mechanism::Ntlm, Mechanism::Kerberos]);
        assert_eq!(mechanisms(Some(" kerberos , ntlm,NTLM")), both);
        assert_eq!(mechanisms(Some("!Kerberos")), vec![Mechanism::Ntlm]);
        assert_eq!(mechanisms(Some("!NTLM")), vec![Mechanism::Kerberos]);
        assert_eq!(mechanisms(Some("NTLM,! ntlm")), vec![]);
        assert_eq!(mechanisms(Some("Kerberos")), vec![Mechanism::Kerberos]);
        assert_eq!(mechanisms(Some("Schannel")), vec![]);
        let ntlm_first = [Mechanism::Ntlm, Mechanism::Kerberos];
        assert_eq!(super::mechanisms(None, &ntlm_first), ntlm_first);
        assert_eq!(super::mechanisms(Some("Kerberos,NTLM"), &ntlm_first), both);
        // The configuration may allow later what it does not allow now.
        assert_eq!(super::mechanisms(None, &[Mechanism::Ntlm]), ntlm_first);
    }
}
