//! The mechanisms that Negotiate chooses from, and the one place where they are told apart.
//!
//! Each step of a conversation is a function of the state and the token: it borrows the state and
//! yields the next one. Nothing has changed until the caller stores the result, so a step whose
//! output did not fit the caller's buffer can be repeated.

use crate::config::{NtlmMode, Settings};
use crate::kerberos;
use crate::negotiate::session::Session;
use crate::ntlm;
use crate::principal::Principal;
use crate::replay::{Claim, ReplayCache as _};
use crate::server::credential::Credential;
use crate::stores::replay_cache::ReplayCache;
use crate::types::channel_bindings::ChannelBindings;
use crate::types::error::{Error, Failure, Result};
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use std::cell::RefCell;
use std::sync::Arc;

/// A security mechanism by its object identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// 1.2.840.113554.1.2.2, Kerberos 5, and 1.2.840.48018.1.2.2, the same as Windows 2000 misspelt
    /// it.
    Kerberos,
    /// 1.3.6.1.4.1.311.2.2.10, NTLMSSP.
    Ntlm,
}

impl Mechanism {
    /// Every mechanism this library can speak, preferred first.
    pub const ALL: &'static [Mechanism] = &[Mechanism::Kerberos, Mechanism::Ntlm];

    /// The mechanism's OBJECT IDENTIFIERs, contents octets without tag and length, in the order in
    /// which Windows lists them.
    pub fn oids(self) -> &'static [&'static [u8]] {
        match self {
            Mechanism::Kerberos => &[kerberos::MS_KRB5_OID, kerberos::KRB5_OID],
            Mechanism::Ntlm => &[&[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a]],
        }
    }

    /// The mechanism with these OBJECT IDENTIFIER contents, if we speak it. Kerberos has one more
    /// that nobody needs to offer: for user-to-user.
    pub fn from_oid(oid: &[u8]) -> Option<Mechanism> {
        if oid == kerberos::USER_TO_USER_OID {
            return Some(Mechanism::Kerberos);
        }
        Mechanism::ALL.iter().copied().find(|m| m.oids().contains(&oid))
    }

    /// A server can speak it with a client whose first token, if it is the mechanism's, is `token`:
    /// Kerberos without a key cannot begin, unless the client asks for our ticket-granting ticket
    /// and there is one. NTLM without accounts can begin, and refuses everybody alike, unless it is
    /// switched off.
    pub fn acceptable(self, token: Option<&[u8]>, call: &AcceptCall<'_>) -> bool {
        let (credential, settings) = (call.credential, call.settings);
        match self {
            Mechanism::Kerberos => {
                kerberos::has_keys(credential, settings)
                    || token.is_some_and(|token| {
                        kerberos::user_to_user_can_begin(token, credential, settings, call.now)
                    })
            }
            Mechanism::Ntlm => settings.ntlm.mode != NtlmMode::Off,
        }
    }

    /// `InitializeSecurityContext` speaks it too.
    pub fn initiates(self) -> bool {
        match self {
            Mechanism::Kerberos => false,
            Mechanism::Ntlm => true,
        }
    }

    /// The package's name as `SECPKG_ATTR_NEGOTIATION_INFO` gives it.
    pub fn package_name(self) -> &'static str {
        match self {
            Mechanism::Kerberos => "Kerberos",
            Mechanism::Ntlm => "NTLM",
        }
    }
}

/// What one call of `AcceptSecurityContext` brings besides the token.
#[derive(Clone, Copy)]
pub struct AcceptCall<'a> {
    /// Whose credentials the server uses.
    pub credential: &'a Credential,
    /// The configuration that this conversation started with.
    pub settings: &'a Settings,
    /// `fContextReq`.
    pub requirements: ContextFlags,
    /// The SECBUFFER_CHANNEL_BINDINGS buffer.
    pub bindings: Option<&'a ChannelBindings>,
    /// The clock's reading at the call.
    pub now: FileTime,
    /// What the step has noted down where other conversations see it.
    pub notes: &'a Notes,
}

/// What one call of `InitializeSecurityContext` brings besides the token.
#[derive(Clone, Copy)]
pub struct InitiateCall<'a> {
    /// Whose credentials the client uses.
    pub credential: &'a Credential,
    /// The configuration that this conversation started with.
    pub settings: &'a Settings,
    /// `fContextReq`.
    pub requirements: ContextFlags,
    /// `pszTargetName`, the service's principal name; empty when none was given.
    pub target: &'a str,
    /// The SECBUFFER_CHANNEL_BINDINGS buffer.
    pub bindings: Option<&'a ChannelBindings>,
    /// The clock's reading at the call.
    pub now: FileTime,
}

