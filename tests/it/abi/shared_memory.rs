//! Arguments that share memory: what a call reads it has read before it writes there.

use crate::support::abi::*;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::mem::offset_of;
use std::ptr::null_mut;

const EMPTY: SecBuffer =
    SecBuffer { cbBuffer: 0, BufferType: SECBUFFER_EMPTY, pvBuffer: null_mut() };

/// The attributes lie where the input's descriptor is and its buffer, each word of them.
#[test]
fn the_attributes_may_be_written_where_the_input_was() {
    let (outbound, inbound) =
        (Credentials::outbound("NTLM", "secret"), Credentials::inbound("NTLM"));
    let token = Side::client(0).step(&outbound, None).token;
    let words = (size_of::<SecBuffer>() + size_of::<SecBufferDesc>()) / 4;
    for word in 0..words {
        let (mut token, mut room) = (token.clone(), vec![0; 4096]);
        #[repr(C)]
        struct Input {
            buffer: SecBuffer,
            descriptor: SecBufferDesc,
        }
        let mut input = Input {
            buffer: buffer(SECBUFFER_TOKEN, &mut token),
            descriptor: SecBufferDesc {
                ulVersion: SECBUFFER_VERSION,
                cBuffers: 1,
                pBuffers: null_mut(),
            },
        };
        let start = (&raw mut input).cast::<u8>();
        // SAFETY: within the input.
        unsafe { (*start.cast::<Input>()).descriptor.pBuffers = start.cast() };
        let mut outputs = [buffer(SECBUFFER_TOKEN, &mut room)];
        let mut output = descriptor(&mut outputs);
        let (mut credential, mut context) = (inbound.0, NO_HANDLE);
        // SAFETY: every pointer points to what its type says.
        let status = unsafe {
            AcceptSecurityContext(
                &mut credential,
                null_mut(),
                start.add(offset_of!(Input, descriptor)).cast(),
                0,
                SECURITY_NATIVE_DREP,
                &mut context,
                &mut output,
                start.add(4 * word).cast(),
                null_mut(),
            )
        };
        assert_eq!(status, SEC_I_CONTINUE_NEEDED, "word {word}");
        // SAFETY: a handle.
        assert_eq!(unsafe { DeleteSecurityContext(&mut context) }, SEC_E_OK);
    }
}

/// The new handle lies upon the end of the target, which has a zero nowhere else.
#[test]
fn a_handle_may_be_written_where_the_target_was() {
    let outbound = Credentials::outbound("NTLM", "secret");
    let mut room = vec![0; 4096];
    let mut outputs = [buffer(SECBUFFER_TOKEN, &mut room)];
    let mut output = descriptor(&mut outputs);
    let mut target = [u16::from(b'x'); 0x10100];
    let units = size_of::<SecHandle>() / 2;
    target[units - 1] = 0;
    let (at, mut credential) = (target.as_mut_ptr(), outbound.0);
    // SAFETY: every pointer points to what its type says.
    let status = unsafe {
        InitializeSecurityContextW(
            &mut credential,
            null_mut(),
            at,
            0,
            0,
            SECURITY_NATIVE_DREP,
            null_mut(),
            0,
            at.cast(),
            &mut output,
            null_mut(),
            null_mut(),
        )
    };
    assert_eq!(status, SEC_I_CONTINUE_NEEDED);
    // SAFETY: the new handle is there.
    assert_eq!(unsafe { DeleteSecurityContext(at.cast()) }, SEC_E_OK);
}

