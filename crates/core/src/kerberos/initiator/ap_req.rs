//! The AP-REQ, RFC 4120 3.2.2 with RFC 4121 4.1.1 and [MS-KILE] 3.2.5.8.

use super::InitiateCall;
use crate::kerberos::client::{Credentials, krb_cred};
use crate::kerberos::crypto::{Enctype, Key, key_usage, random_key};
use crate::kerberos::gss_checksum::{self, GssChecksum, GssFlags};
use crate::kerberos::message::authorization_data::ad_type;
use crate::kerberos::message::{
    ApOptions, ApOptionsData, ApReq, Authenticator, AuthorizationData, Checksum, EncryptedData,
    EncryptionKey, EtypeList, Ticket,
};
use crate::types::error::Result;
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use std::sync::Arc;
use zeroize::Zeroizing;

/// An AP-REQ, and what its reply is checked against.
#[derive(Debug)]
pub(super) struct NewApReq {
    /// The message.
    pub(super) message: Vec<u8>,
    /// `subkey`
    pub(super) subkey: Key,
    /// `ctime`, in seconds since 1970.
    pub(super) ctime: i64,
    /// `cusec`
    pub(super) cusec: u32,
    /// `seq-number`
    pub(super) seq_number: u32,
    /// The encryption types proposed for the acceptor's sub-key, besides that of `subkey`.
    pub(super) proposed: Vec<Enctype>,
    /// Whether the client's credentials are delegated.
    pub(super) delegated: bool,
}

/// What the authenticator's checksum asks for.
pub(super) fn gss_flags(call: &InitiateCall<'_>) -> GssFlags {
    use ContextFlags as C;
    use GssFlags as G;
    let required = call.requirements;
    let dce_style = required.contains(C::USE_DCE_STYLE);
    let protects = C::INTEGRITY | C::CONFIDENTIALITY | C::REPLAY_DETECT | C::SEQUENCE_DETECT;
    let integrity = required.intersects(protects)
        || dce_style
        || call.config.sign && !required.contains(C::NO_INTEGRITY);
    let mut flags = G::empty();
    flags.set(G::MUTUAL, required.contains(C::MUTUAL_AUTH) || dce_style);
    flags.set(G::REPLAY, required.contains(C::REPLAY_DETECT));
    flags.set(G::SEQUENCE, required.contains(C::SEQUENCE_DETECT));
    flags.set(G::CONF, required.contains(C::CONFIDENTIALITY));
    flags.set(G::INTEG, integrity);
    flags.set(G::DCE_STYLE, dce_style);
    flags.set(G::IDENTIFY, required.contains(C::IDENTIFY));
    flags.set(G::EXTENDED_ERROR, required.contains(C::EXTENDED_ERROR));
    flags
}

impl NewApReq {
    /// Makes the message. `time` is the time for its authenticator. `forwarded` is the ticket to
    /// delegate.
    pub(super) fn new(
        ticket: &Credentials,
        flags: GssFlags,
        time: FileTime,
        forwarded: Option<&Arc<Credentials>>,
        call: &InitiateCall<'_>,
    ) -> Result<NewApReq> {
        let random = call.config.random;
        let session_key = &ticket.key;
        let subkey = random_key(session_key.enctype(), random)?;
        let mut number = [0; 4];
        random.fill(&mut number)?;
        // As in MIT's library: far from the maximum, since old peers cannot wrap around.
        let seq_number = u32::from_be_bytes(number) & 0x3fff_ffff;
        let (ctime, cusec) = (time.unix_seconds(), time.microsecond());
        let credential = match forwarded {
            Some(tgt) => Some(krb_cred(tgt, session_key, time, random)?),
            None => None,
        };
        let checksum = GssChecksum {
            bindings: call.bindings.map_or([0; 16], |bindings| bindings.hash),
            flags,
            credential: credential.as_deref(),
            extensions: &[],
        };
        let checksum = Zeroizing::new(checksum.encode()?);
        let mutual = flags.intersects(GssFlags::MUTUAL | GssFlags::DCE_STYLE);
        let proposed = if mutual {
            proposed(session_key.enctype(), &call.config.enctypes)
        } else {
            Vec::new()
        };
        let data = authorization_data(&proposed, session_key.enctype(), call);
        let cname = ticket.client.encode();
        let plain = Authenticator {
            crealm: &ticket.client.realm,
            cname: cname.name(),
            cksum: Some(Checksum { cksumtype: gss_checksum::CHECKSUM_TYPE, checksum: &checksum }),
            cusec,
            ctime,
            subkey: Some(EncryptionKey::of(&subkey)),
            seq_number: Some(seq_number),
            authorization_data: Some(AuthorizationData::decode(&data)?),
        }
        .encode();
        let cipher = session_key.encrypt(key_usage::AP_REQ_AUTHENTICATOR, &plain, random)?;
        let mut ap_options = ApOptions::empty();
        ap_options.set(ApOptions::MUTUAL_REQUIRED, mutual);
        ap_options.set(ApOptions::USE_SESSION_KEY, ticket.is_skey);
        let authenticator =
            EncryptedData { etype: session_key.enctype().number(), kvno: None, cipher: &cipher };
        let message =
            ApReq { ap_options, ticket: Ticket::decode(&ticket.ticket)?, authenticator }.encode();
        let delegated = forwarded.is_some();
        Ok(NewApReq { message, subkey, ctime, cusec, seq_number, proposed, delegated })
    }
}

/// The types to propose for the acceptor's sub-key (RFC 4537): those that are preferred to the
/// session key's.
fn proposed(session: Enctype, permitted: &[Enctype]) -> Vec<Enctype> {
    permitted.iter().copied().take_while(|&enctype| enctype != session).collect()
}

/// The authenticator's authorization data. Windows' clients send the same, in an AD-IF-RELEVANT.
fn authorization_data(proposed: &[Enctype], session: Enctype, call: &InitiateCall<'_>) -> Vec<u8> {
    let mut options = ApOptionsData::CBT;
    options.set(
        ApOptionsData::UNVERIFIED_TARGET_NAME,
        call.requirements.contains(ContextFlags::UNVERIFIED_TARGET_NAME),
    );
    let options = options.encode();
    let target: Vec<u8> = call.target.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let etypes: Vec<i32> =
        proposed.iter().chain([&session]).map(|enctype| enctype.number()).collect();
    let etypes = EtypeList::encode(&etypes);
    let mut elements = vec![(ad_type::AP_OPTIONS, &options[..]), (ad_type::CLIENT_TARGET, &target)];
    if !proposed.is_empty() {
        elements.insert(0, (ad_type::ETYPE_NEGOTIATION, &etypes));
    }
    let list = AuthorizationData::encode(&elements);
    AuthorizationData::encode(&[(ad_type::IF_RELEVANT, &list)])
}
