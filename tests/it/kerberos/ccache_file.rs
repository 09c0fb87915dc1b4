//! Caches in files and folders, beside MIT's programs; and those of the process.

use super::ccache_support::*;
use crate::support::accounts::Folder;
use negossp::kerberos::ccache::KdcOffset;
use negossp::platform::files::{self, Access};
use negossp::platform::shared_file::Locked;
use negossp::stores::ccache::{Ccache, Collection, Configuration, Name, Problem, Settings};
use std::path::Path;
use std::time::Duration;

fn in_file(path: &Path) -> (String, Box<dyn Ccache>) {
    let name = format!("FILE:{}", path.display());
    let cache = open(&name);
    (name, cache)
}

#[test]
fn what_kinit_and_kvno_wrote_is_found() {
    let folder = Folder::new();
    let (name, cache) = in_file(&folder.write("cache", MITS));
    assert_eq!(cache.name().to_string(), name);
    assert_eq!(cache.principal().unwrap().to_text(), "alice@EXAMPLE.TEST");
    let contents = cache.read().unwrap();
    assert_eq!(contents.credentials.len(), 2);
    assert_eq!(contents.kdc_offset, None);
    // kinit(1) of MIT 1.8 and later.
    assert_eq!(contents.configuration("fast_avail", Some(&krbtgt())), Some(&b"yes"[..]));
    assert!(contents.configuration("pa_type", Some(&krbtgt())).is_some());
    assert_eq!(contents.configuration("fast_avail", None), None);
    assert_eq!(contents.configuration("start_realm", None), None);
    // By the ticket's own times.
    let ticket = &contents.credentials[1];
    let at = |seconds| negossp::types::time::FileTime::from_unix_seconds(seconds);
    assert!(contents.find(&http(), at(ticket.starttime), 0).is_some());
    assert!(contents.find(&http(), at(ticket.endtime), 0).is_none());
    assert!(contents.find(&http(), at(ticket.endtime - 60), 61).is_none());
    assert!(contents.find(&krbtgt(), at(ticket.starttime), 0).is_some());
}

#[test]
fn the_ticket_that_is_valid_longest_is_chosen_and_only_the_owner_s() {
    let mut contents = fresh();
    let mut ticket = contents.credentials[1].clone();
    ticket.endtime += 100;
    contents.credentials.insert(0, ticket.clone());
    ticket.endtime += 100;
    ticket.client = negossp::kerberos::Principal::new(1, &["bob"], REALM);
    contents.credentials.push(ticket.clone());
    ticket.client = contents.principal.clone();
    ticket.is_skey = true;
    contents.credentials.push(ticket);
    let found = contents.find(&http(), now(), 0).unwrap();
    assert_eq!(found.endtime, contents.credentials[0].endtime);
}

#[test]
fn klist_reads_what_is_begun_stored_and_removed() {
    let folder = Folder::new();
    let (name, cache) = in_file(&folder.path("cache"));
    assert_eq!(cache.read().unwrap_err().problem, Problem::Missing);
    assert_eq!(cache.store(&fresh().credentials[0]).unwrap_err().problem, Problem::Missing);
    assert!(!folder.path("cache").exists());
    let contents = fresh();
    cache.initialize(&contents.principal).unwrap();
    klist_shows(&name, "alice", &[]);
    for credentials in &contents.credentials {
        cache.store(credentials).unwrap();
    }
    klist_shows(&name, "alice", &["krbtgt/", "HTTP/"]);
    let configuration =
        Configuration { key: b"start_realm".to_vec(), about: None, value: b"OTHER".to_vec() };
    cache.configure(&configuration).unwrap();
    cache.configure(&Configuration { value: b"EXAMPLE.TEST".to_vec(), ..configuration }).unwrap();
    assert_eq!(
        cache.read().unwrap().configuration("start_realm", None),
        Some(&b"EXAMPLE.TEST"[..])
    );
    if let Some((_, text)) = program(&["klist", "-C", "-c", &name], &name) {
        assert_eq!(text.matches("start_realm").count(), 1, "{text}");
    }
    cache.remove(&http()).unwrap();
    assert_eq!(services(&*cache), [krbtgt().to_text()]);
    klist_shows(&name, "alice", &["krbtgt/"]);
    cache.replace(&fresh_of("bob")).unwrap();
    klist_shows(&name, "bob", &["krbtgt/", "HTTP/"]);
    // Only what was begun can be destroyed.
    cache.destroy().unwrap();
    assert_eq!(cache.destroy().unwrap_err().problem, Problem::Missing);
    assert!(!folder.path("cache").exists());
}

