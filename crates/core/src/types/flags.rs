//! Context attributes, the same for both roles. SSPI numbers them differently for initiator
//! (`ISC_*`) and acceptor (`ASC_*`); `entry::flags` translates.

use bitflags::bitflags;

bitflags! {
    /// What a caller requires of a context (`ASC_REQ_*`, `ISC_REQ_*`), and what was granted
    /// (`*_RET_*`).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct ContextFlags: u32 {
        /// The server may act as the client elsewhere.
        const DELEGATE = 1 << 0;
        /// The server proves itself too.
        const MUTUAL_AUTH = 1 << 1;
        /// Replayed messages are detected.
        const REPLAY_DETECT = 1 << 2;
        /// Messages out of order are detected.
        const SEQUENCE_DETECT = 1 << 3;
        /// Messages can be encrypted.
        const CONFIDENTIALITY = 1 << 4;
        /// Messages can be signed.
        const INTEGRITY = 1 << 5;
        /// A new session key is wanted.
        const USE_SESSION_KEY = 1 << 6;
        /// DCE style: a third leg, header and trailer rules of RPC.
        const USE_DCE_STYLE = 1 << 7;
        /// Connectionless semantics.
        const DATAGRAM = 1 << 8;
        /// Connection semantics; no message formatting.
        const CONNECTION = 1 << 9;
        /// Stream semantics.
        const STREAM = 1 << 10;
        /// Errors are reported to the peer.
        const EXTENDED_ERROR = 1 << 11;
        /// The server may identify, not impersonate, the client.
        const IDENTIFY = 1 << 12;
        /// Acceptor: anonymous logons are accepted. Initiator: log on anonymously.
        const ALLOW_NULL_SESSION = 1 << 13;
        /// A client without channel bindings is accepted.
        const ALLOW_MISSING_BINDINGS = 1 << 14;
        /// Bindings of a proxy: those of the client are not compared.
        const PROXY_BINDINGS = 1 << 15;
        /// HTTP semantics (Digest's; harmless here).
        const HTTP = 1 << 16;
        /// Initiator only: no integrity.
        const NO_INTEGRITY = 1 << 17;
        /// Granted only: the logon was a null session.
        const NULL_SESSION = 1 << 18;
        /// The caller wants output buffers allocated, or they were.
        const ALLOCATE_MEMORY = 1 << 19;
        /// Initiator only: use the credential given with the call, not the default one.
        const USE_SUPPLIED_CREDS = 1 << 20;
        /// Initiator only: the server's name comes from an untrusted source.
        const UNVERIFIED_TARGET_NAME = 1 << 21;
        /// Initiator only: the caller validates the server's certificate itself (Schannel's).
        const MANUAL_CRED_VALIDATION = 1 << 22;
    }
}
