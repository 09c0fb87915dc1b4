//! PACs, and tickets with one: whatever is read can be formatted, and the ticket signature is
//! searched for in the PAC from the authorization data.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::kerberos::crypto::{Enctype, Key, UsageKeys, key_usage};
use negossp::kerberos::message::EncTicketPart;
use negossp::kerberos::message::authorization_data::ad_type;
use negossp::kerberos::pac::Pac;
use negossp::principal::SidAndAttributes;
use negossp::types::error::Error;
use negossp::types::sid::Sid;
use std::sync::LazyLock;

static KEYS: LazyLock<Vec<UsageKeys>> = LazyLock::new(|| {
    let key = |enctype: Enctype| Key::new(enctype, &vec![7; enctype.key_length()]).unwrap();
    Enctype::ALL
        .into_iter()
        .map(|enctype| key(enctype).derive_usage(key_usage::PAC_SIGNATURE))
        .collect()
});

fuzz_target!(|data: &[u8]| {
    if let Ok(pac) = Pac::parse(data) {
        use_pac(&pac, data.len());
    }
    let Ok(ticket) = EncTicketPart::decode(data) else { return };
    let Some(bytes) = ticket.authorization_data.and_then(|list| list.find(ad_type::WIN2K_PAC))
    else {
        return;
    };
    let Ok(pac) = Pac::parse(bytes) else { return };
    use_pac(&pac, bytes.len());
    let _ = pac.check_client_info(ticket.authtime, ticket.cname.components(), ticket.crealm);
    if pac.ticket_signature().is_some() {
        for keys in KEYS.iter() {
            assert!(matches!(pac.verify_ticket(data, keys), Err(Error::MessageAltered(_))));
        }
    }
});

fn shown(sid: Sid) {
    assert_eq!(sid.to_string().parse(), Ok(sid));
    assert_eq!(Sid::from_bytes(&sid.to_bytes()), Ok(sid));
}

fn use_groups(groups: impl Iterator<Item = SidAndAttributes>, length: usize) {
    // Each takes at least eight bytes; the primary group may be there unlisted.
    assert!(groups.inspect(|group| shown(group.sid)).count() <= length / 8 + 1);
}

fn use_pac(pac: &Pac<'_>, length: usize) {
    for keys in KEYS.iter() {
        // Random input is practically never signed with these keys.
        assert!(
            pac.verify_server(keys).is_err()
                && pac.verify_full(keys).is_err()
                && pac.verify_kdc(keys).is_err()
        );
    }
    if let Some(info) = pac.logon_info() {
        info.user_sid().into_iter().chain(info.primary_group_sid()).for_each(shown);
        assert_eq!(info.extra_sids.iter().count(), info.extra_sids.len());
        use_groups(info.groups(), length);
        assert!(
            info.effective_name
                .to_text()
                .is_ok_and(|name| name.len() <= length && !name.contains('\0'))
        );
    }
    if let Ok(Some(info)) = pac.device_info() {
        use_groups(info.groups(), length);
    }
    pac.requestor().into_iter().for_each(shown);
    let _ = format!("{pac:?} {:?}", pac.upn_dns_info());
    for claims in [pac.client_claims(), pac.device_claims()] {
        if let Ok(Some(claims)) = claims {
            let _ = claims.arrays();
        }
    }
}
