//! sspi-rs as a peer of the benchmark: its Rust API, which is how it is used on servers (through
//! its own C library an acceptor completes for raw NTLM only).

use sspi::ntlm::NtlmConfig;
use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialsBuffers,
    DataRepresentation, EncryptionFlags, Negotiate, NegotiateConfig, Ntlm, SecurityBuffer,
    SecurityBufferRef, SecurityStatus, ServerRequestFlags, Sspi, SspiImpl, Username,
};
use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::sync::OnceLock;

const TOKEN_MAX: usize = 4096;
const SIGNATURE_SIZE: usize = 16;

/// `token` of peer.h.
#[repr(C)]
pub struct Token {
    size: u32,
    data: [u8; TOKEN_MAX],
}

/// `context` of peer.h; `handle[0]` is a `Box<Party>`.
#[repr(C)]
pub struct Context {
    handle: [usize; 2],
    open: u32,
    established: u32,
    sent: u32,
    received: u32,
}

/// `peer` of peer.h.
#[repr(C)]
pub struct Peer {
    name: *const c_char,
    start_acceptor: extern "C" fn(c_int),
    start_initiator: extern "C" fn(c_int),
    accept: extern "C" fn(&mut Context, &Token, &mut Token),
    initiate: extern "C" fn(&mut Context, &Token, &mut Token),
    close: extern "C" fn(&mut Context),
    seal: unsafe extern "C" fn(&mut Context, *mut u8, usize) -> *mut u8,
    unseal: unsafe extern "C" fn(&mut Context, *mut u8, usize) -> *mut u8,
    sign: unsafe extern "C" fn(&mut Context, *mut u8, usize),
    verify: unsafe extern "C" fn(&mut Context, *mut u8, usize),
}
// SAFETY: it is constant; the name is a literal.
unsafe impl Sync for Peer {}

/// What a server process holds for all its connections.
struct Shared {
    spnego: bool,
    identity: AuthIdentity,
    buffers: AuthIdentityBuffers,
}
static SHARED: OnceLock<Shared> = OnceLock::new();

fn shared() -> &'static Shared {
    SHARED.get().expect("start comes first")
}

/// The credentials as `accept_security_context` wants them, one per thread since it takes them by
/// `&mut`.
struct Credentials {
    ntlm: Option<AuthIdentityBuffers>,
    negotiate: Option<CredentialsBuffers>,
}
thread_local! {
    static CREDENTIALS: RefCell<Credentials> = RefCell::new(Credentials {
        ntlm: Some(shared().buffers.clone()),
        negotiate: Some(CredentialsBuffers::AuthIdentity(shared().buffers.clone())),
    });
}

/// One side's context, built per connection.
#[allow(clippy::large_enum_variant)] // boxed as a whole
enum Party {
    Ntlm(Ntlm),
    Negotiate(Negotiate),
}

impl Party {
    fn new(acceptor: bool) -> Party {
        if !shared().spnego {
            return Party::Ntlm(Ntlm::with_config(NtlmConfig::default()));
        }
        let config = NegotiateConfig::new(
            Box::new(NtlmConfig::default()),
            Some("ntlm,!kerberos".into()),
            "HOST".into(),
        );
        let made = if acceptor {
            Negotiate::new_server(config, vec![shared().identity.clone()])
        } else {
            Negotiate::new_client(config)
        };
        Party::Negotiate(made.expect("Negotiate"))
    }
}

fn accept_step<C: Sspi + SspiImpl>(
    server: &mut C,
    credentials: &mut C::CredentialsHandle,
    input: &mut [SecurityBuffer],
    output: &mut [SecurityBuffer],
) -> bool {
    let flags = ServerRequestFlags::CONFIDENTIALITY
        | ServerRequestFlags::INTEGRITY
        | ServerRequestFlags::REPLAY_DETECT
        | ServerRequestFlags::SEQUENCE_DETECT;
    let status = {
        let call = server
            .accept_security_context()
            .with_credentials_handle(credentials)
            .with_context_requirements(flags)
            .with_target_data_representation(DataRepresentation::Native)
            .with_input(input)
            .with_output(output);
        let mut accepting =
            server.accept_security_context_impl(call).expect("accept_security_context");
        accepting.resolve_to_result().expect("accept_security_context").status
    };
    if matches!(status, SecurityStatus::CompleteNeeded | SecurityStatus::CompleteAndContinue) {
        server.complete_auth_token(output).expect("complete_auth_token");
    }
    !matches!(status, SecurityStatus::ContinueNeeded | SecurityStatus::CompleteAndContinue)
}

fn initiate_step<C: Sspi + SspiImpl>(
    client: &mut C,
    credentials: &mut C::CredentialsHandle,
    input: &mut [SecurityBuffer],
    output: &mut [SecurityBuffer],
) -> bool {
    let flags = ClientRequestFlags::CONFIDENTIALITY
        | ClientRequestFlags::INTEGRITY
        | ClientRequestFlags::REPLAY_DETECT
        | ClientRequestFlags::SEQUENCE_DETECT;
    let status = {
        let mut call = client
            .initialize_security_context()
            .with_credentials_handle(credentials)
            .with_context_requirements(flags)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name("HTTP/server.bench.test")
            .with_input(input)
            .with_output(output);
        let mut initiating = client
            .initialize_security_context_impl(&mut call)
            .expect("initialize_security_context");
        initiating.resolve_to_result().expect("initialize_security_context").status
    };
    !matches!(status, SecurityStatus::ContinueNeeded | SecurityStatus::CompleteAndContinue)
}

