//! The configuration, and credentials of both parties.

use super::{NO_HANDLE, wide};
use crate::kerberos;
use crate::{PASSWORD, USER};
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use negossp::kerberos::keytab::Entry;
use std::ffi::c_void;
use std::path::PathBuf;
use std::ptr::null_mut;
use std::sync::Once;

/// The most handles of one kind, for the configuration. One that leaks is missed before long.
pub const MOST: usize = 128;

/// An account of the file, which the application's callbacks do not know.
pub const IN_FILE: (&str, &str) = ("carol", "In the file 1");

/// Writes the configuration and tells the library where it is. Before the first call. With
/// `complete`, tokens are to be completed by CompleteAuthToken.
pub fn configure(complete: bool) {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        let folder: PathBuf =
            std::env::temp_dir().join(format!("negossp-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the configuration");
        let hash = negossp_core::primitives::nt_hash::nt_hash(IN_FILE.1);
        let hash: String = hash.iter().map(|byte| format!("{byte:02X}")).collect();
        let line =
            format!("{}:1000:{}:{hash}:[U          ]:LCT-00000000:\n", IN_FILE.0, "X".repeat(32));
        std::fs::write(folder.join("accounts"), line).expect("the account file");
        let config = format!(
            r#"
[accounts]
file = "accounts"
domain = "EXAMPLE"
[authorities]
# Wrong passwords are given on purpose.
throttle = []
[ntlm]
# Clients and server are one process.
loopback_check = false
[kerberos]
replay_restart_file = ""
enctypes = ["aes256-sha1", "aes128-sha1", "aes256-sha2", "aes128-sha2", "rc4-hmac", "des3-cbc-sha1"]
[tokens]
anonymous = "nobody"
allow_root = false
[tokens.users]
'EXAMPLE\alice' = {{ uid = 61001, gid = 61001 }}
"alice@{realm}" = {{ uid = 61002, gid = 61002 }}
[negotiate]
complete_auth_token = {complete}
[limits]
contexts = {MOST}
credentials = {MOST}
"#,
            realm = kerberos::REALM
        );
        let file = folder.join("negossp.toml");
        std::fs::write(&file, config).expect("the configuration");
        // SAFETY: called before the first call of the library, by the only thread.
        unsafe { std::env::set_var("NEGOSSP_CONFIG", file) };
    });
}

/// AcquireCredentialsHandleW.
pub fn acquire(
    package: &str,
    usage: ULONG,
    data: *mut c_void,
) -> Result<SecHandle, SECURITY_STATUS> {
    let (mut package, mut handle) = (wide(package), NO_HANDLE);
    // SAFETY: every pointer is NULL or valid for its type.
    let status = unsafe {
        AcquireCredentialsHandleW(
            null_mut(),
            package.as_mut_ptr(),
            usage,
            null_mut(),
            data,
            None,
            null_mut(),
            &mut handle,
            null_mut(),
        )
    };
    if status == SEC_E_OK { Ok(handle) } else { Err(status) }
}

/// Name and password as SEC_WINNT_AUTH_IDENTITY_W points to them.
pub struct NameAndPassword([Vec<u16>; 3]);

impl NameAndPassword {
    pub fn new(user: &str, domain: &str, password: &str) -> NameAndPassword {
        NameAndPassword([user, domain, password].map(wide))
    }

    /// The account of the server, or a client of that name with a wrong password.
    pub fn alice(wrong: bool) -> NameAndPassword {
        NameAndPassword::new(USER, "EXAMPLE", if wrong { "wrong" } else { PASSWORD })
    }

    /// Valid as long as this is.
    pub fn identity(&mut self) -> SEC_WINNT_AUTH_IDENTITY<SEC_WCHAR> {
        let [user, domain, password] = &mut self.0;
        SEC_WINNT_AUTH_IDENTITY {
            User: user.as_mut_ptr(),
            UserLength: user.len() as u32 - 1,
            Domain: domain.as_mut_ptr(),
            DomainLength: domain.len() as u32 - 1,
            Password: password.as_mut_ptr(),
            PasswordLength: password.len() as u32 - 1,
            Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
        }
    }
}

