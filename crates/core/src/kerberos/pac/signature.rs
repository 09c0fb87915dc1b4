//! PAC_SIGNATURE_DATA, [MS-PAC] 2.8: the signatures that authenticate a PAC.
//!
//! The signature type must be that of the key: the checksum of the encryption type for AES,
//! HMAC-MD5 (-138) for RC4.

use super::{InfoBuffer, Pac, ticket};
use crate::kerberos::crypto::UsageKeys;
use crate::types::error::{Error, Result};
use smallvec::SmallVec;

/// The longest accepted signature, in bytes: twice the longest defined one, and the RODCIdentifier.
const LONGEST: usize = 50;

static ZEROS: [u8; LONGEST] = [0; LONGEST];

/// A parsed signature, not verified.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// SignatureType: the number of the checksum type.
    pub signature_type: i32,
    /// Signature, followed by the RODCIdentifier if a read-only domain controller signed.
    signature: &'a [u8],
    /// The offset in the PAC, in bytes.
    offset: usize,
}

impl<'a> Signature<'a> {
    /// Parses the buffer.
    ///
    /// Errors: `InvalidToken` for an impossible length.
    pub(super) fn parse(buffer: &InfoBuffer<'a>) -> Result<Signature<'a>> {
        const MALFORMED: Error = Error::InvalidToken("PAC: a signature of impossible length");
        let (signature_type, signature) = buffer.contents.split_first_chunk().ok_or(MALFORMED)?;
        if signature.len() > LONGEST {
            return Err(MALFORMED);
        }
        let signature_type = i32::from_le_bytes(*signature_type);
        Ok(Signature { signature_type, signature, offset: buffer.offset + 4 })
    }

    /// The signature's bytes, including the RODCIdentifier if present.
    pub fn signature(&self) -> &'a [u8] {
        self.signature
    }

    /// Checks that `keys` made the signature over `parts`.
    fn verify(&self, keys: &UsageKeys, parts: &[&[u8]]) -> Result<()> {
        // The RODCIdentifier may follow the signature.
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
    /// Checks that the server signature was made with the service's key, for which `keys` are the
    /// [`PAC_SIGNATURE`](crate::kerberos::crypto::key_usage::PAC_SIGNATURE) keys.
    ///
    /// Errors: [`Error::MessageAltered`] for another key or an altered PAC, [`Error::InvalidToken`]
    /// without server or KDC signature.
    pub fn verify_server(&self, keys: &UsageKeys) -> Result<()> {
        let (server, kdc) = (self.signatures.server()?, self.signatures.kdc()?);
        server.verify(keys, &self.with_zeros([server, kdc]))
    }

    /// Checks that the KDC signature, over the server signature, was made with the KDC's key
    /// (krbtgt's).
    pub fn verify_kdc(&self, keys: &UsageKeys) -> Result<()> {
        let (server, kdc) = (self.signatures.server()?, self.signatures.kdc()?);
        kdc.verify(keys, &[server.signature])
    }

    /// Checks that the full signature ([MS-PAC] 2.8.4), over the whole PAC, was made with the KDC's
    /// key. Not every KDC makes one: see [`Pac::full_signature`].
    pub fn verify_full(&self, keys: &UsageKeys) -> Result<()> {
        let (server, kdc) = (self.signatures.server()?, self.signatures.kdc()?);
        let full =
            self.signatures.full.as_ref().ok_or(Error::InvalidToken("PAC: no full signature"))?;
        full.verify(keys, &self.with_zeros([server, kdc, full]))
    }

    /// Checks that the ticket signature ([MS-PAC] 2.8.3) was made with the KDC's key.
    /// `enc_ticket_part` is the plaintext, in DER, of the ticket that contains this PAC. Not every
    /// KDC makes one, and none does for tickets to krbtgt: see [`Pac::ticket_signature`].
    pub fn verify_ticket(&self, enc_ticket_part: &[u8], keys: &UsageKeys) -> Result<()> {
        let signature = self
            .signatures
            .ticket
            .as_ref()
            .ok_or(Error::InvalidToken("PAC: no ticket signature"))?;
        ticket::without_pac(enc_ticket_part, self.bytes, |parts| signature.verify(keys, parts))
    }

    /// Checks that the KDC's key made the KDC signature and, if present, the ticket signature and
    /// the full signature.
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

    /// The PAC in pieces, with zeros in place of these signatures. Buffers do not overlap, as
    /// [`Pac::parse`] has checked.
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
