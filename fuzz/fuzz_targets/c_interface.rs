//! The C interface, called incorrectly: handles of the wrong kind, deleted or invented ones,
//! buffers of every type in every order, too small, empty or NULL. Every buffer is a heap block of
//! its exact size, so that the address sanitizer reports a single byte too many.

#![no_main]
#![allow(non_snake_case)] // the documentation's names

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ffi::c_void;
use std::ptr::{null_mut, with_exposed_provenance_mut};
use std::sync::LazyLock;

#[derive(Debug, Arbitrary)]
struct Program {
    package: bool,
    wrong_password: bool,
    calls: Vec<Call>,
}

#[derive(Debug, Arbitrary)]
enum Call {
    /// A correct conversation, to the end; both contexts are added to the handles to choose from.
    Converse {
        server_requirements: u32,
        client_requirements: u32,
    },
    Accept(Step),
    Initiate(Step),
    Complete {
        context: Handle,
        output: Option<Vec<Piece>>,
    },
    Query {
        context: Handle,
        attribute: u8,
        ansi: bool,
        length: Option<u8>,
    },
    QueryCredentials {
        credential: Handle,
        attribute: u8,
        ansi: bool,
    },
    Message {
        context: Handle,
        what: What,
        pieces: Option<Vec<Piece>>,
        qop: u32,
        number: u32,
    },
    DeleteContext(Handle),
    FreeCredential(Handle),
    FreeAny(usize),
}

#[derive(Debug, Arbitrary)]
enum What {
    Make,
    Verify,
    Encrypt,
    Decrypt,
}

#[derive(Debug, Arbitrary)]
enum Handle {
    Context(u8),
    Credential(u8),
    Null,
    Words(usize, usize),
}

#[derive(Debug, Arbitrary)]
struct Step {
    credential: Handle,
    context: Handle,
    input: Option<Vec<Piece>>,
    requirements: u32,
    new_context: bool,
    output: Option<Vec<Piece>>,
    attributes: bool,
    expiry: bool,
}

#[derive(Debug, Arbitrary)]
struct Piece {
    kind: Kind,
    content: Content,
}

#[derive(Debug, Arbitrary)]
enum Kind {
    Token,
    Data,
    DataReadOnly,
    DataChecksum,
    Bindings,
    Stream,
    Padding,
    Empty,
    Any(u32),
}

#[derive(Debug, Arbitrary)]
enum Content {
    /// The last token that the other side made.
    Token,
    Bytes(Vec<u8>),
    Space(u16),
    Null(u16),
}

/// Buffers in memory, as the caller owns them.
struct Owned {
    _blocks: Vec<Box<[u8]>>,
    capacities: Vec<u32>,
    buffers: Box<[SecBuffer]>,
    given: Vec<*mut c_void>,
}

impl Owned {
    fn new(pieces: &[Piece], token: &[u8]) -> Owned {
        let mut blocks: Vec<Box<[u8]>> = Vec::new();
        let buffers: Box<[SecBuffer]> = pieces
            .iter()
            .map(|piece| {
                let BufferType = match piece.kind {
                    Kind::Token => SECBUFFER_TOKEN,
                    Kind::Data => SECBUFFER_DATA,
                    Kind::DataReadOnly => SECBUFFER_DATA | SECBUFFER_READONLY,
                    Kind::DataChecksum => SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM,
                    Kind::Bindings => SECBUFFER_CHANNEL_BINDINGS,
                    Kind::Stream => SECBUFFER_STREAM,
                    Kind::Padding => SECBUFFER_PADDING,
                    Kind::Empty => SECBUFFER_EMPTY,
                    Kind::Any(any) => any,
                };
                let bytes = match &piece.content {
                    Content::Token => token.to_vec(),
                    Content::Bytes(bytes) => bytes.clone(),
                    Content::Space(n) => vec![0; usize::from(*n)],
                    Content::Null(n) => {
                        return SecBuffer {
                            cbBuffer: u32::from(*n),
                            BufferType,
                            pvBuffer: null_mut(),
                        };
                    }
                };
                let mut block = bytes.into_boxed_slice();
                let buffer = SecBuffer {
                    cbBuffer: block.len() as u32,
                    BufferType,
                    pvBuffer: block.as_mut_ptr().cast(),
                };
                blocks.push(block);
                buffer
            })
            .collect();
        let capacities = buffers.iter().map(|buffer| buffer.cbBuffer).collect();
        let given = buffers.iter().map(|buffer| buffer.pvBuffer).collect();
        Owned { _blocks: blocks, capacities, buffers, given }
    }

