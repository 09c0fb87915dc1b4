//! The C interface with arguments that share memory: all that a program passes, handles, strings,
//! descriptors, buffers, identities and places for results, lies in one arena, anywhere, one upon
//! the other. Nothing outside of it is touched.
//!
//! What a call begins with is what a C program may pass: a descriptor leads to buffers in the arena,
//! a string ends there. What the library writes may change that; it must have read it before. The
//! results are anybody's guess where they overlap, except for new handles, which are written last.

#![no_main]
#![allow(non_snake_case)] // the documentation's names

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use negossp::entry::abi::*;
use negossp::entry::boundary::memory;
use negossp::entry::exports::*;
use negossp_fuzz::abi::arena::{Arena, Layout, Place, SIZE};
use negossp_fuzz::abi::attributes::{Attribute, OF_CONTEXTS};
use negossp_fuzz::abi::{NO_HANDLE, free_each, setup};
use negossp_fuzz::kerberos::{self, Request};
use negossp_fuzz::{PASSWORD, USER};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug, Arbitrary)]
struct Program {
    memory: Vec<u8>,
    legs: [Leg; 4],
    calls: Vec<Call>,
}

/// One call of AcceptSecurityContext or InitializeSecurityContext.
#[derive(Debug, Arbitrary)]
struct Leg {
    credential: Place,
    context: Place,
    new_context: Option<Place>,
    target: Place,
    input: Layout,
    output: Layout,
    requirements: u32,
    attributes: Option<Place>,
    expiry: Option<Place>,
}

#[derive(Debug, Arbitrary)]
enum Call {
    Kerberos {
        request: Request,
        leg: Box<Leg>,
    },
    Complete {
        context: Place,
        output: Layout,
    },
    Message {
        of_client: bool,
        what: u8,
        context: Place,
        message: Layout,
        number: u32,
        found: Place,
    },
    Query {
        of_client: bool,
        context: Place,
        attribute: Attribute,
        answer: Place,
        length: Option<u8>,
    },
    SetAddress {
        context: Place,
        address: Place,
        length: u8,
    },
    Token {
        context: Place,
        token: Place,
    },
    Export {
        context: Place,
        packed: Place,
        token: Place,
        flags: u8,
    },
    Import {
        package: Place,
        packed: Place,
        at: Place,
        length: Option<u16>,
        context: Place,
    },
    Acquire {
        package: Place,
        identity: Identity,
        handle: Place,
        expiry: Place,
        usage: u8,
    },
    Add {
        credential: Place,
        package: Place,
        identity: Identity,
        expiry: Place,
        usage: u8,
    },
    Identity {
        what: u8,
        identity: Identity,
        results: [Place; 5],
        name: Place,
    },
    OfStrings {
        strings: [Place; 3],
        result: Place,
    },
    Unmarshal {
        bytes: Place,
        length: u16,
        result: Place,
    },
    ChangePassword {
        names: [Place; 5],
        output: Layout,
    },
    BindingFlags {
        at: Place,
        data: Place,
        length: u8,
        flags: bool,
    },
    Packages {
        count: Place,
        list: Place,
        name: Option<Place>,
    },
    Fill {
        at: Place,
        bytes: Vec<u8>,
    },
}

/// A SEC_WINNT_AUTH_IDENTITY and its strings.
#[derive(Debug, Clone, Copy, Arbitrary)]
struct Identity {
    at: Place,
    names: [Place; 3],
    extended: bool,
}

struct Shared(Arena);

// SAFETY: the fuzzer runs in one thread.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

static ARENA: LazyLock<Shared> = LazyLock::new(|| Shared(Arena::new()));

struct Machine {
    arena: &'static Arena,
    server: SecHandle,
    client: SecHandle,
    /// Contexts that are established: the server's and the client's.
    contexts: [SecHandle; 2],
    made: Vec<SecHandle>,
    acquired: Vec<SecHandle>,
    packed: Vec<u8>,
}

fuzz_target!(|program: Program| {
    setup::configure(true);
    let arena = &ARENA.0;
    arena.fill(&program.memory);
    let mut machine = Machine {
        arena,
        server: setup::server("Negotiate"),
        client: setup::client("NTLM", false),
        contexts: [NO_HANDLE; 2],
        made: Vec::new(),
        acquired: Vec::new(),
        packed: Vec::new(),
    };
    machine.converse(&program.legs);
    for call in program.calls.iter().take(24) {
        machine.call(call);
    }
    machine.finish();
});

