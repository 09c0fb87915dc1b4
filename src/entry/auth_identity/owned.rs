//! What an identity holds, whatever its form: a copy of its own, which is erased when dropped.

use super::as_string;
use super::cipher::Key;
use crate::entry::abi::*;
use crate::entry::auth_identity::ex2;
use crate::entry::auth_identity::ex2::Block;
use crate::entry::boundary::text::Text;
use crate::types::error::{Error, Result};
use zeroize::Zeroizing;

/// The bytes of a name or a credential, as they lie in the identity.
pub(crate) type Part = Option<Zeroizing<Vec<u8>>>;

/// An identity's content.
#[derive(Clone, Default)]
pub(crate) struct Content {
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
    /// The latter.
    pub(crate) packed: bool,
    /// Packages that Negotiate may choose.
    pub(crate) packages: Part,
}

/// What shows that somebody is the account.
pub(crate) enum Credentials {
    /// A password.
    Password(Zeroizing<String>),
    /// Something packed.
    Persist(GUID, Zeroizing<Vec<u8>>),
}

/// Flags of identities that were encrypted for others than this process alone. There is no key for
/// them here.
const FOR_OTHERS: ULONG = SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED
    | SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED
    | SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED;

/// Flags of identities that are encrypted.
pub(super) const ENCRYPTED: ULONG = SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED | FOR_OTHERS;

/// Flags that say what the text is.
pub(super) const TEXT: ULONG = SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE;

impl Content {
    /// That of a SEC_WINNT_AUTH_IDENTITY_EX2 with all that belongs to it.
    pub(crate) fn of_block(block: &[u8]) -> Result<Content> {
        let Block { flags, ansi, parts } = Block::new(block)?;
        let part = |range| {
            block
                .get(range)
                .filter(|part: &&[u8]| !part.is_empty())
                .map(|part| Zeroizing::new(part.to_vec()))
        };
        let [user, domain, credentials, packages] = parts.map(part);
        Ok(Content { flags, ansi, user, domain, credentials, packed: true, packages })
    }

    /// It is encrypted, for whomever.
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    /// To be read: decrypted, and with what is flat in the password in its place.
    pub(crate) fn open(mut self) -> Result<Content> {
        self.decrypt()?;
        as_string::unfold(self)
    }

    /// Encrypts what is not.
    pub(super) fn encrypt(&mut self) -> Result<()> {
        if self.flags & FOR_OTHERS != 0 {
            return Err(Error::UnknownCredentials("an identity that is encrypted for others"));
        }
        if !self.is_encrypted() {
            self.through(Key::of_process()?, Key::encipher);
            self.flags |= SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED;
        }
        Ok(())
    }

    /// Decrypts what is encrypted.
    pub(super) fn decrypt(&mut self) -> Result<()> {
        if self.flags & FOR_OTHERS != 0 {
            return Err(Error::UnknownCredentials("an identity that is encrypted for others"));
        }
        if self.is_encrypted() {
            self.through(Key::of_process()?, Key::decipher);
            self.flags &= !SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED;
        }
        Ok(())
    }

    /// Name, domain and credentials are one to the cipher. The list of packages stays as it is: it
    /// is no secret.
    fn through(&mut self, key: &Key, cipher: fn(&Key, &mut [u8])) {
        let mut parts = [&mut self.user, &mut self.domain, &mut self.credentials]
            .map(|part| part.as_deref_mut());
        let length = parts.iter().flatten().map(|part| part.len()).sum();
        let mut whole = Zeroizing::new(Vec::with_capacity(length));
        parts.iter().flatten().for_each(|part| whole.extend_from_slice(part));
        cipher(key, &mut whole);
        let mut rest = &whole[..];
        for part in parts.iter_mut().flatten() {
            let (own, others) = rest.split_at(part.len());
            part.copy_from_slice(own);
            rest = others;
        }
    }

    /// The text of one of its parts.
    pub(crate) fn text(&self, part: &Part) -> Result<Option<Zeroizing<String>>> {
        part.as_ref().map(|bytes| if self.ansi { narrow(bytes) } else { wide(bytes) }).transpose()
    }

    /// What it has for credentials.
    pub(crate) fn credentials(&self) -> Result<Option<Credentials>> {
        match &self.credentials {
            Some(packed) if self.packed => ex2::unpack(packed).map(Some),
            password => Ok(self.text(password)?.map(Credentials::Password)),
        }
    }

    /// The same with text in UTF-16.
    pub(super) fn in_unicode(mut self) -> Result<Content> {
        if self.ansi {
            let converted =
                |part: &Part| -> Result<Part> { Ok(self.text(part)?.map(|text| utf16(&text))) };
            let (user, domain, packages) =
                (converted(&self.user)?, converted(&self.domain)?, converted(&self.packages)?);
            if !self.packed {
                self.credentials = converted(&self.credentials)?;
            }
            self = Content { ansi: false, user, domain, packages, ..self };
        }
        self.flags = self.flags & !TEXT | SEC_WINNT_AUTH_IDENTITY_UNICODE;
        Ok(self)
    }
}

const UNREADABLE: Error = Error::UnknownCredentials("an identity whose text cannot be read");

/// Text of the A functions.
fn narrow(bytes: &[u8]) -> Result<Zeroizing<String>> {
    let characters: Zeroizing<Vec<SEC_CHAR>> =
        Zeroizing::new(bytes.iter().map(|&byte| byte as SEC_CHAR).collect());
    SEC_CHAR::decode(&characters).map_err(|_| UNREADABLE)
}

/// UTF-16, which may begin at an odd address.
pub(crate) fn wide(bytes: &[u8]) -> Result<Zeroizing<String>> {
    let (pairs, odd) = bytes.as_chunks();
    if !odd.is_empty() {
        return Err(UNREADABLE);
    }
    let characters = Zeroizing::new(
        pairs.iter().map(|&pair| u16::from_ne_bytes(pair)).collect::<Vec<SEC_WCHAR>>(),
    );
    SEC_WCHAR::decode(&characters).map_err(|_| UNREADABLE)
}

/// The bytes of `text` in UTF-16.
pub(crate) fn utf16(text: &str) -> Zeroizing<Vec<u8>> {
    // Room for all, so that growing leaves no copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * text.len()));
    text.encode_utf16().for_each(|unit| bytes.extend(unit.to_ne_bytes()));
    bytes
}
