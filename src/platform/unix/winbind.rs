//! Samba's winbind, asked by way of its own library where the machine has that: `libwbclient.so.0`, loaded when first needed.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::NonNull;
use std::sync::OnceLock;

/// `struct wbcDomainSid` of `<wbclient.h>`.
#[repr(C)]
struct DomainSid {
    revision: u8,
    count: u8,
    authority: [u8; 6],
    sub_authorities: [u32; 15],
}

/// WBC_ERR_SUCCESS
const SUCCESS: c_int = 0;

/// The functions of the library. Those with a context: with one of its own a call shares nothing with other threads.
struct Library {
    create: unsafe extern "C" fn() -> *mut c_void,
    sid_to_uid: unsafe extern "C" fn(*mut c_void, *const DomainSid, *mut libc::uid_t) -> c_int,
    free: unsafe extern "C" fn(*mut c_void),
}

impl Library {
    fn get() -> Option<&'static Library> {
        static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
        LIBRARY.get_or_init(Library::load).as_ref()
    }

    fn load() -> Option<Library> {
        // SAFETY: the name ends with a zero. What the library does when it is loaded is its own; it is never unloaded.
        let library = NonNull::new(unsafe { libc::dlopen(c"libwbclient.so.0".as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) })?;
        // SAFETY: the library is loaded, and the name ends with a zero.
        let find = |name: &CStr| NonNull::new(unsafe { libc::dlsym(library.as_ptr(), name.as_ptr().cast::<c_char>()) });
        let (create, sid_to_uid, free) = (find(c"wbcCtxCreate")?, find(c"wbcCtxSidToUid")?, find(c"wbcCtxFree")?);
        // SAFETY: functions of these names have these types in every version of the library's interface 0.
        Some(unsafe {
            Library {
                create: std::mem::transmute::<NonNull<c_void>, unsafe extern "C" fn() -> *mut c_void>(create),
                sid_to_uid: std::mem::transmute::<
                    NonNull<c_void>,
                    unsafe extern "C" fn(*mut c_void, *const DomainSid, *mut libc::uid_t) -> c_int,
                >(sid_to_uid),
                free: std::mem::transmute::<NonNull<c_void>, unsafe extern "C" fn(*mut c_void)>(free),
            }
        })
    }
}

/// The number of the user whose SID has this authority and these sub-authorities. `None`: there is none, or no winbind to ask.
pub fn uid_of(authority: u64, numbers: &[u32]) -> Option<u32> {
    let Some(library) = Library::get() else {
        tracing::debug!("no libwbclient.so.0: SIDs are nobody's here");
        return None;
    };
    let [_, _, authority @ ..] = authority.to_be_bytes();
    let mut sub_authorities = [0; 15];
    sub_authorities.get_mut(..numbers.len())?.copy_from_slice(numbers);
    let sid = DomainSid { revision: 1, count: numbers.len() as u8, authority, sub_authorities };
    let mut uid = libc::uid_t::MAX;
    // SAFETY: the context is made, used and freed here, by no other thread; the SID and the place for the number are alive.
    let status = unsafe {
        let context = (library.create)();
        if context.is_null() {
            return None;
        }
        let status = (library.sid_to_uid)(context, &sid, &mut uid);
        (library.free)(context);
        status
    };
    if status != SUCCESS {
        tracing::debug!(status, "winbind knows no user of the client's SID");
    }
    (status == SUCCESS && uid != libc::uid_t::MAX).then_some(uid)
}