impl Machine {
    /// A conversation whose legs are laid out so. Where they overlap it may fail.
    fn converse(&mut self, legs: &[Leg; 4]) {
        let mut token = None;
        for (n, leg) in legs.iter().enumerate() {
            let accept = n % 2 == 1;
            let place = usize::from(!accept);
            let old = self.contexts[place];
            match self.leg(leg, accept, old, token.as_deref()) {
                Some((status, context, made)) if status >= 0 => {
                    if old == NO_HANDLE {
                        self.contexts[place] = context;
                    }
                    token = Some(made);
                }
                _ => return,
            }
        }
    }

    /// The status, the new context and the token of a leg that could be laid out.
    fn leg(
        &mut self,
        leg: &Leg,
        accept: bool,
        old: SecHandle,
        token: Option<&[u8]>,
    ) -> Option<(SECURITY_STATUS, SecHandle, Vec<u8>)> {
        let arena = self.arena;
        let target = arena.wide(leg.target, "HTTP/localhost");
        let pInput = arena.lay_out(&leg.input, token);
        let pOutput = arena.lay_out(&leg.output, None);
        let credential = if accept { self.server } else { self.client };
        let phCredential = arena.put(leg.credential, credential);
        let phContext = if old == NO_HANDLE { null_mut() } else { arena.put(leg.context, old) };
        let new = leg.new_context.map_or(phContext, |place| arena.at::<SecHandle>(place));
        let attributes = leg.attributes.map_or(null_mut(), |place| arena.at::<ULONG>(place));
        let expiry = leg.expiry.map_or(null_mut(), |place| arena.at::<TimeStamp>(place));
        arena.is_valid(pInput)?;
        let out = arena.is_valid(pOutput)?;
        if !arena.is_string(target) {
            return None;
        }
        let required = leg.requirements;
        // SAFETY: every pointer is NULL or points to what its type says, in the arena.
        let status = unsafe {
            match accept {
                true => AcceptSecurityContext(
                    phCredential,
                    phContext,
                    pInput,
                    required,
                    0,
                    new,
                    pOutput,
                    attributes,
                    expiry,
                ),
                false => InitializeSecurityContextW(
                    phCredential,
                    phContext,
                    target,
                    required,
                    0,
                    0,
                    pInput,
                    0,
                    new,
                    pOutput,
                    attributes,
                    expiry,
                ),
            }
        };
        let mut context = NO_HANDLE;
        if !new.is_null() && phContext.is_null() && status >= 0 {
            context = arena.read(new);
            self.made.push(context);
        }
        let token = out.map(|out| arena.copy(out.at, out.length)).unwrap_or_default();
        Some((status, context, token))
    }

    /// The handle of a context, in the arena.
    fn context(&self, of_client: bool, place: Place) -> *mut SecHandle {
        self.arena.put(place, self.contexts[usize::from(of_client)])
    }

    /// An identity in the arena; `None` if its parts have overwritten one another.
    fn identity(&self, identity: &Identity) -> Option<*mut c_void> {
        let arena = self.arena;
        let [user, domain, password] = [
            (identity.names[0], USER),
            (identity.names[1], "EXAMPLE"),
            (identity.names[2], PASSWORD),
        ]
        .map(|(place, text)| (arena.wide(place, text), text.len() as u32));
        let plain = SEC_WINNT_AUTH_IDENTITY {
            User: user.0,
            UserLength: user.1,
            Domain: domain.0,
            DomainLength: domain.1,
            Password: password.0,
            PasswordLength: password.1,
            Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
        };
        if !identity.extended {
            return Some(arena.put(identity.at, plain).cast());
        }
        let extended = SEC_WINNT_AUTH_IDENTITY_EX {
            Version: SEC_WINNT_AUTH_IDENTITY_VERSION,
            Length: size_of::<SEC_WINNT_AUTH_IDENTITY_EX<u16>>() as u32,
            User: user.0,
            UserLength: user.1,
            Domain: domain.0,
            DomainLength: domain.1,
            Password: password.0,
            PasswordLength: password.1,
            Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
            PackageList: null_mut(),
            PackageListLength: 0,
        };
        Some(arena.put(identity.at, extended).cast())
    }

