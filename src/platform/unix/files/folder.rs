//! A name in a folder that is open.

use super::rules::{self, Facts, Process, Use, Verdict};
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
    pub(super) doubt: Option<String>,
    /// The folder belongs to the kernel's file system of processes, whose links lead to open files.
    of_processes: bool,
}

impl Place {
    /// Follows a path. The last name may be missing.
    pub(super) fn of(path: &Path, purpose: Use) -> io::Result<Place> {
        let process = Process::current();
        let mut place = Place::within(None, path, Path::new("."), &process, purpose)?;
        for _ in 0..MOST_LINKS {
            match place.target(&process, purpose)? {
                None => return Ok(place),
                Some(target) => {
                    let shown = place.shown.parent().unwrap_or(Path::new(".")).to_owned();
                    let next =
                        Place::within(Some(&place.folder), &target, &shown, &process, purpose)?;
                    place = Place { doubt: place.doubt.or(next.doubt.clone()), ..next };
                }
            }
        }
        Err(io::Error::from_raw_os_error(libc::ELOOP))
    }

    /// The place of a path that is relative to `base`, which is shown as `base_shown`.
    fn within(
        base: Option<&File>,
        path: &Path,
        base_shown: &Path,
        process: &Process,
        purpose: Use,
    ) -> io::Result<Place> {
        let (Some(name), Some(Component::Normal(_))) =
            (path.file_name(), path.components().next_back())
        else {
            return Err(io::Error::other("not the path of a file"));
        };
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let folder = open_folder(base, parent)?;
        let facts = Facts::of(&folder.metadata()?);
        let shown = match (base, parent.is_absolute()) {
            (Some(_), false) => base_shown.join(parent),
            _ => parent.to_owned(),
        };
        let doubt = match rules::folder(&facts, &shown.display().to_string(), process, purpose) {
            Verdict::Fine => None,
            Verdict::Doubt(why) => Some(why),
            Verdict::Refused(why) => return Err(io::Error::other(why)),
        };
        let of_processes = is_of_processes(&folder);
        let shown = shown.join(name);
        Ok(Place { folder, facts, name: c_string(name)?, shown, doubt, of_processes })
    }

    /// The target of the link that is here, if one is.
    fn target(&self, process: &Process, purpose: Use) -> io::Result<Option<PathBuf>> {
        // The files that processes share are the library's own.
        if self.of_processes || purpose == Use::Share {
            return Ok(None);
        }
        let mut target = vec![0u8; libc::PATH_MAX as usize];
        // SAFETY: an open descriptor, a string that ends with a zero, and a buffer of this length.
        let length = unsafe {
            libc::readlinkat(
                self.folder.as_raw_fd(),
                self.name.as_ptr(),
                target.as_mut_ptr().cast(),
                target.len(),
            )
        };
        let Ok(length) = usize::try_from(length) else {
            return match io::Error::last_os_error() {
                error
                    if [Some(libc::EINVAL), Some(libc::ENOENT)].contains(&error.raw_os_error()) =>
                {
                    Ok(None)
                }
                error => Err(error),
            };
        };
        target.truncate(length);
        let owner = self.stat()?.map(|about| about.st_uid);
        match owner.is_some_and(|owner| rules::link(owner, process)) {
            true => Ok(Some(OsString::from_vec(target).into())),
            false => {
                Err(io::Error::other(format!("{} is a link of another user", self.shown.display())))
            }
        }
    }

    /// What is here, without following a link; `None` if nothing is.
    fn stat(&self) -> io::Result<Option<libc::stat>> {
        // SAFETY: all zeros is a valid stat, the descriptor is open, and the name ends with a zero.
        let (status, about) = unsafe {
            let mut about: libc::stat = std::mem::zeroed();
            let flags = libc::AT_SYMLINK_NOFOLLOW;
            let folder = self.folder.as_raw_fd();
            (libc::fstatat(folder, self.name.as_ptr(), &mut about, flags), about)
        };
        match done(status) {
            Ok(()) => Ok(Some(about)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether this is the metadata of the file here.
    pub(super) fn has(&self, file: &Metadata) -> io::Result<bool> {
        #[allow(clippy::unnecessary_cast)] // of 32 bits on some machines
        let is_it = |about: libc::stat| {
            (about.st_dev as u64, about.st_ino as u64) == (file.dev(), file.ino())
        };
        Ok(self.stat()?.is_some_and(is_it))
    }

    /// Opens the file, and looks whether the rules permit its use. A file that is made is its
    /// user's alone.
    pub(super) fn open(
        &self,
        flags: libc::c_int,
        purpose: Use,
    ) -> io::Result<(File, Option<String>)> {
        let file = self.open_unchecked(flags)?;
        let name = self.shown.display().to_string();
        let facts = Facts::of(&file.metadata()?);
        match rules::file(&facts, &self.facts, &name, &Process::current(), purpose) {
            Verdict::Fine => Ok((file, self.doubt.clone())),
            Verdict::Doubt(why) => Ok((file, Some(why))),
            Verdict::Refused(why) => Err(io::Error::other(why)),
        }
    }

    fn open_unchecked(&self, flags: libc::c_int) -> io::Result<File> {
        // What is a link here was made since, or leads to a file of this process.
        let links = if self.of_processes { 0 } else { libc::O_NOFOLLOW };
        self.open_at(&self.name, flags | links | libc::O_NONBLOCK | libc::O_NOCTTY, 0o600)
    }

    /// Makes a file with another name, which must be new, for its user alone.
    pub(super) fn create(&self, name: &CString) -> io::Result<File> {
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW;
        self.open_at(name, flags, 0o600)
    }

    fn open_at(&self, name: &CString, flags: libc::c_int, mode: libc::c_uint) -> io::Result<File> {
        // SAFETY: an open descriptor and a string that ends with a zero.
        descriptor(unsafe {
            libc::openat(self.folder.as_raw_fd(), name.as_ptr(), flags | libc::O_CLOEXEC, mode)
        })
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

    /// Removes the file here.
    pub(super) fn remove_it(&self) -> io::Result<()> {
        self.remove(&self.name)
    }

    /// Flushes the folder's names to disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        match open_folder_for(Some(&self.folder), Path::new("."), libc::O_RDONLY) {
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

fn open_folder(base: Option<&File>, path: &Path) -> io::Result<File> {
    open_folder_for(base, path, SEARCH)
}

fn open_folder_for(base: Option<&File>, path: &Path, access: libc::c_int) -> io::Result<File> {
    let base = base.map_or(libc::AT_FDCWD, AsRawFd::as_raw_fd);
    let path = c_string(path.as_os_str())?;
    // SAFETY: an open descriptor, or the working folder's, and a string that ends with a zero.
    descriptor(unsafe {
        libc::openat(base, path.as_ptr(), access | libc::O_DIRECTORY | libc::O_CLOEXEC)
    })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_of_processes(_folder: &File) -> bool {
    false
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_of_processes(folder: &File) -> bool {
    const PROC: i64 = 0x9fa0;
    // SAFETY: zeros are a valid statfs, and the descriptor is open.
    let (status, about) = unsafe {
        let mut about: libc::statfs = std::mem::zeroed();
        (libc::fstatfs(folder.as_raw_fd(), &mut about), about)
    };
    #[allow(clippy::unnecessary_cast)] // of 32 bits on some machines
    let kind = about.f_type as i64;
    status == 0 && kind == PROC
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
