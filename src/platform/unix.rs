//! Linux and its kin.

use super::FileIdentity;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

/// The host's name as the kernel has it, with its domain if it was set with one. No name service is asked.
pub fn host_name() -> String {
    let mut name = [0u8; 256];
    // SAFETY: gethostname writes at most the length given to it, which is the buffer's less one.
    let status = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let end = if status == 0 { name.iter().position(|&b| b == 0).unwrap_or(0) } else { 0 };
    String::from_utf8_lossy(name.get(..end).unwrap_or_default()).into_owned()
}

/// Milliseconds since some instant, never going back; a few milliseconds coarse, a few nanoseconds to read.
pub fn coarse_millis() -> u64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC_COARSE;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a live timespec for the call to fill.
    unsafe { libc::clock_gettime(CLOCK, &mut time) };
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}

/// The configuration file where `NEGOSSP_CONFIG` names none.
pub fn default_config_file() -> Option<PathBuf> {
    Some(PathBuf::from("/etc/negossp/negossp.toml"))
}

/// The process was started by somebody with fewer rights than it has.
pub(super) fn environment_is_foreign() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: getauxval only reads the process' auxiliary vector.
    return unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: these four only read the process' identity.
    return unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() };
}

impl FileIdentity {
    /// The identity that `metadata` shows.
    pub fn of(metadata: &Metadata) -> FileIdentity {
        let changed = (metadata.ctime() as u64).wrapping_mul(1_000_000_000).wrapping_add(metadata.ctime_nsec() as u64);
        FileIdentity {
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            length: metadata.len(),
            exposed: metadata.mode() & 0o077 != 0,
            number: [metadata.dev(), metadata.ino(), changed],
        }
    }
}