    fn call(&mut self, call: &Call) -> Option<()> {
        let arena = self.arena;
        // SAFETY: every pointer is NULL or points to what its type says, in the arena.
        unsafe {
            match call {
                Call::Fill { at, bytes } => drop(arena.write(*at, bytes)),
                Call::Kerberos { request, leg } => {
                    let now = negossp::platform::now().unix_seconds();
                    let request = Request { user_to_user: false, ..request.clone() };
                    let token = kerberos::framed(&request.at(now).ap_req);
                    self.leg(leg, true, NO_HANDLE, Some(&token));
                }
                Call::Complete { context, output } => {
                    let output = arena.lay_out(output, None);
                    let context = self.context(false, *context);
                    arena.is_valid(output)?;
                    CompleteAuthToken(context, output);
                }
                Call::Message { of_client, what, context, message, number, found } => {
                    let message = arena.lay_out(message, None);
                    let context = self.context(*of_client, *context);
                    let found = arena.at::<ULONG>(*found);
                    arena.is_valid(message)?;
                    match what % 4 {
                        0 => MakeSignature(context, 0, message, *number),
                        1 => VerifySignature(context, message, *number, found),
                        2 => EncryptMessage(context, 0, message, *number),
                        _ => DecryptMessage(context, message, *number, found),
                    };
                }
                Call::Query { of_client, context, attribute, answer, length } => {
                    let (attribute, size) = attribute.of(OF_CONTEXTS);
                    let context = self.context(*of_client, *context);
                    let bytes = length.map_or(size, usize::from);
                    let answer = arena.bytes(*answer, bytes);
                    let status = match length {
                        None => QueryContextAttributesW(context, attribute, answer.cast()),
                        Some(length) => QueryContextAttributesExW(
                            context,
                            attribute,
                            answer.cast(),
                            ULONG::from(*length),
                        ),
                    };
                    if status == SEC_E_OK {
                        free_words(arena, answer.addr(), bytes);
                    }
                }
                Call::SetAddress { context, address, length } => {
                    let context = self.context(false, *context);
                    let address = arena.bytes(*address, usize::from(*length));
                    let length = ULONG::from(*length);
                    SetContextAttributesW(context, 0x4e53_0004, address.cast(), length);
                }
                Call::Token { context, token } => {
                    let context = self.context(false, *context);
                    let token = arena.at::<HANDLE>(*token);
                    if QuerySecurityContextToken(context, token) == SEC_E_OK {
                        assert_eq!(NegosspCloseToken(arena.read(token)), SEC_E_OK);
                    }
                }
                Call::Export { context, packed, token, flags } => {
                    let context = self.context(false, *context);
                    let packed = arena.at::<SecBuffer>(*packed);
                    let token = arena.at::<*mut c_void>(*token);
                    let flags = u32::from(flags & 1);
                    if ExportSecurityContext(context, flags, packed, token) == SEC_E_OK {
                        let buffer = arena.read(packed);
                        let length = buffer.cbBuffer as usize;
                        self.packed =
                            std::slice::from_raw_parts(buffer.pvBuffer.cast(), length).to_vec();
                        free_each(&[buffer.pvBuffer.addr()]);
                    }
                }
                Call::Import { package, packed, at, length, context } => {
                    let package = arena.wide(*package, "Negotiate");
                    let (start, length) = match length {
                        None => (arena.write(*at, &self.packed), self.packed.len().min(SIZE)),
                        Some(length) => {
                            let length = usize::from(*length) % (SIZE + 1);
                            (arena.bytes(*at, length), length)
                        }
                    };
                    let buffer = SecBuffer {
                        cbBuffer: length as ULONG,
                        BufferType: SECBUFFER_EMPTY,
                        pvBuffer: start.cast(),
                    };
                    let packed = arena.put(*packed, buffer);
                    let context = arena.at::<SecHandle>(*context);
                    if !arena.is_string(package) {
                        return None;
                    }
                    let status = ImportSecurityContextW(package, packed, null_mut(), context);
                    if status == SEC_E_OK {
                        self.made.push(arena.read(context));
                    }
                }
                Call::Acquire { package, identity, handle, expiry, usage } => {
                    let package = arena.wide(*package, "NTLM");
                    let data = self.identity(identity)?;
                    let (handle, expiry) = (arena.at(*handle), arena.at(*expiry));
                    if !arena.is_string(package) || !self.is_identity(data, identity) {
                        return None;
                    }
                    let status = AcquireCredentialsHandleW(
                        null_mut(),
                        package,
                        u32::from(usage % 4),
                        null_mut(),
                        data,
                        None,
                        null_mut(),
                        handle,
                        expiry,
                    );
                    if status == SEC_E_OK {
                        self.acquired.push(arena.read(handle));
                    }
                }
                Call::Add { credential, package, identity, expiry, usage } => {
                    let package = arena.wide(*package, "NTLM");
                    let data = self.identity(identity)?;
                    let credential = arena.put(*credential, self.server);
                    if !arena.is_string(package) || !self.is_identity(data, identity) {
                        return None;
                    }
                    AddCredentialsW(
                        credential,
                        null_mut(),
                        package,
                        u32::from(usage % 4),
                        data,
                        None,
                        null_mut(),
                        arena.at(*expiry),
                    );
                }
                Call::Identity { what, identity, results, name } => {
                    self.with_identity(*what, identity, *results, *name)?;
                }
                Call::OfStrings { strings, result } => {
                    let texts = [USER, "EXAMPLE", PASSWORD];
                    let mut at = [null_mut(); 3];
                    for (n, (place, text)) in strings.iter().zip(texts).enumerate() {
                        at[n] = arena.wide(*place, text);
                    }
                    if !at.iter().all(|at| arena.is_string(*at)) {
                        return None;
                    }
                    let result = arena.at(*result);
                    let status = SspiEncodeStringsAsAuthIdentity(at[0], at[1], at[2], result);
                    if status == SEC_E_OK {
                        SspiFreeAuthIdentity(arena.read(result));
                    }
                }
                Call::Unmarshal { bytes, length, result } => {
                    let length = usize::from(*length) % (SIZE + 1);
                    let (bytes, result) = (arena.bytes(*bytes, length), arena.at(*result));
                    let status = SspiUnmarshalAuthIdentity(length as ULONG, bytes.cast(), result);
                    if status == SEC_E_OK {
                        SspiFreeAuthIdentity(arena.read(result));
                    }
                }
                Call::ChangePassword { names, output } => {
                    let output = arena.lay_out(output, None);
                    let (user, password) = setup::IN_FILE;
                    let texts = ["NTLM", "EXAMPLE", user, "wrong", password];
                    let mut at = [null_mut(); 5];
                    for (n, (place, text)) in names.iter().zip(texts).enumerate() {
                        at[n] = arena.wide(*place, text);
                    }
                    if !at.iter().all(|at| arena.is_string(*at)) {
                        return None;
                    }
                    arena.is_valid(output)?;
                    ChangeAccountPasswordW(at[0], at[1], at[2], at[3], at[4], 0, 0, output);
                }
                Call::BindingFlags { at, data, length, flags } => {
                    let bindings = SecPkgContext_Bindings {
                        BindingsLength: u32::from(*length),
                        Bindings: arena.bytes(*data, usize::from(*length)).cast(),
                    };
                    let own = bindings.Bindings;
                    let at = arena.put(*at, bindings);
                    let status = SspiSetChannelBindingFlags(at, u32::from(*flags));
                    let bindings = arena.read(at).Bindings;
                    if status == SEC_E_OK && bindings != own {
                        assert_eq!(FreeContextBuffer(bindings.cast()), SEC_E_OK);
                    }
                }
                Call::Packages { count, list, name } => match name {
                    None => {
                        EnumerateSecurityPackagesW(arena.at(*count), arena.at(*list));
                    }
                    Some(name) => {
                        let name = arena.wide(*name, "Kerberos");
                        QuerySecurityPackageInfoW(name, arena.at(*list));
                    }
                },
            }
        }
        Some(())
    }

