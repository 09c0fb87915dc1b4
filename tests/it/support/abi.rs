//! The library as a C program calls it, for the `abi_*` and `handle_*` tests.

use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ffi::c_void;
use std::ptr::null_mut;

/// An invalid handle, as SecInvalidateHandle sets it.
pub(crate) const NO_HANDLE: SecHandle = SecHandle { dwLower: usize::MAX, dwUpper: usize::MAX };

/// UTF-16 with a terminating zero.
pub(crate) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// The text of a string from the library, which is then freed.
pub(crate) fn take_wide(string: *mut u16) -> String {
    assert!(!string.is_null());
    // SAFETY: a string from the library ends with a zero.
    let text = unsafe {
        let length = (0..).find(|n| *string.add(*n) == 0).unwrap();
        String::from_utf16(std::slice::from_raw_parts(string, length)).unwrap()
    };
    assert_eq!(free(string.cast()), SEC_E_OK);
    text
}

/// FreeContextBuffer.
pub(crate) fn free(buffer: *mut c_void) -> SECURITY_STATUS {
    // SAFETY: the buffer is not used again.
    unsafe { FreeContextBuffer(buffer) }
}

/// Credentials, freed when dropped.
pub(crate) struct Credentials(pub(crate) SecHandle);

impl Credentials {
    /// For `package`, with the account `user` and its password in SEC_WINNT_AUTH_IDENTITY_W.
    pub(crate) fn new(
        package: &str,
        usage: ULONG,
        user: Option<(&str, &str, &str)>,
    ) -> Credentials {
        let (name, domain, password) = user.unwrap_or_default();
        let (mut name, mut domain, mut password) = (wide(name), wide(domain), wide(password));
        let mut identity = SEC_WINNT_AUTH_IDENTITY {
            User: name.as_mut_ptr(),
            UserLength: name.len() as ULONG - 1,
            Domain: domain.as_mut_ptr(),
            DomainLength: domain.len() as ULONG - 1,
            Password: password.as_mut_ptr(),
            PasswordLength: password.len() as ULONG - 1,
            Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
        };
        let data: *mut c_void =
            if user.is_some() { (&raw mut identity).cast() } else { null_mut() };
        let mut handle = NO_HANDLE;
        let mut expiry = TimeStamp { QuadPart: 0 };
        let mut package = wide(package);
        // SAFETY: every pointer points to what its type says.
        let status = unsafe {
            AcquireCredentialsHandleW(
                null_mut(),
                package.as_mut_ptr(),
                usage,
                null_mut(),
                data,
                None,
                null_mut(),
                &mut handle,
                &mut expiry,
            )
        };
        assert_eq!(status, SEC_E_OK);
        Credentials(handle)
    }

    pub(crate) fn inbound(package: &str) -> Credentials {
        Credentials::new(package, SECPKG_CRED_INBOUND, Some(("alice", "", "secret")))
    }

    pub(crate) fn outbound(package: &str, password: &str) -> Credentials {
        Credentials::new(package, SECPKG_CRED_OUTBOUND, Some(("alice", "", password)))
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        // SAFETY: a handle.
        unsafe { FreeCredentialsHandle(&mut self.0) };
    }
}

/// A buffer over `bytes`.
pub(crate) fn buffer(kind: ULONG, bytes: &mut [u8]) -> SecBuffer {
    SecBuffer {
        cbBuffer: bytes.len() as ULONG,
        BufferType: kind,
        pvBuffer: bytes.as_mut_ptr().cast(),
    }
}

/// A descriptor of `buffers`.
pub(crate) fn descriptor(buffers: &mut [SecBuffer]) -> SecBufferDesc {
    SecBufferDesc {
        ulVersion: SECBUFFER_VERSION,
        cBuffers: buffers.len() as ULONG,
        pBuffers: buffers.as_mut_ptr(),
    }
}

/// The result of one leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StepOutput {
    pub(crate) status: SECURITY_STATUS,
    /// The output buffer up to its cbBuffer; empty after SEC_E_BUFFER_TOO_SMALL.
    pub(crate) token: Vec<u8>,
    pub(crate) length: ULONG,
    pub(crate) attributes: ULONG,
    pub(crate) expiry: i64,
}

/// One side of a conversation, deleted when dropped.
pub(crate) struct Side {
    pub(crate) context: SecHandle,
    pub(crate) begun: bool,
    pub(crate) requirements: ULONG,
    /// Capacity of the output buffer.
    pub(crate) room: usize,
    /// Channel bindings to pass.
    pub(crate) bindings: Option<Vec<u8>>,
    accepts: bool,
    target: Vec<u16>,
}

impl Side {
    fn new(accepts: bool, requirements: ULONG) -> Side {
        // This host, since both sides are one process.
        let host = negossp::config::Settings::default().server.nb_computer;
        let target = wide(&format!("HTTP/{host}"));
        Side {
            context: NO_HANDLE,
            begun: false,
            requirements,
            room: 48256,
            bindings: None,
            accepts,
            target,
        }
    }

    /// A server that requires `ASC_REQ_*` bits.
    pub(crate) fn server(requirements: ULONG) -> Side {
        Side::new(true, requirements)
    }

    /// A client that requires `ISC_REQ_*` bits.
    pub(crate) fn client(requirements: ULONG) -> Side {
        Side::new(false, requirements)
    }

