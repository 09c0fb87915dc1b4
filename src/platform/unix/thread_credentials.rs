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
        Ok(Identity {
            groups: groups()?,
            gid,
            fs_gid: fs(number::SET_FS_GID, NONE),
            uid,
            fs_uid: fs(number::SET_FS_UID, NONE),
            capabilities: capabilities()?,
        })
    }

    /// Most threads have fewer groups; only for others their number is asked first.
    const USUAL: usize = 64;

    fn groups() -> io::Result<Vec<u32>> {
        let mut groups: Vec<libc::gid_t> = vec![0; USUAL];
        loop {
            let room = libc::c_int::try_from(groups.len()).unwrap_or(libc::c_int::MAX);
            // SAFETY: there is room for as many groups as the kernel is told.
            let count = unsafe { libc::getgroups(room, groups.as_mut_ptr()) };
            if let Ok(count) = usize::try_from(count) {
                groups.truncate(count);
                // The kernel sorts by the numbers outside of a user namespace.
                groups.sort_unstable();
                return Ok(groups);
            }
            let error = io::Error::last_os_error();
            // SAFETY: asks for the number of groups.
            let count = unsafe { libc::getgroups(0, std::ptr::null_mut()) };
            let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
            // There are more than there was room for; only this thread could have changed them.
            if error.raw_os_error() != Some(libc::EINVAL) || count <= groups.len() {
                return Err(error);
            }
            groups.resize(count, 0);
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

    /// Changes the calling thread's file-system group. The kernel does not say whether it has: see
    /// [`current`] afterwards.
    pub fn set_fs_gid(gid: u32) -> io::Result<()> {
        fs(number::SET_FS_GID, gid as c_long);
        Ok(())
    }

    /// Changes the calling thread's file-system user. The kernel does not say whether it has: see
    /// [`current`] afterwards.
    pub fn set_fs_uid(uid: u32) -> io::Result<()> {
        fs(number::SET_FS_UID, uid as c_long);
        Ok(())
    }

    /// Returns the previous number, whether or not it is changed.
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

    /// The calling thread's capabilities.
    pub fn capabilities() -> io::Result<Capabilities> {
        let [low, high] = read_capabilities()?;
        let both = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        Ok(Capabilities {
            effective: both(low.effective, high.effective),
            permitted: both(low.permitted, high.permitted),
        })
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
    use super::{Capabilities, Identity, io};

    fn none<T>() -> io::Result<T> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn current() -> io::Result<Identity> {
        none()
    }
    pub fn capabilities() -> io::Result<Capabilities> {
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
