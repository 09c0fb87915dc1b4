//! Who may have a hand in a file.

use super::{attributes, file_system};
use crate::platform::environment;
use crate::platform::thread_credentials::{self, OVER_FILES, SET_GID, SET_UID};
use once_cell::race::OnceBox;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

/// The owner that the kernel shows for users that a user namespace does not have.
const OVERFLOW: u32 = 65534;

/// What a file system tells of a file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// With the bits of its kind.
    pub(super) mode: u32,
    /// The number of its names.
    pub(super) links: u64,
    /// It has an access control list, whose mask the group's permissions are.
    pub(super) listed: bool,
    /// chmod may change nothing, in this kind of file system.
    pub(super) fixed: bool,
}

impl Facts {
    pub(super) fn of(file: &File) -> io::Result<Facts> {
        let metadata = file.metadata()?;
        let mode = metadata.mode();
        Ok(Facts {
            uid: metadata.uid(),
            gid: metadata.gid(),
            mode,
            links: metadata.nlink(),
            listed: mode & 0o020 != 0 && attributes::has_access_list(file),
            fixed: file_system::may_lack_permissions(file),
        })
    }

    /// The command that takes permissions from others, as part of a message.
    fn mended_by(&self, command: &str) -> String {
        match self.fixed {
            true => {
                format!("{command}; if that has no effect in this file system, use another one")
            }
            false => command.to_owned(),
        }
    }

    fn kind(&self) -> u32 {
        self.mode & libc::S_IFMT
    }

    fn is_regular(&self) -> bool {
        self.kind() == libc::S_IFREG
    }

    /// Others than the owner may write to it. Many systems give each user a group with the same
    /// number; root's group has root's rights.
    pub(super) fn others_write(&self) -> bool {
        let own = self.gid == 0 || self.gid == self.uid;
        let group = self.mode & 0o020 != 0 && (self.listed || !own);
        group || self.mode & 0o002 != 0
    }

    /// Only its owner may remove or rename a file in this folder.
    fn is_sticky(&self) -> bool {
        self.mode & libc::S_ISVTX != 0
    }
}

/// Who opens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Process {
    /// The effective user.
    uid: u32,
    rights: Rights,
}

/// More is asked for only where an owner is not trusted.
#[derive(Debug, Clone, Copy)]
enum Rights {
    /// The calling thread's.
    OfThread,
    #[cfg(test)]
    Known { privileged: bool, all_users: bool },
}

impl Process {
    /// The calling thread.
    pub(super) fn current() -> Process {
        // SAFETY: reads the process' identity.
        Process { uid: unsafe { libc::geteuid() }, rights: Rights::OfThread }
    }

    /// Whether the owner may decide for the process. `shared` is a folder where others make files.
    fn trusts(&self, owner: u32, shared: bool) -> bool {
        owner == 0
            || owner == self.uid
            // Some user outside, who may be anybody.
            || !shared && owner == OVERFLOW && self.is_in_namespace()
            || self.is_named(owner)
    }

    /// Whoever has started the process trusts the owner.
    fn is_named(&self, owner: u32) -> bool {
        match self.rights {
            Rights::OfThread => named_owners().contains(&owner),
            #[cfg(test)]
            Rights::Known { .. } => false,
        }
    }

    /// It has more rights over files and users than its user.
    fn is_privileged(&self) -> bool {
        self.uid == 0
            || match self.rights {
                Rights::OfThread => has_capabilities(),
                #[cfg(test)]
                Rights::Known { privileged, .. } => privileged,
            }
    }

    /// It is in a user namespace without the user whose number stands for all that it does not have.
    fn is_in_namespace(&self) -> bool {
        match self.rights {
            Rights::OfThread => !has_user(OVERFLOW),
            #[cfg(test)]
            Rights::Known { all_users, .. } => !all_users,
        }
    }
}

/// CAP_SETPCAP, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SETFCAP, CAP_BPF.
const OVER_THE_SYSTEM: u64 = 1 << 8 | 1 << 16 | 1 << 17 | 1 << 19 | 1 << 21 | 1 << 31 | 1 << 39;

