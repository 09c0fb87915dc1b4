//! Key usage numbers: RFC 4120 7.5.1, RFC 4121 2, RFC 6113 5.4, RFC 6806 11. Each use of a key has
//! its own number, from which separate keys are derived.

/// AS-REQ, PA-ENC-TIMESTAMP, with the client's key.
pub const PA_ENC_TIMESTAMP: u32 = 1;
/// The encrypted part of a ticket, with the service's key.
pub const TICKET: u32 = 2;
/// AS-REP, encrypted part, with the client's key.
pub const AS_REP: u32 = 3;
/// `enc-authorization-data` of a TGS-REQ, with the session key.
pub const TGS_REQ_AUTHORIZATION_DATA: u32 = 4;
/// `enc-authorization-data` of a TGS-REQ, with the authenticator's sub-key.
pub const TGS_REQ_AUTHORIZATION_DATA_SUBKEY: u32 = 5;
/// The checksum in the authenticator of a TGS-REQ.
pub const TGS_REQ_CHECKSUM: u32 = 6;
/// The authenticator of a TGS-REQ.
pub const TGS_REQ_AUTHENTICATOR: u32 = 7;
/// TGS-REP, encrypted part, with the session key.
pub const TGS_REP: u32 = 8;
/// TGS-REP, encrypted part, with the authenticator's sub-key.
pub const TGS_REP_SUBKEY: u32 = 9;
/// The checksum in the authenticator of an AP-REQ.
pub const AP_REQ_CHECKSUM: u32 = 10;
/// The authenticator of an AP-REQ, with the session key.
pub const AP_REQ_AUTHENTICATOR: u32 = 11;
/// AP-REP, encrypted part, with the session key.
pub const AP_REP: u32 = 12;
/// KRB-PRIV, encrypted part.
pub const KRB_PRIV: u32 = 13;
/// KRB-CRED, encrypted part; delegation.
pub const KRB_CRED: u32 = 14;
/// KRB-SAFE, checksum.
pub const KRB_SAFE: u32 = 15;
/// A PAC's signatures ([MS-PAC] 2.8): KERB_NON_KERB_CKSUM_SALT.
pub const PAC_SIGNATURE: u32 = 17;
/// PA-FOR-USER ([MS-SFU] 2.2.1), with the session key.
pub const PA_FOR_USER: u32 = 17;
/// Wrap tokens from the acceptor, sealed or not.
pub const ACCEPTOR_SEAL: u32 = 22;
/// MIC tokens from the acceptor.
pub const ACCEPTOR_SIGN: u32 = 23;
/// Wrap tokens from the initiator, sealed or not.
pub const INITIATOR_SEAL: u32 = 24;
/// MIC tokens from the initiator.
pub const INITIATOR_SIGN: u32 = 25;
/// IAKERB's KRB-FINISHED, draft-ietf-kitten-iakerb-03 3.2.
pub const IAKERB_FINISHED: u32 = 41;
/// KRB-FINISHED of draft-zhu-ws-kerb.
pub const FINISHED: u32 = 42;
/// FAST: the checksum over the outer request.
pub const FAST_REQ_CHECKSUM: u32 = 50;
/// FAST: the inner request, with the armor key.
pub const FAST_ENC: u32 = 51;
/// FAST: the inner reply, with the armor key.
pub const FAST_REP: u32 = 52;
/// FAST: the checksum over the ticket, with the armor key.
pub const FAST_FINISHED: u32 = 53;
/// PA-ENCRYPTED-CHALLENGE from the client.
pub const ENC_CHALLENGE_CLIENT: u32 = 54;
/// PA-ENCRYPTED-CHALLENGE from the KDC.
pub const ENC_CHALLENGE_KDC: u32 = 55;
/// The checksum over the AS-REQ in the reply (RFC 6806 11).
pub const AS_REQ: u32 = 56;
/// PA-S4U-X509-USER in a request ([MS-SFU] 2.2.2).
pub const PA_S4U_X509_USER_REQUEST: u32 = 26;
/// PA-S4U-X509-USER in a reply.
pub const PA_S4U_X509_USER_REPLY: u32 = 27;
