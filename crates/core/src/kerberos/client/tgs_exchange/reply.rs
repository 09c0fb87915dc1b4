//! What of a TGS-REP is believed: RFC 4120 3.3.4, RFC 6806 8, [MS-SFU] 3.1.5.

use super::request::Sent;
use super::{Kind, TgsOutput, TgsRequest, realm_of};
use crate::kerberos::client::{ClientOptions, Credentials};
use crate::kerberos::crypto::{Enctype, Key, key_usage};
use crate::kerberos::message::{
    EncKdcRepPart, EncryptedData, KdcOptions, KdcRep, PaS4uX509User, PacOptions, Ticket,
    TicketFlags, error_code, name_type, pa_type, same_name,
};
use crate::kerberos::principal::Principal;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The credentials in the reply to `asked`.
///
/// Errors: `MessageAltered` for a reply that does not belong to the request; `WrongTarget` for a
/// ticket for another service; `InvalidToken` for one that was not asked for otherwise.
pub(super) fn check(
    asked: &TgsRequest,
    sent: &Sent,
    options: &ClientOptions,
    reply: &KdcRep<'_>,
) -> Result<TgsOutput> {
    let mut buffer = Zeroizing::default();
    let part = EncKdcRepPart::decode(decrypt(&reply.enc_part, sent, asked, &mut buffer)?)?;
    if part.nonce != sent.nonce {
        return Err(Error::MessageAltered("TGS-REP: another request's nonce"));
    }
    let ticket = Ticket::decode(reply.ticket)?;
    if !ticket.realm.agrees_with(part.srealm) || !ticket.sname.agrees_with(part.sname) {
        return Err(Error::MessageAltered("TGS-REP: the ticket bears another service's name"));
    }
    let server = Principal::from_name(&part.sname, part.srealm);
    let is_referral = is_referral(asked, &server)?;
    let s4u_user = s4u_user(asked, sent, reply, &part)?;
    let client = Principal::from_name(&reply.cname, reply.crealm);
    let expected = expected_client(asked, s4u_user.as_ref(), is_referral);
    if client != *expected {
        // As by a KDC that does not know S4U2self.
        if matches!(asked.kind, Kind::S4uSelf { .. }) && client == asked.tgt.client {
            return Err(Error::KrbError(error_code::PADATA_TYPE_NOSUPP));
        }
        return Err(Error::MessageAltered("TGS-REP: another client's ticket"));
    }
    let key = part.key.key()?;
    if !options.enctypes.contains(&key.enctype()) {
        return Err(Error::InvalidToken("TGS-REP: a key of a type that was not asked for"));
    }
    if part.flags.contains(TicketFlags::INVALID) {
        return Err(Error::InvalidToken("TGS-REP: a postdated ticket, which was not asked for"));
    }
    let skew = i64::try_from(options.max_clock_skew.as_secs()).unwrap_or(i64::MAX);
    let starttime = part.starttime.unwrap_or(part.authtime);
    if starttime > sent.kdc_now.saturating_add(skew) {
        return Err(Error::InvalidToken("TGS-REP: a ticket that is not valid yet"));
    }
    let mut flags = believed_flags(part.flags, sent.kdc_options, &asked.tgt);
    let renew_till = sent.rtime.and_then(|rtime| Some(part.renew_till?.min(rtime)));
    flags.set(
        TicketFlags::RENEWABLE,
        flags.contains(TicketFlags::RENEWABLE) && renew_till.is_some(),
    );
    let is_skey = matches!(asked.kind, Kind::UserToUser { .. }) && !is_referral;
    let second_ticket = asked.kind.additional_ticket().filter(|_| !is_referral);
    let credentials = Credentials {
        client,
        server,
        key,
        authtime: part.authtime,
        starttime,
        endtime: part.endtime.min(sent.till),
        renew_till: renew_till.filter(|_| flags.contains(TicketFlags::RENEWABLE)),
        flags,
        is_skey,
        addresses: addresses(asked, &part),
        ticket: allocation::copy(reply.ticket)?,
        second_ticket: allocation::copy(second_ticket.unwrap_or_default())?,
    };
    // The realm that is asked next must have a name.
    if is_referral {
        realm_of(&credentials)?;
    }
    let resource_based = part
        .encrypted_pa_data
        .find(pa_type::PAC_OPTIONS)
        .and_then(|options| PacOptions::decode(options).ok())
        .is_some_and(|options| options.contains(PacOptions::RESOURCE_BASED_DELEGATION));
    Ok(TgsOutput { credentials, is_referral, clock_offset: 0, s4u_user, resource_based })
}

