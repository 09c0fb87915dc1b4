//! The long-term secret of a client, and the keys that are made of it.

use crate::kerberos::crypto::{Enctype, Key, string_to_key};
use crate::kerberos::message::error_code;
use crate::types::error::{Error, Result};
use std::fmt;
use zeroize::Zeroizing;

/// What a client proves itself with.
#[derive(Clone)]
pub enum ClientSecret {
    /// A password.
    Password(Zeroizing<String>),
    /// Keys with their versions, as a keytab has them, the newest first.
    Keys(Vec<(u32, Key)>),
}

/// Prints neither password nor keys.
impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientSecret::Password(_) => f.write_str("Password"),
            ClientSecret::Keys(keys) => f.debug_tuple("Keys").field(keys).finish(),
        }
    }
}

/// How a key is made of a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyRecipe {
    pub enctype: Enctype,
    pub salt: Vec<u8>,
    /// `None`: the encryption type's default.
    pub iterations: Option<u32>,
}

/// The longest salt, in bytes. Those in use are a realm and a name.
const MAX_SALT: usize = 4096;

/// The fewest iterations, RFC 3962's default. Fewer would make it cheaper for whoever altered the
/// KDC's answer to guess the password from what we send next.
const MIN_ITERATIONS: u32 = 4096;

impl KeyRecipe {
    /// The recipe of an entry of ETYPE-INFO2.
    ///
    /// Errors: `InvalidToken` for parameters that no KDC has reason to send.
    pub(super) fn new(
        enctype: Enctype,
        salt: &[u8],
        s2kparams: Option<&[u8]>,
    ) -> Result<KeyRecipe> {
        if salt.len() > MAX_SALT {
            return Err(Error::InvalidToken("ETYPE-INFO2: a salt too long"));
        }
        let iterations = match (enctype, s2kparams) {
            (Enctype::Des3Sha1 | Enctype::Rc4Hmac, _) | (_, None) => None,
            // RFC 3962 4: zero stands for 2^32.
            (_, Some(params)) => match <[u8; 4]>::try_from(params).map(u32::from_be_bytes) {
                Ok(iterations) if iterations >= MIN_ITERATIONS => Some(iterations),
                Ok(_) => return Err(Error::InvalidToken("ETYPE-INFO2: too few iterations")),
                Err(_) => return Err(Error::InvalidToken("ETYPE-INFO2: s2kparams of no type")),
            },
        };
        Ok(KeyRecipe { enctype, salt: salt.to_vec(), iterations })
    }

    fn cost(&self) -> u32 {
        match self.enctype {
            Enctype::Des3Sha1 | Enctype::Rc4Hmac => 1,
            Enctype::Aes128Sha1 | Enctype::Aes256Sha1 => self.iterations.unwrap_or(4096),
            Enctype::Aes128Sha256 | Enctype::Aes256Sha384 => self.iterations.unwrap_or(32_768),
        }
    }
}

/// The iterations that one exchange may still spend on keys. The limit of `string_to_key`, which is
/// MIT's, is about ten seconds of work, and a KDC could demand it with each of its replies. This one
/// is for the whole exchange: half a second, and thirty times what any KDC asks for by default.
#[derive(Debug)]
pub(super) struct Budget(u32);

impl Default for Budget {
    fn default() -> Budget {
        Budget(1 << 20)
    }
}

impl Budget {
    fn spend(&mut self, cost: u32) -> Result<()> {
        self.0 = self
            .0
            .checked_sub(cost)
            .ok_or(Error::InvalidToken("ETYPE-INFO2: more iterations than are accepted"))?;
        Ok(())
    }
}

impl ClientSecret {
    /// Whether it has, or leads to, a key of this encryption type.
    pub(super) fn has(&self, enctype: Enctype) -> bool {
        match self {
            ClientSecret::Password(_) => true,
            ClientSecret::Keys(keys) => keys.iter().any(|(_, key)| key.enctype() == enctype),
        }
    }

    /// The key for a recipe. Of several keys it is the one of version `kvno`, or the newest.
    ///
    /// Errors: `InvalidToken` if it would cost more than is left of `budget`.
    pub(super) fn key(
        &self,
        recipe: &KeyRecipe,
        kvno: Option<u32>,
        budget: &mut Budget,
    ) -> Result<Key> {
        match self {
            ClientSecret::Password(password) => {
                budget.spend(recipe.cost())?;
                string_to_key(recipe.enctype, password, &recipe.salt, recipe.iterations)
            }
            ClientSecret::Keys(keys) => {
                let of_type = || keys.iter().filter(|(_, key)| key.enctype() == recipe.enctype);
                of_type()
                    .find(|(version, _)| Some(*version) == kvno)
                    .or_else(|| of_type().next())
                    .map(|(_, key)| key.clone())
                    .ok_or(Error::KrbError(error_code::ETYPE_NOSUPP))
            }
        }
    }
}
