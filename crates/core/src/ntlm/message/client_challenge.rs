//! NTLMv2_CLIENT_CHALLENGE, [MS-NLMP] 2.2.2.7: the data that an NTLMv2 response authenticates.

use crate::ntlm::av_pair::AvPairs;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;

/// The length of `NTProofStr`, which precedes the structure.
const PROOF: usize = 16;
/// The length of the fixed part.
const FIXED: usize = 28;

/// The fields that servers use.
pub struct ClientChallenge<'a> {
    /// `TimeStamp`.
    pub time: FileTime,
    /// `AvPairs`.
    pub av_pairs: AvPairs<'a>,
}

impl<'a> ClientChallenge<'a> {
    /// Parses the structure in an NTLMv2_RESPONSE ([MS-NLMP] 2.2.2.8).
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn parse(nt_response: &'a [u8]) -> Result<ClientChallenge<'a>> {
        let short = Error::InvalidToken("truncated NTLMv2 response");
        let (fixed, av_pairs) = nt_response
            .get(PROOF..)
            .and_then(|rest| rest.split_first_chunk::<FIXED>())
            .ok_or(short)?;
        // RespType and HiRespType
        if fixed[..2] != [1, 1] {
            return Err(Error::InvalidToken("an NTLMv2 response of unknown version"));
        }
        let time = FileTime(u64::from_le_bytes(std::array::from_fn(|i| fixed[8 + i])));
        Ok(ClientChallenge { time, av_pairs: AvPairs::parse(av_pairs)? })
    }
}
