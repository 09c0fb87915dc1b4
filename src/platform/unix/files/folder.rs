//! A name in a folder that is open.

use super::file_system::is_of_processes;
use super::rules::{self, Facts, Process, Use, Verdict};
use std::collections::VecDeque;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// The most links that a path may lead through, as in the kernel.
const MOST_LINKS: usize = 40;

/// Where a path leads: a name in a folder.
#[derive(Debug)]
pub(super) struct Place {
    folder: File,
    facts: Facts,
    name: CString,
    /// For messages.
    pub(super) shown: PathBuf,
    /// What is wrong with the folder.
    doubt: Option<String>,
    /// The folder belongs to the kernel's file system of processes, whose links lead to open files.
    of_processes: bool,
}

/// The folder that has been reached.
struct Walk {
    folder: File,
    /// For messages.
    shown: PathBuf,
}

impl Walk {
    /// Puts a path before what is left. An absolute one begins at the root.
    fn push_front(&mut self, path: &Path, names: &mut VecDeque<OsString>) -> io::Result<()> {
        if path.is_absolute() {
            (self.folder, self.shown) = (open_folder(Path::new("/"))?, PathBuf::from("/"));
        }
        // A slash at the end means a folder.
        if path.as_os_str().as_bytes().ends_with(b"/") {
            names.push_front("..".into());
        }
        for component in path.components().rev() {
            match component {
                Component::Normal(name) => names.push_front(name.to_owned()),
                Component::ParentDir => names.push_front("..".into()),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        Ok(())
    }

    /// What has this name in the folder, to be found only; not what a link leads to.
    fn open(&self, name: &OsStr) -> io::Result<File> {
        open_at(&self.folder, &c_string(name)?, SEARCH | libc::O_NOFOLLOW, 0)
    }

    fn follow(&self, name: &OsStr) -> io::Result<File> {
        open_at(&self.folder, &c_string(name)?, SEARCH | libc::O_DIRECTORY, 0)
    }

    fn enter(&mut self, folder: File, name: &OsStr) {
        self.folder = folder;
        self.shown.push(name);
    }

    fn shown(&self) -> &Path {
        if self.shown.as_os_str().is_empty() { Path::new(".") } else { &self.shown }
    }

    /// What the rules say of the folder: what is wrong with it, though it may be used.
    fn check(&self, process: &Process, purpose: Use) -> io::Result<(Facts, Option<String>)> {
        let facts = Facts::of(&self.folder)?;
        let name = self.shown().display().to_string();
        match rules::folder(&facts, &name, process, purpose) {
            Verdict::Fine => Ok((facts, None)),
            Verdict::Doubt(why) => Ok((facts, Some(why))),
            Verdict::Refused(why) => Err(io::Error::other(why)),
        }
    }

    /// A name in the folder, if files there may be used.
    fn place(
        self,
        name: &OsStr,
        of_processes: bool,
        process: &Process,
        purpose: Use,
    ) -> io::Result<Place> {
        let (facts, doubt) = self.check(process, purpose)?;
        let (name, shown) = (c_string(name)?, self.shown().join(name));
        Ok(Place { folder: self.folder, facts, name, shown, doubt, of_processes })
    }
}

/// Where a link leads that is open to be found.
fn target_of(link: &File) -> io::Result<PathBuf> {
    let mut target = vec![0u8; libc::PATH_MAX as usize];
    // SAFETY: an open descriptor, an empty name for itself, and a buffer of this length.
    let length = unsafe {
        libc::readlinkat(link.as_raw_fd(), c"".as_ptr(), target.as_mut_ptr().cast(), target.len())
    };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    target.truncate(length);
    Ok(OsString::from_vec(target).into())
}

impl Place {
    /// Follows a path, name by name. The last one may be missing.
    pub(super) fn of(path: &Path, purpose: Use) -> io::Result<Place> {
        let process = Process::current();
        let mut walk = Walk { folder: open_folder(Path::new("."))?, shown: PathBuf::new() };
        let mut names = VecDeque::new();
        walk.push_front(path, &mut names)?;
        let mut links = 0;
        while let Some(name) = names.pop_front() {
            let last = names.is_empty();
            if name == ".." {
                if last {
                    break;
                }
                walk.enter(walk.open(&name)?, &name);
                continue;
            }
            let of_processes = is_of_processes(&walk.folder);
            // The files that processes share are the library's own, and no links.
            if last && (of_processes || purpose == Use::Share) {
                return walk.place(&name, of_processes, &process, purpose);
            }
            let found = match walk.open(&name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && last => {
                    return walk.place(&name, of_processes, &process, purpose);
                }
                found => found?,
            };
            let about = found.metadata()?;
            if of_processes && about.is_symlink() {
                // It leads to a folder of the process itself.
                walk.enter(walk.follow(&name)?, &name);
            } else if about.is_symlink() {
                links += 1;
                if links > MOST_LINKS {
                    return Err(io::Error::from_raw_os_error(libc::ELOOP));
                }
                // Who may replace files there may exchange links.
                walk.check(&process, purpose)?;
                if !rules::link(about.uid(), &process, purpose) {
                    let shown = walk.shown.join(&name);
                    let why = format!("{} is a link of another user", shown.display());
                    return Err(io::Error::other(why));
                }
                walk.push_front(&target_of(&found)?, &mut names)?;
            } else if last {
                return walk.place(&name, of_processes, &process, purpose);
            } else {
                walk.enter(found, &name);
            }
        }
        Err(io::Error::other("not the path of a file"))
    }

    /// What has this name in the folder, without following a link; `None` if nothing has.
    fn stat(&self, name: &CString) -> io::Result<Option<libc::stat>> {
        // SAFETY: all zeros is a valid stat, the descriptor is open, and the name ends with a zero.
        let (status, about) = unsafe {
            let mut about: libc::stat = std::mem::zeroed();
            let flags = libc::AT_SYMLINK_NOFOLLOW;
            let folder = self.folder.as_raw_fd();
            (libc::fstatat(folder, name.as_ptr(), &mut about, flags), about)
        };
        match done(status) {
            Ok(()) => Ok(Some(about)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether this is the metadata of the file with that name in the folder.
    pub(super) fn has(&self, name: &CString, file: &Metadata) -> io::Result<bool> {
        #[allow(clippy::unnecessary_cast)] // of 32 bits on some machines
        let is_it = |about: libc::stat| {
            (about.st_dev as u64, about.st_ino as u64) == (file.dev(), file.ino())
        };
        Ok(self.stat(name)?.is_some_and(is_it))
    }

    /// Opens the file, and looks whether the rules permit its use. A file that is made is its
    /// user's alone.
    pub(super) fn open(
        &self,
        flags: libc::c_int,
        purpose: Use,
    ) -> io::Result<(File, Option<String>)> {
        let (file, facts) = self.present(|| self.open_unchecked(flags))?;
        let name = self.shown.display().to_string();
        match rules::file(&facts, &self.facts, &name, &Process::current(), purpose) {
            Verdict::Fine => Ok((file, self.doubt.clone())),
            Verdict::Doubt(why) => Ok((file, Some(why))),
            Verdict::Refused(why) => Err(io::Error::other(why)),
        }
    }

    /// A file that is still there once it has been opened: it may be removed or replaced meanwhile,
    /// as locks are.
    fn present(&self, open: impl Fn() -> io::Result<File>) -> io::Result<(File, Facts)> {
        const ATTEMPTS: usize = 1000;
        let mut attempts = 0;
        loop {
            let file = open()?;
            let facts = Facts::of(&file)?;
            attempts += 1;
            // What a process has open may have no name.
            if facts.links != 0 || self.of_processes || attempts == ATTEMPTS {
                return Ok((file, facts));
            }
            std::thread::yield_now();
        }
    }

    fn open_unchecked(&self, flags: libc::c_int) -> io::Result<File> {
        // What is a link here was made since, or leads to a file of this process.
        let links = if self.of_processes { 0 } else { libc::O_NOFOLLOW };
        self.open_at(&self.name, flags | links | libc::O_NONBLOCK | libc::O_NOCTTY, 0o600)
    }

    /// Opens a file with another name to lock it, for its user alone; it is made if it is missing.
    pub(super) fn open_lock(&self, name: &CString) -> io::Result<File> {
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let (file, facts) = self.present(|| self.open_at(name, flags, 0o600))?;
        let shown = String::from_utf8_lossy(name.as_bytes()).into_owned();
        match rules::file(&facts, &self.facts, &shown, &Process::current(), Use::Share) {
            Verdict::Refused(why) => Err(io::Error::other(format!("{shown}: {why}"))),
            Verdict::Fine | Verdict::Doubt(_) => Ok(file),
        }
    }

    /// Makes a file with another name, which must be new, for its user alone.
    pub(super) fn create(&self, name: &CString) -> io::Result<File> {
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW;
        self.open_at(name, flags, 0o600)
    }

    fn open_at(&self, name: &CString, flags: libc::c_int, mode: libc::c_uint) -> io::Result<File> {
        open_at(&self.folder, name, flags, mode)
    }

    /// The name here, with `ending` appended.
    pub(super) fn beside(&self, ending: &str) -> io::Result<CString> {
        let name = [self.name.as_bytes(), ending.as_bytes()].concat();
        CString::new(name).map_err(io::Error::other)
    }

    /// Renames a file of this folder to the name here.
    pub(super) fn rename_to(&self, from: &CString) -> io::Result<()> {
        let folder = self.folder.as_raw_fd();
        // SAFETY: an open descriptor and strings that end with zeros.
        done(unsafe { libc::renameat(folder, from.as_ptr(), folder, self.name.as_ptr()) })
    }

    /// Removes a file of this folder, if there is one.
    pub(super) fn remove(&self, name: &CString) -> io::Result<()> {
        // SAFETY: an open descriptor and a string that ends with a zero.
        match done(unsafe { libc::unlinkat(self.folder.as_raw_fd(), name.as_ptr(), 0) }) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the file with the name here.
    pub(super) fn remove_itself(&self) -> io::Result<()> {
        self.remove(&self.name)
    }

    /// Flushes the folder's names to disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        match open_at(&self.folder, &c".".to_owned(), libc::O_RDONLY | libc::O_DIRECTORY, 0) {
            // It may be searched, and not listed.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            folder => folder?.sync_all(),
        }
    }
}

/// To find names in a folder the right to search it suffices.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SEARCH: libc::c_int = libc::O_PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SEARCH: libc::c_int = libc::O_RDONLY;

fn open_folder(path: &Path) -> io::Result<File> {
    let path = c_string(path.as_os_str())?;
    let flags = SEARCH | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: a string that ends with a zero.
    descriptor(unsafe { libc::open(path.as_ptr(), flags) })
}

fn open_at(
    folder: &File,
    name: &CString,
    flags: libc::c_int,
    mode: libc::c_uint,
) -> io::Result<File> {
    // SAFETY: an open descriptor and a string that ends with a zero.
    descriptor(unsafe {
        libc::openat(folder.as_raw_fd(), name.as_ptr(), flags | libc::O_CLOEXEC, mode)
    })
}

fn c_string(text: &OsStr) -> io::Result<CString> {
    CString::new(text.as_bytes()).map_err(io::Error::other)
}

fn descriptor(number: libc::c_int) -> io::Result<File> {
    match number {
        ..0 => Err(io::Error::last_os_error()),
        // SAFETY: a descriptor that was just opened, and is nobody else's.
        number => Ok(unsafe { File::from_raw_fd(number) }),
    }
}

fn done(status: libc::c_int) -> io::Result<()> {
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
