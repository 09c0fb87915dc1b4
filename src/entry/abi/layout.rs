//! The offset of every member, on 32 and on 64 bits. Checked here on every target, and by C
//! compilers in `tests/suites/c/layout.c`, which is made from this list: against mingw's `<sspi.h>` for
//! Windows and against `negossp.h` on Linux. The A and W forms of a structure have one layout.

use super::*;
use std::mem::{offset_of, size_of};

/// One structure for both widths:
/// `Name: 32-bit-size 64-bit-size { member 32-bit-offset 64-bit-offset, ... }`.
macro_rules! layout {
    ($($name:ty: $size32:literal $size64:literal { $($member:ident $at32:literal $at64:literal,)* })*) => {
        $(const _: () = {
            assert!(size_of::<$name>() == by_width($size32, $size64));
            $(assert!(offset_of!($name, $member) == by_width($at32, $at64));)*
        };)*
    };
}

/// The number for this target's pointer width.
const fn by_width(on32: usize, on64: usize) -> usize {
    match size_of::<usize>() {
        4 => on32,
        _ => on64,
    }
}

layout! {
    SECURITY_INTEGER: 8 8 {
        QuadPart 0 0,
    }
    SecHandle: 8 16 {
        dwLower 0 0,
        dwUpper 4 8,
    }
    SecBuffer: 12 16 {
        cbBuffer 0 0,
        BufferType 4 4,
        pvBuffer 8 8,
    }
    SecBufferDesc: 12 16 {
        ulVersion 0 0,
        cBuffers 4 4,
        pBuffers 8 8,
    }
    SEC_CHANNEL_BINDINGS: 32 32 {
        dwInitiatorAddrType 0 0,
        cbInitiatorLength 4 4,
        dwInitiatorOffset 8 8,
        dwAcceptorAddrType 12 12,
        cbAcceptorLength 16 16,
        dwAcceptorOffset 20 20,
        cbApplicationDataLength 24 24,
        dwApplicationDataOffset 28 28,
    }
    SEC_CHANNEL_BINDINGS_EX: 48 48 {
        magicNumber 0 0,
        flags 4 4,
        cbHeaderLength 8 8,
        cbStructureLength 12 12,
        dwInitiatorAddrType 16 16,
        cbInitiatorLength 20 20,
        dwInitiatorOffset 24 24,
        dwAcceptorAddrType 28 28,
        cbAcceptorLength 32 32,
        dwAcceptorOffset 36 36,
        cbApplicationDataLength 40 40,
        dwApplicationDataOffset 44 44,
    }
    SEC_CHANNEL_BINDINGS_RESULT: 4 4 {
        flags 0 0,
    }
    SecPkgInfo<SEC_CHAR>: 20 32 {
        fCapabilities 0 0,
        wVersion 4 4,
        wRPCID 6 6,
        cbMaxToken 8 8,
        Name 12 16,
        Comment 16 24,
    }
    SecPkgContext_Sizes: 16 16 {
        cbMaxToken 0 0,
        cbMaxSignature 4 4,
        cbBlockSize 8 8,
        cbSecurityTrailer 12 12,
    }
    SecPkgContext_StreamSizes: 20 20 {
        cbHeader 0 0,
        cbTrailer 4 4,
        cbMaximumMessage 8 8,
        cBuffers 12 12,
        cbBlockSize 16 16,
    }
    SecPkgContext_Names<SEC_CHAR>: 4 8 {
        sUserName 0 0,
    }
    SecPkgContext_Lifespan: 16 16 {
        tsStart 0 0,
        tsExpiry 8 8,
    }
    SecPkgContext_DceInfo: 8 16 {
        AuthzSvc 0 0,
        pPac 4 8,
    }
    SecPkgContext_KeyInfo<SEC_CHAR>: 20 32 {
        sSignatureAlgorithmName 0 0,
        sEncryptAlgorithmName 4 8,
        KeySize 8 16,
        SignatureAlgorithm 12 20,
        EncryptAlgorithm 16 24,
    }
    SecPkgContext_Authority<SEC_CHAR>: 4 8 {
        sAuthorityName 0 0,
    }
    SecPkgContext_ProtoInfo<SEC_CHAR>: 12 16 {
        sProtocolName 0 0,
        majorVersion 4 8,
        minorVersion 8 12,
    }
    SecPkgContext_PasswordExpiry: 8 8 {
        tsPasswordExpires 0 0,
    }
    SecPkgContext_SessionKey: 8 16 {
        SessionKeyLength 0 0,
        SessionKey 4 8,
    }
    SecPkgContext_PackageInfo<SEC_CHAR>: 4 8 {
        PackageInfo 0 0,
    }
    SecPkgContext_UserFlags: 4 4 {
        UserFlags 0 0,
    }
    SecPkgContext_Flags: 4 4 {
        Flags 0 0,
    }
    SecPkgContext_NegotiationInfo<SEC_CHAR>: 8 16 {
        PackageInfo 0 0,
        NegotiationState 4 8,
    }
    SecPkgContext_NativeNames<SEC_CHAR>: 8 16 {
        sClientName 0 0,
        sServerName 4 8,
    }
    SecPkgContext_CredentialName<SEC_CHAR>: 8 16 {
        CredentialType 0 0,
        sCredentialName 4 8,
    }
    SecPkgContext_AccessToken: 4 8 {
        AccessToken 0 0,
    }
    SecPkgContext_LogoffTime: 8 8 {
        tsLogoffTime 0 0,
    }
    SecPkgContext_NegoStatus: 4 4 {
        LastStatus 0 0,
    }
    SecPkgContext_LastClientTokenStatus: 4 4 {
        LastClientTokenStatus 0 0,
    }
    SecPkgContext_SubjectAttributes: 4 8 {
        AttributeInfo 0 0,
    }
    AUTHZ_SECURITY_ATTRIBUTE_V1: 20 32 {
        pName 0 0,
        ValueType 4 8,
        Reserved 6 10,
        Flags 8 12,
        ValueCount 12 16,
        Values 16 24,
    }
    AUTHZ_SECURITY_ATTRIBUTES_INFORMATION: 12 16 {
        Version 0 0,
        Reserved 2 2,
        AttributeCount 4 4,
        Attribute 8 8,
    }
    SecPkgContext_TargetInformation: 8 16 {
        MarshalledTargetInfoLength 0 0,
        MarshalledTargetInfo 4 8,
    }
    SecPkgContext_Target: 8 16 {
        TargetLength 0 0,
        Target 4 8,
    }
    SecPkgContext_ClientSpecifiedTarget: 4 8 {
        sTargetName 0 0,
    }
    SecPkgContext_Bindings: 8 16 {
        BindingsLength 0 0,
        Bindings 4 8,
    }
    SecPkgCredentials_Names<SEC_CHAR>: 4 8 {
        sUserName 0 0,
    }
    SEC_WINNT_AUTH_IDENTITY<SEC_CHAR>: 28 48 {
        User 0 0,
        UserLength 4 8,
        Domain 8 16,
        DomainLength 12 24,
        Password 16 32,
        PasswordLength 20 40,
        Flags 24 44,
    }
    SEC_WINNT_AUTH_IDENTITY_EX<SEC_CHAR>: 44 72 {
        Version 0 0,
        Length 4 4,
        User 8 8,
        UserLength 12 16,
        Domain 16 24,
        DomainLength 20 32,
        Password 24 40,
        PasswordLength 28 48,
        Flags 32 52,
        PackageList 36 56,
        PackageListLength 40 64,
    }
    SEC_WINNT_AUTH_IDENTITY_EX2: 48 48 {
        Version 0 0,
        cbHeaderLength 4 4,
        cbStructureLength 8 8,
        UserOffset 12 12,
        UserLength 16 16,
        DomainOffset 20 20,
        DomainLength 24 24,
        PackedCredentialsOffset 28 28,
        PackedCredentialsLength 32 32,
        Flags 36 36,
        PackageListOffset 40 40,
        PackageListLength 44 44,
    }
    SEC_WINNT_AUTH_BYTE_VECTOR: 8 8 {
        ByteArrayOffset 0 0,
        ByteArrayLength 4 4,
    }
    SEC_WINNT_AUTH_DATA: 24 24 {
        CredType 0 0,
        CredData 16 16,
    }
    SEC_WINNT_AUTH_PACKED_CREDENTIALS: 28 28 {
        cbHeaderLength 0 0,
        cbStructureLength 2 2,
        AuthData 4 4,
    }
    SEC_WINNT_AUTH_SHORT_VECTOR: 8 8 {
        ShortArrayOffset 0 0,
        ShortArrayCount 4 4,
    }
    SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX: 24 24 {
        cbHeaderLength 0 0,
        Flags 4 4,
        PackedCredentials 8 8,
        PackageList 16 16,
    }
    SEC_WINNT_AUTH_DATA_PASSWORD: 8 8 {
        UnicodePassword 0 0,
    }
    NEGOSSP_TOKEN_IDS: 8 8 {
        Uid 0 0,
        Gid 4 4,
    }
    SecurityFunctionTable<SEC_CHAR>: 128 256 {
        dwVersion 0 0,
        EnumerateSecurityPackages 4 8,
        QueryCredentialsAttributes 8 16,
        AcquireCredentialsHandle 12 24,
        FreeCredentialsHandle 16 32,
        Reserved2 20 40,
        InitializeSecurityContext 24 48,
        AcceptSecurityContext 28 56,
        CompleteAuthToken 32 64,
        DeleteSecurityContext 36 72,
        ApplyControlToken 40 80,
        QueryContextAttributes 44 88,
        ImpersonateSecurityContext 48 96,
        RevertSecurityContext 52 104,
        MakeSignature 56 112,
        VerifySignature 60 120,
        FreeContextBuffer 64 128,
        QuerySecurityPackageInfo 68 136,
        Reserved3 72 144,
        Reserved4 76 152,
        ExportSecurityContext 80 160,
        ImportSecurityContext 84 168,
        AddCredentials 88 176,
        Reserved8 92 184,
        QuerySecurityContextToken 96 192,
        EncryptMessage 100 200,
        DecryptMessage 104 208,
        SetContextAttributes 108 216,
        SetCredentialsAttributes 112 224,
        ChangeAccountPassword 116 232,
        QueryContextAttributesEx 120 240,
        QueryCredentialsAttributesEx 124 248,
    }
}
