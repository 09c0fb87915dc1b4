//! Reading a token.

use super::checked;
use crate::platform::access_token::{CallError, CallResult, TokenInfo};
use crate::principal::SidAndAttributes;
use crate::types::sid::Sid;
use std::mem::offset_of;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_DATA, LUID};
use windows_sys::Win32::Security::{
    GetTokenInformation, LUID_AND_ATTRIBUTES, SE_PRIVILEGE_ENABLED, SID_AND_ATTRIBUTES,
    TOKEN_GROUPS, TOKEN_INFORMATION_CLASS, TOKEN_PRIVILEGES, TokenGroups, TokenImpersonation,
    TokenImpersonationLevel, TokenPrivileges, TokenType, TokenUser,
};

const GARBLED: CallError = CallError(ERROR_INVALID_DATA);

/// What is read of a token before it is used.
pub(crate) fn token_info(token: &OwnedHandle) -> CallResult<TokenInfo> {
    let level = match Information::of(token, TokenType)?.u32(0)? == TokenImpersonation as u32 {
        true => Some(Information::of(token, TokenImpersonationLevel)?.u32(0)?),
        false => None,
    };
    let enabled = privileges(token)?
        .iter()
        .filter(|held| held.Attributes & SE_PRIVILEGE_ENABLED != 0)
        .map(|held| number(held.Luid))
        .collect();
    Ok(TokenInfo {
        level,
        user: user(token)?,
        groups: groups(&Information::of(token, TokenGroups)?)?,
        enabled,
    })
}

/// The token's user.
pub(crate) fn user(token: &OwnedHandle) -> CallResult<Sid> {
    Information::of(token, TokenUser)?.sid(0)
}

/// The privileges that a token holds.
pub(crate) fn privileges(token: &OwnedHandle) -> CallResult<Vec<LUID_AND_ATTRIBUTES>> {
    let information = Information::of(token, TokenPrivileges)?;
    let entry = |index: usize| {
        let at =
            offset_of!(TOKEN_PRIVILEGES, Privileges) + index * size_of::<LUID_AND_ATTRIBUTES>();
        let luid =
            LUID { LowPart: information.u32(at)?, HighPart: information.u32(at + 4)? as i32 };
        Ok(LUID_AND_ATTRIBUTES { Luid: luid, Attributes: information.u32(at + 8)? })
    };
    (0..information.u32(0)? as usize).map(entry).collect()
}

fn groups(information: &Information) -> CallResult<Vec<SidAndAttributes>> {
    let entry = |index: usize| {
        let at = offset_of!(TOKEN_GROUPS, Groups) + index * size_of::<SID_AND_ATTRIBUTES>();
        let attributes = information.u32(at + offset_of!(SID_AND_ATTRIBUTES, Attributes))?;
        Ok(SidAndAttributes { sid: information.sid(at)?, attributes })
    };
    (0..information.u32(0)? as usize).map(entry).collect()
}

/// A locally unique identifier as one number.
pub(crate) fn number(luid: LUID) -> u64 {
    u64::from(luid.HighPart as u32) << 32 | u64::from(luid.LowPart)
}

/// The output of GetTokenInformation: a structure, followed by what it points to.
struct Information {
    words: Vec<u64>,
    length: usize,
}

impl Information {
    fn of(token: &OwnedHandle, class: TOKEN_INFORMATION_CLASS) -> CallResult<Information> {
        let mut words = vec![0u64; 64];
        loop {
            let mut length = 0;
            let room = (words.len() * 8) as u32;
            // SAFETY: the token is open, and no more is written than there is room, which is
            // aligned for everything.
            let ok = unsafe {
                GetTokenInformation(
                    token.as_raw_handle(),
                    class,
                    words.as_mut_ptr().cast(),
                    room,
                    &mut length,
                )
            };
            match checked(ok) {
                Ok(()) => return Ok(Information { words, length: length.min(room) as usize }),
                Err(CallError(ERROR_INSUFFICIENT_BUFFER)) if length > room => {
                    words.resize(length.div_ceil(8) as usize, 0)
                }
                Err(refusal) => return Err(refusal),
            }
        }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the words' own bytes, all of them set, and no more of them than there are.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast(), self.length) }
    }

    fn u32(&self, at: usize) -> CallResult<u32> {
        let bytes = self.bytes().get(at..).and_then(|bytes| bytes.first_chunk()).ok_or(GARBLED)?;
        Ok(u32::from_ne_bytes(*bytes))
    }

    /// The SID that the pointer at this offset points to; it must lie within the output.
    fn sid(&self, at: usize) -> CallResult<Sid> {
        let pointer =
            self.bytes().get(at..).and_then(|bytes| bytes.first_chunk()).ok_or(GARBLED)?;
        let offset = usize::from_ne_bytes(*pointer).checked_sub(self.words.as_ptr().addr());
        let bytes = offset.and_then(|offset| self.bytes().get(offset..)).ok_or(GARBLED)?;
        Sid::split_from(bytes).map(|(sid, _)| sid).map_err(|_| GARBLED)
    }
}
