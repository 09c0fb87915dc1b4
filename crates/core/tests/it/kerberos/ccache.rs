//! Credential caches: MIT's files are read, and written in the same form as MIT writes them.

use crate::support::kerberos_recorded::{Opened, conversations};
use crate::support::shared;
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::ccache::{
    self, ConfigurationKey, Credential, CredentialCache, KdcOffset,
};
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

/// "Each credential in a keyring, and in the messages of a credential cache manager, has the form
/// that it has in a file of version 4" (MIT's documentation, "KCM protocol", "ccache file format").
#[test]
fn a_single_credential_is_written_as_in_a_file() {
    let mut rest = VERSION_4;
    for credential in CredentialCache::parse(VERSION_4).unwrap().credentials.iter().rev() {
        let alone = credential.encode().unwrap();
        rest = rest.strip_suffix(alone.as_slice()).unwrap();
        let read = Credential::decode(&alone).unwrap();
        assert_eq!(format!("{read:?}"), format!("{credential:?}"));
        // Nothing but what is there is read, and what follows does not count.
        for end in 0..alone.len() {
            assert!(Credential::decode(&alone[..end]).is_err());
        }
        assert!(Credential::decode(&[&alone[..], b"more"].concat()).is_ok());
    }
    let owner = CredentialCache::parse(VERSION_4).unwrap().default_principal;
    let alone = ccache::encode_principal(&owner).unwrap();
    assert_eq!(rest, [b"\x05\x04\0\0", &alone[..]].concat());
    assert_eq!(ccache::decode_principal(&alone), Ok(owner));
    assert!(ccache::decode_principal(&alone[..alone.len() - 1]).is_err());
}

/// A file stays in its version when something is appended.
#[test]
fn an_appended_credential_has_the_version_of_the_file() {
    for bytes in [VERSION_3, VERSION_4] {
        let cache = CredentialCache::parse(bytes).unwrap();
        let last = cache.credentials.last().unwrap().encode_for(bytes).unwrap();
        assert!(bytes.ends_with(&last));
        let longer = [bytes, &last].concat();
        let longer = CredentialCache::parse(&longer).unwrap();
        assert_eq!(longer.credentials.len(), cache.credentials.len() + 1);
    }
    let cache = CredentialCache::parse(VERSION_4).unwrap();
    assert!(cache.credentials[0].encode_for(b"\x05\x02").is_err());
}

/// "Tag 1, length 8: time offset in seconds, microseconds; both are signed" (MIT's documentation,
/// "Header format").
#[test]
fn the_offset_of_the_kdc_is_read_and_written() {
    assert_eq!(CredentialCache::kdc_offset(VERSION_3), None);
    assert_eq!(CredentialCache::kdc_offset(VERSION_4), None);
    let cache = CredentialCache::parse(VERSION_4).unwrap();
    for offset in [
        KdcOffset { seconds: 300, microseconds: 17 },
        KdcOffset { seconds: -86_400, microseconds: -1 },
    ] {
        let file = cache.encode_with(Some(offset)).unwrap();
        assert_eq!(&file[..8], b"\x05\x04\0\x0c\0\x01\0\x08");
        assert_eq!(CredentialCache::kdc_offset(&file), Some(offset));
        assert_eq!(CredentialCache::parse(&file).unwrap().encode().unwrap().as_slice(), VERSION_4);
    }
    // Behind a tag that nobody knows; of another length; cut off.
    let known = b"\0\x01\0\x08\0\0\0\x05\0\0\0\x06";
    let header =
        |fields: &[u8]| [b"\x05\x04", &(fields.len() as u16).to_be_bytes()[..], fields].concat();
    let offset = Some(KdcOffset { seconds: 5, microseconds: 6 });
    let unknown = [&b"\0\x09\0\x01x"[..], known].concat();
    assert_eq!(CredentialCache::kdc_offset(&header(&unknown)), offset);
    assert_eq!(CredentialCache::kdc_offset(&header(b"\0\x01\0\x04\0\0\0\x05")), None);
    for end in 0..known.len() {
        assert_eq!(CredentialCache::kdc_offset(&header(&known[..end])), None);
    }
}