extern "C" fn start(spnego: c_int) {
    SHARED.get_or_init(|| {
        let username = Username::new("alice", Some("BENCH")).expect("a user name");
        let identity = AuthIdentity { username, password: "Passw0rd!".to_owned().into() };
        Shared {
            spnego: spnego != 0,
            buffers: AuthIdentityBuffers::from(identity.clone()),
            identity,
        }
    });
}

/// One leg of either side.
macro_rules! leg {
    ($context:ident, $given:ident, $made:ident, $acceptor:literal, $step:ident) => {{
        if $context.open == 0 {
            $context.handle[0] = Box::into_raw(Box::new(Party::new($acceptor))) as usize;
            $context.open = 1;
        }
        let mut input =
            [SecurityBuffer::new($given.data[..$given.size as usize].to_vec(), BufferType::Token)];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let done = CREDENTIALS.with_borrow_mut(|credentials| match party($context) {
            Party::Ntlm(s) => $step(s, &mut credentials.ntlm, &mut input, &mut output),
            Party::Negotiate(s) => $step(s, &mut credentials.negotiate, &mut input, &mut output),
        });
        let token = &output[0].buffer;
        $made.data[..token.len()].copy_from_slice(token);
        $made.size = token.len() as u32;
        $context.established = done.into();
    }};
}

extern "C" fn accept(context: &mut Context, given: &Token, made: &mut Token) {
    leg!(context, given, made, true, accept_step)
}

extern "C" fn initiate(context: &mut Context, given: &Token, made: &mut Token) {
    leg!(context, given, made, false, initiate_step)
}

/// The context's party. The driver keeps `handle` as it was set and uses a context on one thread at
/// a time.
fn party(context: &mut Context) -> &mut Party {
    // SAFETY: `leg!` made the box, and only `close` frees it, zeroing the context.
    unsafe { &mut *(context.handle[0] as *mut Party) }
}

extern "C" fn close(context: &mut Context) {
    if context.open != 0 {
        // SAFETY: as in `party`.
        drop(unsafe { Box::from_raw(context.handle[0] as *mut Party) });
    }
    *context = Context { handle: [0; 2], open: 0, established: 0, sent: 0, received: 0 };
}

macro_rules! both {
    ($context:ident, $s:ident => $call:expr) => {
        match party($context) {
            Party::Ntlm($s) => $call,
            Party::Negotiate($s) => $call,
        }
    };
}

/// A message's signature and data.
///
/// # Safety
/// `message` has `SIGNATURE_SIZE + size` octets.
unsafe fn parts<'a>(message: *mut u8, size: usize) -> [SecurityBufferRef<'a>; 2] {
    // SAFETY: the caller's guarantee is passed on.
    let (token, data) = unsafe { std::slice::from_raw_parts_mut(message, SIGNATURE_SIZE + size) }
        .split_at_mut(SIGNATURE_SIZE);
    [SecurityBufferRef::token_buf(token), SecurityBufferRef::data_buf(data)]
}

unsafe extern "C" fn seal(context: &mut Context, message: *mut u8, size: usize) -> *mut u8 {
    let mut parts = unsafe { parts(message, size) };
    both!(context, s => s.encrypt_message(EncryptionFlags::empty(), &mut parts))
        .expect("encrypt_message");
    message
}

unsafe extern "C" fn unseal(context: &mut Context, message: *mut u8, size: usize) -> *mut u8 {
    let mut parts = unsafe { parts(message, size) };
    both!(context, s => s.decrypt_message(&mut parts)).expect("decrypt_message");
    unsafe { message.add(SIGNATURE_SIZE) }
}

unsafe extern "C" fn sign(context: &mut Context, message: *mut u8, size: usize) {
    let mut parts = unsafe { parts(message, size) };
    let sequence = context.sent;
    context.sent += 1;
    both!(context, s => s.make_signature(0, &mut parts, sequence)).expect("make_signature");
}

unsafe extern "C" fn verify(context: &mut Context, message: *mut u8, size: usize) {
    let mut parts = unsafe { parts(message, size) };
    let sequence = context.received;
    context.received += 1;
    both!(context, s => s.verify_signature(&mut parts, sequence)).expect("verify_signature");
}

/// `bench_peer` of peer.h.
#[unsafe(no_mangle)]
pub extern "C" fn bench_peer() -> &'static Peer {
    static PEER: Peer = Peer {
        name: c"sspi-rs".as_ptr(),
        start_acceptor: start,
        start_initiator: start,
        accept,
        initiate,
        close,
        seal,
        unseal,
        sign,
        verify,
    };
    &PEER
}
