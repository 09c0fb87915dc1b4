//! After a client has logged off, no secret of its exchange is left in the process: not in freed
//! memory, not on the stack. What the server needs for the next client stands in one place.
//!
//! The process that is searched is this program again: the test makes the secrets, starts it with
//! `NEGOSSP_TEST_PART` set, and hands it what to look for, masked.
#![cfg(target_os = "linux")]

#[path = "it/support/abi.rs"]
#[allow(dead_code)] // a part is used
mod abi;
#[path = "it/support/accounts.rs"]
#[allow(dead_code)] // a part is used
mod accounts;
#[path = "it/support/kerberos.rs"]
#[allow(dead_code)] // a part is used
mod kerberos;

use abi::{Credentials, Side, converse};
use accounts::{Folder, hex, line};
use kerberos::{Forge, keytab_file};
use negossp::entry::abi::*;
use negossp::kerberos::crypto::Enctype;
use negossp::kerberos::keytab::Entry;
use negossp::ntlm::crypto;
use std::fs;
use std::os::unix::fs::FileExt;
use std::process::Command;

/// Masks what is looked for, so that the search does not find itself.
const MASK: u8 = 0x5a;

/// Something secret, and how often it may be found.
struct Secret {
    name: String,
    masked: Vec<u8>,
    allowed: usize,
}

fn masked(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ MASK).collect()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name}"))
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// The secrets that the test has handed over: NAME:ALLOWED:MASKED,...
fn handed_over() -> Vec<Secret> {
    let secret = |text: &str| {
        let parts: Vec<_> = text.split(':').collect();
        Secret {
            name: parts[0].to_owned(),
            allowed: parts[1].parse().unwrap(),
            masked: unhex(parts[2]),
        }
    };
    variable("NEGOSSP_TEST_SECRETS").split(',').map(secret).collect()
}

/// Where the secrets are in this process' writable memory.
fn search(secrets: &[Secret]) -> Vec<String> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let memory = fs::File::open("/proc/self/mem").unwrap();
    let mut buffer = vec![0u8; 1 << 20];
    let own = buffer.as_ptr().addr()..buffer.as_ptr().addr() + buffer.len();
    let mut found = vec![Vec::new(); secrets.len()];
    for map in maps.lines().filter(|map| map.contains(" rw")) {
        let (start, rest) = map.split_once('-').unwrap();
        let (end, rest) = rest.split_once(' ').unwrap();
        let [start, end] = [start, end].map(|word| usize::from_str_radix(word, 16).unwrap());
        let mut at = start;
        while at < end {
            let length = buffer.len().min(end - at);
            let Ok(read) = memory.read_at(&mut buffer[..length], at as u64) else { break };
            for (secret, found) in secrets.iter().zip(&mut found) {
                let first = secret.masked[0] ^ MASK;
                for (offset, window) in buffer[..read].windows(secret.masked.len()).enumerate() {
                    let place = at + offset;
                    if window[0] == first
                        && !own.contains(&place)
                        && window.iter().zip(&secret.masked).all(|(a, b)| a ^ MASK == *b)
                    {
                        let kind = rest.split_whitespace().nth(4).unwrap_or("anonymous");
                        found.push(format!("{place:#x} ({kind})"));
                    }
                }
            }
            at += (length - 63).max(1);
            if length < buffer.len() {
                break;
            }
        }
    }
    let too_often = |(secret, mut places): (&Secret, Vec<String>)| {
        places.dedup();
        let text = format!("{}: {}", secret.name, places.join(", "));
        (places.len() > secret.allowed).then_some(text)
    };
    secrets.iter().zip(found).filter_map(too_often).collect()
}

/// The session key of an established context, masked.
fn session_key(side: &mut Side, name: &str) -> Secret {
    let key: SecPkgContext_SessionKey = side.query(SECPKG_ATTR_SESSION_KEY).unwrap();
    // SAFETY: the library's memory has this length.
    let bytes =
        unsafe { std::slice::from_raw_parts(key.SessionKey, key.SessionKeyLength as usize) };
    let masked = masked(bytes);
    abi::free(key.SessionKey.cast());
    Secret { name: name.to_owned(), masked, allowed: 0 }
}

