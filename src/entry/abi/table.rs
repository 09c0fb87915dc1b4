//! The function tables of InitSecurityInterface, and the types of their members.

use super::base::*;
use std::ffi::c_void;

/// Type of EnumerateSecurityPackages.
pub type ENUMERATE_SECURITY_PACKAGES_FN<Char> = Option<
    unsafe extern "system" fn(
        pcPackages: *mut ULONG,
        ppPackageInfo: *mut PSecPkgInfo<Char>,
    ) -> SECURITY_STATUS,
>;
/// Type of QueryCredentialsAttributes.
pub type QUERY_CREDENTIALS_ATTRIBUTES_FN = Option<
    unsafe extern "system" fn(
        phCredential: PCredHandle,
        ulAttribute: ULONG,
        pBuffer: *mut c_void,
    ) -> SECURITY_STATUS,
>;
/// Type of AcquireCredentialsHandle.
pub type ACQUIRE_CREDENTIALS_HANDLE_FN<Char> = Option<
    unsafe extern "system" fn(
        pszPrincipal: *mut Char,
        pszPackage: *mut Char,
        fCredentialUse: ULONG,
        pvLogonId: *mut c_void,
        pAuthData: *mut c_void,
        pGetKeyFn: SEC_GET_KEY_FN,
        pvGetKeyArgument: *mut c_void,
        phCredential: PCredHandle,
        ptsExpiry: PTimeStamp,
    ) -> SECURITY_STATUS,
>;
/// Type of FreeCredentialsHandle.
pub type FREE_CREDENTIALS_HANDLE_FN =
    Option<unsafe extern "system" fn(phCredential: PCredHandle) -> SECURITY_STATUS>;
/// Type of InitializeSecurityContext.
pub type INITIALIZE_SECURITY_CONTEXT_FN<Char> = Option<
    unsafe extern "system" fn(
        phCredential: PCredHandle,
        phContext: PCtxtHandle,
        pszTargetName: *mut Char,
        fContextReq: ULONG,
        Reserved1: ULONG,
        TargetDataRep: ULONG,
        pInput: PSecBufferDesc,
        Reserved2: ULONG,
        phNewContext: PCtxtHandle,
        pOutput: PSecBufferDesc,
        pfContextAttr: *mut ULONG,
        ptsExpiry: PTimeStamp,
    ) -> SECURITY_STATUS,
>;
/// Type of AcceptSecurityContext.
pub type ACCEPT_SECURITY_CONTEXT_FN = Option<
    unsafe extern "system" fn(
        phCredential: PCredHandle,
        phContext: PCtxtHandle,
        pInput: PSecBufferDesc,
        fContextReq: ULONG,
        TargetDataRep: ULONG,
        phNewContext: PCtxtHandle,
        pOutput: PSecBufferDesc,
        pfContextAttr: *mut ULONG,
        ptsTimeStamp: PTimeStamp,
    ) -> SECURITY_STATUS,
>;
/// Type of CompleteAuthToken.
pub type COMPLETE_AUTH_TOKEN_FN = Option<
    unsafe extern "system" fn(phContext: PCtxtHandle, pToken: PSecBufferDesc) -> SECURITY_STATUS,
>;
/// Type of DeleteSecurityContext.
pub type DELETE_SECURITY_CONTEXT_FN =
    Option<unsafe extern "system" fn(phContext: PCtxtHandle) -> SECURITY_STATUS>;
/// Type of ApplyControlToken.
pub type APPLY_CONTROL_TOKEN_FN = Option<
    unsafe extern "system" fn(phContext: PCtxtHandle, pInput: PSecBufferDesc) -> SECURITY_STATUS,
>;
/// Type of QueryContextAttributes.
pub type QUERY_CONTEXT_ATTRIBUTES_FN = Option<
    unsafe extern "system" fn(
        phContext: PCtxtHandle,
        ulAttribute: ULONG,
        pBuffer: *mut c_void,
    ) -> SECURITY_STATUS,
>;
/// Type of ImpersonateSecurityContext.
pub type IMPERSONATE_SECURITY_CONTEXT_FN =
    Option<unsafe extern "system" fn(phContext: PCtxtHandle) -> SECURITY_STATUS>;
/// Type of RevertSecurityContext.
pub type REVERT_SECURITY_CONTEXT_FN =
    Option<unsafe extern "system" fn(phContext: PCtxtHandle) -> SECURITY_STATUS>;
/// Type of MakeSignature.
pub type MAKE_SIGNATURE_FN = Option<
    unsafe extern "system" fn(
        phContext: PCtxtHandle,
        fQOP: ULONG,
        pMessage: PSecBufferDesc,
        MessageSeqNo: ULONG,
    ) -> SECURITY_STATUS,
