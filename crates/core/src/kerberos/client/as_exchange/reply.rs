//! AS-REP and its checks, RFC 4120 3.1.5, RFC 6806 11, RFC 6113 5.4.3.

use super::{AsExchange, AsService, Issued, Sent};
use crate::kerberos::client::secret::KeyRecipe;
use crate::kerberos::client::{Credentials, clock};
use crate::kerberos::crypto::{Enctype, Key, key_usage};
use crate::kerberos::message::{
    Checksum, EncKdcRepPart, KdcExchange, KdcRep, PaDataList, TicketFlags, error_code, pa_type,
};
use crate::kerberos::principal::Principal;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use zeroize::Zeroizing;

/// What of a reply lies outside of its encrypted part: as it came, or as the armor protects it.
struct Outside<'a> {
    client: Principal,
    padata: PaDataList<'a>,
    strengthen: Option<Key>,
    /// The KDC's time: seconds since 1970, and microseconds.
    time: Option<(i64, u32)>,
}

impl AsExchange {
    /// Takes an AS-REP.
    pub(super) fn issued(&mut self, sent: &Sent, reply: &[u8], now: FileTime) -> Result<Issued> {
        let rep = KdcRep::decode(KdcExchange::As, reply)?;
        let mut armored = Zeroizing::default();
        let outside = self.outside(&rep, sent, &mut armored)?;
        let mut plain = Zeroizing::default();
        let key = self.decrypt(&rep, &outside, sent, &mut plain)?;
        let part = EncKdcRepPart::decode(&plain)?;
        self.check(&part, &outside.client, sent)?;
        let negotiated = negotiated(&part, &key, &sent.request)?;
        let session_key = part.key.key()?;
        if !self.enctypes.contains(&session_key.enctype()) {
            return Err(Error::MessageAltered("AS-REP: a session key of a type not asked for"));
        }
        let (seconds, microseconds) = outside.time.unwrap_or((part.authtime, 0));
        let key_expiration = part.key_expiration.or_else(|| {
            // RFC 4120 5.4.2: when the password expires.
            part.last_req().find(|(lr_type, _)| lr_type.abs() == 6).map(|(_, time)| time)
        });
        Ok(Issued {
            clock_offset: clock::learn(now, self.offset, seconds, microseconds),
            key_expiration: key_expiration.filter(|&time| time > 0),
            fast_available: self.armor.is_some() || negotiated,
            credentials: Credentials {
                client: outside.client,
                server: Principal::from_name(&part.sname, part.srealm),
                key: session_key,
                authtime: part.authtime,
                starttime: part.starttime.unwrap_or(part.authtime),
                endtime: part.endtime,
                renew_till: part.renew_till.filter(|_| part.flags.contains(TicketFlags::RENEWABLE)),
                flags: part.flags,
                is_skey: false,
                addresses: part
                    .caddr
                    .iter()
                    .flat_map(|list| list.iter())
                    .map(|address| (address.addr_type, address.address.to_vec()))
                    .collect(),
                ticket: rep.ticket.to_vec(),
                second_ticket: Vec::new(),
            },
        })
    }