    /// One call, with `phContext` and `phNewContext` one and the same.
    pub(crate) fn step(&mut self, credentials: &Credentials, token: Option<&[u8]>) -> StepOutput {
        let mut input = token.map(<[u8]>::to_vec);
        let mut inputs = Vec::new();
        if let Some(bindings) = &mut self.bindings {
            inputs.push(buffer(SECBUFFER_CHANNEL_BINDINGS, bindings));
        }
        if let Some(token) = &mut input {
            inputs.push(buffer(SECBUFFER_TOKEN, token));
        }
        let mut input = descriptor(&mut inputs);
        let mut room = vec![0xee; self.room + 1];
        let mut outputs = [buffer(SECBUFFER_TOKEN, &mut room[..self.room])];
        let mut output = descriptor(&mut outputs);
        let (mut attributes, mut expiry) = (0xffff_ffff, TimeStamp { QuadPart: -1 });
        let mut credential = credentials.0;
        let old: PCtxtHandle = if self.begun { &raw mut self.context } else { null_mut() };
        let new = &raw mut self.context;
        // SAFETY: every pointer points to what its type says.
        let status = unsafe {
            if self.accepts {
                AcceptSecurityContext(
                    &mut credential,
                    old,
                    &mut input,
                    self.requirements,
                    SECURITY_NATIVE_DREP,
                    new,
                    &mut output,
                    &mut attributes,
                    &mut expiry,
                )
            } else {
                InitializeSecurityContextW(
                    &mut credential,
                    old,
                    self.target.as_mut_ptr(),
                    self.requirements,
                    0,
                    SECURITY_NETWORK_DREP,
                    &mut input,
                    0,
                    new,
                    &mut output,
                    &mut attributes,
                    &mut expiry,
                )
            }
        };
        self.begun = self.begun || status >= 0;
        assert_eq!(room[self.room], 0xee, "the library wrote past cbBuffer");
        let length = outputs[0].cbBuffer;
        let token = room.get(..length as usize).unwrap_or_default().to_vec();
        let token = if status == SEC_E_BUFFER_TOO_SMALL { Vec::new() } else { token };
        if status == SEC_E_BUFFER_TOO_SMALL {
            assert!(
                room.iter().all(|byte| *byte == 0xee),
                "the library wrote though it did not fit"
            );
        }
        StepOutput { status, token, length, attributes, expiry: expiry.QuadPart }
    }

    /// DeleteSecurityContext.
    pub(crate) fn delete(&mut self) -> SECURITY_STATUS {
        // SAFETY: a handle.
        unsafe { DeleteSecurityContext(&mut self.context) }
    }

    /// QueryContextAttributesW into a `T`.
    pub(crate) fn query<T>(&mut self, attribute: ULONG) -> Result<T, SECURITY_STATUS> {
        let mut answer = std::mem::MaybeUninit::<T>::zeroed();
        // SAFETY: the tests name the structure of the attribute.
        let status = unsafe {
            QueryContextAttributesW(&mut self.context, attribute, answer.as_mut_ptr().cast())
        };
        if status == SEC_E_OK {
            // SAFETY: filled in.
            Ok(unsafe { answer.assume_init() })
        } else {
            Err(status)
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        if self.begun {
            self.delete();
        }
    }
}

/// Passes tokens back and forth until one side is complete and has no token to send, or fails;
/// returns both last legs.
pub(crate) fn converse(
    client: &mut Side,
    client_credentials: &Credentials,
    server: &mut Side,
    server_credentials: &Credentials,
) -> (StepOutput, StepOutput) {
    let mut from_client = client.step(client_credentials, None);
    loop {
        assert!(from_client.status >= 0, "client: {:#x}", from_client.status);
        let from_server = server.step(server_credentials, Some(&from_client.token));
        let over = from_server.status != SEC_I_CONTINUE_NEEDED;
        if from_server.status < 0 || over && from_server.token.is_empty() {
            return (from_client, from_server);
        }
        from_client = client.step(client_credentials, Some(&from_server.token));
        if over {
            return (from_client, from_server);
        }
    }
}

/// An established pair with the objects that it was made from.
#[allow(dead_code)] // kept alive, and read by unit tests
pub(crate) struct Pair {
    pub(crate) client: Side,
    pub(crate) server: Side,
    pub(crate) client_end: StepOutput,
    pub(crate) server_end: StepOutput,
    pub(crate) client_credentials: Credentials,
    pub(crate) server_credentials: Credentials,
}

/// Both sides, established, of `package`, with all protection.
pub(crate) fn establish(package: &str) -> Pair {
    let client_credentials = Credentials::outbound(package, "secret");
    let server_credentials = Credentials::inbound(package);
    let isc = ISC_REQ_REPLAY_DETECT
        | ISC_REQ_SEQUENCE_DETECT
        | ISC_REQ_CONFIDENTIALITY
        | ISC_REQ_INTEGRITY;
    let asc = ASC_REQ_REPLAY_DETECT
        | ASC_REQ_SEQUENCE_DETECT
        | ASC_REQ_CONFIDENTIALITY
        | ASC_REQ_INTEGRITY;
    let (mut client, mut server) = (Side::client(isc), Side::server(asc));
    let (client_end, server_end) =
        converse(&mut client, &client_credentials, &mut server, &server_credentials);
    assert_eq!(
        (client_end.status, server_end.status),
        (SEC_E_OK, SEC_E_OK),
        "{client_end:x?} {server_end:x?}"
    );
    Pair { client, server, client_end, server_end, client_credentials, server_credentials }
}
