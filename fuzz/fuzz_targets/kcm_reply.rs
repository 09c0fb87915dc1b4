//! Replies of a credential cache manager: nothing outside the reply is read, and nothing is allocated
//! by a number in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::kerberos::ccache::{self, Credential};
use negossp::stores::ccache::kcm::protocol;

fuzz_target!(|data: &[u8]| {
    let Ok(results) = protocol::results(data) else { return };
    if let Some(name) = protocol::name(results) {
        assert!(name.len() < results.len() && !name.contains('\0'));
    }
    if let Some(uuids) = protocol::uuids(results) {
        assert_eq!(uuids.len() * 16, results.len());
    }
    let _ = protocol::number(results);
    let _ = ccache::decode_principal(results);
    let _ = Credential::decode(results);
    if let Some(list) = protocol::credentials(results) {
        assert!(list.iter().map(|entry| entry.len() + 4).sum::<usize>() <= results.len());
        for entry in list {
            let _ = Credential::decode(entry);
        }
    }
});
