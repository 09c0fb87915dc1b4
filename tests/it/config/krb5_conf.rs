//! krb5.conf, beside what MIT krb5 reads from the same files (tests/data/krb5_conf/record.sh).

use negossp::config::krb5_conf::{self, Krb5Conf, Krb5ConfFile};
use negossp::kerberos::crypto::Enctype;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A new folder for files of this test.
fn folder(name: &str) -> PathBuf {
    let path =
        std::env::temp_dir().join(format!("negossp-{}-krb5-conf-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Copies files, in which `@DIR@` is the folder that they come to.
fn copy(from: &Path, to: &Path, root: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target, root);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            fs::write(target, text.replace("@DIR@", root.to_str().unwrap())).unwrap();
        }
    }
}

const REALMS: [&str; 3] = ["EXAMPLE.TEST", "OTHER.TEST", "THIRD.TEST"];
const HOSTS: [&str; 8] = [
    "www.example.test",
    "example.test",
    "a.b.example.test",
    "host.other.test",
    "OTHER.test.",
    "single",
    "192.0.2.1",
    "deep.sub.example.test",
];

/// The configuration as `mit.c` prints it.
fn dump(conf: &Krb5Conf) -> String {
    let mut out = String::new();
    let d = &conf.libdefaults;
    let mut line = |name: &str, value: String| writeln!(out, "{name}{value}").unwrap();
    let texts = [
        ("default_realm", &d.default_realm),
        ("default_ccache_name", &d.default_ccache_name),
        ("qualify_shortname", &d.qualify_shortname),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            line(name, format!(" <{value}>"));
        }
    }
    let t = &d.tickets;
    let flags = [
        ("rdns", d.rdns),
        ("forwardable", t.forwardable.unwrap_or(false)),
        ("proxiable", t.proxiable),
        ("canonicalize", t.canonicalize.unwrap_or(false)),
        ("noaddresses", t.no_addresses),
        ("dns_uri_lookup", d.dns_uri_lookup),
    ];
    for (name, value) in flags {
        line(name, format!(" {}", u8::from(value)));
    }
    line("clockskew", format!(" {}", d.clockskew));
    line("udp_preference_limit", format!(" {}", d.udp_preference_limit));
    line("ticket_lifetime", format!(" {}", t.ticket_lifetime));
    line("renew_lifetime", format!(" {}", t.renew_lifetime));
    let numbers =
        |list: &[Enctype]| list.iter().map(|e| format!(" {}", e.number())).collect::<String>();
    line("permitted_enctypes", numbers(&d.permitted_enctypes));
    line("tgs_enctypes", numbers(&d.tgs_enctypes));
    fn list<T: ToString>(values: &[T]) -> String {
        values.iter().map(|value| format!(" <{}>", value.to_string())).collect()
    }
    for realm in REALMS {
        line("realm ", realm.to_owned());
        let of = conf.realms.get(realm).cloned().unwrap_or_default();
        let values = [
            ("kdc", list(&of.kdcs)),
            ("kpasswd_server", list(&of.kpasswd)),
            ("http_anchors", list(&of.http_anchors)),
        ];
        for (name, value) in values {
            if !value.is_empty() {
                line(name, value);
            }
        }
        for server in REALMS {
            match conf.path(realm, server) {
                None => {}
                // "." in the file.
                Some([]) => line(&format!("path {server}"), " <.>".into()),
                Some(path) => line(&format!("path {server}"), list(path)),
            }
        }
    }
    for host in HOSTS {
        line(&format!("host {host}"), format!(" <{}>", conf.realm_of_host(host).unwrap_or("")));
    }
    out
}