    fn desc(&mut self) -> SecBufferDesc {
        SecBufferDesc {
            ulVersion: SECBUFFER_VERSION,
            cBuffers: self.buffers.len() as u32,
            pBuffers: self.buffers.as_mut_ptr(),
        }
    }

    /// After a call that makes a token: returns the token, and frees what the library allocated.
    fn output(&mut self, status: SECURITY_STATUS) -> Option<Vec<u8>> {
        let mut token = None;
        for ((buffer, &capacity), &given) in
            self.buffers.iter().zip(&self.capacities).zip(&self.given)
        {
            let allocated = buffer.pvBuffer != given;
            if status != SEC_E_BUFFER_TOO_SMALL && !allocated {
                assert!(
                    buffer.cbBuffer <= capacity,
                    "status {status:08x}: more written than there is room for"
                );
            }
            if token.is_none()
                && buffer.BufferType & !SECBUFFER_ATTRMASK == SECBUFFER_TOKEN
                && status >= 0
                && !buffer.pvBuffer.is_null()
            {
                // SAFETY: the library guarantees cbBuffer bytes there.
                token = Some(
                    unsafe {
                        std::slice::from_raw_parts(buffer.pvBuffer.cast(), buffer.cbBuffer as usize)
                    }
                    .to_vec(),
                );
            }
            if allocated && !buffer.pvBuffer.is_null() && status != SEC_E_INVALID_PARAMETER {
                // SAFETY: the buffer is not used again.
                assert_eq!(unsafe { FreeContextBuffer(buffer.pvBuffer) }, SEC_E_OK);
            }
        }
        token
    }
}

/// `pieces` as an argument: NULL if there are none.
fn argument(owned: &mut Option<Owned>, desc: &mut SecBufferDesc) -> PSecBufferDesc {
    match owned {
        None => null_mut(),
        Some(owned) => {
            *desc = owned.desc();
            desc
        }
    }
}

const NO_DESC: SecBufferDesc = SecBufferDesc { ulVersion: 0, cBuffers: 0, pBuffers: null_mut() };

#[derive(Default)]
struct Machine {
    contexts: Vec<SecHandle>,
    credentials: Vec<SecHandle>,
    /// The last token that a server, and that a client, made.
    from_server: Vec<u8>,
    from_client: Vec<u8>,
}

/// This host, since both sides are one process.
static TARGET: LazyLock<Vec<u16>> = LazyLock::new(|| {
    wide(&format!("HTTP/{}", negossp::config::Settings::default().server.nb_computer))
});

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

impl Machine {
    fn new(program: &Program) -> Machine {
        let mut machine = Machine::default();
        let mut package = wide(if program.package { "Negotiate" } else { "NTLM" });
        for direction in [SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND] {
            let wrong = program.wrong_password && direction == SECPKG_CRED_OUTBOUND;
            let [mut user, mut domain, mut password] =
                ["alice", "EXAMPLE", if wrong { "wrong" } else { "Passw0rd!" }].map(wide);
            let mut identity = SEC_WINNT_AUTH_IDENTITY {
                User: user.as_mut_ptr(),
                UserLength: user.len() as u32 - 1,
                Domain: domain.as_mut_ptr(),
                DomainLength: domain.len() as u32 - 1,
                Password: password.as_mut_ptr(),
                PasswordLength: password.len() as u32 - 1,
                Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
            };
            let mut handle = SecHandle { dwLower: 0, dwUpper: 0 };
            // SAFETY: every pointer is valid for its type.
            let status = unsafe {
                AcquireCredentialsHandleW(
                    null_mut(),
                    package.as_mut_ptr(),
                    direction,
                    null_mut(),
                    (&raw mut identity).cast(),
                    None,
                    null_mut(),
                    &mut handle,
                    null_mut(),
                )
            };
            assert_eq!(status, SEC_E_OK);
            machine.credentials.push(handle);
        }
        machine
    }

    fn handle(&self, handle: &Handle) -> Option<SecHandle> {
        let choose =
            |list: &[SecHandle], n: u8| list.get(usize::from(n) % list.len().max(1)).copied();
        match handle {
            Handle::Context(n) => choose(&self.contexts, *n),
            Handle::Credential(n) => choose(&self.credentials, *n),
            Handle::Null => None,
            Handle::Words(dwLower, dwUpper) => {
                Some(SecHandle { dwLower: *dwLower, dwUpper: *dwUpper })
            }
        }
    }

