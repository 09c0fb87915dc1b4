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
/// unmapped. Its space is taken at once, since a write for which there is none would end the process;
/// so only of file systems that keep what they have taken.
///
/// Errors: `InvalidData` for a file of another length, unless it is empty. It must not be truncated:
/// another process may have mapped it.
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
        if ![0, length as u64].contains(&file.metadata()?.len()) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if !keeps_space(file)? {
            return Err(io::Error::other("its file system does not reserve space"));
        }
        // Also where the length is right: the file may have holes.
        // SAFETY: an open descriptor.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length as libc::off_t) } {
            0 => {}
            error => return Err(io::Error::from_raw_os_error(error)),
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
        leave_out_of_core_dumps(start, length);
        // SAFETY: as many words as the file has, aligned to a page, and never unmapped. Other
        // processes of the same user change them; those of the library by the same atomic
        // operations only.
        Ok(unsafe { std::slice::from_raw_parts(start.cast(), count) })
    }

    /// Whether the file system writes to the space that a file has been given, instead of to other
    /// space, of which there may be none.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn keeps_space(file: &File) -> io::Result<bool> {
        const EXT: i64 = 0xef53;
        const XFS: i64 = 0x5846_5342;
        const TMPFS: i64 = 0x0102_1994;
        // SAFETY: zeros are a valid statfs, and the descriptor is open.
        let (status, about) = unsafe {
            let mut about: libc::statfs = std::mem::zeroed();
            (libc::fstatfs(file.as_raw_fd(), &mut about), about)
        };
        if status != 0 {
            return Err(io::Error::last_os_error());
        }
        #[allow(clippy::unnecessary_cast)] // of 32 bits on some machines
        let kind = about.f_type as i64;
        Ok([EXT, XFS, TMPFS].contains(&kind))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn keeps_space(_file: &File) -> io::Result<bool> {
        Ok(false)
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
        let length = count * size_of::<AtomicU64>();
        // SAFETY: maps new memory at an address of the system's choice.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS | NO_RESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return None;
        }
        leave_out_of_core_dumps(start, length);
        // SAFETY: as many words as were mapped, zero, aligned to a page, and never unmapped. Other
        // processes change them by the same atomic operations only.
        Some(unsafe { std::slice::from_raw_parts(start.cast(), count) })
    }

    /// A dump would have megabytes of no use, and the keys of the hashes in a file.
    fn leave_out_of_core_dumps(start: *mut libc::c_void, length: usize) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: the mapping was just made. Its content stays as it is.
        let _ = unsafe { libc::madvise(start, length, libc::MADV_DONTDUMP) };
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = (start, length);
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
        let mut probe: Vec<u64> = Vec::new();
        probe.try_reserve_exact(count).ok()?;
        drop(probe);
        // Zeroed by the system, a page when it is touched.
        let words: &'static mut [u64] = Box::leak(vec![0; count].into_boxed_slice());
        // SAFETY: an AtomicU64 has the size and the values of a u64, and at most its alignment in
        // memory that the system has aligned to a page; the exclusive reference ends here.
        Some(unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), count) })
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::words;

    /// proc(5): `dd` in VmFlags marks what core dumps leave out.
    #[test]
    fn shared_words_are_left_out_of_core_dumps() {
        let address = words(1 << 16).as_ptr().addr();
        let mut within = false;
        let mut flags = None;
        for line in std::fs::read_to_string("/proc/self/smaps").unwrap().lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let bound = |text| usize::from_str_radix(text, 16).ok();
            if let Some((first, end)) = range.and_then(|(a, b)| Some((bound(a)?, bound(b)?))) {
                within = (first..end).contains(&address);
            } else if within && line.starts_with("VmFlags:") {
                flags = Some(line.to_owned());
            }
        }
        assert!(flags.unwrap().split(' ').any(|flag| flag == "dd"));
    }
}
