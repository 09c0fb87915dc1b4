//! Windows and Wine.

pub(crate) mod access_token;
mod file_access;
pub(super) mod files;

use super::FileIdentity;
use crate::types::time::FileTime;
use std::fs::{File, Metadata};
use std::io::Write;
use std::os::windows::fs::MetadataExt;
use std::os::windows::io::AsHandle;
use std::path::PathBuf;
use std::time::SystemTime;
use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::Storage::FileSystem::FileTimeToLocalFileTime;
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
};
use windows_sys::Win32::System::SystemInformation::{
    ComputerNameDnsFullyQualified, GetComputerNameExW, GetTickCount64,
};

/// The host's name, with its domain if it is in one.
pub fn host_name() -> String {
    let mut name = [0u16; 1024];
    let mut length = name.len() as u32;
    // SAFETY: `length` is the buffer's length in characters, which the call does not exceed.
    let ok = unsafe {
        GetComputerNameExW(ComputerNameDnsFullyQualified, name.as_mut_ptr(), &mut length)
    };
    let length = if ok == 0 { 0 } else { length as usize };
    String::from_utf16_lossy(name.get(..length).unwrap_or_default())
}

/// Keeps the library in memory until the process ends, even after FreeLibrary: the tables of
/// InitSecurityInterface are never freed, and threads may be in its code.
pub fn stay_loaded() {
    let mut module = std::ptr::null_mut();
    let somewhere = stay_loaded as fn() as *const u16;
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    // SAFETY: by these flags the name is an address within the module, this function's own.
    unsafe { GetModuleHandleExW(flags, somewhere, &mut module) };
}

/// Nothing to do: processes do not fork.
pub fn at_fork(_before: extern "C" fn(), _in_parent: extern "C" fn(), _in_child: extern "C" fn()) {}

/// The process runs on Wine.
pub fn is_wine() -> bool {
    use std::sync::OnceLock;
    use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
    static WINE: OnceLock<bool> = OnceLock::new();
    // SAFETY: names that end with zeros; ntdll is in every process.
    *WINE.get_or_init(|| unsafe {
        GetProcAddress(
            GetModuleHandleA(c"ntdll.dll".as_ptr().cast()),
            c"wine_get_version".as_ptr().cast(),
        )
        .is_some()
    })
}

/// The address lies on the calling thread's stack.
pub fn on_stack(address: *const std::ffi::c_void) -> bool {
    // The block's first members are the same in every Windows: the list of handlers, the stack's
    // top, its bottom.
    #[repr(C)]
    struct Tib {
        exceptions: usize,
        top: usize,
        bottom: usize,
    }
    // SAFETY: every thread has its block, which only the thread itself changes.
    let Tib { top, bottom, .. } = unsafe { current_teb().cast::<Tib>().read() };
    (bottom..top).contains(&address.addr())
}

/// The thread's block.
fn current_teb() -> *const std::ffi::c_void {
    let teb;
    // SAFETY: reads the pointer to itself that the block holds.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov {}, gs:[0x30]", out(reg) teb, options(pure, readonly, nostack, preserves_flags));
        #[cfg(target_arch = "x86")]
        std::arch::asm!("mov {}, fs:[0x18]", out(reg) teb, options(pure, readonly, nostack, preserves_flags));
    }
    teb
}

/// Milliseconds since the system started; resolution about 16 ms.
pub fn coarse_millis() -> u64 {
    // SAFETY: reads a counter.
    unsafe { GetTickCount64() }
}

/// The configuration file if `NEGOSSP_CONFIG` is not set: below Windows' own folder, which only
/// administrators can write to. In %ProgramData%, beside the DLL or in the current directory other
/// users may be able to create one.
pub fn default_config_file() -> Option<PathBuf> {
    let folder = std::env::var_os("SystemRoot").filter(|folder| !folder.is_empty())?;
    Some(PathBuf::from(folder).join("negossp").join("negossp.toml"))
}

/// Where Kerberos' configuration is: in the first of MIT's places with a file.
pub fn krb5_conf_files() -> Vec<PathBuf> {
    const PLACES: [(&str, &str); 2] =
        [("ProgramData", "MIT\\Kerberos5\\krb5.ini"), ("SystemRoot", "krb5.ini")];
    let mut paths = PLACES.into_iter().filter_map(|(folder, file)| {
        let folder = std::env::var_os(folder).filter(|folder| !folder.is_empty())?;
        Some(PathBuf::from(folder).join(file))
    });
    let first = paths.clone().next();
    paths.find(|path| path.exists()).or(first).into_iter().collect()
}

/// Where the system's table of host names is.
pub(super) fn hosts_file() -> Option<PathBuf> {
    let folder = std::env::var_os("SystemRoot").filter(|folder| !folder.is_empty())?;
    Some(PathBuf::from(folder).join("System32\\drivers\\etc\\hosts"))
}

/// Where MIT's library keeps the user's replay cache: folder, unless the environment names one, and
/// file.
pub fn replay_cache() -> (Option<PathBuf>, String) {
    let folder = std::env::var_os("LOCALAPPDATA").filter(|folder| !folder.is_empty());
    (folder.map(PathBuf::from), "krb5.rcache2".into())
}

/// None: files are the user's.
pub fn service_folder() -> Option<PathBuf> {
    None
}

/// Windows has no set-user-ID programs.
pub(super) fn environment_is_foreign() -> bool {
    false
}

impl FileIdentity {
    /// The identity in `metadata`.
    pub fn of(metadata: &Metadata) -> FileIdentity {
        FileIdentity {
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            length: metadata.len(),
            number: [metadata.creation_time(), 0, 0],
        }
    }
}

/// Local time at `utc`, with the offset in force now: callers revert it with
/// LocalFileTimeToFileTime.
pub(crate) fn to_local(utc: FileTime) -> FileTime {
    let from = FILETIME { dwLowDateTime: utc.0 as u32, dwHighDateTime: (utc.0 >> 32) as u32 };
    let mut to = FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 };
    // SAFETY: both point to live FILETIMEs.
    if unsafe { FileTimeToLocalFileTime(&from, &mut to) } == 0 {
        return utc;
    }
    FileTime(u64::from(to.dwHighDateTime) << 32 | u64::from(to.dwLowDateTime))
}

/// A duplicate of standard error, if the process has one.
pub fn standard_error() -> Option<File> {
    std::io::stderr().as_handle().try_clone_to_owned().ok().map(File::from)
}

/// Nothing to do: there are no signals.
pub fn take_no_signals() {}

/// Writes a line. Errors are ignored.
pub fn write_line(mut file: &File, line: &[u8]) {
    let _ = file.write_all(line);
}