#[test]
fn as_mit_reads_it() {
    let root = folder("mit");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/krb5_conf"), &root, &root);
    let mut compared = 0;
    for entry in fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(case) = name.strip_suffix(".mit") else { continue };
        let files: Vec<PathBuf> = (1..)
            .map(|n| root.join(format!("{case}.{n}.conf")))
            .take_while(|path| path.exists())
            .collect();
        let conf = krb5_conf::load(&files);
        let expected = fs::read_to_string(&path).unwrap();
        // Problems of values, which MIT replaces by the default too, begin with a bracket.
        let syntax: Vec<_> = conf.problems.iter().filter(|line| !line.starts_with('[')).collect();
        if expected == "refused\n" {
            assert!(!syntax.is_empty(), "{case}");
            // What follows the line is read nevertheless.
            assert_eq!(conf.libdefaults.default_realm.as_deref(), Some("EXAMPLE.TEST"), "{case}");
            if case.starts_with("bad-") {
                assert_eq!(conf.realms["EXAMPLE.TEST"].kdcs.len(), 1, "{case}");
            }
        } else {
            assert!(syntax.is_empty(), "{case}: {syntax:?}");
            assert_eq!(dump(&conf), expected, "{case}");
        }
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn without_a_file_defaults_hold() {
    let conf = krb5_conf::load(&["/nothing/krb5.conf".into()]);
    assert_eq!(conf, Krb5Conf::default());
    assert!(conf.problems.is_empty());
    assert_eq!(conf.fallback_realm_of_host("www.Example.test").as_deref(), Some("EXAMPLE.TEST"));
    assert_eq!(conf.fallback_realm_of_host("www"), None);
    assert!(conf.kdc_options().dns_lookup);
}

/// MIT krb5 1.20 heeds marks for later files only; newer versions for what follows in the file, too.
#[test]
fn a_final_value_is_the_last() {
    let conf = Krb5Conf::parse(b"[realms]\nR = {\n kdc = a:1\n kdc* = b:1\n kdc = c:1\n}\n");
    let kdcs: Vec<String> = conf.realms["R"].kdcs.iter().map(ToString::to_string).collect();
    assert_eq!(kdcs, ["a:1", "b:1"]);
    let conf = Krb5Conf::parse(
        b"[realms]\nR* = {\n kdc = a:1\n}\nR = {\n x = {\n y = z\n }\n kdc = b:1\n}\nS = {\n kdc = c:1\n}\n",
    );
    assert_eq!((conf.realms["R"].kdcs.len(), conf.realms["S"].kdcs.len()), (1, 1));
}

/// A value of `[libdefaults]` for one realm, krb5.conf(5).
#[test]
fn tickets_of_a_realm() {
    let conf = Krb5Conf::parse(
        b"[libdefaults]\nforwardable = true\nticket_lifetime = 1h\nOTHER.TEST = {\n forwardable = false\n}\n",
    );
    assert_eq!(conf.tickets("EXAMPLE.TEST").forwardable, Some(true));
    let other = conf.tickets("OTHER.TEST");
    assert_eq!((other.forwardable, other.ticket_lifetime), (Some(false), 3600));
}

#[test]
fn a_changed_file_is_read_again() {
    let root = folder("watched");
    let main = root.join("krb5.conf");
    let parts = root.join("parts");
    fs::create_dir(&parts).unwrap();
    fs::write(&main, format!("includedir {}\n", parts.display())).unwrap();
    let watched = Krb5ConfFile::open(vec![main]);
    assert_eq!(watched.current().libdefaults.default_realm, None);
    let becomes = |realm: Option<&str>| {
        let until = Instant::now() + Duration::from_secs(60);
        while watched.current().libdefaults.default_realm.as_deref() != realm {
            assert!(Instant::now() < until, "{realm:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let part = parts.join("realm");
    fs::write(&part, "[libdefaults]\ndefault_realm = ONE\n").unwrap();
    becomes(Some("ONE"));
    fs::write(&part, "[libdefaults]\ndefault_realm = TWO\n").unwrap();
    becomes(Some("TWO"));
    fs::remove_file(&part).unwrap();
    becomes(None);
    fs::remove_dir_all(root).unwrap();
}

/// Somebody else who may write to the file could send passwords to a KDC of theirs.
#[test]
#[cfg(unix)]
fn a_file_that_others_may_write_is_not_read() {
    use std::os::unix::fs::PermissionsExt;
    let root = folder("rights");
    let path = root.join("krb5.conf");
    fs::write(&path, "[libdefaults]\ndefault_realm = EXAMPLE.TEST\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let conf = krb5_conf::load(std::slice::from_ref(&path));
    assert_eq!(conf.libdefaults.default_realm, None);
    assert_eq!(conf.problems.len(), 1, "{:?}", conf.problems);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(krb5_conf::load(&[path]).problems.is_empty());
    fs::remove_dir_all(root).unwrap();
}
