//! Switching a thread to an account's credentials and back.
//!
//! First groups, group and user are set, then the capabilities that would exceed the client's
//! rights are dropped; reverting is the reverse. The thread keeps its permitted capabilities and,
//! depending on the setting, its real and saved user, with which it reverts. So this protects a
//! server that acts for the wrong client by mistake, not one that runs the client's code.
//!
//! What the thread is gets read before the first step and after the last, which is compared with
//! what was wanted. Between them `now` follows the steps: only a change of the user has effects that
//! are not its own, on the capabilities, which are read again then.

use super::LocalAccount;
use super::mapping::set;
use crate::access_token::options::Credentials;
use crate::platform::thread_credentials::{self, Capabilities, Identity, SET_GID, SET_UID};
use crate::types::error::{Error, Result};
use std::io;

/// The calling thread, as the system sees it.
pub(crate) trait Thread {
    /// Its credentials.
    fn identity(&mut self) -> io::Result<Identity>;
    /// Its capabilities alone.
    fn capabilities(&mut self) -> io::Result<Capabilities> {
        Ok(self.identity()?.capabilities)
    }
    /// Gives it these groups and no others.
    fn set_groups(&mut self, groups: &[u32]) -> io::Result<()>;
    /// Changes its effective group, and with it the one for files.
    fn set_gid(&mut self, gid: u32) -> io::Result<()>;
    /// Changes its effective user, and with it the one for files.
    fn set_uid(&mut self, uid: u32) -> io::Result<()>;
    /// Changes its group for files. Success may have changed nothing.
    fn set_fs_gid(&mut self, gid: u32) -> io::Result<()>;
    /// Changes its user for files. Success may have changed nothing.
    fn set_fs_uid(&mut self, uid: u32) -> io::Result<()>;
    /// Sets its effective capabilities.
    fn set_capabilities(&mut self, effective: u64) -> io::Result<()>;
}

/// The real one.
pub(crate) struct CallingThread;

impl Thread for CallingThread {
    fn identity(&mut self) -> io::Result<Identity> {
        thread_credentials::current()
    }
    fn capabilities(&mut self) -> io::Result<Capabilities> {
        thread_credentials::capabilities()
    }
    fn set_groups(&mut self, groups: &[u32]) -> io::Result<()> {
        thread_credentials::set_groups(groups)
    }
    fn set_gid(&mut self, gid: u32) -> io::Result<()> {
        thread_credentials::set_gid(gid)
    }
    fn set_uid(&mut self, uid: u32) -> io::Result<()> {
        thread_credentials::set_uid(uid)
    }
    fn set_fs_gid(&mut self, gid: u32) -> io::Result<()> {
        thread_credentials::set_fs_gid(gid)
    }
    fn set_fs_uid(&mut self, uid: u32) -> io::Result<()> {
        thread_credentials::set_fs_uid(uid)
    }
    fn set_capabilities(&mut self, effective: u64) -> io::Result<()> {
        thread_credentials::set_capabilities(effective)
    }
}

/// The thread gets the account's credentials; its previous ones are returned. After an error they
/// are unchanged.
pub(crate) fn assume(
    thread: &mut impl Thread,
    account: &LocalAccount,
    credentials: Credentials,
) -> Result<Identity> {
    const NOT_ALLOWED: Error = Error::NoImpersonation("the process may not act as the client");
    let before = thread.identity().map_err(|error| {
        tracing::warn!(%error, "a thread's credentials cannot be read");
        NOT_ALLOWED
    })?;
    let wanted = wanted(&before, account, credentials);
    let Err(error) = go(thread, &before, &wanted) else { return Ok(before) };
    tracing::warn!(uid = account.uid, gid = account.gid, %error, "the process may not act as the client");
    restore(thread, &before)?;
    Err(NOT_ALLOWED)
}

/// The credentials to set.
fn wanted(before: &Identity, account: &LocalAccount, credentials: Credentials) -> Identity {
    let LocalAccount { uid, gid, .. } = *account;
    let mut wanted = Identity { fs_uid: uid, fs_gid: gid, ..before.clone() };
    if credentials == Credentials::Effective {
        (wanted.uid, wanted.gid) = (uid, gid);
    }
    // Whether the supplementary groups contain the group makes no difference.
    if account.groups != set(before.groups.iter().copied(), gid) || before.fs_gid != gid {
        wanted.groups = account.groups.clone();
    }
    // Those over files are not all that reach files: CAP_SYS_ADMIN sets attributes, for one.
    if uid != 0 {
        wanted.capabilities.effective = 0;
    }
    wanted
}

