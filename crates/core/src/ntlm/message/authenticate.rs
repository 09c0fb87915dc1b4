//! AUTHENTICATE_MESSAGE, [MS-NLMP] 2.2.1.3.

use crate::ntlm::crypto;
use crate::ntlm::flags::NegotiateFlags;
use crate::ntlm::wire::{Charset, Field, MessageType, Reader, VERSION, Writer};
use crate::types::error::{Error, Result};

/// The offsets of the fixed fields.
mod at {
    pub(super) const LM_RESPONSE: usize = 12;
    pub(super) const NT_RESPONSE: usize = 20;
    pub(super) const DOMAIN: usize = 28;
    pub(super) const USER: usize = 36;
    pub(super) const WORKSTATION: usize = 44;
    /// The end of the oldest clients' fixed part.
    pub(super) const SESSION_KEY: usize = 52;
    pub(super) const FLAGS: usize = 60;
    pub(super) const VERSION: usize = 64;
    pub(super) const MIC: usize = 72;
    /// The length of the fixed part with Version and MIC.
    pub(super) const PAYLOAD: usize = 88;
}

/// The length of a MIC in bytes.
const MIC: usize = 16;

/// AUTHENTICATE_MESSAGE, as parsed by the server.
pub struct Authenticate<'a> {
    bytes: &'a [u8],
    /// `LmChallengeResponse`.
    pub lm_response: &'a [u8],
    /// `NtChallengeResponse`.
    pub nt_response: &'a [u8],
    /// `DomainName`.
    pub domain: &'a [u8],
    /// `UserName`.
    pub user: &'a [u8],
    /// `Workstation`.
    pub workstation: &'a [u8],
    /// `EncryptedRandomSessionKey`.
    pub session_key: &'a [u8],
    /// `NegotiateFlags`; `None` from very old clients, whose message has none.
    pub flags: Option<NegotiateFlags>,
    /// Whether the payload starts after a `MIC` field. Only `MsvAvFlags` tells whether the field
    /// holds a MIC.
    room_for_mic: bool,
}

impl<'a> Authenticate<'a> {
    /// Parses the message. The start of the payload shows which of the fields after
    /// `WorkstationFields` are present.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn parse(bytes: &'a [u8]) -> Result<Authenticate<'a>> {
        let reader = Reader::new(bytes, MessageType::Authenticate)?;
        let field = |place| reader.field(place, at::SESSION_KEY);
        let names: [Field<'a>; 5] = [
            field(at::LM_RESPONSE)?,
            field(at::NT_RESPONSE)?,
            field(at::DOMAIN)?,
            field(at::USER)?,
            field(at::WORKSTATION)?,
        ];
        let mut payload =
            names.iter().filter_map(|field| field.offset).min().unwrap_or(bytes.len());
        let (mut session_key, mut flags) = (&[][..], None);
        if payload >= at::VERSION {
            let field = field(at::SESSION_KEY)?;
            session_key = field.bytes;
            flags = Some(reader.flags(at::FLAGS)?);
            payload = payload.min(field.offset.unwrap_or(payload));
        }
        if payload < at::SESSION_KEY || (flags.is_some() && payload < at::VERSION) {
            return Err(Error::InvalidToken("truncated AUTHENTICATE_MESSAGE"));
        }
        let [lm_response, nt_response, domain, user, workstation] = names.map(|field| field.bytes);
        let room_for_mic = payload >= at::PAYLOAD && bytes.len() >= at::PAYLOAD;
        Ok(Authenticate {
            bytes,
            lm_response,
            nt_response,
            domain,
            user,
            workstation,
            session_key,
            flags,
            room_for_mic,
        })
    }

    /// Whether the client is anonymous: it sent neither a name nor a response ([MS-NLMP]
    /// 3.2.5.1.2).
    pub fn is_anonymous(&self) -> bool {
        self.user.is_empty() && self.nt_response.is_empty() && matches!(self.lm_response, [] | [0])
    }

    /// The MIC field, and its expected value under `exported_session_key`; `None` if the message
    /// has no MIC field. `before` is NEGOTIATE_MESSAGE and CHALLENGE_MESSAGE, as transmitted.
    pub fn mic(
        &self,
        exported_session_key: &[u8; 16],
        before: &[u8],
    ) -> Option<(&'a [u8], [u8; MIC])> {
        let [front, mic, payload] = self.around_mic()?;
        Some((mic, crypto::hmac_md5(exported_session_key, &[before, front, &[0; MIC], payload])))
    }

    /// The message in three parts: before the MIC field, the field, and after it; `None` if the
    /// message has no MIC field.
    pub fn around_mic(&self) -> Option<[&'a [u8]; 3]> {
        if !self.room_for_mic {
            return None;
        }
        let (front, rest) = self.bytes.split_at_checked(at::MIC)?;
        let (mic, payload) = rest.split_at_checked(MIC)?;
        Some([front, mic, payload])
    }
}

/// The fields from which AUTHENTICATE_MESSAGE is written.
pub struct Answer<'a> {
    /// `NegotiateFlags`.
    pub flags: NegotiateFlags,
    /// `LmChallengeResponse`.
    pub lm_response: &'a [u8],
    /// `NtChallengeResponse`.
    pub nt_response: &'a [u8],
    /// `DomainName`.
    pub domain: &'a str,
    /// `UserName`.
    pub user: &'a str,
    /// `Workstation`.
    pub workstation: &'a str,
    /// `EncryptedRandomSessionKey`.
    pub session_key: &'a [u8],
    /// The key of the MIC and the two messages before; `None` for no MIC.
    pub mic: Option<(&'a [u8; 16], &'a [&'a [u8]; 2])>,
}

impl Answer<'_> {
    /// Writes the message.
    ///
    /// Errors: `Internal` if a field is too long.
    pub fn write(&self) -> Result<Vec<u8>> {
        let charset = Charset::from_flags(self.flags).unwrap_or(Charset::Unicode);
        let fixed = if self.mic.is_some() { at::PAYLOAD } else { at::MIC };
        let names = 2 * (self.domain.len() + self.user.len() + self.workstation.len());
        let payload =
            names + self.lm_response.len() + self.nt_response.len() + self.session_key.len();
        let mut writer = Writer::new(MessageType::Authenticate, fixed, payload)?;
        writer.put_flags(at::FLAGS, self.flags);
        if self.flags.contains(NegotiateFlags::VERSION) {
            writer.put(at::VERSION, &VERSION);
        }
        writer.field(at::DOMAIN, |out| charset.encode(self.domain, out))?;
        writer.field(at::USER, |out| charset.encode(self.user, out))?;
        writer.field(at::WORKSTATION, |out| charset.encode(self.workstation, out))?;
        writer.field(at::LM_RESPONSE, |out| out.extend_from_slice(self.lm_response))?;
        writer.field(at::NT_RESPONSE, |out| out.extend_from_slice(self.nt_response))?;
        writer.field(at::SESSION_KEY, |out| out.extend_from_slice(self.session_key))?;
        let mut message = writer.finish();
        if let Some((key, before)) = self.mic {
            let mic = crypto::hmac_md5(key, &[before[0], before[1], &message]);
            if let Some(place) = message.get_mut(at::MIC..at::PAYLOAD) {
                place.copy_from_slice(&mic);
            }
        }
        Ok(message)
    }
}
