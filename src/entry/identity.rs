//! `pAuthData` of AcquireCredentialsHandle.

use super::abi::*;
use super::identity_ex2;
use super::text::{self, Text};
use crate::credential::Identity;
use crate::error::{Error, Result};
use crate::kerberos::keytab::Keytab;
use crate::mechanism::Mechanism;
use std::slice;
use zeroize::Zeroizing;

/// Who the caller says to be, and by which mechanisms.
#[derive(Default)]
pub(super) struct AuthData {
    /// Name and password; nothing if the structure has neither.
    pub(super) identity: Option<Identity>,
    /// `PackageList` of the EX forms.
    pub(super) packages: Option<String>,
    /// The keytab in packed credentials.
    pub(super) keytab: Option<Keytab>,
}

/// Whether a structure whose first word is a version really begins with one, and not with a pointer whose lower
/// half happens to be the same. The word after it is then the structure's length; some programs leave that 0.
/// On 32 bits nothing has such an address.
fn versioned(length: ULONG) -> bool {
    size_of::<usize>() == 4 || length == 0 || (32..=1024).contains(&length)
}

/// Flags of identities that are not plain text.
pub(super) const ENCRYPTED: ULONG = SEC_WINNT_AUTH_IDENTITY_MARSHALLED
    | SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED
    | SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED
    | SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED
    | SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED;

/// Reads the structure; `Char` is the form of the function that it was passed to, which counts where its Flags
/// don't say.
///
/// # Safety
/// `data` is NULL or points to a SEC_WINNT_AUTH_IDENTITY of either form, to its EX form or to a block that begins with its
/// EX2 form.
pub(super) unsafe fn read<Char: Text>(data: *const u8) -> Result<AuthData> {
    if data.is_null() {
        return Ok(AuthData::default());
    }
    // SAFETY: each structure has at least two words.
    let [version, length] = unsafe { data.cast::<[ULONG; 2]>().read_unaligned() };
    match version {
        SEC_WINNT_AUTH_IDENTITY_VERSION if versioned(length) => {
            // SAFETY: the version says that it is this structure. Both forms lie alike.
            unsafe { read_ex::<Char>(data.cast()) }
        }
        SEC_WINNT_AUTH_IDENTITY_VERSION_2 if versioned(length & 0xffff) => {
            // SAFETY: the version says that it is this structure.
            let length = unsafe { data.cast::<SEC_WINNT_AUTH_IDENTITY_EX2>().read_unaligned() }.cbStructureLength as usize;
            if !(size_of::<SEC_WINNT_AUTH_IDENTITY_EX2>()..=identity_ex2::LONGEST).contains(&length) {
                return Err(Error::UnknownCredentials("SEC_WINNT_AUTH_IDENTITY_EX2: its length cannot be"));
            }
            // SAFETY: the block has as many bytes by the caller's promise, and is not changed during the call.
            identity_ex2::read(unsafe { slice::from_raw_parts(data, length) })
        }
        _ => {
            // SAFETY: no version, so it is the plain structure. Both forms lie alike.
            let plain = unsafe { data.cast::<SEC_WINNT_AUTH_IDENTITY<u8>>().read_unaligned() };
            // SAFETY: the caller's promise is this function's own.
            let identity = unsafe { of_form::<Char>(&plain)? };
            Ok(AuthData { identity, ..AuthData::default() })
        }
    }
}

/// # Safety
/// `data` points to a SEC_WINNT_AUTH_IDENTITY_EX of either form.
unsafe fn read_ex<Char: Text>(data: *const SEC_WINNT_AUTH_IDENTITY_EX<u8>) -> Result<AuthData> {
    // SAFETY: the caller's promise is this function's own.
    let ex = unsafe { data.read_unaligned() };
    let plain = SEC_WINNT_AUTH_IDENTITY {
        User: ex.User,
        UserLength: ex.UserLength,
        Domain: ex.Domain,
        DomainLength: ex.DomainLength,
        Password: ex.Password,
        PasswordLength: ex.PasswordLength,
        Flags: ex.Flags,
    };
    // SAFETY: likewise.
    let identity = unsafe { of_form::<Char>(&plain)? };
    // SAFETY: likewise.
    let packages = unsafe {
        match form::<Char>(ex.Flags)? {
            Form::Ansi => text::read_counted::<SEC_CHAR>(ex.PackageList.cast(), ex.PackageListLength)?,
            Form::Unicode => text::read_counted::<SEC_WCHAR>(ex.PackageList.cast(), ex.PackageListLength)?,
        }
    };
    let packages = packages.map(|list| list.to_string()).filter(|list| !list.is_empty());
    Ok(AuthData { identity, packages, keytab: None })
}

