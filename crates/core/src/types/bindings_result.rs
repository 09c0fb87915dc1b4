//! What comes of the comparison of channel bindings.

use bitflags::bitflags;

bitflags! {
    /// The outcome of the comparison: `SEC_CHANNEL_BINDINGS_RESULT_*`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct BindingsResult: u32 {
        /// The client supports channel bindings.
        const CLIENT_SUPPORT = 0x01;
        /// The client sent none, or zeros.
        const ABSENT = 0x02;
        /// Those of the client are another channel's.
        const NOTVALID_MISMATCH = 0x04;
        /// The client must send some and sent none.
        const NOTVALID_MISSING = 0x08;
        /// Those of the client are the caller's.
        const VALID_MATCHED = 0x10;
        /// The client sent some, which are not compared because of ASC_REQ_PROXY_BINDINGS.
        const VALID_PROXY = 0x20;
        /// The client may omit them because of ASC_REQ_ALLOW_MISSING_BINDINGS.
        const VALID_MISSING = 0x40;
    }
}

/// Why bindings were rejected, in text and in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingsError {
    /// For the log.
    pub why: &'static str,
    /// For the caller.
    pub result: BindingsResult,
}
