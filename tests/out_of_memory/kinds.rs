//! The kinds of conversations, each as its calls. The test's own code allocates nothing between
//! them.
#![allow(non_upper_case_globals)]

use crate::accounts::{self, Folder, line};
use crate::failing_malloc::call;
use crate::kerberos::{Forge, REALM, SERVICE, framed, keytab_file};
use crate::pac;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::keytab::Entry;
use negossp::kerberos::message::authorization_data::ad_type;
use negossp::kerberos::pac::buffer_type;
use negossp::platform;
use negossp::types::time::FileTime;
use std::ffi::c_void;
use std::path::PathBuf;
use std::ptr::{null_mut, without_provenance_mut};

/// A kind of conversation.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Given) -> Result<(), SECURITY_STATUS>,
    /// The status of its last call.
    pub(crate) ends_with: SECURITY_STATUS,
    /// Most blocks that caches and tables may keep for good.
    pub(crate) may_keep: isize,
}

/// Of `negossp.h`.
const SECPKG_ATTR_NEGOSSP_CLIENT_SIDS: ULONG = 0x4e53_0002;

const NO_HANDLE: SecHandle = SecHandle { dwLower: usize::MAX, dwUpper: usize::MAX };

/// What the conversations are made from.
pub(crate) struct Given {
    _folder: Folder,
    config: PathBuf,
    user: Vec<u16>,
    password: Vec<u16>,
    wrong: Vec<u16>,
    target: Vec<u16>,
    long: Vec<u16>,
    forge: Forge,
    /// With all that makes a token long.
    large: Forge,
    /// The time of the ticket's PAC.
    now: FileTime,
    client: Box<Party>,
    server: Box<Party>,
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

impl Given {
    pub(crate) fn new() -> Given {
        let folder = Folder::new();
        let accounts = folder.write("accounts", line("alice", &accounts::PASSWORD, "U"));
        let mut forge = Forge::new(Enctype::Aes256Sha1);
        let now = platform::now();
        let authtime = now.unix_seconds() + forge.authtime;
        let kdc = Key::new(Enctype::Aes256Sha1, &[7; 32]).unwrap();
        let with_pac = |forge: &mut Forge, buffers: &[(u32, Vec<u8>)]| {
            let pac = pac::signed(buffers, &forge.service_key, &kdc);
            forge.ticket_data = vec![(ad_type::WIN2K_PAC, pac)];
        };
        let mut large = forge.clone();
        with_pac(&mut forge, &pac::alice(authtime));
        with_pac(&mut large, &large_pac(authtime));
        let entry = Entry::new(
            REALM.into(),
            SERVICE.map(Into::into).to_vec(),
            1,
            3,
            0,
            forge.service_key.clone(),
        );
        let keytab = folder.write("keytab", keytab_file(&[entry]));
        let config = folder.write(
            "negossp.toml",
            format!(
                "[accounts]\nfile = {accounts:?}\n[authorities]\nthrottle = []\n\
                 [kerberos]\nkeytab = {keytab:?}\nreplay_restart_file = \"\"\n\
                 [ntlm]\nloopback_check = false\n"
            ),
        );
        Given {
            _folder: folder,
            config,
            user: wide("alice"),
            password: wide("Password"),
            wrong: wide("password"),
            target: wide("HTTP/server.example.test"),
            long: wide(&"long".repeat(8000)),
            forge,
            large,
            now,
            client: Party::new(),
            server: Party::new(),
        }
    }

