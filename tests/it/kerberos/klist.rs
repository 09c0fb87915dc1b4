//! Credential caches that MIT's klist can read.

use crate::support::accounts::Folder;
use crate::support::kerberos_recorded::{Opened, conversations};
use negossp::kerberos::ccache::CredentialCache;
use negossp::kerberos::message::{EncKrbCredPart, KrbCred};
use std::path::PathBuf;
use std::process::Command;

#[test]
fn klist_reads_what_we_write() {
    let klist = |path: &PathBuf| {
        Command::new("klist").args(["-e", "-f", "-c"]).arg(path).env("TZ", "UTC").output()
    };
    let folder = Folder::new();
    let path = folder.path("cache");
    for conversation in conversations() {
        let Some((message, part)) = Opened::new(&conversation).credential else { continue };
        let (message, part) =
            (KrbCred::decode(&message).unwrap(), EncKrbCredPart::decode(&part).unwrap());
        let cache = CredentialCache::of_krb_cred(&message, &part).unwrap();
        std::fs::write(&path, cache.encode().unwrap()).unwrap();
        let output = match klist(&path) {
            Ok(output) => output,
            Err(error) => {
                println!("SKIPPED: klist: {error}");
                return;
            }
        };
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{}: {}",
            conversation.name,
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(text.contains("Default principal: alice@EXAMPLE.TEST"), "{text}");
        assert!(text.contains("krbtgt/EXAMPLE.TEST@EXAMPLE.TEST"), "{text}");
        // The ticket is encrypted with the KDC's key, whatever the session key is.
        assert!(text.contains(", aes256-cts-hmac-sha1-96"), "{text}");
        // Forwardable and forwarded.
        assert!(text.contains("Flags: Ff"), "{text}");
    }
}