/// The handle of an imported context lies upon the buffer that it is imported from, or upon the
/// package's name.
#[test]
fn a_context_may_be_imported_to_where_its_bytes_were() {
    for upon_name in [false, true] {
        let mut pair = establish("NTLM");
        let mut packed = EMPTY;
        let mut name = wide("NTLM    NTLM");
        // SAFETY: every pointer points to what its type says; the buffer is as large as a handle.
        unsafe {
            assert_eq!(size_of::<SecBuffer>(), size_of::<SecHandle>());
            let status =
                ExportSecurityContext(&mut pair.server.context, 0, &mut packed, null_mut());
            assert_eq!(status, SEC_E_OK);
            let bytes = packed.pvBuffer;
            name[4] = 0;
            let at: *mut SecHandle =
                if upon_name { name.as_mut_ptr().cast() } else { (&raw mut packed).cast() };
            let status = ImportSecurityContextW(name.as_mut_ptr(), &mut packed, null_mut(), at);
            assert_eq!(status, SEC_E_OK, "upon the name: {upon_name}");
            assert_eq!(DeleteSecurityContext(at), SEC_E_OK);
            assert_eq!(free(bytes), SEC_E_OK);
            // After an error there is no handle.
            let mut at = SecHandle { dwLower: 1, dwUpper: 2 };
            let status = ImportSecurityContextW(null_mut(), &mut packed, null_mut(), &mut at);
            assert_eq!(status, SEC_E_SECPKG_NOT_FOUND);
            assert_ne!((at.dwLower, at.dwUpper), (1, 2));
        }
    }
}

/// The expiry lies upon the new credentials' handle.
#[test]
fn the_expiry_does_not_overwrite_a_handle() {
    let (mut package, mut handle) = (wide("NTLM"), NO_HANDLE);
    let at = &raw mut handle;
    // SAFETY: every pointer is NULL or points to what its type says; a time fits into a handle.
    unsafe {
        let status = AcquireCredentialsHandleW(
            null_mut(),
            package.as_mut_ptr(),
            SECPKG_CRED_INBOUND,
            null_mut(),
            null_mut(),
            None,
            null_mut(),
            at,
            at.cast(),
        );
        assert_eq!(status, SEC_E_OK);
        assert_eq!(FreeCredentialsHandle(at), SEC_E_OK);
    }
}

/// The exported context's buffer, the attributes and the token's place lie upon the handle.
#[test]
fn an_output_may_be_written_where_the_handle_was() {
    let pair = establish("NTLM");
    let (mut packed, mut token) = (EMPTY, null_mut());
    // SAFETY: every pointer points to what its type says; the buffer is as large as a handle.
    unsafe {
        let at = &raw mut packed;
        at.cast::<SecHandle>().write(pair.server.context);
        assert_eq!(ExportSecurityContext(at.cast(), 0, at, &mut token), SEC_E_OK);
        assert_eq!(free(packed.pvBuffer), SEC_E_OK);
        let mut handle = pair.server.context;
        let at = &raw mut handle;
        let status = QuerySecurityContextToken(at, at.cast());
        assert_ne!(status, SEC_E_INVALID_HANDLE, "{status:#x}: a client without a local account");
    }
    let (outbound, inbound) =
        (Credentials::outbound("NTLM", "secret"), Credentials::inbound("NTLM"));
    let mut token = Side::client(0).step(&outbound, None).token;
    let (mut room, mut handle) = (vec![0; 4096], inbound.0);
    let mut inputs = [buffer(SECBUFFER_TOKEN, &mut token)];
    let mut outputs = [buffer(SECBUFFER_TOKEN, &mut room)];
    let (mut input, mut output) = (descriptor(&mut inputs), descriptor(&mut outputs));
    let (at, mut attributes) = (&raw mut handle, 0);
    // SAFETY: every pointer points to what its type says. The new context replaces the credentials'
    // handle, and the attributes of the second call lie upon neither.
    unsafe {
        let status = AcceptSecurityContext(
            at,
            null_mut(),
            &mut input,
            0,
            SECURITY_NATIVE_DREP,
            at,
            &mut output,
            at.cast(),
            null_mut(),
        );
        assert_eq!(status, SEC_I_CONTINUE_NEEDED);
        let status = AcceptSecurityContext(
            null_mut(),
            at,
            null_mut(),
            0,
            SECURITY_NATIVE_DREP,
            null_mut(),
            null_mut(),
            &mut attributes,
            null_mut(),
        );
        assert_ne!(status, SEC_E_INVALID_HANDLE, "the handle is the new context's");
        assert_eq!(DeleteSecurityContext(at), SEC_E_OK);
    }
}