/// The other process.
#[test]
fn part() {
    let Ok(part) = std::env::var("NEGOSSP_TEST_PART") else { return };
    let mut secrets = handed_over();
    match part.as_str() {
        "ntlm" => {
            let mut password: Vec<u8> =
                unhex(&variable("NEGOSSP_TEST_PASSWORD")).iter().map(|byte| byte ^ MASK).collect();
            let client_credentials =
                Credentials::outbound("Negotiate", std::str::from_utf8(&password).unwrap());
            password.fill(0);
            std::hint::black_box(&password);
            let server_credentials = Credentials::new("Negotiate", SECPKG_CRED_INBOUND, None);
            let (mut client, mut server) =
                (Side::client(ISC_REQ_CONFIDENTIALITY), Side::server(ASC_REQ_CONFIDENTIALITY));
            let ends = converse(&mut client, &client_credentials, &mut server, &server_credentials);
            assert_eq!((ends.0.status, ends.1.status), (SEC_E_OK, SEC_E_OK));
            secrets.push(session_key(&mut server, "exported session key"));
        }
        _ => {
            let server_credentials = Credentials::new("Kerberos", SECPKG_CRED_INBOUND, None);
            let mut server = Side::server(ASC_REQ_MUTUAL_AUTH);
            let token = unhex(&variable("NEGOSSP_TEST_TOKEN"));
            let end = server.step(&server_credentials, Some(&token));
            assert_eq!(end.status, SEC_E_OK);
            secrets.push(session_key(&mut server, "session key of the context"));
        }
    }
    let found = search(&secrets);
    assert!(found.is_empty(), "found after logoff:\n{}", found.join("\n"));
}

/// Runs the other process' part.
fn run(part: &str, config: &str, secrets: &[(&str, usize, &[u8])], more: (&str, String)) {
    let folder = Folder::new();
    let config = config.replace("FOLDER", &folder.path("").display().to_string());
    let secrets: Vec<_> = secrets
        .iter()
        .map(|(name, allowed, bytes)| format!("{name}:{allowed}:{}", hex(&masked(bytes))))
        .collect();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "part", "--nocapture", "--test-threads=1"])
        .env("NEGOSSP_TEST_PART", part)
        .env("NEGOSSP_CONFIG", folder.write("negossp.toml", config))
        .env("NEGOSSP_TEST_SECRETS", secrets.join(","))
        .env(more.0, more.1)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
fn none_of_an_ntlm_exchange() {
    let password = "correct horse battery staple 7";
    let nt_hash = crypto::nt_hash(password);
    let ntowf_v2 = crypto::ntowf_v2(&nt_hash, "alice", "");
    let files = Folder::new();
    let file = files.write("accounts", line("alice", &nt_hash, "U"));
    accounts::private(&file);
    let utf16: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let text = hex(&nt_hash);
    run(
        "ntlm",
        &format!("[accounts]\nfile = \"{}\"\n", file.display()),
        &[
            ("password", 0, password.as_bytes()),
            ("password in UTF-16", 0, &utf16),
            ("NT hash", 1, &nt_hash),
            ("NT hash as text", 0, text.to_uppercase().as_bytes()),
            ("NT hash as text", 0, text.to_lowercase().as_bytes()),
            ("NTOWFv2", 0, &*ntowf_v2),
        ],
        ("NEGOSSP_TEST_PASSWORD", hex(&masked(password.as_bytes()))),
    );
}

#[test]
fn none_of_a_kerberos_exchange() {
    let forge = Forge::new(Enctype::Aes256Sha1);
    let entry = Entry::new(
        kerberos::REALM.into(),
        kerberos::SERVICE.map(Into::into).to_vec(),
        1,
        3,
        0,
        forge.service_key.clone(),
    );
    let files = Folder::new();
    let keytab = files.write("keytab", keytab_file(&[entry]));
    accounts::private(&keytab);
    let subkey = forge.subkey.clone().unwrap();
    run(
        "kerberos",
        &format!("[kerberos]\nkeytab = \"{}\"\n", keytab.display()),
        &[
            ("service key", 1, forge.service_key.bytes()),
            ("session key of the ticket", 0, forge.session_key.bytes()),
            ("sub-key of the client", 0, subkey.bytes()),
        ],
        ("NEGOSSP_TEST_TOKEN", hex(&forge.token())),
    );
}