/// What a step has changed beyond its own state: nothing but that an authenticator has now been
/// presented. If the step's token cannot be handed out, and so the call will be repeated, that has
/// to be taken back.
#[derive(Debug, Default)]
pub struct Notes {
    claim: RefCell<Option<(ReplayCache, Claim)>>,
}

impl Notes {
    /// The step has claimed an authenticator.
    pub(crate) fn claimed(&self, cache: ReplayCache, claim: Claim) {
        self.claim.replace(Some((cache, claim)));
    }

    /// As if the step had not been made.
    pub fn take_back(&self) {
        if let Some((cache, claim)) = self.claim.take() {
            cache.release(claim);
        }
    }
}

/// What a step leads to.
pub enum Step<S> {
    /// The conversation goes on in state `next`, once the peer has `token`.
    Continue {
        /// The state that awaits the peer's answer.
        next: S,
        /// To be sent to the peer.
        token: Vec<u8>,
    },
    /// The context is established.
    Done {
        /// The context.
        established: Box<Established>,
        /// The last token for the peer, if there is one.
        token: Option<Vec<u8>>,
    },
}

/// The result of one step.
pub type StepResult<S> = std::result::Result<Step<S>, Failure>;

/// An established context: what both mechanisms hand up.
#[derive(Debug, Clone)]
pub struct Established {
    /// Keys and counters.
    pub session: Session,
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
    /// The credentials that the client has forwarded.
    pub delegated: Option<Arc<kerberos::Delegated>>,
    /// The mechanism's own rules ask for SPNEGO's mechListMIC in both directions even if its
    /// mechanism was the first of the list: NTLM, once AUTHENTICATE_MESSAGE holds a MIC ([MS-SPNG]
    /// 3.1.5.1, 3.2.5.1).
    pub wants_mech_list_mic: bool,
}

/// The acceptor of whichever mechanism was chosen, between two of its tokens.
#[derive(Debug)]
pub enum MechAcceptor {
    /// Kerberos.
    Kerberos(kerberos::Acceptor),
    /// NTLM.
    Ntlm(ntlm::Acceptor),
}

impl MechAcceptor {
    /// Whose acceptor this is.
    pub fn mechanism(&self) -> Mechanism {
        match self {
            MechAcceptor::Kerberos(_) => Mechanism::Kerberos,
            MechAcceptor::Ntlm(_) => Mechanism::Ntlm,
        }
    }

    /// The state before the mechanism's first token.
    pub fn new(mechanism: Mechanism) -> MechAcceptor {
        match mechanism {
            Mechanism::Kerberos => MechAcceptor::Kerberos(kerberos::Acceptor::new()),
            Mechanism::Ntlm => MechAcceptor::Ntlm(ntlm::Acceptor::new()),
        }
    }

    /// Takes the peer's next token.
    pub fn step(&self, token: &[u8], call: &AcceptCall<'_>) -> StepResult<MechAcceptor> {
        match self {
            MechAcceptor::Kerberos(acceptor) => {
                Ok(acceptor.step(token, call)?.map(MechAcceptor::Kerberos))
            }
            MechAcceptor::Ntlm(acceptor) => Ok(acceptor.step(token, call)?.map(MechAcceptor::Ntlm)),
        }
    }
}

/// The initiator of whichever mechanism was chosen, between two of its tokens.
#[derive(Debug)]
pub enum MechInitiator {
    /// NTLM.
    Ntlm(ntlm::Initiator),
}

impl MechInitiator {
    /// Whose initiator this is.
    pub fn mechanism(&self) -> Mechanism {
        match self {
            MechInitiator::Ntlm(_) => Mechanism::Ntlm,
        }
    }

    /// The state before the mechanism's first token.
    ///
    /// Errors: `NoCredentials` for a mechanism that has no initiator here
    /// ([`Mechanism::initiates`]).
    pub fn new(mechanism: Mechanism) -> Result<MechInitiator> {
        match mechanism {
            Mechanism::Kerberos => {
                Err(Error::NoCredentials("Kerberos is spoken by the accepting side alone"))
            }
            Mechanism::Ntlm => Ok(MechInitiator::Ntlm(ntlm::Initiator::new())),
        }
    }

    /// Makes the next token: the first one when `token` is `None`.
    pub fn step(&self, token: Option<&[u8]>, call: &InitiateCall<'_>) -> StepResult<MechInitiator> {
        match self {
            MechInitiator::Ntlm(initiator) => {
                Ok(initiator.step(token, call)?.map(MechInitiator::Ntlm))
            }
        }
    }
}

impl<S> Step<S> {
    /// The same step with its next state wrapped by `wrap`.
    pub fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Step<T> {
        match self {
            Step::Continue { next, token } => Step::Continue { next: wrap(next), token },
            Step::Done { established, token } => Step::Done { established, token },
        }
    }
}
