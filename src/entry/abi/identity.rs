//! A name and a password, for AcquireCredentialsHandle's `pAuthData`. Lengths count characters
//! without a terminating zero.

use super::base::*;
use std::ffi::c_void;

/// SEC_WINNT_AUTH_IDENTITY_A and _W. `Flags` gives the actual form.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_WINNT_AUTH_IDENTITY<Char> {
    /// Account.
    pub User: *mut Char,
    /// Its length.
    pub UserLength: ULONG,
    /// Domain; may be NULL.
    pub Domain: *mut Char,
    /// Its length.
    pub DomainLength: ULONG,
    /// Password.
    pub Password: *mut Char,
    /// Its length.
    pub PasswordLength: ULONG,
    /// SEC_WINNT_AUTH_IDENTITY_ANSI or SEC_WINNT_AUTH_IDENTITY_UNICODE.
    pub Flags: ULONG,
}

/// SEC_WINNT_AUTH_IDENTITY_EXA and _EXW.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_WINNT_AUTH_IDENTITY_EX<Char> {
    /// SEC_WINNT_AUTH_IDENTITY_VERSION.
    pub Version: ULONG,
    /// Bytes of this structure.
    pub Length: ULONG,
    /// Account.
    pub User: *mut Char,
    /// Its length.
    pub UserLength: ULONG,
    /// Domain; may be NULL.
    pub Domain: *mut Char,
    /// Its length.
    pub DomainLength: ULONG,
    /// Password.
    pub Password: *mut Char,
    /// Its length.
    pub PasswordLength: ULONG,
    /// SEC_WINNT_AUTH_IDENTITY_ANSI or SEC_WINNT_AUTH_IDENTITY_UNICODE.
    pub Flags: ULONG,
    /// Packages that Negotiate may choose, separated by commas; with `!` before a name, those it
    /// may not.
    pub PackageList: *mut Char,
    /// Its length.
    pub PackageListLength: ULONG,
}

/// The same in one block of memory, with offsets from its start. Lengths count bytes. Text is
/// UTF-16 in both forms of a function, unless `Flags` has SEC_WINNT_AUTH_IDENTITY_ANSI.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_WINNT_AUTH_IDENTITY_EX2 {
    /// SEC_WINNT_AUTH_IDENTITY_VERSION_2.
    pub Version: ULONG,
    /// Bytes of this structure.
    pub cbHeaderLength: USHORT,
    /// Bytes of the block.
    pub cbStructureLength: ULONG,
    /// Account, or service.
    pub UserOffset: ULONG,
    /// Its length.
    pub UserLength: USHORT,
    /// Domain or realm.
    pub DomainOffset: ULONG,
    /// Its length.
    pub DomainLength: USHORT,
    /// A SEC_WINNT_AUTH_PACKED_CREDENTIALS.
    pub PackedCredentialsOffset: ULONG,
    /// Its length, including the data that follows it.
    pub PackedCredentialsLength: USHORT,
    /// SEC_WINNT_AUTH_IDENTITY_UNICODE, optionally with SEC_WINNT_AUTH_IDENTITY_MARSHALLED.
    pub Flags: ULONG,
    /// As in the EX form.
    pub PackageListOffset: ULONG,
    /// Its length.
    pub PackageListLength: USHORT,
}

/// Bytes elsewhere in the block.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_WINNT_AUTH_BYTE_VECTOR {
    /// Offset from the start of the structure that contains this one.
    pub ByteArrayOffset: ULONG,
    /// How many.
    pub ByteArrayLength: USHORT,
}

/// A credential and its kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_WINNT_AUTH_DATA {
    /// SEC_WINNT_AUTH_DATA_TYPE_KEYTAB or SEC_WINNT_AUTH_DATA_TYPE_PASSWORD.
    pub CredType: GUID,
    /// The bytes of a keytab file; a password in UTF-16, or a SEC_WINNT_AUTH_DATA_PASSWORD.
    pub CredData: SEC_WINNT_AUTH_BYTE_VECTOR,
}

