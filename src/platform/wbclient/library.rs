//! libwbclient, by its public header wbclient.h: version 0.12 of its interface, Samba 4.2, or
//! later.

use super::{Account, Logon, Named, WbcError};
use crate::principal::SidAndAttributes;
use crate::types::sid::Sid;
use once_cell::race::OnceBox;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use zeroize::{Zeroize, Zeroizing};

/// `struct wbcDomainSid`
#[repr(C)]
#[derive(Clone, Copy)]
struct DomainSid {
    revision: u8,
    count: u8,
    authority: [u8; 6],
    sub_authorities: [u32; 15],
}

/// `struct wbcUnixId`
#[repr(C)]
#[derive(Clone, Copy)]
struct UnixId {
    kind: c_int,
    id: u32,
}

/// `struct wbcSidWithAttr`
#[repr(C)]
#[derive(Clone, Copy)]
struct SidWithAttr {
    sid: DomainSid,
    attributes: u32,
}

/// `struct wbcBlob`
#[repr(C)]
#[derive(Clone, Copy)]
struct Blob {
    data: *mut u8,
    length: usize,
}

/// `password.response` of `struct wbcAuthUserParams`
#[repr(C)]
#[derive(Clone, Copy)]
struct Response {
    challenge: [u8; 8],
    nt_length: u32,
    nt_data: *mut u8,
    lm_length: u32,
    lm_data: *mut u8,
}

/// `password` of `struct wbcAuthUserParams`; only its largest members, for the size.
#[repr(C)]
union Password {
    response: Response,
    _hash: [u8; 32],
    _pac: Blob,
}

/// `struct wbcAuthUserParams`
#[repr(C)]
struct AuthUserParams {
    account_name: *const c_char,
    domain_name: *const c_char,
    workstation_name: *const c_char,
    flags: u32,
    parameter_control: u32,
    level: c_int,
    password: Password,
}

/// `struct wbcAuthUserInfo`
#[repr(C)]
struct AuthUserInfo {
    user_flags: u32,
    account_name: *mut c_char,
    user_principal: *mut c_char,
    full_name: *mut c_char,
    domain_name: *mut c_char,
    dns_domain_name: *mut c_char,
    acct_flags: u32,
    user_session_key: [u8; 16],
    lm_session_key: [u8; 8],
    logon_count: u16,
    bad_password_count: u16,
    logon_time: u64,
    logoff_time: u64,
    kickoff_time: u64,
    pass_last_set_time: u64,
    pass_can_change_time: u64,
    pass_must_change_time: u64,
    logon_server: *mut c_char,
    logon_script: *mut c_char,
    profile_path: *mut c_char,
    home_directory: *mut c_char,
    home_drive: *mut c_char,
    num_sids: u32,
    sids: *mut SidWithAttr,
}

/// `struct wbcAuthErrorInfo`
#[repr(C)]
struct AuthErrorInfo {
    nt_status: u32,
    nt_string: *mut c_char,
    pam_error: i32,
    display_string: *mut c_char,
    authoritative: u8,
}

/// WBC_AUTH_USER_LEVEL_RESPONSE
const LEVEL_RESPONSE: c_int = 3;
/// WBC_ERR_SUCCESS
const SUCCESS: c_int = 0;
/// WBC_ERR_WINBIND_NOT_AVAILABLE
const NOT_AVAILABLE: c_int = 6;
/// WBC_ERR_DOMAIN_NOT_FOUND, WBC_ERR_UNKNOWN_USER
const UNKNOWN: [c_int; 2] = [7, 11];
/// WBC_ID_TYPE_GID, WBC_ID_TYPE_BOTH
const GROUPS: [c_int; 2] = [2, 3];
/// WBC_ERR_AUTH_ERROR
const AUTH_ERROR: c_int = 10;
/// WBC_SID_NAME_USER, WBC_SID_NAME_COMPUTER
const ACCOUNTS: [c_int; 2] = [1, 9];

/// An upper bound; Windows' limit of groups in a token is far lower.
const MOST_SIDS: u32 = 8192;
/// winbindd itself has no longer names.
const LONGEST_TEXT: usize = 4096;

