//! An owned copy of an identity of any form, erased when dropped.

use super::cipher::Key;
use super::ex2::{self, Block, Credentials, unreadable};
use crate::entry::abi::*;
use crate::entry::boundary::text::{ansi_from_bytes, utf16_bytes, utf16_from_bytes};
use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::mem::offset_of;
use zeroize::Zeroizing;

/// The bytes of a name or a credential, as in the identity.
pub(crate) type Part = Option<Zeroizing<Vec<u8>>>;

/// An identity's content.
#[derive(Clone, Default)]
pub(crate) struct OwnedIdentity {
    /// Its flags.
    pub(crate) flags: ULONG,
    /// The text is that of the A functions.
    pub(crate) ansi: bool,
    /// Account, or service.
    pub(crate) user: Part,
    /// Domain or realm.
    pub(crate) domain: Part,
    /// A password's text, or a SEC_WINNT_AUTH_PACKED_CREDENTIALS.
    pub(crate) credentials: Part,
    /// `credentials` is the latter.
    pub(crate) packed: bool,
    /// Packages that Negotiate may choose.
    pub(crate) packages: Part,
}

/// Flags of identities that were encrypted with other keys than this process's, which the library
/// does not have.
const FOR_OTHERS: ULONG = SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED
    | SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED
    | SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED;

/// Flags of identities that are encrypted.
pub(super) const ENCRYPTED: ULONG = SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED | FOR_OTHERS;

/// Flags for the form of the text.
pub(super) const TEXT: ULONG = SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE;

impl OwnedIdentity {
    /// From a whole SEC_WINNT_AUTH_IDENTITY_EX2 block.
    pub(crate) fn of_block(block: &[u8]) -> Result<OwnedIdentity> {
        let Block { flags, ansi, parts } = Block::new(block)?;
        let part = |range| -> Result<Part> {
            let part = block.get(range).filter(|part: &&[u8]| !part.is_empty());
            part.map(|part| allocation::copy(part).map(Zeroizing::new)).transpose()
        };
        let [user, domain, credentials, packages] = parts.map(part);
        let (user, domain, credentials, packages) = (user?, domain?, credentials?, packages?);
        Ok(OwnedIdentity { flags, ansi, user, domain, credentials, packed: true, packages })
    }

    /// Encrypted, by us or by Windows.
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    /// Decrypts it, and unpacks credentials that are one string (`as_string`).
    pub(crate) fn open(mut self) -> Result<OwnedIdentity> {
        self.decrypt()?;
        unfold(self)
    }

    /// Encrypts it, unless it is encrypted.
    pub(super) fn encrypt(&mut self) -> Result<()> {
        if self.flags & FOR_OTHERS != 0 {
            return Err(Error::UnknownCredentials("an identity that is encrypted for others"));
        }
        if !self.is_encrypted() {
            self.through(Key::of_process()?, Key::encipher)?;
            self.flags |= SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED;
        }
        Ok(())
    }

    /// Decrypts it, if it is encrypted.
    pub(super) fn decrypt(&mut self) -> Result<()> {
        if self.flags & FOR_OTHERS != 0 {
            return Err(Error::UnknownCredentials("an identity that is encrypted for others"));
        }
        if self.is_encrypted() {
            self.through(Key::of_process()?, Key::decipher)?;
            self.flags &= !SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED;
        }
        Ok(())
    }

    /// Name, domain and credentials are enciphered as one message. The package list is not secret
    /// and is not changed.
    fn through(&mut self, key: &Key, cipher: fn(&Key, &mut [u8])) -> Result<()> {
        let mut parts = [&mut self.user, &mut self.domain, &mut self.credentials]
            .map(|part| part.as_deref_mut());
        let length = parts.iter().flatten().map(|part| part.len()).sum();
        let mut whole = Zeroizing::new(allocation::vec(length)?);
        parts.iter().flatten().for_each(|part| whole.extend_from_slice(part));
        cipher(key, &mut whole);
        let mut rest = &whole[..];
        for part in parts.iter_mut().flatten() {
            let (own, others) = rest.split_at(part.len());
            part.copy_from_slice(own);
            rest = others;
        }
        Ok(())
    }

    /// The text of one of its parts.
    pub(crate) fn text(&self, part: &Part) -> Result<Option<Zeroizing<String>>> {
        part.as_ref()
            .map(|bytes| match self.ansi {
                true => ansi_from_bytes(bytes).map_err(unreadable),
                false => utf16_from_bytes(bytes).map_err(unreadable),
            })
            .transpose()
    }

