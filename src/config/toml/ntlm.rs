//! The table `[ntlm]`.

use super::span::{Limit, Span};
use crate::authority;
use crate::config::names::{Name, WeakResponse};
use crate::ntlm::{Mode, Policy, ResponsePolicy};
use crate::types::channel_bindings::Strictness;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NtlmTable {
    mode: Option<Name<Mode>>,
    audit_file: Option<PathBuf>,
    users: Vec<String>,
    domains: Vec<String>,
    workstations: Vec<String>,
    weak_responses: Option<Vec<Name<WeakResponse>>>,
    channel_bindings: Option<Name<Strictness>>,
    target_name: Option<Name<Strictness>>,
    target_names: Option<Vec<String>>,
    require_128: Option<bool>,
    require_extended_session_security: Option<bool>,
    require_mic: Option<bool>,
    require_target_info: Option<bool>,
    loopback_check: Option<bool>,
    max_clock_skew: Option<Limit>,
    challenge_lifetime: Option<Span>,
    refuse_null_session: Option<bool>,
}

impl NtlmTable {
    /// The policy; the lists and the audit file are `authorities`'.
    pub(super) fn into_ntlm(self, authorities: &mut authority::Options) -> Policy {
        let default = Policy::default();
        authorities.audit_file = self.audit_file;
        authorities.users = self.users;
        authorities.domains = self.domains;
        authorities.workstations = self.workstations;
        let mut responses = default.responses;
        for Name(weak) in self.weak_responses.unwrap_or_default() {
            let ResponsePolicy { lmv2, ntlmv1, ntlmv1_ess, lm, mschapv2 } = &mut responses;
            *match weak {
                WeakResponse::LmV2 => lmv2,
                WeakResponse::NtlmV1 => ntlmv1,
                WeakResponse::NtlmV1Ess => ntlmv1_ess,
                WeakResponse::Lm => lm,
                WeakResponse::MsChapV2 => mschapv2,
            } = true;
        }
        let target_names = self.target_names.unwrap_or(default.target_names);
        // Without a list, clients that use an alias of this host would be rejected.
        let target_name =
            if target_names.is_empty() { default.target_name } else { Strictness::WhenSent };
        Policy {
            mode: self.mode.map_or(default.mode, |name| name.0),
            responses,
            channel_bindings: self.channel_bindings.map_or(default.channel_bindings, |name| name.0),
            target_name: self.target_name.map_or(target_name, |name| name.0),
            target_names,
            require_128: self.require_128.unwrap_or(default.require_128),
            require_extended_session_security: self
                .require_extended_session_security
                .unwrap_or(default.require_extended_session_security),
            require_mic: self.require_mic.unwrap_or(default.require_mic),
            require_target_info: self.require_target_info.unwrap_or(default.require_target_info),
            loopback_check: self.loopback_check.unwrap_or(default.loopback_check),
            max_clock_skew: self.max_clock_skew.map_or(default.max_clock_skew, |limit| limit.0),
            challenge_lifetime: self
                .challenge_lifetime
                .map_or(default.challenge_lifetime, |span| span.0),
            refuse_null_session: self.refuse_null_session.unwrap_or(default.refuse_null_session),
        }
    }
}