    fn step(&mut self, step: &Step, accept: bool) -> SECURITY_STATUS {
        let peer = if accept { self.from_client.clone() } else { self.from_server.clone() };
        let mut input = step.input.as_ref().map(|pieces| Owned::new(pieces, &peer));
        let mut output = step.output.as_ref().map(|pieces| Owned::new(pieces, &[]));
        let (mut input_desc, mut output_desc) = (NO_DESC, NO_DESC);
        let (mut credential, mut context) =
            (self.handle(&step.credential), self.handle(&step.context));
        let mut new_context = SecHandle { dwLower: 0, dwUpper: 0 };
        let (mut attributes, mut expiry) = (0, TimeStamp { QuadPart: 0 });
        let credential = credential.as_mut().map_or(null_mut(), |handle| &raw mut *handle);
        let context = context.as_mut().map_or(null_mut(), |handle| &raw mut *handle);
        let pInput = argument(&mut input, &mut input_desc);
        let pOutput = argument(&mut output, &mut output_desc);
        let new = if step.new_context { &raw mut new_context } else { null_mut() };
        let attributes = if step.attributes { &raw mut attributes } else { null_mut() };
        let expiry = if step.expiry { &raw mut expiry } else { null_mut() };
        // SAFETY: every pointer is NULL or valid for its type.
        let status = unsafe {
            if accept {
                AcceptSecurityContext(
                    credential,
                    context,
                    pInput,
                    step.requirements,
                    0,
                    new,
                    pOutput,
                    attributes,
                    expiry,
                )
            } else {
                InitializeSecurityContextW(
                    credential,
                    context,
                    TARGET.as_ptr().cast_mut(),
                    step.requirements,
                    0,
                    0,
                    pInput,
                    0,
                    new,
                    pOutput,
                    attributes,
                    expiry,
                )
            }
        };
        if let Some(token) = output.as_mut().and_then(|output| output.output(status)) {
            *(if accept { &mut self.from_server } else { &mut self.from_client }) = token;
        }
        if status >= 0 && (new_context.dwLower, new_context.dwUpper) != (0, 0) && context.is_null()
        {
            self.contexts.push(new_context);
        }
        status
    }

    /// Contexts of a correct conversation.
    fn converse(
        &mut self,
        server_requirements: u32,
        client_requirements: u32,
        wrong_password: bool,
    ) {
        let (mut server, mut client) = (Handle::Null, Handle::Null);
        self.from_server.clear();
        self.from_client.clear();
        for round in 0..6 {
            for accept in [false, true] {
                let context =
                    std::mem::replace(if accept { &mut server } else { &mut client }, Handle::Null);
                let first = matches!(context, Handle::Null);
                let step = Step {
                    credential: Handle::Credential(if accept { 0 } else { 1 }),
                    context,
                    input: (round > 0 || accept)
                        .then(|| vec![Piece { kind: Kind::Token, content: Content::Token }]),
                    requirements: if accept { server_requirements } else { client_requirements },
                    new_context: true,
                    output: Some(vec![Piece { kind: Kind::Token, content: Content::Space(4096) }]),
                    attributes: true,
                    expiry: true,
                };
                let status = self.step(&step, accept);
                if status < 0 {
                    return;
                }
                let made = if first {
                    Handle::Context((self.contexts.len() - 1) as u8)
                } else {
                    step.context
                };
                *(if accept { &mut server } else { &mut client }) = made;
                if accept && status == SEC_E_OK {
                    assert!(
                        !wrong_password || server_requirements & ASC_REQ_ALLOW_NULL_SESSION != 0
                    );
                    return;
                }
            }
        }
    }

