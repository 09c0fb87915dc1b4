//! Kerberos' tokens and messages: whatever decodes is unchanged by encoding and decoding again.
//! Each input is given to every decoder, so that plaintexts are covered too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::kerberos::gss_checksum::GssChecksum;
use negossp::kerberos::gss_token::Token;
use negossp::kerberos::message::*;

/// Whatever encodes is decoded again, and encodes to the same bytes.
macro_rules! again {
    ($message:ident, $bytes:expr) => {
        if let Ok(read) = $message::decode($bytes) {
            let written = read.encode();
            assert_eq!($message::decode(&written).expect("what was written").encode(), written);
        }
    };
}

fn name(name: &PrincipalName<'_>, realm: &[u8]) {
    let components: Vec<&[u8]> = name.components().collect();
    assert_eq!(name.is_empty(), components.is_empty());
    let written = PrincipalName::encode_components(&components);
    assert_eq!(PrincipalName::new(0, &written).as_ref(), Ok(name));
    if let Ok(text) = name.to_text(realm) {
        assert!(text.contains('@'));
    }
}

fn authorization(list: &AuthorizationData<'_>) {
    let mut count = 0;
    for element in list.iter() {
        count += 1;
        assert_ne!(element.ad_type, authorization_data::ad_type::IF_RELEVANT);
        assert!(list.find(element.ad_type).is_some());
        // Each has four headers.
        assert!(count * 8 <= list.der().len());
        let _ = ApOptionsData::decode(element.ad_data);
        let _ = client_target(element.ad_data);
        if let Ok(etypes) = EtypeList::decode(element.ad_data) {
            let etypes: Vec<i32> = etypes.iter().collect();
            assert_eq!(EtypeList::encode(&etypes), element.ad_data);
        }
    }
}

fn message(bytes: &[u8]) {
    again!(ApReq, bytes);
    again!(ApRep, bytes);
    again!(EncApRepPart, bytes);
    again!(Ticket, bytes);
    again!(EncTicketPart, bytes);
    again!(Authenticator, bytes);
    again!(KrbError, bytes);
    again!(TgtRequest, bytes);
    again!(TgtReply, bytes);
    if let Ok(request) = ApReq::decode(bytes) {
        name(&request.ticket.sname.for_log(), request.ticket.realm.for_log());
    }
    if let Ok(part) = EncTicketPart::decode(bytes) {
        name(&part.cname, part.crealm);
        let _ = part.key.key();
        part.authorization_data.iter().for_each(authorization);
        if let Some(caddr) = part.caddr {
            let addresses: Vec<_> = caddr.iter().collect();
            assert_eq!(caddr.is_empty(), addresses.is_empty());
            assert_eq!(
                HostAddresses::decode(&HostAddresses::encode(&addresses))
                    .map(|again| again.iter().count()),
                Ok(addresses.len())
            );
        }
    }
    if let Ok(authenticator) = Authenticator::decode(bytes) {
        assert!(authenticator.cusec < 1_000_000);
        authenticator.authorization_data.iter().for_each(authorization);
        if let Some(cksum) = authenticator.cksum {
            checksum(cksum.checksum);
        }
    }
    if let Ok(list) = AuthorizationData::decode(bytes) {
        authorization(&list);
    }
}

fn checksum(bytes: &[u8]) {
    if let Ok(checksum) = GssChecksum::decode(bytes) {
        assert_eq!(checksum.encode().as_deref(), Ok(bytes));
    }
}

fuzz_target!(|data: &[u8]| {
    message(data);
    checksum(data);
    if let Ok(token) = Token::read(data) {
        assert_eq!(Token::read(&token.write()), Ok(token));
        if token.oid.is_some() {
            message(token.body);
        }
    }
});
