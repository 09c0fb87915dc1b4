//! What else secur32.dll exports, and what is the system's business: passed on to its own DLL,
//! argument by argument. Where there is no such DLL, or it lacks the function, the caller gets a
//! failure of the function's kind.
//!
//! On Windows and Wine only. The arguments are words: none is wider than a pointer, and what a
//! narrower one has in its upper half nobody looks at. So it is with what is returned.

use crate::entry::boundary::guard::find_forwarded;
use crate::entry::forward;
use crate::platform;
use std::ffi::CStr;
use std::mem::transmute;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

/// What a function returns that cannot be passed on.
#[derive(Clone, Copy)]
pub(crate) enum Lacking {
    /// BOOLEAN: FALSE, and GetLastError says ERROR_PROC_NOT_FOUND.
    False,
    /// NTSTATUS: STATUS_PROCEDURE_NOT_FOUND.
    NtStatus,
    /// SECURITY_STATUS: SEC_E_UNSUPPORTED_FUNCTION.
    SecurityStatus,
    /// A Win32 error: ERROR_PROC_NOT_FOUND.
    Win32,
    /// Nothing is returned.
    Nothing,
}

impl Lacking {
    pub(crate) fn value(self) -> usize {
        const ERROR_PROC_NOT_FOUND: u32 = 127;
        match self {
            Lacking::False => {
                // SAFETY: sets the thread's last error.
                unsafe { windows_sys::Win32::Foundation::SetLastError(ERROR_PROC_NOT_FOUND) };
                0
            }
            Lacking::NtStatus => 0xc000_007a,
            Lacking::SecurityStatus => {
                crate::entry::abi::SEC_E_UNSUPPORTED_FUNCTION.cast_unsigned() as usize
            }
            Lacking::Win32 => ERROR_PROC_NOT_FOUND as usize,
            Lacking::Nothing => 0,
        }
    }
}

/// The system's function, found once.
pub(crate) struct ForwardedFunction {
    name: &'static CStr,
    /// Wine exports the name, and ends the program that calls it.
    stub_in_wine: bool,
    found: AtomicPtr<()>,
}

impl ForwardedFunction {
    pub(crate) const fn new(name: &'static CStr, stub_in_wine: bool) -> ForwardedFunction {
        ForwardedFunction { name, stub_in_wine, found: AtomicPtr::new(null_mut()) }
    }

    pub(crate) fn find(&self) -> Option<NonNull<()>> {
        NonNull::new(self.found.load(Ordering::Relaxed)).or_else(|| {
            if self.stub_in_wine && platform::is_wine() {
                return None;
            }
            let found = forward::procedure(self.name)?;
            self.found.store(found.as_ptr(), Ordering::Relaxed);
            Some(found)
        })
    }
}

/// Each line is an exported function: its name, its arguments, what it returns where it cannot be
/// passed on, and whether Wine has it in name only. The tables of exports in `def/` and in
/// COMPATIBILITY.md are made from it.
macro_rules! forwarded {
    ($(fn $name:ident($($argument:ident),*) -> $lacking:ident $(, $stub:ident stub in Wine)?;)*) => {$(
        #[doc = concat!("Passed on to the system's ", stringify!($name), ".")]
        ///
        /// # Safety
        /// As that function's own.
        #[unsafe(no_mangle)]
        pub unsafe extern "system" fn $name($($argument: usize),*) -> usize {
            const NAME: &CStr = match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a name with a zero in it"),
            };
            static FUNCTION: ForwardedFunction = ForwardedFunction::new(NAME, forwarded!(stub $($stub)?));
            type Function = unsafe extern "system" fn($(forwarded!(word $argument)),*) -> usize;
            match find_forwarded(stringify!($name), || FUNCTION.find()) {
                // SAFETY: the function of that name takes these arguments; that they are good is
                // its caller's promise.
                Some(function) => unsafe { transmute::<NonNull<()>, Function>(function)($($argument),*) },
                None => Lacking::$lacking.value(),
            }
        }
    )*};
    (word $argument:ident) => { usize };
    (stub a) => { true };
    (stub) => { false };
}