>;
/// Type of VerifySignature.
pub type VERIFY_SIGNATURE_FN = Option<
    unsafe extern "system" fn(
        phContext: PCtxtHandle,
        pMessage: PSecBufferDesc,
        MessageSeqNo: ULONG,
        pfQOP: *mut ULONG,
    ) -> SECURITY_STATUS,
>;
/// Type of FreeContextBuffer.
pub type FREE_CONTEXT_BUFFER_FN =
    Option<unsafe extern "system" fn(pvContextBuffer: *mut c_void) -> SECURITY_STATUS>;
/// Type of QuerySecurityPackageInfo.
pub type QUERY_SECURITY_PACKAGE_INFO_FN<Char> = Option<
    unsafe extern "system" fn(
        pszPackageName: *mut Char,
        ppPackageInfo: *mut PSecPkgInfo<Char>,
    ) -> SECURITY_STATUS,
>;
/// Type of ExportSecurityContext.
pub type EXPORT_SECURITY_CONTEXT_FN = Option<
    unsafe extern "system" fn(
        phContext: PCtxtHandle,
        fFlags: ULONG,
        pPackedContext: PSecBuffer,
        pToken: *mut *mut c_void,
    ) -> SECURITY_STATUS,
>;
/// Type of ImportSecurityContext.
pub type IMPORT_SECURITY_CONTEXT_FN<Char> = Option<
    unsafe extern "system" fn(
        pszPackage: *mut Char,
        pPackedContext: PSecBuffer,
        Token: *mut c_void,
        phContext: PCtxtHandle,
    ) -> SECURITY_STATUS,
>;
/// Type of AddCredentials.
pub type ADD_CREDENTIALS_FN<Char> = Option<
    unsafe extern "system" fn(
        hCredentials: PCredHandle,
        pszPrincipal: *mut Char,
        pszPackage: *mut Char,
        fCredentialUse: ULONG,
        pAuthData: *mut c_void,
        pGetKeyFn: SEC_GET_KEY_FN,
        pvGetKeyArgument: *mut c_void,
        ptsExpiry: PTimeStamp,
    ) -> SECURITY_STATUS,
>;
/// Type of QuerySecurityContextToken.
pub type QUERY_SECURITY_CONTEXT_TOKEN_FN = Option<
    unsafe extern "system" fn(phContext: PCtxtHandle, Token: *mut HANDLE) -> SECURITY_STATUS,
>;
/// Type of EncryptMessage.
pub type ENCRYPT_MESSAGE_FN = Option<
    unsafe extern "system" fn(
        phContext: PCtxtHandle,
        fQOP: ULONG,
        pMessage: PSecBufferDesc,
        MessageSeqNo: ULONG,
    ) -> SECURITY_STATUS,
>;
/// Type of DecryptMessage.
pub type DECRYPT_MESSAGE_FN = Option<
    unsafe extern "system" fn(
        phContext: PCtxtHandle,
        pMessage: PSecBufferDesc,
        MessageSeqNo: ULONG,
        pfQOP: *mut ULONG,
    ) -> SECURITY_STATUS,
>;
/// Type of SetContextAttributes.
pub type SET_CONTEXT_ATTRIBUTES_FN = Option<
    unsafe extern "system" fn(
        phContext: PCtxtHandle,
        ulAttribute: ULONG,
        pBuffer: *mut c_void,
        cbBuffer: ULONG,
    ) -> SECURITY_STATUS,
>;
/// Type of SetCredentialsAttributes.
pub type SET_CREDENTIALS_ATTRIBUTES_FN = Option<
    unsafe extern "system" fn(
        phCredential: PCredHandle,
        ulAttribute: ULONG,
        pBuffer: *mut c_void,
        cbBuffer: ULONG,
    ) -> SECURITY_STATUS,
>;
/// Type of ChangeAccountPassword.
pub type CHANGE_PASSWORD_FN<Char> = Option<
    unsafe extern "system" fn(
        pszPackageName: *mut Char,
        pszDomainName: *mut Char,
        pszAccountName: *mut Char,
        pszOldPassword: *mut Char,
        pszNewPassword: *mut Char,
        bImpersonating: BOOLEAN,
        dwReserved: ULONG,
        pOutput: PSecBufferDesc,
    ) -> SECURITY_STATUS,
>;
/// Type of QueryContextAttributesEx.
pub type QUERY_CONTEXT_ATTRIBUTES_EX_FN = Option<
    unsafe extern "system" fn(
        phContext: PCtxtHandle,
        ulAttribute: ULONG,
        pBuffer: *mut c_void,
        cbBuffer: ULONG,
    ) -> SECURITY_STATUS,