/// Makes the table of the functions, each found by its name.
macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The library's functions.
        #[allow(non_snake_case)]
        struct Functions {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            /// Finds them.
            ///
            /// # Safety
            ///
            /// `library` is a handle of dlopen to libwbclient.
            #[allow(non_snake_case)]
            unsafe fn of(library: NonNull<c_void>) -> Option<Functions> {
                $(
                    // SAFETY: the handle is dlopen's, the name ends in a zero.
                    let $name = unsafe { libc::dlsym(library.as_ptr(), concat!(stringify!($name), "\0").as_ptr().cast()) };
                    if $name.is_null() {
                        return None;
                    }
                )*
                Some(Functions {
                    // SAFETY: wbclient.h declares the functions of these names so.
                    $($name: unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn($($argument),*) $(-> $result)?>($name) },)*
                })
            }
        }
    };
}

functions! {
    wbcCtxCreate: fn() -> *mut c_void;
    wbcCtxFree: fn(*mut c_void);
    wbcFreeMemory: fn(*mut c_void);
    wbcCtxAuthenticateUserEx:
        fn(*mut c_void, *const AuthUserParams, *mut *mut AuthUserInfo, *mut *mut AuthErrorInfo) -> c_int;
    wbcCtxLookupName: fn(*mut c_void, *const c_char, *const c_char, *mut DomainSid, *mut c_int) -> c_int;
    wbcCtxLookupSid: fn(*mut c_void, *const DomainSid, *mut *mut c_char, *mut *mut c_char, *mut c_int) -> c_int;
    wbcCtxSidToUid: fn(*mut c_void, *const DomainSid, *mut libc::uid_t) -> c_int;
    wbcCtxSidsToUnixIds: fn(*mut c_void, *const DomainSid, u32, *mut UnixId) -> c_int;
    wbcCtxLookupUserSids: fn(*mut c_void, *const DomainSid, bool, *mut u32, *mut *mut DomainSid) -> c_int;
}

/// The library's functions, loaded once; `None` if that fails.
fn library() -> Option<&'static Functions> {
    // Not a OnceLock: a fork while another thread loads it would block the child.
    static LIBRARY: OnceBox<Option<Functions>> = OnceBox::new();
    let load = || {
        // SAFETY: the name ends in a zero. What the library does when it is loaded is as trusted as
        // any that the system would have linked: it is searched for in the same places.
        let library = unsafe {
            libc::dlopen(c"libwbclient.so.0".as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL)
        };
        // SAFETY: the handle is what dlopen gave for that library.
        unsafe { Functions::of(NonNull::new(library)?) }
    };
    LIBRARY.get_or_init(|| Box::new(load())).as_ref()
}

/// A connection to winbindd, made on first use and again after it was lost. Calls block as long as
/// the library does: up to half a minute if winbindd does not answer.
pub struct Connection {
    functions: &'static Functions,
    context: NonNull<c_void>,
}

/// Memory allocated by the library; Drop frees it.
struct Given<T> {
    functions: &'static Functions,
    memory: *mut T,
}

impl<T> Given<T> {
    fn none(functions: &'static Functions) -> Given<T> {
        Given { functions, memory: ptr::null_mut() }
    }
}

impl<T> Drop for Given<T> {
    fn drop(&mut self) {
        if !self.memory.is_null() {
            // SAFETY: the library gave it, and nothing refers to it any more.
            unsafe { (self.functions.wbcFreeMemory)(self.memory.cast()) };
        }
    }
}

impl Connection {
    /// The library is installed.
    pub fn is_available() -> bool {
        library().is_some()
    }

    /// A new connection; `None` without the library.
    pub fn open() -> Option<Connection> {
        let functions = library()?;
        // SAFETY: it takes nothing and gives a context or null.
        let context = NonNull::new(unsafe { (functions.wbcCtxCreate)() })?;
        Some(Connection { functions, context })
    }

