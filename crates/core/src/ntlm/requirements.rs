//! The server's requirements besides a correct response: strength, channel bindings, target name,
//! clock.

use super::AcceptCall;
use super::av_pair::{self, AvPairs};
use super::flags::NegotiateFlags;
use super::keys;
use super::logon::ResponseKind;
use super::message::client_challenge::ClientChallenge;
use super::policy::{Policy, ServerNames};
use super::response;
use crate::types::channel_bindings::{self, BindingsResult, ClientBindings, Strictness};
use crate::types::error::{Denial, Error, Result};
use crate::types::time::FileTime;
use tracing::debug;

/// Rejects flags weaker than the configuration requires ([MS-NLMP] 3.2.5.1.1,
/// `ServerRequire128bitEncryption`).
pub(super) fn strength(flags: NegotiateFlags, policy: &Policy) -> Result<()> {
    if policy.require_128 && (!flags.contains(NegotiateFlags::N128) || keys::seal_bits(flags) < 128)
    {
        return Err(Error::NothingInCommon("the client does not offer 128 bits"));
    }
    if policy.require_extended_session_security
        && !flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY)
    {
        return Err(Error::NothingInCommon("the client does not offer extended session security"));
    }
    Ok(())
}

/// What a client asserts in the AV pairs of its NTLMv2 response, which authenticates them.
#[derive(Default)]
pub(super) struct ClientAssertions {
    /// The time of the response; `None` without an NTLMv2 response.
    time: Option<FileTime>,
    /// Whether AUTHENTICATE_MESSAGE has a MIC.
    pub(super) has_mic: bool,
    /// Whether the client has `target_name` from an untrusted source.
    untrusted_target: bool,
    /// `MsvAvChannelBindings`.
    channel_bindings: ClientBindings,
    /// `MsvAvTargetName`.
    pub(super) target_name: Option<String>,
    /// MachineID of `MsvAvSingleHost`.
    pub(super) machine_id: Option<[u8; 32]>,
    /// Whether the response lacks a part of the target information that the server sent.
    lacks_target_info: bool,
}

impl ClientAssertions {
    /// Reads the assertions in an `NtChallengeResponse`; there are none if it is not NTLMv2. `sent`
    /// is the target information of CHALLENGE_MESSAGE.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub(super) fn from_response(nt_response: &[u8], sent: AvPairs<'_>) -> Result<ClientAssertions> {
        if nt_response.len() <= response::SHORT_RESPONSE {
            return Ok(ClientAssertions::default());
        }
        let ClientChallenge { time, av_pairs } = ClientChallenge::parse(nt_response)?;
        let flags = av_pairs.flags()?;
        Ok(ClientAssertions {
            time: Some(time),
            has_mic: flags & av_pair::FLAG_MIC != 0,
            untrusted_target: flags & av_pair::FLAG_UNTRUSTED_TARGET != 0,
            channel_bindings: ClientBindings {
                hash: av_pairs.channel_bindings()?,
                supported: av_pairs.supports_channel_bindings()?,
            },
            target_name: av_pairs.target_name()?,
            machine_id: av_pairs.machine_id()?,
            lacks_target_info: !av_pairs.returns(&sent),
        })
    }

    /// Checks the assertions against the configuration and the caller's bindings. Call this only
    /// after the response was verified: before that the assertions are unauthenticated, and the
    /// errors would disclose the configuration.
    pub(super) fn check(
        &self,
        response: ResponseKind,
        call: &AcceptCall<'_>,
    ) -> Result<BindingsResult> {
        let policy = &call.config.policy;
        let v2 = matches!(response, ResponseKind::NtlmV2 | ResponseKind::LmV2);
        if policy.require_mic && v2 && !self.has_mic {
            return Err(Error::LogonDenied(Denial::Mic));
        }
        if policy.require_target_info && self.lacks_target_info {
            return Err(Error::LogonDenied(Denial::TargetInfo));
        }
        if let (Some(time), Some(limit)) = (self.time, policy.max_clock_skew)
            && call.now.distance(time) > limit
        {
            return Err(Error::LogonDenied(Denial::Stale));
        }
        // `ServerChannelBindingsUnhashed` of [MS-NLMP] 3.2.5.1.2.
        let bindings = channel_bindings::check(
            &self.channel_bindings,
            policy.channel_bindings,
            call.bindings,
            call.requirements,
        )?;
        self.check_target(policy, &call.config.names)?;
        if policy.loopback_check
            && self.is_from(call.config.machine_id)
            && !self.means(policy, &call.config.names)
        {
            return Err(Error::LogonDenied(Denial::Reflected));
        }
        Ok(bindings)
    }

    /// Whether the client has sent the MachineID of this machine.
    pub(super) fn is_from(&self, machine_id: Option<[u8; 32]>) -> bool {
        self.machine_id.is_some_and(|theirs| Some(theirs) == machine_id)
    }

    /// Whether the client has the name of this service, from a trusted source.
    fn means(&self, policy: &Policy, server: &ServerNames) -> bool {
        let name = self.target_name.as_ref().filter(|_| !self.untrusted_target);
        name.is_some_and(|name| {
            is_permitted_target(name, &policy.target_names, server)
                || is_permitted_target(name, &[], server)
                || is_permitted_target(name, &["localhost".to_owned()], server)
        })
    }

    /// Checks the service that the client addresses.
    fn check_target(&self, policy: &Policy, server: &ServerNames) -> Result<()> {
        let required = policy.target_name == Strictness::Require;
        match &self.target_name {
            _ if policy.target_name == Strictness::Off => Ok(()),
            None if required => Err(Error::WrongTarget("the client sent no target name")),
            None => Ok(()),
            Some(_) if required && self.untrusted_target => {
                Err(Error::WrongTarget("the client has the target name from an untrusted source"))
            }
            Some(name) if is_permitted_target(name, &policy.target_names, server) => Ok(()),
            Some(name) => {
                debug!(name, "the client means another service");
                Err(Error::WrongTarget("the client means another service"))
            }
        }
    }
}

/// Whether the service principal name `name`, `service/host[:port][/name]`, is in `allowed`; an
/// entry without a service permits every service on that host. If the list is empty, any service on
/// this host is permitted.
fn is_permitted_target(name: &str, allowed: &[String], server: &ServerNames) -> bool {
    let host = name.split('/').nth(1).unwrap_or(name);
    let host = host.split(':').next().unwrap_or(host).trim_end_matches('.');
    let same_host = |other: &String| {
        !other.is_empty() && host.eq_ignore_ascii_case(other.trim_end_matches('.'))
    };
    if allowed.is_empty() {
        return [&server.dns_computer, &server.nb_computer].into_iter().any(same_host);
    }
    allowed
        .iter()
        .any(|entry| name.eq_ignore_ascii_case(entry) || (!entry.contains('/') && same_host(entry)))
}
