//! The credentials of the whole process.

use super::thread_credentials::{self, Capabilities, SET_GID, SET_UID};
use std::io;

/// The real user.
pub fn real_uid() -> u32 {
    // SAFETY: reads the process' identity.
    unsafe { libc::getuid() }
}

/// The process becomes this user, with these groups and without capabilities, for good.
///
/// Errors: after one it may have part of the new identity.
pub fn become_for_good(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    // "No change" to the calls below.
    if uid == u32::MAX || gid == u32::MAX {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let before = thread_credentials::current()?;
    let missing = before.capabilities.permitted & (SET_UID | SET_GID);
    if missing & !before.capabilities.effective != 0 {
        thread_credentials::set_capabilities(before.capabilities.effective | missing)?;
    }
    system::leave_keyring();
    if groups != before.groups {
        // SAFETY: there are so many groups.
        done(unsafe { libc::setgroups(groups.len() as _, groups.as_ptr()) })?;
    }
    // SAFETY: these change numbers only. The ones for files follow the effective ones.
    unsafe {
        done(libc::setresgid(gid, gid, gid))?;
        done(libc::setresuid(uid, uid, uid))?;
    }
    if uid != 0 {
        system::give_up_capabilities()?;
    }
    verify(uid, gid, groups)
}

/// Not all calls report failure.
fn verify(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    let (mut uids, mut gids) = ([u32::MAX; 3], [u32::MAX; 3]);
    // SAFETY: places for three numbers each.
    unsafe {
        let [real, effective, saved] = &mut uids;
        done(libc::getresuid(real, effective, saved))?;
        let [real, effective, saved] = &mut gids;
        done(libc::getresgid(real, effective, saved))?;
    }
    let now = thread_credentials::current()?;
    let no_capabilities = uid == 0 || now.capabilities == Capabilities::default();
    let is_it = uids == [uid; 3]
        && gids == [gid; 3]
        && (now.fs_uid, now.fs_gid) == (uid, gid)
        && now.groups == groups
        && no_capabilities;
    if !is_it {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    // Of this thread only: what the others of a process may is not known.
    match uid != 0 && thread_credentials::set_uid(0).is_ok() {
        true => Err(io::Error::other("the process can become root again")),
        false => Ok(()),
    }
}

fn done(status: libc::c_int) -> io::Result<()> {
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use super::*;

    /// Gives the process a session keyring of its own: possession of the server's, and of root's that is
    /// linked there, needs no permission.
    pub(super) fn leave_keyring() {
        const KEYCTL_JOIN_SESSION_KEYRING: libc::c_long = 1;
        // SAFETY: a null pointer for a keyring without a name. Kernels may have no keyrings.
        unsafe {
            libc::syscall(
                libc::SYS_keyctl,
                KEYCTL_JOIN_SESSION_KEYRING,
                std::ptr::null::<libc::c_char>(),
            )
        };
    }

    /// Empties the sets that a program inherits. The bounding set stays, as at every login: programs
    /// with rights of their own go on to have them.
    pub(super) fn give_up_capabilities() -> io::Result<()> {
        // SAFETY: changes the calling thread's capabilities only.
        unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) };
        thread_credentials::clear_capabilities()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::*;

    pub(super) fn leave_keyring() {}

    pub(super) fn give_up_capabilities() -> io::Result<()> {
        Ok(())
    }
}