>;
/// Type of QueryCredentialsAttributesEx.
pub type QUERY_CREDENTIALS_ATTRIBUTES_EX_FN = Option<
    unsafe extern "system" fn(
        phCredential: PCredHandle,
        ulAttribute: ULONG,
        pBuffer: *mut c_void,
        cbBuffer: ULONG,
    ) -> SECURITY_STATUS,
>;

/// Every function of the library. Static: never freed.
#[repr(C)]
pub struct SecurityFunctionTable<Char> {
    /// SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_*: which members there are.
    pub dwVersion: ULONG,
    /// EnumerateSecurityPackages.
    pub EnumerateSecurityPackages: ENUMERATE_SECURITY_PACKAGES_FN<Char>,
    /// QueryCredentialsAttributes.
    pub QueryCredentialsAttributes: QUERY_CREDENTIALS_ATTRIBUTES_FN,
    /// AcquireCredentialsHandle.
    pub AcquireCredentialsHandle: ACQUIRE_CREDENTIALS_HANDLE_FN<Char>,
    /// FreeCredentialsHandle.
    pub FreeCredentialsHandle: FREE_CREDENTIALS_HANDLE_FN,
    /// Not used.
    pub Reserved2: *mut c_void,
    /// InitializeSecurityContext.
    pub InitializeSecurityContext: INITIALIZE_SECURITY_CONTEXT_FN<Char>,
    /// AcceptSecurityContext.
    pub AcceptSecurityContext: ACCEPT_SECURITY_CONTEXT_FN,
    /// CompleteAuthToken.
    pub CompleteAuthToken: COMPLETE_AUTH_TOKEN_FN,
    /// DeleteSecurityContext.
    pub DeleteSecurityContext: DELETE_SECURITY_CONTEXT_FN,
    /// ApplyControlToken.
    pub ApplyControlToken: APPLY_CONTROL_TOKEN_FN,
    /// QueryContextAttributes.
    pub QueryContextAttributes: QUERY_CONTEXT_ATTRIBUTES_FN,
    /// ImpersonateSecurityContext.
    pub ImpersonateSecurityContext: IMPERSONATE_SECURITY_CONTEXT_FN,
    /// RevertSecurityContext.
    pub RevertSecurityContext: REVERT_SECURITY_CONTEXT_FN,
    /// MakeSignature.
    pub MakeSignature: MAKE_SIGNATURE_FN,
    /// VerifySignature.
    pub VerifySignature: VERIFY_SIGNATURE_FN,
    /// FreeContextBuffer.
    pub FreeContextBuffer: FREE_CONTEXT_BUFFER_FN,
    /// QuerySecurityPackageInfo.
    pub QuerySecurityPackageInfo: QUERY_SECURITY_PACKAGE_INFO_FN<Char>,
    /// EncryptMessage, by the number that it had before it was documented.
    pub Reserved3: *mut c_void,
    /// DecryptMessage, likewise.
    pub Reserved4: *mut c_void,
    /// ExportSecurityContext.
    pub ExportSecurityContext: EXPORT_SECURITY_CONTEXT_FN,
    /// ImportSecurityContext.
    pub ImportSecurityContext: IMPORT_SECURITY_CONTEXT_FN<Char>,
    /// AddCredentials.
    pub AddCredentials: ADD_CREDENTIALS_FN<Char>,
    /// Not used.
    pub Reserved8: *mut c_void,
    /// QuerySecurityContextToken.
    pub QuerySecurityContextToken: QUERY_SECURITY_CONTEXT_TOKEN_FN,
    /// EncryptMessage.
    pub EncryptMessage: ENCRYPT_MESSAGE_FN,
    /// DecryptMessage.
    pub DecryptMessage: DECRYPT_MESSAGE_FN,
    /// SetContextAttributes.
    pub SetContextAttributes: SET_CONTEXT_ATTRIBUTES_FN,
    /// SetCredentialsAttributes.
    pub SetCredentialsAttributes: SET_CREDENTIALS_ATTRIBUTES_FN,
    /// ChangeAccountPassword.
    pub ChangeAccountPassword: CHANGE_PASSWORD_FN<Char>,
    /// QueryContextAttributesEx.
    pub QueryContextAttributesEx: QUERY_CONTEXT_ATTRIBUTES_EX_FN,
    /// QueryCredentialsAttributesEx.
    pub QueryCredentialsAttributesEx: QUERY_CREDENTIALS_ATTRIBUTES_EX_FN,
}
/// Pointer to a table.
pub type PSecurityFunctionTable<Char> = *mut SecurityFunctionTable<Char>;

/// Type of InitSecurityInterfaceA and InitSecurityInterfaceW.
pub type INIT_SECURITY_INTERFACE<Char> =
    Option<unsafe extern "system" fn() -> PSecurityFunctionTable<Char>>;
