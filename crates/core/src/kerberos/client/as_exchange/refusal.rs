//! A KDC's KRB-ERROR: what it wants instead, or the end.

use super::{AsExchange, Issued, MAX_REFERRALS, Sent};
use crate::kerberos::client::{Next, clock};
use crate::kerberos::message::{KrbError, PaDataList, error_code, name_type, pa_type};
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use zeroize::Zeroizing;

impl AsExchange {
    /// Takes a KRB-ERROR.
    pub(super) fn refused(
        &mut self,
        sent: &Sent,
        reply: &[u8],
        now: FileTime,
    ) -> Result<Next<Issued>> {
        let error = KrbError::decode(reply)?;
        let method_data = error.e_data.and_then(|data| PaDataList::decode(data).ok());
        let Some(armor) = &self.armor else {
            return self.answer(sent, &error, method_data, now);
        };
        // RFC 6113 5.4.4: the error that counts is inside.
        let outer = method_data.unwrap_or_default();
        if outer.find(pa_type::FX_FAST).is_none() {
            return Err(unarmored(error.error_code));
        }
        let mut plain = Zeroizing::default();
        let response = armor.open(outer, sent.nonce, &mut plain)?;
        let inner = response.padata.find(pa_type::FX_ERROR);
        let inner = inner.ok_or(Error::MessageAltered("FAST: an error without PA-FX-ERROR"))?;
        self.answer(sent, &KrbError::decode(inner)?, Some(response.padata), now)
    }

    /// Tries what an error asks for.
    fn answer(
        &mut self,
        sent: &Sent,
        error: &KrbError<'_>,
        method_data: Option<PaDataList<'_>>,
        now: FileTime,
    ) -> Result<Next<Issued>> {
        let refusal = Error::KrbError(error.error_code);
        self.fast_offered |= method_data.is_some_and(|data| data.find(pa_type::FX_FAST).is_some());
        self.status = match error.error_code {
            error_code::PREAUTH_REQUIRED => None,
            _ => method_data.and_then(|data| data.nt_status()).or_else(|| error.nt_status()),
        };
        let first = |tried: &mut bool| !std::mem::replace(tried, true);
        match error.error_code {
            error_code::PREAUTH_REQUIRED if !sent.preauthenticated => {
                let data = method_data.unwrap_or_default();
                // Without any data the KDC is an old one, and can want nothing else.
                if data.iter().next().is_some() && data.find(self.mechanism()).is_none() {
                    return Err(refusal);
                }
                self.prepare(data)?;
            }
            // A wrong password, unless the KDC now names another key than before.
            error_code::PREAUTH_FAILED if sent.preauthenticated => {
                let data = method_data.ok_or(refusal)?;
                // PA-PW-SALT may be something else here: see `KrbError::nt_status`.
                let names_keys = [pa_type::ETYPE_INFO2, pa_type::ETYPE_INFO]
                    .iter()
                    .any(|&padata_type| data.find(padata_type).is_some());
                let before = self.key.as_ref().map(|(recipe, _)| recipe.clone());
                if !names_keys || !first(&mut self.once.failed) {
                    return Err(refusal);
                }
                self.prepare(data).map_err(|_| refusal)?;
                if self.key.as_ref().map(|(recipe, _)| recipe) == before.as_ref() {
                    return Err(refusal);
                }
            }
            // Of clocks that differ by more than a ticket's lifetime.
            error_code::SKEW | error_code::NEVER_VALID if first(&mut self.once.skew) => {
                if let Some(cookie) = cookie(method_data.unwrap_or_default()) {
                    self.cookie = Some(cookie);
                }
                self.offset = clock::learn(now, self.offset, error.stime, error.susec);
            }
            error_code::PREAUTH_EXPIRED if first(&mut self.once.expired) => {
                self.preauthenticate = false;
                self.cookie = None;
            }
            // RFC 6806 7. The armor's ticket is not for the other realm's KDC. The error is not
            // protected, and what follows proves the password to the KDC of the realm that it names:
            // a client that has said which realm it is of stays there.
            error_code::WRONG_REALM
                if self.parameters.client.name_type == name_type::ENTERPRISE
                    && self.armor.is_none() =>
            {
                self.follow(error).ok_or(refusal)?;
            }
            0 => return Err(Error::InvalidToken("KRB-ERROR: no error")),
            _ => return Err(refusal),
        }
        self.ask(now)
    }

    /// The kind of pre-authentication that we can do.
    fn mechanism(&self) -> i32 {
        match self.armor {
            Some(_) => pa_type::ENCRYPTED_CHALLENGE,
            None => pa_type::ENC_TIMESTAMP,
        }
    }

    /// Prepares pre-authentication with the key that the KDC names.
    fn prepare(&mut self, data: PaDataList<'_>) -> Result<()> {
        let recipe = self
            .recipe(data, None, &self.client())?
            .ok_or(Error::KrbError(error_code::ETYPE_NOSUPP))?;
        if self.key.as_ref().is_none_or(|(known, _)| *known != recipe) {
            let key = self.parameters.secret.key(&recipe, None, &mut self.budget)?;
            self.key = Some((recipe, key));
        }
        self.preauthenticate = true;
        self.cookie = cookie(data);
        Ok(())
    }

    /// Goes on in the realm that the error names. `None` if it names none, one that was asked
    /// before, or one too many.
    fn follow(&mut self, error: &KrbError<'_>) -> Option<()> {
        let realm = std::str::from_utf8(error.crealm?).ok().filter(|realm| !realm.is_empty())?;
        let known = self.realms.iter().any(|asked| asked.eq_ignore_ascii_case(realm));
        if known || self.realms.len() > MAX_REFERRALS {
            return None;
        }
        self.realms.push(realm.to_owned());
        self.key = None;
        self.preauthenticate = false;
        self.cookie = None;
        // Each realm has a clock of its own.
        self.once.skew = false;
        Some(())
    }
}

fn cookie(data: PaDataList<'_>) -> Option<Vec<u8>> {
    data.find(pa_type::FX_COOKIE).map(<[u8]>::to_vec)
}

/// The meaning of an error without armor in an armored exchange. A KDC that cannot use the
/// armor's ticket has no other way to say so. It does not speak for the client: nobody shall be
/// told that a password has expired, say, by whoever pleases.
fn unarmored(code: i32) -> Error {
    if (error_code::SVC_UNAVAILABLE..=error_code::GENERIC).contains(&code) {
        return Error::KrbError(code);
    }
    Error::MessageAltered("FAST: the KDC's refusal is not armored")
}
