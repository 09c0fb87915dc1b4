//! Credential caches of the system: a file and a credential alone. What was read is written the same;
//! what is removed stays removed, and nothing else changes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::kerberos::ccache::{self, Credential, CredentialCache};
use negossp::stores::ccache::{Contents, Name};

fuzz_target!(|data: &[u8]| {
    if let Ok(credential) = Credential::decode(data) {
        let written = credential.encode().expect("what was read");
        assert!(written.len() <= data.len());
        let again = Credential::decode(&written).expect("what was written");
        assert_eq!(again.encode(), Ok(written.clone()));
        let _ = (credential.is_removed(), credential.configuration_key());
        let _ = ccache::encode_tag(&credential.client, &credential.server).unwrap();
    }
    if let Ok(principal) = ccache::decode_principal(data) {
        let written = ccache::encode_principal(&principal).unwrap();
        assert!(data.starts_with(&written));
    }
    if let Ok(contents) = Contents::parse(data, "data") {
        let written = contents.encode("data").expect("what was read");
        let again = Contents::parse(&written, "data").expect("what was written");
        assert_eq!(again.principal, contents.principal);
        assert_eq!(again.kdc_offset, contents.kdc_offset);
        assert_eq!(again.configuration, contents.configuration);
        assert_eq!(again.credentials.len(), contents.credentials.len());
        let now = contents.kdc_time(negossp::types::time::FileTime::from_unix_seconds(1));
        for credentials in &contents.credentials {
            if let Some(found) = contents.find(&credentials.server, now, 0) {
                assert!(found.client == contents.principal && found.is_valid(now, 0));
            }
        }
        remove(data);
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(name) = Name::parse(text)
    {
        assert_eq!(Name::parse(&name.to_string()), Ok(name));
    }
});

/// Removes the service of the first credential from a file.
fn remove(file: &[u8]) {
    let Ok(cache) = CredentialCache::parse(file) else { return };
    let Some(first) = cache.credentials.iter().find(|entry| !entry.is_removed()) else { return };
    let removals = ccache::removals(file, |entry| entry.server == first.server).unwrap();
    let mut changed = file.to_vec();
    for (at, written) in removals {
        changed[at..at + written.len()].copy_from_slice(&written);
    }
    let after = CredentialCache::parse(&changed).expect("the file");
    assert_eq!(after.credentials.len(), cache.credentials.len());
    for (after, before) in after.credentials.iter().zip(&cache.credentials) {
        if before.server == first.server && !before.is_removed() {
            assert!(after.is_removed());
        } else {
            assert_eq!(after.encode(), before.encode());
        }
    }
}
