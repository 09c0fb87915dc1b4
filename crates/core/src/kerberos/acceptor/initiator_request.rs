//! The options that the client requests: the authenticator's checksum for GSS-API (RFC 4121 4.1.1),
//! and the elements of [MS-KILE] and RFC 4537 in the authenticator's authorization data.

use super::ticket_key::TicketKey;
use crate::kerberos::crypto::Enctype;
use crate::kerberos::finished::{Conversation, verify_finished};
use crate::kerberos::gss_checksum;
use crate::kerberos::gss_checksum::{GssChecksum, GssFlags};
use crate::kerberos::message::authorization_data::ad_type;
use crate::kerberos::message::{
    ApOptions, ApOptionsData, ApReq, Authenticator, EtypeList, client_target, error_code,
};
use crate::kerberos::rejection::Rejection;
use crate::kerberos::service_name::ServiceName;
use crate::kerberos::verify_ap_req::VerifiedApReq;
use crate::kerberos::{AcceptCall, AcceptorConfig};
use crate::types::channel_bindings::{self, BindingsResult, ClientBindings, Strictness};
use crate::types::error::Error;
use crate::types::flags::ContextFlags;
use tracing::debug;

/// The options that the client requests.
#[derive(Default)]
pub(crate) struct InitiatorRequest<'a> {
    flags: GssFlags,
    /// `Bnd`, unless it is all zeros.
    bindings: Option<[u8; 16]>,
    /// `Deleg`: KRB-CRED.
    pub(crate) delegation: Option<&'a [u8]>,
    /// `Exts`
    extensions: &'a [u8],
    /// Whether the client supports channel bindings, and would have sent some if it used a channel.
    supports_bindings: bool,
    /// The encryption type for the acceptor's sub-key: the client's most preferred one that policy
    /// permits (RFC 4537).
    pub(crate) enctype: Option<Enctype>,
    /// The service, as named by the client.
    pub(crate) target: Option<String>,
    /// Whether the client has `target` from an untrusted source.
    unverified_target: bool,
}

impl<'a> InitiatorRequest<'a> {
    /// Reads the options of a verified request.
    pub(crate) fn from_ap_req(
        request: &ApReq<'_>,
        verified: &VerifiedApReq<'a>,
        call: &AcceptCall<'_>,
    ) -> Result<InitiatorRequest<'a>, Rejection> {
        let authenticator = &verified.authenticator;
        let mut requested = match &authenticator.cksum {
            // From non-GSS clients; Windows treats it as a request without options ([MS-KILE]
            // 3.4.5).
            None => InitiatorRequest::default(),
            Some(cksum) if cksum.cksumtype == gss_checksum::CHECKSUM_TYPE => {
                let gss = GssChecksum::decode(cksum.checksum)?;
                let bindings = (gss.bindings != [0; 16]).then_some(gss.bindings);
                InitiatorRequest {
                    flags: gss.flags,
                    bindings,
                    delegation: gss.credential,
                    extensions: gss.extensions,
                    ..InitiatorRequest::default()
                }
            }
            // Samba's clients send a checksum over no data. Verifying it shows that the
            // authenticator was not made for other data. MIT's and Heimdal's libraries use the
            // session key for it even if there is a sub-key.
            Some(cksum) => {
                let key = &verified.session_key;
                key.verify_checksum(
                    crate::kerberos::crypto::key_usage::AP_REQ_CHECKSUM,
                    &[],
                    cksum.cksumtype,
                    cksum.checksum,
                )
                .map_err(|_| {
                    Rejection::denied(
                        error_code::INAPP_CKSUM,
                        "the authenticator's checksum is not one for GSS-API",
                    )
                })?;
                let mut flags = GssFlags::REPLAY | GssFlags::SEQUENCE;
                flags
                    .set(GssFlags::MUTUAL, request.ap_options.contains(ApOptions::MUTUAL_REQUIRED));
                InitiatorRequest { flags, ..InitiatorRequest::default() }
            }
        };
        requested.read_authorization_data(authenticator, call)?;
        Ok(requested)
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
                    self.supports_bindings |= options.contains(ApOptionsData::CBT);
                    self.unverified_target |=
                        options.contains(ApOptionsData::UNVERIFIED_TARGET_NAME);
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

