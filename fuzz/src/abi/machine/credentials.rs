//! AcquireCredentialsHandle and AddCredentials, with identities of every form; ChangeAccountPassword.

use super::later::{UNKNOWN, Wait};
use super::{ENOUGH, Handle, Machine, Package};
use crate::abi::setup;
use crate::abi::{NO_HANDLE, pointer, wide};
use crate::{PASSWORD, USER};
use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ffi::c_void;
use std::ptr::null_mut;

#[derive(Debug, Clone, Arbitrary)]
pub enum Call {
    Acquire {
        package: Package,
        usage: u32,
        principal: Option<String>,
        identity: Identity,
        ansi: bool,
        later: Option<Wait>,
    },
    Add {
        credential: Handle,
        package: Package,
        usage: u32,
        principal: Option<String>,
        identity: Identity,
        ansi: bool,
    },
    ChangePassword {
        package: Package,
        user: u8,
        right: bool,
        ansi: bool,
        room: Option<u16>,
    },
}

#[derive(Debug, Clone, Arbitrary)]
pub enum Identity {
    None,
    Alice,
    /// The service with its keytab, in the EX2 form.
    Service,
    /// Name and password in the EX form, with a list of packages.
    Extended {
        user: String,
        list: String,
    },
    /// Any characters in the A form.
    Ansi {
        user: Vec<u8>,
        password: Vec<u8>,
    },
    /// One that the program has made.
    Held(u8),
}

/// An identity in memory.
struct InMemory {
    texts: Vec<Vec<u16>>,
    bytes: Vec<Vec<u8>>,
    block: Vec<u64>,
}

impl InMemory {
    fn put<T>(&mut self, identity: T) -> *mut c_void {
        self.block = vec![0; size_of::<T>().div_ceil(8)];
        // SAFETY: the block is as long and aligned for it.
        unsafe { self.block.as_mut_ptr().cast::<T>().write(identity) };
        self.block.as_mut_ptr().cast()
    }

    fn text(&mut self, text: &str) -> (*mut u16, u32) {
        self.texts.push(wide(text));
        let last = self.texts.last_mut().expect("just pushed");
        (last.as_mut_ptr(), last.len() as u32 - 1)
    }

    fn narrow(&mut self, bytes: &[u8]) -> (*mut i8, u32) {
        self.bytes.push([bytes, &[0]].concat());
        let last = self.bytes.last_mut().expect("just pushed");
        (last.as_mut_ptr().cast(), last.len() as u32 - 1)
    }
}

impl Machine {
    /// `pAuthData`, valid as long as `memory`.
    fn auth_data(&self, identity: &Identity, memory: &mut InMemory) -> *mut c_void {
        match identity {
            Identity::None => null_mut(),
            Identity::Alice => {
                let [user, domain, password] =
                    [USER, "EXAMPLE", PASSWORD].map(|text| memory.text(text));
                memory.put(SEC_WINNT_AUTH_IDENTITY {
                    User: user.0,
                    UserLength: user.1,
                    Domain: domain.0,
                    DomainLength: domain.1,
                    Password: password.0,
                    PasswordLength: password.1,
                    Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
                })
            }
            Identity::Service => {
                memory.bytes.push(setup::service_identity());
                memory.bytes.last_mut().expect("just pushed").as_mut_ptr().cast()
            }
            Identity::Extended { user, list } => {
                // Not the password of another client: a server would know it then.
                let [user, domain, password, list] =
                    [user, "", PASSWORD, list].map(|text| memory.text(text));
                memory.put(SEC_WINNT_AUTH_IDENTITY_EX {
                    Version: SEC_WINNT_AUTH_IDENTITY_VERSION,
                    Length: size_of::<SEC_WINNT_AUTH_IDENTITY_EX<u16>>() as u32,
                    User: user.0,
                    UserLength: user.1,
                    Domain: domain.0,
                    DomainLength: domain.1,
                    Password: password.0,
                    PasswordLength: password.1,
                    Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
                    PackageList: list.0,
                    PackageListLength: list.1,
                })
            }
            Identity::Ansi { user, password } => {
                let [user, password] = [user, password].map(|bytes| memory.narrow(bytes));
                memory.put(SEC_WINNT_AUTH_IDENTITY {
                    User: user.0,
                    UserLength: user.1,
                    Domain: null_mut(),
                    DomainLength: 0,
                    Password: password.0,
                    PasswordLength: password.1,
                    Flags: SEC_WINNT_AUTH_IDENTITY_ANSI,
                })
            }
            Identity::Held(n) => self
                .identities
                .get(usize::from(*n) % self.identities.len().max(1))
                .copied()
                .unwrap_or(null_mut()),
        }
    }

