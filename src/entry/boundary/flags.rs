//! Translates context attributes: an attribute's bit differs between `ASC_*` and `ISC_*`, and
//! sometimes between `*_REQ_*` and `*_RET_*`.

use crate::entry::abi::*;
use crate::types::flags::ContextFlags;

/// The caller's side of the authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// AcceptSecurityContext.
    Accept,
    /// InitializeSecurityContext.
    Initiate,
}

/// One attribute: the library's flag, `ASC_REQ_*`, `ASC_RET_*`, `ISC_REQ_*`, `ISC_RET_*`; 0 for
/// none.
type Row = (ContextFlags, ULONG, ULONG, ULONG, ULONG);

const NONE: ULONG = 0;

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (ContextFlags::DELEGATE, ASC_REQ_DELEGATE, ASC_RET_DELEGATE, ISC_REQ_DELEGATE, ISC_RET_DELEGATE),
    (ContextFlags::MUTUAL_AUTH, ASC_REQ_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH, ISC_REQ_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH),
    (ContextFlags::REPLAY_DETECT, ASC_REQ_REPLAY_DETECT, ASC_RET_REPLAY_DETECT, ISC_REQ_REPLAY_DETECT, ISC_RET_REPLAY_DETECT),
    (ContextFlags::SEQUENCE_DETECT, ASC_REQ_SEQUENCE_DETECT, ASC_RET_SEQUENCE_DETECT, ISC_REQ_SEQUENCE_DETECT, ISC_RET_SEQUENCE_DETECT),
    (ContextFlags::CONFIDENTIALITY, ASC_REQ_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY, ISC_REQ_CONFIDENTIALITY, ISC_RET_CONFIDENTIALITY),
    (ContextFlags::INTEGRITY, ASC_REQ_INTEGRITY, ASC_RET_INTEGRITY, ISC_REQ_INTEGRITY, ISC_RET_INTEGRITY),
    (ContextFlags::USE_SESSION_KEY, ASC_REQ_USE_SESSION_KEY, ASC_RET_USE_SESSION_KEY, ISC_REQ_USE_SESSION_KEY, ISC_RET_USE_SESSION_KEY),
    (ContextFlags::USE_DCE_STYLE, ASC_REQ_USE_DCE_STYLE, ASC_RET_USED_DCE_STYLE, ISC_REQ_USE_DCE_STYLE, ISC_RET_USED_DCE_STYLE),
    (ContextFlags::DATAGRAM, ASC_REQ_DATAGRAM, ASC_RET_DATAGRAM, ISC_REQ_DATAGRAM, ISC_RET_DATAGRAM),
    (ContextFlags::CONNECTION, ASC_REQ_CONNECTION, ASC_RET_CONNECTION, ISC_REQ_CONNECTION, ISC_RET_CONNECTION),
    (ContextFlags::STREAM, ASC_REQ_STREAM, ASC_RET_STREAM, ISC_REQ_STREAM, ISC_RET_STREAM),
    (ContextFlags::EXTENDED_ERROR, ASC_REQ_EXTENDED_ERROR, ASC_RET_EXTENDED_ERROR, ISC_REQ_EXTENDED_ERROR, ISC_RET_EXTENDED_ERROR),
    (ContextFlags::IDENTIFY, ASC_REQ_IDENTIFY, ASC_RET_IDENTIFY, ISC_REQ_IDENTIFY, ISC_RET_IDENTIFY),
    (ContextFlags::ALLOW_NULL_SESSION, ASC_REQ_ALLOW_NULL_SESSION, NONE, ISC_REQ_NULL_SESSION, NONE),
    (ContextFlags::NULL_SESSION, NONE, ASC_RET_NULL_SESSION, NONE, ISC_RET_NULL_SESSION),
    (ContextFlags::ALLOW_MISSING_BINDINGS, ASC_REQ_ALLOW_MISSING_BINDINGS, NONE, NONE, NONE),
    (ContextFlags::PROXY_BINDINGS, ASC_REQ_PROXY_BINDINGS, NONE, NONE, NONE),
    (ContextFlags::HTTP, ASC_REQ_HTTP, NONE, ISC_REQ_USE_HTTP_STYLE, ISC_RET_USED_HTTP_STYLE),
    (ContextFlags::NO_INTEGRITY, NONE, NONE, ISC_REQ_NO_INTEGRITY, NONE),
    (ContextFlags::ALLOCATE_MEMORY, ASC_REQ_ALLOCATE_MEMORY, ASC_RET_ALLOCATED_MEMORY, ISC_REQ_ALLOCATE_MEMORY, ISC_RET_ALLOCATED_MEMORY),
    (ContextFlags::USE_SUPPLIED_CREDS, NONE, NONE, ISC_REQ_USE_SUPPLIED_CREDS, ISC_RET_USED_SUPPLIED_CREDS),
    (ContextFlags::MANUAL_CRED_VALIDATION, NONE, NONE, ISC_REQ_MANUAL_CRED_VALIDATION, NONE),
    (ContextFlags::UNVERIFIED_TARGET_NAME, NONE, NONE, ISC_REQ_UNVERIFIED_TARGET_NAME, NONE),
];

/// `fContextReq`. Unknown bits are ignored, as Windows does.
pub(crate) fn required(side: Side, bits: ULONG) -> ContextFlags {
    let bit = |row: &Row| if side == Side::Accept { row.1 } else { row.3 };
    ROWS.iter().filter(|row| bits & bit(row) != 0).map(|row| row.0).collect()
}

/// `pfContextAttr`.
pub(crate) fn granted(side: Side, flags: ContextFlags) -> ULONG {
    let bit = |row: &Row| if side == Side::Accept { row.2 } else { row.4 };
    ROWS.iter().filter(|row| flags.contains(row.0)).map(bit).fold(0, |bits, bit| bits | bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP_TWINS: ContextFlags = ContextFlags::HTTP.union(ContextFlags::ALLOW_MISSING_BINDINGS);

    #[test]
    fn every_flag_has_its_row() {
        let all: ContextFlags = ROWS.iter().map(|row| row.0).collect();
        assert_eq!(all, ContextFlags::all());
    }

    #[test]
    fn every_required_bit_comes_back_as_the_granted_one() {
        for (flag, asc_req, asc_ret, isc_req, isc_ret) in ROWS {
            for (side, req, ret) in
                [(Side::Accept, asc_req, asc_ret), (Side::Initiate, isc_req, isc_ret)]
            {
                assert_eq!(granted(side, *flag), *ret);
                // ASC_REQ_HTTP and ASC_REQ_ALLOW_MISSING_BINDINGS are one bit: only Digest reads it
                // as the former.
                let twin =
                    if *req == ASC_REQ_HTTP && side == Side::Accept { HTTP_TWINS } else { *flag };
                if *req != NONE {
                    assert_eq!(required(side, *req), twin);
                }
            }
        }
    }

    #[test]
    fn integrity_is_not_the_same_bit_on_both_sides() {
        assert_eq!(required(Side::Accept, 0x20000), ContextFlags::INTEGRITY);
        assert_eq!(required(Side::Initiate, 0x10000), ContextFlags::INTEGRITY);
        assert_eq!(required(Side::Accept, 0x10000), ContextFlags::STREAM);
    }
}