#[test]
fn what_is_read_is_what_was_written() {
    let folder = Folder::new();
    let (_, cache) = in_file(&folder.path("cache"));
    let mut contents = fresh();
    contents.kdc_offset = Some(KdcOffset { seconds: -3600, microseconds: 5 });
    cache.replace(&contents).unwrap();
    let read = cache.read().unwrap();
    assert_eq!(format!("{read:?}"), format!("{contents:?}"));
    for (read, written) in read.credentials.iter().zip(&contents.credentials) {
        assert_same(read, written);
    }
    assert_eq!(read.kdc_time(now()).unix_seconds() + 3600, now().unix_seconds());
}

/// "The credential cache file is created with mode 0600" (MIT's documentation, "ccache types").
#[test]
#[cfg(unix)]
fn a_file_is_its_owner_s_alone_and_no_link_is_written_through() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    let path = folder.write("cache", MITS);
    let (_, cache) = in_file(&path);
    let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    // Others may write to it: it says nothing.
    mode(0o666);
    assert_eq!(cache.read().unwrap_err().problem, Problem::Unusable);
    // Others may read it, and keep it locked.
    mode(0o644);
    assert!(cache.read().is_ok());
    assert_eq!(cache.store(&fresh().credentials[0]).unwrap_err().problem, Problem::Unusable);
    cache.replace(&fresh()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let link = folder.path("link");
    symlink(&path, &link).unwrap();
    let (_, linked) = in_file(&link);
    assert!(linked.read().is_ok());
    assert!(linked.store(&fresh().credentials[0]).is_err());
    assert!(linked.destroy().is_err());
    assert!(path.exists());
}

/// MIT's library locks the file while it appends, and so must everybody.
#[test]
fn a_file_that_another_program_appends_to_is_waited_for() {
    let folder = Folder::new();
    let path = folder.write("cache", MITS);
    let name = Name::parse(path.to_str().unwrap()).unwrap();
    let hasty = Settings { patience: Duration::from_millis(20), ..settings() };
    let cache = hasty.open(&name).unwrap();
    let file = files::open(&path, Access::Update).unwrap().file;
    let locked = Locked::wait(&file, Duration::ZERO).unwrap();
    for error in [
        cache.read().unwrap_err(),
        cache.store(&fresh().credentials[0]).unwrap_err(),
        cache.remove(&http()).unwrap_err(),
    ] {
        assert_eq!(error.problem, Problem::Unusable, "{error}");
    }
    drop(locked);
    let reader = Locked::wait_to_read(&file, Duration::ZERO).unwrap();
    assert!(cache.read().is_ok());
    assert!(cache.store(&fresh().credentials[0]).is_err());
    drop(reader);
    cache.store(&fresh().credentials[0]).unwrap();
    assert_eq!(cache.read().unwrap().credentials.len(), 3);
}

/// Two processes' worth of threads append; nothing is lost, and no reader sees half of a record.
#[test]
fn what_many_append_at_once_is_all_there() {
    let folder = Folder::new();
    let (_, cache) = in_file(&folder.path("cache"));
    cache.replace(&fresh()).unwrap();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..25 {
                    cache.store(&fresh().credentials[1]).unwrap();
                    cache.read().unwrap();
                }
            });
        }
    });
    assert_eq!(cache.read().unwrap().credentials.len(), 102);
}

#[test]
fn a_file_that_is_no_cache_is_neither_read_nor_appended_to() {
    let folder = Folder::new();
    for content in [&b""[..], b"\x05", b"\x05\x02", &MITS[..MITS.len() - 1]] {
        let (_, cache) = in_file(&folder.write("cache", content));
        assert_eq!(cache.read().unwrap_err().problem, Problem::Malformed);
        assert_eq!(cache.store(&fresh().credentials[0]).unwrap_err().problem, Problem::Malformed);
        assert_eq!(std::fs::read(folder.path("cache")).unwrap(), content);
        // It can begin anew.
        cache.replace(&fresh()).unwrap();
        cache.destroy().unwrap();
    }
}