fn has_capabilities() -> bool {
    // Systems without credentials per thread have no capabilities.
    thread_credentials::current().is_ok_and(|now| are_over_others(now.capabilities.effective))
}

fn are_over_others(capabilities: u64) -> bool {
    [OVER_FILES, SET_UID, SET_GID, OVER_THE_SYSTEM].iter().any(|over| capabilities & over != 0)
}

/// The environment variable with further owners that are trusted, as numbers.
const OWNERS: &str = "NEGOSSP_FILE_OWNERS";

fn named_owners() -> &'static [u32] {
    static NAMED: OnceBox<Vec<u32>> = OnceBox::new();
    NAMED.get_or_init(|| {
        let text = environment(OWNERS).unwrap_or_default();
        let numbers = text.to_str().unwrap_or_default().split([',', ' ']);
        Box::new(numbers.filter_map(|number| number.trim().parse().ok()).collect())
    })
}

/// Whether the process' user namespace has this user (user_namespaces(7)).
fn has_user(user: u32) -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map");
    map.map_or(true, |map| is_mapped(&map, user))
}

fn is_mapped(map: &str, user: u32) -> bool {
    map.lines().any(|line| {
        let numbers: Vec<u64> =
            line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let [first, _, count] = numbers[..] else { return true };
        (first..first.saturating_add(count)).contains(&user.into())
    })
}

/// What follows from a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    /// Used, and told.
    Doubt(String),
    Refused(String),
}

/// How strictly an owner is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// To read what is in it.
    Read,
    /// To show it to whoever has named it.
    Look,
    /// To append to it.
    Append,
    /// To replace it.
    Edit,
    /// To write to it, with other processes of the same user.
    Share,
}

/// A folder, shown as `name`, in which a file is used.
pub(super) fn folder(facts: &Facts, name: &str, process: &Process, purpose: Use) -> Verdict {
    if purpose == Use::Look {
        return Verdict::Fine;
    }
    if facts.others_write() && !facts.is_sticky() {
        let command = facts.mended_by(&format!("chmod go-w {name}, or use a folder in it"));
        return Verdict::Refused(format!("others may replace files in its folder ({command})"));
    }
    let why = || {
        let uid = facts.uid;
        format!("its folder belongs to user {uid} (chown root {name}, or run this as that user)")
    };
    match owner(facts, false, process, purpose, why) {
        Verdict::Fine if purpose == Use::Share && facts.others_write() => {
            Verdict::Doubt(format!("others can make a file in {name} first"))
        }
        verdict => verdict,
    }
}

fn owner(
    facts: &Facts,
    shared: bool,
    process: &Process,
    purpose: Use,
    why: impl Fn() -> String,
) -> Verdict {
    match process.trusts(facts.uid, shared) {
        true => Verdict::Fine,
        // Another user who can change the file can do no more than the process can.
        false if [Use::Read, Use::Append].contains(&purpose) && !process.is_privileged() => {
            Verdict::Doubt(why())
        }
        false => Verdict::Refused(why()),
    }
}