/// Credentials of an account.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_WINNT_AUTH_PACKED_CREDENTIALS {
    /// Bytes of this structure.
    pub cbHeaderLength: USHORT,
    /// Bytes of this structure and of the data that follows it.
    pub cbStructureLength: USHORT,
    /// The credential; its offset counts from the start of this structure.
    pub AuthData: SEC_WINNT_AUTH_DATA,
}

/// Characters elsewhere in the block.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_WINNT_AUTH_SHORT_VECTOR {
    /// Offset from the start of the structure.
    pub ShortArrayOffset: ULONG,
    /// How many.
    pub ShortArrayCount: USHORT,
}

/// The content of a string from SspiEncodeAuthIdentityAsStrings that is more than a password.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX {
    /// Bytes of this structure.
    pub cbHeaderLength: USHORT,
    /// The identity's.
    pub Flags: ULONG,
    /// A SEC_WINNT_AUTH_PACKED_CREDENTIALS.
    pub PackedCredentials: SEC_WINNT_AUTH_BYTE_VECTOR,
    /// As in the EX form.
    pub PackageList: SEC_WINNT_AUTH_SHORT_VECTOR,
}

/// A password.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_WINNT_AUTH_DATA_PASSWORD {
    /// The password in UTF-16; its offset counts from the start of this structure.
    pub UnicodePassword: SEC_WINNT_AUTH_BYTE_VECTOR,
}

/// An identity in any of these forms, in memory of the caller or of the library.
pub type PSEC_WINNT_AUTH_IDENTITY_OPAQUE = *mut c_void;

/// `CredType` of a password. The header has this and the next in its prologue.
pub const SEC_WINNT_AUTH_DATA_TYPE_PASSWORD: GUID = GUID {
    Data1: 0x28bfc32f,
    Data2: 0x10f6,
    Data3: 0x4738,
    Data4: [0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a],
};

/// `CredType` of a keytab. Microsoft's headers have it without documentation; jborean93's "sspilib"
/// shows its use.
pub const SEC_WINNT_AUTH_DATA_TYPE_KEYTAB: GUID = GUID {
    Data1: 0xd587aae8,
    Data2: 0xf78f,
    Data3: 0x4455,
    Data4: [0xa1, 0x12, 0xc9, 0x34, 0xbe, 0xee, 0x7c, 0xe1],
};

/// Supplies accounts: the value of SECPKG_ATTR_AUTH_NTLM_HASH_CB. `Client` is the value of
/// SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA. `AuthIdentity` has the user and the domain from the client,
/// in UTF-16, without a password. `NtProofValue` is the input of NTProofStr, `RandKey` the
/// EncryptedRandomSessionKey of 16 bytes or NULL, `Mic` the MIC or NULL, and `MicValue` the input
/// of the MIC. The function writes NTOWFv2 of the account, computed with that user and domain, to
/// the 16 bytes at `NtlmHash` and returns SEC_E_OK. It returns an error if it does not know the
/// client.
pub type NTLM_HASH_CALLBACK = Option<
    unsafe extern "C" fn(
        Client: *mut c_void,
        AuthIdentity: *const SEC_WINNT_AUTH_IDENTITY<SEC_WCHAR>,
        NtProofValue: *const SecBuffer,
        RandKey: *const u8,
        Mic: *const u8,
        MicValue: *const SecBuffer,
        NtlmHash: *mut u8,
    ) -> SECURITY_STATUS,
>;

/// Says what an account of the program is called: the value of SECPKG_ATTR_NEGOSSP_ACCOUNT_NAME_CB.
/// `Client` is the value of SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA. `AuthIdentity` has the user and the
/// domain from the client, in UTF-16, without a password. `Domain` and `User` point to 257
/// characters each and hold, with a terminating zero, what the account is called if the function
/// changes nothing: the domain of the account file, and the user in lower case, without a domain
/// before it. The function may overwrite both, and returns SEC_E_OK. It returns an error if it does
/// not know the client; the callback for the hash is then not called.
pub type NTLM_ACCOUNT_NAME_CALLBACK = Option<
    unsafe extern "C" fn(
        Client: *mut c_void,
        AuthIdentity: *const SEC_WINNT_AUTH_IDENTITY<SEC_WCHAR>,
        Domain: *mut SEC_WCHAR,
        User: *mut SEC_WCHAR,
    ) -> SECURITY_STATUS,
>;
