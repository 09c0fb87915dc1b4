//! The structures of QueryContextAttributes and QueryCredentialsAttributes. The caller frees every
//! pointer in them with FreeContextBuffer, one call per pointer.

use super::base::*;
use std::ffi::{c_char, c_void};

/// SECPKG_ATTR_SIZES: lengths in bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_Sizes {
    /// Longest token of the authentication.
    pub cbMaxToken: ULONG,
    /// Longest signature that MakeSignature makes.
    pub cbMaxSignature: ULONG,
    /// Messages to be encrypted are padded to a multiple of this; 1 for none.
    pub cbBlockSize: ULONG,
    /// Longest SECBUFFER_TOKEN that EncryptMessage makes.
    pub cbSecurityTrailer: ULONG,
}

/// SECPKG_ATTR_STREAM_SIZES, of stream packages such as TLS.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_StreamSizes {
    /// Bytes before each message.
    pub cbHeader: ULONG,
    /// Bytes after each message.
    pub cbTrailer: ULONG,
    /// Longest message.
    pub cbMaximumMessage: ULONG,
    /// Buffers to pass.
    pub cBuffers: ULONG,
    /// Block size.
    pub cbBlockSize: ULONG,
}

/// SECPKG_ATTR_NAMES.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_Names<Char> {
    /// The client, `DOMAIN\user`.
    pub sUserName: *mut Char,
}

/// SECPKG_ATTR_LIFESPAN, in local time.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_Lifespan {
    /// The time when it became valid.
    pub tsStart: TimeStamp,
    /// The time when it ends.
    pub tsExpiry: TimeStamp,
}

/// SECPKG_ATTR_DCE_INFO.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_DceInfo {
    /// Authorization service: SECPKG_DCE_AUTHZ_NAME, 1: `pPac` is a name.
    pub AuthzSvc: ULONG,
    /// The client's name, always UTF-16.
    pub pPac: *mut c_void,
}

/// SECPKG_ATTR_KEY_INFO.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_KeyInfo<Char> {
    /// Name of the signature algorithm.
    pub sSignatureAlgorithmName: *mut Char,
    /// Name of the encryption algorithm.
    pub sEncryptAlgorithmName: *mut Char,
    /// Bits of the session key.
    pub KeySize: ULONG,
    /// Number of the signature algorithm.
    pub SignatureAlgorithm: ULONG,
    /// Number of the encryption algorithm.
    pub EncryptAlgorithm: ULONG,
}

/// SECPKG_ATTR_AUTHORITY.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_Authority<Char> {
    /// The authority that authenticated the client.
    pub sAuthorityName: *mut Char,
}

/// SECPKG_ATTR_PROTO_INFO, of stream packages.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_ProtoInfo<Char> {
    /// Name of the protocol.
    pub sProtocolName: *mut Char,
    /// Version.
    pub majorVersion: ULONG,
    /// Version.
    pub minorVersion: ULONG,
}

/// SECPKG_ATTR_PASSWORD_EXPIRY.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_PasswordExpiry {
    /// The time when the client's password expires.
    pub tsPasswordExpires: TimeStamp,
}

/// SECPKG_ATTR_SESSION_KEY.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_SessionKey {
    /// Bytes of the key.
    pub SessionKeyLength: ULONG,
    /// The key; erased when freed.
    pub SessionKey: *mut u8,
}

/// SECPKG_ATTR_PACKAGE_INFO.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_PackageInfo<Char> {
    /// The package in use, in one allocation with its strings.
    pub PackageInfo: *mut SecPkgInfo<Char>,
}

/// SECPKG_ATTR_USER_FLAGS.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_UserFlags {
    /// Flags of the logon.
    pub UserFlags: ULONG,
}

/// SECPKG_ATTR_FLAGS.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_Flags {
    /// `ASC_RET_*` of an acceptor's context, `ISC_RET_*` of an initiator's.
    pub Flags: ULONG,
}

/// SECPKG_ATTR_NEGOTIATION_INFO.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_NegotiationInfo<Char> {
    /// The mechanism that Negotiate chose, in one allocation with its strings.
    pub PackageInfo: *mut SecPkgInfo<Char>,
    /// `SECPKG_NEGOTIATION_*`.
    pub NegotiationState: ULONG,
}

