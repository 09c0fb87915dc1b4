//! Handles, buffers, packages and the basic types.

use std::ffi::{c_char, c_void};

/// 32 bits, without sign.
pub type ULONG = u32;
/// 16 bits, without sign.
pub type USHORT = u16;
/// As wide as a pointer.
pub type ULONG_PTR = usize;
/// One byte: 0 or not.
pub type BOOLEAN = u8;
/// An object of the operating system.
pub type HANDLE = *mut c_void;
/// A character of an `A` function: UTF-8, on Windows the process's ANSI code page.
pub type SEC_CHAR = c_char;
/// A character of a `W` function: UTF-16.
pub type SEC_WCHAR = u16;
/// The result of nearly every function: `SEC_E_OK`, a `SEC_I_*` success or a `SEC_E_*` error, which
/// is negative.
pub type SECURITY_STATUS = i32;

/// A globally unique identifier.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GUID {
    /// The first eight digits.
    pub Data1: ULONG,
    /// Four more.
    pub Data2: USHORT,
    /// Four more.
    pub Data3: USHORT,
    /// The others.
    pub Data4: [u8; 8],
}

/// A time in FILETIME ticks: 100 ns since 1601. SSPI's times are local times.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SECURITY_INTEGER {
    /// Ticks.
    pub QuadPart: i64,
}
/// A point in time.
pub type TimeStamp = SECURITY_INTEGER;
/// Pointer to a point in time.
pub type PTimeStamp = *mut TimeStamp;

/// A handle. Its words are opaque to the caller. (ULONG_PTR)-1 in both marks an invalid one.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecHandle {
    /// Opaque.
    pub dwLower: ULONG_PTR,
    /// Opaque.
    pub dwUpper: ULONG_PTR,
}
/// Pointer to a handle.
pub type PSecHandle = *mut SecHandle;
/// Made by AcquireCredentialsHandle and ended by FreeCredentialsHandle.
pub type CredHandle = SecHandle;
/// Pointer to a credentials handle.
pub type PCredHandle = PSecHandle;
/// Made by AcceptSecurityContext and InitializeSecurityContext and ended by DeleteSecurityContext.
pub type CtxtHandle = SecHandle;
/// Pointer to a context handle.
pub type PCtxtHandle = PSecHandle;

/// One piece of input or output.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecBuffer {
    /// Bytes at `pvBuffer`: length of an input; capacity of an output, then the length written.
    pub cbBuffer: ULONG,
    /// `SECBUFFER_*`, with attribute bits under SECBUFFER_ATTRMASK.
    pub BufferType: ULONG,
    /// The bytes, which belong to the caller.
    pub pvBuffer: *mut c_void,
}
/// Pointer to a buffer.
pub type PSecBuffer = *mut SecBuffer;

/// An array of buffers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecBufferDesc {
    /// SECBUFFER_VERSION.
    pub ulVersion: ULONG,
    /// Elements of `pBuffers`.
    pub cBuffers: ULONG,
    /// The array.
    pub pBuffers: PSecBuffer,
}
/// Pointer to an array of buffers.
pub type PSecBufferDesc = *mut SecBufferDesc;

/// Channel bindings, which the caller passes in a SECBUFFER_CHANNEL_BINDINGS buffer. Offsets count
/// from the structure's start.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_CHANNEL_BINDINGS {
    /// Kind of the initiator's address.
    pub dwInitiatorAddrType: ULONG,
    /// Bytes of the initiator's address.
    pub cbInitiatorLength: ULONG,
    /// Offset of the initiator's address.
    pub dwInitiatorOffset: ULONG,
    /// Kind of the acceptor's address.
    pub dwAcceptorAddrType: ULONG,
    /// Bytes of the acceptor's address.
    pub cbAcceptorLength: ULONG,
    /// Offset of the acceptor's address.
    pub dwAcceptorOffset: ULONG,
    /// Bytes of application data, as `tls-server-end-point:...`.
    pub cbApplicationDataLength: ULONG,
    /// Offset of the application data.
    pub dwApplicationDataOffset: ULONG,
}
/// Pointer to channel bindings.
pub type PSEC_CHANNEL_BINDINGS = *mut SEC_CHANNEL_BINDINGS;

