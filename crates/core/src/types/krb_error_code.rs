//! Error codes of KRB-ERROR, RFC 4120 7.5.9.

/// KDC_ERR_NAME_EXP: the client's entry has expired.
pub const NAME_EXP: i32 = 1;
/// KDC_ERR_C_PRINCIPAL_UNKNOWN
pub const C_PRINCIPAL_UNKNOWN: i32 = 6;
/// KDC_ERR_S_PRINCIPAL_UNKNOWN
pub const S_PRINCIPAL_UNKNOWN: i32 = 7;
/// KDC_ERR_NEVER_VALID: by the KDC's clock the ticket would end before it begins.
pub const NEVER_VALID: i32 = 11;
/// KDC_ERR_POLICY
pub const POLICY: i32 = 12;
/// KDC_ERR_BADOPTION
pub const BADOPTION: i32 = 13;
/// KDC_ERR_ETYPE_NOSUPP: no support for the encryption type.
pub const ETYPE_NOSUPP: i32 = 14;
/// KDC_ERR_PADATA_TYPE_NOSUPP
pub const PADATA_TYPE_NOSUPP: i32 = 16;
/// KDC_ERR_CLIENT_REVOKED: the client's account is disabled or locked.
pub const CLIENT_REVOKED: i32 = 18;
/// KDC_ERR_TGT_REVOKED: the ticket-granting ticket is no longer valid.
pub const TGT_REVOKED: i32 = 20;
/// KDC_ERR_CLIENT_NOTYET
pub const CLIENT_NOTYET: i32 = 21;
/// KDC_ERR_KEY_EXPIRED: the client's password has expired.
pub const KEY_EXPIRED: i32 = 23;
/// KDC_ERR_PREAUTH_FAILED: a wrong password.
pub const PREAUTH_FAILED: i32 = 24;
/// KDC_ERR_PREAUTH_REQUIRED
pub const PREAUTH_REQUIRED: i32 = 25;
/// KDC_ERR_SERVER_NOMATCH: the service is another than the additional ticket's.
pub const SERVER_NOMATCH: i32 = 26;
/// KDC_ERR_MUST_USE_USER2USER
pub const MUST_USE_USER2USER: i32 = 27;
/// KDC_ERR_PATH_NOT_ACCEPTED
pub const PATH_NOT_ACCEPTED: i32 = 28;
/// KDC_ERR_SVC_UNAVAILABLE
pub const SVC_UNAVAILABLE: i32 = 29;
/// KRB_AP_ERR_BAD_INTEGRITY: the ticket does not decrypt.
pub const BAD_INTEGRITY: i32 = 31;
/// KRB_AP_ERR_TKT_EXPIRED
pub const TKT_EXPIRED: i32 = 32;
/// KRB_AP_ERR_TKT_NYV: the ticket is not yet valid.
pub const TKT_NYV: i32 = 33;
/// KRB_AP_ERR_REPEAT: the request is a replay.
pub const REPEAT: i32 = 34;
/// KRB_AP_ERR_NOT_US: the ticket is for another service.
pub const NOT_US: i32 = 35;
/// KRB_AP_ERR_BADMATCH: ticket and authenticator do not match.
pub const BADMATCH: i32 = 36;
/// KRB_AP_ERR_SKEW: the clocks differ too much.
pub const SKEW: i32 = 37;
/// KRB_AP_ERR_BADADDR: a wrong network address.
pub const BADADDR: i32 = 38;
/// KRB_AP_ERR_BADVERSION: another protocol version.
pub const BADVERSION: i32 = 39;
/// KRB_AP_ERR_MSG_TYPE: an invalid message type.
pub const MSG_TYPE: i32 = 40;
/// KRB_AP_ERR_MODIFIED: the message was altered; from Windows, also: the service has another
/// key.
pub const MODIFIED: i32 = 41;
/// KRB_AP_ERR_ILL_CR_TKT, not in RFC 4120 but used by MIT: the realms between the client and
/// the service are not accepted.
pub const ILL_CR_TKT: i32 = 43;
/// KRB_AP_ERR_BADKEYVER: no key of this version.
pub const BADKEYVER: i32 = 44;
/// KRB_AP_ERR_NOKEY: no key for this service.
pub const NOKEY: i32 = 45;
/// KRB_AP_ERR_MUT_FAIL: mutual authentication failed.
pub const MUT_FAIL: i32 = 46;
/// KRB_AP_ERR_INAPP_CKSUM: a checksum of an inappropriate type.
pub const INAPP_CKSUM: i32 = 50;
/// KRB_ERR_RESPONSE_TOO_BIG: to be asked again by TCP.
pub const RESPONSE_TOO_BIG: i32 = 52;
/// KDC_ERR_WRONG_REALM: the client is of another realm, which the error names.
pub const WRONG_REALM: i32 = 68;
/// KRB_AP_ERR_IAKERB_KDC_NOT_FOUND: the acceptor knows no KDC of the realm.
pub const IAKERB_KDC_NOT_FOUND: i32 = 85;
/// KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE: the realm's KDC does not answer the acceptor.
pub const IAKERB_KDC_NO_RESPONSE: i32 = 86;
/// KDC_ERR_PREAUTH_EXPIRED: the exchange is to be begun anew.
pub const PREAUTH_EXPIRED: i32 = 90;
/// KDC_ERR_MORE_PREAUTH_DATA_REQUIRED
pub const MORE_PREAUTH_DATA_REQUIRED: i32 = 91;
/// KRB_ERR_GENERIC
pub const GENERIC: i32 = 60;
/// KRB_AP_ERR_NO_TGT: no ticket-granting ticket for user-to-user.
pub const NO_TGT: i32 = 67;
/// KRB_AP_ERR_USER_TO_USER_REQUIRED
pub const USER_TO_USER_REQUIRED: i32 = 69;

