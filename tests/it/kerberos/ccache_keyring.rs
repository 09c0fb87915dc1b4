//! Caches in the kernel's keyrings, beside MIT's programs. The system may forbid them (containers).

use super::ccache_support::*;
use negossp::kerberos::ccache::KdcOffset;
use negossp::platform::keyring::{self, Serial};
use negossp::stores::ccache::{Ccache, Collection, Name, Problem};

/// Whether the system lets the process have keys.
pub(super) fn have_keyrings() -> bool {
    match keyring::add(c"user", c"negossp-test", b"x", Serial::PROCESS) {
        Ok(_) => true,
        Err(error) => {
            println!("SKIPPED: keyctl: {error}");
            false
        }
    }
}

/// A name that no other test has.
fn name(anchor: &str, what: &str) -> String {
    format!("KEYRING:{anchor}:negossp-{what}-{}", std::process::id())
}

fn collection(name: &str) -> Collection {
    Collection::new(Name::parse(name).unwrap(), &settings())
}

/// What is written is read, by klist too, as far as another process can see it.
fn is_used(cache: &dyn Ccache, shown: Option<&str>) {
    assert_eq!(cache.read().unwrap_err().problem, Problem::Missing);
    assert_eq!(cache.store(&fresh().credentials[0]).unwrap_err().problem, Problem::Missing);
    let mut contents = fresh();
    cache.initialize(&contents.principal).unwrap();
    contents.kdc_offset = Some(KdcOffset { seconds: 300, microseconds: 7 });
    cache.replace(&contents).unwrap();
    let read = cache.read().unwrap();
    assert_eq!(read.kdc_offset, contents.kdc_offset);
    assert_eq!(read.principal, contents.principal);
    assert_eq!(read.credentials.len(), 2);
    for credentials in &contents.credentials {
        let found = read.find(&credentials.server, now(), 0).unwrap();
        assert_same(found, credentials);
    }
    assert_eq!(read.configuration("fast_avail", Some(&krbtgt())), Some(&b"yes"[..]));
    if let Some(name) = shown {
        klist_shows(name, "alice", &["krbtgt/", "HTTP/"]);
    }
    cache.remove(&http()).unwrap();
    assert_eq!(services(cache), [krbtgt().to_text()]);
    cache.store(&contents.credentials[1]).unwrap();
    assert_eq!(services(cache).len(), 2);
    cache.remove(&krbtgt()).unwrap();
    if let Some(name) = shown {
        klist_shows(name, "alice", &["HTTP/"]);
    }
    cache.destroy().unwrap();
    assert_eq!(cache.read().unwrap_err().problem, Problem::Missing);
    assert_eq!(cache.destroy().unwrap_err().problem, Problem::Missing);
}

#[test]
fn a_cache_of_each_anchor_is_used() {
    if !have_keyrings() {
        return;
    }
    for (anchor, shown) in
        [("session", true), ("user", true), ("process", false), ("thread", false)]
    {
        let name = name(anchor, "anchor");
        is_used(&*open(&name), shown.then_some(&*name));
    }
}

#[test]
fn a_cache_without_an_anchor_is_the_session_s() {
    if !have_keyrings() {
        return;
    }
    let name = format!("KEYRING:negossp-legacy-{}", std::process::id());
    let cache = open(&name);
    let mut contents = fresh();
    cache.replace(&contents).unwrap();
    klist_shows(&name, "alice", &["krbtgt/", "HTTP/"]);
    // Programs that know no collections find it in the session's keyring itself.
    let direct = std::ffi::CString::new(name.strip_prefix("KEYRING:").unwrap()).unwrap();
    assert!(keyring::search(Serial::SESSION, c"keyring", &direct, None).is_ok());
    contents = cache.read().unwrap();
    assert_eq!(contents.credentials.len(), 2);
    cache.destroy().unwrap();
    assert!(keyring::search(Serial::SESSION, c"keyring", &direct, None).is_err());
}

