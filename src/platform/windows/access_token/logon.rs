//! LsaLogonUser: the system logs an account on without its password, since this process vouches for
//! it (S4U).
//!
//! The functions are those of the system's own secur32.dll. Linked by name they could be this
//! library's, which forwards them.

use super::opened;
use crate::platform::access_token::{CallError, CallResult, Logon};
use crate::platform::system_dll::SystemDll;
use std::ffi::{CStr, c_void};
use std::mem::offset_of;
use std::os::windows::io::OwnedHandle;
use std::ptr::{NonNull, null, null_mut};
use std::sync::OnceLock;
use windows_sys::Win32::Foundation::{HANDLE, LUID, NTSTATUS};
use windows_sys::Win32::Security::{QUOTA_LIMITS, TOKEN_GROUPS, TOKEN_SOURCE};

/// LSA_STRING, ANSI.
#[repr(C)]
struct LsaString {
    length: u16,
    room: u16,
    text: *const u8,
}

impl LsaString {
    fn new(text: &'static CStr) -> LsaString {
        let length = text.count_bytes() as u16;
        LsaString { length, room: length + 1, text: text.as_ptr().cast() }
    }
}

/// UNICODE_STRING.
#[repr(C)]
#[derive(Clone, Copy)]
struct UnicodeString {
    length: u16,
    room: u16,
    text: *const u16,
}

/// KERB_S4U_LOGON and MSV1_0_S4U_LOGON, which are alike.
#[repr(C)]
#[derive(Clone, Copy)]
struct S4uLogon {
    message: u32,
    flags: u32,
    user: UnicodeString,
    domain: UnicodeString,
}

/// KerbS4ULogon and MsV1_0S4ULogon.
const S4U_LOGON: u32 = 12;
/// KERB_S4U_LOGON_FLAG_IDENTIFY
const IDENTIFY: u32 = 8;
/// MSV1_0_S4U_LOGON_FLAG_CHECK_LOGONHOURS
const CHECK_LOGON_HOURS: u32 = 2;
/// SECURITY_LOGON_TYPE's Network.
const NETWORK: i32 = 3;

type Register = unsafe extern "system" fn(*const LsaString, *mut HANDLE, *mut u32) -> NTSTATUS;
type Connect = unsafe extern "system" fn(*mut HANDLE) -> NTSTATUS;
type Lookup = unsafe extern "system" fn(HANDLE, *const LsaString, *mut u32) -> NTSTATUS;
type Free = unsafe extern "system" fn(*mut c_void) -> NTSTATUS;
type Deregister = unsafe extern "system" fn(HANDLE) -> NTSTATUS;
/// Connection, origin, logon type, package, request and its length, further groups, source, profile
/// and its length, logon session, token, quotas, substatus.
type LogonUser = unsafe extern "system" fn(
    HANDLE,
    *const LsaString,
    i32,
    u32,
    *const c_void,
    u32,
    *const TOKEN_GROUPS,
    *const TOKEN_SOURCE,
    *mut *mut c_void,
    *mut u32,
    *mut LUID,
    *mut HANDLE,
    *mut QUOTA_LIMITS,
    *mut NTSTATUS,
) -> NTSTATUS;

/// The Local Security Authority.
#[derive(Clone, Copy)]
struct Lsa {
    register: Register,
    connect: Connect,
    lookup: Lookup,
    log_on: LogonUser,
    free: Free,
    deregister: Deregister,
}

impl Lsa {
    fn get() -> Option<Lsa> {
        static LSA: OnceLock<Option<Lsa>> = OnceLock::new();
        *LSA.get_or_init(|| {
            let dll = SystemDll::load()?;
            /// # Safety
            /// `F` is the type of the function of that name.
            unsafe fn function<F>(dll: SystemDll, name: &CStr) -> Option<F> {
                const { assert!(size_of::<F>() == size_of::<NonNull<()>>()) };
                let address = dll.function(name)?;
                // SAFETY: a function pointer is an address; by the caller's promise one of this
                // type.
                Some(unsafe { std::mem::transmute_copy(&address) })
            }
            // SAFETY: the types are those of the functions of these names.
            unsafe {
                Some(Lsa {
                    register: function(dll, c"LsaRegisterLogonProcess")?,
                    connect: function(dll, c"LsaConnectUntrusted")?,
                    lookup: function(dll, c"LsaLookupAuthenticationPackage")?,
                    log_on: function(dll, c"LsaLogonUser")?,
                    free: function(dll, c"LsaFreeReturnBuffer")?,
                    deregister: function(dll, c"LsaDeregisterLogonProcess")?,
                })
            }
        })
    }
}

