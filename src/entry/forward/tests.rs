//! A fake secur32.dll, and its use through this library.

use super::functions::System;
use crate::entry::abi::*;
use crate::entry::exports::*;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Handles of the fake secur32.dll.
const CREDENTIAL: SecHandle = SecHandle { dwLower: 0x1111, dwUpper: 0x2222 };
const FIRST: SecHandle = SecHandle { dwLower: 0x3333, dwUpper: 0x4444 };
const SECOND: SecHandle = SecHandle { dwLower: 0x3333, dwUpper: 0x5555 };

/// Held by tests that look at the counts.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

static CREDENTIALS_FREED: AtomicUsize = AtomicUsize::new(0);
static CONTEXTS_DELETED: AtomicUsize = AtomicUsize::new(0);
static BUFFERS_FREED: AtomicUsize = AtomicUsize::new(0);

const DENIES: u16 = b'x' as u16;

unsafe extern "system" fn acquire(
    _: *mut SEC_WCHAR,
    package: *mut SEC_WCHAR,
    usage: ULONG,
    logon_id: *mut c_void,
    _: *mut c_void,
    _: SEC_GET_KEY_FN,
    _: *mut c_void,
    handle: PCredHandle,
    _: PTimeStamp,
) -> SECURITY_STATUS {
    assert_eq!(logon_id.addr(), 7, "every argument is passed on");
    // SAFETY: the test passes text and a place for a handle.
    unsafe {
        match String::from_utf16_lossy(std::slice::from_raw_parts(package, 2)).as_str() {
            // Wine without ntlm_auth has no NTLM.
            "NT" => return SEC_E_SECPKG_NOT_FOUND,
            "Ke" => return SEC_E_NO_CREDENTIALS,
            "Ne" => assert_eq!(usage, SECPKG_CRED_OUTBOUND, "the other side is the library's"),
            _ if *package == DENIES => return SEC_E_SECPKG_NOT_FOUND,
            _ => {}
        }
        if handle.is_null() {
            return SEC_E_NO_CREDENTIALS;
        }
        *handle = CREDENTIAL;
    }
    SEC_E_OK
}

unsafe extern "system" fn accept(
    credential: PCredHandle,
    context: PCtxtHandle,
    _: PSecBufferDesc,
    requirements: ULONG,
    data_rep: ULONG,
    new: PCtxtHandle,
    _: PSecBufferDesc,
    _: *mut ULONG,
    _: PTimeStamp,
) -> SECURITY_STATUS {
    assert_eq!((requirements, data_rep), (3, 16), "every argument is passed on");
    // SAFETY: pointers to handles, or NULL.
    unsafe {
        if context.is_null() {
            assert!(*credential == CREDENTIAL);
            *new = FIRST;
            return SEC_E_INCOMPLETE_MESSAGE;
        }
        if *context == SECOND {
            return SEC_E_DECRYPT_FAILURE;
        }
        assert!(*context == FIRST && *new == FIRST);
        *new = SECOND;
    }
    SEC_I_CONTINUE_NEEDED
}

/// The client's first token.
const TOKEN: &[u8] = b"abc";

unsafe extern "system" fn initiate(
    credential: PCredHandle,
    context: PCtxtHandle,
    _: *mut SEC_WCHAR,
    requirements: ULONG,
    _: ULONG,
    _: ULONG,
    _: PSecBufferDesc,
    _: ULONG,
    new: PCtxtHandle,
    output: PSecBufferDesc,
    attributes: *mut ULONG,
    _: PTimeStamp,
) -> SECURITY_STATUS {
    assert_eq!(requirements & ISC_REQ_ALLOCATE_MEMORY, 0, "what Wine's Kerberos does not know");
    // SAFETY: pointers to handles, or NULL; a buffer; a place for attributes, or NULL.
    unsafe {
        assert!(*credential == CREDENTIAL, "the handle that the system gave");
        let buffer = &mut *(*output).pBuffers;
        if !attributes.is_null() {
            *attributes = 2;
        }
        if context.is_null() {
            *new = FIRST;
            if (buffer.cbBuffer as usize) < TOKEN.len() {
                return SEC_E_BUFFER_TOO_SMALL;
            }
            buffer.pvBuffer.cast::<u8>().copy_from(TOKEN.as_ptr(), TOKEN.len());
            buffer.cbBuffer = TOKEN.len() as ULONG;
            return SEC_I_CONTINUE_NEEDED;
        }
        assert!(*context == FIRST);
        buffer.cbBuffer = 0;
    }
    SEC_E_OK
}

