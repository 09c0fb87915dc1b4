//! A name and a password, for AcquireCredentialsHandle's `pAuthData`. Lengths count characters without a
//! terminating zero.

use super::base::*;

/// SEC_WINNT_AUTH_IDENTITY_A and _W. `Flags` says which it really is.
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
    /// Packages that Negotiate may choose, separated by commas; with `!` before a name, those it may not.
    pub PackageList: *mut Char,
    /// Its length.
    pub PackageListLength: ULONG,
}
