//! A program that calls the library: what it holds, and the calls that it makes.

mod credentials;
mod identities;
mod later;
mod messages;
mod packages;
mod queries;
mod steps;
mod tokens;

use super::{NO_HANDLE, check_nothing_leaked, pointer, setup};
use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ffi::c_void;

/// The credentials that a program begins with.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Parties {
    pub package: Package,
    pub wrong_password: bool,
    /// The client's account is in the account file and not in the server's credentials.
    pub in_file: bool,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Package {
    Negotiate,
    Ntlm,
    Kerberos,
}

impl Package {
    fn name(self) -> &'static str {
        match self {
            Package::Negotiate => "Negotiate",
            Package::Ntlm => "NTLM",
            Package::Kerberos => "Kerberos",
        }
    }
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Handle {
    Context(u8),
    Credential(u8),
    /// One that has been ended.
    Ended(u8),
    Null,
    Words(usize, usize),
}

#[derive(Debug, Clone, Arbitrary)]
pub enum Call {
    /// A correct conversation, to the end; both contexts are added to the handles to choose from.
    Converse {
        server_requirements: u32,
        client_requirements: u32,
        later: Option<later::Wait>,
    },
    Kerberos(steps::Kerberos),
    Accept(steps::Step),
    Initiate(steps::Step),
    Complete(steps::Complete),
    Query(queries::Query),
    QueryCredentials(queries::Query),
    Set(queries::Set),
    Message(messages::Message),
    Exchange(messages::Exchange),
    Export {
        context: Handle,
        flags: u32,
    },
    Import(messages::Import),
    Token(tokens::Call),
    Credentials(credentials::Call),
    Identity(identities::Call),
    Package(packages::Call),
    Delete {
        context: Handle,
        later: Option<later::Wait>,
    },
    Free {
        credential: Handle,
        later: Option<later::Wait>,
    },
    FreeAny(usize),
    Control(Handle),
}

/// What the program holds.
pub struct Machine {
    /// Nobody else uses the handles.
    alone: bool,
    parties: Parties,
    /// The credentials of server and client are those that the program began with.
    unchanged: bool,
    contexts: Vec<SecHandle>,
    credentials: Vec<SecHandle>,
    ended: Vec<SecHandle>,
    /// Contexts that have established with one another: the server's and the client's.
    pairs: Vec<(SecHandle, SecHandle)>,
    packed: Vec<messages::Packed>,
    tokens: Vec<HANDLE>,
    /// Contexts and tokens whose client the thread may be impersonating.
    impersonated: Vec<tokens::Impersonated>,
    identities: Vec<*mut c_void>,
    /// The last token that a server, and that a client, made.
    from_server: Vec<u8>,
    from_client: Vec<u8>,
}

// SAFETY: the library's pointers and handles may be used in any thread.
unsafe impl Send for Machine {}

/// More handles than this are not made.
const ENOUGH: usize = 16;

impl Machine {
    pub fn new(parties: Parties) -> Machine {
        setup::configure(false);
        let package = parties.package.name();
        let (server, client) = match parties.in_file {
            true => (setup::acquire(package, SECPKG_CRED_INBOUND, std::ptr::null_mut()), {
                let (user, password) = setup::IN_FILE;
                let password = if parties.wrong_password { "wrong" } else { password };
                let mut account = setup::NameAndPassword::new(user, "EXAMPLE", password);
                let mut identity = account.identity();
                setup::acquire(package, SECPKG_CRED_OUTBOUND, (&raw mut identity).cast())
            }),
            false => {
                (Ok(setup::server(package)), Ok(setup::client(package, parties.wrong_password)))
            }
        };
        let credentials =
            [server, client].map(|made| made.expect("credentials: a handle leaks?")).to_vec();
        Machine::of(parties, true, Vec::new(), credentials)
    }

    /// One for another thread, with the same handles: either may end them.
    pub fn share(&mut self) -> Machine {
        self.alone = false;
        Machine {
            pairs: self.pairs.clone(),
            ended: self.ended.clone(),
            from_server: self.from_server.clone(),
            from_client: self.from_client.clone(),
            ..Machine::of(self.parties, false, self.contexts.clone(), self.credentials.clone())
        }
    }

    fn of(
        parties: Parties,
        alone: bool,
        contexts: Vec<SecHandle>,
        credentials: Vec<SecHandle>,
    ) -> Machine {
        Machine {
            alone,
            parties,
            unchanged: true,
            contexts,
            credentials,
            ended: Vec::new(),
            pairs: Vec::new(),
            packed: Vec::new(),
            tokens: Vec::new(),
            impersonated: Vec::new(),
            identities: Vec::new(),
            from_server: Vec::new(),
            from_client: Vec::new(),
        }
    }

    fn handle(&self, handle: &Handle) -> Option<SecHandle> {
        let choose =
            |list: &[SecHandle], n: u8| list.get(usize::from(n) % list.len().max(1)).copied();
        match handle {
            Handle::Context(n) => choose(&self.contexts, *n),
            Handle::Credential(n) => choose(&self.credentials, *n),
            Handle::Ended(n) => choose(&self.ended, *n),
            Handle::Null => None,
            Handle::Words(dwLower, dwUpper) => {
                Some(SecHandle { dwLower: *dwLower, dwUpper: *dwUpper })
            }
        }
    }