#[test]
fn the_persistent_keyring_is_the_user_s() {
    if !have_keyrings() {
        return;
    }
    let user = negossp::platform::effective_user();
    let name = format!("KEYRING:persistent:{user}:negossp-test-{}", std::process::id());
    is_used(&*open(&name), Some(&name));
    // Another thread possesses it too.
    std::thread::scope(|threads| {
        threads.spawn(|| is_used(&*open(&name), None));
    });
    let all = collection(&format!("KEYRING:persistent:{user}"));
    let before = all.caches().unwrap().len();
    open(&name).replace(&fresh_of("persistent-test")).unwrap();
    assert_eq!(all.caches().unwrap().len(), before + 1);
    let found = all.of_principal(&fresh_of("persistent-test").principal).unwrap().unwrap();
    assert_eq!(found.name().to_string(), name);
    found.destroy().unwrap();
}

#[test]
fn a_collection_has_a_cache_for_each_client() {
    if !have_keyrings() {
        return;
    }
    let name = name("session", "collection");
    let collection = collection(&name);
    assert!(collection.caches().unwrap().is_empty());
    for (client, count) in [("alice", 1), ("bob", 2), ("alice", 2)] {
        let contents = fresh_of(client);
        collection.to_store(&contents.principal).unwrap().replace(&contents).unwrap();
        assert_eq!(collection.caches().unwrap().len(), count);
    }
    klist_shows(&name, "alice", &["krbtgt/", "HTTP/"]);
    if let Some((success, text)) = program(&["klist", "-l"], &name) {
        assert!(success && text.contains("alice@") && text.contains("bob@"), "{text}");
    }
    let bob = collection.of_principal(&fresh_of("bob").principal).unwrap().unwrap();
    collection.make_primary(&*bob).unwrap();
    klist_shows(&name, "bob", &["krbtgt/", "HTTP/"]);
    if let Some((success, text)) = program(&["kswitch", "-p", "alice"], &name) {
        assert!(success, "{text}");
        let primary = collection.primary().unwrap().principal().unwrap();
        assert_eq!(primary.to_text(), "alice@EXAMPLE.TEST");
    }
    if let Some((success, text)) = program(&["kdestroy", "-A"], &name) {
        assert!(success, "{text}");
        assert!(collection.caches().unwrap().is_empty());
    }
    for cache in collection.caches().unwrap() {
        cache.destroy().unwrap();
    }
}

/// MIT forgets tickets that have ended, so that keyrings do not fill.
#[test]
fn a_ticket_leaves_the_keyring_when_it_ends() {
    if !have_keyrings() {
        return;
    }
    let cache = open(&name("process", "end"));
    let mut contents = fresh();
    contents.credentials[1].endtime = now().unix_seconds() + 2;
    cache.replace(&contents).unwrap();
    assert_eq!(services(&*cache).len(), 2);
    let begun = std::time::Instant::now();
    while services(&*cache).len() == 2 && begun.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(services(&*cache), [krbtgt().to_text()]);
    cache.destroy().unwrap();
}

#[test]
fn a_key_that_is_no_credential_is_told() {
    if !have_keyrings() {
        return;
    }
    let text = name("process", "wrong");
    let cache = open(&text);
    cache.replace(&fresh()).unwrap();
    let parent = std::ffi::CString::new(text.replace("KEYRING:process:", "_krb_")).unwrap();
    let own = std::ffi::CString::new(text.replace("KEYRING:process:", "")).unwrap();
    let ring = keyring::search(Serial::PROCESS, c"keyring", &parent, None).unwrap();
    let ring = keyring::search(ring, c"keyring", &own, None).unwrap();
    keyring::add(c"user", c"anything", b"\0\0\0\x01\xff\xff\xff\xff", ring).unwrap();
    assert_eq!(cache.read().unwrap_err().problem, Problem::Malformed);
    keyring::add(c"user", c"__krb5_princ__", b"short", ring).unwrap();
    assert_eq!(cache.principal().unwrap_err().problem, Problem::Malformed);
    cache.destroy().unwrap();
}
