//! The tokens of RFC 4178 4.2 and [MS-SPNG] 2.2.1, read from borrowed slices and written in one
//! allocation.
//!
//! Tokens must be DER, with these exceptions, each for known peers:
//! - Bytes after a token's outermost element are ignored, as by MIT krb5: callers pass whole
//!   buffers.
//! - `mechToken` may be missing or empty (filters, proxies, and clients without an optimistic
//!   token).
//! - `reqFlags` may be present. It is unprotected and ignored (RFC 4178 4.2.1, [MS-SPNG] 2.2.1).
//! - `[3]` of NegTokenInit is `mechListMIC` (RFC 4178) or `negHints` ([MS-SPNG]), distinguished by
//!   the inner tag.
//! - An empty `responseToken` counts as absent: old IIS sends one when no token is left to send.
//! - A `mechListMIC` equal to `responseToken` is ignored: sent by Windows 2000 and imitators.
//! - NegTokenResp may stand in the GSS-API frame, as sent by old Sun clients.
//! - `negState` and `supportedMech` may be missing from any NegTokenResp: Java's first one has
//!   neither.
//! - Fields after the known ones are skipped: RFC 4178's types are extensible.

use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::mechanism::Mechanism;
use crate::types::error::{Error, Result};

/// SPNEGO's object identifier, 1.3.6.1.5.5.2, contents only.
pub const SPNEGO_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];

/// `hintName`, with the value that all implementations send ([MS-SPNG] 2.2.1).
const HINT_NAME: &[u8] = b"not_defined_in_RFC4178@please_ignore";

/// The first bytes of every NTLM message.
const NTLMSSP_SIGNATURE: &[u8] = b"NTLMSSP\0";

/// The first byte of an AP-REQ, which DCE style sends without a frame.
const AP_REQ: u8 = der::application(14);

/// The most mechanisms in an accepted list. Windows lists four, MIT krb5 all that are installed.
const MAX_MECH_TYPES: usize = 64;

/// A validated MechTypeList. The mechListMIC covers its bytes exactly as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MechTypeList<'a> {
    der: &'a [u8],
}

impl<'a> MechTypeList<'a> {
    /// Validates `der`, the list with tag and length.
    ///
    /// Errors: `InvalidToken` for malformed DER, an empty object identifier, no mechanism, or more
    /// than 64.
    pub fn new(der: &'a [u8]) -> Result<MechTypeList<'a>> {
        let mut list = Reader::new(der::only(der, der::SEQUENCE)?);
        let mut count = 0;
        while !list.is_empty() {
            if list.read(der::OBJECT_IDENTIFIER)?.is_empty() {
                return Err(Error::InvalidToken("mechTypes: an empty object identifier"));
            }
            count += 1;
            if count > MAX_MECH_TYPES {
                return Err(Error::InvalidToken("mechTypes: too many mechanisms"));
            }
        }
        if count == 0 {
            return Err(Error::InvalidToken("mechTypes: no mechanism"));
        }
        Ok(MechTypeList { der })
    }

    /// The encoded list: tag, length and contents.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// The contents of each OBJECT IDENTIFIER, most preferred first.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut list = Reader::new(der::only(self.der, der::SEQUENCE).unwrap_or_default());
        std::iter::from_fn(move || list.read(der::OBJECT_IDENTIFIER).ok())
    }
}

/// The DER of the MechTypeList that holds `mechanisms`.
pub fn mech_type_list(mechanisms: &[Mechanism]) -> Vec<u8> {
    let oids = || mechanisms.iter().flat_map(|mechanism| mechanism.oids());
    let contents = oids().map(|oid| der::size(oid.len())).sum();
    let mut writer = Writer::new(der::size(contents));
    writer.open(der::SEQUENCE, contents);
    for oid in oids() {
        writer.element(der::OBJECT_IDENTIFIER, oid);
    }
    writer.finish()
}

/// The first token of either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstToken<'a> {
    /// SPNEGO's NegTokenInit.
    Negotiate(NegTokenInit<'a>),
    /// A mechanism's own token, without SPNEGO.
    Raw(Mechanism),
}