unsafe extern "system" fn query_credentials(
    credential: PCredHandle,
    attribute: ULONG,
    buffer: *mut c_void,
) -> SECURITY_STATUS {
    // SAFETY: the test passes a handle and a word.
    unsafe {
        assert!(*credential == CREDENTIAL, "the handle that the system gave");
        *buffer.cast::<ULONG>() = attribute + 1;
    }
    SEC_E_OK
}

unsafe extern "system" fn query(
    context: PCtxtHandle,
    attribute: ULONG,
    buffer: *mut c_void,
) -> SECURITY_STATUS {
    // SAFETY: the test passes a handle and a word.
    unsafe {
        assert!(*context == SECOND, "the handle that the system gave last");
        *buffer.cast::<ULONG>() = attribute + 1;
    }
    SEC_E_OK
}

unsafe extern "system" fn free_credentials(handle: PCredHandle) -> SECURITY_STATUS {
    // SAFETY: a pointer to a handle.
    assert!(unsafe { *handle } == CREDENTIAL);
    CREDENTIALS_FREED.fetch_add(1, Ordering::SeqCst);
    SEC_E_OK
}

unsafe extern "system" fn delete(_: PCtxtHandle) -> SECURITY_STATUS {
    // Wine does this through schannel.dll when Schannel is first used.
    ASKED.store(InitSecurityInterfaceW().addr(), Ordering::SeqCst);
    CONTEXTS_DELETED.fetch_add(1, Ordering::SeqCst);
    SEC_E_OK
}

unsafe extern "system" fn export(
    context: PCtxtHandle,
    flags: ULONG,
    packed: PSecBuffer,
    token: *mut *mut c_void,
) -> SECURITY_STATUS {
    assert_eq!(flags, SECPKG_CONTEXT_EXPORT_TO_KERNEL, "every flag is passed on");
    // SAFETY: the test passes a handle and places for both outputs.
    unsafe {
        assert!(*context == FIRST);
        (*packed).cbBuffer = 5;
        *token = std::ptr::without_provenance_mut(9);
    }
    SEC_E_OK
}

unsafe extern "system" fn import(
    package: *mut SEC_WCHAR,
    packed: PSecBuffer,
    token: *mut c_void,
    context: PCtxtHandle,
) -> SECURITY_STATUS {
    // SAFETY: the test passes text, and a buffer or NULL.
    unsafe {
        assert_eq!(*package, b's' as u16, "as the program spells it");
        if packed.is_null() {
            return SEC_E_INVALID_TOKEN;
        }
        assert_eq!((token.addr(), (*packed).cbBuffer), (9, 5), "every argument is passed on");
        *context = FIRST;
    }
    SEC_E_OK
}

unsafe extern "system" fn describe(
    name: *mut SEC_WCHAR,
    info: *mut PSecPkgInfo<SEC_WCHAR>,
) -> SECURITY_STATUS {
    let (mut count, mut all) = (0, null_mut());
    // SAFETY: places for both; the test passes text. Schannel is the second.
    unsafe {
        if *name | 0x20 != b's' as u16 {
            return SEC_E_SECPKG_NOT_FOUND;
        }
        enumerate(&mut count, &mut all);
        *info = all.add(1);
    }
    SEC_E_OK
}

/// Memory of the fake secur32.dll.
static GIVEN: u64 = 0;

unsafe extern "system" fn free_buffer(buffer: *mut c_void) -> SECURITY_STATUS {
    if buffer.addr() != (&raw const GIVEN).addr() {
        return SEC_E_INVALID_PARAMETER;
    }
    BUFFERS_FREED.fetch_add(1, Ordering::SeqCst);
    SEC_E_OK
}

unsafe extern "system" fn enumerate(
    count: *mut ULONG,
    infos: *mut PSecPkgInfo<SEC_WCHAR>,
) -> SECURITY_STATUS {
    let info = |name: &str| SecPkgInfo {
        fCapabilities: 5,
        wVersion: 2,
        wRPCID: 14,
        cbMaxToken: 77,
        Name: Vec::leak(name.encode_utf16().chain([0]).collect()).as_mut_ptr(),
        Comment: null_mut(),
    };
    let all = Vec::leak(vec![info("negotiate"), info("Schannel"), info("NTLM")]);
    // SAFETY: places for both.
    unsafe {
        *count = all.len() as ULONG;
        *infos = all.as_mut_ptr();
    }
    SEC_E_OK
}

