//! Credentials as one string, as SspiEncodeAuthIdentityAsStrings gives them: a password as it is;
//! anything else (a keytab, a list of packages) as a SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX in
//! hexadecimal, behind a mark. What programs do with such a string is put it where a password goes;
//! so it is taken back there.

use super::allocate::{pack, put};
use super::owned::{Content, Credentials, utf16};
use crate::entry::abi::*;
use crate::entry::auth_identity::ex2;
use crate::types::error::{Error, Result};
use std::mem::offset_of;
use zeroize::Zeroizing;

type Flat = SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX;

/// No user types this. A password that begins so nevertheless is packed too.
const MARK: &str = "@@negossp:";

/// Flags that say what the identity is for.
const MEANING: ULONG = SEC_WINNT_AUTH_IDENTITY_ONLY | SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER;

const PACKED: usize = offset_of!(Flat, PackedCredentials);
const PACKED_OFFSET: usize = PACKED + offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayOffset);
const PACKED_LENGTH: usize = PACKED + offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayLength);
const PACKAGES: usize = offset_of!(Flat, PackageList);
const PACKAGES_OFFSET: usize = PACKAGES + offset_of!(SEC_WINNT_AUTH_SHORT_VECTOR, ShortArrayOffset);
const PACKAGES_COUNT: usize = PACKAGES + offset_of!(SEC_WINNT_AUTH_SHORT_VECTOR, ShortArrayCount);

/// The string for what `content` has beside its names; nothing if it has nothing.
pub(super) fn fold(content: &Content) -> Result<Option<Zeroizing<String>>> {
    let packages = content.text(&content.packages)?.filter(|list| !list.is_empty());
    let credentials = content.credentials()?;
    let plain = packages.is_none() && content.flags & MEANING == 0;
    let packed = match credentials {
        None if plain => return Ok(None),
        Some(Credentials::Password(password)) if plain && !password.starts_with(MARK) => {
            return Ok(Some(password));
        }
        None => Zeroizing::default(),
        Some(Credentials::Password(password)) => {
            pack(SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, &utf16(&password))?
        }
        Some(Credentials::Persist(kind, data)) => pack(kind, &data)?,
    };
    let packages = packages.map(|list| utf16(&list)).unwrap_or_default();
    let count = USHORT::try_from(packages.len() / 2)
        .map_err(|_| Error::UnknownCredentials("a list of packages too long"))?;
    let mut flat = Zeroizing::new(vec![0; size_of::<Flat>() + packed.len() + packages.len()]);
    put(&mut flat, offset_of!(Flat, cbHeaderLength), &(size_of::<Flat>() as USHORT).to_ne_bytes());
    put(&mut flat, offset_of!(Flat, Flags), &(content.flags & MEANING).to_ne_bytes());
    put(&mut flat, PACKED_OFFSET, &(size_of::<Flat>() as ULONG).to_ne_bytes());
    put(&mut flat, PACKED_LENGTH, &(packed.len() as USHORT).to_ne_bytes());
    put(&mut flat, PACKAGES_OFFSET, &((size_of::<Flat>() + packed.len()) as ULONG).to_ne_bytes());
    put(&mut flat, PACKAGES_COUNT, &count.to_ne_bytes());
    put(&mut flat, size_of::<Flat>(), &packed);
    put(&mut flat, size_of::<Flat>() + packed.len(), &packages);
    let mut text = Zeroizing::new(String::with_capacity(MARK.len() + 2 * flat.len()));
    text.push_str(MARK);
    let digits = flat.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    Ok(Some(text))
}

/// `content` with what its password stands for in its place.
pub(super) fn unfold(content: Content) -> Result<Content> {
    if content.packed || content.credentials.is_none() {
        return Ok(content);
    }
    let Ok(Some(text)) = content.text(&content.credentials) else { return Ok(content) };
    let Some(flat) = text.strip_prefix(MARK).and_then(bytes) else { return Ok(content) };
    let Some((flags, packed, packages)) = parse(&flat) else { return Ok(content) };
    let mut content = content.in_unicode()?;
    content.flags |= flags & MEANING;
    content.packages =
        Some(Zeroizing::new(packages.to_vec())).filter(|packages| !packages.is_empty());
    (content.credentials, content.packed) = match packed {
        [] => (None, false),
        packed => match ex2::unpack(packed)? {
            Credentials::Password(password) => (Some(utf16(&password)), false),
            Credentials::Persist(..) => (Some(Zeroizing::new(packed.to_vec())), true),
        },
    };
    Ok(content)
}

/// Flags, SEC_WINNT_AUTH_PACKED_CREDENTIALS, list of packages.
fn parse(flat: &[u8]) -> Option<(ULONG, &[u8], &[u8])> {
    let u16_at = |at: usize| flat.get(at..)?.first_chunk().copied().map(u16::from_ne_bytes);
    let u32_at = |at: usize| flat.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes);
    let slice =
        |offset: u32, length: usize| flat.get(usize::try_from(offset).ok()?..)?.get(..length);
    let packed = slice(u32_at(PACKED_OFFSET)?, u16_at(PACKED_LENGTH)?.into())?;
    let packages = slice(u32_at(PACKAGES_OFFSET)?, 2 * usize::from(u16_at(PACKAGES_COUNT)?))?;
    Some((u32_at(offset_of!(Flat, Flags))?, packed, packages))
}

fn bytes(digits: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for pair in pairs {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        bytes.push((high? << 4 | low?) as u8);
    }
    odd.is_empty().then_some(bytes)
}
