//! Tests against a model of the kernel's rules: credentials(7), capabilities(7), setfsuid(2).

use super::assume::{Thread, assume, restore};
use super::mapping::{LocalAccount, set};
use crate::access_token::options::Credentials;
use crate::platform::thread_credentials::{Capabilities, Identity, OVER_FILES, SET_GID, SET_UID};
use std::io;

const EVERYTHING: u64 = (1 << 41) - 1;
/// The capabilities that change with the file-system user.
const WITH_FS_UID: u64 = OVER_FILES & !(1 << 24);

/// A thread whose real and saved user and group never change.
#[derive(Clone)]
struct Model {
    now: Identity,
    uid: u32,
    gid: u32,
    /// The change that fails, counted from 0, if any.
    failing: Option<usize>,
    changes: usize,
}

impl Model {
    fn new(uid: u32, gid: u32, groups: &[u32], permitted: u64) -> Model {
        let capabilities = Capabilities { effective: permitted, permitted };
        let now =
            Identity { groups: groups.into(), gid, fs_gid: gid, uid, fs_uid: uid, capabilities };
        Model { now, uid, gid, failing: None, changes: 0 }
    }

    fn change(&mut self, allowed: bool) -> io::Result<()> {
        let number = self.changes;
        self.changes += 1;
        match allowed && self.failing != Some(number) {
            true => Ok(()),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }

    fn can(&self, capability: u64) -> bool {
        self.now.capabilities.effective & capability != 0
    }

    fn fs_uid_becomes(&mut self, uid: u32) {
        let capabilities = &mut self.now.capabilities;
        match (self.now.fs_uid, uid) {
            (0, 1..) => capabilities.effective &= !WITH_FS_UID,
            (1.., 0) => capabilities.effective |= capabilities.permitted & WITH_FS_UID,
            _ => {}
        }
        self.now.fs_uid = uid;
    }
}

impl Thread for Model {
    fn identity(&mut self) -> io::Result<Identity> {
        Ok(self.now.clone())
    }

    fn set_groups(&mut self, groups: &[u32]) -> io::Result<()> {
        self.change(self.can(SET_GID))?;
        self.now.groups = groups.into();
        Ok(())
    }

    fn set_gid(&mut self, gid: u32) -> io::Result<()> {
        self.change(self.can(SET_GID) || [self.gid, self.now.gid].contains(&gid))?;
        (self.now.gid, self.now.fs_gid) = (gid, gid);
        Ok(())
    }

    fn set_uid(&mut self, uid: u32) -> io::Result<()> {
        self.change(self.can(SET_UID) || [self.uid, self.now.uid].contains(&uid))?;
        let capabilities = &mut self.now.capabilities;
        match (self.now.uid, uid) {
            (0, 1..) => capabilities.effective = 0,
            (1.., 0) => capabilities.effective = capabilities.permitted,
            _ => {}
        }
        (self.now.uid, self.now.fs_uid) = (uid, uid);
        Ok(())
    }

    fn set_fs_gid(&mut self, gid: u32) -> io::Result<()> {
        self.change(self.can(SET_GID) || [self.gid, self.now.gid, self.now.fs_gid].contains(&gid))?;
        self.now.fs_gid = gid;
        Ok(())
    }

    fn set_fs_uid(&mut self, uid: u32) -> io::Result<()> {
        self.change(self.can(SET_UID) || [self.uid, self.now.uid, self.now.fs_uid].contains(&uid))?;
        self.fs_uid_becomes(uid);
        Ok(())
    }