/// The file `name`, which was opened in a folder.
pub(super) fn file(
    facts: &Facts,
    folder: &Facts,
    name: &str,
    process: &Process,
    purpose: Use,
) -> Verdict {
    let stream = [libc::S_IFCHR, libc::S_IFIFO].contains(&facts.kind());
    let shared = folder.others_write();
    match purpose {
        // Anybody can have made it, to read what is written.
        Use::Append if stream && (!shared || process.trusts(facts.uid, shared)) => {
            return Verdict::Fine;
        }
        _ if !facts.is_regular() => return Verdict::Refused("not a regular file".into()),
        Use::Look => return Verdict::Fine,
        // Another name may be that of a file of the process' user elsewhere.
        Use::Append | Use::Share if facts.links != 1 => {
            return Verdict::Refused("it has several names, or none any more".into());
        }
        // Who can read it can lock it.
        Use::Share if facts.mode & 0o077 != 0 => {
            let command = facts.mended_by(&format!("chmod 600 {name}"));
            return Verdict::Refused(format!("others may read or write it ({command})"));
        }
        Use::Share if facts.uid != process.uid => {
            return Verdict::Refused(format!("it belongs to user {}", facts.uid));
        }
        Use::Read | Use::Edit if facts.others_write() => {
            let command = facts.mended_by(&format!("chmod go-w {name}"));
            return Verdict::Refused(format!("others may write to it ({command})"));
        }
        // The new file is its owner's, as the old one was.
        Use::Edit if !shared || process.trusts(facts.uid, shared) => return Verdict::Fine,
        _ => {}
    }
    let why = || {
        let uid = facts.uid;
        format!("it belongs to user {uid} (chown root {name}, or run this as that user)")
    };
    match owner(facts, shared, process, purpose, why) {
        // Anybody can have made it.
        Verdict::Doubt(why) if shared => Verdict::Refused(why),
        verdict => verdict,
    }
}

