//! Accounts of the server program, which returns proofs through a callback.

use crate::ntlm::NetworkLogon;
use crate::ntlm::crypto::Key;
use crate::ntlm::response::{self, Proof};
use crate::types::error::Result;
use std::any::Any;
use std::fmt;

/// A program with accounts.
pub trait Application: Any + fmt::Debug + Send + Sync {
    /// `NTOWFv2` ([MS-NLMP] 3.3.2) of the account that the client's names mean, computed with these
    /// names; `None` if the program does not have the account.
    fn ntowf_v2(&self, logon: &NetworkLogon<'_>, proofs: &Proofs) -> Option<Key>;

    /// What the account that the client's names mean is called; `None` if there is none. Asked
    /// first. `account` is its name if the program has no other.
    fn account_name(&self, _logon: &NetworkLogon<'_>, account: AccountName) -> Option<AccountName> {
        Some(account)
    }
}

/// An account by the one name that everything else goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName {
    /// Its domain's NetBIOS name.
    pub domain: String,
    /// Its own (sAMAccountName).
    pub user: String,
}

impl AccountName {
    /// The name that attempts are counted under: the program may ignore what stands behind an `@`.
    pub(super) fn counted(&self) -> &str {
        self.user.rsplit_once('@').map_or(&*self.user, |(name, _)| name)
    }
}

/// The parts of a logon with which the program can check it itself or pass it on.
pub struct Proofs {
    /// What `NTProofStr` is computed over: `ServerChallenge`, then `NtChallengeResponse` from its
    /// 17th byte on.
    pub nt_proof_value: Vec<u8>,
    /// What the MIC is computed over: the three messages, with zeros in place of the MIC; empty
    /// where there is none.
    pub mic_value: Vec<u8>,
}

impl Proofs {
    fn of(logon: &NetworkLogon<'_>) -> Proofs {
        let rest = logon.nt_response.get(size_of::<Key>()..).unwrap_or_default();
        let mic_value = match logon.messages.authenticate {
            Some([front, mic, payload]) => {
                [logon.messages.before, front, &vec![0; mic.len()], payload].concat()
            }
            None => Vec::new(),
        };
        Proofs { nt_proof_value: [&logon.server_challenge, rest].concat(), mic_value }
    }
}

/// Checks the client's response with the program's key. `None` if the program does not have the
/// account.
pub(super) fn ask(
    application: &dyn Application,
    logon: &NetworkLogon<'_>,
) -> Option<Result<Proof>> {
    let response_key = application.ntowf_v2(logon, &Proofs::of(logon))?;
    Some(response::check_ntowf_v2(&response_key, logon))
}
