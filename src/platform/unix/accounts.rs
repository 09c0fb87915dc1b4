//! The machine's accounts, from its name services (files, winbind, sssd, ...).
//!
//! Only the reentrant functions are used. They may block on the network.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name, as the name service spells it.
    pub name: String,
    /// Its user number.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its groups.
    pub groups: Vec<u32>,
}

/// Buffer for an entry's strings: initial and greatest size.
const ROOM: std::ops::RangeInclusive<usize> = 1024..=1 << 20;

/// Most groups of an account: more than the kernel gives to a process (NGROUPS_MAX).
const GROUPS: usize = 1 << 17;

/// The account of this name, if there is one.
pub fn by_name(name: &str) -> io::Result<Option<Account>> {
    // No account has such a name.
    let Ok(name) = CString::new(name) else { return Ok(None) };
    // SAFETY: the name ends with a zero, and the rest is as `ask` has it.
    ask(|entry, text, room, found| unsafe {
        libc::getpwnam_r(name.as_ptr(), entry, text, room, found)
    })
}

/// The account of this number, if there is one.
pub fn by_uid(uid: u32) -> io::Result<Option<Account>> {
    // SAFETY: as `ask` has it.
    ask(|entry, text, room, found| unsafe { libc::getpwuid_r(uid, entry, text, room, found) })
}

/// Repeats the query with larger buffers until the answer fits. `question` gets pointers to the
/// entry, a buffer for its strings and its length, and a place for the entry's address, all valid.
fn ask(
    question: impl Fn(
        *mut libc::passwd,
        *mut libc::c_char,
        libc::size_t,
        *mut *mut libc::passwd,
    ) -> libc::c_int,
) -> io::Result<Option<Account>> {
    let mut text: Vec<libc::c_char> = vec![0; *ROOM.start()];
    loop {
        let mut entry = MaybeUninit::<libc::passwd>::zeroed();
        let mut found = ptr::null_mut();
        match question(entry.as_mut_ptr(), text.as_mut_ptr(), text.len(), &mut found) {
            0 if found.is_null() => return Ok(None),
            0 => {
                // SAFETY: found, so the entry is filled, and its name is a string in `text`, which
                // is alive.
                let (name, uid, gid) = unsafe {
                    let entry = entry.assume_init_ref();
                    (CStr::from_ptr(entry.pw_name), entry.pw_uid, entry.pw_gid)
                };
                let groups = groups(name, gid)?;
                return Ok(Some(Account {
                    name: name.to_string_lossy().into_owned(),
                    uid,
                    gid,
                    groups,
                }));
            }
            libc::EINTR => {}
            libc::ERANGE if text.len() < *ROOM.end() => text.resize(text.len() * 2, 0),
            // Errors that mean that there is none (getpwnam(3)).
            libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM => return Ok(None),
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
}

/// What a name service that cannot answer leaves in errno. The call itself succeeds: the C library
/// leaves out the groups of such a service.
const UNANSWERED: [libc::c_int; 12] = [
    libc::EAGAIN,
    libc::ECONNREFUSED,
    libc::ECONNRESET,
    libc::EHOSTDOWN,
    libc::EHOSTUNREACH,
    libc::EIO,
    libc::EMFILE,
    libc::ENETUNREACH,
    libc::ENOMEM,
    libc::ENOTCONN,
    libc::EPIPE,
    libc::ETIMEDOUT,
];

/// The groups of the account, including `gid`.
///
/// Errors: also if a name service cannot answer, as far as it says so. A group that is missing may be
/// one that a file is closed to.
fn groups(name: &CStr, gid: libc::gid_t) -> io::Result<Vec<u32>> {
    let mut groups: Vec<libc::gid_t> = vec![0; 64];
    loop {
        let mut count = groups.len() as libc::c_int;
        set_errno(0);
        // SAFETY: the name ends with a zero, and there is room for `count` groups.
        let status = unsafe {
            libc::getgrouplist(name.as_ptr(), gid as _, groups.as_mut_ptr().cast(), &mut count)
        };
        let error = io::Error::last_os_error();
        if status >= 0 && error.raw_os_error().is_some_and(|error| UNANSWERED.contains(&error)) {
            return Err(error);
        }
        let count = usize::try_from(count).unwrap_or(0);
        if status >= 0 && count <= groups.len() {
            groups.truncate(count);
            return Ok(groups);
        }
        // Some C libraries set the required number, others do not.
        let room = count.max(groups.len() * 2);
        if groups.len() >= GROUPS {
            return Err(io::Error::other("an account in too many groups"));
        }
        groups.resize(room.min(GROUPS), 0);
    }
}

fn set_errno(error: libc::c_int) {
    // SAFETY: the calling thread's own errno.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    unsafe {
        *libc::__errno_location() = error;
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = error;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LSB requires root and daemon, and the test's own user exists.
    #[test]
    fn root_is_found_by_name_and_number() {
        let root = by_name("root").unwrap().unwrap();
        assert_eq!((root.uid, root.name.as_str()), (0, "root"));
        assert!(root.groups.contains(&root.gid));
        assert_eq!(by_uid(0).unwrap().unwrap().uid, 0);
    }

    #[test]
    fn no_account_has_such_a_name() {
        for name in ["", "no-such-account-anywhere", "ro\0ot", "root\n", ":", &"x".repeat(100_000)]
        {
            assert_eq!(by_name(name).unwrap(), None, "{name:.20}");
        }
    }
}
