//! The kind of file system that a file is in (statfs(2)).

use std::fs::File;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::fd::AsRawFd;

/// The kernel's file system of processes, whose links lead to open files.
pub(super) fn is_of_processes(folder: &File) -> bool {
    const PROC: i64 = 0x9fa0;
    kind(folder) == Some(PROC)
}

/// Of the kinds that have no permissions of their own, or not always: each file has those that the
/// file system was mounted with, and chmod changes nothing.
pub(super) fn may_lack_permissions(file: &File) -> bool {
    // FAT, exFAT, NTFS; FUSE (NTFS, shared folders); 9P and DrvFs (WSL); SMB in three versions;
    // VirtualBox' and VMware's shared folders.
    const KINDS: [i64; 11] = [
        0x4d44,
        0x2011_bab0,
        0x7366_746e,
        0x6573_5546,
        0x0102_1997,
        0x5346_4846,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x786f_4256,
        0xbacb_acbc,
    ];
    kind(file).is_some_and(|kind| KINDS.contains(&kind))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn kind(_file: &File) -> Option<i64> {
    None
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn kind(file: &File) -> Option<i64> {
    // SAFETY: zeros are a valid statfs, and the descriptor is open.
    let (status, about) = unsafe {
        let mut about: libc::statfs = std::mem::zeroed();
        (libc::fstatfs(file.as_raw_fd(), &mut about), about)
    };
    // Signed and of 32 bits on some machines.
    #[allow(clippy::unnecessary_cast)]
    let kind = i64::from(about.f_type as u32);
    (status == 0).then_some(kind)
}
