//! PrincipalName, RFC 4120 5.2.2.

use super::fields::{Fields, WriteFields, int32};
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::{Error, Result};
use std::fmt;

/// Name types, RFC 4120 6.2 and 7.5.8, and [MS-KILE] 3.1.5.
pub mod name_type {
    /// KRB_NT_UNKNOWN
    pub const UNKNOWN: i32 = 0;
    /// KRB_NT_PRINCIPAL: a user.
    pub const PRINCIPAL: i32 = 1;
    /// KRB_NT_SRV_INST: a service and an instance, such as krbtgt.
    pub const SRV_INST: i32 = 2;
    /// KRB_NT_SRV_HST: a service and its host.
    pub const SRV_HST: i32 = 3;
    /// KRB_NT_ENTERPRISE: a user principal name, in one component.
    pub const ENTERPRISE: i32 = 10;
    /// KRB_NT_WELLKNOWN (RFC 6111), such as `WELLKNOWN/ANONYMOUS`.
    pub const WELLKNOWN: i32 = 11;
}

/// The most components accepted. Real names have four at most.
const MAX_COMPONENTS: usize = 32;

const NOT_TEXT: Error = Error::InvalidToken("PrincipalName: not UTF-8");

/// A principal's name without its realm. Names are equal if their components are: the type is only
/// a hint (RFC 4120 6.2).
#[derive(Clone, Copy)]
pub struct PrincipalName<'a> {
    /// `name-type`, [`name_type`] or another value.
    pub name_type: i32,
    /// `name-string`: the contents of the SEQUENCE OF KerberosString, validated.
    names: &'a [u8],
}

impl<'a> PrincipalName<'a> {
    /// Decodes a name.
    ///
    /// Errors: `InvalidToken` if it is malformed or has too many components.
    pub fn decode(bytes: &'a [u8]) -> Result<PrincipalName<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let name_type = int32(fields.field(0)?)?;
        let name = PrincipalName::new(name_type, fields.field(1)?)?;
        fields.end()?;
        Ok(name)
    }

    /// Decodes a name with at least one component.
    pub(super) fn decode_named(bytes: &'a [u8]) -> Result<PrincipalName<'a>> {
        let name = PrincipalName::decode(bytes)?;
        if name.names.is_empty() {
            return Err(Error::InvalidToken("PrincipalName: no component"));
        }
        Ok(name)
    }

    /// A name of this type. `components` is encoded by [`PrincipalName::encode_components`].
    ///
    /// Errors: `InvalidToken` if it is malformed or has too many components.
    pub fn new(name_type: i32, components: &'a [u8]) -> Result<PrincipalName<'a>> {
        let names = der::only(components, der::SEQUENCE)?;
        let mut reader = Reader::new(names);
        let mut count = 0;
        while !reader.is_empty() {
            reader.read(der::GENERAL_STRING)?;
            count += 1;
            if count > MAX_COMPONENTS {
                return Err(Error::InvalidToken("PrincipalName: too many components"));
            }
        }
        Ok(PrincipalName { name_type, names })
    }

    /// A name without components.
    pub const EMPTY: PrincipalName<'static> =
        PrincipalName { name_type: name_type::UNKNOWN, names: &[] };

    /// The components, separated by slashes without quoting, as SSPI names services:
    /// `HTTP/web.example.test`.
    ///
    /// Errors: `InvalidToken` for a component that is not UTF-8 or contains a NUL.
    pub fn to_spn(&self) -> Result<String> {
        let mut text = String::with_capacity(self.names.len());
        for (at, component) in self.components().enumerate() {
            if at > 0 {
                text.push('/');
            }
            text.push_str(text_of(component)?);
        }
        if text.contains('\0') { Err(NOT_TEXT) } else { Ok(text) }
    }

    /// The components. A peer may send empty ones, with any contents.
    pub fn components(&self) -> impl Components<'a> + use<'a> {
        let mut reader = Reader::new(self.names);
        std::iter::repeat(()).map_while(move |()| reader.read(der::GENERAL_STRING).ok())
    }

    /// Whether there are no components. Only permitted in KRB-ERROR.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Name and realm in MIT's notation: `alice/admin@EXAMPLE.TEST`, with separators inside a
    /// component quoted by backslashes.
    ///
    /// Errors: `InvalidToken` for a component that is not UTF-8.
    pub fn to_text(&self, realm: &[u8]) -> Result<String> {
        let mut text = String::with_capacity(self.names.len() + realm.len());
        for (at, component) in self.components().enumerate() {
            push_component(at, text_of(component)?, &mut text);
        }
        push_realm(text_of(realm)?, &mut text);
        Ok(text)
    }

    /// Encodes `components` as a SEQUENCE OF KerberosString.
    pub fn encode_components<T: AsRef<[u8]>>(components: &[T]) -> Vec<u8> {
        let mut writer = Writer::new(64);
        writer.nest(der::SEQUENCE, |writer| {
            for component in components {
                writer.element(der::GENERAL_STRING, component.as_ref());
            }
        });
        writer.finish()
    }

    /// Appends the encoded name.
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.nest(der::SEQUENCE, |writer| {
            writer.number(0, self.name_type);
            writer.tagged(1, |writer| writer.element(der::SEQUENCE, self.names));
        });
    }
}

impl PartialEq for PrincipalName<'_> {
    fn eq(&self, other: &Self) -> bool {
        // DER: equal components have equal encodings.
        self.names == other.names
    }
}

