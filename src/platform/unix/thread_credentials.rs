//! Reading and changing a thread's credentials on Linux.
//!
//! The kernel has credentials per thread. The C library changes those of all threads together, so
//! these are direct system calls, which change only the calling thread.

use std::io;

/// The capabilities of a thread, as bits of the numbers in `<linux/capability.h>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The effective set.
    pub effective: u64,
    /// The permitted set.
    pub permitted: u64,
}

/// CAP_SETGID: to change groups.
pub const SET_GID: u64 = 1 << 6;
/// CAP_SETUID: to change users.
pub const SET_UID: u64 = 1 << 7;
/// Those that override a file's permissions, its owner's rights or quotas: what the kernel takes
/// from a thread whose file-system user stops being root (CAP_CHOWN, CAP_DAC_OVERRIDE,
/// CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_LINUX_IMMUTABLE, CAP_MKNOD, CAP_MAC_OVERRIDE),
/// and CAP_SYS_RESOURCE, which its own file server drops too.
pub const OVER_FILES: u64 =
    1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 9 | 1 << 24 | 1 << 27 | 1 << 32;

/// A thread's credentials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Its groups, sorted.
    pub groups: Vec<u32>,
    /// Its effective group.
    pub gid: u32,
    /// Its file-system group.
    pub fs_gid: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its file-system user.
    pub fs_uid: u32,
    /// Its capabilities.
    pub capabilities: Capabilities,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use linux::*;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::{Capabilities, Identity, io};
    use libc::c_long;

    // Where there are two variants, the older one has only 16 bits.
    #[cfg(any(
        target_arch = "x86",
        target_arch = "arm",
        target_arch = "sparc",
        target_arch = "m68k"
    ))]
    mod number {
        pub(super) use libc::{
            SYS_setfsgid32 as SET_FS_GID, SYS_setfsuid32 as SET_FS_UID,
            SYS_setgroups32 as SET_GROUPS, SYS_setresgid32 as SET_RES_GID,
            SYS_setresuid32 as SET_RES_UID,
        };
    }
    #[cfg(not(any(
        target_arch = "x86",
        target_arch = "arm",
        target_arch = "sparc",
        target_arch = "m68k"
    )))]
    mod number {
        pub(super) use libc::{
            SYS_setfsgid as SET_FS_GID, SYS_setfsuid as SET_FS_UID, SYS_setgroups as SET_GROUPS,
            SYS_setresgid as SET_RES_GID, SYS_setresuid as SET_RES_UID,
        };
    }

    /// "No change"; no user or group has this number.
    const NONE: c_long = -1;

    fn done(status: c_long) -> io::Result<()> {
        if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// The calling thread's credentials.
    pub fn current() -> io::Result<Identity> {
        // SAFETY: these only read the calling thread's credentials.
        let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
        let (effective, permitted) = capabilities()?;
        Ok(Identity {
            groups: groups()?,
            gid,
            fs_gid: fs(number::SET_FS_GID, NONE),
            uid,
            fs_uid: fs(number::SET_FS_UID, NONE),
            capabilities: Capabilities { effective, permitted },
        })
    }

    fn groups() -> io::Result<Vec<u32>> {
        loop {
            // SAFETY: asks for the number of groups.
            let count = unsafe { libc::getgroups(0, std::ptr::null_mut()) };
            let mut groups: Vec<libc::gid_t> =
                vec![0; usize::try_from(count).map_err(|_| io::Error::last_os_error())?];
            // SAFETY: there is room for `count` groups. A length of 0 again asks for the number.
            match usize::try_from(unsafe { libc::getgroups(count, groups.as_mut_ptr()) }) {
                Ok(count) if count <= groups.len() => {
                    groups.truncate(count);
                    // The kernel sorts by the numbers outside of a user namespace.
                    groups.sort_unstable();
                    return Ok(groups);
                }
                Ok(_) => {}
                Err(_) => match io::Error::last_os_error() {
                    // More groups than before; only this thread could have changed them.
                    error if error.raw_os_error() == Some(libc::EINVAL) => {}
                    error => return Err(error),
                },
            }
        }
    }

    /// Gives the calling thread these groups and no others.
    pub fn set_groups(groups: &[u32]) -> io::Result<()> {
        // SAFETY: there are as many groups as passed, which the kernel reads.
        done(unsafe { libc::syscall(number::SET_GROUPS, groups.len(), groups.as_ptr()) })
    }

    /// Changes the calling thread's effective and file-system group.
    pub fn set_gid(gid: u32) -> io::Result<()> {
        // SAFETY: takes numbers.
        done(unsafe { libc::syscall(number::SET_RES_GID, NONE, gid as c_long, NONE) })
    }

    /// Changes the calling thread's effective and file-system user.
    pub fn set_uid(uid: u32) -> io::Result<()> {
        // SAFETY: takes numbers.
        done(unsafe { libc::syscall(number::SET_RES_UID, NONE, uid as c_long, NONE) })
    }

    /// Changes the calling thread's file-system group.
    pub fn set_fs_gid(gid: u32) -> io::Result<()> {
        changed(number::SET_FS_GID, gid)
    }

    /// Changes the calling thread's file-system user.
    pub fn set_fs_uid(uid: u32) -> io::Result<()> {
        changed(number::SET_FS_UID, uid)
    }

    /// setfsuid and setfsgid return the previous value whether or not they succeed, so they are
    /// called twice.
    fn changed(call: c_long, id: u32) -> io::Result<()> {
        fs(call, id as c_long);
        match fs(call, NONE) == id {
            true => Ok(()),
            false => Err(io::Error::from_raw_os_error(libc::EPERM)),
        }
    }

    fn fs(call: c_long, id: c_long) -> u32 {
        // SAFETY: takes a number and gives one.
        unsafe { libc::syscall(call, id) as u32 }
    }

    /// `struct __user_cap_header_struct`
    #[repr(C)]
    struct Header {
        version: u32,
        pid: libc::c_int,
    }

    /// `struct __user_cap_data_struct`, of which each has 32 capabilities.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct Data {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }

    /// _LINUX_CAPABILITY_VERSION_3; the calling thread.
    const HEADER: Header = Header { version: 0x2008_0522, pid: 0 };

    fn read_capabilities() -> io::Result<[Data; 2]> {
        let (mut header, mut data) = (HEADER, [Data::default(); 2]);
        // SAFETY: version 3 fills two elements.
        done(unsafe { libc::syscall(libc::SYS_capget, &mut header, data.as_mut_ptr()) })?;
        Ok(data)
    }

    fn capabilities() -> io::Result<(u64, u64)> {
        let [low, high] = read_capabilities()?;
        let both = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        Ok((both(low.effective, high.effective), both(low.permitted, high.permitted)))
    }

    /// Empties the calling thread's effective, permitted and inheritable capabilities.
    pub fn clear_capabilities() -> io::Result<()> {
        let (mut header, data) = (HEADER, [Data::default(); 2]);
        // SAFETY: version 3 reads two elements.
        done(unsafe { libc::syscall(libc::SYS_capset, &mut header, data.as_ptr()) })
    }

    /// Sets the calling thread's effective capabilities.
    pub fn set_capabilities(effective: u64) -> io::Result<()> {
        let (mut header, mut data) = (HEADER, read_capabilities()?);
        data[0].effective = effective as u32;
        data[1].effective = (effective >> 32) as u32;
        // SAFETY: version 3 reads two elements.
        done(unsafe { libc::syscall(libc::SYS_capset, &mut header, data.as_ptr()) })
    }
}

/// Other systems have no credentials per thread.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod none {
    use super::{Identity, io};

    fn none<T>() -> io::Result<T> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn current() -> io::Result<Identity> {
        none()
    }
    pub fn set_groups(_groups: &[u32]) -> io::Result<()> {
        none()
    }
    pub fn set_gid(_gid: u32) -> io::Result<()> {
        none()
    }
    pub fn set_uid(_uid: u32) -> io::Result<()> {
        none()
    }
    pub fn set_fs_gid(_gid: u32) -> io::Result<()> {
        none()
    }
    pub fn set_fs_uid(_uid: u32) -> io::Result<()> {
        none()
    }
    pub fn set_capabilities(_effective: u64) -> io::Result<()> {
        none()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use none::*;
