//! The keys of a service that is given by its password.

use negossp_core::kerberos::crypto::{Enctype, Key};
use negossp_core::kerberos::{PasswordKeys, ServiceName};

/// A key that tells its salt: it begins with it.
fn key(enctype: Enctype, password: &str, salt: &str) -> Option<Key> {
    assert_eq!(password, "secret");
    let bytes = salt.bytes().chain([b'.'; 32]);
    Key::new(enctype, &bytes.take(enctype.key_length()).collect::<Vec<_>>()).ok()
}

/// The realms of the keys, with the first 16 bytes of the salt of each.
fn found(name: &str, realms: &[&str], enctype: Enctype) -> Vec<(String, String)> {
    let realms = realms.iter().map(|realm| realm.to_string()).collect();
    let name = ServiceName::parse(name).unwrap();
    let keys = PasswordKeys::new(&name, realms, "secret".to_owned().into(), key);
    let entries = keys.of(enctype).unwrap().entries().iter();
    let salt = |key: &Key| String::from_utf8(key.bytes()[..16].to_vec()).unwrap();
    entries.map(|entry| (entry.realm.clone(), salt(&entry.key))).collect()
}

fn of_rc4(realms: &[&str]) -> Vec<String> {
    let found = found("HTTP/web1.example.com", realms, Enctype::Rc4Hmac);
    assert!(found.iter().all(|(_, salt)| *salt == ".".repeat(16)));
    found.into_iter().map(|(realm, _)| realm).collect()
}

/// RFC 4757 2: the key is made of the password alone. So it is the key in each realm, and the first
/// entry is the one that tells a ticket's realm: in capitals, and not a domain's NetBIOS name.
#[test]
fn rc4_has_one_key_in_all_realms() {
    assert_eq!(of_rc4(&["EXAMPLE.COM"]), ["EXAMPLE.COM"]);
    assert_eq!(of_rc4(&["example.com"]), ["EXAMPLE.COM", "example.com"]);
    assert_eq!(
        of_rc4(&["EXAMPLE", "corp.example.com", "EXAMPLE.NET"]),
        ["CORP.EXAMPLE.COM", "EXAMPLE.NET", "corp.example.com", "EXAMPLE"]
    );
    // Even without a realm there is a key.
    assert_eq!(of_rc4(&[]), [""]);
}

/// RFC 4120 4: the default salt is the realm and the components of the name; [MS-KILE] 3.1.1.2: that
/// of a computer is its host name.
#[test]
fn other_types_have_a_key_for_each_salt() {
    let in_realm = |salt: &str| ("R.TEST".to_owned(), salt.to_owned());
    for enctype in Enctype::ALL.into_iter().filter(|&enctype| enctype != Enctype::Rc4Hmac) {
        assert_eq!(found("alice", &["R.TEST"], enctype), [in_realm("R.TESTalice.....")]);
        assert_eq!(
            found("HTTP/web1.r.test", &["R.TEST"], enctype),
            [in_realm("R.TESTHTTPweb1.r"), in_realm("R.TESThostweb1.r")]
        );
        assert_eq!(found("HTTP/web1", &[], enctype), []);
    }
}