/// SECPKG_ATTR_NATIVE_NAMES.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_NativeNames<Char> {
    /// The client's name in the mechanism's form.
    pub sClientName: *mut Char,
    /// The server's name in the mechanism's form.
    pub sServerName: *mut Char,
}

/// SECPKG_ATTR_CREDENTIAL_NAME.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_CredentialName<Char> {
    /// Kind of credential.
    pub CredentialType: ULONG,
    /// Its name.
    pub sCredentialName: *mut Char,
}

/// SECPKG_ATTR_ACCESS_TOKEN.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_AccessToken {
    /// The client's token, which the context owns.
    pub AccessToken: *mut c_void,
}

/// SECPKG_ATTR_LOGOFF_TIME.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_LogoffTime {
    /// The time when the client should be logged off, in local time.
    pub tsLogoffTime: TimeStamp,
}

/// SECPKG_ATTR_NEGO_STATUS.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_NegoStatus {
    /// The status of the last call of AcceptSecurityContext or InitializeSecurityContext with this
    /// context.
    pub LastStatus: ULONG,
}

/// `SecPkgAttrLastClientTokenYes` and its like.
pub type SECPKG_ATTR_LCT_STATUS = ULONG;

/// SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_LastClientTokenStatus {
    /// Whether the token of the last call of InitializeSecurityContext with this context is the
    /// last that the client sends.
    pub LastClientTokenStatus: SECPKG_ATTR_LCT_STATUS,
}

/// SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_SubjectAttributes {
    /// The client's claims: an AUTHZ_SECURITY_ATTRIBUTES_INFORMATION, in one allocation with all
    /// that it points to.
    pub AttributeInfo: *mut c_void,
}

/// SECPKG_ATTR_TARGET_INFORMATION.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_TargetInformation {
    /// Bytes.
    pub MarshalledTargetInfoLength: ULONG,
    /// The target, marshalled.
    pub MarshalledTargetInfo: *mut u8,
}

/// SECPKG_ATTR_TARGET.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_Target {
    /// Bytes.
    pub TargetLength: ULONG,
    /// The target.
    pub Target: *mut c_char,
}

/// SECPKG_ATTR_CLIENT_SPECIFIED_TARGET.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_ClientSpecifiedTarget {
    /// The service principal name that the client asked for: UTF-16 from both forms of the
    /// function.
    pub sTargetName: *mut SEC_WCHAR,
}

/// SECPKG_ATTR_UNIQUE_BINDINGS and SECPKG_ATTR_ENDPOINT_BINDINGS, of the outer channel.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgContext_Bindings {
    /// Bytes at `Bindings`.
    pub BindingsLength: ULONG,
    /// The bindings.
    pub Bindings: *mut SEC_CHANNEL_BINDINGS,
}

/// SECPKG_CRED_ATTR_NAMES.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgCredentials_Names<Char> {
    /// The name of the credentials' owner.
    pub sUserName: *mut Char,
}

/// SECPKG_CRED_ATTR_SSI_PROVIDER.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgCredentials_SSIProvider<Char> {
    /// The identity provider that the credentials are from.
    pub sProviderName: *mut Char,
    /// Bytes at `ProviderInfo`.
    pub ProviderInfoLength: ULONG,
    /// The provider's information.
    pub ProviderInfo: *mut c_char,
}

/// SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS. Offsets count from the structure's start.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgCredentials_KdcProxySettings {
    /// KDC_PROXY_SETTINGS_V1.
    pub Version: ULONG,
    /// KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY, or 0.
    pub Flags: ULONG,
    /// Offset of the proxy's name; 0 for none.
    pub ProxyServerOffset: USHORT,
    /// Its length.
    pub ProxyServerLength: USHORT,
    /// Offset of the client's credentials for TLS; 0 for none.
    pub ClientTlsCredOffset: USHORT,
    /// Their length.
    pub ClientTlsCredLength: USHORT,
}

/// SECPKG_CRED_ATTR_CERT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgCredentials_Cert {
    /// Bytes at `EncodedCert`.
    pub EncodedCertSize: ULONG,
    /// The certificate.
    pub EncodedCert: *mut u8,
}
