//! What the client wants of the context: the authenticator's checksum as GSS-API uses it (RFC 4121
//! 4.1.1), and what [MS-KILE] and RFC 4537 add in the authenticator's authorization data.

use super::rejection::Rejection;
use super::verify_ap_req::VerifiedApReq;
use crate::kerberos::AcceptCall;
use crate::kerberos::crypto::Enctype;
use crate::kerberos::gss_checksum;
use crate::kerberos::gss_checksum::{GssChecksum, GssFlags};
use crate::kerberos::message::authorization_data::ad_type;
use crate::kerberos::message::{
    ApOptions, ApOptionsData, ApReq, Authenticator, EtypeList, client_target, error_code,
};
use crate::types::channel_bindings;
use crate::types::flags::ContextFlags;

/// What the client wants.
#[derive(Default)]
pub(crate) struct InitiatorRequest<'a> {
    flags: GssFlags,
    /// `Bnd`, unless it is all zeros.
    bindings: Option<[u8; 16]>,
    /// `Deleg`: KRB-CRED.
    pub(crate) delegation: Option<&'a [u8]>,
    /// The client knows of channel bindings, and would have sent some had it seen a channel.
    knows_bindings: bool,
    /// It wants an acceptor's sub-key of one of these types (RFC 4537), preferred first.
    pub(crate) enctype: Option<Enctype>,
    /// The service as the client named it.
    pub(crate) target: Option<String>,
}

impl<'a> InitiatorRequest<'a> {
    /// Reads the wanted of a request that has been found good.
    pub(crate) fn from_ap_req(
        request: &ApReq<'_>,
        opened: &VerifiedApReq<'a>,
        call: &AcceptCall<'_>,
    ) -> Result<InitiatorRequest<'a>, Rejection> {
        let authenticator = &opened.authenticator;
        let mut wanted = match &authenticator.cksum {
            // Of home-made clients; Windows takes it for no wanted at all ([MS-KILE] 3.4.5).
            None => InitiatorRequest::default(),
            Some(cksum) if cksum.cksumtype == gss_checksum::CHECKSUM_TYPE => {
                let gss = GssChecksum::decode(cksum.checksum)?;
                let bindings = (gss.bindings != [0; 16]).then_some(gss.bindings);
                InitiatorRequest {
                    flags: gss.flags,
                    bindings,
                    delegation: gss.credential,
                    ..InitiatorRequest::default()
                }
            }
            // Samba's clients send a real one, over nothing. It shows that the authenticator was
            // not made to protect other data. MIT's and Heimdal's libraries key it with the session
            // key even where there is a sub-key.
            Some(cksum) => {
                let key = &opened.session_key;
                key.verify_checksum(
                    crate::kerberos::crypto::key_usage::AP_REQ_CHECKSUM,
                    &[],
                    cksum.cksumtype,
                    cksum.checksum,
                )
                .map_err(|_| {
                    Rejection::denied(
                        error_code::INAPP_CKSUM,
                        "the authenticator's checksum is not GSS-API's",
                    )
                })?;
                let mut flags = GssFlags::REPLAY | GssFlags::SEQUENCE;
                flags
                    .set(GssFlags::MUTUAL, request.ap_options.contains(ApOptions::MUTUAL_REQUIRED));
                InitiatorRequest { flags, ..InitiatorRequest::default() }
            }
        };
        wanted.read_authorization_data(authenticator, call)?;
        Ok(wanted)
    }

    fn read_authorization_data(
        &mut self,
        authenticator: &Authenticator<'_>,
        call: &AcceptCall<'_>,
    ) -> Result<(), Rejection> {
        let elements = authenticator.authorization_data.iter().flat_map(|list| list.iter());
        for element in elements {
            match element.ad_type {
                ad_type::AP_OPTIONS => {
                    let options = ApOptionsData::decode(element.ad_data)?;
                    self.knows_bindings |= options.contains(ApOptionsData::CBT);
                }
                ad_type::CLIENT_TARGET if self.target.is_none() => {
                    let target = client_target(element.ad_data)?;
                    self.target =
                        Some(target).filter(|target| !target.is_empty() && !target.contains('\0'));
                }
                ad_type::ETYPE_NEGOTIATION if self.enctype.is_none() => {
                    let allowed = |number| {
                        Enctype::from_number(number)
                            .filter(|&enctype| call.config.policy.allows(enctype))
                    };
                    self.enctype = EtypeList::decode(element.ad_data)?.iter().find_map(allowed);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Channel bindings (RFC 4121 4.1.1.2, [MS-KILE] 3.4.5).
    pub(crate) fn check_bindings(&self, call: &AcceptCall<'_>) -> Result<(), Rejection> {
        let strictness = call.config.policy.channel_bindings;
        let mut requirements = call.requirements;
        // Such a client leaves them out only where it sees another channel than we do.
        requirements.set(
            ContextFlags::ALLOW_MISSING_BINDINGS,
            requirements.contains(ContextFlags::ALLOW_MISSING_BINDINGS) && !self.knows_bindings,
        );
        Ok(channel_bindings::check(
            self.bindings.as_ref(),
            strictness,
            call.bindings,
            requirements,
        )?)
    }

    /// Three legs, and messages as RPC lays them out.
    pub(crate) fn dce_style(&self) -> bool {
        self.flags.contains(GssFlags::DCE_STYLE)
    }

    /// The server is to prove itself. DCE style always does.
    pub(crate) fn mutual(&self) -> bool {
        self.flags.intersects(GssFlags::MUTUAL | GssFlags::DCE_STYLE)
    }

    /// What the caller is told that it got.
    pub(crate) fn granted(&self, requirements: ContextFlags) -> ContextFlags {
        const ROWS: [(GssFlags, ContextFlags); 6] = [
            (GssFlags::REPLAY, ContextFlags::REPLAY_DETECT),
            (GssFlags::SEQUENCE, ContextFlags::SEQUENCE_DETECT),
            (GssFlags::CONF, ContextFlags::CONFIDENTIALITY),
            (GssFlags::INTEG, ContextFlags::INTEGRITY),
            (GssFlags::DCE_STYLE, ContextFlags::USE_DCE_STYLE),
            (GssFlags::IDENTIFY, ContextFlags::IDENTIFY),
        ];
        let mut granted: ContextFlags = ROWS
            .into_iter()
            .filter(|(theirs, _)| self.flags.contains(*theirs))
            .map(|(_, ours)| ours)
            .collect();
        granted.set(ContextFlags::MUTUAL_AUTH, self.mutual());
        // It is the caller's own to say.
        granted | requirements & (ContextFlags::CONNECTION | ContextFlags::IDENTIFY)
    }
}