    fn set_capabilities(&mut self, effective: u64) -> io::Result<()> {
        self.change(effective & !self.now.capabilities.permitted == 0)?;
        self.now.capabilities.effective = effective;
        Ok(())
    }
}

fn account(uid: u32, groups: &[u32]) -> LocalAccount {
    LocalAccount {
        name: String::new(),
        uid,
        gid: uid,
        groups: set(groups.iter().copied(), uid),
        found_by: "table",
    }
}

const BOTH: [Credentials; 2] = [Credentials::FileSystem, Credentials::Effective];

fn privileged() -> [Model; 4] {
    let root = Model::new(0, 0, &[0, 4, 27], EVERYTHING);
    // As systemd starts services.
    let service = Model::new(900, 900, &[900], SET_UID | SET_GID | OVER_FILES);
    let narrow = Model::new(900, 900, &[], SET_UID | SET_GID);
    // Root that has lowered itself and can raise itself again.
    let mut lowered = root.clone();
    lowered.set_uid(33).unwrap();
    [root, service, narrow, lowered]
}

/// Nothing that exceeds the account's rights is left.
fn check_is(thread: &Model, account: &LocalAccount, credentials: Credentials) {
    let now = &thread.now;
    assert_eq!((now.fs_uid, now.fs_gid), (account.uid, account.gid));
    assert_eq!(set(now.groups.iter().copied(), now.fs_gid), account.groups);
    assert_eq!(now.capabilities.effective, 0);
    if credentials == Credentials::Effective {
        assert_eq!((now.uid, now.gid), (account.uid, account.gid));
    } else {
        assert_eq!(now.uid, if thread.now.uid == 33 { 33 } else { thread.uid });
    }
}

#[test]
fn there_and_back() {
    for begin in privileged() {
        for credentials in BOTH {
            for account in [account(1000, &[1000, 100]), account(1001, &[]), account(900, &[900])] {
                let mut thread = begin.clone();
                let before = assume(&mut thread, &account, credentials).unwrap();
                assert_eq!(before, begin.now);
                check_is(&thread, &account, credentials);
                restore(&mut thread, &before).unwrap();
                assert_eq!(thread.now, begin.now);
            }
        }
    }
}

#[test]
fn one_within_the_other_whatever_the_setting_was() {
    let (alice, bob) = (account(1000, &[100]), account(1001, &[101]));
    for begin in privileged() {
        for outer in BOTH {
            for inner in BOTH {
                let mut thread = begin.clone();
                let before = assume(&mut thread, &alice, outer).unwrap();
                let as_alice = thread.now.clone();
                let between = assume(&mut thread, &bob, inner).unwrap();
                assert_eq!(between, as_alice);
                assert_eq!((thread.now.fs_uid, thread.now.fs_gid), (1001, 1001));
                assert_eq!(thread.now.groups, [101, 1001]);
                assert_eq!(thread.now.capabilities.effective & OVER_FILES, 0);
                restore(&mut thread, &between).unwrap();
                assert_eq!(thread.now, as_alice);
                // And past the inner one.
                assume(&mut thread, &bob, inner).unwrap();
                restore(&mut thread, &before).unwrap();
                assert_eq!(thread.now, begin.now);
            }
        }
    }
}

#[test]
fn a_failure_at_any_step_leaves_the_thread_as_it_was() {
    for begin in privileged() {
        for credentials in BOTH {
            let mut failures = 0;
            for step in 0.. {
                let mut thread = Model { failing: Some(step), changes: 0, ..begin.clone() };
                match assume(&mut thread, &account(1000, &[100]), credentials) {
                    Ok(_) => break,
                    Err(_) => failures += 1,
                }
                assert_eq!(thread.now, begin.now, "step {step}");
            }
            assert!(failures >= 3, "groups, group and user at least");
        }
    }
}

#[test]
fn without_privileges_only_what_it_is_already() {
    let plain = Model::new(1000, 1000, &[100, 1000], 0);
    let may_change_groups = Model::new(1000, 1000, &[100, 1000], SET_GID);
    for begin in [plain, may_change_groups] {
        for credentials in BOTH {
            let mut thread = begin.clone();
            assert!(assume(&mut thread, &account(1001, &[100]), credentials).is_err());
            assert_eq!(thread.now, begin.now);
            let before = assume(&mut thread, &account(1000, &[100]), credentials).unwrap();
            check_is(&thread, &account(1000, &[100]), credentials);
            restore(&mut thread, &before).unwrap();
            assert_eq!(thread.now, begin.now);
        }
    }
    let mut thread = Model::new(1000, 1000, &[100, 1000], 0);
    for other_groups in [account(1000, &[]), account(1000, &[100, 101])] {
        assert!(assume(&mut thread, &other_groups, Credentials::FileSystem).is_err());
    }
}

/// A client mapped to root by the table keeps root's capabilities.
#[test]
fn root_stays_root() {
    for credentials in BOTH {
        let mut thread = Model::new(0, 0, &[0], EVERYTHING);
        let before = assume(&mut thread, &account(0, &[]), credentials).unwrap();
        assert_eq!(thread.now, before);
    }
}

#[test]
fn what_was_given_up_meanwhile_does_not_come_back() {
    let mut thread = Model::new(900, 900, &[900], SET_UID | SET_GID | OVER_FILES);
    let before = assume(&mut thread, &account(1000, &[]), Credentials::FileSystem).unwrap();
    thread.now.capabilities.permitted = SET_UID | SET_GID;
    restore(&mut thread, &before).unwrap();
    assert_eq!((thread.now.fs_uid, thread.now.groups.as_slice()), (900, &[900][..]));
    assert_eq!(thread.now.capabilities.effective, SET_UID | SET_GID);
}

/// A thread that counts the system calls which `CallingThread` makes.
struct Counted {
    thread: Model,
    calls: usize,
    changes: usize,
    /// The change that is reported, and not made, counted from 0, if any.
    lie: Option<usize>,
}

impl Counted {
    fn new(thread: &Model, lie: Option<usize>) -> Counted {
        Counted { thread: thread.clone(), calls: 0, changes: 0, lie }
    }

