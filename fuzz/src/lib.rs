//! What several targets share. Here: the two parties of the conversation targets, and an attacker's
//! changes to tokens. [`kerberos`]: a KDC and its client. [`abi`]: programs that call the exported
//! functions.

#[allow(non_snake_case)] // the documentation's names
pub mod abi;
pub mod kerberos;

use arbitrary::Arbitrary;
use negossp::config::Settings;
use negossp::context::Call;
use negossp::mechanism::{Mechanism, Package};
use negossp::negotiate::Established;
use negossp::ntlm::Account;
use negossp::platform;
use negossp::server::Configuration;
use negossp::server::credential::{Credential, Usage};
use negossp::types::channel_bindings::{ChannelBindings, Strictness};
use negossp::types::flags::ContextFlags;
use negossp::types::identity::Identity;
use negossp::types::protection::{Part, Qop};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The account of the server.
pub const USER: &str = "alice";
/// Its password.
pub const PASSWORD: &str = "Passw0rd!";

/// An attacker's change to a token.
#[derive(Debug, Clone, Arbitrary)]
pub enum Edit {
    Flip {
        at: u16,
        bit: u8,
    },
    Set {
        at: u16,
        value: u8,
    },
    /// A 32-bit field, as NTLM's lengths, offsets and flags are.
    SetWord {
        at: u16,
        value: u32,
    },
    Cut {
        to: u16,
    },
    Insert {
        at: u16,
        bytes: Vec<u8>,
    },
    Remove {
        at: u16,
        count: u8,
    },
}

impl Edit {
    pub fn apply(&self, token: &mut Vec<u8>) {
        let place = |at: u16, len: usize| if len == 0 { 0 } else { usize::from(at) % len };
        let len = token.len();
        match self {
            Edit::Flip { at, bit } => {
                if let Some(byte) = token.get_mut(place(*at, len)) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Edit::Set { at, value } => {
                if let Some(byte) = token.get_mut(place(*at, len)) {
                    *byte = *value;
                }
            }
            Edit::SetWord { at, value } => {
                for (byte, new) in token.iter_mut().skip(place(*at, len)).zip(value.to_le_bytes()) {
                    *byte = new;
                }
            }
            Edit::Cut { to } => token.truncate(place(*to, len)),
            Edit::Insert { at, bytes } => {
                let at = place(*at, len);
                token.splice(at..at, bytes.iter().copied());
            }
            Edit::Remove { at, count } => {
                let at = place(*at, len);
                token.drain(at..(at + usize::from(*count)).min(len));
            }
        }
    }
}

/// The setup of the parties.
#[derive(Debug, Clone, Arbitrary)]
pub struct Setting {
    /// The package NTLM instead of Negotiate.
    pub only_ntlm: bool,
    pub wrong_password: bool,
    /// The client is anonymous.
    pub nobody: bool,
    pub server_requirements: u32,
    pub client_requirements: u32,
    pub server_bindings: Option<u8>,
    pub client_bindings: Option<u8>,
    pub target: bool,
    pub check_bindings: u8,
    pub check_target: u8,
    pub require_mic: bool,
    pub old_responses: bool,
    pub small_tokens: bool,
}

impl Setting {
    pub fn package(&self) -> Package {
        if self.only_ntlm { Package::Only(Mechanism::Ntlm) } else { Package::Negotiate }
    }

    fn identity(&self, inbound: bool) -> Identity {
        if self.nobody && !inbound {
            return Identity {
                user: String::new(),
                domain: String::new(),
                password: Zeroizing::new(String::new()),
            };
        }
        let password = if self.wrong_password && !inbound { "wrong" } else { PASSWORD };
        Identity {
            user: USER.into(),
            domain: "EXAMPLE".into(),
            password: Zeroizing::new(password.into()),
        }
    }

    pub fn credential(&self, inbound: bool) -> Arc<Credential> {
        Arc::new(Credential {
            package: self.package(),
            usage: Usage { inbound, outbound: !inbound },
            principal: None,
            identity: Some(self.identity(inbound)),
            mechanisms: vec![Mechanism::Ntlm],
            accounts: inbound
                .then(|| Account::from_identity(&self.identity(true)))
                .into_iter()
                .collect(),
            application: None,
            service: Default::default(),
            tickets: None,
            assembled: Default::default(),
        })
    }

    pub fn configuration(&self) -> Arc<Configuration> {
        let strictness = |n: u8| {
            [Strictness::WhenSent, Strictness::Off, Strictness::Require][usize::from(n % 3)]
        };
        let mut settings = Settings::default();
        settings.ntlm.channel_bindings = strictness(self.check_bindings);
        settings.ntlm.target_name = strictness(self.check_target);
        settings.ntlm.require_mic = self.require_mic;
        // Both parties are one process.
        settings.ntlm.loopback_check = false;
        settings.ntlm.responses.ntlmv1 = self.old_responses;
        settings.ntlm.responses.ntlmv1_ess = self.old_responses;
        settings.ntlm.responses.lmv2 = self.old_responses;
        settings.ntlm.responses.lm = self.old_responses;
        if self.small_tokens {
            settings.limits.max_token = 400;
        }
        Arc::new(Configuration::open(settings, None))
    }

    pub fn requirements(&self, inbound: bool) -> ContextFlags {
        ContextFlags::from_bits_truncate(if inbound {
            self.server_requirements
        } else {
            self.client_requirements
        })
    }

    pub fn bindings(&self, inbound: bool) -> Option<ChannelBindings> {
        let byte = if inbound { self.server_bindings } else { self.client_bindings };
        byte.map(|byte| ChannelBindings::of_channel([byte; 16]))
    }

    pub fn target(&self) -> &'static str {
        if self.target { "HTTP/localhost" } else { "" }
    }
}

/// A call with these requirements, now.
pub fn call(requirements: ContextFlags, bindings: Option<&ChannelBindings>) -> Call<'_> {
    Call { requirements, bindings, address: None, now: platform::now() }
}

/// Queries every attribute of a context, whatever its state.
pub fn use_context(established: &Established, data: &[u8]) {
    let mut session = established.session.clone();
    let _ = (
        session.sizes(),
        session.key_info(),
        session.session_key(),
        established.client.display_name(),
    );
    let mut token = vec![0; session.sizes().security_trailer as usize];
    let _ = session.sign(&[data, b""], 0, &mut token);
    let _ = session.verify(&[data], 0, data);
    let _ = session.make_mech_list_mic(data);
    let _ = session.verify_mech_list_mic(data, data);
    let mut copy = data.to_vec();
    let _ = session.seal(Qop::Encrypt, &mut [Part { data: &mut copy, seal: true }], 0, &mut token);
    let _ = session.unseal(&mut [Part { data: &mut copy, seal: true }], 0, &token);
    let _ = session.unseal(&mut [Part { data: &mut copy, seal: true }], 0, data);
}
