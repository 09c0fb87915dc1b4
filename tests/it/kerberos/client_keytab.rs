//! The client keytab.

use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::keytab::{Entry, Keytab};
use negossp::stores::client_keytab;

/// MIT's client keytab initiation takes the first principal of the keytab, and krb5_kt_get_entry the
/// highest key version of each encryption type.
#[test]
fn clients_have_their_newest_keys_in_the_order_of_the_file() {
    let key = |enctype, byte: u8, length| Key::new(enctype, &vec![byte; length]).unwrap();
    let (aes256, aes128) = (Enctype::Aes256Sha1, Enctype::Aes128Sha1);
    let entry = |name: &str, kvno, timestamp, key| {
        let components = name.split('/').map(str::to_owned).collect();
        Entry::new("EXAMPLE.TEST".into(), components, 1, kvno, timestamp, key)
    };
    let keytab = Keytab::of_entries(vec![
        entry("web/host", 1, 5, key(aes256, 1, 32)),
        entry("other", 7, 5, key(aes256, 2, 32)),
        entry("web/host", 2, 5, key(aes128, 3, 16)),
        entry("web/host", 2, 5, key(aes256, 4, 32)),
        entry("web/host", 1, 9, key(aes128, 5, 16)),
    ]);
    let clients = client_keytab::clients(&keytab);
    let names: Vec<String> = clients.iter().map(|client| client.principal.to_text()).collect();
    assert_eq!(names, ["web/host@EXAMPLE.TEST", "other@EXAMPLE.TEST"]);
    let keys: Vec<u8> = clients[0].keys.iter().map(|key| key.bytes()[0]).collect();
    assert_eq!(keys, [3, 4]);
    assert_eq!(clients[1].keys.len(), 1);
    assert!(client_keytab::clients(&Keytab::default()).is_empty());
}

#[test]
#[cfg(unix)]
fn krb5_conf_names_the_client_keytab() {
    if std::env::var_os("KRB5_CLIENT_KTNAME").is_some() {
        println!("SKIPPED: KRB5_CLIENT_KTNAME is set");
        return;
    }
    let user = negossp::platform::effective_user();
    let path = |name: &str| client_keytab::path(Some(name)).map(|path| path.display().to_string());
    assert_eq!(path("FILE:/k/%{euid}.keytab"), Ok(format!("/k/{user}.keytab")));
    assert_eq!(path("/k/%{null}client.keytab"), Ok("/k/client.keytab".into()));
    assert!(path("MEMORY:x").is_err() && path("/k/%{nobody}").is_err());
    let default = client_keytab::path(None).unwrap().display().to_string();
    assert!(default.ends_with(&format!("/krb5/user/{user}/client.keytab")), "{default}");
}