#[test]
fn a_folder_has_a_cache_for_each_client() {
    let folder = Folder::new();
    let path = folder.path("caches");
    let name = format!("DIR:{}", path.display());
    let collection = Collection::new(Name::parse(&name).unwrap(), &settings());
    assert!(collection.caches().unwrap().is_empty());
    assert!(collection.for_realm(REALM.as_bytes()).unwrap().is_none());
    // kinit's choice: the primary one, then one of its own, then the same again.
    for (client, count) in [("alice", 1), ("bob", 2), ("alice", 2)] {
        let contents = fresh_of(client);
        collection.to_store(&contents.principal).unwrap().replace(&contents).unwrap();
        assert_eq!(collection.caches().unwrap().len(), count);
    }
    assert_eq!(
        collection.primary().unwrap().name().to_string(),
        format!("DIR::{}/tkt", path.display())
    );
    let owners = || -> Vec<String> {
        let caches = collection.caches().unwrap();
        caches.iter().map(|cache| cache.principal().unwrap().to_text()).collect()
    };
    assert_eq!(owners(), ["alice@EXAMPLE.TEST", "bob@EXAMPLE.TEST"]);
    if let Some((success, text)) = program(&["klist", "-l"], &name) {
        assert!(success && text.contains("alice@") && text.contains("bob@"), "{text}");
    }
    let bob = collection.of_principal(&fresh_of("bob").principal).unwrap().unwrap();
    let mut elsewhere = fresh_of("carol");
    elsewhere.principal.realm = b"OTHER.TEST".to_vec();
    collection.to_store(&elsewhere.principal).unwrap().replace(&elsewhere).unwrap();
    let chosen = |realm: &str| {
        let cache = collection.for_realm(realm.as_bytes()).unwrap().unwrap();
        cache.principal().unwrap().to_text()
    };
    assert_eq!(chosen("OTHER.TEST"), "carol@OTHER.TEST");
    assert_eq!(chosen(REALM), "alice@EXAMPLE.TEST");
    assert_eq!(chosen("NOBODY.TEST"), "alice@EXAMPLE.TEST");
    collection.make_primary(&*bob).unwrap();
    assert_eq!(owners()[0], "bob@EXAMPLE.TEST");
    klist_shows(&name, "bob", &["krbtgt/", "HTTP/"]);
    // What kswitch has written is read.
    if let Some((success, text)) = program(&["kswitch", "-p", "alice"], &name) {
        assert!(success, "{text}");
        assert_eq!(
            collection.primary().unwrap().principal().unwrap().to_text(),
            "alice@EXAMPLE.TEST"
        );
    }
    let single = Collection::new(bob.name(), &settings());
    assert_eq!(single.caches().unwrap().len(), 1);
}

#[test]
fn a_primary_file_leads_nowhere_else() {
    let folder = Folder::new();
    folder.write("other", MITS);
    folder.write("tkt", MITS);
    let name = Name::parse(&format!("DIR:{}", folder.path(".").display())).unwrap();
    let collection = Collection::new(name, &settings());
    for primary in [
        &b"tkt/../other\n"[..],
        b"../tkt\n",
        b"other\n",
        b"tkt",
        b"",
        b"\n",
        b"tkt\0\n",
        &[&b"tkt"[..], &[b'a'; 100], b"\n"].concat(),
    ] {
        folder.write("primary", primary);
        assert_eq!(collection.primary().unwrap_err().problem, Problem::Malformed, "{primary:?}");
        // It hides no cache.
        assert_eq!(collection.caches().unwrap().len(), 1);
    }
    folder.write("primary", "tkt\n");
    assert!(collection.primary().unwrap().read().is_ok());
}

#[test]
fn a_cache_of_the_process_is_shared_by_its_threads() {
    let cache = open("MEMORY:ccache_file_test");
    assert_eq!(cache.read().unwrap_err().problem, Problem::Missing);
    assert_eq!(cache.store(&fresh().credentials[0]).unwrap_err().problem, Problem::Missing);
    cache.replace(&fresh()).unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| open("MEMORY:ccache_file_test").remove(&http()).unwrap());
    });
    assert_eq!(services(&*cache), [krbtgt().to_text()]);
    cache.store(&fresh().credentials[1]).unwrap();
    assert!(cache.read().unwrap().find(&http(), now(), 0).is_some());
    let collection = Collection::new(cache.name(), &settings());
    assert_eq!(collection.caches().unwrap()[0].name(), cache.name());
    cache.destroy().unwrap();
    assert_eq!(cache.destroy().unwrap_err().problem, Problem::Missing);
}

#[test]
#[cfg(unix)]
fn krb5_conf_names_the_default_cache() {
    if std::env::var_os("KRB5CCNAME").is_some() {
        println!("SKIPPED: KRB5CCNAME is set");
        return;
    }
    let uid = negossp::platform::real_user();
    let name = |text: &str| {
        let settings = Settings { default_name: Some(text.to_owned()), ..settings() };
        settings.default_ccache().map(|name| name.to_string())
    };
    assert_eq!(name("KEYRING:persistent:%{uid}"), Ok(format!("KEYRING:persistent:{uid}")));
    assert_eq!(name("DIR:/run/user/%{uid}/krb5cc"), Ok(format!("DIR:/run/user/{uid}/krb5cc")));
    assert_eq!(name("/x%{null}"), Ok("FILE:/x".into()));
    assert_eq!(name("FILE:%{nobody}").unwrap_err().problem, Problem::Malformed);
    assert_eq!(name("API:").unwrap_err().problem, Problem::Unsupported);
    let default = settings().default_ccache().unwrap();
    assert_eq!(default.to_string(), format!("FILE:/tmp/krb5cc_{uid}"));
}