    fn change(
        &mut self,
        calls: usize,
        change: impl FnOnce(&mut Model) -> io::Result<()>,
    ) -> io::Result<()> {
        let number = self.changes;
        self.changes += 1;
        self.calls += calls;
        match self.lie == Some(number) {
            true => Ok(()),
            false => change(&mut self.thread),
        }
    }
}

impl Thread for Counted {
    fn identity(&mut self) -> io::Result<Identity> {
        // Two users, two groups, groups, capabilities.
        self.calls += 6;
        self.thread.identity()
    }
    fn capabilities(&mut self) -> io::Result<Capabilities> {
        self.calls += 1;
        self.thread.capabilities()
    }
    fn set_groups(&mut self, groups: &[u32]) -> io::Result<()> {
        self.change(1, |thread| thread.set_groups(groups))
    }
    fn set_gid(&mut self, gid: u32) -> io::Result<()> {
        self.change(1, |thread| thread.set_gid(gid))
    }
    fn set_uid(&mut self, uid: u32) -> io::Result<()> {
        self.change(1, |thread| thread.set_uid(uid))
    }
    fn set_fs_gid(&mut self, gid: u32) -> io::Result<()> {
        self.change(1, |thread| thread.set_fs_gid(gid))
    }
    fn set_fs_uid(&mut self, uid: u32) -> io::Result<()> {
        self.change(1, |thread| thread.set_fs_uid(uid))
    }
    fn set_capabilities(&mut self, effective: u64) -> io::Result<()> {
        self.change(2, |thread| thread.set_capabilities(effective))
    }
}

/// Servers impersonate for each request.
#[test]
fn there_and_back_takes_few_system_calls() {
    for begin in privileged() {
        for credentials in BOTH {
            let mut thread = Counted::new(&begin, None);
            let before = assume(&mut thread, &account(1000, &[100]), credentials).unwrap();
            let there = std::mem::take(&mut thread.calls);
            restore(&mut thread, &before).unwrap();
            assert!(there + thread.calls <= 40, "{there} and {}", thread.calls);
        }
    }
}

/// setfsuid reports no failure, and a filter of system calls may pretend success.
#[test]
fn a_change_that_is_not_made_is_noticed() {
    for begin in privileged() {
        for credentials in BOTH {
            let account = account(1000, &[100]);
            let mut honest = Counted::new(&begin, None);
            let before = assume(&mut honest, &account, credentials).unwrap();
            let there = honest.changes;
            assert!(there >= 3);
            for lie in 0..there {
                let mut thread = Counted::new(&begin, Some(lie));
                assert!(assume(&mut thread, &account, credentials).is_err(), "change {lie}");
                assert_eq!(thread.thread.now, begin.now, "change {lie}");
            }
            let client = honest.thread.clone();
            restore(&mut honest, &before).unwrap();
            let mut lost = 0;
            for lie in 0..honest.changes - there {
                let mut thread = Counted::new(&client, Some(lie));
                let restored = restore(&mut thread, &before).is_ok();
                // Root gets its capabilities with the user, and needs none before.
                assert_eq!(restored, thread.thread.now == before, "change {lie} back");
                lost += usize::from(!restored);
            }
            assert!(lost >= 3, "groups, group and user at least");
        }
    }
}