/// The name of an error code and what it means, for the log.
pub fn name(code: i32) -> Option<(&'static str, &'static str)> {
    Some(match code {
        NAME_EXP => ("KDC_ERR_NAME_EXP", "the client's entry has expired"),
        C_PRINCIPAL_UNKNOWN => ("KDC_ERR_C_PRINCIPAL_UNKNOWN", "the KDC does not know the client"),
        S_PRINCIPAL_UNKNOWN => ("KDC_ERR_S_PRINCIPAL_UNKNOWN", "the KDC does not know the service"),
        POLICY => ("KDC_ERR_POLICY", "the KDC's policy forbids it"),
        BADOPTION => ("KDC_ERR_BADOPTION", "the KDC does not grant what was asked for"),
        ETYPE_NOSUPP => ("KDC_ERR_ETYPE_NOSUPP", "no encryption type in common"),
        PADATA_TYPE_NOSUPP => {
            ("KDC_ERR_PADATA_TYPE_NOSUPP", "a kind of pre-authentication that is not supported")
        }
        CLIENT_REVOKED => ("KDC_ERR_CLIENT_REVOKED", "the client's account is disabled or locked"),
        TGT_REVOKED => ("KDC_ERR_TGT_REVOKED", "the ticket-granting ticket is no longer valid"),
        KEY_EXPIRED => ("KDC_ERR_KEY_EXPIRED", "the client's password has expired"),
        PREAUTH_FAILED => ("KDC_ERR_PREAUTH_FAILED", "a wrong password"),
        PREAUTH_REQUIRED => {
            ("KDC_ERR_PREAUTH_REQUIRED", "a kind of pre-authentication that is not supported")
        }
        MUST_USE_USER2USER => {
            ("KDC_ERR_MUST_USE_USER2USER", "the service takes user-to-user tickets only")
        }
        PATH_NOT_ACCEPTED => {
            ("KDC_ERR_PATH_NOT_ACCEPTED", "the realms between client and service are not accepted")
        }
        SVC_UNAVAILABLE => ("KDC_ERR_SVC_UNAVAILABLE", "the KDC is not available"),
        BAD_INTEGRITY => ("KRB_AP_ERR_BAD_INTEGRITY", "a ticket that does not decrypt"),
        TKT_EXPIRED => ("KRB_AP_ERR_TKT_EXPIRED", "the ticket has expired"),
        TKT_NYV => ("KRB_AP_ERR_TKT_NYV", "the ticket is not valid yet"),
        REPEAT => ("KRB_AP_ERR_REPEAT", "the request was taken for a replay"),
        NOT_US => ("KRB_AP_ERR_NOT_US", "the ticket is for another service"),
        SKEW => ("KRB_AP_ERR_SKEW", "the clocks differ too much"),
        MODIFIED => ("KRB_AP_ERR_MODIFIED", "the service has another key"),
        BADKEYVER => ("KRB_AP_ERR_BADKEYVER", "the service has no key of this version"),
        NOKEY => ("KRB_AP_ERR_NOKEY", "the service has no key"),
        NO_TGT => ("KRB_AP_ERR_NO_TGT", "the service has no ticket-granting ticket"),
        WRONG_REALM => ("KDC_ERR_WRONG_REALM", "the client is of another realm"),
        GENERIC => ("KRB_ERR_GENERIC", "an error without a code of its own"),
        _ => return None,
    })
}