/// Decrypts with our sub-key, or, for a KDC that ignored it, with the session key.
fn decrypt<'a>(
    data: &EncryptedData<'_>,
    sent: &Sent,
    asked: &TgsRequest,
    buffer: &'a mut Zeroizing<Vec<u8>>,
) -> Result<&'a [u8]> {
    let keys: [(&Key, u32); 2] =
        [(&sent.subkey, key_usage::TGS_REP_SUBKEY), (&asked.tgt.key, key_usage::TGS_REP)];
    for (key, usage) in keys {
        if key.enctype().number() != data.etype {
            continue;
        }
        *buffer = Zeroizing::new(allocation::copy(data.cipher)?);
        let length = match key.decrypt(usage, buffer) {
            Ok(plain) => plain.len(),
            Err(Error::MessageAltered(_)) => continue,
            Err(error) => return Err(error),
        };
        // It follows the confounder, and the tag or nothing follows it.
        let start = plain_start(key.enctype());
        return buffer
            .get(start..start + length)
            .ok_or(Error::Internal("a plaintext beyond its message"));
    }
    Err(Error::MessageAltered("TGS-REP: not encrypted with our key"))
}

/// Where the plaintext begins in a decrypted message.
fn plain_start(enctype: Enctype) -> usize {
    let tag = if enctype == Enctype::Rc4Hmac { enctype.tag_length() } else { 0 };
    tag + enctype.confounder_length()
}

/// Whether the ticket is not for the service that was asked for but for another realm's TGS.
fn is_referral(asked: &TgsRequest, server: &Principal) -> Result<bool> {
    const OTHER: Error = Error::WrongTarget("TGS-REP: a ticket for another service");
    if *server == asked.server {
        return Ok(false);
    }
    if server.realm != asked.server.realm {
        return Err(Error::WrongTarget("TGS-REP: a ticket for a service of another realm"));
    }
    let elsewhere = server.krbtgt_of().is_some_and(|of| *of != *server.realm);
    // A KDC that is asked for a far realm's TGS may name one that is closer to it (RFC 4120 3.3.1).
    let allowed = asked.canonicalize
        || matches!(asked.kind, Kind::Service) && asked.server.krbtgt_of().is_some();
    if elsewhere && allowed { Ok(true) } else { Err(OTHER) }
}

/// The client that the reply must name. A ticket for another realm's TGS is always the asker's.
fn expected_client<'a>(
    asked: &'a TgsRequest,
    s4u_user: Option<&'a Principal>,
    is_referral: bool,
) -> &'a Principal {
    match &asked.kind {
        Kind::S4uSelf { user } if !is_referral => s4u_user.unwrap_or(user),
        Kind::S4uProxy { client, .. } if !is_referral => client,
        _ => &asked.tgt.client,
    }
}