/// The fake secur32.dll's own table.
unsafe extern "system" fn own_table() -> PSecurityFunctionTable<SEC_WCHAR> {
    OWN_TABLE
}
const OWN_TABLE: PSecurityFunctionTable<SEC_WCHAR> = std::ptr::without_provenance_mut(0x7777);

/// The table that InitSecurityInterface returned to the fake secur32.dll.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// A table without functions.
fn nothing<Char>() -> SecurityFunctionTable<Char> {
    SecurityFunctionTable {
        dwVersion: SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5,
        EnumerateSecurityPackages: None,
        QueryCredentialsAttributes: None,
        AcquireCredentialsHandle: None,
        FreeCredentialsHandle: None,
        Reserved2: null_mut(),
        InitializeSecurityContext: None,
        AcceptSecurityContext: None,
        CompleteAuthToken: None,
        DeleteSecurityContext: None,
        ApplyControlToken: None,
        QueryContextAttributes: None,
        ImpersonateSecurityContext: None,
        RevertSecurityContext: None,
        MakeSignature: None,
        VerifySignature: None,
        FreeContextBuffer: None,
        QuerySecurityPackageInfo: None,
        Reserved3: null_mut(),
        Reserved4: null_mut(),
        ExportSecurityContext: None,
        ImportSecurityContext: None,
        AddCredentials: None,
        Reserved8: null_mut(),
        QuerySecurityContextToken: None,
        EncryptMessage: None,
        DecryptMessage: None,
        SetContextAttributes: None,
        SetCredentialsAttributes: None,
        ChangeAccountPassword: None,
        QueryContextAttributesEx: None,
        QueryCredentialsAttributesEx: None,
    }
}

/// The fake secur32.dll of the unit tests.
pub(crate) fn system() -> System {
    let unicode = SecurityFunctionTable {
        EnumerateSecurityPackages: Some(enumerate),
        AcquireCredentialsHandle: Some(acquire),
        FreeCredentialsHandle: Some(free_credentials),
        AcceptSecurityContext: Some(accept),
        InitializeSecurityContext: Some(initiate),
        QueryCredentialsAttributes: Some(query_credentials),
        DeleteSecurityContext: Some(delete),
        QueryContextAttributes: Some(query),
        FreeContextBuffer: Some(free_buffer),
        QuerySecurityPackageInfo: Some(describe),
        ExportSecurityContext: Some(export),
        ImportSecurityContext: Some(import),
        ..nothing()
    };
    System { unicode, ansi: nothing(), init_unicode: Some(own_table), init_ansi: None, dll: None }
}

