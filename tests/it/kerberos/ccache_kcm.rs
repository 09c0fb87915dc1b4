//! Caches of credential cache managers: Heimdal's and sssd's, beside MIT's programs, and one that
//! lies.

use super::ccache_support::*;
use crate::support::accounts::Folder;
use negossp::kerberos::ccache::{self, KdcOffset};
use negossp::stores::ccache::{Ccache, Collection, Name, Problem, Settings};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A manager in a mount namespace of its own.
pub(super) struct Manager {
    child: Child,
    socket: PathBuf,
    folder: Folder,
}

impl Manager {
    /// `None`, and told, where it is not installed or must not be started.
    fn start(kind: &str) -> Option<Manager> {
        let program = match kind {
            "heimdal" => "/usr/sbin/kcm",
            _ => "/usr/libexec/sssd/sssd_kcm",
        };
        if !Path::new(program).exists() || negossp::platform::effective_user() != 0 {
            println!("SKIPPED: {program} is not installed, or this is not root");
            return None;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/infra/kcm.sh");
        let mut child = Command::new(script)
            .arg(kind)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let socket = format!("/proc/{}/root/run/.heim_org.h5l.kcm-socket", child.id());
        let begun = Instant::now();
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            if begun.elapsed() > Duration::from_secs(20) || child.try_wait().unwrap().is_some() {
                println!("SKIPPED: {program} does not start here (mount namespaces)");
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let folder = Folder::new();
        folder.write(
            "krb5.conf",
            format!("[libdefaults]\ndefault_realm = EXAMPLE.TEST\nkcm_socket = {socket}\n"),
        );
        Some(Manager { child, socket: socket.into(), folder })
    }

    pub(super) fn settings(&self) -> Settings {
        Settings { kcm_socket: Some(self.socket.clone()), ..settings() }
    }

    fn open(&self, name: &str) -> Box<dyn Ccache> {
        self.settings().open(&Name::parse(name).unwrap()).unwrap()
    }

    /// The path of a krb5.conf that names the socket.
    pub(super) fn config(&self) -> String {
        self.folder.path("krb5.conf").display().to_string()
    }

    /// One of MIT's programs, which finds this manager.
    fn program(&self, arguments: &[&str]) -> (bool, String) {
        let config = self.config();
        let environment = [("KRB5CCNAME", "KCM:"), ("KRB5_CONFIG", &*config)];
        run(arguments, &environment).unwrap_or((true, String::new()))
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Each manager that can be started here.
pub(super) fn with_each(test: impl Fn(&Manager, &str)) {
    for kind in ["heimdal", "sssd"] {
        if let Some(manager) = Manager::start(kind) {
            test(&manager, kind);
        }
    }
}

#[test]
fn klist_reads_what_we_store_with_a_manager() {
    with_each(|manager, kind| {
        let cache = manager.open("KCM:");
        assert_eq!(cache.read().unwrap_err().problem, Problem::Missing, "{kind}");
        let mut contents = fresh();
        cache.initialize(&contents.principal).unwrap();
        contents.kdc_offset = Some(KdcOffset { seconds: 17, microseconds: 0 });
        cache.replace(&contents).unwrap();
        let read = cache.read().unwrap();
        assert_eq!(read.principal, contents.principal);
        assert_eq!(read.kdc_offset, contents.kdc_offset, "{kind}");
        assert_eq!(read.credentials.len(), 2);
        for credentials in &contents.credentials {
            let found = read.find(&credentials.server, now(), 0).unwrap();
            assert_same(found, credentials);
        }
        assert_eq!(read.configuration("fast_avail", Some(&krbtgt())), Some(&b"yes"[..]));
        let (success, text) = manager.program(&["klist"]);
        assert!(success && text.contains("alice@EXAMPLE.TEST"), "{kind}: {text}");
        assert!(text.contains("HTTP/server.example.test@"), "{kind}: {text}");
        cache.remove(&http()).unwrap();
        assert_eq!(services(&*cache), [krbtgt().to_text()], "{kind}");
        cache.store(&contents.credentials[1]).unwrap();
        assert_eq!(services(&*cache).len(), 2, "{kind}");
        cache.destroy().unwrap();
        assert_eq!(cache.read().unwrap_err().problem, Problem::Missing, "{kind}");
    });
}

#[test]
fn a_manager_has_a_cache_for_each_client() {
    with_each(|manager, kind| {
        let collection = Collection::new(Name::parse("KCM:").unwrap(), &manager.settings());
        assert!(collection.caches().unwrap().is_empty(), "{kind}");
        for (client, count) in [("alice", 1), ("bob", 2), ("alice", 2)] {
            let contents = fresh_of(client);
            collection.to_store(&contents.principal).unwrap().replace(&contents).unwrap();
            assert_eq!(collection.caches().unwrap().len(), count, "{kind}");
        }
        let (success, text) = manager.program(&["klist", "-l"]);
        assert!(success && text.contains("alice@") && text.contains("bob@"), "{kind}: {text}");
        let bob = collection.of_principal(&fresh_of("bob").principal).unwrap().unwrap();
        collection.make_primary(&*bob).unwrap();
        let primary = || collection.primary().unwrap().principal().unwrap().to_text();
        assert_eq!(primary(), "bob@EXAMPLE.TEST", "{kind}");
        let (success, text) = manager.program(&["klist"]);
        assert!(success && text.contains("principal: bob@"), "{kind}: {text}");
        let (success, text) = manager.program(&["kdestroy", "-A"]);
        assert!(success, "{kind}: {text}");
        for cache in collection.caches().unwrap() {
            assert_eq!(cache.read().unwrap_err().problem, Problem::Missing, "{kind}");
        }
    });
}

/// A manager that answers each request with these bytes, which have the length before them, and
/// then keeps the connection open or ends it.
fn with_liar(answer: &[u8], keeps_open: bool, test: impl FnOnce(&Settings)) {
    let folder = Folder::new();
    let socket = folder.path("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let answer = answer.to_vec();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer);
            if keeps_open {
                open.push(stream);
            }
        }
    });
    let patience = Duration::from_millis(200);
    test(&Settings { kcm_socket: Some(socket), patience, ..Settings::default() });
}

#[test]
fn a_manager_that_lies_or_is_silent_harms_nobody() {
    let owner = ccache::encode_principal(&fresh().principal).unwrap();
    let reply = |body: &[u8]| [&(body.len() as u32).to_be_bytes()[..], &[0; 4], body].concat();
    for (answer, keeps_open, problem) in [
        // Nothing, for ever and at once.
        (vec![], true, Problem::Unusable),
        (vec![], false, Problem::Unusable),
        // A length without end.
        (vec![0xff; 8], true, Problem::Malformed),
        (b"\0\xa0\0\x01\0\0\0\0".to_vec(), true, Problem::Malformed),
        // Less than was announced.
        (b"\0\0\0\x10\0\0\0\0abc".to_vec(), false, Problem::Unusable),
        (b"\0\0\0\x10\0\0\0\0abc".to_vec(), true, Problem::Unusable),
        // No code; no results; half a name.
        (reply(b"\0\0"), true, Problem::Malformed),
        (reply(&[0; 4]), true, Problem::Missing),
        (reply(&[&[0; 4], &owner[..owner.len() - 1]].concat()), true, Problem::Malformed),
        // KRB5_FCC_NOFILE, and a code that means nothing.
        (reply(b"\x96\xc7\x3a\xc3"), true, Problem::Missing),
        (reply(b"\0\0\0\x63"), true, Problem::Unusable),
        // A name where credentials are due.
        (reply(&[&[0; 4], owner.as_slice()].concat()), false, Problem::Unusable),
    ] {
        with_liar(&answer, keeps_open, |settings| {
            let begun = Instant::now();
            let cache = settings.open(&Name::Kcm("1000".into())).unwrap();
            let error = cache.read().unwrap_err();
            assert_eq!(error.problem, problem, "{answer:?}: {error}");
            assert!(begun.elapsed() < Duration::from_secs(5), "{answer:?}");
            let _ = Collection::new(Name::Kcm(String::new()), settings).caches();
            let _ = cache.remove(&http());
            assert!(begun.elapsed() < Duration::from_secs(10), "{answer:?}");
        });
    }
}

#[test]
fn without_a_manager_there_is_no_cache() {
    let folder = Folder::new();
    let at = |socket: PathBuf| Settings { kcm_socket: Some(socket), ..settings() };
    let cache = at(folder.path("none")).open(&Name::Kcm("0".into())).unwrap();
    assert_eq!(cache.read().unwrap_err().problem, Problem::Missing);
    let collection = Collection::new(Name::Kcm(String::new()), &at(folder.path("none")));
    assert!(collection.caches().unwrap().is_empty());
    assert!(collection.primary().is_err());
    let none = at("-".into()).open(&Name::Kcm("0".into())).unwrap();
    assert_eq!(none.read().unwrap_err().problem, Problem::Unsupported);
    assert!(at(folder.path(&"x".repeat(200))).open(&Name::Kcm(String::new())).is_err());
}
