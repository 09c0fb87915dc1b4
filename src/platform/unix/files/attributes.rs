//! What a new file takes over from the one that it replaces: owner, permissions, access control
//! list, security labels.

use std::ffi::{CStr, CString};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

/// A POSIX access control list (acl(5)), as the kernel stores it.
const ACCESS_LIST: &CStr = c"system.posix_acl_access";

/// Gives `new` what `old` has. The bits set-user-ID and set-group-ID and file capabilities are not
/// taken over. Without the right to change the owner, the group's permissions are not either.
///
/// Errors: an access control list or a label that cannot be set.
pub(super) fn take_over(new: &File, old: &File) -> io::Result<()> {
    let (own, of_old) = (new.metadata()?, old.metadata()?);
    let mut mode = of_old.permissions().mode() & 0o777;
    let mut owned = true;
    if (own.uid(), own.gid()) != (of_old.uid(), of_old.gid()) {
        match fchown(new, Some(of_old.uid()), Some(of_old.gid())) {
            Ok(()) => {}
            // Not allowed to. Another group must not get the permissions of the old file's group.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                (mode, owned) = (mode & 0o700, false);
            }
            Err(error) => return Err(error),
        }
    }
    // Until the last step the file is its owner's alone: whoever opens it meanwhile keeps it open.
    if !extended::take_over(new, old, owned)? {
        new.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Whether the file, which may be open to be found only, has an access control list.
pub(super) fn has_access_list(file: &File) -> bool {
    extended::has_access_list(file)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod extended {
    use super::*;

    pub(super) fn has_access_list(file: &File) -> bool {
        match value(file, ACCESS_LIST) {
            Ok(list) => return list.is_some_and(|list| !list.is_empty()),
            // A descriptor that is open to be found only has no attributes by itself.
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => {}
            Err(_) => return true,
        }
        let Ok(path) = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())) else {
            return true;
        };
        // SAFETY: strings that end with zeros, and no buffer.
        let length =
            unsafe { libc::getxattr(path.as_ptr(), ACCESS_LIST.as_ptr(), std::ptr::null_mut(), 0) };
        length > 0
    }

    /// Attributes to take over: the list and the labels of security modules.
    fn is_taken(name: &CStr) -> bool {
        let name = name.to_bytes();
        name == ACCESS_LIST.to_bytes()
            || name.starts_with(b"security.")
                // Of the content, or rights of a program.
                && ![&b"security.capability"[..], b"security.ima", b"security.evm"].contains(&name)
    }

    /// Returns whether `new` has got an access control list, which has the permissions too.
    pub(super) fn take_over(new: &File, old: &File, owned: bool) -> io::Result<bool> {
        let is_list = |name: &CString| name.as_c_str() == ACCESS_LIST;
        let mut names = names(old)?;
        // A folder may give one to new files.
        if !names.iter().any(is_list) {
            remove(new, ACCESS_LIST)?;
        }
        // The list last.
        names.sort_by_key(is_list);
        for name in names.iter().filter(|name| is_taken(name)) {
            let value = value(old, name)?;
            if value.is_some() && self::value(new, name)? == value {
                continue;
            }
            let set = match (&value, owned) {
                // Its entry for the owning group would be another group's.
                (Some(_), false) if name.as_c_str() == ACCESS_LIST => {
                    Err(io::ErrorKind::PermissionDenied.into())
                }
                (Some(value), _) => set(new, name, value),
                (None, _) => Ok(()),
            };
            set.map_err(|error| {
                let name = name.to_string_lossy();
                io::Error::other(format!("its attribute {name} cannot be carried over: {error}"))
            })?;
        }
        Ok(names.iter().any(is_list))
    }

    /// None where the file system has no such attributes.
    fn unsupported<T: Default>(error: io::Error) -> io::Result<T> {
        match error.raw_os_error() {
            Some(libc::ENOTSUP | libc::ENODATA | libc::ENOSYS) => Ok(T::default()),
            _ => Err(error),
        }
    }

    fn names(file: &File) -> io::Result<Vec<CString>> {
        let list = filled(|buffer, length| {
            // SAFETY: an open descriptor, and a buffer of this length, or none.
            unsafe { libc::flistxattr(file.as_raw_fd(), buffer.cast(), length) }
        });
        let list = list.or_else(unsupported)?.unwrap_or_default();
        let names = list.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        names.map(|name| CString::new(name).map_err(io::Error::other)).collect()
    }

    fn value(file: &File, name: &CStr) -> io::Result<Option<Vec<u8>>> {
        let value = filled(|buffer, length| {
            // SAFETY: an open descriptor, a string, and a buffer of this length, or none.
            unsafe { libc::fgetxattr(file.as_raw_fd(), name.as_ptr(), buffer.cast(), length) }
        });
        value.or_else(unsupported)
    }

    /// The result of a call that tells its length without a buffer.
    fn filled(call: impl Fn(*mut u8, usize) -> libc::ssize_t) -> io::Result<Option<Vec<u8>>> {
        loop {
            let length = usize::try_from(call(std::ptr::null_mut(), 0))
                .map_err(|_| io::Error::last_os_error())?;
            let mut buffer = vec![0; length];
            match usize::try_from(call(buffer.as_mut_ptr(), length)) {
                Ok(written) if written <= length => {
                    buffer.truncate(written);
                    return Ok(Some(buffer));
                }
                Ok(_) => {}
                Err(_) => match io::Error::last_os_error() {
                    // It has grown meanwhile.
                    error if error.raw_os_error() == Some(libc::ERANGE) => {}
                    error => return Err(error),
                },
            }
        }
    }

    fn set(file: &File, name: &CStr, value: &[u8]) -> io::Result<()> {
        // SAFETY: an open descriptor, a string, and a buffer of this length.
        let status = unsafe {
            libc::fsetxattr(file.as_raw_fd(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0)
        };
        if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    fn remove(file: &File, name: &CStr) -> io::Result<()> {
        // SAFETY: an open descriptor and a string.
        match unsafe { libc::fremovexattr(file.as_raw_fd(), name.as_ptr()) } {
            0 => Ok(()),
            _ => unsupported(io::Error::last_os_error()),
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod extended {
    use super::*;

    pub(super) fn has_access_list(_file: &File) -> bool {
        false
    }

    pub(super) fn take_over(_new: &File, _old: &File, _owned: bool) -> io::Result<bool> {
        Ok(false)
    }
}