    pub(super) fn credentials(&mut self, call: &Call) {
        let mut memory = InMemory { texts: Vec::new(), bytes: Vec::new(), block: Vec::new() };
        match call {
            Call::Acquire { package, usage, principal, identity, ansi, later } => {
                if self.credentials.len() >= ENOUGH {
                    return;
                }
                let data = self.auth_data(identity, &mut memory);
                let package = memory.names(package.name(), *ansi);
                let principal = principal.as_ref().map(|name| memory.names(name, *ansi));
                let principal = principal.unwrap_or([null_mut(); 2].into());
                let (mut handle, mut expiry) = (NO_HANDLE, TimeStamp { QuadPart: 0 });
                let (at, expiry) = (&raw mut handle, &raw mut expiry);
                let usage = *usage;
                // SAFETY: every pointer is NULL or valid for its type, until the call is complete.
                let status = unsafe {
                    match (ansi, later) {
                        (false, None) => AcquireCredentialsHandleW(
                            principal.wide,
                            package.wide,
                            usage,
                            null_mut(),
                            data,
                            None,
                            null_mut(),
                            at,
                            expiry,
                        ),
                        (true, None) => AcquireCredentialsHandleA(
                            principal.ansi,
                            package.ansi,
                            usage,
                            null_mut(),
                            data,
                            None,
                            null_mut(),
                            at,
                            expiry,
                        ),
                        (false, Some(wait)) => wait.run(|pending| {
                            SspiAcquireCredentialsHandleAsyncW(
                                pending,
                                principal.wide,
                                package.wide,
                                usage,
                                null_mut(),
                                data,
                                None,
                                null_mut(),
                                at,
                                expiry,
                            )
                        }),
                        (true, Some(wait)) => wait.run(|pending| {
                            SspiAcquireCredentialsHandleAsyncA(
                                pending,
                                principal.ansi,
                                package.ansi,
                                usage,
                                null_mut(),
                                data,
                                None,
                                null_mut(),
                                at,
                                expiry,
                            )
                        }),
                    }
                };
                if status == SEC_E_OK || status == UNKNOWN && handle != NO_HANDLE {
                    self.credentials.push(handle);
                }
            }
            Call::Add { credential, package, usage, principal, identity, ansi } => {
                let data = self.auth_data(identity, &mut memory);
                let package = memory.names(package.name(), *ansi);
                let principal = principal.as_ref().map(|name| memory.names(name, *ansi));
                let principal = principal.unwrap_or([null_mut(); 2].into());
                let chosen = self.handle(credential);
                let mut handle = chosen;
                let (at, usage) = (pointer(&mut handle), *usage);
                // SAFETY: every pointer is NULL or valid for its type.
                let status = unsafe {
                    match ansi {
                        false => AddCredentialsW(
                            at,
                            principal.wide,
                            package.wide,
                            usage,
                            data,
                            None,
                            null_mut(),
                            null_mut(),
                        ),
                        true => AddCredentialsA(
                            at,
                            principal.ansi,
                            package.ansi,
                            usage,
                            data,
                            None,
                            null_mut(),
                            null_mut(),
                        ),
                    }
                };
                self.check_handle(chosen, false, if status < 0 { status } else { SEC_E_OK });
                self.unchanged &= status != SEC_E_OK;
            }
            Call::ChangePassword { package, user, right, ansi, room } => {
                self.change_password(&mut memory, *package, *user, *right, *ansi, *room);
            }
        }
    }

    /// The right password is changed into itself.
    fn change_password(
        &mut self,
        memory: &mut InMemory,
        package: Package,
        user: u8,
        right: bool,
        ansi: bool,
        room: Option<u16>,
    ) {
        let user = [setup::IN_FILE.0, USER, "", "nobody"][usize::from(user) % 4];
        let old = if right { setup::IN_FILE.1 } else { "wrong" };
        let [package, domain, account, old, new] =
            [package.name(), "EXAMPLE", user, old, setup::IN_FILE.1]
                .map(|text| memory.names(text, ansi));
        let mut block = vec![0u8; usize::from(room.unwrap_or_default())];
        let mut buffer = SecBuffer {
            cbBuffer: block.len() as u32,
            BufferType: SECBUFFER_CHANGE_PASS_RESPONSE,
            pvBuffer: block.as_mut_ptr().cast(),
        };
        let mut desc =
            SecBufferDesc { ulVersion: SECBUFFER_VERSION, cBuffers: 1, pBuffers: &raw mut buffer };
        let output = if room.is_some() { &raw mut desc } else { null_mut() };
        // SAFETY: every pointer is NULL or valid for its type.
        let status = unsafe {
            match ansi {
                false => ChangeAccountPasswordW(
                    package.wide,
                    domain.wide,
                    account.wide,
                    old.wide,
                    new.wide,
                    0,
                    0,
                    output,
                ),
                true => ChangeAccountPasswordA(
                    package.ansi,
                    domain.ansi,
                    account.ansi,
                    old.ansi,
                    new.ansi,
                    0,
                    0,
                    output,
                ),
            }
        };
        assert!(status < 0 || right && user == setup::IN_FILE.0, "changed with a wrong password");
    }
}

/// A string in both forms.
#[derive(Clone, Copy)]
struct Names {
    wide: *mut u16,
    ansi: *mut i8,
}

impl From<[*mut c_void; 2]> for Names {
    fn from([wide, ansi]: [*mut c_void; 2]) -> Names {
        Names { wide: wide.cast(), ansi: ansi.cast() }
    }
}

impl InMemory {
    /// The string in the form that is used.
    fn names(&mut self, text: &str, ansi: bool) -> Names {
        match ansi {
            true => Names { wide: null_mut(), ansi: self.narrow(text.as_bytes()).0 },
            false => Names { wide: self.text(text).0, ansi: null_mut() },
        }
    }
}