impl<'a> FirstToken<'a> {
    /// Identifies `token`, which must not be empty. A mechanism's own token is recognized by NTLM's
    /// signature, AP-REQ's tag, or the object identifier in the GSS-API frame (RFC 2743 3.1).
    ///
    /// Errors: `InvalidToken` for a malformed token, `NothingInCommon` for an unsupported
    /// mechanism.
    pub fn read(token: &'a [u8]) -> Result<FirstToken<'a>> {
        if token.starts_with(NTLMSSP_SIGNATURE) {
            return Ok(FirstToken::Raw(Mechanism::Ntlm));
        }
        if token.first() == Some(&AP_REQ) {
            return Ok(FirstToken::Raw(Mechanism::Kerberos));
        }
        let mut frame = Reader::new(Reader::new(token).read(der::APPLICATION_0)?);
        let oid = frame.read(der::OBJECT_IDENTIFIER)?;
        if oid != SPNEGO_OID {
            let mechanism = Mechanism::from_oid(oid);
            return mechanism
                .map(FirstToken::Raw)
                .ok_or(Error::NothingInCommon("a token of an unsupported mechanism"));
        }
        let choice = frame.read(der::context(0))?;
        frame.end()?;
        Ok(FirstToken::Negotiate(NegTokenInit::decode(choice)?))
    }
}

/// NegTokenInit of RFC 4178 4.2.1 and NegTokenInit2 of [MS-SPNG] 2.2.1, without the unused fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NegTokenInit<'a> {
    /// `mechTypes`: mandatory in RFC 4178, optional in [MS-SPNG].
    pub mech_types: Option<MechTypeList<'a>>,
    /// `mechToken`: the optimistic token, for the first mechanism of the list.
    pub mech_token: Option<&'a [u8]>,
    /// `mechListMIC`.
    pub mech_list_mic: Option<&'a [u8]>,
}

impl<'a> NegTokenInit<'a> {
    /// Decodes the contents of `[0]` of NegotiationToken.
    fn decode(choice: &'a [u8]) -> Result<NegTokenInit<'a>> {
        let mut fields = Reader::new(der::only(choice, der::SEQUENCE)?);
        let mech_types = fields.optional(der::context(0))?.map(MechTypeList::new).transpose()?;
        if let Some(flags) = fields.optional(der::context(1))? {
            der::only(flags, der::BIT_STRING)?;
        }
        let mech_token = octets(&mut fields, 2)?.filter(|token| !token.is_empty());
        let mut mech_list_mic = None;
        if let Some(field) = fields.optional(der::context(3))? {
            match Reader::new(field).peek() {
                Some(der::SEQUENCE) => der::only(field, der::SEQUENCE).map(drop)?,
                _ => mech_list_mic = Some(der::only(field, der::OCTET_STRING)?),
            }
        }
        if let Some(mic) = octets(&mut fields, 4)?
            && mech_list_mic.replace(mic).is_some()
        {
            return Err(Error::InvalidToken("NegTokenInit: two mechListMICs"));
        }
        skip_extensions(fields, 4)?;
        Ok(NegTokenInit { mech_types, mech_token, mech_list_mic })
    }

    /// Encodes the initiator's first token, without reqFlags and MIC. An empty mechToken is
    /// omitted.
    pub fn encode(mech_types: &[u8], mech_token: &[u8]) -> Vec<u8> {
        let optimistic = if mech_token.is_empty() { 0 } else { der::field_size(mech_token.len()) };
        let mut writer = open_frame(der::size(mech_types.len()) + optimistic);
        writer.open(der::context(0), mech_types.len());
        writer.raw(mech_types);
        if optimistic > 0 {
            writer.field(2, der::OCTET_STRING, mech_token);
        }
        writer.finish()
    }

    /// Encodes the acceptor's NegTokenInit2, for an initiator that asks for the list of mechanisms.
    pub fn encode_hint(mech_types: &[u8]) -> Vec<u8> {
        let hints = der::field_size(HINT_NAME.len());
        let fields = der::size(mech_types.len()) + der::size(der::size(hints));
        let mut writer = open_frame(fields);
        writer.open(der::context(0), mech_types.len());
        writer.raw(mech_types);
        writer.open(der::context(3), der::size(hints));
        writer.open(der::SEQUENCE, hints);
        writer.field(0, der::GENERAL_STRING, HINT_NAME);
        writer.finish()
    }
}

/// Writes the GSS-API frame and all headers for NegTokenInit; `fields` octets of fields must
/// follow.
fn open_frame(fields: usize) -> Writer {
    let choice = der::size(fields);
    let frame = der::size(SPNEGO_OID.len()) + der::size(choice);
    let mut writer = Writer::new(der::size(frame));
    writer.open(der::APPLICATION_0, frame);
    writer.element(der::OBJECT_IDENTIFIER, SPNEGO_OID);
    writer.open(der::context(0), choice);
    writer.open(der::SEQUENCE, fields);
    writer
}

/// `negState` of NegTokenResp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NegState {
    /// `accept-completed`.
    AcceptCompleted = 0,
    /// `accept-incomplete`.
    AcceptIncomplete = 1,
    /// `reject`.
    Reject = 2,
    /// `request-mic`.
    RequestMic = 3,
}

