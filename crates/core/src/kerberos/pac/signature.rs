//! PAC_SIGNATURE_DATA, [MS-PAC] 2.8: who made the PAC, and that it is as it was made.
//!
//! A signature and its key must go together: an AES key makes the checksum of its own encryption
//! type, an RC4 key HMAC-MD5 (-138), and no key another one's.

use super::{InfoBuffer, Pac, ticket};
use crate::kerberos::crypto::UsageKeys;
use crate::types::error::{Error, Result};
use smallvec::SmallVec;

/// The longest signature that is read, in bytes: twice the longest that there is, and the
/// RODCIdentifier.
const LONGEST: usize = 50;

static ZEROS: [u8; LONGEST] = [0; LONGEST];

/// One signature, not verified by having been read.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// SignatureType: the number of a checksum type.
    pub signature_type: i32,
    /// Signature, and behind it the RODCIdentifier if a read-only domain controller signed.
    signature: &'a [u8],
    /// Where it begins in the PAC.
    offset: usize,
}

impl<'a> Signature<'a> {
    /// Reads the buffer.
    pub(super) fn parse(buffer: &InfoBuffer<'a>) -> Result<Signature<'a>> {
        const MALFORMED: Error =
            Error::InvalidToken("PAC: a signature of a length that there is not");
        let (signature_type, signature) = buffer.contents.split_first_chunk().ok_or(MALFORMED)?;
        if signature.len() > LONGEST {
            return Err(MALFORMED);
        }
        let signature_type = i32::from_le_bytes(*signature_type);
        Ok(Signature { signature_type, signature, offset: buffer.offset + 4 })
    }

    /// Its bytes, and the RODCIdentifier if there is one.
    pub fn signature(&self) -> &'a [u8] {
        self.signature
    }

    /// Whether `keys` made it over `parts`.
    fn verify(&self, keys: &UsageKeys, parts: &[&[u8]]) -> Result<()> {
        // Behind the signature may stand the RODCIdentifier.
        let mac = self.signature.get(..keys.enctype().tag_length()).unwrap_or(self.signature);
        keys.verify_checksum(parts, self.signature_type, mac)
    }
}

/// The signatures of a PAC.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Signatures<'a> {
    pub(super) server: Option<Signature<'a>>,
    pub(super) kdc: Option<Signature<'a>>,
    pub(super) ticket: Option<Signature<'a>>,
    pub(super) full: Option<Signature<'a>>,
}

impl<'a> Signatures<'a> {
    fn server(&self) -> Result<&Signature<'a>> {
        self.server.as_ref().ok_or(Error::InvalidToken("PAC: no server signature"))
    }

    fn kdc(&self) -> Result<&Signature<'a>> {
        self.kdc.as_ref().ok_or(Error::InvalidToken("PAC: no KDC signature"))
    }
}

impl<'a> Pac<'a> {
    /// Whether the service's key made the server signature. `keys` are that key's for
    /// [`PAC_SIGNATURE`](crate::kerberos::crypto::key_usage::PAC_SIGNATURE).
    ///
    /// [`Error::MessageAltered`] for another key or an altered PAC, [`Error::InvalidToken`] for one
    /// without server or KDC signature.
    pub fn verify_server(&self, keys: &UsageKeys) -> Result<()> {
        let (server, kdc) = (self.signatures.server()?, self.signatures.kdc()?);
        server.verify(keys, &self.with_zeros([server, kdc]))
    }

    /// Whether the KDC's key (that of krbtgt) made the KDC signature, over the server signature.
    pub fn verify_kdc(&self, keys: &UsageKeys) -> Result<()> {
        let (server, kdc) = (self.signatures.server()?, self.signatures.kdc()?);
        kdc.verify(keys, &[server.signature])
    }

    /// Whether the KDC's key made the full signature ([MS-PAC] 2.8.4), over all of the PAC. Not
    /// every KDC makes one: [`Pac::full_signature`].
    pub fn verify_full(&self, keys: &UsageKeys) -> Result<()> {
        let (server, kdc) = (self.signatures.server()?, self.signatures.kdc()?);
        let full =
            self.signatures.full.as_ref().ok_or(Error::InvalidToken("PAC: no full signature"))?;
        full.verify(keys, &self.with_zeros([server, kdc, full]))
    }

    /// Whether the KDC's key made the ticket signature ([MS-PAC] 2.8.3), over the ticket that this
    /// PAC stands in: `enc_ticket_part` is its plaintext, in DER. Not every KDC makes one, and none
    /// for tickets to krbtgt: [`Pac::ticket_signature`].
    pub fn verify_ticket(&self, enc_ticket_part: &[u8], keys: &UsageKeys) -> Result<()> {
        let signature = self
            .signatures
            .ticket
            .as_ref()
            .ok_or(Error::InvalidToken("PAC: no ticket signature"))?;
        ticket::without_pac(enc_ticket_part, self.bytes, |parts| signature.verify(keys, parts))
    }

    /// Whether the KDC's key made the KDC signature and, as far as they are there, ticket signature
    /// and full signature.
    pub fn verify_as_kdc(&self, enc_ticket_part: &[u8], keys: &UsageKeys) -> Result<()> {
        self.verify_kdc(keys)?;
        if self.signatures.ticket.is_some() {
            self.verify_ticket(enc_ticket_part, keys)?;
        }
        if self.signatures.full.is_some() {
            self.verify_full(keys)?;
        }
        Ok(())
    }

    /// The server signature.
    pub fn server_signature(&self) -> Option<&Signature<'a>> {
        self.signatures.server.as_ref()
    }

    /// The KDC signature.
    pub fn kdc_signature(&self) -> Option<&Signature<'a>> {
        self.signatures.kdc.as_ref()
    }

    /// The ticket signature.
    pub fn ticket_signature(&self) -> Option<&Signature<'a>> {
        self.signatures.ticket.as_ref()
    }

    /// The full signature.
    pub fn full_signature(&self) -> Option<&Signature<'a>> {
        self.signatures.full.as_ref()
    }

    /// The PAC in pieces, with zeros for these signatures. Buffers do not overlap: [`Pac::parse`]
    /// has seen to it.
    fn with_zeros<const N: usize>(
        &self,
        mut signatures: [&Signature<'a>; N],
    ) -> SmallVec<[&'a [u8]; 7]> {
        signatures.sort_unstable_by_key(|signature| signature.offset);
        let mut parts = SmallVec::new();
        let mut at = 0;
        for signature in signatures {
            let length = signature.signature.len();
            parts.push(self.bytes.get(at..signature.offset).unwrap_or_default());
            parts.push(ZEROS.get(..length).unwrap_or_default());
            at = signature.offset + length;
        }
        parts.push(self.bytes.get(at..).unwrap_or_default());
        parts
    }
}