forwarded! {
    fn CloseLsaPerformanceData() -> Win32;
    fn CollectLsaPerformanceData(lpValueName, lppData, lpcbTotalBytes, lpNumObjectTypes) -> Win32;
    fn OpenLsaPerformanceData(lpDeviceNames) -> Win32;
    fn CredMarshalTargetInfo(InTargetInfo, Buffer, BufferSize) -> NtStatus;
    fn CredUnmarshalTargetInfo(Buffer, BufferSize, RetTargetInfo, RetActualSize) -> NtStatus;
    fn CredParseUserNameWithType(UserName, a, b, c) -> NtStatus;
    fn GetComputerObjectNameA(NameFormat, lpNameBuffer, nSize) -> False;
    fn GetComputerObjectNameW(NameFormat, lpNameBuffer, nSize) -> False;
    fn GetUserNameExA(NameFormat, lpNameBuffer, nSize) -> False;
    fn GetUserNameExW(NameFormat, lpNameBuffer, nSize) -> False;
    fn TranslateNameA(lpAccountName, AccountNameFormat, DesiredNameFormat, lpTranslatedName, nSize) -> False;
    fn TranslateNameW(lpAccountName, AccountNameFormat, DesiredNameFormat, lpTranslatedName, nSize) -> False;
    fn GetSecurityUserInfo(LogonId, Flags, UserInformation) -> NtStatus, a stub in Wine;
    fn LsaCallAuthenticationPackage(LsaHandle, AuthenticationPackage, ProtocolSubmitBuffer, SubmitBufferLength, ProtocolReturnBuffer, ReturnBufferLength, ProtocolStatus) -> NtStatus;
    fn LsaConnectUntrusted(LsaHandle) -> NtStatus;
    fn LsaDeregisterLogonProcess(LsaHandle) -> NtStatus;
    fn LsaEnumerateLogonSessions(LogonSessionCount, LogonSessionList) -> NtStatus;
    fn LsaFreeReturnBuffer(Buffer) -> NtStatus;
    fn LsaGetLogonSessionData(LogonId, ppLogonSessionData) -> NtStatus;
    fn LsaLogonUser(LsaHandle, OriginName, LogonType, AuthenticationPackage, AuthenticationInformation, AuthenticationInformationLength, LocalGroups, SourceContext, ProfileBuffer, ProfileBufferLength, LogonId, Token, Quotas, SubStatus) -> NtStatus;
    fn LsaLookupAuthenticationPackage(LsaHandle, PackageName, AuthenticationPackage) -> NtStatus;
    fn LsaRegisterLogonProcess(LogonProcessName, LsaHandle, SecurityMode) -> NtStatus;
    fn LsaRegisterPolicyChangeNotification(InformationClass, NotificationEventHandle) -> NtStatus, a stub in Wine;
    fn LsaUnregisterPolicyChangeNotification(InformationClass, NotificationEventHandle) -> NtStatus, a stub in Wine;
    fn SaslEnumerateProfilesA(ProfileList, ProfileCount) -> SecurityStatus, a stub in Wine;
    fn SaslEnumerateProfilesW(ProfileList, ProfileCount) -> SecurityStatus, a stub in Wine;
    fn SaslGetProfilePackageA(ProfileName, PackageInfo) -> SecurityStatus, a stub in Wine;
    fn SaslGetProfilePackageW(ProfileName, PackageInfo) -> SecurityStatus, a stub in Wine;
    fn SaslIdentifyPackageA(pInput, PackageInfo) -> SecurityStatus, a stub in Wine;
    fn SaslIdentifyPackageW(pInput, PackageInfo) -> SecurityStatus, a stub in Wine;
    fn SecCacheSspiPackages() -> SecurityStatus, a stub in Wine;
    fn SeciAllocateAndSetCallFlags(Flags, a) -> NtStatus;
    fn SeciAllocateAndSetIPAddress(IpAddress, Length, a) -> NtStatus;
    fn SeciFreeCallContext() -> Nothing;
    fn SecGetLocaleSpecificEncryptionRules(a) -> False, a stub in Wine;
    fn SecpFreeMemory(Memory) -> Nothing, a stub in Wine;
    fn SecpSetIPAddress(IpAddress, Length) -> NtStatus;
    fn SecpTranslateName(a, b, c, d, e, f) -> False, a stub in Wine;
    fn SecpTranslateNameEx(a, b, c, d, e, f) -> False, a stub in Wine;
}