impl Eq for PrincipalName<'_> {}

impl fmt::Debug for PrincipalName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrincipalName({}:", self.name_type)?;
        for component in self.components() {
            write!(f, " {}", component.escape_ascii())?;
        }
        f.write_str(")")
    }
}

/// A component or realm as text.
///
/// Errors: `InvalidToken` if it is not UTF-8.
pub(in crate::kerberos) fn text_of(part: &[u8]) -> Result<&str> {
    std::str::from_utf8(part).map_err(|_| NOT_TEXT)
}

/// Appends a principal in MIT's notation, as [`PrincipalName::to_text`] returns it.
pub(in crate::kerberos) fn push_principal<'a>(
    components: impl Iterator<Item = &'a str>,
    realm: &str,
    text: &mut String,
) {
    for (at, component) in components.enumerate() {
        push_component(at, component, text);
    }
    push_realm(realm, text);
}

fn push_component(at: usize, component: &str, text: &mut String) {
    if at > 0 {
        text.push('/');
    }
    quote(component, true, text);
}

fn push_realm(realm: &str, text: &mut String) {
    text.push('@');
    quote(realm, false, text);
}

/// Appends a component or realm in MIT's notation, with separators inside it quoted by backslashes.
fn quote(part: &str, slash: bool, text: &mut String) {
    let is_special = |byte: &u8| matches!(byte, b'\\' | b'@' | b'/' | b'\n' | b'\t' | 8 | 0);
    if !part.as_bytes().iter().any(is_special) {
        return text.push_str(part);
    }
    for c in part.chars() {
        match c {
            '\\' | '@' => text.extend(['\\', c]),
            '/' if slash => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\0' => text.push_str("\\0"),
            other => text.push(other),
        }
    }
}

/// The components of a name, iterated as often as needed.
pub trait Components<'a>: Iterator<Item = &'a [u8]> + Clone {}

impl<'a, T: Iterator<Item = &'a [u8]> + Clone> Components<'a> for T {}

/// Whether two names have the same components, ignoring letter case.
pub(crate) fn same_name<'a, 'b>(
    one: impl Iterator<Item = &'a [u8]>,
    other: impl Iterator<Item = &'b [u8]>,
) -> bool {
    one.map(CaseBlind).eq(other.map(CaseBlind))
}

struct CaseBlind<'a>(&'a [u8]);

impl<'b> PartialEq<CaseBlind<'b>> for CaseBlind<'_> {
    fn eq(&self, other: &CaseBlind<'b>) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_as_mit_shows_them() {
        for (components, realm, text) in [
            (&["alice"][..], "EXAMPLE.TEST", "alice@EXAMPLE.TEST"),
            (&["alice", "admin"], "EXAMPLE.TEST", "alice/admin@EXAMPLE.TEST"),
            (&["a/b", "c@d", "e\\f"], "R/S@T", "a\\/b/c\\@d/e\\\\f@R/S\\@T"),
            (&["", "\n\t\u{8}\0"], "", "/\\n\\t\\b\\0@"),
            (&["józef"], "R", "józef@R"),
        ] {
            let names = PrincipalName::encode_components(components);
            let name = PrincipalName::new(name_type::PRINCIPAL, &names).unwrap();
            assert!(name.components().eq(components.iter().map(|c| c.as_bytes())));
            assert_eq!(name.to_text(realm.as_bytes()).as_deref(), Ok(text));
        }
        let names = PrincipalName::encode_components(&[b"\xff"]);
        assert!(PrincipalName::new(1, &names).unwrap().to_text(b"R").is_err());
    }

    #[test]
    fn components_are_bounded() {
        let names = PrincipalName::encode_components(&["x"; MAX_COMPONENTS]);
        assert_eq!(PrincipalName::new(1, &names).unwrap().components().count(), MAX_COMPONENTS);
        assert!(
            PrincipalName::new(1, &PrincipalName::encode_components(&["x"; MAX_COMPONENTS + 1]))
                .is_err()
        );
    }

    #[test]
    fn the_type_is_a_hint() {
        let names = PrincipalName::encode_components(&["alice", "admin"]);
        let others = PrincipalName::encode_components(&["alice/admin"]);
        let name = |name_type, names| PrincipalName::new(name_type, names).unwrap();
        assert_eq!(name(1, &names), name(10, &names));
        assert_ne!(name(1, &names), name(1, &others));
    }
}
