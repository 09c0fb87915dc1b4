//! The keytab changes while a server runs, is missing or is corrupt: at every moment exactly the
//! clients with a ticket for a key in effect are accepted. Also clocks that differ.

use crate::support::accounts::{Folder, eventually};
use crate::support::kerberos::{Forge, REALM, SERVICE, Server, framed, key};
use negossp::config::Settings;
use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::gss_token::{Token, TokenId};
use negossp::kerberos::keytab::Keytab;
use negossp::kerberos::message::{KrbError, error_code};
use negossp::kerberos::{Acceptor, CredentialKeys};
use negossp::platform;
use negossp::runtime::watched_file::Problem;
use negossp::server::Configuration;
use negossp::types::error::{Denial, Error};
use negossp::types::flags::ContextFlags;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const AES: Enctype = Enctype::Aes256Sha1;

/// A keytab file, version 2, with these keys of the service.
fn keytab(keys: &[(&Key, u32)]) -> Vec<u8> {
    let mut file = vec![5, 2];
    for (key, kvno) in keys {
        let mut entry = (SERVICE.len() as u16).to_be_bytes().to_vec();
        let counted = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
        entry.extend(counted(REALM.as_bytes()));
        SERVICE.iter().for_each(|component| entry.extend(counted(component.as_bytes())));
        entry.extend(1u32.to_be_bytes());
        entry.extend(0u32.to_be_bytes());
        entry.push(*kvno as u8);
        entry.extend((key.enctype().number() as u16).to_be_bytes());
        entry.extend(counted(key.bytes()));
        entry.extend(kvno.to_be_bytes());
        file.extend((entry.len() as u32).to_be_bytes());
        file.extend(entry);
    }
    file
}

/// A server that reads its keys from a file.
fn server(configuration: &Arc<Configuration>) -> Server {
    let mut server = Server::with_keytab(Keytab::default());
    server.credential.service.keys = CredentialKeys::None;
    server.configuration = Some(configuration.clone());
    server
}

fn open(path: &Path) -> Arc<Configuration> {
    let mut settings = Settings::default();
    settings.kerberos.enctypes = Enctype::ALL.to_vec();
    settings.kerberos_files.keytab = Some(path.to_owned());
    Arc::new(Configuration::open(settings, None))
}

/// The error that is now reported for the keytab file.
fn keytab_problem(file: &Configuration) -> Option<Problem> {
    file.keys.keytab.as_ref().unwrap().current().problem.clone()
}