    /// Checks that both sides have had the same conversation with the KDC, if the client says what
    /// it was: IAKERB's KRB-FINISHED.
    pub(crate) fn check_conversation(
        &self,
        conversation: Option<&Conversation<'_>>,
        verified: &VerifiedApReq<'_>,
    ) -> Result<(), Rejection> {
        let Some(conversation) = conversation else { return Ok(()) };
        match verify_finished(self.extensions, verified.subkey.as_ref(), conversation) {
            Ok(finished) => {
                debug!(finished, "IAKERB");
                Ok(())
            }
            Err(_) => Err(Rejection::denied(
                error_code::MODIFIED,
                "IAKERB: client and server have not had the same conversation",
            )),
        }
    }

    /// Checks the channel bindings (RFC 4121 4.1.1.2, [MS-KILE] 3.4.5).
    pub(crate) fn check_bindings(
        &self,
        call: &AcceptCall<'_>,
    ) -> Result<BindingsResult, Rejection> {
        let strictness = call.config.policy.channel_bindings;
        let mut requirements = call.requirements;
        // A client that supports bindings omits them only if it uses another channel than the
        // server.
        requirements.set(
            ContextFlags::ALLOW_MISSING_BINDINGS,
            requirements.contains(ContextFlags::ALLOW_MISSING_BINDINGS) && !self.supports_bindings,
        );
        Ok(channel_bindings::check(
            &ClientBindings { hash: self.bindings, supported: self.supports_bindings },
            strictness,
            call.bindings,
            requirements,
        )?)
    }

    /// Checks the service that the client means. The name beside the ticket is not protected, and an
    /// account's key is that of all its services, so that a ticket for one of them could be relayed
    /// to another.
    pub(crate) fn check_target(
        &self,
        key: &TicketKey<'_>,
        config: &AcceptorConfig,
    ) -> Result<(), Rejection> {
        let strictness = config.target_name();
        let required = strictness == Strictness::Require;
        if strictness == Strictness::Off {
            return Ok(());
        }
        let target = match self.target.as_deref().and_then(ServiceName::parse) {
            None if required => return Err(wrong_target("the client sent no target name")),
            None => return Ok(()),
            Some(_) if required && self.unverified_target => {
                return Err(wrong_target(
                    "the client has the target name from an untrusted source",
                ));
            }
            Some(target) => target,
        };
        let means =
            |name: &ServiceName| name.is_meant_by(&target, key.realm()) || key.is_of_account(name);
        let mut restrictions = config.service.restrictions(&config.policy);
        match restrictions.all(|names| names.iter().any(means)) {
            true => Ok(()),
            false => {
                debug!(name = target.as_str(), "the client means another service");
                Err(wrong_target("the client means another service"))
            }
        }
    }

    /// Whether the exchange has three legs, and messages are laid out for DCE RPC.
    pub(crate) fn dce_style(&self) -> bool {
        self.flags.contains(GssFlags::DCE_STYLE)
    }

    /// Whether the server must authenticate itself; always in DCE style.
    pub(crate) fn mutual(&self) -> bool {
        self.flags.intersects(GssFlags::MUTUAL | GssFlags::DCE_STYLE)
    }

    /// The context attributes returned to the caller.
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
        // These only depend on the caller.
        granted | requirements & (ContextFlags::CONNECTION | ContextFlags::IDENTIFY)
    }
}

/// The client means another service than this one, or does not say which.
fn wrong_target(why: &'static str) -> Rejection {
    Rejection { code: error_code::NOT_US, error: Error::WrongTarget(why) }
}