/// Enables the capabilities that changing users and groups needs, as far as permitted.
fn empower(thread: &mut impl Thread, now: &mut Identity) -> io::Result<()> {
    let Capabilities { effective, permitted } = now.capabilities;
    go_to_capabilities(thread, now, effective | permitted & (SET_UID | SET_GID))
}

/// Sets `wanted`'s effective and file-system group; setting the former sets the latter.
fn go_to_group(thread: &mut impl Thread, now: &mut Identity, wanted: &Identity) -> io::Result<()> {
    if now.gid != wanted.gid {
        thread.set_gid(wanted.gid)?;
        (now.gid, now.fs_gid) = (wanted.gid, wanted.gid);
    }
    if now.fs_gid != wanted.fs_gid {
        thread.set_fs_gid(wanted.fs_gid)?;
        now.fs_gid = wanted.fs_gid;
    }
    Ok(())
}

/// Likewise the user. The kernel takes capabilities from root that becomes another user, and gives
/// them back to root; other users keep them all.
fn go_to_user(thread: &mut impl Thread, now: &mut Identity, wanted: &Identity) -> io::Result<()> {
    if (now.uid, now.fs_uid) == (wanted.uid, wanted.fs_uid) {
        return Ok(());
    }
    if now.uid != wanted.uid {
        thread.set_uid(wanted.uid)?;
        (now.uid, now.fs_uid) = (wanted.uid, wanted.uid);
    }
    if now.fs_uid != wanted.fs_uid {
        thread.set_fs_uid(wanted.fs_uid)?;
        now.fs_uid = wanted.fs_uid;
    }
    now.capabilities = thread.capabilities()?;
    Ok(())
}

fn go_to_groups(thread: &mut impl Thread, now: &mut Identity, wanted: &Identity) -> io::Result<()> {
    if now.groups != wanted.groups {
        thread.set_groups(&wanted.groups)?;
        now.groups.clone_from(&wanted.groups);
    }
    Ok(())
}

fn go_to_capabilities(
    thread: &mut impl Thread,
    now: &mut Identity,
    effective: u64,
) -> io::Result<()> {
    if now.capabilities.effective != effective {
        thread.set_capabilities(effective)?;
        now.capabilities.effective = effective;
    }
    Ok(())
}

/// Not all calls report failure; no change counts before this has seen it.
fn verify(thread: &mut impl Thread, wanted: &Identity) -> io::Result<()> {
    match thread.identity()? == *wanted {
        true => Ok(()),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

fn go(thread: &mut impl Thread, before: &Identity, wanted: &Identity) -> io::Result<()> {
    let mut now = before.clone();
    let ids = |identity: &Identity| (identity.uid, identity.fs_uid, identity.gid, identity.fs_gid);
    if ids(before) != ids(wanted) || before.groups != wanted.groups {
        empower(thread, &mut now)?;
        go_to_groups(thread, &mut now, wanted)?;
        go_to_group(thread, &mut now, wanted)?;
        // The last that needs a privilege.
        go_to_user(thread, &mut now, wanted)?;
    }
    go_to_capabilities(thread, &mut now, wanted.capabilities.effective)?;
    verify(thread, wanted)
}

/// Restores the thread's credentials, less capabilities that it has permanently given up meanwhile.
pub(crate) fn restore(thread: &mut impl Thread, before: &Identity) -> Result<()> {
    back(thread, before).map_err(|error| {
        tracing::error!(%error, "a thread's credentials cannot be restored: it keeps some of a client's rights, or lacks its own");
        Error::NoImpersonation("the thread's credentials cannot be restored")
    })
}

fn back(thread: &mut impl Thread, before: &Identity) -> io::Result<()> {
    let mut now = thread.identity()?;
    let mut wanted = before.clone();
    wanted.capabilities.permitted = now.capabilities.permitted;
    wanted.capabilities.effective &= now.capabilities.permitted;
    if now == wanted {
        return Ok(());
    }
    empower(thread, &mut now)?;
    go_to_user(thread, &mut now, &wanted)?;
    // Changing the user may have taken them.
    empower(thread, &mut now)?;
    go_to_group(thread, &mut now, &wanted)?;
    go_to_groups(thread, &mut now, &wanted)?;
    go_to_capabilities(thread, &mut now, wanted.capabilities.effective)?;
    verify(thread, &wanted)
}