/// A connection with the authority.
struct Connection {
    lsa: Lsa,
    handle: HANDLE,
}

impl Connection {
    /// As a trusted process, or as any program.
    fn open(lsa: Lsa, trusted: bool) -> CallResult<Connection> {
        let (mut handle, mut mode) = (null_mut(), 0);
        // SAFETY: all pointers are to live values.
        let status = unsafe {
            match trusted {
                true => (lsa.register)(&LsaString::new(c"negossp"), &mut handle, &mut mode),
                false => (lsa.connect)(&mut handle),
            }
        };
        succeeded(status).map(|()| Connection { lsa, handle })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: it is open, and not used any more.
        unsafe { (self.lsa.deregister)(self.handle) };
    }
}

/// The account's token.
pub(crate) fn log_on(logon: &Logon, trusted: bool) -> CallResult<OwnedHandle> {
    const STATUS_NOT_IMPLEMENTED: CallError = CallError(0xc000_0002);
    let lsa = Lsa::get().ok_or(STATUS_NOT_IMPLEMENTED)?;
    let connection = Connection::open(lsa, trusted)?;
    let package = match logon {
        Logon::Domain { .. } => c"Kerberos",
        Logon::Machine { .. } => c"MICROSOFT_AUTHENTICATION_PACKAGE_V1_0",
    };
    let mut number = 0;
    // SAFETY: the connection is open, and the pointers are to live values.
    succeeded(unsafe { (lsa.lookup)(connection.handle, &LsaString::new(package), &mut number) })?;

    let request = Request::new(logon);
    let source = TOKEN_SOURCE {
        SourceName: b"negossp\0".map(|byte| byte as i8),
        SourceIdentifier: LUID::default(),
    };
    let (mut profile, mut profile_length) = (null_mut(), 0);
    let (mut session, mut token, mut quotas, mut detail) =
        (LUID::default(), null_mut(), QUOTA_LIMITS::default(), 0);
    // SAFETY: the connection is open, the request has the passed length and points into itself, and
    // the other pointers are to live values. What is returned is freed, and what is opened is this
    // function's.
    unsafe {
        let status = (lsa.log_on)(
            connection.handle,
            &LsaString::new(c"negossp"),
            NETWORK,
            number,
            request.words.as_ptr().cast(),
            request.length,
            null(),
            &source,
            &mut profile,
            &mut profile_length,
            &mut session,
            &mut token,
            &mut quotas,
            &mut detail,
        );
        if !profile.is_null() {
            (lsa.free)(profile);
        }
        succeeded(status)?;
        opened(token)
    }
}

fn succeeded(status: NTSTATUS) -> CallResult<()> {
    if status >= 0 { Ok(()) } else { Err(CallError(status as u32)) }
}

/// The request in one block, since it is copied into another process as a whole.
struct Request {
    words: Vec<u64>,
    length: u32,
}

impl Request {
    fn new(logon: &Logon) -> Request {
        let (flags, user, domain) = match logon {
            Logon::Domain { user, realm, identify } => {
                (if *identify { IDENTIFY } else { 0 }, user, realm)
            }
            Logon::Machine { user, computer } => (CHECK_LOGON_HOURS, user, computer),
        };
        // The limit of a UNICODE_STRING; no account's name is as long.
        let text = |text: &str| -> Vec<u16> { text.encode_utf16().take(0x7fff).collect() };
        let (user, domain) = (text(user), text(domain));
        let length = size_of::<S4uLogon>() + 2 * (user.len() + domain.len());
        let mut words = vec![0u64; length.div_ceil(8)];
        let start = words.as_mut_ptr();
        let texts = start.cast::<u16>().wrapping_byte_add(size_of::<S4uLogon>());
        let string = |text: *const u16, units: usize| {
            let length = 2 * units as u16;
            UnicodeString { length, room: length, text }
        };
        let header = S4uLogon {
            message: S4U_LOGON,
            flags,
            user: string(texts, user.len()),
            domain: string(texts.wrapping_add(user.len()), domain.len()),
        };
        const { assert!(offset_of!(S4uLogon, user) == 8) };
        // SAFETY: `words` has room for the header and, behind it, for both texts, and is aligned
        // for all of them.
        unsafe {
            start.cast::<S4uLogon>().write(header);
            texts.copy_from_nonoverlapping(user.as_ptr(), user.len());
            texts.wrapping_add(user.len()).copy_from_nonoverlapping(domain.as_ptr(), domain.len());
        }
        Request { words, length: length as u32 }
    }
}