/// Channel bindings with flags, in the place of SEC_CHANNEL_BINDINGS: what
/// SspiSetChannelBindingFlags makes. Offsets count from the structure's start.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_CHANNEL_BINDINGS_EX {
    /// SEC_CHANNEL_BINDINGS_EX_MAGIC.
    pub magicNumber: ULONG,
    /// SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS, or 0.
    pub flags: ULONG,
    /// Bytes of this structure.
    pub cbHeaderLength: ULONG,
    /// Bytes of this structure and the data after it.
    pub cbStructureLength: ULONG,
    /// Kind of the initiator's address.
    pub dwInitiatorAddrType: ULONG,
    /// Bytes of the initiator's address.
    pub cbInitiatorLength: ULONG,
    /// Offset of the initiator's address.
    pub dwInitiatorOffset: ULONG,
    /// Kind of the acceptor's address.
    pub dwAcceptorAddrType: ULONG,
    /// Bytes of the acceptor's address.
    pub cbAcceptorLength: ULONG,
    /// Offset of the acceptor's address.
    pub dwAcceptorOffset: ULONG,
    /// Bytes of application data.
    pub cbApplicationDataLength: ULONG,
    /// Offset of the application data.
    pub dwApplicationDataOffset: ULONG,
}
/// Pointer to channel bindings with flags.
pub type PSEC_CHANNEL_BINDINGS_EX = *mut SEC_CHANNEL_BINDINGS_EX;

/// What AcceptSecurityContext found of the channel bindings, in a SECBUFFER_CHANNEL_BINDINGS_RESULT
/// buffer among the output buffers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SEC_CHANNEL_BINDINGS_RESULT {
    /// `SEC_CHANNEL_BINDINGS_RESULT_*`; 0 before the bindings are compared.
    pub flags: ULONG,
}
/// Pointer to the result.
pub type PSEC_CHANNEL_BINDINGS_RESULT = *mut SEC_CHANNEL_BINDINGS_RESULT;

/// A package.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SecPkgInfo<Char> {
    /// `SECPKG_FLAG_*`.
    pub fCapabilities: ULONG,
    /// Version of the package's protocol: 1.
    pub wVersion: USHORT,
    /// The package's number in RPC, `RPC_C_AUTHN_*`.
    pub wRPCID: USHORT,
    /// Longest token of the package, in bytes.
    pub cbMaxToken: ULONG,
    /// Name, zero-terminated.
    pub Name: *mut Char,
    /// One line for people, zero-terminated.
    pub Comment: *mut Char,
}
/// Pointer to a package.
pub type PSecPkgInfo<Char> = *mut SecPkgInfo<Char>;

/// Never called by this library.
pub type SEC_GET_KEY_FN = Option<
    unsafe extern "system" fn(
        Arg: *mut c_void,
        Principal: *mut c_void,
        KeyVer: ULONG,
        Key: *mut *mut c_void,
        Status: *mut SECURITY_STATUS,
    ),
>;

/// Options of AddSecurityPackage. Ignored for this library's packages.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SECURITY_PACKAGE_OPTIONS {
    /// Bytes of this structure.
    pub Size: ULONG,
    /// `SECPKG_OPTIONS_TYPE_*`.
    pub Type: ULONG,
    /// `SECPKG_OPTIONS_*`.
    pub Flags: ULONG,
    /// Bytes at `Signature`.
    pub SignatureSize: ULONG,
    /// The package's signature.
    pub Signature: *mut c_void,
}
/// Pointer to options of a package.
pub type PSECURITY_PACKAGE_OPTIONS = *mut SECURITY_PACKAGE_OPTIONS;

/// Tracks a call that completes later.
pub struct SspiAsyncContext(());
/// Pointer to such a context: an opaque number.
pub type PSspiAsyncContext = *mut SspiAsyncContext;
/// Called, in a thread of the library, when a call is complete. `Handle` is its context,
/// `CallbackData` the argument registered with the function. It may start the next call or free the
/// context. It should not wait for other calls.
pub type SspiAsyncNotifyCallback =
    Option<unsafe extern "system" fn(Handle: PSspiAsyncContext, CallbackData: *mut c_void)>;
