//! An acceptor's input besides the token, and its result.

/// The channel under the conversation.
#[derive(Default)]
pub struct Channel {
    /// The application data of channel bindings.
    pub bindings: Option<Vec<u8>>,
    /// The client's IPv4 address.
    pub address: Option<[u8; 4]>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    pub accepted: bool,
    /// It expects another token.
    pub goes_on: bool,
    /// The reason for a rejection, in the acceptor's own words.
    pub reason: String,
    /// The reply token.
    pub token: Vec<u8>,
    /// GSS-API's flags.
    pub flags: u32,
    /// Seconds.
    pub lifetime: i64,
    pub client: String,
    pub key: Vec<u8>,
    pub delegated: bool,
}

/// A wrapped message. Front and rest together are GSS_Wrap's result; in DCE style they are
/// separate, and there the front may not be empty.
#[derive(Debug)]
pub struct Wrapped {
    pub front: Vec<u8>,
    pub rest: Vec<u8>,
}

/// An acceptor's result for a wrapped message, and its answer.
#[derive(Debug)]
pub struct Exchange {
    pub plain: Vec<u8>,
    pub sealed: bool,
    pub wrapped: Wrapped,
    pub mic: Vec<u8>,
}