    fn call(&mut self, call: &Call, program: &Program) {
        match call {
            Call::Converse { server_requirements, client_requirements } => {
                if self.contexts.len() < 16 && self.credentials.len() == 2 {
                    self.converse(
                        *server_requirements,
                        *client_requirements,
                        program.wrong_password,
                    );
                }
            }
            Call::Accept(step) => drop(self.step(step, true)),
            Call::Initiate(step) => drop(self.step(step, false)),
            Call::Complete { context, output } => {
                let mut output =
                    output.as_ref().map(|pieces| Owned::new(pieces, &self.from_server));
                let mut desc = NO_DESC;
                let mut context = self.handle(context);
                let context = context.as_mut().map_or(null_mut(), |handle| &raw mut *handle);
                // SAFETY: every pointer is NULL or valid for its type.
                let status =
                    unsafe { CompleteAuthToken(context, argument(&mut output, &mut desc)) };
                output.as_mut().and_then(|output| output.output(status));
            }
            Call::Query { context, attribute, ansi, length } => {
                let mut context = self.handle(context);
                let context = context.as_mut().map_or(null_mut(), |handle| &raw mut *handle);
                let mut answer = vec![0usize; length.map_or(256, usize::from) / size_of::<usize>()];
                let bytes = (answer.len() * size_of::<usize>()) as u32;
                let buffer: *mut c_void = answer.as_mut_ptr().cast();
                let attribute = u32::from(*attribute);
                // SAFETY: there is room for every attribute, or the length is passed.
                let status = unsafe {
                    match (ansi, length) {
                        (false, None) => QueryContextAttributesW(context, attribute, buffer),
                        (true, None) => QueryContextAttributesA(context, attribute, buffer),
                        (false, Some(_)) => {
                            QueryContextAttributesExW(context, attribute, buffer, bytes)
                        }
                        (true, Some(_)) => {
                            QueryContextAttributesExA(context, attribute, buffer, bytes)
                        }
                    }
                };
                if status == SEC_E_OK {
                    free_each(&answer);
                }
            }
            Call::QueryCredentials { credential, attribute, ansi } => {
                let mut credential = self.handle(credential);
                let credential = credential.as_mut().map_or(null_mut(), |handle| &raw mut *handle);
                let mut answer = [0usize; 32];
                let buffer: *mut c_void = answer.as_mut_ptr().cast();
                // SAFETY: there is room for every attribute.
                let status = unsafe {
                    if *ansi {
                        QueryCredentialsAttributesA(credential, u32::from(*attribute), buffer)
                    } else {
                        QueryCredentialsAttributesW(credential, u32::from(*attribute), buffer)
                    }
                };
                if status == SEC_E_OK {
                    free_each(&answer);
                }
            }
            Call::Message { context, what, pieces, qop, number } => {
                let mut owned = pieces.as_ref().map(|pieces| Owned::new(pieces, &self.from_client));
                let mut desc = NO_DESC;
                let mut context = self.handle(context);
                let context = context.as_mut().map_or(null_mut(), |handle| &raw mut *handle);
                let message = argument(&mut owned, &mut desc);
                let mut found = 0;
                // SAFETY: every pointer is NULL or valid for its type.
                unsafe {
                    match what {
                        What::Make => MakeSignature(context, *qop, message, *number),
                        What::Verify => VerifySignature(context, message, *number, &mut found),
                        What::Encrypt => EncryptMessage(context, *qop, message, *number),
                        What::Decrypt => DecryptMessage(context, message, *number, &mut found),
                    };
                }
            }
            Call::DeleteContext(handle) => {
                let mut handle = self.handle(handle);
                // SAFETY: NULL or a handle.
                unsafe {
                    DeleteSecurityContext(
                        handle.as_mut().map_or(null_mut(), |handle| &raw mut *handle),
                    )
                };
            }
            Call::FreeCredential(handle) => {
                let mut handle = self.handle(handle);
                // SAFETY: NULL or a handle.
                unsafe {
                    FreeCredentialsHandle(
                        handle.as_mut().map_or(null_mut(), |handle| &raw mut *handle),
                    )
                };
            }
            Call::FreeAny(address) => {
                // SAFETY: the library does not access an address that it did not allocate.
                unsafe { FreeContextBuffer(with_exposed_provenance_mut(*address)) };
            }
        }
    }
}

/// Frees those of these words that are the library's allocations. A package's description holds
/// only pointers into itself.
fn free_each(words: &[usize]) {
    for &word in words {
        // SAFETY: the library ignores pointers that it did not allocate.
        unsafe { FreeContextBuffer(with_exposed_provenance_mut(word)) };
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for handle in &mut self.contexts {
            // SAFETY: a handle.
            unsafe { DeleteSecurityContext(handle) };
        }
        for handle in &mut self.credentials {
            // SAFETY: a handle.
            unsafe { FreeCredentialsHandle(handle) };
        }
    }
}

fuzz_target!(|program: Program| {
    let mut machine = Machine::new(&program);
    for call in program.calls.iter().take(32) {
        machine.call(call, &program);
    }
});