/// The user that the reply to an S4U2self request names, under a checksum by our sub-key ([MS-SFU]
/// 2.2.2). A KDC that knows PA-FOR-USER only names none.
fn s4u_user(
    asked: &TgsRequest,
    sent: &Sent,
    reply: &KdcRep<'_>,
    part: &EncKdcRepPart<'_>,
) -> Result<Option<Principal>> {
    const ALTERED: Error = Error::MessageAltered("TGS-REP: PA-S4U-X509-USER was altered");
    let (Kind::S4uSelf { user }, Some(request)) = (&asked.kind, &sent.s4u) else {
        return Ok(None);
    };
    let encrypted = part.encrypted_pa_data.find(pa_type::S4U_X509_USER);
    let Some(named) = reply.padata.find(pa_type::S4U_X509_USER) else {
        return if encrypted.is_some() { Err(ALTERED) } else { Ok(None) };
    };
    let named = PaS4uX509User::decode(named)?;
    named.verify(&sent.subkey, true)?;
    // RC4's checksum has no key, so both checksums are repeated where one has; triple DES does the
    // same.
    if matches!(sent.subkey.enctype(), Enctype::Rc4Hmac | Enctype::Des3Sha1) {
        let ours = PaS4uX509User::decode(request)?.checksum.checksum;
        let both = [ours, named.checksum.checksum].concat();
        if !encrypted.is_some_and(|encrypted| encrypted.ct_eq(&both).into()) {
            return Err(ALTERED);
        }
    }
    let id = named.user_id;
    let Some(cname) = id.cname.filter(|_| id.nonce == sent.nonce) else { return Err(ALTERED) };
    let named = Principal::from_name(&cname, id.crealm);
    match is_user(user, &named) {
        true => Ok(Some(named)),
        false => Err(Error::MessageAltered("TGS-REP: another user's ticket")),
    }
}

/// Whether `named` may be the KDC's name for the user `asked`: an enterprise name stands for any of
/// the realm's users, another one for itself, in any letter case.
fn is_user(asked: &Principal, named: &Principal) -> bool {
    fn components(name: &Principal) -> impl Iterator<Item = &[u8]> {
        name.components.iter().map(Vec::as_slice)
    }
    named.realm.eq_ignore_ascii_case(&asked.realm)
        && (asked.name_type == name_type::ENTERPRISE
            || same_name(components(asked), components(named)))
}

/// The flags without those that the request did not ask for and the ticket-granting ticket does not
/// have.
fn believed_flags(flags: TicketFlags, asked: KdcOptions, tgt: &Credentials) -> TicketFlags {
    let inherited = TicketFlags::FORWARDED
        | TicketFlags::PROXY
        | TicketFlags::POSTDATED
        | TicketFlags::PRE_AUTHENT
        | TicketFlags::HW_AUTHENT
        | TicketFlags::ANONYMOUS;
    let mut expected = tgt.flags & inherited;
    for (option, flag) in [
        (KdcOptions::FORWARDABLE, TicketFlags::FORWARDABLE),
        (KdcOptions::FORWARDED, TicketFlags::FORWARDED),
        (KdcOptions::PROXIABLE, TicketFlags::PROXIABLE),
        (KdcOptions::RENEWABLE, TicketFlags::RENEWABLE),
    ] {
        expected.set(flag, expected.contains(flag) || asked.contains(option));
    }
    if asked.contains(KdcOptions::RENEW) {
        expected |= tgt.flags & TicketFlags::INITIAL;
    }
    // Another realm's word on whom to trust counts if all KDCs on the way to it were trusted, as
    // MIT's library has it.
    if tgt.server.realm == tgt.client.realm && tgt.server.is_local_krbtgt() {
        expected |= TicketFlags::OK_AS_DELEGATE;
    } else {
        expected |= tgt.flags & TicketFlags::OK_AS_DELEGATE;
    }
    let statements = TicketFlags::TRANSITED_POLICY_CHECKED | TicketFlags::ENC_PA_REP;
    flags & (expected | statements)
}

/// `caddr`; if absent, the addresses are those of the ticket-granting ticket, or none if it is
/// forwarded (RFC 4120 3.3.3).
fn addresses(asked: &TgsRequest, part: &EncKdcRepPart<'_>) -> Vec<(i32, Vec<u8>)> {
    match &part.caddr {
        Some(caddr) => {
            caddr.iter().map(|address| (address.addr_type, address.address.to_vec())).collect()
        }
        None if matches!(asked.kind, Kind::Forwarded) => Vec::new(),
        None => asked.tgt.addresses.clone(),
    }
}