/// MIT 1.18 and later skip an entry with an `authtime` and no `endtime`, and know configuration data
/// that was removed by its realm.
#[test]
fn a_removed_credential_is_one_without_an_end() {
    for bytes in [VERSION_3, VERSION_4] {
        let before = CredentialCache::parse(bytes).unwrap();
        let removals = ccache::removals(bytes, |credential| {
            credential.server.to_text().starts_with("krbtgt/") || credential.is_configuration()
        })
        .unwrap();
        let mut file = bytes.to_vec();
        for (at, written) in &removals {
            file[*at..at + written.len()].copy_from_slice(written);
        }
        let after = CredentialCache::parse(&file).unwrap();
        assert_eq!(after.credentials.len(), before.credentials.len());
        let mut removed = 0;
        for (after, before) in after.credentials.iter().zip(&before.credentials) {
            if before.server.to_text().starts_with("HTTP/") {
                assert_eq!(format!("{after:?}"), format!("{before:?}"));
                assert!(!after.is_removed());
                continue;
            }
            removed += 1;
            assert!(after.is_removed() && !before.is_removed());
            assert_eq!((after.endtime, after.authtime), (0, u32::MAX));
            assert!(after.key.keyvalue.iter().all(|&byte| byte == 0));
            assert!(!after.is_configuration());
            assert_eq!(after.ticket, before.ticket);
        }
        assert_eq!(removed, removals.len());
        // Once.
        assert!(
            ccache::removals(&file, |credential| !credential.server.to_text().starts_with("HTTP/"))
                .unwrap()
                .is_empty()
        );
    }
}

/// `kinit` writes what it knows about the realm's KDC: krb5_ccache_conf_data/KEY/ABOUT@X-CACHECONF:
#[test]
fn configuration_is_found_by_its_key() {
    let cache = CredentialCache::parse(VERSION_4).unwrap();
    let keys: Vec<_> = cache.credentials.iter().filter_map(Credential::configuration_key).collect();
    let about = Some(&b"krbtgt/EXAMPLE.TEST@EXAMPLE.TEST"[..]);
    assert!(keys.contains(&ConfigurationKey { key: b"fast_avail", about }), "{keys:?}");
    assert!(keys.contains(&ConfigurationKey { key: b"pa_type", about }), "{keys:?}");
    let owner = &cache.default_principal;
    let made = Credential::configuration_about(owner, b"fast_avail", about, b"yes");
    let found = cache.credentials.iter().find(|credential| credential.server == made.server);
    assert_eq!(found.unwrap().encode(), made.encode());
    let made = Credential::configuration(owner, "start_realm", b"A");
    let key = ConfigurationKey { key: b"start_realm", about: None };
    assert_eq!(made.configuration_key(), Some(key));
    let tgt = cache.ticket_granting_ticket().unwrap();
    assert_eq!(tgt.configuration_key(), None);
}

/// Heimdal's krb5_store_creds_tag: 32 bits that say which parts are there, client (1), server (2),
/// four times, is_skey, flags.
#[test]
fn a_matching_credential_names_client_and_service() {
    let client = Principal::new(1, &["a"], "R");
    let server = Principal::new(2, &["s", "h"], "Q");
    let mut bytes = b"\0\0\0\x03".to_vec();
    bytes.extend(b"\0\0\0\x01\0\0\0\x01\0\0\0\x01R\0\0\0\x01a");
    bytes.extend(b"\0\0\0\x02\0\0\0\x02\0\0\0\x01Q\0\0\0\x01s\0\0\0\x01h");
    bytes.extend([0; 21]);
    assert_eq!(*ccache::encode_tag(&client, &server).unwrap(), bytes);
}
