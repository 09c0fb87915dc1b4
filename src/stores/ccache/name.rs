//! The names of credential caches, `TYPE:RESIDUAL` (krb5.conf(5), MIT's documentation "Credential
//! cache").

use super::error::{CcacheError, Problem, Result};
use std::fmt;
use std::path::{Path, PathBuf};

/// The name of a credential cache or of a collection of caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// `FILE:PATH`, or a path alone.
    File(PathBuf),
    /// `DIR:FOLDER`: a folder of caches.
    Folder(PathBuf),
    /// `DIR::PATH`: a cache in such a folder. Its file's name begins with `tkt`.
    InFolder(PathBuf),
    /// `MEMORY:NAME`: a cache of this process.
    Memory(String),
    /// `KEYRING:...`
    Keyring(KeyringName),
    /// `KCM:NAME`, a cache of the credential cache manager, or `KCM:`, all of the user's.
    Kcm(String),
}

/// The rest of a name in the kernel's keyrings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringName {
    /// Where the collection is.
    pub anchor: Anchor,
    /// The name of the collection; the user's number for the persistent anchor, empty for the
    /// effective user.
    pub collection: String,
    /// The cache in the collection.
    pub subsidiary: Option<String>,
}

/// The keyring from which a collection is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The user's persistent keyring.
    Persistent,
    /// The user's.
    User,
    /// The session's.
    Session,
    /// The process'.
    Process,
    /// The thread's.
    Thread,
    /// The session's, for a name without an anchor: also programs before MIT 1.12 find the cache
    /// with the collection's name.
    Legacy,
}

impl Anchor {
    const ALL: [(&'static str, Anchor); 6] = [
        ("persistent", Anchor::Persistent),
        ("user", Anchor::User),
        ("session", Anchor::Session),
        ("process", Anchor::Process),
        ("thread", Anchor::Thread),
        ("legacy", Anchor::Legacy),
    ];

    fn text(self) -> &'static str {
        Anchor::ALL.iter().find(|(_, anchor)| *anchor == self).map_or("", |(text, _)| text)
    }
}

impl KeyringName {
    fn parse(residual: &str) -> Result<KeyringName> {
        let (anchor, rest) = match residual.split_once(':') {
            None => (Anchor::Legacy, residual),
            Some((anchor, rest)) => {
                let known = Anchor::ALL.iter().find(|(text, _)| *text == anchor);
                let (_, anchor) = known.ok_or_else(|| {
                    CcacheError::malformed(format!("KEYRING:{anchor}: not an anchor of keyrings"))
                })?;
                (*anchor, rest)
            }
        };
        let (collection, subsidiary) = match rest.split_once(':') {
            None => (rest, None),
            Some((collection, subsidiary)) => (collection, Some(subsidiary.to_owned())),
        };
        if anchor == Anchor::Persistent && !collection.is_empty() {
            collection.parse::<u32>().map_err(|_| {
                CcacheError::malformed(format!(
                    "KEYRING:persistent:{collection}: not a user's number"
                ))
            })?;
        }
        Ok(KeyringName { anchor, collection: collection.to_owned(), subsidiary })
    }
}

impl Name {
    /// Reads a name.
    ///
    /// Errors: `Malformed`; `Unsupported` for a type that this library does not have.
    pub fn parse(text: &str) -> Result<Name> {
        let path = |path: &str| match path {
            "" => Err(CcacheError::malformed(format!("{text}: without a path"))),
            path => Ok(PathBuf::from(path)),
        };
        let text_without_type = || path(text).map(Name::File);
        let Some((kind, residual)) = text.split_once(':') else { return text_without_type() };
        match kind {
            // A drive letter.
            kind if kind.len() == 1 && kind.chars().all(|c| c.is_ascii_alphabetic()) => {
                text_without_type()
            }
            kind if kind.contains(['/', '\\']) => text_without_type(),
            "FILE" => path(residual).map(Name::File),
            "DIR" => match residual.strip_prefix(':') {
                None => path(residual).map(Name::Folder),
                Some(file) if is_cache_of_folder(Path::new(file)) => {
                    Ok(Name::InFolder(file.into()))
                }
                Some(_) => Err(CcacheError::malformed(format!(
                    "{text}: the name of a file in a folder of caches begins with tkt"
                ))),
            },
            "MEMORY" => Ok(Name::Memory(residual.into())),
            "KEYRING" => KeyringName::parse(residual).map(Name::Keyring),
            "KCM" if residual.contains('\0') => Err(CcacheError::malformed("KCM: a zero")),
            "KCM" => Ok(Name::Kcm(residual.into())),
            "API" | "MSLSA" => Err(CcacheError::new(
                Problem::Unsupported,
                format!("{kind}: credential caches of this type are not supported; use FILE:"),
            )),
            kind => Err(CcacheError::new(
                Problem::Unsupported,
                format!("{kind}: not a supported type of credential cache"),
            )),
        }
    }
}

