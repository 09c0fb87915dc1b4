//! Credential caches: MIT's files are read, and written in the same form as MIT writes them.

use crate::support::kerberos_recorded::{Opened, conversations};
use crate::support::shared;
use negossp_core::kerberos::ccache::CredentialCache;
use negossp_core::kerberos::message::{EncKrbCredPart, KrbCred, Ticket, TicketFlags};

const VERSION_3: &[u8] = include_bytes!(shared!("kerberos/version3.ccache"));
const VERSION_4: &[u8] = include_bytes!(shared!("kerberos/version4.ccache"));

#[test]
fn what_mit_wrote_is_read() {
    // `klist -f -a -c` of the two: version 3 was made with `kinit -a`, version 4 with `kinit` and
    // `kvno`.
    let cache = CredentialCache::parse(VERSION_3).unwrap();
    assert_eq!(cache.default_principal.to_text(), "alice@EXAMPLE.TEST");
    let tgt = cache.ticket_granting_ticket().unwrap();
    assert_eq!(tgt.server.to_text(), "krbtgt/EXAMPLE.TEST@EXAMPLE.TEST");
    assert!(
        tgt.ticket_flags
            .contains(TicketFlags::FORWARDABLE | TicketFlags::RENEWABLE | TicketFlags::INITIAL)
    );
    assert!(
        tgt.addresses.iter().any(|address| address.addr_type == 2 && address.address.len() == 4)
    );
    assert_eq!(tgt.endtime - tgt.authtime, 10 * 3600);
    assert_eq!(tgt.renew_till - tgt.authtime, 24 * 3600);
    assert!(!tgt.is_skey && tgt.second_ticket.is_empty());

    let cache = CredentialCache::parse(VERSION_4).unwrap();
    let servers: Vec<String> = cache
        .credentials
        .iter()
        .filter(|credential| !credential.is_configuration())
        .map(|credential| credential.server.to_text())
        .collect();
    assert_eq!(
        servers,
        ["krbtgt/EXAMPLE.TEST@EXAMPLE.TEST", "HTTP/server.example.test@EXAMPLE.TEST"]
    );
    // MIT stores what it knows about the KDC there too.
    assert!(cache.credentials.len() > servers.len());
    for credential in cache.credentials.iter().filter(|credential| !credential.is_configuration()) {
        let ticket = Ticket::decode(credential.ticket).unwrap();
        assert_eq!(
            ticket.sname.for_log().to_text(ticket.realm.for_log()).unwrap(),
            credential.server.to_text()
        );
        assert!(credential.key.key().is_ok());
    }
}

#[test]
fn what_was_read_is_written_as_mit_wrote_it() {
    // The version, and no header: the clocks did not differ.
    assert_eq!(&VERSION_4[..4], b"\x05\x04\0\0");
    assert_eq!(**CredentialCache::parse(VERSION_4).unwrap().encode().unwrap(), *VERSION_4);
    let again = CredentialCache::parse(VERSION_3).unwrap().encode().unwrap();
    // Version 3 repeats each key's type, and has no header.
    let (old, new) =
        (CredentialCache::parse(VERSION_3).unwrap(), CredentialCache::parse(&again).unwrap());
    assert_eq!(again.len(), VERSION_3.len() + 2 - 2 * old.credentials.len());
    assert_eq!(format!("{new:?}"), format!("{old:?}"));
}

/// Time offsets, as MIT writes them where the KDC's clock is another.
#[test]
fn a_header_is_skipped() {
    let mut bytes = VERSION_4.to_vec();
    bytes.splice(2..4, *b"\0\x0c\0\x01\0\x08\0\0\0\x05\0\0\0\x06");
    assert_eq!(*CredentialCache::parse(&bytes).unwrap().encode().unwrap(), VERSION_4);
}

#[test]
fn a_cache_that_is_cut_off_or_changed_does_no_harm() {
    for bytes in [VERSION_3, VERSION_4] {
        let whole = CredentialCache::parse(bytes).unwrap().credentials.len();
        for end in 0..bytes.len() {
            if let Ok(cache) = CredentialCache::parse(&bytes[..end]) {
                // Cut between two credentials.
                assert!(cache.credentials.len() < whole, "{end}");
            }
        }
        let mut changed = bytes.to_vec();
        for at in 0..bytes.len() {
            for value in 0..=255 {
                changed[at] = value;
                let Ok(cache) = CredentialCache::parse(&changed) else { continue };
                let again = cache.encode().unwrap();
                assert_eq!(
                    CredentialCache::parse(&again).unwrap().encode().unwrap(),
                    again,
                    "byte {at} is {value}"
                );
            }
            changed[at] = bytes[at];
        }
    }
    for other in [&b""[..], b"\x05", b"\x05\x02rest", b"\x05\x05rest", b"\x04\x04rest"] {
        assert!(CredentialCache::parse(other).is_err());
    }
}

#[test]
fn keys_and_tickets_must_be_as_many() {
    for conversation in conversations() {
        let Some((message, part)) = Opened::new(&conversation).credential else { continue };
        let (message, part) =
            (KrbCred::decode(&message).unwrap(), EncKrbCredPart::decode(&part).unwrap());
        let ticket: Vec<_> = message.tickets().collect();
        let infos: Vec<_> = part.ticket_info().collect();
        let two = KrbCred::encode(&[ticket[0], ticket[0]], &message.enc_part);
        assert!(CredentialCache::of_krb_cred(&KrbCred::decode(&two).unwrap(), &part).is_err());
        let two = EncKrbCredPart::encode(&[infos[0], infos[0]], 0, 0);
        assert!(
            CredentialCache::of_krb_cred(&message, &EncKrbCredPart::decode(&two).unwrap()).is_err()
        );
        let mut nobodys = infos[0];
        nobodys.pname = None;
        let nobodys = EncKrbCredPart::encode(&[nobodys], 0, 0);
        assert!(
            CredentialCache::of_krb_cred(&message, &EncKrbCredPart::decode(&nobodys).unwrap())
                .is_err()
        );
    }
}