/// NegTokenResp of RFC 4178 4.2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NegTokenResp<'a> {
    /// `negState`.
    pub neg_state: Option<NegState>,
    /// `supportedMech`: the contents of the OBJECT IDENTIFIER.
    pub supported_mech: Option<&'a [u8]>,
    /// `responseToken`: the mechanism's token.
    pub response_token: Option<&'a [u8]>,
    /// `mechListMIC`.
    pub mech_list_mic: Option<&'a [u8]>,
}

impl<'a> NegTokenResp<'a> {
    /// Decodes a token that follows the first one.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(token: &'a [u8]) -> Result<NegTokenResp<'a>> {
        let mut outer = Reader::new(token);
        if let Some(frame) = outer.optional(der::APPLICATION_0)? {
            outer = Reader::new(frame);
            if outer.read(der::OBJECT_IDENTIFIER)? != SPNEGO_OID {
                return Err(Error::InvalidToken("NegTokenResp: the frame of another mechanism"));
            }
        }
        let choice = outer.read(der::context(1))?;
        let mut fields = Reader::new(der::only(choice, der::SEQUENCE)?);
        let neg_state = match fields.optional(der::context(0))? {
            None => None,
            Some(field) => Some(match der::only(field, der::ENUMERATED)? {
                [0] => NegState::AcceptCompleted,
                [1] => NegState::AcceptIncomplete,
                [2] => NegState::Reject,
                [3] => NegState::RequestMic,
                _ => return Err(Error::InvalidToken("NegTokenResp: unknown negState")),
            }),
        };
        let supported_mech = match fields.optional(der::context(1))? {
            None => None,
            Some(field) => Some(der::only(field, der::OBJECT_IDENTIFIER)?),
        };
        let response_token = octets(&mut fields, 2)?.filter(|token| !token.is_empty());
        let mech_list_mic = octets(&mut fields, 3)?.filter(|mic| Some(*mic) != response_token);
        skip_extensions(fields, 3)?;
        Ok(NegTokenResp { neg_state, supported_mech, response_token, mech_list_mic })
    }

    /// Encodes the token.
    pub fn encode(&self) -> Vec<u8> {
        let present =
            |field: Option<&[u8]>| field.map_or(0, |contents| der::field_size(contents.len()));
        let fields = self.neg_state.map_or(0, |_| der::field_size(1))
            + present(self.supported_mech)
            + present(self.response_token)
            + present(self.mech_list_mic);
        let mut writer = Writer::new(der::size(der::size(fields)));
        writer.open(der::context(1), der::size(fields));
        writer.open(der::SEQUENCE, fields);
        if let Some(state) = self.neg_state {
            writer.field(0, der::ENUMERATED, &[state as u8]);
        }
        if let Some(oid) = self.supported_mech {
            writer.field(1, der::OBJECT_IDENTIFIER, oid);
        }
        if let Some(token) = self.response_token {
            writer.field(2, der::OCTET_STRING, token);
        }
        if let Some(mic) = self.mech_list_mic {
            writer.field(3, der::OCTET_STRING, mic);
        }
        writer.finish()
    }
}

/// The contents of field `[n]`, an OCTET STRING, if it is the next one.
fn octets<'a>(fields: &mut Reader<'a>, n: u8) -> Result<Option<&'a [u8]>> {
    match fields.optional(der::context(n))? {
        None => Ok(None),
        Some(field) => Ok(Some(der::only(field, der::OCTET_STRING)?)),
    }
}

/// Checks that only fields with tags above `[last]` follow.
fn skip_extensions(mut fields: Reader<'_>, last: u8) -> Result<()> {
    while !fields.is_empty() {
        let (tag, _) = fields.any()?;
        if tag & 0xc0 != 0x80 || tag & 0x1f <= last {
            return Err(Error::InvalidToken(
                "SPNEGO: a field is repeated, out of order or unknown",
            ));
        }
    }
    Ok(())
}