fn text(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
const NONE: SecHandle = SecHandle { dwLower: usize::MAX, dwUpper: usize::MAX };

/// Credentials of the fake secur32.dll.
fn acquired(package: &str) -> (SECURITY_STATUS, SecHandle) {
    acquired_for(package, SECPKG_CRED_INBOUND, None)
}

fn acquired_for(package: &str, usage: ULONG, user: Option<&str>) -> (SECURITY_STATUS, SecHandle) {
    let (mut package, mut handle) = (text(package), NONE);
    let mut user = user.map(text);
    let mut identity = user.as_mut().map(|user| SEC_WINNT_AUTH_IDENTITY::<SEC_WCHAR> {
        User: user.as_mut_ptr(),
        UserLength: user.len() as ULONG - 1,
        Domain: null_mut(),
        DomainLength: 0,
        Password: user.as_mut_ptr(),
        PasswordLength: 1,
        Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
    });
    let logon_id = std::ptr::without_provenance_mut(7);
    // SAFETY: text with a zero, and a place for a handle.
    let status = unsafe {
        AcquireCredentialsHandleW(
            null_mut(),
            package.as_mut_ptr(),
            usage,
            logon_id,
            identity.as_mut().map_or(null_mut(), |identity| (&raw mut *identity).cast()),
            None,
            null_mut(),
            &mut handle,
            null_mut(),
        )
    };
    (status, handle)
}

/// Its own answers, to arguments that this library's packages reject otherwise.
#[test]
fn another_package_answers_for_wrong_arguments() {
    let mut package = text("Schannel");
    // SAFETY: text with a zero; the fake takes NULL for the handle.
    let status = unsafe {
        AcquireCredentialsHandleW(
            null_mut(),
            package.as_mut_ptr(),
            0,
            std::ptr::without_provenance_mut(7),
            null_mut(),
            None,
            null_mut(),
            null_mut(),
            null_mut(),
        )
    };
    assert_eq!(status, SEC_E_NO_CREDENTIALS);
}

/// One leg with the arguments that the fake expects.
fn leg(credential: PCredHandle, context: PCtxtHandle, new: PCtxtHandle) -> SECURITY_STATUS {
    // SAFETY: pointers to handles, or NULL.
    unsafe {
        AcceptSecurityContext(
            credential,
            context,
            null_mut(),
            3,
            16,
            new,
            null_mut(),
            null_mut(),
            null_mut(),
        )
    }
}

#[test]
fn a_conversation_of_another_package() {
    let _alone = alone();
    let (status, mut credential) = acquired("Schannel");
    assert_eq!(status, SEC_E_OK);
    assert!(credential != CREDENTIAL && credential != NONE, "the program's handle is one of ours");
    let mut context = NONE;
    // The message is incomplete, but there is a context.
    assert_eq!(leg(&mut credential, null_mut(), &mut context), SEC_E_INCOMPLETE_MESSAGE);
    assert!(context != NONE && context != FIRST);
    let mut other = NONE;
    assert_eq!(leg(null_mut(), &mut context, &mut other), SEC_I_CONTINUE_NEEDED);
    assert!(other == context, "the program goes on with the same handle, whatever the system does");
    let mut unchanged = NONE;
    assert_eq!(leg(null_mut(), &mut context, &mut unchanged), SEC_E_DECRYPT_FAILURE);
    assert!(unchanged == NONE, "a call that fails gives no context");
    let mut answer: ULONG = 0;
    // SAFETY: a handle, and a place for the answer.
    unsafe {
        assert_eq!(QueryContextAttributesW(&mut context, 40, (&raw mut answer).cast()), SEC_E_OK);
        assert_eq!(answer, 41);
        // Functions that the fake lacks.
        assert_eq!(
            QueryContextAttributesA(&mut context, 40, (&raw mut answer).cast()),
            SEC_E_UNSUPPORTED_FUNCTION
        );
        assert_eq!(EncryptMessage(&mut context, 0, null_mut(), 0), SEC_E_UNSUPPORTED_FUNCTION);
        // Handles of the other kind are rejected.
        assert_eq!(FreeCredentialsHandle(&mut context), SEC_E_INVALID_HANDLE);
        assert_eq!(DeleteSecurityContext(&mut credential), SEC_E_INVALID_HANDLE);
        let deleted = CONTEXTS_DELETED.load(Ordering::SeqCst);
        assert_eq!(DeleteSecurityContext(&mut context), SEC_E_OK);
        assert_eq!(CONTEXTS_DELETED.load(Ordering::SeqCst), deleted + 1);
        assert_eq!(
            ASKED.load(Ordering::SeqCst),
            OWN_TABLE.addr(),
            "the system is given its own table"
        );
        assert_ne!(InitSecurityInterfaceW(), OWN_TABLE, "the program ours");
        assert_eq!(DeleteSecurityContext(&mut context), SEC_E_INVALID_HANDLE);
        assert_eq!(CONTEXTS_DELETED.load(Ordering::SeqCst), deleted + 1, "once");
        let freed = CREDENTIALS_FREED.load(Ordering::SeqCst);
        assert_eq!(FreeCredentialsHandle(&mut credential), SEC_E_OK);
        assert_eq!(FreeCredentialsHandle(&mut credential), SEC_E_INVALID_HANDLE);
        assert_eq!(CREDENTIALS_FREED.load(Ordering::SeqCst), freed + 1);
    }
}

#[test]
fn a_context_of_another_package_travels() {
    let _alone = alone();
    let (mut package, mut unknown, mut context) = (text("schannel"), text("Nonesuch"), NONE);
    let mut packed = SecBuffer { cbBuffer: 5, BufferType: SECBUFFER_EMPTY, pvBuffer: null_mut() };
    let mut token = std::ptr::without_provenance_mut(9);
    // SAFETY: text with a zero, a buffer, and places for the outputs.
    unsafe {
        assert_eq!(
            ImportSecurityContextW(unknown.as_mut_ptr(), &mut packed, token, &mut context),
            SEC_E_SECPKG_NOT_FOUND
        );
        assert_eq!(
            ImportSecurityContextW(package.as_mut_ptr(), null_mut(), token, &mut context),
            SEC_E_INVALID_TOKEN
        );
        assert!(context == NONE);
        assert_eq!(
            ImportSecurityContextW(package.as_mut_ptr(), &mut packed, token, null_mut()),
            SEC_E_INVALID_HANDLE
        );
        assert_eq!(
            ImportSecurityContextW(package.as_mut_ptr(), &mut packed, token, &mut context),
            SEC_E_OK
        );
        assert!(context != NONE && context != FIRST, "the program's handle is one of ours");
        (packed.cbBuffer, token) = (0, null_mut());
        assert_eq!(
            ExportSecurityContext(
                &mut context,
                SECPKG_CONTEXT_EXPORT_TO_KERNEL,
                &mut packed,
                &mut token
            ),
            SEC_E_OK
        );
        assert_eq!((packed.cbBuffer, token.addr()), (5, 9), "what the system has written");
        assert_eq!(DeleteSecurityContext(&mut context), SEC_E_OK);
    }
}

#[test]
fn what_a_program_makes_up_never_reaches_the_system() {
    assert_eq!(acquired("Schannel").0, SEC_E_OK);
    for mut handle in [CREDENTIAL, FIRST, SECOND, NONE, SecHandle { dwLower: 0, dwUpper: 0 }] {
        let mut new = NONE;
        assert_eq!(leg(&mut handle, null_mut(), &mut new), SEC_E_INVALID_HANDLE);
        assert_eq!(leg(null_mut(), &mut handle, &mut new), SEC_E_INVALID_HANDLE);
        // SAFETY: a handle.
        assert_eq!(unsafe { DeleteSecurityContext(&mut handle) }, SEC_E_INVALID_HANDLE);
    }
}

#[test]
fn failures_of_the_system_s() {
    let (status, handle) = acquired("x");
    assert_eq!(status, SEC_E_SECPKG_NOT_FOUND);
    assert!(handle == NONE);
    // This library's packages take precedence over packages of the same name.
    let (status, mut handle) = acquired("NEGOTIATE");
    assert_eq!(status, SEC_E_OK);
    let mut new = NONE;
    assert_eq!(leg(&mut handle, null_mut(), &mut new), SEC_E_BUFFER_TOO_SMALL);
}

/// One leg of the client's side.
fn client_leg(credential: PCredHandle, context: PCtxtHandle, new: PCtxtHandle) -> SECURITY_STATUS {
    let mut token = [0u8; 64];
    let mut buffer = SecBuffer {
        cbBuffer: token.len() as ULONG,
        BufferType: SECBUFFER_TOKEN,
        pvBuffer: token.as_mut_ptr().cast(),
    };
    let mut output = SecBufferDesc { ulVersion: 0, cBuffers: 1, pBuffers: &mut buffer };
    // SAFETY: pointers to handles, or NULL, and a buffer.
    unsafe {
        InitializeSecurityContextW(
            credential,
            context,
            null_mut(),
            0,
            0,
            16,
            null_mut(),
            0,
            new,
            &mut output,
            null_mut(),
            null_mut(),
        )
    }
}

#[test]
fn outbound_credentials_without_an_identity_are_the_system_s() {
    let _alone = alone();
    for usage in [SECPKG_CRED_OUTBOUND, SECPKG_CRED_BOTH] {
        let (status, mut credential) = acquired_for("Negotiate", usage, None);
        assert_eq!(status, SEC_E_OK);
        assert!(credential != CREDENTIAL && credential != NONE);
        let mut context = NONE;
        assert_eq!(client_leg(&mut credential, null_mut(), &mut context), SEC_I_CONTINUE_NEEDED);
        assert!(context != FIRST && context != NONE);
        let mut same = context;
        assert_eq!(client_leg(&mut credential, &mut context, &mut same), SEC_E_OK);
        let mut answer: ULONG = 0;
        // SAFETY: a handle, and a place for the answer.
        let status =
            unsafe { QueryCredentialsAttributesW(&mut credential, 1, (&raw mut answer).cast()) };
        assert_eq!((status, answer), (SEC_E_OK, 2));
        // The server's side is the library's, or nobody's.
        let (mut accepted, mut conversation) = (NONE, [0u8; 4096]);
        let mut reply = SecBuffer {
            cbBuffer: conversation.len() as ULONG,
            BufferType: SECBUFFER_TOKEN,
            pvBuffer: conversation.as_mut_ptr().cast(),
        };
        let mut output = SecBufferDesc { ulVersion: 0, cBuffers: 1, pBuffers: &mut reply };
        if usage == SECPKG_CRED_BOTH {
            // SAFETY: pointers to handles, and a buffer.
            unsafe {
                assert_eq!(
                    AcceptSecurityContext(
                        &mut credential,
                        null_mut(),
                        null_mut(),
                        0,
                        16,
                        &mut accepted,
                        &mut output,
                        null_mut(),
                        null_mut(),
                    ),
                    SEC_I_CONTINUE_NEEDED
                );
                assert!(reply.cbBuffer > 0, "an offer of mechanisms");
                assert_eq!(DeleteSecurityContext(&mut accepted), SEC_E_OK);
            }
        }
        let freed = CREDENTIALS_FREED.load(Ordering::SeqCst);
        // SAFETY: handles.
        unsafe {
            assert_eq!(FreeCredentialsHandle(&mut credential), SEC_E_OK);
            assert_eq!(FreeCredentialsHandle(&mut credential), SEC_E_INVALID_HANDLE);
            assert_eq!(CREDENTIALS_FREED.load(Ordering::SeqCst), freed + 1);
            // Contexts outlive their credentials.
            assert_eq!(DeleteSecurityContext(&mut context), SEC_E_OK);
        }
    }
}

/// As PostgreSQL's client asks for its tokens.
#[test]
fn memory_for_outbound_tokens_is_allocated_where_the_system_does_not() {
    let _alone = alone();
    let (status, mut credential) = acquired_for("Negotiate", SECPKG_CRED_OUTBOUND, None);
    assert_eq!(status, SEC_E_OK);
    let (mut context, mut attributes) = (NONE, 0);
    for (first, length, attribute) in [(true, TOKEN.len(), ISC_RET_ALLOCATED_MEMORY), (false, 0, 0)]
    {
        let mut buffer =
            SecBuffer { cbBuffer: 0, BufferType: SECBUFFER_TOKEN, pvBuffer: null_mut() };
        let mut output = SecBufferDesc { ulVersion: 0, cBuffers: 1, pBuffers: &mut buffer };
        let mut new = context;
        // SAFETY: handles, a buffer, a place for attributes; then what the call has allocated.
        unsafe {
            let status = InitializeSecurityContextW(
                &mut credential,
                if first { null_mut() } else { &mut context },
                null_mut(),
                ISC_REQ_ALLOCATE_MEMORY,
                0,
                16,
                null_mut(),
                0,
                &mut new,
                &mut output,
                &mut attributes,
                null_mut(),
            );
            assert_eq!(status, if first { SEC_I_CONTINUE_NEEDED } else { SEC_E_OK });
            assert_eq!((buffer.cbBuffer as usize, attributes), (length, 2 | attribute));
            if first {
                let token = std::slice::from_raw_parts(buffer.pvBuffer.cast::<u8>(), length);
                assert_eq!(token, TOKEN);
                assert_eq!(FreeContextBuffer(buffer.pvBuffer), SEC_E_OK);
                context = new;
            } else {
                assert!(buffer.pvBuffer.is_null());
            }
        }
    }
    // SAFETY: handles.
    unsafe {
        assert_eq!(DeleteSecurityContext(&mut context), SEC_E_OK);
        assert_eq!(FreeCredentialsHandle(&mut credential), SEC_E_OK);
    }
}

#[test]
fn outbound_credentials_with_an_identity_are_the_library_s() {
    let _alone = alone();
    for package in ["Negotiate", "NTLM", "Kerberos"] {
        for usage in [SECPKG_CRED_OUTBOUND, SECPKG_CRED_BOTH] {
            let (status, mut credential) = acquired_for(package, usage, Some("alice"));
            assert_eq!(status, SEC_E_OK, "{package}");
            let freed = CREDENTIALS_FREED.load(Ordering::SeqCst);
            // SAFETY: a handle.
            assert_eq!(unsafe { FreeCredentialsHandle(&mut credential) }, SEC_E_OK);
            assert_eq!(CREDENTIALS_FREED.load(Ordering::SeqCst), freed);
        }
    }
}

#[test]
fn a_system_that_has_no_outbound_credentials() {
    // It has the package, and says why not. What it refuses takes nothing from the server's side.
    assert_eq!(acquired_for("Kerberos", SECPKG_CRED_OUTBOUND, None).0, SEC_E_NO_CREDENTIALS);
    let (status, mut credential) = acquired_for("Kerberos", SECPKG_CRED_BOTH, None);
    assert_eq!(status, SEC_E_OK);
    let mut context = NONE;
    assert_eq!(client_leg(&mut credential, null_mut(), &mut context), SEC_E_NO_CREDENTIALS);
    // It does not have the package: the library has.
    let (status, mut credential) = acquired_for("NTLM", SECPKG_CRED_OUTBOUND, None);
    assert_eq!(status, SEC_E_OK);
    assert_eq!(client_leg(&mut credential, null_mut(), &mut context), SEC_E_NO_CREDENTIALS);
}

#[test]
fn packages_of_both() {
    let (mut count, mut infos) = (0, null_mut());
    // SAFETY: places for both; the strings end with zeros.
    let (status, names) = unsafe {
        let status = EnumerateSecurityPackagesW(&mut count, &mut infos);
        let infos = std::slice::from_raw_parts(infos, count as usize);
        let name = |info: &SecPkgInfo<u16>| {
            crate::entry::boundary::text::read(info.Name).unwrap().unwrap().to_string()
        };
        (status, infos.iter().map(name).collect::<Vec<_>>())
    };
    assert_eq!(status, SEC_E_OK);
    assert_eq!(names, ["Negotiate", "Kerberos", "NTLM", "Schannel"]);
    // SAFETY: as it was given.
    assert_eq!(unsafe { FreeContextBuffer(infos.cast()) }, SEC_E_OK);
}

fn ask_for_an_attribute() {
    let (status, mut credential) = acquired("Schannel");
    assert_eq!(status, SEC_E_OK);
    let mut answer: ULONG = 0;
    // SAFETY: a handle, and a place for the answer.
    unsafe {
        QueryCredentialsAttributesW(&mut credential, 1, (&raw mut answer).cast());
        assert_eq!(FreeCredentialsHandle(&mut credential), SEC_E_OK);
    }
}

#[test]
fn memory_of_the_system_s() {
    let _alone = alone();
    // Once it was asked for something that it may allocate, other memory may be secur32.dll's.
    ask_for_an_attribute();
    let freed = BUFFERS_FREED.load(Ordering::SeqCst);
    let mut nobody_s = 0u64;
    // SAFETY: the fake touches neither.
    unsafe {
        assert_eq!(FreeContextBuffer((&raw const GIVEN).cast_mut().cast()), SEC_E_OK);
        assert_eq!(BUFFERS_FREED.load(Ordering::SeqCst), freed + 1);
        assert_eq!(FreeContextBuffer((&raw mut nobody_s).cast()), SEC_E_INVALID_PARAMETER);
    }
}

/// Even though the heap may have given the address to the system since, had it been freed.
#[test]
fn memory_that_was_once_ours_is_never_the_system_s() {
    let _alone = alone();
    ask_for_an_attribute();
    let (mut count, mut infos) = (0, null_mut());
    let freed = BUFFERS_FREED.load(Ordering::SeqCst);
    // SAFETY: places for both; the fake touches no buffer.
    unsafe {
        assert_eq!(EnumerateSecurityPackagesW(&mut count, &mut infos), SEC_E_OK);
        let (name, second) = ((*infos).Name, infos.add(1));
        for _ in 0..2 {
            assert_eq!(FreeContextBuffer(name.cast()), SEC_E_INVALID_PARAMETER);
            assert_eq!(FreeContextBuffer(second.cast()), SEC_E_INVALID_PARAMETER);
            FreeContextBuffer(infos.cast());
        }
        assert_eq!(FreeContextBuffer(infos.cast()), SEC_E_INVALID_PARAMETER);
        assert_eq!(BUFFERS_FREED.load(Ordering::SeqCst), freed);
    }
}
