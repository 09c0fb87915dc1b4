//! What differs between operating systems: host name, local time, files, access tokens.

pub mod access_token;
pub mod ansi;
#[cfg(any(windows, test))]
mod file_rights;
pub mod files;
pub mod heap;
pub mod helper_process;
pub mod hosts_file;
pub mod name_servers;
mod opened_file;
pub mod poll;
pub mod random;
pub mod shared_file;
pub mod shared_memory;
pub mod system_dll;
pub mod terminal;
#[cfg(unix)]
mod unix;
pub mod wbclient;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

#[cfg(windows)]
pub(crate) use system::access_token as access_token_calls;
#[cfg(windows)]
pub use system::is_wine;
#[cfg(unix)]
pub use system::{
    accounts, effective_user, keyring, local_socket, process_credentials, real_user,
    thread_credentials,
};
pub use system::{
    at_fork, coarse_millis, default_config_file, host_name, krb5_conf_files, on_stack,
    replay_cache, service_folder, standard_error, stay_loaded, take_no_signals, write_line,
};

use crate::types::time::FileTime;
use std::ffi::OsString;
use std::time::{Duration, SystemTime};

/// The clock's reading, in UTC.
pub fn now() -> FileTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    FileTime::UNIX_EPOCH.plus(since)
}

/// The value of an environment variable; `None` if the process has more rights than the user who
/// set its environment (set-user-ID programs).
pub fn environment(name: &str) -> Option<OsString> {
    if system::environment_is_foreign() { None } else { std::env::var_os(name) }
}

/// This instant in local time, as `SecPkgContext_Lifespan` and `ptsExpiry` want it. "Never" stays
/// unchanged.
pub fn local_time(utc: FileTime) -> FileTime {
    if utc >= FileTime::NEVER { FileTime::NEVER } else { system::to_local(utc) }
}

/// Identifies one version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity {
    /// When its content was last modified.
    pub modified: SystemTime,
    /// In bytes.
    pub length: u64,
    /// Device, file number and time of the last change to the file's attributes, where the system
    /// has them.
    pub number: [u64; 3],
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-07-01 12:00 UTC and 2024-01-01 12:00 UTC, by `date -u -d ... +%s`.
    #[cfg(unix)]
    const SUMMER: i64 = 1_719_835_200;
    #[cfg(unix)]
    const WINTER: i64 = 1_704_110_400;

    #[cfg(unix)]
    fn at(unix: i64) -> FileTime {
        FileTime::from_unix_seconds(unix)
    }

    #[test]
    fn never_is_never_in_local_time() {
        assert_eq!(local_time(FileTime::NEVER), FileTime::NEVER);
    }

    /// Each zone in its own process, since the C library reads TZ once.
    #[test]
    #[cfg(unix)]
    fn local_time_follows_the_zone_and_its_summer_time() {
        const ZONES: [(&str, i64, i64); 4] = [
            ("UTC0", 0, 0),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 2, 1),
            ("EST5EDT,M3.2.0,M11.1.0", -4, -5),
            ("XXX-14", 14, 14),
        ];
        if let Ok(zone) = std::env::var("NEGOSSP_TEST_ZONE") {
            let (_, summer, winter) = ZONES.into_iter().find(|(name, ..)| *name == zone).unwrap();
            assert_eq!(local_time(at(SUMMER)), at(SUMMER + summer * 3600));
            assert_eq!(local_time(at(WINTER)), at(WINTER + winter * 3600));
            return;
        }
        for (zone, ..) in ZONES {
            let mut again = std::process::Command::new(std::env::current_exe().unwrap());
            again.args([
                "--exact",
                "platform::tests::local_time_follows_the_zone_and_its_summer_time",
            ]);
            let output = again.env("NEGOSSP_TEST_ZONE", zone).env("TZ", zone).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("1 passed"), "{zone}: {text}");
        }
    }
}
