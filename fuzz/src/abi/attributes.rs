//! The attributes of contexts and credentials.

use arbitrary::Arbitrary;
use negossp::entry::abi::*;

const SUBSTATUS: ULONG = 0x4e53_0003;

/// Those of contexts that are answered, and the bytes of the structure that each fills.
pub const OF_CONTEXTS: &[(ULONG, usize)] = &[
    (SECPKG_ATTR_SIZES, size_of::<SecPkgContext_Sizes>()),
    (SECPKG_ATTR_NAMES, size_of::<SecPkgContext_Names<u16>>()),
    (SECPKG_ATTR_LIFESPAN, size_of::<SecPkgContext_Lifespan>()),
    (SECPKG_ATTR_DCE_INFO, size_of::<SecPkgContext_DceInfo>()),
    (SECPKG_ATTR_KEY_INFO, size_of::<SecPkgContext_KeyInfo<u16>>()),
    (SECPKG_ATTR_AUTHORITY, size_of::<SecPkgContext_Authority<u16>>()),
    (SECPKG_ATTR_PASSWORD_EXPIRY, size_of::<SecPkgContext_PasswordExpiry>()),
    (SECPKG_ATTR_SESSION_KEY, size_of::<SecPkgContext_SessionKey>()),
    (SECPKG_ATTR_PACKAGE_INFO, size_of::<SecPkgContext_PackageInfo<u16>>()),
    (SECPKG_ATTR_USER_FLAGS, size_of::<SecPkgContext_UserFlags>()),
    (SECPKG_ATTR_NEGOTIATION_INFO, size_of::<SecPkgContext_NegotiationInfo<u16>>()),
    (SECPKG_ATTR_NATIVE_NAMES, size_of::<SecPkgContext_NativeNames<u16>>()),
    (SECPKG_ATTR_FLAGS, size_of::<SecPkgContext_Flags>()),
    (SECPKG_ATTR_TARGET_INFORMATION, size_of::<SecPkgContext_TargetInformation>()),
    (SECPKG_ATTR_ACCESS_TOKEN, size_of::<SecPkgContext_AccessToken>()),
    (SECPKG_ATTR_AUTHENTICATION_ID, 8),
    (SECPKG_ATTR_LOGOFF_TIME, size_of::<SecPkgContext_LogoffTime>()),
    (SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, size_of::<SecPkgContext_ClientSpecifiedTarget>()),
    (SECPKG_ATTR_NEGO_STATUS, size_of::<SecPkgContext_NegoStatus>()),
    (SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES, size_of::<SecPkgContext_SubjectAttributes>()),
    // The delegated credential cache, and the client's SIDs.
    (0x4e53_0001, size_of::<SecPkgContext_SessionKey>()),
    (0x4e53_0002, size_of::<SecPkgContext_Names<u16>>()),
    (SUBSTATUS, size_of::<ULONG>()),
];

/// Those of credentials, likewise.
pub const OF_CREDENTIALS: &[(ULONG, usize)] = &[
    (SECPKG_CRED_ATTR_NAMES, size_of::<SecPkgCredentials_Names<u16>>()),
    (SECPKG_CRED_ATTR_SSI_PROVIDER, size_of::<SecPkgCredentials_SSIProvider<u16>>()),
    (SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, size_of::<SecPkgCredentials_KdcProxySettings>()),
    (SECPKG_CRED_ATTR_CERT, size_of::<SecPkgCredentials_Cert>()),
];

/// An attribute to ask for.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Attribute {
    Known(u8),
    Any(u32),
}

impl Attribute {
    /// The attribute and the bytes of its structure; 0 for one that is not answered.
    pub fn of(self, known: &[(ULONG, usize)]) -> (ULONG, usize) {
        match self {
            Attribute::Known(n) => known[usize::from(n) % known.len()],
            Attribute::Any(any) => {
                *known.iter().find(|(attribute, _)| *attribute == any).unwrap_or(&(any, 0))
            }
        }
    }
}