    /// What a function must say of this handle: nothing but that it is none, if it has been ended
    /// or stands for something else.
    fn check_handle(&self, handle: Option<SecHandle>, context: bool, status: SECURITY_STATUS) {
        let Some(handle) = handle else { return assert!(status < 0, "NULL for a handle") };
        let other = if context { &self.credentials } else { &self.contexts };
        if self.ended.contains(&handle) || other.contains(&handle) {
            assert_eq!(status, SEC_E_INVALID_HANDLE, "not a handle, or ended");
        }
    }

    /// A handle of a context that the library has made.
    fn keep_context(&mut self, handle: SecHandle) {
        let none = [NO_HANDLE, SecHandle { dwLower: usize::MAX, dwUpper: usize::MAX }];
        if !none.contains(&handle) {
            self.contexts.push(handle);
        }
    }

    pub fn call(&mut self, call: &Call) {
        match call {
            Call::Converse { server_requirements, client_requirements, later } => {
                self.converse(*server_requirements, *client_requirements, *later);
            }
            Call::Kerberos(kerberos) => self.kerberos(kerberos),
            Call::Accept(step) => drop(self.step(step, true)),
            Call::Initiate(step) => drop(self.step(step, false)),
            Call::Complete(complete) => self.complete(complete),
            Call::Query(query) => self.query_context(query),
            Call::QueryCredentials(query) => self.query_credentials(query),
            Call::Set(set) => self.set(set),
            Call::Message(message) => self.message(message),
            Call::Exchange(exchange) => self.exchange(exchange),
            Call::Export { context, flags } => self.export(context, *flags),
            Call::Import(import) => self.import(import),
            Call::Token(call) => self.token(call),
            Call::Credentials(call) => self.credentials(call),
            Call::Identity(call) => self.identity(call),
            Call::Package(call) => self.package(call),
            Call::Delete { context, later } => self.end(context, true, *later),
            Call::Free { credential, later } => self.end(credential, false, *later),
            Call::FreeAny(address) => super::free_each(&[*address]),
            Call::Control(context) => {
                let mut context = self.handle(context);
                // SAFETY: NULL or a handle.
                let status =
                    unsafe { ApplyControlToken(pointer(&mut context), std::ptr::null_mut()) };
                assert!(status < 0);
            }
        }
    }

    /// Ends a handle, which then is none.
    fn end(&mut self, handle: &Handle, context: bool, later: Option<later::Wait>) {
        let chosen = self.handle(handle);
        let mut handle = chosen;
        let at = pointer(&mut handle);
        // SAFETY: NULL or a handle.
        let end = || unsafe {
            if context { DeleteSecurityContext(at) } else { FreeCredentialsHandle(at) }
        };
        let status = match later {
            None => end(),
            // SAFETY: NULL or a handle.
            Some(wait) => wait.run(|pending| unsafe {
                match context {
                    true => SspiDeleteSecurityContextAsync(pending, at),
                    false => SspiFreeCredentialsHandleAsync(pending, at),
                }
            }),
        };
        if status != later::UNKNOWN {
            self.check_handle(chosen, context, status);
        }
        let Some(chosen) = chosen else { return };
        let (own, other) = match context {
            true => (&mut self.contexts, &self.credentials),
            false => (&mut self.credentials, &self.contexts),
        };
        if status == later::UNKNOWN && own.contains(&chosen) && !other.contains(&chosen) {
            // It is made in any case, and soon.
            later::until(|| end() == SEC_E_INVALID_HANDLE);
        }
        if status == SEC_E_OK || status == later::UNKNOWN {
            let before = own.len();
            own.retain(|held| *held != chosen);
            self.unchanged &= context || own.len() == before;
            if own.len() < before {
                self.ended.push(chosen);
            }
        }
        self.pairs.retain(|(server, client)| *server != chosen && *client != chosen);
    }

    /// Gives everything back that was not the other machine's.
    pub fn finish(mut self) {
        self.stop_impersonating();
        for identity in self.identities.drain(..) {
            // SAFETY: from the library, and not used any more.
            unsafe { SspiFreeAuthIdentity(identity) };
        }
        for token in self.tokens.drain(..) {
            let status = NegosspCloseToken(token);
            assert!(status == SEC_E_OK || !self.alone, "a token is closed once");
        }
        for mut handle in self.contexts.drain(..) {
            // SAFETY: a handle.
            let status = unsafe { DeleteSecurityContext(&mut handle) };
            assert!(status == SEC_E_OK || !self.alone, "a context that the program holds");
        }
        for mut handle in self.credentials.drain(..) {
            // SAFETY: a handle.
            let status = unsafe { FreeCredentialsHandle(&mut handle) };
            assert!(status == SEC_E_OK || !self.alone, "credentials that the program holds");
        }
        self.offer_all_packages();
        if self.alone {
            check_nothing_leaked();
        }
    }
}
