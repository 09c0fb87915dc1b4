//! Single principals and credentials, as keyrings and credential cache managers (KCM) keep them, and
//! as they are appended to a file.

use super::read::Reader;
use super::write::Writer;
use super::{CONFIGURATION_NAME, CONFIGURATION_REALM, Credential, header};
use crate::kerberos::message::EncryptionKey;
use crate::kerberos::principal::Principal;
use crate::types::error::Result;
use zeroize::Zeroizing;

/// The realm of MIT's configuration data that was removed.
const REMOVED_CONFIGURATION: &[u8] = b"X-RMED-CONF:";

/// What a configuration entry of MIT's is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigurationKey<'a> {
    /// The key, such as `fast_avail`.
    pub key: &'a [u8],
    /// The principal, in MIT's notation, that it is about.
    pub about: Option<&'a [u8]>,
}

/// A principal, in version 4.
///
/// Errors: `InvalidToken` for one that the format cannot hold; `OutOfMemory`.
pub fn encode_principal(principal: &Principal) -> Result<Zeroizing<Vec<u8>>> {
    let mut out = Writer::new(4, 256)?;
    out.principal(principal)?;
    Ok(out.finish())
}

/// Reads a principal in version 4; what follows it does not count.
///
/// Errors: `UnknownCredentials`.
pub fn decode_principal(bytes: &[u8]) -> Result<Principal> {
    Reader::new(4, bytes).principal()
}

/// The parts that a matching credential has (Heimdal's `krb5_store_creds_tag`).
const HAS_CLIENT: u32 = 1;
const HAS_SERVER: u32 = 2;

/// A credential cache manager's matching credential, for those of a client for a service.
///
/// Errors: as [`encode_principal`].
pub fn encode_tag(client: &Principal, server: &Principal) -> Result<Zeroizing<Vec<u8>>> {
    let mut out = Writer::new(4, 512)?;
    out.u32(HAS_CLIENT | HAS_SERVER);
    out.principal(client)?;
    out.principal(server)?;
    // Four times, is_skey and flags, none of which is compared.
    out.raw(&[0; 4 * 4 + 1 + 4]);
    Ok(out.finish())
}

impl<'a> Credential<'a> {
    /// The room that it takes in a buffer, about.
    pub(super) fn room(&self) -> usize {
        1024 + 2 * (self.ticket.len() + self.second_ticket.len())
    }

    /// The credential alone, in version 4.
    ///
    /// Errors: `InvalidToken` for contents that the format cannot hold; `OutOfMemory`.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>> {
        self.encode_in(4)
    }

    fn encode_in(&self, version: u8) -> Result<Zeroizing<Vec<u8>>> {
        let mut out = Writer::new(version, self.room())?;
        out.credential(self)?;
        Ok(out.finish())
    }

    /// The credential as it is appended to a cache file, in the version of that.
    ///
    /// Errors: as [`Credential::encode`]; `UnknownCredentials` if it is no cache file.
    pub fn encode_for(&self, file: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.encode_in(header::version(file)?.0)
    }

    /// Reads a credential in version 4; what follows it does not count.
    ///
    /// Errors: `UnknownCredentials`.
    pub fn decode(bytes: &'a [u8]) -> Result<Credential<'a>> {
        Reader::new(4, bytes).credential()
    }

    /// Whether it was removed from a file, where its bytes remain: without an end, though with a
    /// time of authentication, or of a realm that stands for configuration data that was removed.
    pub fn is_removed(&self) -> bool {
        self.endtime == 0 && self.authtime != 0 || self.server.realm == REMOVED_CONFIGURATION
    }

    /// What the entry is about, if it is MIT's configuration data.
    pub fn configuration_key(&self) -> Option<ConfigurationKey<'_>> {
        match self.server.components.as_slice() {
            [name, key, rest @ ..] if self.is_configuration() && name == CONFIGURATION_NAME => {
                Some(ConfigurationKey { key, about: rest.first().map(Vec::as_slice) })
            }
            _ => None,
        }
    }
}

/// What to write where, to remove the credentials of a file that `is_meant` is true for: as MIT's
/// library does, these get no end, and their bytes remain, but for the session key.
///
/// Errors: `UnknownCredentials` if the file is no cache or malformed; `OutOfMemory`.
pub fn removals(
    file: &[u8],
    is_meant: impl Fn(&Credential<'_>) -> bool,
) -> Result<Vec<(usize, Zeroizing<Vec<u8>>)>> {
    let (version, _) = header::version(file)?;
    let mut reader = header::skip(file)?;
    reader.principal()?;
    let mut removals = Vec::new();
    while reader.remaining() > 0 {
        let begin = file.len() - reader.remaining();
        let mut credential = reader.credential()?;
        let end = file.len() - reader.remaining();
        if credential.is_removed() || !is_meant(&credential) {
            continue;
        }
        let erased = vec![0; credential.key.keyvalue.len()];
        if credential.is_configuration() {
            credential.server.realm = REMOVED_CONFIGURATION.to_vec();
        }
        credential.key = EncryptionKey { keytype: credential.key.keytype, keyvalue: &erased };
        (credential.endtime, credential.authtime) = (0, u32::MAX);
        let written = credential.encode_in(version)?;
        // A file that MIT's library has not written may spell something otherwise.
        if written.len() == end - begin {
            removals.push((begin, written));
        }
    }
    Ok(removals)
}

const _: () = assert!(REMOVED_CONFIGURATION.len() == CONFIGURATION_REALM.len());
