//! Which key a KDC wants: ETYPE-INFO2 and its predecessors, RFC 4120 5.2.7.

use super::AsExchange;
use crate::kerberos::client::secret::KeyRecipe;
use crate::kerberos::crypto::Enctype;
use crate::kerberos::message::{EtypeInfo, PaDataList, pa_type};
use crate::kerberos::principal::Principal;
use crate::types::error::Result;

impl AsExchange {
    /// The key to use among those that the KDC names: of the encryption type that we prefer, unless
    /// `only` one will do. `None` if it names none of ours.
    ///
    /// Errors: `InvalidToken` for malformed elements and unacceptable parameters.
    pub(super) fn recipe(
        &self,
        padata: PaDataList<'_>,
        only: Option<Enctype>,
        client: &Principal,
    ) -> Result<Option<KeyRecipe>> {
        // RFC 4120 5.2.7.5: ETYPE-INFO2 makes the others void.
        let listed = match (padata.find(pa_type::ETYPE_INFO2), padata.find(pa_type::ETYPE_INFO)) {
            (Some(value), _) => EtypeInfo::decode_list2(value)?,
            (None, Some(value)) => EtypeInfo::decode_list1(value)?,
            (None, None) => {
                // Either the salt alone, or nothing: the client's default.
                let Some(enctype) = only.or_else(|| self.enctypes.first().copied()) else {
                    return Ok(None);
                };
                let salt = padata.find(pa_type::PW_SALT);
                return recipe(enctype, salt, None, client).map(Some);
            }
        };
        let usable = |enctype: &&Enctype| {
            only.is_none_or(|only| only == **enctype) && self.parameters.secret.has(**enctype)
        };
        for enctype in self.enctypes.iter().filter(usable) {
            if let Some(entry) = listed.iter().find(|entry| entry.etype == enctype.number()) {
                return recipe(*enctype, entry.salt, entry.s2kparams, client).map(Some);
            }
        }
        Ok(None)
    }
}

fn recipe(
    enctype: Enctype,
    salt: Option<&[u8]>,
    s2kparams: Option<&[u8]>,
    client: &Principal,
) -> Result<KeyRecipe> {
    match salt {
        Some(salt) => KeyRecipe::new(enctype, salt, s2kparams),
        // RFC 4120 4: the realm and the components of the name.
        None => {
            let salt = [client.realm.clone(), client.components.concat()].concat();
            KeyRecipe::new(enctype, &salt, s2kparams)
        }
    }
}