    fn outside<'a>(
        &self,
        rep: &KdcRep<'a>,
        sent: &Sent,
        plain: &'a mut Zeroizing<Vec<u8>>,
    ) -> Result<Outside<'a>> {
        let Some(armor) = &self.armor else {
            return Ok(Outside {
                client: Principal::from_name(&rep.cname, rep.crealm),
                padata: rep.padata,
                strengthen: None,
                time: None,
            });
        };
        let response = armor.open(rep.padata, sent.nonce, plain)?;
        let finished = armor.finished(&response, rep.ticket)?;
        Ok(Outside {
            client: Principal::from_name(&finished.cname, finished.crealm),
            padata: response.padata,
            strengthen: response.strengthen_key.map(|key| key.key()).transpose()?,
            time: Some((finished.timestamp, finished.usec)),
        })
    }

    /// Decrypts the encrypted part, and returns the key that it was encrypted with.
    fn decrypt(
        &mut self,
        rep: &KdcRep<'_>,
        outside: &Outside<'_>,
        sent: &Sent,
        plain: &mut Zeroizing<Vec<u8>>,
    ) -> Result<Key> {
        let enctype = rep
            .enc_part
            .enctype()
            .filter(|enctype| self.enctypes.contains(enctype))
            .ok_or(Error::MessageAltered("AS-REP: encrypted with a type not asked for"))?;
        let mut attempt = |long_term: &Key| {
            let key = match &outside.strengthen {
                Some(strengthen) => strengthen.combine("strengthenkey", long_term, "replykey"),
                None => long_term.clone(),
            };
            if key.enctype() != enctype {
                return Err(Error::MessageAltered("AS-REP: encrypted with another key"));
            }
            let mut data = Zeroizing::new(rep.enc_part.cipher.to_vec());
            *plain = Zeroizing::new(key.decrypt(key_usage::AS_REP, &mut data)?.to_vec());
            Ok(key)
        };
        // First with the key that was shown to the KDC.
        let shown = self.key.as_ref().filter(|(recipe, _)| recipe.enctype == enctype);
        let (long_term, opened) = match shown.map(|(_, key)| (key.clone(), attempt(key))) {
            Some((key, Ok(opened))) => (key, opened),
            failed => {
                // RFC 4120 3.1.3: the reply may name another key, as it must if none was shown.
                let recipe = self.reply_recipe(enctype, outside)?;
                let known = self.key.as_ref().is_some_and(|(known, _)| *known == recipe);
                if let (true, Some((_, Err(error)))) = (known, failed) {
                    return Err(error);
                }
                let kvno = rep.enc_part.kvno;
                let key = self.parameters.secret.key(&recipe, kvno, &mut self.budget)?;
                let opened = attempt(&key).map_err(|error| match error {
                    Error::MessageAltered(_) if !sent.preauthenticated => {
                        Error::KrbError(error_code::PREAUTH_FAILED)
                    }
                    error => error,
                })?;
                (key, opened)
            }
        };
        if let (Some(armor), Some(challenge)) =
            (&self.armor, outside.padata.find(pa_type::ENCRYPTED_CHALLENGE))
            && sent.preauthenticated
        {
            armor.check_challenge(challenge, &long_term)?;
        }
        Ok(opened)
    }

    /// How the key of a reply is made: as the reply says, or as the KDC said before, or by default.
    fn reply_recipe(&self, enctype: Enctype, outside: &Outside<'_>) -> Result<KeyRecipe> {
        let says = [pa_type::ETYPE_INFO2, pa_type::ETYPE_INFO, pa_type::PW_SALT]
            .iter()
            .any(|&padata_type| outside.padata.find(padata_type).is_some());
        if let (false, Some((known, _))) = (says, &self.key) {
            let iterations = known.iterations.filter(|_| known.enctype == enctype);
            return Ok(KeyRecipe { enctype, salt: known.salt.clone(), iterations });
        }
        self.recipe(outside.padata, Some(enctype), &outside.client)?
            .ok_or(Error::KrbError(error_code::ETYPE_NOSUPP))
    }

    /// Checks that the reply is to this request.
    fn check(&self, part: &EncKdcRepPart<'_>, client: &Principal, sent: &Sent) -> Result<()> {
        let check = |good: bool, why| if good { Ok(()) } else { Err(Error::MessageAltered(why)) };
        check(part.nonce == sent.nonce, "AS-REP: the nonce of another request")?;

        let server = Principal::from_name(&part.sname, part.srealm);
        let canonicalized = self.canonicalizes();
        // A ticket-granting ticket of the realm under the name that the KDC has for it, which
        // differs if ours is in small letters, or a NetBIOS name.
        let is_tgt = self.parameters.service == AsService::TicketGranting;
        let renamed = canonicalized && is_tgt && server.is_local_krbtgt();
        check(server == self.server() || renamed, "AS-REP: another service than asked for")?;
        check(client.realm == server.realm, "AS-REP: client and service of different realms")?;
        check(*client == self.client() || canonicalized, "AS-REP: another client than asked for")?;

        let unwanted = TicketFlags::INVALID | TicketFlags::POSTDATED | TicketFlags::ANONYMOUS;
        check(!part.flags.intersects(unwanted), "AS-REP: a kind of ticket not asked for")?;
        let skew = i64::try_from(self.parameters.options.max_clock_skew.as_secs());
        let starttime = part.starttime.unwrap_or(part.authtime);
        let latest = part.authtime.saturating_add(skew.unwrap_or(i64::MAX));
        check(starttime <= latest, "AS-REP: a ticket that begins later")?;
        check(
            part.endtime > part.authtime && part.endtime >= starttime,
            "AS-REP: a ticket that ends before it begins",
        )?;
        check(part.endtime <= sent.till, "AS-REP: a ticket that ends later than asked for")?;
        let renewable = part.renew_till.filter(|_| part.flags.contains(TicketFlags::RENEWABLE));
        check(
            sent.rtime.is_none_or(|rtime| renewable.is_none_or(|till| till <= rtime)),
            "AS-REP: a ticket renewable for longer than asked for",
        )
    }
}

/// RFC 6806 11: checks that the KDC got the request as it was sent, if it can say so. Returns
/// whether it says that it supports FAST.
fn negotiated(part: &EncKdcRepPart<'_>, key: &Key, request: &[u8]) -> Result<bool> {
    if !part.flags.contains(TicketFlags::ENC_PA_REP) {
        return Ok(false);
    }
    let value = part
        .encrypted_pa_data
        .find(pa_type::REQ_ENC_PA_REP)
        .ok_or(Error::MessageAltered("AS-REP: no checksum of the request"))?;
    let Checksum { cksumtype, checksum } = Checksum::decode(value)?;
    key.verify_checksum(key_usage::AS_REQ, &[request], cksumtype, checksum)?;
    Ok(part.encrypted_pa_data.find(pa_type::FX_FAST).is_some())
}
