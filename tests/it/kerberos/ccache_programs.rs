//! Caches that kinit and kvno write, and caches of ours that they use, of each kind.
//!
//! tests/suites/ccache/run.sh starts the realm; without that the test is skipped.

use super::ccache_support::*;
use crate::support::accounts::Folder;
use negossp::stores::ccache::{Ccache, Collection, Name, Settings};
use std::path::Path;

/// The environment of the realm's clients.
struct Realm {
    config: String,
    keytab: String,
}

impl Realm {
    /// `None` if there is none.
    fn new() -> Option<Realm> {
        if std::env::var_os("NEGOSSP_TEST_CCACHE").is_none() {
            println!("SKIPPED: no realm: tests/suites/ccache/run.sh");
            return None;
        }
        let config = std::env::var("KRB5_CONFIG").unwrap();
        let keytab = Path::new(&config).with_file_name("users.keytab");
        Some(Realm { config, keytab: keytab.to_str().unwrap().to_owned() })
    }

    fn run(&self, arguments: &[&str], cache: &str) {
        let environment = [("KRB5CCNAME", cache), ("KRB5_CONFIG", &self.config)];
        if let Some((success, text)) = run(arguments, &environment) {
            assert!(success, "{arguments:?} {cache}: {text}");
        }
    }

    /// Both directions with one kind of cache.
    fn is_shared(&self, name: &str, settings: &Settings) {
        let service = "HTTP/server.example.test";
        self.run(&["kinit", "-k", "-t", &self.keytab, "-c", name, "alice"], name);
        let open = || settings.open(&Name::parse(name).unwrap()).unwrap();
        let contents = open().read().unwrap();
        assert_eq!(contents.principal.to_text(), "alice@EXAMPLE.TEST", "{name}");
        assert!(contents.find(&krbtgt(), now(), 60).is_some(), "{name}");
        assert!(contents.find(&http(), now(), 60).is_none(), "{name}");
        assert_eq!(contents.configuration("fast_avail", Some(&krbtgt())), Some(&b"yes"[..]));
        // Theirs beside theirs, and after ours is gone.
        for _ in 0..2 {
            self.run(&["kvno", service], name);
            let found = open().read().unwrap();
            assert!(found.find(&http(), now(), 60).is_some(), "{name}");
            open().remove(&http()).unwrap();
            assert!(open().read().unwrap().find(&http(), now(), 60).is_none(), "{name}");
        }
        // Ours.
        let mut ours = contents.clone();
        ours.configuration.clear();
        open().replace(&ours).unwrap();
        self.run(&["klist", "-s"], name);
        self.run(&["kvno", service], name);
        let theirs = open().read().unwrap();
        let ticket = theirs.find(&http(), now(), 60).unwrap();
        open().remove(&http()).unwrap();
        open().store(ticket).unwrap();
        // What is there is not asked for again.
        self.run(&["kvno", "--cached-only", service], name);
        self.collection(name, settings);
        self.run(&["kdestroy", "-A"], name);
        assert!(open().read().is_err(), "{name}");
    }

    /// A second client, whose cache both sides choose.
    fn collection(&self, name: &str, settings: &Settings) {
        let collection = Collection::new(Name::parse(name).unwrap(), settings);
        if let Name::File(_) = collection.name() {
            return;
        }
        self.run(&["kinit", "-k", "-t", &self.keytab, "bob"], name);
        let caches = collection.caches().unwrap();
        assert_eq!(caches.len(), 2, "{name}");
        // kinit makes the one that it has filled the primary one.
        let primary = || collection.primary().unwrap().principal().unwrap().to_text();
        assert_eq!(primary(), "bob@EXAMPLE.TEST", "{name}");
        let alice = caches.iter().find(|cache| is_of(&***cache, "alice@EXAMPLE.TEST")).unwrap();
        collection.make_primary(&**alice).unwrap();
        assert_eq!(primary(), "alice@EXAMPLE.TEST", "{name}");
        self.run(&["kvno", "HTTP/server.example.test"], name);
        assert!(alice.read().unwrap().find(&http(), now(), 60).is_some(), "{name}");
    }
}

fn is_of(cache: &dyn Ccache, client: &str) -> bool {
    cache.principal().is_ok_and(|principal| principal.to_text() == client)
}

#[test]
fn files_are_shared_with_kinit_and_kvno() {
    let Some(realm) = Realm::new() else { return };
    let folder = Folder::new();
    realm.is_shared(&format!("FILE:{}", folder.path("cache").display()), &settings());
    realm.is_shared(&format!("DIR:{}", folder.path("caches").display()), &settings());
}

#[test]
fn keyrings_are_shared_with_kinit_and_kvno() {
    let Some(realm) = Realm::new() else { return };
    if !super::ccache_keyring::have_keyrings() {
        return;
    }
    for anchor in ["session", "user"] {
        let name = format!("KEYRING:{anchor}:negossp-programs-{}", std::process::id());
        realm.is_shared(&name, &settings());
    }
    realm.is_shared(&format!("KEYRING:negossp-programs-{}", std::process::id()), &settings());
}

#[test]
fn managers_are_shared_with_kinit_and_kvno() {
    let Some(realm) = Realm::new() else { return };
    super::ccache_kcm::with_each(|manager, _| {
        let config = format!("{}:{}", manager.config(), realm.config);
        let realm = Realm { config, keytab: realm.keytab.clone() };
        realm.is_shared("KCM:", &manager.settings());
    });
}
