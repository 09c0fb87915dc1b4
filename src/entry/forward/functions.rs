//! The functions of secur32.dll.

use super::inside::is_inside;
use crate::entry::abi::*;
use crate::entry::boundary::text::Text;
#[cfg(windows)]
use crate::platform;
use crate::platform::system_dll::SystemDll;
#[cfg(windows)]
use std::ffi::CStr;
use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::OnceLock;

/// The SSPI of the operating system: the functions that it has, by their names.
pub(crate) struct System {
    pub(crate) unicode: SecurityFunctionTable<SEC_WCHAR>,
    pub(crate) ansi: SecurityFunctionTable<SEC_CHAR>,
    /// InitSecurityInterface of the DLL.
    pub(crate) init_unicode: INIT_SECURITY_INTERFACE<SEC_WCHAR>,
    pub(crate) init_ansi: INIT_SECURITY_INTERFACE<SEC_CHAR>,
    pub(crate) dll: Option<SystemDll>,
}

// SAFETY: the tables hold function pointers only, and are never changed.
unsafe impl Send for System {}
// SAFETY: as for `Send`.
unsafe impl Sync for System {}

/// Loaded on first use: few programs use other packages, and loading a DLL takes time.
static SYSTEM: OnceLock<Option<System>> = OnceLock::new();

impl System {
    /// The functions; `None` if there is no other SSPI.
    pub(crate) fn get() -> Option<&'static System> {
        SYSTEM.get_or_init(System::load).as_ref()
    }

    /// The same, but `None` if they were not used yet.
    pub(crate) fn loaded() -> Option<&'static System> {
        SYSTEM.get()?.as_ref()
    }

    #[cfg(not(test))]
    fn load() -> Option<System> {
        let dll = SystemDll::load();
        match dll {
            Some(_) => tracing::debug!("the system's secur32.dll is loaded"),
            None => {
                tracing::debug!("the system has no secur32.dll, or it is this library")
            }
        }
        dll.map(|dll| System {
            unicode: table(dll),
            ansi: table(dll),
            // SAFETY: the function has this type.
            init_unicode: unsafe { function(dll, "InitSecurityInterface", SEC_WCHAR::LETTER) },
            // SAFETY: the function has this type.
            init_ansi: unsafe { function(dll, "InitSecurityInterface", SEC_CHAR::LETTER) },
            dll: Some(dll),
        })
    }

    #[cfg(test)]
    fn load() -> Option<System> {
        Some(super::tests::system())
    }
}

/// The characters of the A and of the W functions.
pub(crate) trait Form: Text + 'static {
    /// The last letter of the names of functions with text in this form.
    const LETTER: &str;

    /// The functions with text in this form.
    fn functions(system: &System) -> &SecurityFunctionTable<Self>;

    /// InitSecurityInterface for these functions.
    fn init(system: &System) -> INIT_SECURITY_INTERFACE<Self>;
}

impl Form for SEC_WCHAR {
    const LETTER: &str = "W";

    fn functions(system: &System) -> &SecurityFunctionTable<SEC_WCHAR> {
        &system.unicode
    }

    fn init(system: &System) -> INIT_SECURITY_INTERFACE<SEC_WCHAR> {
        system.init_unicode
    }
}

impl Form for SEC_CHAR {
    const LETTER: &str = "A";

    fn functions(system: &System) -> &SecurityFunctionTable<SEC_CHAR> {
        &system.ansi
    }

    fn init(system: &System) -> INIT_SECURITY_INTERFACE<SEC_CHAR> {
        system.init_ansi
    }
}

/// The table of secur32.dll, if secur32.dll itself asks for one (see `inside`).
pub(crate) fn own_table<Char: Form>() -> Option<PSecurityFunctionTable<Char>> {
    if !is_inside() {
        return None;
    }
    let init = Char::init(System::loaded()?)?;
    // SAFETY: the function takes nothing and may be called at any time.
    Some(unsafe { init() }).filter(|table| !table.is_null())
}

/// The function `name` of secur32.dll, of SSPI or not, or else of Windows' sspicli.dll.
#[cfg(windows)]
pub(crate) fn procedure(name: &CStr) -> Option<NonNull<()>> {
    static SSPICLI: OnceLock<Option<SystemDll>> = OnceLock::new();
    let function = System::get().and_then(|system| system.dll?.function(name));
    let sspicli = || if platform::is_wine() { None } else { SystemDll::load_sspicli() };
    function.or_else(|| (*SSPICLI.get_or_init(sspicli))?.function(name))
}

/// The function `name` of secur32.dll in one form.
///
/// # Safety
/// `F` is the type of that function.
pub(crate) unsafe fn named<Char: Form, F: Copy>(name: &str) -> Option<F> {
    // SAFETY: this function's caller ensures the type.
    unsafe { function(System::get()?.dll?, name, Char::LETTER) }
}

/// # Safety
/// `F` is the type of function pointers of that name.
unsafe fn function<F: Copy>(dll: SystemDll, name: &str, letter: &str) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<NonNull<()>>()) };
    let address = dll.function(&CString::new(format!("{name}{letter}")).ok()?)?;
    // SAFETY: a function pointer is an address that is not NULL; this function's caller ensures the
    // type.
    Some(unsafe { std::mem::transmute_copy(&address) })
}

/// The table of the functions with text in one form.
#[cfg(not(test))]
fn table<Char: Form>(dll: SystemDll) -> SecurityFunctionTable<Char> {
    macro_rules! table {
        ($($both:ident)* ; $($plain:ident)*) => {
            SecurityFunctionTable {
                dwVersion: SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5,
                Reserved2: std::ptr::null_mut(),
                Reserved3: std::ptr::null_mut(),
                Reserved4: std::ptr::null_mut(),
                Reserved8: std::ptr::null_mut(),
                // SAFETY: the members' types are those of the functions of their names.
                $($both: unsafe { function(dll, stringify!($both), Char::LETTER) },)*
                // SAFETY: the members' types are those of the functions of their names.
                $($plain: unsafe { function(dll, stringify!($plain), "") },)*
            }
        };
    }
    table! {
        EnumerateSecurityPackages QueryCredentialsAttributes AcquireCredentialsHandle InitializeSecurityContext
        QueryContextAttributes QuerySecurityPackageInfo ImportSecurityContext AddCredentials SetContextAttributes
        SetCredentialsAttributes ChangeAccountPassword QueryContextAttributesEx QueryCredentialsAttributesEx ;
        FreeCredentialsHandle AcceptSecurityContext CompleteAuthToken DeleteSecurityContext ApplyControlToken
        ImpersonateSecurityContext RevertSecurityContext MakeSignature VerifySignature FreeContextBuffer
        ExportSecurityContext QuerySecurityContextToken EncryptMessage DecryptMessage
    }
}