    /// Has winbindd validate a logon.
    pub fn authenticate(&mut self, logon: &Logon<'_>) -> Result<Account, WbcError> {
        let length = |bytes: &[u8]| {
            u32::try_from(bytes.len()).map_err(|_| WbcError::Malformed("a response of that length"))
        };
        // The library only reads them, although the types are mutable.
        let data = |bytes: &[u8]| {
            if bytes.is_empty() { ptr::null_mut() } else { bytes.as_ptr().cast_mut() }
        };
        let response = Response {
            challenge: logon.challenge,
            nt_length: length(logon.nt_response)?,
            nt_data: data(logon.nt_response),
            lm_length: length(logon.lm_response)?,
            lm_data: data(logon.lm_response),
        };
        let mut params = AuthUserParams {
            account_name: logon.user.as_ptr(),
            domain_name: logon.domain.as_ptr(),
            workstation_name: logon.workstation.as_ptr(),
            flags: 0,
            parameter_control: logon.parameter_control,
            level: LEVEL_RESPONSE,
            password: Password { _hash: [0; 32] },
        };
        params.password.response = response;
        let mut info = Given::none(self.functions);
        let mut error = Given::none(self.functions);
        // SAFETY: the context is not shared, the parameters and what they point to live through the
        // call, and so do the places for the answers.
        let result = unsafe {
            (self.functions.wbcCtxAuthenticateUserEx)(
                self.context.as_ptr(),
                &params,
                &mut info.memory,
                &mut error.memory,
            )
        };
        // SAFETY: null, or a structure of the library's that `info` keeps.
        let answered = unsafe { info.memory.as_mut() };
        // SAFETY: likewise, by `error`.
        let error = unsafe { error.memory.as_ref() };
        match (result, answered, error) {
            (SUCCESS, Some(info), _) => {
                // SAFETY: the library filled it.
                let account = unsafe { account(info) };
                info.user_session_key.zeroize();
                info.lm_session_key.zeroize();
                account
            }
            (SUCCESS, None, _) => {
                Err(WbcError::Malformed("a logon that succeeds and tells nothing"))
            }
            (AUTH_ERROR, _, Some(AuthErrorInfo { nt_status, .. })) if *nt_status != 0 => {
                Err(WbcError::Refused(*nt_status))
            }
            (NOT_AVAILABLE, ..) => Err(WbcError::Unavailable),
            (other, ..) => Err(WbcError::Failed(other)),
        }
    }

    /// Looks an account up.
    pub fn look_up(&mut self, domain: &CStr, user: &CStr) -> Result<Named, WbcError> {
        let (functions, context) = (self.functions, self.context.as_ptr());
        let (sid, mut kind) = self.name(domain, user)?;
        if !ACCOUNTS.contains(&kind) {
            return Err(WbcError::Malformed("not the name of an account"));
        }
        let (mut own_domain, mut own_name) = (Given::none(functions), Given::none(functions));
        // SAFETY: as above.
        done(unsafe {
            (functions.wbcCtxLookupSid)(
                context,
                &sid,
                &mut own_domain.memory,
                &mut own_name.memory,
                &mut kind,
            )
        })?;
        let mut count = 0;
        let mut list = Given::none(functions);
        // SAFETY: as above.
        done(unsafe {
            (functions.wbcCtxLookupUserSids)(context, &sid, false, &mut count, &mut list.memory)
        })?;
        // SAFETY: the library says that there are so many, and `list` keeps them.
        let groups =
            unsafe { slice(list.memory, count) }?.iter().map(sid_of).collect::<Result<_, _>>()?;
        // SAFETY: texts of the library's, which `own_name` and `own_domain` keep.
        let (user, domain) = unsafe { (text(own_name.memory)?, text(own_domain.memory)?) };
        Ok(Named { user, domain, sid: sid_of(&sid)?, groups })
    }

    /// The SID of whatever has this name: an account or a group.
    pub fn sid_of(&mut self, domain: &CStr, name: &CStr) -> Result<Sid, WbcError> {
        sid_of(&self.name(domain, name)?.0)
    }

    /// A name's SID, and what it names.
    fn name(&mut self, domain: &CStr, name: &CStr) -> Result<(DomainSid, c_int), WbcError> {
        let mut sid =
            DomainSid { revision: 0, count: 0, authority: [0; 6], sub_authorities: [0; 15] };
        let mut kind = 0;
        let (domain, name) = (domain.as_ptr(), name.as_ptr());
        let context = self.context.as_ptr();
        // SAFETY: the context is not shared; names and places live through the call.
        done(unsafe {
            (self.functions.wbcCtxLookupName)(context, domain, name, &mut sid, &mut kind)
        })?;
        Ok((sid, kind))
    }

    /// The user number for this SID.
    pub fn uid_of(&mut self, sid: &Sid) -> Result<u32, WbcError> {
        let mut uid = libc::uid_t::MAX;
        // SAFETY: the context is not shared; the SID and the place for the number live through the
        // call.
        let result = unsafe {
            (self.functions.wbcCtxSidToUid)(self.context.as_ptr(), &domain_sid(sid), &mut uid)
        };
        match done(result) {
            Err(WbcError::Failed(code)) if UNKNOWN.contains(&code) => Err(WbcError::Unknown),
            Err(error) => Err(error),
            Ok(()) if uid == libc::uid_t::MAX => {
                Err(WbcError::Malformed("a number that is no user's"))
            }
            Ok(()) => Ok(uid),
        }
    }

