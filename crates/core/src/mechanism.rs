//! What the mechanisms share: object identifiers, and the arguments and results of one step of an
//! exchange.
//!
//! A step borrows the current state and returns the next one. Nothing changes until the caller
//! stores the result, so a step whose output did not fit the caller's buffer can be repeated. The
//! one exception is the entry in the replay cache, which the step returns as its `claim`.

use crate::principal::Principal;
use crate::replay::Claim;
use crate::types::address::Address;
use crate::types::channel_bindings::{BindingsResult, ChannelBindings};
use crate::types::error::{Error, Failure, Result};
use crate::types::flags::ContextFlags;
use crate::types::logon_names::ValidatedLogon;
use crate::types::time::FileTime;

/// A security mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// Kerberos 5: 1.2.840.113554.1.2.2, and 1.2.840.48018.1.2.2, the misspelling of Windows 2000.
    Kerberos,
    /// NTLMSSP: 1.3.6.1.4.1.311.2.2.10.
    Ntlm,
}

/// 1.2.840.113554.1.2.2, contents only (RFC 4121 1).
pub const KRB5_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// 1.2.840.48018.1.2.2, contents only: the same with 113554 truncated to 16 bits ([MS-SPNG]
/// 3.1.5.2).
pub const MS_KRB5_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// 1.2.840.113554.1.2.2.3, contents only: user-to-user (draft-swift-win2k-krb-user2user).
pub const USER_TO_USER_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x03];

/// 1.3.6.1.5.2.5, contents only: IAKERB ([MS-SPNG] 3.1.5.3).
pub const IAKERB_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x02, 0x05];

/// 1.3.6.1.4.1.311.2.2.10, contents only ([MS-NLMP] 1.9).
pub const NTLMSSP_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];

impl Mechanism {
    /// All supported mechanisms, most preferred first.
    pub const ALL: &'static [Mechanism] = &[Mechanism::Kerberos, Mechanism::Ntlm];

    /// The object identifiers of the mechanism (contents octets, without tag and length), in the
    /// order in which Windows lists them.
    pub fn oids(self) -> &'static [&'static [u8]] {
        match self {
            Mechanism::Kerberos => &[MS_KRB5_OID, KRB5_OID],
            Mechanism::Ntlm => &[NTLMSSP_OID],
        }
    }

    /// The mechanism with this object identifier (contents octets), if it is supported. Kerberos'
    /// user-to-user identifier is accepted here, but not part of [`Mechanism::oids`], so never
    /// offered.
    pub fn from_oid(oid: &[u8]) -> Option<Mechanism> {
        if oid == USER_TO_USER_OID {
            return Some(Mechanism::Kerberos);
        }
        Mechanism::ALL.iter().copied().find(|m| m.oids().contains(&oid))
    }

    /// The package name that `SECPKG_ATTR_NEGOTIATION_INFO` reports.
    pub fn package_name(self) -> &'static str {
        match self {
            Mechanism::Kerberos => "Kerberos",
            Mechanism::Ntlm => "NTLM",
        }
    }
}

/// A security package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// SPNEGO, or one of its mechanisms' tokens without SPNEGO.
    Negotiate,
    /// One mechanism by itself, without SPNEGO.
    Only(Mechanism),
}

impl Package {
    /// All packages, in the order of `EnumerateSecurityPackages`.
    pub const ALL: &'static [Package] =
        &[Package::Negotiate, Package::Only(Mechanism::Kerberos), Package::Only(Mechanism::Ntlm)];

    /// The package with this name. As in Windows, letter case is ignored.
    ///
    /// Errors: `PackageNotFound`.
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

/// The arguments of one `AcceptSecurityContext` call, apart from the token. `C` is the
/// configuration for the layer called: SPNEGO or one mechanism.
#[derive(Debug)]
pub struct AcceptCall<'a, C> {
    /// Policy, keys, accounts.
    pub config: &'a C,
    /// `fContextReq`.
    pub requirements: ContextFlags,
    /// The SECBUFFER_CHANNEL_BINDINGS buffer.
    pub bindings: Option<&'a ChannelBindings>,
    /// The client's address, if the caller told it.
    pub address: Option<Address>,
    /// The current time.
    pub now: FileTime,
}

