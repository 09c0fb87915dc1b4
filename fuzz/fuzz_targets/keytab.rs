//! Keytab files: an entry that was read from any file has a principal and can be found.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::kerberos::keytab::{Keytab, Wanted};

fuzz_target!(|data: &[u8]| {
    if let Ok(keytab) = Keytab::parse(data) {
        // Each has a length of its own, of four bytes.
        assert!(keytab.entries().len() + keytab.skipped().len() <= data.len() / 4);
        for entry in keytab.entries() {
            assert!(entry.principal().contains('@'));
            let components: Vec<&str> = entry.components.iter().map(String::as_str).collect();
            let wanted = Wanted { realm: Some(&entry.realm), components: Some(&components) };
            let found = keytab.candidates(wanted, entry.key.enctype(), Some(entry.kvno)).next();
            assert_eq!(found.map(|found| found.kvno), Some(entry.kvno));
        }
    }
});