/// Whether MIT's library takes a file in a folder of caches for one.
pub(super) fn is_cache_of_folder(path: &Path) -> bool {
    let named = path.file_name().and_then(|name| name.to_str());
    named.is_some_and(|name| name.starts_with("tkt"))
        && path.parent().is_some_and(|folder| !folder.as_os_str().is_empty())
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::File(path) => write!(f, "FILE:{}", path.display()),
            Name::Folder(path) => write!(f, "DIR:{}", path.display()),
            Name::InFolder(path) => write!(f, "DIR::{}", path.display()),
            Name::Memory(name) => write!(f, "MEMORY:{name}"),
            Name::Keyring(KeyringName { anchor, collection, subsidiary }) => {
                match (anchor, subsidiary) {
                    (Anchor::Legacy, None) => write!(f, "KEYRING:{collection}"),
                    (anchor, None) => write!(f, "KEYRING:{}:{collection}", anchor.text()),
                    (anchor, Some(name)) => {
                        write!(f, "KEYRING:{}:{collection}:{name}", anchor.text())
                    }
                }
            }
            Name::Kcm(name) => write!(f, "KCM:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The spellings of MIT's documentation ("Credential cache", "ccache types").
    #[test]
    fn names_are_read_and_shown_as_mit_has_them() {
        let keyring = |anchor, collection: &str, subsidiary: Option<&str>| {
            let subsidiary = subsidiary.map(str::to_owned);
            Name::Keyring(KeyringName { anchor, collection: collection.into(), subsidiary })
        };
        for (text, name, shown) in [
            ("FILE:/tmp/krb5cc_0", Name::File("/tmp/krb5cc_0".into()), None),
            ("/tmp/x:y", Name::File("/tmp/x:y".into()), Some("FILE:/tmp/x:y")),
            ("krb5cc", Name::File("krb5cc".into()), Some("FILE:krb5cc")),
            (r"C:\temp\krb5cc", Name::File(r"C:\temp\krb5cc".into()), Some(r"FILE:C:\temp\krb5cc")),
            ("DIR:/run/user/0/krb5cc", Name::Folder("/run/user/0/krb5cc".into()), None),
            ("DIR::/d/tktAbC123", Name::InFolder("/d/tktAbC123".into()), None),
            ("MEMORY:a:b", Name::Memory("a:b".into()), None),
            ("KEYRING:old", keyring(Anchor::Legacy, "old", None), None),
            ("KEYRING:legacy:old:old", keyring(Anchor::Legacy, "old", Some("old")), None),
            ("KEYRING:persistent:0", keyring(Anchor::Persistent, "0", None), None),
            ("KEYRING:persistent:", keyring(Anchor::Persistent, "", None), None),
            (
                "KEYRING:persistent:1000:krb_ccache_x",
                keyring(Anchor::Persistent, "1000", Some("krb_ccache_x")),
                None,
            ),
            ("KEYRING:session:a", keyring(Anchor::Session, "a", None), None),
            ("KEYRING:process:a:b:c", keyring(Anchor::Process, "a", Some("b:c")), None),
            ("KEYRING:thread:a", keyring(Anchor::Thread, "a", None), None),
            ("KEYRING:user:a", keyring(Anchor::User, "a", None), None),
            ("KCM:", Name::Kcm(String::new()), None),
            ("KCM:1000:2", Name::Kcm("1000:2".into()), None),
        ] {
            assert_eq!(Name::parse(text), Ok(name.clone()), "{text}");
            assert_eq!(name.to_string(), shown.unwrap_or(text));
            assert_eq!(Name::parse(&name.to_string()), Ok(name));
        }
    }

    #[test]
    fn other_names_are_rejected_and_the_reason_told() {
        for (text, problem) in [
            ("", Problem::Malformed),
            ("FILE:", Problem::Malformed),
            ("DIR:", Problem::Malformed),
            ("DIR::/d/other", Problem::Malformed),
            ("DIR::tkt", Problem::Malformed),
            ("KEYRING:nowhere:x", Problem::Malformed),
            ("KEYRING:persistent:root", Problem::Malformed),
            ("API:krb5cc", Problem::Unsupported),
            ("MSLSA:", Problem::Unsupported),
            ("SCC:x", Problem::Unsupported),
            ("file:/x", Problem::Unsupported),
        ] {
            assert_eq!(Name::parse(text).unwrap_err().problem, problem, "{text}");
        }
    }
}
