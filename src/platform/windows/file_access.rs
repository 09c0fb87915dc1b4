//! Access control lists of files with secrets.

use super::access_token;
use crate::platform::file_rights::{Allowed, is_open_to_others};
use crate::types::sid::Sid;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle};
use std::path::Path;
use std::ptr::null_mut;
use windows_sys::Win32::Foundation::{
    GENERIC_READ, GENERIC_WRITE, INVALID_HANDLE_VALUE, LocalFree,
};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1,
    SE_FILE_OBJECT, SetSecurityInfo,
};
use windows_sys::Win32::Security::{
    ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce, GetSecurityDescriptorControl,
    INHERIT_ONLY_ACE, OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION, PSID,
    SE_DACL_PROTECTED, SECURITY_ATTRIBUTES, UNPROTECTED_DACL_SECURITY_INFORMATION,
};
use windows_sys::Win32::Storage::FileSystem::{
    CREATE_NEW, CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ, READ_CONTROL, WRITE_DAC,
};

/// Types of entries that allow: ACCESS_ALLOWED_ACE_TYPE, ACCESS_ALLOWED_CALLBACK_ACE_TYPE. Both have
/// the mask behind the header, and the SID behind that.
const ALLOWING: [u8; 2] = [0, 9];

/// A file's security descriptor, as the system has allocated it.
struct Descriptor {
    descriptor: *mut core::ffi::c_void,
    owner: PSID,
    dacl: *mut ACL,
}

impl Descriptor {
    fn of(file: &File) -> io::Result<Descriptor> {
        let (mut owner, mut dacl, mut descriptor) = (null_mut(), null_mut(), null_mut());
        // SAFETY: an open handle, and places for the results; the group and the SACL are not
        // wanted.
        let error = unsafe {
            GetSecurityInfo(
                file.as_raw_handle(),
                SE_FILE_OBJECT,
                OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                &mut owner,
                null_mut(),
                &mut dacl,
                null_mut(),
                &mut descriptor,
            )
        };
        match error {
            0 => Ok(Descriptor { descriptor, owner, dacl }),
            error => Err(io::Error::from_raw_os_error(error as i32)),
        }
    }

    fn owner(&self) -> Option<Sid> {
        // SAFETY: a SID in the descriptor, or null.
        unsafe { (!self.owner.is_null()).then(|| sid_at(self.owner.cast())).flatten() }
    }

    /// The entries that allow something; `None` where there is no list, which allows everything.
    fn allowed(&self) -> Option<Vec<Allowed>> {
        // SAFETY: null, or a list in the descriptor.
        let count = unsafe { self.dacl.as_ref() }?.AceCount;
        let entry = |index| {
            let mut ace = null_mut();
            // SAFETY: the list lives as long as `self`; entries of these types have a mask and a SID
            // behind their header.
            unsafe {
                if GetAce(self.dacl, index, &mut ace) == 0 {
                    return None;
                }
                let header = ace.cast::<ACE_HEADER>().read();
                if !ALLOWING.contains(&header.AceType) {
                    return None;
                }
                let mask = ace.cast::<u32>().add(1).read();
                let sid = sid_at(ace.cast::<u8>().add(8))?;
                let inherit_only = u32::from(header.AceFlags) & INHERIT_ONLY_ACE != 0;
                Some(Allowed { inherit_only, mask, sid })
            }
        };
        Some((0..u32::from(count)).filter_map(entry).collect())
    }

    /// Rights are not inherited from the folder.
    fn is_protected(&self) -> bool {
        let (mut control, mut revision) = (0, 0);
        // SAFETY: the descriptor lives as long as `self`.
        let ok =
            unsafe { GetSecurityDescriptorControl(self.descriptor, &mut control, &mut revision) };
        ok != 0 && control & SE_DACL_PROTECTED != 0
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the system has allocated it for this.
        unsafe { LocalFree(self.descriptor) };
    }
}