/// A client with a ticket under this key is accepted.
fn gets_in(server: &Server, service_key: &Key, kvno: u32) -> bool {
    let forge = Forge { service_key: service_key.clone(), kvno: Some(kvno), ..Forge::new(AES) };
    match server.accept(&forge.token()) {
        Ok(_) => true,
        // For no other reason than the key.
        Err(Error::LogonDenied(Denial::Ticket(why))) if why.contains("no key") => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_key_is_rolled_while_the_server_runs() {
    let folder = Folder::new();
    let (old, new) = (key(AES), key(AES));
    let file = open(&folder.write("keytab", keytab(&[(&old, 3)])));
    let server = server(&file);
    assert!(gets_in(&server, &old, 3));
    assert!(!gets_in(&server, &new, 4));
    // The KDC has the new key at once, the keytab a little later: with both keys in it no client is
    // rejected.
    folder.replace("keytab", keytab(&[(&old, 3), (&new, 4)]));
    eventually("the new key counts", || gets_in(&server, &new, 4));
    assert!(gets_in(&server, &old, 3), "tickets from before the change are good until they end");
    // A client whose ticket is older than the keytab's oldest key has to get another one.
    folder.replace("keytab", keytab(&[(&new, 4)]));
    eventually("the old key is out of force", || !gets_in(&server, &old, 3));
    assert!(gets_in(&server, &new, 4));
}

/// The keytab of round n has the keys n and n+1; a client that uses a key that is in two keytabs is
/// accepted whichever of them is in effect, and however the file is being changed.
#[test]
fn eight_threads_accept_while_the_keytab_is_replaced() {
    const ROUNDS: usize = 5;
    let keys: Vec<Key> = (0..ROUNDS + 2).map(|_| key(AES)).collect();
    let of_round = |n: usize| keytab(&[(&keys[n], n as u32), (&keys[n + 1], n as u32 + 1)]);
    let folder = Folder::new();
    let file = open(&folder.write("keytab", of_round(0)));
    let (round, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let accepted: Vec<AtomicUsize> = (0..8).map(|_| AtomicUsize::new(0)).collect();
    std::thread::scope(|scope| {
        for accepted in &accepted {
            let (file, round, stop, keys) = (&file, &round, &stop, &keys);
            scope.spawn(move || {
                let server = server(file);
                while !stop.load(Ordering::SeqCst) {
                    let before = round.load(Ordering::SeqCst);
                    let good = gets_in(&server, &keys[before + 1], before as u32 + 1);
                    // The next keytab but one, which lacks the key, is only written in the next
                    // round.
                    assert!(
                        good || round.load(Ordering::SeqCst) != before,
                        "round {before}: turned away"
                    );
                    assert!(!gets_in(&server, &key(AES), 1), "a key that was never in the keytab");
                    accepted.fetch_add(usize::from(good), Ordering::SeqCst);
                }
            });
        }
        let server = server(&file);
        for n in 1..=ROUNDS {
            if n % 2 == 0 {
                folder.replace("keytab", of_round(n));
            } else {
                // In place, as some tools write: an empty file, half of one, all of it.
                folder.write("keytab", b"");
                folder.write("keytab", &of_round(n)[..of_round(n).len() - 20]);
                folder.write("keytab", of_round(n));
            }
            eventually("the next keytab counts", || gets_in(&server, &keys[n + 1], n as u32 + 1));
            round.store(n, Ordering::SeqCst);
        }
        stop.store(true, Ordering::SeqCst);
    });
    for accepted in accepted {
        assert!(accepted.into_inner() > 20, "a thread did nothing");
    }
}

#[test]
fn a_keytab_that_is_missing_at_first_counts_once_it_is_there() {
    let folder = Folder::new();
    let service_key = key(AES);
    let file = open(&folder.path("keytab"));
    assert_eq!(keytab_problem(&file), Some(Problem::Missing));
    let server = server(&file);
    assert!(!gets_in(&server, &service_key, 3));
    folder.write("keytab", keytab(&[(&service_key, 3)]));
    eventually("the keytab counts", || gets_in(&server, &service_key, 3));
    assert_eq!(keytab_problem(&file), None);
}

#[test]
fn a_keytab_that_is_damaged_at_first_accepts_no_client() {
    let service_key = key(AES);
    let good = keytab(&[(&service_key, 3)]);
    let empty: &[u8] = b"";
    for spoilt in
        [empty, b"\x05", b"\x04\x02", b"keytab", &vec![0xff; 1000], &good[..good.len() - 1]]
    {
        let folder = Folder::new();
        let file = open(&folder.write("keytab", spoilt));
        let server = server(&file);
        assert!(!gets_in(&server, &service_key, 3), "{spoilt:02x?}");
        folder.write("keytab", &good);
        eventually("the good keytab counts", || gets_in(&server, &service_key, 3));
    }
    // A folder is not a file.
    let folder = Folder::new();
    std::fs::create_dir(folder.path("keytab")).unwrap();
    let file = open(&folder.path("keytab"));
    assert!(matches!(keytab_problem(&file), Some(Problem::Unreadable(_))));
    assert!(!gets_in(&server(&file), &service_key, 3));
}

/// The keys read last stay in effect while the file cannot be read; a keytab that is removed takes
/// its keys out of effect.
#[test]
fn a_keytab_that_is_spoilt_while_the_server_runs() {
    let folder = Folder::new();
    let (old, new) = (key(AES), key(AES));
    let good = keytab(&[(&old, 3)]);
    let file = open(&folder.write("keytab", &good));
    let server = server(&file);
    let two = keytab(&[(&old, 3), (&new, 4)]);
    // The last is one that is still being written: its end, with the old key, is missing.
    let cut = keytab(&[(&key(AES), 4), (&old, 3)]);
    for spoilt in [b"".to_vec(), b"nonsense".to_vec(), cut[..cut.len() - 5].to_vec()] {
        folder.write("keytab", &spoilt);
        // Long enough for two checks of the file.
        let until = std::time::Instant::now() + std::time::Duration::from_millis(2300);
        while std::time::Instant::now() < until {
            assert!(gets_in(&server, &old, 3), "{spoilt:02x?}");
            assert!(!gets_in(&server, &new, 4));
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
    folder.write("keytab", &two);
    eventually("the good keytab counts", || gets_in(&server, &new, 4));

    std::fs::remove_file(folder.path("keytab")).unwrap();
    eventually("the keys are gone", || !gets_in(&server, &new, 4));
    assert!(!gets_in(&server, &old, 3));
    assert_eq!(keytab_problem(&file), Some(Problem::Missing));
    folder.write("keytab", keytab(&[(&new, 4)]));
    eventually("the keytab is back", || gets_in(&server, &new, 4));
    assert!(!gets_in(&server, &old, 3));
}

/// A client whose clock is wrong is rejected and gets the server's time, with which it is accepted,
/// as often as it sends a new authenticator.
#[test]
fn a_client_with_a_wrong_clock_learns_the_right_one() {
    let folder = Folder::new();
    let service_key = key(AES);
    let mut server = server(&open(&folder.write("keytab", keytab(&[(&service_key, 3)]))));
    server.requirements = ContextFlags::EXTENDED_ERROR;
    for wrong in [-86_400, -3600, -301, 301, 3600, 86_400] {
        let now = platform::now();
        server.now = Some(now);
        let mut forge = Forge { service_key: service_key.clone(), ctime: wrong, ..Forge::new(AES) };
        let failure = server.step(&Acceptor::new(), &framed(&forge.at(now))).err().unwrap();
        assert!(
            matches!(failure.error, Error::LogonDenied(Denial::Ticket(why)) if why.contains("clocks"))
        );
        let token = failure.token.unwrap();
        let token = Token::read(&token).unwrap();
        assert_eq!(token.id, TokenId::Error);
        let told = KrbError::decode(token.body).unwrap();
        assert_eq!(told.error_code, error_code::SKEW);
        // From now on the client applies the difference.
        forge.ctime = wrong + (told.stime - (now.unix_seconds() + wrong));
        let again = framed(&forge.at(now));
        assert!(server.accept(&again).is_ok());
        assert!(server.accept(&again).is_err(), "a replay");
        assert!(server.accept(&framed(&forge.at(now))).is_ok());
    }
}

/// Requests from both ends of the tolerance are accepted once, and not again while their time is
/// valid: an hour and a half of clients whose clocks are ahead and behind. In a process of its own,
/// since the replay cache's time cannot go back for the other tests.
#[test]
fn replays_are_refused_as_long_as_the_skew_would_let_them_in() {
    if std::env::var_os("NEGOSSP_TEST_ALONE").is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args([
            "--exact",
            "kerberos::reload::replays_are_refused_as_long_as_the_skew_would_let_them_in",
        ]);
        let output = again.env("NEGOSSP_TEST_ALONE", "1").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let folder = Folder::new();
    let service_key = key(AES);
    let mut server = server(&open(&folder.write("keytab", keytab(&[(&service_key, 3)]))));
    let begin = platform::now();
    let mut sent: Vec<(i64, Vec<u8>)> = Vec::new();
    for minute in 0..90 {
        let now = begin.shifted(60 * minute);
        server.now = Some(now);
        for ctime in [-300, -150, 0, 150, 300] {
            let forge = Forge {
                service_key: service_key.clone(),
                ctime,
                endtime: 36_000,
                ..Forge::new(AES)
            };
            let token = framed(&forge.at(now));
            assert!(server.accept(&token).is_ok());
            sent.push((60 * minute + ctime, token));
        }
        for (ctime, token) in &sent {
            let why = match server.accept(token) {
                Err(Error::LogonDenied(why)) => why.to_string(),
                other => panic!("{:?}", other.map(|_| ())),
            };
            let fresh = (60 * minute - ctime).abs() <= 300;
            assert!(
                why.contains(if fresh { "used before" } else { "clocks" }),
                "{ctime} at {minute}: {why}"
            );
        }
    }
}
