//! The system's functions.

use super::inside::is_inside;
use crate::entry::abi::*;
use crate::entry::boundary::text::Text;
use crate::platform::system_dll::SystemDll;
#[cfg(windows)]
use std::ffi::CStr;
use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::OnceLock;

/// The system's SSPI: its functions by their names, whichever of them it has.
pub(crate) struct System {
    pub(crate) unicode: SecurityFunctionTable<SEC_WCHAR>,
    pub(crate) ansi: SecurityFunctionTable<SEC_CHAR>,
    /// What asks the system's DLL for its own tables.
    pub(crate) init_unicode: INIT_SECURITY_INTERFACE<SEC_WCHAR>,
    pub(crate) init_ansi: INIT_SECURITY_INTERFACE<SEC_CHAR>,
    pub(crate) dll: Option<SystemDll>,
}

// SAFETY: the tables' pointers lead to functions, or nowhere; nothing in them is changed.
unsafe impl Send for System {}
// SAFETY: likewise.
unsafe impl Sync for System {}

/// Made when first needed: few programs use a package that is not ours, and loading a DLL takes its
/// time.
static SYSTEM: OnceLock<Option<System>> = OnceLock::new();

impl System {
    /// The system's functions; nothing where there is no other SSPI than ours.
    pub(crate) fn get() -> Option<&'static System> {
        SYSTEM.get_or_init(System::load).as_ref()
    }

    /// The same, unless nobody has asked for them yet.
    pub(crate) fn loaded() -> Option<&'static System> {
        SYSTEM.get()?.as_ref()
    }

    #[cfg(not(test))]
    fn load() -> Option<System> {
        let dll = SystemDll::load();
        match dll {
            Some(_) => tracing::debug!("the system's secur32.dll is loaded"),
            None => {
                tracing::debug!("there is no secur32.dll of the system's, or it is this library")
            }
        }
        dll.map(|dll| System {
            unicode: table(dll),
            ansi: table(dll),
            // SAFETY: that is the type of these functions.
            init_unicode: unsafe { function(dll, "InitSecurityInterface", SEC_WCHAR::LETTER) },
            // SAFETY: likewise.
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
pub(crate) trait Form: Text {
    /// What ends the names of functions with text in this form.
    const LETTER: &str;

    /// The functions with text in this form.
    fn functions(system: &System) -> &SecurityFunctionTable<Self>;

    /// What gives the system's own table of them.
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

/// The system's own table, if the system is who asks for one.
pub(crate) fn own_table<Char: Form>() -> Option<PSecurityFunctionTable<Char>> {
    if !is_inside() {
        return None;
    }
    let init = Char::init(System::loaded()?)?;
    // SAFETY: the function takes nothing and may be called at any time.
    Some(unsafe { init() }).filter(|table| !table.is_null())
}

/// The system's function of that name, which need not be one of SSPI's.
#[cfg(windows)]
pub(crate) fn procedure(name: &CStr) -> Option<NonNull<()>> {
    System::get()?.dll?.function(name)
}

/// The system's function of that name in one form.
///
/// # Safety
/// `F` is the type of that function.
pub(crate) unsafe fn named<Char: Form, F: Copy>(name: &str) -> Option<F> {
    // SAFETY: the caller's promise is this function's own.
    unsafe { function(System::get()?.dll?, name, Char::LETTER) }
}

/// # Safety
/// `F` is the type of function pointers of that name.
unsafe fn function<F: Copy>(dll: SystemDll, name: &str, letter: &str) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<NonNull<()>>()) };
    let address = dll.function(&CString::new(format!("{name}{letter}")).ok()?)?;
    // SAFETY: a function pointer is an address that is not NULL; by the caller's promise one of
    // this type.
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
                // SAFETY: likewise.
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
