//! Delegated credentials and credential caches: a cache that is made from a message is read with
//! the same content, and a cache that was read is written unchanged.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::kerberos::ccache::CredentialCache;
use negossp::kerberos::message::{EncKrbCredPart, KrbCred, Ticket};

/// Reads the written cache, and writes it again.
fn again(cache: &CredentialCache<'_>) {
    let Ok(written) = cache.encode() else { return };
    let read = CredentialCache::parse(&written).expect("what was written");
    assert_eq!(read.default_principal, cache.default_principal);
    assert_eq!(read.credentials.len(), cache.credentials.len());
    for (read, meant) in read.credentials.iter().zip(&cache.credentials) {
        assert_eq!(
            (&read.client, &read.server, read.ticket),
            (&meant.client, &meant.server, meant.ticket)
        );
        assert_eq!(read.key.keyvalue, meant.key.keyvalue);
        assert!(read.server.to_text().contains('@'));
    }
    assert_eq!(read.encode(), Ok(written.clone()));
    assert_eq!(read.ticket_granting_ticket().is_some(), cache.ticket_granting_ticket().is_some());
}

fuzz_target!(|data: &[u8]| {
    if let Ok(cache) = CredentialCache::parse(data) {
        again(&cache);
    }
    if let Ok(part) = EncKrbCredPart::decode(data) {
        let infos: Vec<_> = part.ticket_info().collect();
        assert!(!infos.is_empty());
        let written =
            EncKrbCredPart::encode(&infos, part.timestamp.unwrap_or(0), part.usec.unwrap_or(0));
        assert_eq!(
            EncKrbCredPart::decode(&written).map(|read| read.ticket_info().count()),
            Ok(infos.len())
        );
    }
    if let Ok(message) = KrbCred::decode(data) {
        let tickets: Vec<_> = message.tickets().collect();
        assert!(!tickets.is_empty() && tickets.iter().all(|ticket| Ticket::decode(ticket).is_ok()));
        let written = KrbCred::encode(&tickets, &message.enc_part);
        assert_eq!(KrbCred::decode(&written), Ok(message));
        // Unencrypted, as Heimdal sends it, so that fuzzing reaches the content.
        let part = EncKrbCredPart::decode(message.enc_part.cipher);
        if let Ok(cache) = part.and_then(|part| CredentialCache::of_krb_cred(&message, &part)) {
            again(&cache);
        }
    }
});