    /// Before the first call in a child.
    pub(crate) fn enter(&self, with_log: bool) {
        // SAFETY: the child has one thread.
        unsafe {
            std::env::set_var("NEGOSSP_CONFIG", &self.config);
            if with_log {
                std::env::set_var("NEGOSSP_LOG", "trace");
                std::env::set_var("NEGOSSP_LOG_FILE", "/dev/null");
            }
        }
    }
}

/// A PAC with hundreds of groups and claims.
fn large_pac(authtime: i64) -> Vec<(u32, Vec<u8>)> {
    let mut buffers = pac::alice(authtime);
    let groups = (0..900).map(|rid| (2000 + rid, 7)).collect();
    let extra = (0..100).map(|rid| (pac::sid(&format!("S-1-5-21-9-8-7-{rid}")), 7)).collect();
    let logon = pac::LogonInfo { group_ids: groups, extra_sids: extra, ..Default::default() };
    buffers[0].1 = logon.encode();
    let strings = pac::Values::String(vec!["Value of a claim"; 300]);
    let number = pac::Values::Int64((0..500).collect());
    let claims = [("ad://ext/strings", strings), ("ad://ext/numbers", number)];
    buffers.push((buffer_type::CLIENT_CLAIMS, pac::claims(0, &claims)));
    buffers
}

/// A function's status, as a result.
fn status(function: impl FnOnce() -> SECURITY_STATUS) -> Result<SECURITY_STATUS, SECURITY_STATUS> {
    let status = call(function);
    if status < 0 { Err(status) } else { Ok(status) }
}

/// With zeros behind it.
fn package_name(package: &'static str) -> [u16; 16] {
    let mut name = [0; 16];
    package.encode_utf16().zip(&mut name).for_each(|(from, to)| *to = from);
    name
}

/// Credentials, freed when dropped.
struct Credentials(SecHandle);

impl Credentials {
    fn new(
        package: &'static str,
        usage: ULONG,
        user: Option<(&mut [u16], &mut [u16])>,
    ) -> Result<Credentials, SECURITY_STATUS> {
        let mut name = package_name(package);
        let has_user = user.is_some();
        let mut nobody = ([0u16], [0u16]);
        let (user, password) = user.unwrap_or((&mut nobody.0, &mut nobody.1));
        let mut identity = SEC_WINNT_AUTH_IDENTITY {
            User: user.as_mut_ptr(),
            UserLength: user.len() as ULONG - 1,
            Domain: null_mut(),
            DomainLength: 0,
            Password: password.as_mut_ptr(),
            PasswordLength: password.len() as ULONG - 1,
            Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
        };
        let data: *mut c_void = if has_user { (&raw mut identity).cast() } else { null_mut() };
        let mut handle = NO_HANDLE;
        // SAFETY: every pointer points to what its type says.
        status(|| unsafe {
            AcquireCredentialsHandleW(
                null_mut(),
                name.as_mut_ptr(),
                usage,
                null_mut(),
                data,
                None,
                null_mut(),
                &mut handle,
                null_mut(),
            )
        })?;
        Ok(Credentials(handle))
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        // SAFETY: a handle.
        assert_eq!(call(|| unsafe { FreeCredentialsHandle(&mut self.0) }), SEC_E_OK);
    }
}

/// A context of one side, deleted when dropped.
struct Context(SecHandle);

impl Drop for Context {
    fn drop(&mut self) {
        if self.0.dwLower != NO_HANDLE.dwLower {
            // SAFETY: a handle.
            assert_eq!(call(|| unsafe { DeleteSecurityContext(&mut self.0) }), SEC_E_OK);
        }
    }
}

/// The last token of a side.
struct Party {
    token: [u8; 64000],
    length: usize,
}

impl Party {
    fn new() -> Box<Party> {
        Box::new(Party { token: [0; 64000], length: 0 })
    }
}

fn buffer(kind: ULONG, bytes: &mut [u8]) -> SecBuffer {
    let (length, pointer) = (bytes.len() as ULONG, bytes.as_mut_ptr().cast());
    SecBuffer { cbBuffer: length, BufferType: kind, pvBuffer: pointer }
}

fn descriptor(buffers: &mut [SecBuffer]) -> SecBufferDesc {
    SecBufferDesc {
        ulVersion: SECBUFFER_VERSION,
        cBuffers: buffers.len() as ULONG,
        pBuffers: buffers.as_mut_ptr(),
    }
}

/// A leg of the client (with a target) or of the server.
fn leg(
    credentials: &Credentials,
    context: &mut Context,
    target: Option<&mut [u16]>,
    requirements: ULONG,
    input: Option<&mut Party>,
    output: &mut Party,
) -> Result<SECURITY_STATUS, SECURITY_STATUS> {
    let mut no_token = [];
    let first = context.0.dwLower == NO_HANDLE.dwLower;
    let has_input = input.is_some();
    let input = input.map_or(&mut no_token[..], |party| &mut party.token[..party.length]);
    let mut inputs = [buffer(SECBUFFER_TOKEN, input)];
    let mut inputs = descriptor(&mut inputs);
    let mut outputs = [buffer(SECBUFFER_TOKEN, &mut output.token)];
    let mut output_desc = descriptor(&mut outputs);
    let (mut attributes, mut credential) = (0, credentials.0);
    let new = &raw mut context.0;
    let old = if first { null_mut() } else { new };
    // SAFETY: every pointer points to what its type says.
    let result = status(|| unsafe {
        match target {
            Some(target) => InitializeSecurityContextW(
                &mut credential,
                old,
                target.as_mut_ptr(),
                requirements,
                0,
                SECURITY_NATIVE_DREP,
                if has_input { &mut inputs } else { null_mut() },
                0,
                new,
                &mut output_desc,
                &mut attributes,
                null_mut(),
            ),
            None => AcceptSecurityContext(
                &mut credential,
                old,
                &mut inputs,
                requirements,
                SECURITY_NATIVE_DREP,
                new,
                &mut output_desc,
                &mut attributes,
                null_mut(),
            ),
        }
    });
    output.length = outputs[0].cbBuffer as usize;
    if result.is_err() {
        assert_eq!(output.length, 0, "a program would send what is in the buffer");
        if first {
            assert_eq!(context.0.dwLower, NO_HANDLE.dwLower);
        }
    }
    result
}

const ISC: ULONG = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_SEQUENCE_DETECT;
const ASC: ULONG = ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY | ASC_REQ_SEQUENCE_DETECT;

/// A client and a server of the library, and what is done with an established context.
fn conversation(
    given: &mut Given,
    package: &'static str,
    wrong: bool,
) -> Result<(), SECURITY_STATUS> {
    let password = if wrong { &mut given.wrong } else { &mut given.password };
    let client_credentials =
        Credentials::new(package, SECPKG_CRED_OUTBOUND, Some((&mut given.user, password)))?;
    let server_credentials = Credentials::new(package, SECPKG_CRED_INBOUND, None)?;
    let (mut client, mut server) = (Context(NO_HANDLE), Context(NO_HANDLE));
    let (from_client, from_server) = (&mut *given.client, &mut *given.server);
    let mut target = Some(&mut given.target[..]);
    let mut client_status =
        leg(&client_credentials, &mut client, target.as_deref_mut(), ISC, None, from_client)?;
    loop {
        let server_status =
            leg(&server_credentials, &mut server, None, ASC, Some(from_client), from_server)?;
        if client_status == SEC_I_CONTINUE_NEEDED {
            client_status = leg(
                &client_credentials,
                &mut client,
                target.as_deref_mut(),
                ISC,
                Some(from_server),
                from_client,
            )?;
        }
        if server_status == SEC_E_OK {
            break;
        }
    }
    message(&mut client, &mut server)?;
    use_context(server, package)
}

/// A message is sealed by one side and unsealed by the other.
fn message(from: &mut Context, to: &mut Context) -> Result<(), SECURITY_STATUS> {
    let (mut text, mut trailer) = (*b"attack at dawn", [0; 64]);
    let mut buffers = [buffer(SECBUFFER_TOKEN, &mut trailer), buffer(SECBUFFER_DATA, &mut text)];
    let mut all = descriptor(&mut buffers);
    // SAFETY: handles and buffers.
    status(|| unsafe { EncryptMessage(&mut from.0, 0, &mut all, 0) })?;
    // SAFETY: handles and buffers.
    status(|| unsafe { DecryptMessage(&mut to.0, &mut all, 0, null_mut()) })?;
    assert_eq!(&text, b"attack at dawn");
    Ok(())
}

/// The attribute of a context, whose memory is freed: at most the first two words point to it.
fn query(context: &mut Context, attribute: ULONG) -> Result<(), SECURITY_STATUS> {
    let mut memory = [0usize; 32];
    // SAFETY: a handle, and room for any attribute.
    status(|| unsafe {
        QueryContextAttributesW(&mut context.0, attribute, memory.as_mut_ptr().cast())
    })?;
    for word in &memory[..2] {
        // SAFETY: memory of the library, or not, which it tells.
        let _ = call(|| unsafe { FreeContextBuffer(without_provenance_mut(*word)) });
    }
    Ok(())
}

/// Attributes, export and import of an established context.
fn use_context(mut server: Context, package: &'static str) -> Result<(), SECURITY_STATUS> {
    for attribute in [
        SECPKG_ATTR_NAMES,
        SECPKG_ATTR_NATIVE_NAMES,
        SECPKG_ATTR_PACKAGE_INFO,
        SECPKG_ATTR_KEY_INFO,
        SECPKG_ATTR_AUTHORITY,
        SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES,
        SECPKG_ATTR_NEGOSSP_CLIENT_SIDS,
    ] {
        match query(&mut server, attribute) {
            // NTLM's clients have no claims.
            Err(SEC_E_UNSUPPORTED_FUNCTION) | Ok(()) => {}
            Err(status) => return Err(status),
        }
    }
    let mut packed = SecBuffer { cbBuffer: 0, BufferType: 0, pvBuffer: null_mut() };
    let mut package = package_name(package);
    let mut imported = Context(NO_HANDLE);
    // SAFETY: handles and buffers.
    let result =
        status(|| unsafe { ExportSecurityContext(&mut server.0, 0, &mut packed, null_mut()) })
            .and_then(|_| {
                // SAFETY: a name, the buffer from above, and room for a handle.
                status(|| unsafe {
                    ImportSecurityContextW(
                        package.as_mut_ptr().cast(),
                        &mut packed,
                        null_mut(),
                        &mut imported.0,
                    )
                })
            });
    // SAFETY: memory of the library, or NULL.
    assert_eq!(call(|| unsafe { FreeContextBuffer(packed.pvBuffer) }), SEC_E_OK);
    result.map(|_| ())
}

/// A client's token that the test has made, in one leg.
fn kerberos_conversation(
    given: &mut Given,
    package: &'static str,
    large: bool,
) -> Result<(), SECURITY_STATUS> {
    let forge = if large { &given.large } else { &given.forge };
    let token = framed(&forge.at(given.now));
    given.client.token[..token.len()].copy_from_slice(&token);
    given.client.length = token.len();
    drop(token);
    let credentials = Credentials::new(package, SECPKG_CRED_INBOUND, None)?;
    let mut server = Context(NO_HANDLE);
    let (from_client, from_server) = (&mut *given.client, &mut *given.server);
    leg(&credentials, &mut server, None, ASC, Some(from_client), from_server)?;
    use_context(server, package)
}

/// Identities in the forms of the Sspi functions.
fn of_identities(given: &mut Given) -> Result<(), SECURITY_STATUS> {
    let mut made = [null_mut::<c_void>(); 4];
    let mut strings = [null_mut::<SEC_WCHAR>(); 3];
    let result = make_identities(given, &mut made, &mut strings);
    for memory in made.into_iter().chain(strings.map(|string| string.cast())) {
        // SAFETY: memory of the library, or NULL.
        call(|| unsafe { SspiFreeAuthIdentity(memory) });
    }
    result
}

fn make_identities(
    given: &mut Given,
    [one, copy, other, back]: &mut [*mut c_void; 4],
    [user, domain, packed]: &mut [*mut SEC_WCHAR; 3],
) -> Result<(), SECURITY_STATUS> {
    const SAME_PROCESS: ULONG = SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS;
    let (name, password) = (given.long.as_ptr(), given.password.as_ptr());
    let (mut length, mut array) = (0, null_mut());
    let mut same = [0; 2];
    // SAFETY: strings, identities that the library has made, and room for the results.
    unsafe {
        status(|| SspiEncodeStringsAsAuthIdentity(name, name, password, one))?;
        status(|| SspiCopyAuthIdentity(*one, copy))?;
        status(|| SspiExcludePackage(*one, name.cast_mut(), other))?;
        status(|| SspiEncryptAuthIdentityEx(SAME_PROCESS, *copy))?;
        status(|| SspiCompareAuthIdentities(*one, *copy, &mut same[0], &mut same[1]))?;
        assert_eq!(same, [1, 1]);
        status(|| SspiDecryptAuthIdentityEx(SAME_PROCESS, *copy))?;
        let (user, domain) = (&raw mut *user, &raw mut *domain);
        status(|| {
            SspiEncodeAuthIdentityAsStrings(
                *other,
                user.cast(),
                domain.cast(),
                (&raw mut *packed).cast(),
            )
        })?;
        let result = status(|| SspiMarshalAuthIdentity(*copy, &mut length, &mut array))
            .and_then(|_| status(|| SspiUnmarshalAuthIdentity(length, array, back)));
        call(|| SspiLocalFree(array.cast()));
        result.map(|_| ())
    }
}

/// The packages and their descriptions.
fn of_packages(_: &mut Given) -> Result<(), SECURITY_STATUS> {
    let (mut count, mut infos) = (0, null_mut());
    // SAFETY: room for the results.
    let result = status(|| unsafe { EnumerateSecurityPackagesW(&mut count, &mut infos) });
    // SAFETY: memory of the library, or NULL.
    assert_eq!(call(|| unsafe { FreeContextBuffer(infos.cast()) }), SEC_E_OK);
    result.map(|_| ())
}

/// Credentials with names of many characters.
fn with_long_names(given: &mut Given) -> Result<(), SECURITY_STATUS> {
    let (long, mut password) = (&mut given.long, given.password.clone());
    Credentials::new("Negotiate", SECPKG_CRED_INBOUND, Some((long, &mut password)))?;
    let client = Credentials::new("NTLM", SECPKG_CRED_OUTBOUND, Some((long, &mut password)))?;
    let mut context = Context(NO_HANDLE);
    leg(&client, &mut context, Some(&mut given.long), ISC, None, &mut given.client).map(|_| ())
}

/// The record of authenticators grows.
const REPLAYS: isize = 8;

macro_rules! kind {
    ($name:ident, $run:expr) => {
        kind!($name, $run, SEC_E_OK, 0);
    };
    ($name:ident, $run:expr, $ends_with:expr, $may_keep:expr) => {
        pub(crate) const $name: Kind =
            Kind { name: stringify!($name), run: $run, ends_with: $ends_with, may_keep: $may_keep };
    };
}

kind!(ntlm, |given| conversation(given, "NTLM", false));
kind!(ntlm_in_spnego, |given| conversation(given, "Negotiate", false));
kind!(wrong_password, |given| conversation(given, "NTLM", true), SEC_E_LOGON_DENIED, 0);
kind!(kerberos, |given| kerberos_conversation(given, "Kerberos", false), SEC_E_OK, REPLAYS);
kind!(
    kerberos_in_spnego,
    |given| kerberos_conversation(given, "Negotiate", false),
    SEC_E_OK,
    REPLAYS
);
kind!(kerberos_large, |given| kerberos_conversation(given, "Negotiate", true), SEC_E_OK, REPLAYS);
kind!(identities, of_identities);
kind!(packages, of_packages);
kind!(long_names, with_long_names);
