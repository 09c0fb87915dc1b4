//! Who may have a hand in a file.

use crate::platform::thread_credentials::{OVER_FILES, SET_GID, SET_UID};
use std::fs::Metadata;
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
}

impl Facts {
    pub(super) fn of(metadata: &Metadata) -> Facts {
        Facts {
            uid: metadata.uid(),
            gid: metadata.gid(),
            mode: metadata.mode(),
            links: metadata.nlink(),
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
        let group = self.mode & 0o020 != 0 && self.gid != 0 && self.gid != self.uid;
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

    fn trusts(&self, owner: u32) -> bool {
        owner == 0 || owner == self.uid || owner == OVERFLOW && self.is_in_namespace()
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

/// CAP_SYS_MODULE, CAP_SYS_PTRACE, CAP_SYS_ADMIN.
const OVER_THE_SYSTEM: u64 = 1 << 16 | 1 << 19 | 1 << 21;

fn has_capabilities() -> bool {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    effective.is_some_and(|bits| bits & (OVER_FILES | SET_UID | SET_GID | OVER_THE_SYSTEM) != 0)
}

/// Whether the process' user namespace has this user (user_namespaces(7)).
fn has_user(user: u32) -> bool {
    let Ok(map) = std::fs::read_to_string("/proc/self/uid_map") else { return true };
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
    /// To append to it.
    Append,
    /// To replace it.
    Edit,
    /// To write to it, with other processes of the same user.
    Share,
}

/// A folder, shown as `name`, in which a file is used.
pub(super) fn folder(facts: &Facts, name: &str, process: &Process, purpose: Use) -> Verdict {
    if facts.others_write() && !facts.is_sticky() {
        return Verdict::Refused(format!(
            "others may replace files in its folder (chmod go-w {name})"
        ));
    }
    let why = || format!("its folder belongs to user {} (chown root {name})", facts.uid);
    match owner(facts, process, purpose, why) {
        Verdict::Fine if purpose == Use::Share && facts.others_write() => {
            Verdict::Doubt(format!("others can make a file in {name} first"))
        }
        verdict => verdict,
    }
}

fn owner(facts: &Facts, process: &Process, purpose: Use, why: impl Fn() -> String) -> Verdict {
    match process.trusts(facts.uid) {
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
    match purpose {
        Use::Append if stream => return Verdict::Fine,
        _ if !facts.is_regular() => return Verdict::Refused("not a regular file".into()),
        // Another name may be that of a file of the process' user elsewhere.
        Use::Append | Use::Share if facts.links != 1 => {
            return Verdict::Refused("it has several names, or none any more".into());
        }
        Use::Share if facts.mode & 0o022 != 0 => {
            return Verdict::Refused(format!("others may write to it (chmod go-w {name})"));
        }
        Use::Share if facts.uid != process.uid => {
            return Verdict::Refused(format!("it belongs to user {}", facts.uid));
        }
        Use::Read | Use::Edit if facts.others_write() => {
            return Verdict::Refused(format!("others may write to it (chmod go-w {name})"));
        }
        // The new file is its owner's, as the old one was.
        Use::Edit => return Verdict::Fine,
        _ => {}
    }
    let why = || format!("it belongs to user {} (chown root {name})", facts.uid);
    match owner(facts, process, purpose, why) {
        // Anybody can have made it.
        Verdict::Doubt(why) if folder.others_write() => Verdict::Refused(why),
        verdict => verdict,
    }
}

/// A link to follow, in a folder that a rule for folders has let pass.
pub(super) fn link(owner: u32, process: &Process) -> bool {
    process.trusts(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Process = process(0, false, true);
    const SERVICE: Process = process(990, false, true);
    const FOLDER: Facts = Facts { uid: 0, gid: 0, mode: libc::S_IFDIR | 0o755, links: 2 };
    const FILE: Facts = Facts { uid: 0, gid: 0, mode: libc::S_IFREG | 0o640, links: 1 };
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
    fn folders_where_others_write_are_not() {
        for (gid, mode) in [(0, 0o777), (0, 0o757), (100, 0o775), (100, 0o2775)] {
            let facts = Facts { gid, mode: libc::S_IFDIR | mode, ..FOLDER };
            for process in [ROOT, SERVICE] {
                assert!(refused(folder(&facts, "/d", &process, Use::Read)), "{gid} {mode:o}");
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
    fn users_outside_of_the_namespace_made_it() {
        let inside = process(0, false, false);
        let facts = Facts { uid: OVERFLOW, gid: OVERFLOW, ..FILE };
        assert_eq!(file(&facts, &FOLDER, "/d/f", &inside, Use::Read), Verdict::Fine);
        assert!(refused(file(&facts, &FOLDER, "/d/f", &ROOT, Use::Read)));
    }
}
