//! What the tests of accounts and configuration share: a folder of their own, lines of an account
//! file, and NTLMv2 responses computed here, after [MS-NLMP] 3.3.2, without code of the library.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use negossp::config::Settings;
use negossp::mechanism::Package;
use negossp::ntlm::{Authority, NetworkLogon, ResponsePolicy, Validated};
use negossp::platform;
use negossp::principal::directory::Directory;
use negossp::server::Configuration;
use negossp::server::credential::{Credential, Usage};
use negossp::types::error::Error;
use negossp::types::logon_names::LogonNames;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// NT hashes by `printf %s PASSWORD | iconv -t UTF-16LE | openssl dgst -md4 -provider legacy`; the
/// first is [MS-NLMP] 4.2.2.1.2's too.
pub(crate) const NT_HASHES: [(&str, &str); 4] = [
    ("Password", "a4f49c406510bdcab6824ee7c30fd852"),
    ("SecREt01", "cd06ca7c7e10c99b1d33b7485a2ed808"),
    ("pässwörd", "0553152250ac01adb4213cb9938663e4"),
    ("😀 emoji", "b1b7cef94c8b9702a9f864253c968d9f"),
];

pub(crate) const PASSWORD: [u8; 16] =
    *b"\xa4\xf4\x9c\x40\x65\x10\xbd\xca\xb6\x82\x4e\xe7\xc3\x0f\xd8\x52";
pub(crate) const SECRET01: [u8; 16] =
    *b"\xcd\x06\xca\x7c\x7e\x10\xc9\x9b\x1d\x33\xb7\x48\x5a\x2e\xd8\x08";

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

/// A line of an account file.
pub(crate) fn line(name: &str, nt_hash: &[u8; 16], flags: &str) -> String {
    format!("{name}:1000:{}:{}:[{flags:<11}]:LCT-00000000:\n", "X".repeat(32), hex(nt_hash))
}

/// A folder that is removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "negossp-test-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        private(&path);
        path
    }

    /// Puts a new file in the place of the old, as `negossp account` does.
    pub(crate) fn replace(&self, name: &str, text: impl AsRef<[u8]>) {
        let new = self.write("replacement", text);
        std::fs::rename(new, self.path(name)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn private(path: &Path) {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let _ = path;
}

/// Waits until `done`, and fails after a time that is ample on any machine.
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "still not so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn hmac(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

pub(crate) const SERVER_CHALLENGE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

/// `temp` of [MS-NLMP] 4.2.4.1.3, with zero time.
pub(crate) fn temp() -> Vec<u8> {
    let target_info: &[&[u8]] = &[
        b"\x02\x00\x0c\x00",
        &utf16("Domain"),
        b"\x01\x00\x0c\x00",
        &utf16("Server"),
        b"\x00\x00\x00\x00",
    ];
    [&[1, 1, 0, 0, 0, 0, 0, 0][..], &[0; 8], &[0xaa; 8], &[0; 4], &target_info.concat(), &[0; 4]]
        .concat()
}

/// A client's NTLMv2 logon.
pub(crate) struct Client {
    pub(crate) user: String,
    pub(crate) domain: String,
    nt_response: Vec<u8>,
    /// `SessionBaseKey`; the log must not show it.
    #[allow(dead_code)] // used by tests/log.rs
    pub(crate) session_base_key: [u8; 16],
}

impl Client {
    #[allow(dead_code)] // not used by all programs
    pub(crate) fn nt_response(&self) -> &[u8] {
        &self.nt_response
    }

    /// Sends `user` and `domain` unchanged; `nt_hash` is the password's.
    pub(crate) fn new(user: &str, domain: &str, nt_hash: &[u8; 16]) -> Client {
        let key = hmac(nt_hash, &[&utf16(&user.to_uppercase()), &utf16(domain)]);
        let proof = hmac(&key, &[&SERVER_CHALLENGE, &temp()]);
        Client {
            user: user.into(),
            domain: domain.into(),
            nt_response: [&proof[..], &temp()].concat(),
            session_base_key: hmac(&key, &[&proof]),
        }
    }

    pub(crate) fn nt_proof(&self) -> &[u8] {
        &self.nt_response[..16]
    }

    pub(crate) fn logon(&self) -> NetworkLogon<'_> {
        NetworkLogon {
            user: &self.user,
            domain: &self.domain,
            workstation: "CLIENT",
            address: None,
            machine_id: None,
            oem: None,
            server_challenge: SERVER_CHALLENGE,
            nt_response: &self.nt_response,
            lm_response: &[],
            extended_session_security: true,
            allowed: ResponsePolicy::default(),
            mschapv2: false,
            messages: Default::default(),
        }
    }
}

/// An inbound credential without an account of its own.
pub(crate) fn credential() -> Credential {
    Credential {
        package: Package::Negotiate,
        usage: Usage { inbound: true, outbound: false },
        principal: None,
        identity: None,
        mechanisms: negossp::mechanism::Mechanism::ALL.to_vec(),
        accounts: Vec::new(),
        application: None,
        service: Default::default(),
        tickets: None,
        assembled: Default::default(),
    }
}

/// Has the authorities validate a logon, and reports the outcome to them as at the end of an
/// exchange.
pub(crate) fn validate(
    credential: &Credential,
    settings: &Settings,
    logon: &NetworkLogon<'_>,
) -> Result<Validated, Error> {
    validate_under(credential, &Configuration::open(settings.clone(), None), logon)
}

/// The same under a configuration that is not reloaded.
pub(crate) fn validate_under(
    credential: &Credential,
    configuration: &Configuration,
    logon: &NetworkLogon<'_>,
) -> Result<Validated, Error> {
    configuration.usable()?;
    let (chain, now) = (credential.authorities(configuration), platform::now());
    let result = chain.validate(logon, now).and_then(|validated| {
        let principal = configuration.details.complete(validated.principal)?;
        Ok(Validated { principal, ..validated })
    });
    let names = LogonNames {
        user: logon.user.to_owned(),
        domain: logon.domain.to_owned(),
        workstation: logon.workstation.to_owned(),
        address: logon.address,
    };
    match &result {
        Ok(validated) => chain.accepted(&names, validated.receipt, now),
        Err(error) => chain.rejected(&names, error, 0, now),
    }
    result
}