    /// The numbers of those of the SIDs that are groups here.
    pub fn gids_of(&mut self, sids: &[Sid]) -> Result<Vec<u32>, WbcError> {
        let sids: Vec<DomainSid> = sids.iter().take(MOST_SIDS as usize).map(domain_sid).collect();
        let mut ids = vec![UnixId { kind: 0, id: u32::MAX }; sids.len()];
        if sids.is_empty() {
            return Ok(Vec::new());
        }
        // SAFETY: the context is not shared; there are so many SIDs, and places for as many
        // numbers.
        done(unsafe {
            (self.functions.wbcCtxSidsToUnixIds)(
                self.context.as_ptr(),
                sids.as_ptr(),
                sids.len() as u32,
                ids.as_mut_ptr(),
            )
        })?;
        let groups = ids.iter().filter(|id| GROUPS.contains(&id.kind) && id.id != u32::MAX);
        Ok(groups.map(|id| id.id).collect())
    }
}

fn domain_sid(sid: &Sid) -> DomainSid {
    let [_, _, authority @ ..] = sid.authority().to_be_bytes();
    let numbers = sid.sub_authorities();
    let mut sub_authorities = [0; 15];
    sub_authorities[..numbers.len()].copy_from_slice(numbers);
    DomainSid { revision: 1, count: numbers.len() as u8, authority, sub_authorities }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: the context is the library's and is used no more.
        unsafe { (self.functions.wbcCtxFree)(self.context.as_ptr()) };
    }
}

fn done(result: c_int) -> Result<(), WbcError> {
    match result {
        SUCCESS => Ok(()),
        NOT_AVAILABLE => Err(WbcError::Unavailable),
        other => Err(WbcError::Failed(other)),
    }
}

/// A slice of `count` structures.
///
/// # Safety
///
/// There are so many at `first`, and they stay there for as long as the slice is used.
unsafe fn slice<'a, T>(first: *const T, count: u32) -> Result<&'a [T], WbcError> {
    match count {
        0 => Ok(&[]),
        _ if first.is_null() => Err(WbcError::Malformed("SIDs that are not there")),
        1..=MOST_SIDS if first.is_aligned() => {
            // SAFETY: by the caller's word; the count is bounded, so that the length in bytes is
            // too.
            Ok(unsafe { std::slice::from_raw_parts(first, count as usize) })
        }
        _ => Err(WbcError::Malformed("too many SIDs")),
    }
}

/// A string of the library's; empty for null.
///
/// # Safety
///
/// Null, or a zero-terminated string.
unsafe fn text(text: *const c_char) -> Result<String, WbcError> {
    if text.is_null() {
        return Ok(String::new());
    }
    // SAFETY: by the caller's word; no more than the limit is looked at.
    let length = unsafe { libc::strnlen(text, LONGEST_TEXT) };
    if length == LONGEST_TEXT {
        return Err(WbcError::Malformed("a text that is too long"));
    }
    // SAFETY: so many characters were just read.
    let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) };
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn sid_of(sid: &DomainSid) -> Result<Sid, WbcError> {
    const MALFORMED: WbcError = WbcError::Malformed("a SID");
    let [a, b, c, d, e, f] = sid.authority;
    let sub_authorities = sid.sub_authorities.get(..usize::from(sid.count)).ok_or(MALFORMED)?;
    match sid.revision {
        1 => {
            Sid::new(u64::from_be_bytes([0, 0, a, b, c, d, e, f]), sub_authorities).ok_or(MALFORMED)
        }
        _ => Err(MALFORMED),
    }
}