    /// Its credentials.
    pub(crate) fn credentials(&self) -> Result<Option<Credentials>> {
        match &self.credentials {
            Some(packed) if self.packed => ex2::unpack(packed).map(Some),
            password => Ok(self.text(password)?.map(Credentials::Password)),
        }
    }

    /// The same with text in UTF-16.
    pub(super) fn in_unicode(mut self) -> Result<OwnedIdentity> {
        if self.ansi {
            let converted = |part: &Part| -> Result<Part> {
                self.text(part)?.map(|text| utf16_bytes(&text)).transpose()
            };
            let (user, domain, packages) =
                (converted(&self.user)?, converted(&self.domain)?, converted(&self.packages)?);
            if !self.packed {
                self.credentials = converted(&self.credentials)?;
            }
            self = OwnedIdentity { ansi: false, user, domain, packages, ..self };
        }
        self.flags = self.flags & !TEXT | SEC_WINNT_AUTH_IDENTITY_UNICODE;
        Ok(self)
    }
}

pub(super) type Flat = SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX;

/// No user types this. A password that does start with it is packed too.
pub(super) const MARK: &str = "@@negossp:";

/// Flags for the identity's purpose.
pub(super) const MEANING: ULONG =
    SEC_WINNT_AUTH_IDENTITY_ONLY | SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER;

pub(super) const PACKED: usize = offset_of!(Flat, PackedCredentials);
pub(super) const PACKED_OFFSET: usize =
    PACKED + offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayOffset);
pub(super) const PACKED_LENGTH: usize =
    PACKED + offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayLength);
pub(super) const PACKAGES: usize = offset_of!(Flat, PackageList);
pub(super) const PACKAGES_OFFSET: usize =
    PACKAGES + offset_of!(SEC_WINNT_AUTH_SHORT_VECTOR, ShortArrayOffset);
pub(super) const PACKAGES_COUNT: usize =
    PACKAGES + offset_of!(SEC_WINNT_AUTH_SHORT_VECTOR, ShortArrayCount);

/// Replaces a password that `as_string` made by what was packed in it.
pub(super) fn unfold(content: OwnedIdentity) -> Result<OwnedIdentity> {
    if content.packed || content.credentials.is_none() {
        return Ok(content);
    }
    let text = match content.text(&content.credentials) {
        Ok(Some(text)) => text,
        Err(Error::OutOfMemory) => return Err(Error::OutOfMemory),
        Ok(None) | Err(_) => return Ok(content),
    };
    let flat = text.strip_prefix(MARK).map(bytes).transpose()?.flatten();
    let Some(flat) = flat else { return Ok(content) };
    let Some((flags, packed, packages)) = parse(&flat) else { return Ok(content) };
    let mut content = content.in_unicode()?;
    content.flags |= flags & MEANING;
    content.packages =
        Some(Zeroizing::new(allocation::copy(packages)?)).filter(|packages| !packages.is_empty());
    (content.credentials, content.packed) = match packed {
        [] => (None, false),
        packed => match ex2::unpack(packed)? {
            Credentials::Password(password) => (Some(utf16_bytes(&password)?), false),
            Credentials::Persist(..) => (Some(Zeroizing::new(allocation::copy(packed)?)), true),
        },
    };
    Ok(content)
}

/// Flags, SEC_WINNT_AUTH_PACKED_CREDENTIALS, package list.
fn parse(flat: &[u8]) -> Option<(ULONG, &[u8], &[u8])> {
    let u16_at = |at: usize| flat.get(at..)?.first_chunk().copied().map(u16::from_ne_bytes);
    let u32_at = |at: usize| flat.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes);
    let slice =
        |offset: u32, length: usize| flat.get(usize::try_from(offset).ok()?..)?.get(..length);
    let packed = slice(u32_at(PACKED_OFFSET)?, u16_at(PACKED_LENGTH)?.into())?;
    let packages = slice(u32_at(PACKAGES_OFFSET)?, 2 * usize::from(u16_at(PACKAGES_COUNT)?))?;
    Some((u32_at(offset_of!(Flat, Flags))?, packed, packages))
}

/// The bytes that these hexadecimal digits are; `None` if they are none.
fn bytes(digits: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
    let mut bytes = Zeroizing::new(allocation::vec(pairs.len())?);
    for pair in pairs {
        let [Some(high), Some(low)] = pair.map(|digit| char::from(digit).to_digit(16)) else {
            return Ok(None);
        };
        bytes.push((high << 4 | low) as u8);
    }
    Ok(odd.is_empty().then_some(bytes))
}