enum Form {
    Ansi,
    Unicode,
}

/// Which form the structure is in.
fn form<Char: Text>(flags: ULONG) -> Result<Form> {
    if flags & ENCRYPTED != 0 {
        return Err(Error::UnknownCredentials("an identity that is marshalled or encrypted"));
    }
    match (flags & SEC_WINNT_AUTH_IDENTITY_ANSI != 0, flags & SEC_WINNT_AUTH_IDENTITY_UNICODE != 0) {
        (true, false) => Ok(Form::Ansi),
        (false, true) => Ok(Form::Unicode),
        (false, false) if size_of::<Char>() == 1 => Ok(Form::Ansi),
        (false, false) => Ok(Form::Unicode),
        (true, true) => Err(Error::UnknownCredentials("an identity that is both ANSI and Unicode")),
    }
}

/// # Safety
/// The strings of `plain` are NULL or have as many characters, of the form that its Flags say, as it says.
unsafe fn of_form<Char: Text>(plain: &SEC_WINNT_AUTH_IDENTITY<u8>) -> Result<Option<Identity>> {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        match form::<Char>(plain.Flags)? {
            Form::Ansi => strings::<SEC_CHAR>(plain),
            Form::Unicode => strings::<SEC_WCHAR>(plain),
        }
    }
}

/// # Safety
/// The strings of `plain` are NULL or have as many `Char`s as it says.
unsafe fn strings<Char: Text>(plain: &SEC_WINNT_AUTH_IDENTITY<u8>) -> Result<Option<Identity>> {
    let string = |start: *const u8, length| -> Result<Option<Zeroizing<String>>> {
        // SAFETY: the caller's promise is this function's own.
        let text = unsafe { text::read_counted::<Char>(start.cast(), length) };
        text.map_err(|_| Error::UnknownCredentials("an identity whose text cannot be read"))
    };
    let user = string(plain.User, plain.UserLength)?;
    let domain = string(plain.Domain, plain.DomainLength)?;
    let password = string(plain.Password, plain.PasswordLength)?;
    if user.is_none() && password.is_none() {
        return Ok(None);
    }
    Ok(Some(Identity {
        user: user.map(|user| user.to_string()).unwrap_or_default(),
        domain: domain.map(|domain| domain.to_string()).unwrap_or_default(),
        password: password.unwrap_or_default(),
    }))
}

/// The mechanisms that a package list leaves: those it names in its order, or all but those it names with `!` in the
/// configuration's. Packages that are not known here are passed over.
pub(super) fn mechanisms(list: Option<&str>, configured: &[Mechanism]) -> Vec<Mechanism> {
    let by_name = |name: &str| Mechanism::ALL.iter().copied().find(|m| m.package_name().eq_ignore_ascii_case(name));
    let names = || list.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    let excluded: Vec<_> = names().filter_map(|name| name.strip_prefix('!')).filter_map(|name| by_name(name.trim())).collect();
    let mut chosen: Vec<Mechanism> = Vec::new();
    if names().any(|name| !name.starts_with('!')) {
        for mechanism in names().filter_map(by_name) {
            if !chosen.contains(&mechanism) {
                chosen.push(mechanism);
            }
        }
    } else {
        chosen.extend(Mechanism::ALL);
        chosen.sort_by_key(|mechanism| configured.iter().position(|other| other == mechanism).unwrap_or(usize::MAX));
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
        // What the configuration does not allow now it may allow later.
        assert_eq!(super::mechanisms(None, &[Mechanism::Ntlm]), ntlm_first);
    }
}
