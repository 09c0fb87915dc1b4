//! InitSecurityInterface and its tables. `tests/suites/c/layout.c` compares the layout of
//! `SecurityFunctionTable` with `<sspi.h>`.

use super::{attributes::*, context::*, credentials::*, packages::*, password::*};
use crate::entry::abi::*;
use crate::entry::boundary::guard::first_call;
use crate::entry::forward;
use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr::null_mut;

/// A table in writable memory, as on Windows: some programs replace its functions by wrappers.
struct Table<Char>(UnsafeCell<SecurityFunctionTable<Char>>);

// SAFETY: the library itself does not read or write the table.
unsafe impl<Char> Sync for Table<Char> {}

/// All functions. Those with two forms are given by the arguments.
macro_rules! table {
    ($char:ty: $($member:ident = $function:expr,)*) => {
        Table::<$char>(UnsafeCell::new(SecurityFunctionTable {
            // Windows has this number too, whatever members the table has.
            dwVersion: SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
            Reserved2: null_mut(),
            // What EncryptMessage and DecryptMessage were called before they were documented.
            Reserved3: EncryptMessage as *mut c_void,
            Reserved4: DecryptMessage as *mut c_void,
            Reserved8: null_mut(),
            FreeCredentialsHandle: Some(FreeCredentialsHandle),
            AcceptSecurityContext: Some(AcceptSecurityContext),
            CompleteAuthToken: Some(CompleteAuthToken),
            DeleteSecurityContext: Some(DeleteSecurityContext),
            ApplyControlToken: Some(ApplyControlToken),
            ImpersonateSecurityContext: Some(ImpersonateSecurityContext),
            RevertSecurityContext: Some(RevertSecurityContext),
            MakeSignature: Some(MakeSignature),
            VerifySignature: Some(VerifySignature),
            FreeContextBuffer: Some(FreeContextBuffer),
            ExportSecurityContext: Some(ExportSecurityContext),
            QuerySecurityContextToken: Some(QuerySecurityContextToken),
            EncryptMessage: Some(EncryptMessage),
            DecryptMessage: Some(DecryptMessage),
            $($member: Some($function),)*
        }))
    };
}

static UNICODE: Table<SEC_WCHAR> = table! { SEC_WCHAR:
    EnumerateSecurityPackages = EnumerateSecurityPackagesW,
    QueryCredentialsAttributes = QueryCredentialsAttributesW,
    AcquireCredentialsHandle = AcquireCredentialsHandleW,
    InitializeSecurityContext = InitializeSecurityContextW,
    QueryContextAttributes = QueryContextAttributesW,
    QuerySecurityPackageInfo = QuerySecurityPackageInfoW,
    ImportSecurityContext = ImportSecurityContextW,
    AddCredentials = AddCredentialsW,
    SetContextAttributes = SetContextAttributesW,
    SetCredentialsAttributes = SetCredentialsAttributesW,
    ChangeAccountPassword = ChangeAccountPasswordW,
    QueryContextAttributesEx = QueryContextAttributesExW,
    QueryCredentialsAttributesEx = QueryCredentialsAttributesExW,
};

static ANSI: Table<SEC_CHAR> = table! { SEC_CHAR:
    EnumerateSecurityPackages = EnumerateSecurityPackagesA,
    QueryCredentialsAttributes = QueryCredentialsAttributesA,
    AcquireCredentialsHandle = AcquireCredentialsHandleA,
    InitializeSecurityContext = InitializeSecurityContextA,
    QueryContextAttributes = QueryContextAttributesA,
    QuerySecurityPackageInfo = QuerySecurityPackageInfoA,
    ImportSecurityContext = ImportSecurityContextA,
    AddCredentials = AddCredentialsA,
    SetContextAttributes = SetContextAttributesA,
    SetCredentialsAttributes = SetCredentialsAttributesA,
    ChangeAccountPassword = ChangeAccountPasswordA,
    QueryContextAttributesEx = QueryContextAttributesExA,
    QueryCredentialsAttributesEx = QueryCredentialsAttributesExA,
};

/// The table of all functions, for programs that load the library at run time. Never NULL; static,
/// so never freed.
#[unsafe(no_mangle)]
pub extern "system" fn InitSecurityInterfaceW() -> PSecurityFunctionTable<SEC_WCHAR> {
    first_call();
    forward::own_table().unwrap_or_else(|| UNICODE.0.get())
}

/// The table of all functions, those with text in their ANSI form. Never NULL; static, so never
/// freed.
#[unsafe(no_mangle)]
pub extern "system" fn InitSecurityInterfaceA() -> PSecurityFunctionTable<SEC_CHAR> {
    first_call();
    forward::own_table().unwrap_or_else(|| ANSI.0.get())
}