/// # Safety
///
/// The library filled it.
unsafe fn account(info: &AuthUserInfo) -> Result<Account, WbcError> {
    // SAFETY: as many as the structure says.
    let sids = unsafe { slice(info.sids, info.num_sids) }?;
    let sids = sids
        .iter()
        .map(|sid| Ok(SidAndAttributes { sid: sid_of(&sid.sid)?, attributes: sid.attributes }));
    // SAFETY: each is null or a text.
    let text = |pointer: *mut c_char| unsafe { text(pointer) };
    Ok(Account {
        user: text(info.account_name)?,
        domain: text(info.domain_name)?,
        upn: text(info.user_principal)?,
        dns_domain: text(info.dns_domain_name)?,
        full_name: text(info.full_name)?,
        logon_server: text(info.logon_server)?,
        user_flags: info.user_flags,
        user_account_control: info.acct_flags,
        user_session_key: Zeroizing::new(info.user_session_key),
        lm_key: Zeroizing::new(info.lm_session_key),
        logon_time: info.logon_time,
        logoff_time: info.logoff_time,
        password_must_change: info.pass_must_change_time,
        sids: sids.collect::<Result<_, WbcError>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::mem::offset_of;
    use std::process::{Command, Stdio};

    /// Lines of C that compile only if the header's structures are as declared here.
    fn assertions() -> String {
        let mut c = String::from(
            "#include <stdint.h>\n#include <stdbool.h>\n#include <stddef.h>\n#include <sys/types.h>\n#include <pwd.h>\n\
             #include <grp.h>\n#include <wbclient.h>\n",
        );
        let mut size = |of: &str, rust: usize| {
            c += &format!("_Static_assert(sizeof({of}) == {rust}, \"size of {of}\");\n")
        };
        size("struct wbcDomainSid", size_of::<DomainSid>());
        size("struct wbcSidWithAttr", size_of::<SidWithAttr>());
        size("struct wbcAuthUserParams", size_of::<AuthUserParams>());
        size("struct wbcAuthUserInfo", size_of::<AuthUserInfo>());
        size("struct wbcAuthErrorInfo", size_of::<AuthErrorInfo>());
        size("enum wbcSidType", size_of::<c_int>());
        size("wbcErr", size_of::<c_int>());
        let mut place = |of: &str, field: &str, rust: usize| {
            c += &format!(
                "_Static_assert(offsetof(struct {of}, {field}) == {rust}, \"{of}.{field}\");\n"
            );
        };
        macro_rules! places {
            ($of:literal, $rust:ty: $($field:literal $name:ident),* $(,)?) => {
                $(place($of, $field, offset_of!($rust, $name));)*
            };
        }
        places!("wbcDomainSid", DomainSid: "sid_rev_num" revision, "num_auths" count, "id_auth" authority,
            "sub_auths" sub_authorities);
        places!("wbcUnixId", UnixId: "type" kind, "id" id);
        places!("wbcSidWithAttr", SidWithAttr: "sid" sid, "attributes" attributes);
        places!("wbcAuthUserParams", AuthUserParams: "account_name" account_name, "domain_name" domain_name,
            "workstation_name" workstation_name, "flags" flags, "parameter_control" parameter_control, "level" level,
            "password" password);
        let response = offset_of!(AuthUserParams, password);
        place(
            "wbcAuthUserParams",
            "password.response.challenge",
            response + offset_of!(Response, challenge),
        );
        place(
            "wbcAuthUserParams",
            "password.response.nt_length",
            response + offset_of!(Response, nt_length),
        );
        place(
            "wbcAuthUserParams",
            "password.response.nt_data",
            response + offset_of!(Response, nt_data),
        );
        place(
            "wbcAuthUserParams",
            "password.response.lm_length",
            response + offset_of!(Response, lm_length),
        );
        place(
            "wbcAuthUserParams",
            "password.response.lm_data",
            response + offset_of!(Response, lm_data),
        );
        places!("wbcAuthUserInfo", AuthUserInfo: "user_flags" user_flags, "account_name" account_name,
            "user_principal" user_principal, "full_name" full_name, "domain_name" domain_name,
            "dns_domain_name" dns_domain_name, "acct_flags" acct_flags, "user_session_key" user_session_key,
            "lm_session_key" lm_session_key, "logon_count" logon_count, "bad_password_count" bad_password_count,
            "logon_time" logon_time, "logoff_time" logoff_time, "kickoff_time" kickoff_time,
            "pass_last_set_time" pass_last_set_time, "pass_can_change_time" pass_can_change_time,
            "pass_must_change_time" pass_must_change_time, "logon_server" logon_server, "logon_script" logon_script,
            "profile_path" profile_path, "home_directory" home_directory, "home_drive" home_drive, "num_sids" num_sids,
            "sids" sids);
        places!("wbcAuthErrorInfo", AuthErrorInfo: "nt_status" nt_status, "nt_string" nt_string, "pam_error" pam_error,
            "display_string" display_string, "authoritative" authoritative);
        for (name, rust) in [
            ("WBC_AUTH_USER_LEVEL_RESPONSE", LEVEL_RESPONSE),
            ("WBC_ERR_SUCCESS", SUCCESS),
            ("WBC_ERR_WINBIND_NOT_AVAILABLE", NOT_AVAILABLE),
            ("WBC_ERR_DOMAIN_NOT_FOUND", UNKNOWN[0]),
            ("WBC_ERR_UNKNOWN_USER", UNKNOWN[1]),
            ("WBC_ID_TYPE_GID", GROUPS[0]),
            ("WBC_ID_TYPE_BOTH", GROUPS[1]),
            ("WBC_ERR_AUTH_ERROR", AUTH_ERROR),
            ("WBC_SID_NAME_USER", ACCOUNTS[0]),
            ("WBC_SID_NAME_COMPUTER", ACCOUNTS[1]),
        ] {
            c += &format!("_Static_assert({name} == {rust}, \"{name}\");\n");
        }
        let mut function = |name: &str, result: &str, arguments: &str| {
            c += &format!("{result} (*const our_{name})({arguments}) = {name};\n");
        };
        function("wbcCtxCreate", "struct wbcContext *", "void");
        function("wbcCtxFree", "void", "struct wbcContext *");
        function("wbcFreeMemory", "void", "void *");
        function(
            "wbcCtxAuthenticateUserEx",
            "wbcErr",
            "struct wbcContext *, const struct wbcAuthUserParams *, struct wbcAuthUserInfo **, struct wbcAuthErrorInfo **",
        );
        function(
            "wbcCtxLookupName",
            "wbcErr",
            "struct wbcContext *, const char *, const char *, struct wbcDomainSid *, enum wbcSidType *",
        );
        function(
            "wbcCtxLookupSid",
            "wbcErr",
            "struct wbcContext *, const struct wbcDomainSid *, char **, char **, enum wbcSidType *",
        );
        function(
            "wbcCtxLookupUserSids",
            "wbcErr",
            "struct wbcContext *, const struct wbcDomainSid *, bool, uint32_t *, struct wbcDomainSid **",
        );
        function(
            "wbcCtxSidToUid",
            "wbcErr",
            "struct wbcContext *, const struct wbcDomainSid *, uid_t *",
        );
        function(
            "wbcCtxSidsToUnixIds",
            "wbcErr",
            "struct wbcContext *, const struct wbcDomainSid *, uint32_t, struct wbcUnixId *",
        );
        c
    }

    fn compiles(text: &str) -> std::io::Result<Result<(), String>> {
        let mut compiler = Command::new("cc")
            .args(["-xc", "-std=c11", "-Werror", "-fsyntax-only", "-I/usr/include/samba-4.0", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        compiler.stdin.take().unwrap().write_all(text.as_bytes())?;
        let output = compiler.wait_with_output()?;
        Ok(if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        })
    }

    #[test]
    fn structures_and_functions_are_as_the_header_has_them() {
        let include = "#include <stdint.h>\n#include <stdbool.h>\n#include <sys/types.h>\n#include <pwd.h>\n#include <grp.h>\n\
                       #include <wbclient.h>\n";
        if !matches!(compiles(include), Ok(Ok(()))) {
            println!(
                "SKIPPED: structures_and_functions_are_as_the_header_has_them: no C compiler or no libwbclient-dev"
            );
            return;
        }
        compiles(&assertions()).unwrap().unwrap();
        // The check detects a difference.
        compiles(&assertions().replacen(" == ", " == 1 + ", 1)).unwrap().unwrap_err();
    }

    #[test]
    fn what_the_library_cannot_mean_is_not_believed() {
        let sid = |revision, count| DomainSid {
            revision,
            count,
            authority: [0, 0, 0, 0, 0, 5],
            sub_authorities: [32; 15],
        };
        assert_eq!(sid_of(&sid(1, 2)).unwrap().to_string(), "S-1-5-32-32");
        sid_of(&sid(1, 16)).unwrap_err();
        sid_of(&sid(2, 2)).unwrap_err();
        let one = sid(1, 1);
        // SAFETY: a null pointer, or a count that is refused before anything is looked at.
        unsafe {
            slice::<DomainSid>(ptr::null(), 1).map(drop).unwrap_err();
            slice(&one, MOST_SIDS + 1).map(drop).unwrap_err();
            assert_eq!(slice::<DomainSid>(ptr::null(), 0).unwrap().len(), 0);
            assert_eq!(text(ptr::null()).unwrap(), "");
        }
        let long = vec![b'a'; LONGEST_TEXT + 1];
        // SAFETY: no more is looked at than there is.
        unsafe { text(long.as_ptr().cast()) }.unwrap_err();
    }
}
