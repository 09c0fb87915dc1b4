//! The exports of secur32.dll and sspicli.dll that are not SSPI's: forwarded to the operating
//! system's DLL, argument by argument. If there is no such DLL, or it lacks the function, the caller
//! gets a failure of the function's kind.
//!
//! On Windows and Wine only. The arguments and the result are words: none is wider than a pointer,
//! and the upper half of a narrower one is ignored.

use crate::entry::boundary::guard::find_forwarded;
use crate::entry::forward;
use crate::platform;
use std::ffi::CStr;
use std::mem::transmute;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

/// The result of a function that the operating system lacks.
#[derive(Clone, Copy)]
pub(crate) enum WhenMissing {
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

impl WhenMissing {
    pub(crate) fn value(self) -> usize {
        const ERROR_PROC_NOT_FOUND: u32 = 127;
        match self {
            WhenMissing::False => {
                // SAFETY: sets the thread's last error.
                unsafe { windows_sys::Win32::Foundation::SetLastError(ERROR_PROC_NOT_FOUND) };
                0
            }
            WhenMissing::NtStatus => 0xc000_007a,
            WhenMissing::SecurityStatus => {
                crate::entry::abi::SEC_E_UNSUPPORTED_FUNCTION.cast_unsigned() as usize
            }
            WhenMissing::Win32 => ERROR_PROC_NOT_FOUND as usize,
            WhenMissing::Nothing => 0,
        }
    }
}

/// A function of the operating system's DLL, found once.
pub(crate) struct ForwardedFunction {
    name: &'static CStr,
    /// Wine exports the name, but calling it ends the program.
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

/// Each line is an exported function: its name, its arguments, its kind of result, and whether Wine
/// has only a stub. The lists of exports in `def/` and in COMPATIBILITY.md are made from it.
macro_rules! forwarded {
    ($(fn $name:ident($($argument:ident),*) -> $lacking:ident $(, $stub:ident stub in Wine)?;)*) => {$(
        #[doc = concat!("Forwarded to the operating system's ", stringify!($name), ".")]
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
                // SAFETY: the function of that name takes these arguments, for which its caller is
                // responsible.
                Some(function) => unsafe { transmute::<NonNull<()>, Function>(function)($($argument),*) },
                None => WhenMissing::$lacking.value(),
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
    fn LogonUserExExW(lpszUsername, lpszDomain, lpszPassword, dwLogonType, dwLogonProvider, pTokenGroups, phToken, ppLogonSid, ppProfileBuffer, pdwProfileLength, pQuotaLimits) -> False, a stub in Wine;
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
    fn SeciIsProtectedUser(ProtectedUser) -> NtStatus, a stub in Wine;
    fn SecGetLocaleSpecificEncryptionRules(a) -> False, a stub in Wine;
    fn SecpFreeMemory(Memory) -> Nothing, a stub in Wine;
    fn SecpSetIPAddress(IpAddress, Length) -> NtStatus;
    fn SecpTranslateName(a, b, c, d, e, f) -> False, a stub in Wine;
    fn SecpTranslateNameEx(a, b, c, d, e, f) -> False, a stub in Wine;
    fn SspiGetComputerNameForSPN(Name, ComputerName) -> False, a stub in Wine;
    fn SspiUnmarshalAuthIdentityInternal(AuthIdentityLength, AuthIdentityByteArray, ppAuthIdentity, a) -> SecurityStatus, a stub in Wine;
}
