//! The arguments of functions that have many, named.

use crate::entry::abi::*;
use std::ffi::c_void;

/// The arguments of AcquireCredentialsHandle.
pub(crate) struct AcquireArguments<Char> {
    pub(crate) principal: *mut Char,
    pub(crate) package: *mut Char,
    pub(crate) usage: ULONG,
    pub(crate) logon_id: *mut c_void,
    pub(crate) data: *mut c_void,
    pub(crate) get_key: SEC_GET_KEY_FN,
    pub(crate) get_key_argument: *mut c_void,
    pub(crate) handle: PCredHandle,
    pub(crate) expiry: PTimeStamp,
}

/// The arguments that AcceptSecurityContext and InitializeSecurityContext share.
pub(crate) struct Arguments {
    pub(crate) credential: PCredHandle,
    pub(crate) context: PCtxtHandle,
    pub(crate) input: PSecBufferDesc,
    pub(crate) requirements: ULONG,
    /// Ignored by this library's packages.
    pub(crate) data_rep: ULONG,
    pub(crate) new_context: PCtxtHandle,
    pub(crate) output: PSecBufferDesc,
    pub(crate) attributes: *mut ULONG,
    pub(crate) expiry: PTimeStamp,
}

/// The further arguments of InitializeSecurityContext.
pub(crate) struct InitiateArguments<Char> {
    pub(crate) target: *mut Char,
    pub(crate) reserved: [ULONG; 2],
}

/// The arguments of ChangeAccountPassword.
pub(crate) struct PasswordArguments<Char> {
    pub(crate) package: *mut Char,
    pub(crate) domain: *mut Char,
    pub(crate) account: *mut Char,
    pub(crate) old: *mut Char,
    pub(crate) new: *mut Char,
    /// Ignored by this library's packages, like the next.
    pub(crate) impersonating: BOOLEAN,
    pub(crate) reserved: ULONG,
    pub(crate) output: PSecBufferDesc,
}
