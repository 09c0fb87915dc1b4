//! Windows and Wine.

use super::FileIdentity;
use std::fs::Metadata;
use std::os::windows::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;
use windows_sys::Win32::System::SystemInformation::{ComputerNameDnsFullyQualified, GetComputerNameExW, GetTickCount64};

/// The host's name, with its domain if it is in one.
pub fn host_name() -> String {
    let mut name = [0u16; 1024];
    let mut length = name.len() as u32;
    // SAFETY: `length` is the buffer's length in characters, which the call does not exceed.
    let ok = unsafe { GetComputerNameExW(ComputerNameDnsFullyQualified, name.as_mut_ptr(), &mut length) };
    let length = if ok == 0 { 0 } else { length as usize };
    String::from_utf16_lossy(name.get(..length).unwrap_or_default())
}

/// Milliseconds since the system started; some 16 ms coarse.
pub fn coarse_millis() -> u64 {
    // SAFETY: reads a counter.
    unsafe { GetTickCount64() }
}

/// The configuration file where `NEGOSSP_CONFIG` names none: in a folder that administrators write. A file
/// beside the DLL or in the current directory is not looked for, since others may be able to put one there.
pub fn default_config_file() -> Option<PathBuf> {
    let folder = std::env::var_os("ProgramData").filter(|folder| !folder.is_empty())?;
    Some(PathBuf::from(folder).join("negossp").join("negossp.toml"))
}

/// Windows has no programs that run with other rights than their starter's by a mark on the file.
pub(super) fn environment_is_foreign() -> bool {
    false
}

impl FileIdentity {
    /// The identity that `metadata` shows.
    pub fn of(metadata: &Metadata) -> FileIdentity {
        FileIdentity {
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            length: metadata.len(),
            exposed: false,
            number: [metadata.creation_time(), 0, 0],
        }
    }
}