/// Credentials of a server that accepts both mechanisms, or the package's own.
pub fn server(package: &str) -> SecHandle {
    let mut alice = NameAndPassword::alice(false);
    let mut identity = alice.identity();
    let identity: *mut c_void = (&raw mut identity).cast();
    if package == "NTLM" {
        return acquire(package, SECPKG_CRED_INBOUND, identity)
            .expect("credentials: a handle leaks?");
    }
    let mut service = service_identity();
    let mut handle = acquire(package, SECPKG_CRED_INBOUND, service.as_mut_ptr().cast())
        .expect("credentials: a handle leaks?");
    if package == "Negotiate" {
        let mut ntlm = wide("NTLM");
        // SAFETY: every pointer is NULL or valid for its type.
        let status = unsafe {
            AddCredentialsW(
                &mut handle,
                null_mut(),
                ntlm.as_mut_ptr(),
                SECPKG_CRED_INBOUND,
                identity,
                None,
                null_mut(),
                null_mut(),
            )
        };
        assert_eq!(status, SEC_E_OK);
    }
    handle
}

/// Credentials of alice's.
pub fn client(package: &str, wrong: bool) -> SecHandle {
    let mut alice = NameAndPassword::alice(wrong);
    let mut identity = alice.identity();
    acquire(package, SECPKG_CRED_OUTBOUND, (&raw mut identity).cast())
        .expect("credentials: a handle leaks?")
}

/// SEC_WINNT_AUTH_IDENTITY_EX2 of the service, with its keytab.
pub fn service_identity() -> Vec<u8> {
    let keytab = keytab_file(&kerberos::entries());
    let kind = [
        &0xd587_aae8u32.to_ne_bytes()[..],
        &0xf78fu16.to_ne_bytes(),
        &0x4455u16.to_ne_bytes(),
        &[0xa1, 0x12, 0xc9, 0x34, 0xbe, 0xee, 0x7c, 0xe1],
    ]
    .concat();
    let short = |number: usize| (number as u16).to_ne_bytes();
    let long = |number: usize| (number as u32).to_ne_bytes();
    let packed = [
        &short(28)[..],
        &short(28 + keytab.len()),
        &kind,
        &long(28),
        &short(keytab.len()),
        &[0; 2],
        &keytab,
    ]
    .concat();
    let text = |text: &str| text.encode_utf16().flat_map(u16::to_ne_bytes).collect::<Vec<u8>>();
    let parts = [text(&kerberos::SERVICE.join("/")), text(kerberos::REALM), packed, Vec::new()];
    let header = size_of::<SEC_WINNT_AUTH_IDENTITY_EX2>();
    let mut at = header;
    let [user, domain, packed, list] = parts.each_ref().map(|part| {
        let (offset, length) = (at, part.len());
        at += length;
        (offset as u32, length as u16)
    });
    let identity = SEC_WINNT_AUTH_IDENTITY_EX2 {
        Version: SEC_WINNT_AUTH_IDENTITY_VERSION_2,
        cbHeaderLength: header as u16,
        cbStructureLength: at as u32,
        UserOffset: user.0,
        UserLength: user.1,
        DomainOffset: domain.0,
        DomainLength: domain.1,
        PackedCredentialsOffset: packed.0,
        PackedCredentialsLength: packed.1,
        Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
        PackageListOffset: list.0,
        PackageListLength: list.1,
    };
    let mut block = vec![0; header];
    // SAFETY: the block has as many bytes; padding is not read.
    unsafe { block.as_mut_ptr().cast::<SEC_WINNT_AUTH_IDENTITY_EX2>().write_unaligned(identity) };
    block.extend(parts.concat());
    block
}

/// A keytab file of version 2.
fn keytab_file(entries: &[Entry]) -> Vec<u8> {
    let counted = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let mut file = vec![5, 2];
    for entry in entries {
        let mut record = (entry.components.len() as u16).to_be_bytes().to_vec();
        record.extend(counted(entry.realm.as_bytes()));
        entry.components.iter().for_each(|component| record.extend(counted(component.as_bytes())));
        record.extend(entry.name_type.to_be_bytes());
        record.extend(entry.timestamp.to_be_bytes());
        record.push(entry.kvno as u8);
        record.extend((entry.key.enctype().number() as u16).to_be_bytes());
        record.extend(counted(entry.key.bytes()));
        file.extend((record.len() as u32).to_be_bytes());
        file.extend(record);
    }
    file
}