    /// Whether the identity's strings still lie in the arena.
    fn is_identity(&self, data: *mut c_void, identity: &Identity) -> bool {
        let arena = self.arena;
        // Which form it is, the first member of the EX form says.
        let version = arena.read(data.cast::<u32>());
        if [SEC_WINNT_AUTH_IDENTITY_VERSION, SEC_WINNT_AUTH_IDENTITY_VERSION_2].contains(&version)
            != identity.extended
        {
            return false;
        }
        if identity.extended {
            let read = arena.read(data.cast::<SEC_WINNT_AUTH_IDENTITY_EX<u16>>());
            return version == SEC_WINNT_AUTH_IDENTITY_VERSION
                && arena.is_text(read.User, read.UserLength)
                && arena.is_text(read.Domain, read.DomainLength)
                && arena.is_text(read.Password, read.PasswordLength)
                && arena.is_text(read.PackageList, read.PackageListLength);
        }
        let read = arena.read(data.cast::<SEC_WINNT_AUTH_IDENTITY<u16>>());
        arena.is_text(read.User, read.UserLength)
            && arena.is_text(read.Domain, read.DomainLength)
            && arena.is_text(read.Password, read.PasswordLength)
    }

    /// The functions of identities.
    unsafe fn with_identity(
        &self,
        what: u8,
        identity: &Identity,
        results: [Place; 5],
        name: Place,
    ) -> Option<()> {
        let arena = self.arena;
        let name = arena.wide(name, "NTLM");
        let data = self.identity(identity)?;
        if !self.is_identity(data, identity) || !arena.is_string(name) {
            return None;
        }
        // SAFETY: an identity, a string, and places for results, in the arena.
        unsafe {
            let free = |status: SECURITY_STATUS, memory: *mut c_void| {
                if status == SEC_E_OK {
                    SspiLocalFree(memory);
                }
            };
            match what % 10 {
                0 => {
                    let copy = arena.at(results[0]);
                    free(SspiCopyAuthIdentity(data, copy), arena.read(copy));
                }
                1 => {
                    let other = arena.at(results[0]);
                    free(SspiExcludePackage(data, name, other), arena.read(other));
                }
                2 => {
                    let (length, bytes) = (arena.at(results[0]), arena.at(results[1]));
                    SspiMarshalAuthIdentity(data, length, bytes);
                    SspiLocalFree(arena.read(bytes).cast());
                }
                3 => {
                    let at = [0, 1, 2].map(|n| arena.at::<*const u16>(results[n]));
                    SspiEncodeAuthIdentityAsStrings(data, at[0], at[1], at[2]);
                    at.into_iter().for_each(|at| SspiLocalFree(arena.read(at).cast_mut().cast()));
                }
                4 => {
                    SspiEncryptAuthIdentity(data);
                    if self.is_identity(data, identity) {
                        SspiDecryptAuthIdentity(data);
                    }
                }
                5 => {
                    SspiValidateAuthIdentity(data);
                    SspiIsAuthIdentityEncrypted(data);
                }
                6 => {
                    let (user, same) = (arena.at(results[0]), arena.at(results[1]));
                    SspiCompareAuthIdentities(data, data, user, same);
                }
                7 => {
                    let (kind, target) = (arena.at(results[0]), arena.at(results[1]));
                    SspiPrepareForCredRead(data, name, kind, target);
                    SspiLocalFree(arena.read(target).cast_mut().cast());
                }
                8 => {
                    let (kind, length) = (arena.at(results[0]), arena.at(results[1]));
                    let (target, user) = (arena.at(results[2]), arena.at(results[3]));
                    let blob = arena.at(results[4]);
                    SspiPrepareForCredWrite(data, name, kind, target, user, blob, length);
                    SspiLocalFree(arena.read(target).cast_mut().cast());
                    SspiLocalFree(arena.read(user).cast_mut().cast());
                    SspiLocalFree(arena.read(blob).cast());
                }
                _ => SspiZeroAuthIdentity(data),
            }
        }
        Some(())
    }

    fn finish(self) {
        for mut handle in self.made {
            // SAFETY: a handle.
            let status = unsafe { DeleteSecurityContext(&mut handle) };
            assert_eq!(status, SEC_E_OK, "a new context");
        }
        for mut handle in self.acquired.into_iter().chain([self.server, self.client]) {
            // SAFETY: a handle.
            assert_eq!(unsafe { FreeCredentialsHandle(&mut handle) }, SEC_E_OK, "credentials");
        }
        // Pointers that nothing has overwritten. What the others point to is lost.
        static LOST: AtomicUsize = AtomicUsize::new(0);
        if memory::in_use() > LOST.load(Ordering::Relaxed) {
            let start = self.arena.bytes(0, SIZE).addr();
            free_words(self.arena, start, SIZE);
            LOST.store(memory::in_use(), Ordering::Relaxed);
        }
    }
}

/// Frees what the pointers in these bytes of the arena point to, where that is the library's.
fn free_words(arena: &Arena, start: usize, length: usize) {
    for word in arena.copy(start, length).windows(size_of::<usize>()) {
        free_each(&[usize::from_ne_bytes(word.try_into().unwrap())]);
    }
}
