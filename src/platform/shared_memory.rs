//! Memory that forked children share with their parent.

use std::fs::File;
use std::io;
use std::sync::atomic::AtomicU64;

/// Fewer words than this are not worth sharing.
const FEWEST: usize = 1 << 13;

/// So many zero words, which this process and the children that it forks from now on share, and
/// which are never freed. Memory is taken as they are touched. Where a process may not map so much
/// there are fewer; where nothing can be mapped, and on systems that do not fork, they are the
/// process' own.
pub fn words(count: usize) -> &'static [AtomicU64] {
    let mut count = count;
    while count >= FEWEST {
        match system::map(count) {
            Some(words) => return words,
            None => count /= 2,
        }
    }
    // A child has a copy of these.
    Box::leak((0..FEWEST).map(|_| AtomicU64::new(0)).collect())
}

/// A file's content as so many words, which all processes that map it share, and which are never
/// unmapped. A file that is longer or shorter becomes zero words; its space is taken at once, since
/// a write for which there is none would end the process.
pub fn of_file(file: &File, count: usize) -> io::Result<&'static [AtomicU64]> {
    system::map_file(file, count)
}

#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::sync::atomic::AtomicU64;

    pub(super) fn map_file(file: &File, count: usize) -> io::Result<&'static [AtomicU64]> {
        let length = count * size_of::<AtomicU64>();
        if file.metadata()?.len() != length as u64 {
            file.set_len(0)?;
            // SAFETY: an open descriptor.
            match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length as libc::off_t) } {
                0 => {}
                error => return Err(io::Error::from_raw_os_error(error)),
            }
        }
        // SAFETY: maps new memory at an address of the system's choice, of an open descriptor.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: as many words as the file has, aligned to a page, and never unmapped. Other
        // processes of the same user change them; those of the library by the same atomic
        // operations only.
        Ok(unsafe { std::slice::from_raw_parts(start.cast(), count) })
    }

    pub(super) fn map(count: usize) -> Option<&'static [AtomicU64]> {
        // Miri maps private memory only.
        if cfg!(miri) {
            return None;
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        const NO_RESERVE: libc::c_int = libc::MAP_NORESERVE;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        const NO_RESERVE: libc::c_int = 0;
        // SAFETY: maps new memory at an address of the system's choice.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                count * size_of::<AtomicU64>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS | NO_RESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return None;
        }
        // SAFETY: as many words as were mapped, zero, aligned to a page, and never unmapped. Other
        // processes change them by the same atomic operations only.
        Some(unsafe { std::slice::from_raw_parts(start.cast(), count) })
    }
}

#[cfg(windows)]
mod system {
    use std::fs::File;
    use std::io;
    use std::sync::atomic::AtomicU64;

    pub(super) fn map_file(_file: &File, _count: usize) -> io::Result<&'static [AtomicU64]> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn map(count: usize) -> Option<&'static [AtomicU64]> {
        let mut words: Vec<u64> = Vec::new();
        words.try_reserve_exact(count).ok()?;
        // Zeroed by the system, a page when it is touched.
        let words: &'static mut [u64] = Box::leak(vec![0; count].into_boxed_slice());
        // SAFETY: an AtomicU64 has the size and the values of a u64, and at most its alignment in
        // memory that the system has aligned to a page; the exclusive reference ends here.
        Some(unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), count) })
    }
}
