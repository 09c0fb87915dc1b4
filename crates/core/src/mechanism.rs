//! What every mechanism has in common: its identifiers, and what one step of a conversation takes
//! and gives.
//!
//! Each step is a function of the state and the token: it borrows the state and yields the next
//! one. Nothing has changed until the caller stores the result, so a step whose output did not fit
//! the caller's buffer can be repeated. The one exception is an entry in the replay cache, which the
//! step returns as [`Step::claim`].

use crate::principal::Principal;
use crate::replay::Claim;
use crate::types::channel_bindings::ChannelBindings;
use crate::types::error::{Error, Failure, Result};
use crate::types::flags::ContextFlags;
use crate::types::logon_names::LogonNames;
use crate::types::time::FileTime;

/// A security mechanism by its object identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// 1.2.840.113554.1.2.2, Kerberos 5, and 1.2.840.48018.1.2.2, the same as Windows 2000 misspelt
    /// it.
    Kerberos,
    /// 1.3.6.1.4.1.311.2.2.10, NTLMSSP.
    Ntlm,
}

/// 1.2.840.113554.1.2.2, contents only (RFC 4121 1).
pub const KRB5_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// 1.2.840.48018.1.2.2, contents only: the same with 113554 cut to 16 bits ([MS-SPNG] 3.1.5.2).
pub const MS_KRB5_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// 1.2.840.113554.1.2.2.3, contents only: user-to-user (draft-swift-win2k-krb-user2user).
pub const USER_TO_USER_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x03];

/// 1.3.6.1.4.1.311.2.2.10, contents only ([MS-NLMP] 1.9).
pub const NTLMSSP_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];

impl Mechanism {
    /// Every mechanism this library can speak, preferred first.
    pub const ALL: &'static [Mechanism] = &[Mechanism::Kerberos, Mechanism::Ntlm];

    /// The mechanism's OBJECT IDENTIFIERs, contents octets without tag and length, in the order in
    /// which Windows lists them.
    pub fn oids(self) -> &'static [&'static [u8]] {
        match self {
            Mechanism::Kerberos => &[MS_KRB5_OID, KRB5_OID],
            Mechanism::Ntlm => &[NTLMSSP_OID],
        }
    }

    /// The mechanism with these OBJECT IDENTIFIER contents, if it is supported. Kerberos has one
    /// more, for user-to-user, which is accepted but never offered.
    pub fn from_oid(oid: &[u8]) -> Option<Mechanism> {
        if oid == USER_TO_USER_OID {
            return Some(Mechanism::Kerberos);
        }
        Mechanism::ALL.iter().copied().find(|m| m.oids().contains(&oid))
    }

    /// The package's name as `SECPKG_ATTR_NEGOTIATION_INFO` gives it.
    pub fn package_name(self) -> &'static str {
        match self {
            Mechanism::Kerberos => "Kerberos",
            Mechanism::Ntlm => "NTLM",
        }
    }
}

/// A security package by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// SPNEGO, or a bare token of a mechanism it could have chosen.
    Negotiate,
    /// One mechanism by itself, without SPNEGO.
    Only(Mechanism),
}

impl Package {
    /// Every package, in the order of `EnumerateSecurityPackages`.
    pub const ALL: &'static [Package] =
        &[Package::Negotiate, Package::Only(Mechanism::Kerberos), Package::Only(Mechanism::Ntlm)];

    /// The package of that name, in any letter case, as Windows takes them.
    pub fn from_name(name: &str) -> Result<Package> {
        Package::ALL
            .iter()
            .copied()
            .find(|p| p.name().eq_ignore_ascii_case(name))
            .ok_or(Error::PackageNotFound)
    }

    /// The name in its documented spelling.
    pub fn name(self) -> &'static str {
        match self {
            Package::Negotiate => "Negotiate",
            Package::Only(mechanism) => mechanism.package_name(),
        }
    }
}

/// What one call of `AcceptSecurityContext` brings besides the token. `C` is the configuration of
/// the layer that is called: SPNEGO's, or one mechanism's.
#[derive(Debug)]
pub struct AcceptCall<'a, C> {
    /// Policy, keys, accounts.
    pub config: &'a C,
    /// `fContextReq`.
    pub requirements: ContextFlags,
    /// The SECBUFFER_CHANNEL_BINDINGS buffer.
    pub bindings: Option<&'a ChannelBindings>,
    /// The clock's reading at the call.
    pub now: FileTime,
}

