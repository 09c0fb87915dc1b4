//! The system's own `secur32.dll`, which this library may replace under the same name, and
//! `sspicli.dll`.

use std::ffi::CStr;
use std::ptr::NonNull;

/// The system's DLL, loaded and never unloaded.
#[derive(Clone, Copy)]
pub struct SystemDll(#[cfg(windows)] NonNull<std::ffi::c_void>);

// SAFETY: a module's handle is a number that every thread may use; the module is never unloaded.
unsafe impl Send for SystemDll {}
// SAFETY: likewise.
unsafe impl Sync for SystemDll {}

impl SystemDll {
    /// Loads the DLL; `None` if there is none, or if it is this library itself.
    #[cfg(not(windows))]
    pub fn load() -> Option<SystemDll> {
        None
    }

    /// The function of that name.
    #[cfg(not(windows))]
    pub fn function(self, _name: &CStr) -> Option<NonNull<()>> {
        None
    }

    /// Loads the DLL; `None` if there is none, or if it is this library itself.
    ///
    /// By its full path, so that no search finds this library or another one under that name; its
    /// dependencies are searched beside it. If this library is installed in the system's folder, for
    /// programs that search only there, the system's own DLL is expected in the folder `negossp`
    /// there, where the installation has moved it.
    #[cfg(windows)]
    pub fn load() -> Option<SystemDll> {
        const PLACES: [&[u16]; 2] =
            [&wide(*b"\\secur32.dll\0"), &wide(*b"\\negossp\\secur32.dll\0")];
        PLACES.into_iter().find_map(load)
    }

    /// Loads sspicli.dll, where Windows has some functions that secur32.dll lacks. Not for Wine,
    /// where it forwards to secur32.dll again, and so to this library.
    #[cfg(windows)]
    pub fn load_sspicli() -> Option<SystemDll> {
        load(&wide(*b"\\sspicli.dll\0"))
    }

    /// The function of that name.
    #[cfg(windows)]
    pub fn function(self, name: &CStr) -> Option<NonNull<()>> {
        use windows_sys::Win32::System::LibraryLoader::GetProcAddress;
        // SAFETY: the module stays loaded, and the name ends with a zero.
        let function = unsafe { GetProcAddress(self.0.as_ptr(), name.as_ptr().cast()) };
        NonNull::new(function.map_or(std::ptr::null_mut(), |function| function as *mut ()))
    }
}

/// Loads the DLL of this path below the system's folder, unless it is this library.
#[cfg(windows)]
fn load(place: &[u16]) -> Option<SystemDll> {
    use windows_sys::Win32::System::LibraryLoader::*;
    use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;
    const KERNEL: &[u16] = &wide(*b"kernel32.dll\0");
    let mut path = [0u16; 512];
    // SAFETY: the buffer has the length that is passed.
    let length = unsafe { GetSystemDirectoryW(path.as_mut_ptr(), path.len() as u32) } as usize;
    path.get_mut(length..length + place.len()).filter(|_| length > 0)?.copy_from_slice(place);
    // SAFETY: the path ends with a zero.
    let module = unsafe {
        LoadLibraryExW(path.as_ptr(), std::ptr::null_mut(), LOAD_WITH_ALTERED_SEARCH_PATH)
    };
    let mut own = std::ptr::null_mut();
    let flags =
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    // SAFETY: an address within this library stands for its name. And Wine's loader remembers the
    // module that it found last: had it nothing else to look for meanwhile, the program's next
    // LoadLibrary("secur32.dll") would give it the system's instead of this library.
    unsafe {
        GetModuleHandleExW(flags, load as *const u16, &mut own);
        GetModuleHandleW(KERNEL.as_ptr());
    }
    NonNull::new(module).filter(|_| module != own).map(SystemDll)
}

/// ASCII in UTF-16.
#[cfg(windows)]
const fn wide<const N: usize>(ascii: [u8; N]) -> [u16; N] {
    let mut wide = [0; N];
    let mut n = 0;
    while n < N {
        wide[n] = ascii[n] as u16;
        n += 1;
    }
    wide
}
