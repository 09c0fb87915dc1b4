//! NtCreateToken.

use super::sids::{List, SidBuffer};
use super::{RIGHTS, access, opened};
use crate::platform::access_token::{CallError, CallResult, Contents};
use crate::types::sid::Sid;
use crate::types::time::FileTime;
use std::ffi::c_void;
use std::os::windows::io::OwnedHandle;
use std::ptr::{null, null_mut};
use std::sync::OnceLock;
use windows_sys::Win32::Foundation::{HANDLE, LUID, NTSTATUS};
use windows_sys::Win32::Security::*;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};

/// The parts of a new token: type, session, expiry, user, groups, privileges, owner, primary group,
/// default DACL, source.
pub(crate) type NtCreateToken = unsafe extern "system" fn(
    *mut HANDLE,
    TOKEN_ACCESS_MASK,
    *const ObjectAttributes,
    TOKEN_TYPE,
    *const LUID,
    *const i64,
    *const TOKEN_USER,
    *const TOKEN_GROUPS,
    *const TOKEN_PRIVILEGES,
    *const TOKEN_OWNER,
    *const TOKEN_PRIMARY_GROUP,
    *const TOKEN_DEFAULT_DACL,
    *const TOKEN_SOURCE,
) -> NTSTATUS;

/// OBJECT_ATTRIBUTES.
#[repr(C)]
pub(crate) struct ObjectAttributes {
    length: u32,
    root: HANDLE,
    name: *const c_void,
    attributes: u32,
    descriptor: *const c_void,
    quality: *const SECURITY_QUALITY_OF_SERVICE,
}

/// The function, if ntdll exports it: Windows, and Wine from version 9 on.
pub(crate) fn function() -> Option<NtCreateToken> {
    static FUNCTION: OnceLock<Option<NtCreateToken>> = OnceLock::new();
    *FUNCTION.get_or_init(|| {
        // SAFETY: names that end with zeros; ntdll is in every process.
        let found = unsafe {
            GetProcAddress(
                GetModuleHandleA(c"ntdll.dll".as_ptr().cast()),
                c"NtCreateToken".as_ptr().cast(),
            )
        };
        // SAFETY: the type is that of the function of this name.
        found.map(|found| unsafe {
            std::mem::transmute::<unsafe extern "system" fn() -> isize, NtCreateToken>(found)
        })
    })
}

/// An impersonation token, which the client and this process's user may open.
pub(crate) fn create(contents: &Contents, own_user: Sid) -> CallResult<OwnedHandle> {
    const STATUS_NOT_IMPLEMENTED: CallError = CallError(0xc000_0002);
    let create = function().ok_or(STATUS_NOT_IMPLEMENTED)?;

    let user = SidBuffer::new(&contents.user);
    let primary_group = SidBuffer::new(&contents.primary_group);
    let list = List::new(contents.groups.iter().copied());
    let groups = list.token_groups();
    let session =
        LUID { LowPart: contents.session as u32, HighPart: (contents.session >> 32) as i32 };
    // FileTime::NEVER and later mean no expiry.
    let expiry =
        if contents.expiry >= FileTime::NEVER { i64::MAX } else { contents.expiry.0 as i64 };
    let luid = LUID { LowPart: contents.privilege as u32, HighPart: 0 };
    let attributes = SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_ENABLED_BY_DEFAULT;
    let privileges = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        Privileges: [LUID_AND_ATTRIBUTES { Luid: luid, Attributes: attributes }],
    };
    let dacl = access::list(&[contents.user]);
    let descriptor = access::descriptor(&[contents.user, own_user]);
    let source =
        TOKEN_SOURCE { SourceName: b"negossp\0".map(|byte| byte as i8), SourceIdentifier: session };
    let quality = SECURITY_QUALITY_OF_SERVICE {
        Length: size_of::<SECURITY_QUALITY_OF_SERVICE>() as u32,
        ImpersonationLevel: contents.level as i32,
        ContextTrackingMode: 0,
        EffectiveOnly: false,
    };
    let object = ObjectAttributes {
        length: size_of::<ObjectAttributes>() as u32,
        root: null_mut(),
        name: null(),
        attributes: 0,
        descriptor: descriptor.as_ptr().cast(),
        quality: &quality,
    };
    let mut token = null_mut();
    // SAFETY: every pointer is to a live structure of the type that the function takes, which
    // points in turn to what lives until the end of this function; what is opened is this
    // function's.
    unsafe {
        let status = create(
            &mut token,
            RIGHTS,
            &object,
            TokenImpersonation,
            &session,
            &expiry,
            &TOKEN_USER { User: SID_AND_ATTRIBUTES { Sid: user.pointer(), Attributes: 0 } },
            groups.as_ptr().cast(),
            &privileges,
            &TOKEN_OWNER { Owner: user.pointer() },
            &TOKEN_PRIMARY_GROUP { PrimaryGroup: primary_group.pointer() },
            &TOKEN_DEFAULT_DACL { DefaultDacl: dacl.as_ptr().cast_mut().cast() },
            &source,
        );
        if status != 0 {
            return Err(CallError(status as u32));
        }
        opened(token)
    }
}
