//! CompleteAuthToken.

use super::CONTEXTS;
use crate::entry::abi::*;
use crate::entry::boundary::buffers::{Buffers, TokenOut};
use crate::entry::handles::find;
use crate::types::error::{Error, Result};

/// Replaces the zeros that the leg wrote by the token.
///
/// # Safety
/// As CompleteAuthToken's own.
pub(crate) unsafe fn complete(
    context: PCtxtHandle,
    token: PSecBufferDesc,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles and buffers.
    let (shared, output) = unsafe { (find(&CONTEXTS, context)?, Buffers::new(token)?) };
    let mut object = shared.lock()?;
    let token = object.incomplete().ok_or(Error::Unsupported("there is no token to complete"))?;
    let output = TokenOut::new(output, false);
    if !token.is_empty() && !output.exists() {
        return Err(Error::InvalidToken("the descriptor has no token buffer"));
    }
    output.write(token).inspect_err(|error| output.fail(error))?;
    object.complete();
    Ok(SEC_E_OK)
}
