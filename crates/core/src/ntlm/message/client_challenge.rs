//! NTLMv2_CLIENT_CHALLENGE, [MS-NLMP] 2.2.2.7: what an NTLMv2 response says and proves beside the
//! password.

use crate::ntlm::av_pair::AvPairs;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;

/// Length of `NTProofStr` in front of it.
const PROOF: usize = 16;
/// Length of its fixed part.
const FIXED: usize = 28;

/// The parts that a server looks at.
pub struct ClientChallenge<'a> {
    /// `TimeStamp`.
    pub time: FileTime,
    /// `AvPairs`.
    pub av_pairs: AvPairs<'a>,
}

impl<'a> ClientChallenge<'a> {
    /// Reads the one in an NTLMv2_RESPONSE ([MS-NLMP] 2.2.2.8).
    pub fn parse(nt_response: &'a [u8]) -> Result<ClientChallenge<'a>> {
        let short = Error::InvalidToken("NTLMv2 response cut short");
        let (fixed, av_pairs) = nt_response
            .get(PROOF..)
            .and_then(|rest| rest.split_first_chunk::<FIXED>())
            .ok_or(short)?;
        // RespType and HiRespType
        if fixed[..2] != [1, 1] {
            return Err(Error::InvalidToken("NTLMv2 response of an unknown version"));
        }
        let time = FileTime(u64::from_le_bytes(std::array::from_fn(|i| fixed[8 + i])));
        Ok(ClientChallenge { time, av_pairs: AvPairs::parse(av_pairs)? })
    }
}