/// A link to follow, in whatever folder.
pub(super) fn link(owner: u32, process: &Process, purpose: Use) -> bool {
    purpose == Use::Look || process.trusts(owner, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Process = process(0, false, true);
    const SERVICE: Process = process(990, false, true);
    const FOLDER: Facts = Facts {
        uid: 0,
        gid: 0,
        mode: libc::S_IFDIR | 0o755,
        links: 2,
        listed: false,
        fixed: false,
    };
    const FILE: Facts = Facts {
        uid: 0,
        gid: 0,
        mode: libc::S_IFREG | 0o640,
        links: 1,
        listed: false,
        fixed: false,
    };
    const STICKY: Facts = Facts { mode: libc::S_IFDIR | 0o1777, ..FOLDER };

    const fn process(uid: u32, privileged: bool, all_users: bool) -> Process {
        Process { uid, rights: Rights::Known { privileged, all_users } }
    }

    fn refused(verdict: Verdict) -> bool {
        matches!(verdict, Verdict::Refused(_))
    }

    #[test]
    fn folders_of_root_and_of_the_own_user_are_trusted() {
        for (process, uid) in [(ROOT, 0), (SERVICE, 0), (SERVICE, 990)] {
            let own = Facts { uid, gid: uid, ..FOLDER };
            // Debian's and Fedora's umask for users with a group of their own.
            for mode in [0o700, 0o755, 0o775, 0o1777] {
                let facts = Facts { mode: libc::S_IFDIR | mode, ..own };
                for purpose in [Use::Read, Use::Append, Use::Edit] {
                    assert_eq!(folder(&facts, "/d", &process, purpose), Verdict::Fine, "{mode:o}");
                }
                let shared = folder(&facts, "/d", &process, Use::Share);
                assert_eq!(shared == Verdict::Fine, mode != 0o1777, "{shared:?}");
                assert!(!refused(shared));
            }
        }
    }

    #[test]
    fn a_group_that_may_only_read_does_not_count() {
        for mode in [0o700, 0o750, 0o755] {
            let facts = Facts { gid: 100, mode: libc::S_IFDIR | mode, ..FOLDER };
            assert_eq!(folder(&facts, "/d", &SERVICE, Use::Share), Verdict::Fine, "{mode:o}");
        }
    }

    #[test]
    fn folders_where_others_write_are_not() {
        for (gid, mode, listed) in [
            (0, 0o777, false),
            (0, 0o757, false),
            (100, 0o775, false),
            (100, 0o2775, false),
            // Its list lets another user write.
            (0, 0o770, true),
        ] {
            let facts = Facts { gid, mode: libc::S_IFDIR | mode, listed, ..FOLDER };
            for process in [ROOT, SERVICE] {
                assert!(refused(folder(&facts, "/d", &process, Use::Read)), "{gid} {mode:o}");
            }
        }
    }

    /// The advice must not be a command that changes nothing (WSL's drives, FAT, shared folders).
    #[test]
    fn where_chmod_may_change_nothing_it_is_said() {
        for fixed in [false, true] {
            let folder_of = |mode| Facts { mode: libc::S_IFDIR | mode, fixed, ..FOLDER };
            let file_of = |mode| Facts { mode: libc::S_IFREG | mode, fixed, ..FILE };
            for verdict in [
                folder(&folder_of(0o777), "/d", &ROOT, Use::Read),
                file(&file_of(0o777), &FOLDER, "/d/f", &ROOT, Use::Read),
                file(&file_of(0o777), &FOLDER, "/d/f", &ROOT, Use::Share),
            ] {
                let Verdict::Refused(why) = verdict else { panic!("{verdict:?}") };
                assert!(why.contains("chmod"), "{why}");
                assert_eq!(why.contains("in this file system, use another one"), fixed, "{why}");
            }
        }
    }

    #[test]
    fn of_others_only_an_unprivileged_process_reads() {
        let (folder_of_other, file_of_other) =
            (Facts { uid: 1001, gid: 1001, ..FOLDER }, Facts { uid: 1001, gid: 1001, ..FILE });
        for purpose in [Use::Read, Use::Append, Use::Edit, Use::Share] {
            assert!(refused(folder(&folder_of_other, "/d", &ROOT, purpose)));
        }
        for purpose in [Use::Read, Use::Append, Use::Share] {
            assert!(refused(file(&file_of_other, &FOLDER, "/d/f", &ROOT, purpose)));
        }
        // A service's file in root's folder stays the service's.
        assert_eq!(file(&file_of_other, &FOLDER, "/d/f", &ROOT, Use::Edit), Verdict::Fine);
        for purpose in [Use::Edit, Use::Share] {
            assert!(refused(folder(&folder_of_other, "/d", &SERVICE, purpose)));
        }
        assert!(matches!(folder(&folder_of_other, "/d", &SERVICE, Use::Read), Verdict::Doubt(_)));
        assert!(matches!(
            file(&file_of_other, &FOLDER, "/d/f", &SERVICE, Use::Read),
            Verdict::Doubt(why) if why.contains("chown root /d/f")
        ));
        // Nor is it edited, or told of clients.
        assert!(refused(file(&file_of_other, &STICKY, "/tmp/f", &ROOT, Use::Edit)));
        let pipe = Facts { mode: libc::S_IFIFO | 0o622, ..file_of_other };
        assert!(refused(file(&pipe, &STICKY, "/tmp/f", &ROOT, Use::Append)));
        assert_eq!(file(&pipe, &FOLDER, "/d/f", &ROOT, Use::Append), Verdict::Fine);
        // Where anybody can make files the owner says who has.
        assert!(refused(file(&file_of_other, &STICKY, "/tmp/f", &SERVICE, Use::Read)));
        let privileged = process(990, true, true);
        assert!(refused(file(&file_of_other, &FOLDER, "/d/f", &privileged, Use::Read)));
    }

    #[test]
    fn files_that_others_write_decide_nothing() {
        for mode in [0o666, 0o602, 0o660] {
            let facts = Facts { gid: 100, mode: libc::S_IFREG | mode, ..FILE };
            assert!(refused(file(&facts, &FOLDER, "/d/f", &SERVICE, Use::Read)), "{mode:o}");
            assert_eq!(file(&facts, &FOLDER, "/d/f", &SERVICE, Use::Append), Verdict::Fine);
        }
    }

    #[test]
    fn what_is_no_file_is_not_read_and_another_name_is_not_written() {
        for kind in [libc::S_IFIFO, libc::S_IFCHR, libc::S_IFDIR, libc::S_IFSOCK] {
            let facts = Facts { mode: kind | 0o600, ..FILE };
            assert!(refused(file(&facts, &FOLDER, "/d/f", &ROOT, Use::Read)));
            assert!(refused(file(&facts, &FOLDER, "/d/f", &ROOT, Use::Edit)));
            assert!(refused(file(&facts, &FOLDER, "/d/f", &ROOT, Use::Share)));
        }
        let two = Facts { links: 2, ..FILE };
        assert!(refused(file(&two, &FOLDER, "/d/f", &ROOT, Use::Append)));
        assert!(refused(file(&two, &FOLDER, "/d/f", &ROOT, Use::Share)));
        assert_eq!(file(&two, &FOLDER, "/d/f", &ROOT, Use::Read), Verdict::Fine);
    }

    #[test]
    fn what_processes_share_is_their_user_s_alone() {
        let own = |mode| Facts { uid: 990, gid: 990, mode: libc::S_IFREG | mode, ..FILE };
        let shared = |facts: Facts| file(&facts, &FOLDER, "/d/f", &SERVICE, Use::Share);
        assert_eq!(shared(own(0o600)), Verdict::Fine);
        for mode in [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666] {
            assert!(refused(shared(own(mode))), "{mode:o}");
        }
        // Root's is trusted, but no other process of this user has made it.
        assert!(refused(shared(Facts { uid: 0, ..own(0o600) })));
    }

    #[test]
    fn whoever_has_named_a_file_is_shown_it() {
        let of_other = Facts { uid: 1001, gid: 1001, mode: libc::S_IFREG | 0o666, ..FILE };
        let folder_of_other = Facts { mode: libc::S_IFDIR | 0o777, uid: 1001, ..FOLDER };
        for process in [ROOT, SERVICE] {
            assert_eq!(folder(&folder_of_other, "/d", &process, Use::Look), Verdict::Fine);
            let shown = file(&of_other, &folder_of_other, "/d/f", &process, Use::Look);
            assert_eq!(shown, Verdict::Fine);
            assert!(link(1001, &process, Use::Look));
        }
    }

    #[test]
    fn links_of_root_and_of_the_own_user_are_followed() {
        for purpose in [Use::Read, Use::Append, Use::Edit, Use::Share] {
            assert!(link(0, &SERVICE, purpose) && link(990, &SERVICE, purpose));
            assert!(!link(1001, &SERVICE, purpose) && !link(990, &ROOT, purpose));
        }
    }

    /// Numbers of capabilities(7).
    #[test]
    fn capabilities_over_files_users_and_the_system_count() {
        // CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, SETGID, SETUID, SETPCAP, SYS_MODULE,
        // SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, SETFCAP, BPF
        for number in [0, 1, 2, 3, 6, 7, 8, 16, 17, 19, 21, 31, 39] {
            assert!(are_over_others(1 << number), "{number}");
        }
        // KILL, NET_BIND_SERVICE, NET_ADMIN, NET_RAW, IPC_LOCK, SYS_NICE, SYS_TIME
        for number in [5, 10, 12, 13, 14, 23, 25] {
            assert!(!are_over_others(1 << number), "{number}");
        }
        assert!(!are_over_others(0));
    }

    /// Lines of user_namespaces(7): first number inside, first outside, count.
    #[test]
    fn the_map_of_a_namespace_tells_its_users() {
        let all = "         0          0 4294967295\n";
        assert!([0, 1, OVERFLOW].into_iter().all(|user| is_mapped(all, user)));
        for (map, mapped) in [
            ("0 1000 1\n", false),
            ("0 100000 65534\n", false),
            ("0 100000 65535\n", true),
            ("65534 1000 1\n", true),
            ("65535 1000 10\n", false),
            ("0 1000 1\n65530 100000 10\n", true),
            ("", false),
        ] {
            assert_eq!(is_mapped(map, OVERFLOW), mapped, "{map}");
        }
    }

    #[test]
    fn users_outside_of_the_namespace_made_it() {
        let inside = process(0, false, false);
        let facts = Facts { uid: OVERFLOW, gid: OVERFLOW, ..FILE };
        assert_eq!(file(&facts, &FOLDER, "/d/f", &inside, Use::Read), Verdict::Fine);
        assert!(refused(file(&facts, &FOLDER, "/d/f", &ROOT, Use::Read)));
        // Where others make files it can be anybody's.
        assert!(refused(file(&facts, &STICKY, "/tmp/f", &inside, Use::Read)));
        assert!(!link(OVERFLOW, &inside, Use::Read));
    }
}