impl<'a, C> AcceptCall<'a, C> {
    /// The same call for a layer below.
    pub fn with<D>(&self, config: &'a D) -> AcceptCall<'a, D> {
        let AcceptCall { config: _, requirements, bindings, now } = *self;
        AcceptCall { config, requirements, bindings, now }
    }
}

impl<C> Clone for AcceptCall<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for AcceptCall<'_, C> {}

/// What one call of `InitializeSecurityContext` brings besides the token.
#[derive(Debug)]
pub struct InitiateCall<'a, C> {
    /// Policy and identity.
    pub config: &'a C,
    /// `fContextReq`.
    pub requirements: ContextFlags,
    /// `pszTargetName`, the service's principal name; empty when none was given.
    pub target: &'a str,
    /// The SECBUFFER_CHANNEL_BINDINGS buffer.
    pub bindings: Option<&'a ChannelBindings>,
    /// The clock's reading at the call.
    pub now: FileTime,
}

impl<'a, C> InitiateCall<'a, C> {
    /// The same call for a layer below.
    pub fn with<D>(&self, config: &'a D) -> InitiateCall<'a, D> {
        let InitiateCall { config: _, requirements, target, bindings, now } = *self;
        InitiateCall { config, requirements, target, bindings, now }
    }
}

impl<C> Clone for InitiateCall<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for InitiateCall<'_, C> {}

/// What a step leads to: a next state `S`, or an established context `E`.
#[derive(Debug)]
pub enum Step<S, E> {
    /// The conversation goes on in state `next`, once the peer has `token`.
    Continue {
        /// The state that awaits the peer's answer.
        next: S,
        /// To be sent to the peer.
        token: Vec<u8>,
        /// The authenticator that this step has entered into the replay cache.
        claim: Option<Claim>,
    },
    /// The context is established.
    Done {
        /// The context.
        established: E,
        /// The last token for the peer, if there is one.
        token: Option<Vec<u8>>,
        /// The authenticator that this step has entered into the replay cache.
        claim: Option<Claim>,
    },
}

/// The result of one step.
pub type StepResult<S, E> = std::result::Result<Step<S, E>, Failure>;

impl<S, E> Step<S, E> {
    /// The same step with its next state wrapped by `wrap`.
    pub fn map_next<T>(self, wrap: impl FnOnce(S) -> T) -> Step<T, E> {
        self.map(wrap, |established| established)
    }

    /// The same step with its next state wrapped by `wrap` and its context by `establish`.
    pub fn map<T, F>(
        self,
        wrap: impl FnOnce(S) -> T,
        establish: impl FnOnce(E) -> F,
    ) -> Step<T, F> {
        match self {
            Step::Continue { next, token, claim } => {
                Step::Continue { next: wrap(next), token, claim }
            }
            Step::Done { established, token, claim } => {
                Step::Done { established: establish(established), token, claim }
            }
        }
    }
}

/// An established context. `S` is the keys of one mechanism, or of either.
#[derive(Debug, Clone)]
pub struct Established<S> {
    /// Keys and counters.
    pub session: S,
    /// The mechanism.
    pub mechanism: Mechanism,
    /// What was granted.
    pub flags: ContextFlags,
    /// Who the initiator is: on the acceptor's side as authenticated, on the initiator's as given.
    pub client: Principal,
    /// The server's name as the mechanism gave it, for `SECPKG_ATTR_NATIVE_NAMES`; empty when
    /// unknown.
    pub server_name: String,
    /// The service's principal name that the client asked for, for
    /// `SECPKG_ATTR_CLIENT_SPECIFIED_TARGET`.
    pub client_target: Option<String>,
    /// When the context ends, in UTC.
    pub expiry: FileTime,
    /// The mechanism's own rules ask for SPNEGO's mechListMIC in both directions even if its
    /// mechanism was the first of the list: NTLM, once AUTHENTICATE_MESSAGE holds a MIC ([MS-SPNG]
    /// 3.1.5.1, 3.2.5.1).
    pub wants_mech_list_mic: bool,
    /// The names that an NTLM client sent, for those who report the outcome and then drop them. Not
    /// part of an exported context.
    pub logon: Option<Box<LogonNames>>,
}

impl<S> Established<S> {
    /// The same context with its keys wrapped by `wrap`.
    pub fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Established<T> {
        let Established {
            session,
            mechanism,
            flags,
            client,
            server_name,
            client_target,
            expiry,
            wants_mech_list_mic,
            logon,
        } = self;
        Established {
            session: wrap(session),
            mechanism,
            flags,
            client,
            server_name,
            client_target,
            expiry,
            wants_mech_list_mic,
            logon,
        }
    }
}
