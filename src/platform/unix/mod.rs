//! Linux and other Unix systems.

pub mod accounts;
pub(super) mod files;
pub(crate) mod helper_process;
pub mod keyring;
pub mod local_socket;
pub mod process_credentials;
pub mod thread_credentials;

use super::FileIdentity;
use crate::types::time::FileTime;
use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::Write;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

/// The library stays in memory even after dlclose: it is linked so (build.rs).
pub fn stay_loaded() {}

/// Has every fork of the process call these: before it, and after it in the parent and in the
/// child. Without memory for them nothing is called.
pub fn at_fork(before: extern "C" fn(), in_parent: extern "C" fn(), in_child: extern "C" fn()) {
    // Miri does not fork.
    if cfg!(miri) {
        return;
    }
    // SAFETY: functions without arguments, of a library that is never unloaded.
    unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
}

/// The kernel's host name, with its domain if it was set with one. No name service is queried.
pub fn host_name() -> String {
    // Not supported by Miri.
    if cfg!(miri) {
        return "miri.example".into();
    }
    let mut name = [0u8; 256];
    // SAFETY: gethostname writes at most the length given to it, which is the buffer's less one.
    let status = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let end = if status == 0 { name.iter().position(|&b| b == 0).unwrap_or(0) } else { 0 };
    String::from_utf8_lossy(name.get(..end).unwrap_or_default()).into_owned()
}

/// The address lies on the calling thread's stack: used on Windows only, where memory of the
/// system's is freed.
pub fn on_stack(_address: *const std::ffi::c_void) -> bool {
    false
}

/// Monotonic milliseconds; resolution of a few milliseconds, a few nanoseconds to read.
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

/// The configuration file if `NEGOSSP_CONFIG` is not set.
pub fn default_config_file() -> Option<PathBuf> {
    Some(PathBuf::from("/etc/negossp/negossp.toml"))
}

/// Where Kerberos' configuration is.
pub fn krb5_conf_files() -> Vec<PathBuf> {
    vec!["/etc/krb5.conf".into()]
}

/// Where the system's table of host names is.
pub(super) fn hosts_file() -> Option<PathBuf> {
    Some("/etc/hosts".into())
}

/// Where MIT's library keeps the user's replay cache, which all its processes share: folder, unless
/// the environment names one, and file.
pub fn replay_cache() -> (Option<PathBuf>, String) {
    let folder = variable("TMPDIR").unwrap_or_else(|| "/var/tmp".into());
    (Some(folder), format!("krb5_{}.rcache2", effective_user()))
}

/// A folder of this service's where nobody else can make a file first: one that systemd has made for
/// it, and that outlives it, before one that does not.
pub fn service_folder() -> Option<PathBuf> {
    let own = |folder: &PathBuf| {
        std::fs::metadata(folder)
            .is_ok_and(|found| found.is_dir() && found.uid() == effective_user())
    };
    // systemd may name several.
    let first = |folders: PathBuf| {
        let folder = folders.as_os_str().as_bytes().split(|&byte| byte == b':').next();
        folder.map(|folder| PathBuf::from(OsStr::from_bytes(folder)))
    };
    [
        variable("STATE_DIRECTORY").and_then(first),
        Some(PathBuf::from("/run/negossp")),
        variable("RUNTIME_DIRECTORY").and_then(first),
    ]
    .into_iter()
    .flatten()
    .find(own)
}

fn variable(name: &str) -> Option<PathBuf> {
    super::environment(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The user whose rights the calling thread has.
pub fn effective_user() -> u32 {
    // SAFETY: reads the process' identity.
    unsafe { libc::geteuid() }
}

/// The user who has started the process.
pub fn real_user() -> u32 {
    // SAFETY: reads the process' identity.
    unsafe { libc::getuid() }
}

/// The process has more rights than the user who started it.
pub(super) fn environment_is_foreign() -> bool {
    // Miri has no auxiliary vector.
    if cfg!(miri) {
        return false;
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: getauxval only reads the process' auxiliary vector.
    return unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: these four only read the process' identity.
    return unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() };
}

impl FileIdentity {
    /// The identity in `metadata`.
    pub fn of(metadata: &Metadata) -> FileIdentity {
        let changed = (metadata.ctime() as u64)
            .wrapping_mul(1_000_000_000)
            .wrapping_add(metadata.ctime_nsec() as u64);
        FileIdentity {
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            length: metadata.len(),
            number: [metadata.dev(), metadata.ino(), changed],
        }
    }
}

/// Local time at `utc`, with the offset in force then.
pub(crate) fn to_local(utc: FileTime) -> FileTime {
    let seconds: libc::time_t = utc.unix_seconds() as libc::time_t;
    let mut local = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both point to live values; localtime_r fills `local` or returns null, and all-zero is
    // a valid tm.
    let offset = unsafe {
        if libc::localtime_r(&seconds, local.as_mut_ptr()).is_null() {
            0
        } else {
            local.assume_init().tm_gmtoff
        }
    };
    utc.shifted(offset)
}

/// A duplicate of standard error, if it is open: the host may close descriptor 2 and reuse the
/// number for a socket.
pub fn standard_error() -> Option<File> {
    std::io::stderr().as_fd().try_clone_to_owned().ok().map(File::from)
}

/// Blocks signals in the calling thread, one of the library's, so that the host's threads get them.
pub fn take_no_signals() {
    let mut all = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the set is live and filled before it is read; only this thread's mask is touched.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut());
    }
}

/// Writes a line, atomically where the system does that. Errors are ignored; a closed pipe does not
/// end the process, whatever the host does about SIGPIPE.
pub fn write_line(mut file: &File, line: &[u8]) {
    let mut sigpipe = MaybeUninit::<libc::sigset_t>::zeroed();
    let mut pending = MaybeUninit::<libc::sigset_t>::zeroed();
    let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the sets are live, of the right type, and initialised by sigemptyset, sigpending and
    // pthread_sigmask before they are read. Only this thread's mask is touched.
    let was_pending = unsafe {
        libc::sigemptyset(sigpipe.as_mut_ptr());
        libc::sigaddset(sigpipe.as_mut_ptr(), libc::SIGPIPE);
        libc::sigpending(pending.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, sigpipe.as_ptr(), before.as_mut_ptr());
        libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1
    };
    let broken =
        file.write_all(line).is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe);
    let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: as above; the SIGPIPE that this write raised, pending for this thread, is taken
    // off before the mask is restored. One that was pending before is the host's and stays.
    unsafe {
        if broken && !was_pending {
            libc::sigtimedwait(sigpipe.as_ptr(), std::ptr::null_mut(), &at_once);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
    }
}