impl<'a, C> AcceptCall<'a, C> {
    /// The same call with the configuration of a lower layer.
    pub fn with<D>(&self, config: &'a D) -> AcceptCall<'a, D> {
        let AcceptCall { config: _, requirements, bindings, address, now } = *self;
        AcceptCall { config, requirements, bindings, address, now }
    }
}

impl<C> Clone for AcceptCall<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for AcceptCall<'_, C> {}

/// The arguments of one `InitializeSecurityContext` call, apart from the token.
#[derive(Debug)]
pub struct InitiateCall<'a, C> {
    /// Policy and identity.
    pub config: &'a C,
    /// `fContextReq`.
    pub requirements: ContextFlags,
    /// `pszTargetName`, the service principal name; empty if none was given.
    pub target: &'a str,
    /// The SECBUFFER_CHANNEL_BINDINGS buffer.
    pub bindings: Option<&'a ChannelBindings>,
    /// The current time.
    pub now: FileTime,
}

impl<'a, C> InitiateCall<'a, C> {
    /// The same call with the configuration of a lower layer.
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

/// The result of a successful step: a next state `S`, or an established context `E`.
#[derive(Debug)]
pub enum Step<S, E> {
    /// The exchange continues in state `next` after `token` has been sent.
    Continue {
        /// The state that expects the peer's reply.
        next: S,
        /// The token for the peer.
        token: Vec<u8>,
        /// The entry that this step made in the replay cache.
        claim: Option<Claim>,
    },
    /// The context is established.
    Done {
        /// The established context.
        established: E,
        /// The last token for the peer, if any.
        token: Option<Vec<u8>>,
        /// The entry that this step made in the replay cache.
        claim: Option<Claim>,
    },
}

/// The result of one step.
pub type StepResult<S, E> = std::result::Result<Step<S, E>, Failure>;

impl<S, E> Step<S, E> {
    /// Maps the next state with `wrap`.
    pub fn map_next<T>(self, wrap: impl FnOnce(S) -> T) -> Step<T, E> {
        self.map(wrap, |established| established)
    }

    /// Maps the next state with `wrap` and the established context with `establish`.
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

/// Whether the initiator's last token is the last that it sends: `SECPKG_ATTR_LCT_STATUS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastToken {
    /// It is.
    Yes,
    /// Another one follows, whatever the acceptor answers.
    No,
    /// That depends on the acceptor's answer.
    Maybe,
}

/// An established context. `S` is the session of one mechanism, or of either.
#[derive(Debug, Clone)]
pub struct Established<S> {
    /// Keys and sequence numbers.
    pub session: S,
    /// The mechanism.
    pub mechanism: Mechanism,
    /// The granted context attributes.
    pub flags: ContextFlags,
    /// The initiator: authenticated on the acceptor's side, as configured on the initiator's.
    pub client: Principal,
    /// The server's name as given by the mechanism, for `SECPKG_ATTR_NATIVE_NAMES`; empty if
    /// unknown.
    pub server_name: String,
    /// The service principal name that the client asked for, for
    /// `SECPKG_ATTR_CLIENT_SPECIFIED_TARGET`.
    pub client_target: Option<String>,
    /// The acceptor's comparison of the channel bindings.
    pub bindings: BindingsResult,
    /// The expiry of the context, in UTC.
    pub expiry: FileTime,
    /// Whether the mechanism requires SPNEGO's mechListMIC in both directions even if it is the
    /// first in the list: NTLM does if AUTHENTICATE_MESSAGE has a MIC ([MS-SPNG] 3.1.5.1, 3.2.5.1).
    pub wants_mech_list_mic: bool,
    /// Whether an NTLM client has sent the MachineID of the acceptor's own machine; not part of an
    /// exported context.
    pub same_machine: bool,
    /// The logon of an NTLM client, for reporting the outcome; not part of an exported context.
    pub logon: Option<Box<ValidatedLogon>>,
}

impl<S> Established<S> {
    /// Maps the session with `wrap`.
    pub fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Established<T> {
        let Established {
            session,
            mechanism,
            flags,
            client,
            server_name,
            client_target,
            bindings,
            expiry,
            wants_mech_list_mic,
            same_machine,
            logon,
        } = self;
        Established {
            session: wrap(session),
            mechanism,
            flags,
            client,
            server_name,
            client_target,
            bindings,
            expiry,
            wants_mech_list_mic,
            same_machine,
            logon,
        }
    }
}