/// The SID at this address.
///
/// # Safety
/// There is one.
unsafe fn sid_at(start: *const u8) -> Option<Sid> {
    // SAFETY: by the contract; its second byte is the number of its sub-authorities.
    let bytes = unsafe {
        let count = usize::from(start.add(1).read());
        std::slice::from_raw_parts(start, 8 + 4 * count)
    };
    Sid::split_from(bytes).ok().map(|(sid, _)| sid)
}

/// Others than its owner, SYSTEM and administrators may read or write the file. False where the file
/// system has no access rights to look at.
pub fn is_exposed(file: &File) -> bool {
    let Ok(descriptor) = Descriptor::of(file) else { return false };
    let Some(allowed) = descriptor.allowed() else { return true };
    let own: Vec<Sid> =
        descriptor.owner().into_iter().chain(access_token::process_user().ok()).collect();
    is_open_to_others(&allowed, &own)
}

/// What is wrong with the file's owner, who can change it: neither the process' user nor the system
/// nor administrators. `None` where the file system has no owners.
pub(super) fn owner_doubt(file: &File) -> Option<String> {
    // SYSTEM, Administrators, TrustedInstaller.
    const TRUSTED: [&str; 3] = [
        "S-1-5-18",
        "S-1-5-32-544",
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
    ];
    let owner = Descriptor::of(file).ok()?.owner()?;
    let name = owner.to_string();
    let trusted =
        TRUSTED.contains(&&*name) || access_token::process_user().is_ok_and(|user| user == owner);
    (!trusted).then(|| format!("it belongs to {name} (icacls /setowner)"))
}

/// Creates a file that SYSTEM, administrators and the process' user alone may use, for writing.
/// Fails if there is one.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let user = access_token::process_user()
        .map_err(|error| io::Error::from_raw_os_error(error.0 as i32))?;
    let rights = format!("D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;{user})");
    let rights: Vec<u16> = rights.encode_utf16().chain([0]).collect();
    let path: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let mut descriptor = null_mut();
    // SAFETY: strings that end with zeros; what the system has allocated is freed after its use.
    unsafe {
        if ConvertStringSecurityDescriptorToSecurityDescriptorW(
            rights.as_ptr(),
            SDDL_REVISION_1,
            &mut descriptor,
            null_mut(),
        ) == 0
        {
            return Err(io::Error::last_os_error());
        }
        let attributes = SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: descriptor,
            bInheritHandle: 0,
        };
        let handle = CreateFileW(
            path.as_ptr(),
            GENERIC_READ | GENERIC_WRITE | WRITE_DAC,
            FILE_SHARE_READ,
            &attributes,
            CREATE_NEW,
            FILE_ATTRIBUTE_NORMAL,
            null_mut(),
        );
        let error = io::Error::last_os_error();
        LocalFree(descriptor);
        if handle == INVALID_HANDLE_VALUE {
            return Err(error);
        }
        Ok(File::from_raw_handle(handle))
    }
}

/// Gives a new file of [`create_private`] the access rights of the one that it will replace.
pub(super) fn take_after(new: &File, old: &Path) -> io::Result<()> {
    let old = OpenOptions::new().access_mode(READ_CONTROL).open(old)?;
    // Without access rights there is nothing to take over.
    let Ok(descriptor) = Descriptor::of(&old) else { return Ok(()) };
    let inheritance = match descriptor.is_protected() {
        true => PROTECTED_DACL_SECURITY_INFORMATION,
        false => UNPROTECTED_DACL_SECURITY_INFORMATION,
    };
    // SAFETY: an open handle, and a list that lives as long as the descriptor; owner, group and SACL
    // stay.
    let error = unsafe {
        SetSecurityInfo(
            new.as_raw_handle(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION | inheritance,
            null_mut(),
            null_mut(),
            descriptor.dacl,
            null_mut(),
        )
    };
    match error {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error as i32)),
    }
}
