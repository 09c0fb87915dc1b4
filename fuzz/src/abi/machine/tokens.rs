//! Access tokens and impersonation. Whatever happens, the thread is itself again in the end.

use super::{ENOUGH, Handle, Machine};
use crate::abi::pointer;
use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ptr::{null_mut, without_provenance_mut};

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Call {
    Impersonate(Handle),
    Revert(Handle),
    Query { context: Handle, null: bool },
    ImpersonateToken(Token),
    RevertToken(Token),
    Ask { token: Token, class: u8, length: Option<u16>, needed: bool },
    Close(Token),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Token {
    Held(u8),
    Any(usize),
}

/// What the thread may be impersonating.
pub enum Impersonated {
    Context(SecHandle),
    Token(HANDLE),
}

unsafe extern "C" {
    fn setfsuid(uid: u32) -> u32;
    fn setfsgid(gid: u32) -> u32;
}

/// The user and group of the thread for file access. A number that is none changes nothing.
fn own_ids() -> (u32, u32) {
    // SAFETY: these functions have no requirements.
    unsafe { (setfsuid(u32::MAX), setfsgid(u32::MAX)) }
}

impl Machine {
    fn token_of(&self, token: Token) -> HANDLE {
        match token {
            Token::Held(n) => self
                .tokens
                .get(usize::from(n) % self.tokens.len().max(1))
                .copied()
                .unwrap_or(null_mut()),
            Token::Any(any) => without_provenance_mut(any),
        }
    }

    pub(super) fn token(&mut self, call: &Call) {
        match *call {
            Call::Impersonate(context) => {
                let chosen = self.handle(&context);
                let mut handle = chosen;
                // SAFETY: NULL or a handle.
                let status = unsafe { ImpersonateSecurityContext(pointer(&mut handle)) };
                self.check_handle(chosen, true, status);
                if status == SEC_E_OK {
                    self.impersonated.extend(chosen.map(Impersonated::Context));
                }
            }
            Call::Revert(context) => {
                let mut handle = self.handle(&context);
                // SAFETY: NULL or a handle.
                unsafe { RevertSecurityContext(pointer(&mut handle)) };
            }
            Call::Query { context, null } => {
                let chosen = self.handle(&context);
                let (mut handle, mut token) = (chosen, 7 as HANDLE);
                let at = if null { null_mut() } else { &raw mut token };
                // SAFETY: every pointer is NULL or valid for its type.
                let status = unsafe { QuerySecurityContextToken(pointer(&mut handle), at) };
                self.check_handle(chosen, true, status);
                if status == SEC_E_OK {
                    assert!(!null && !token.is_null());
                    self.tokens.push(token);
                    if self.tokens.len() > ENOUGH {
                        let first = self.tokens.remove(0);
                        let closed = NegosspCloseToken(first);
                        assert!(closed == SEC_E_OK || !self.alone);
                    }
                } else {
                    assert!(null || token.is_null());
                }
            }
            Call::ImpersonateToken(token) => {
                let token = self.token_of(token);
                if NegosspImpersonateToken(token) == SEC_E_OK {
                    self.impersonated.push(Impersonated::Token(token));
                }
            }
            Call::RevertToken(token) => {
                NegosspRevertToken(self.token_of(token));
            }
            Call::Ask { token, class, length, needed } => {
                let token = self.token_of(token);
                let mut block = length.map(|length| vec![0u8; usize::from(length) % 512]);
                let mut wanted = 0;
                let at = if needed { &raw mut wanted } else { null_mut() };
                let (buffer, room) = match &mut block {
                    Some(block) => (block.as_mut_ptr().cast(), block.len() as ULONG),
                    None => (null_mut(), 0),
                };
                // SAFETY: as many bytes as are told.
                let status =
                    unsafe { NegosspQueryToken(token, u32::from(class % 12), buffer, room, at) };
                assert!(status != SEC_E_OK || wanted <= room);
            }
            Call::Close(token) => {
                let token = self.token_of(token);
                let held = self.tokens.contains(&token);
                let status = NegosspCloseToken(token);
                assert_eq!(status == SEC_E_OK, held && (self.alone || status == SEC_E_OK));
                self.tokens.retain(|other| *other != token);
                assert_eq!(NegosspCloseToken(token), SEC_E_INVALID_HANDLE);
            }
        }
    }

    /// Ends every impersonation.
    pub(super) fn stop_impersonating(&mut self) {
        use std::sync::LazyLock;
        /// Those of the first program's thread, before it has impersonated anybody.
        static OWN: LazyLock<(u32, u32)> = LazyLock::new(|| {
            // SAFETY: these functions have no requirements.
            unsafe extern "C" {
                safe fn geteuid() -> u32;
                safe fn getegid() -> u32;
            }
            (geteuid(), getegid())
        });
        for impersonated in self.impersonated.drain(..).rev() {
            match impersonated {
                // SAFETY: a handle, ended or not.
                Impersonated::Context(mut handle) => unsafe {
                    RevertSecurityContext(&mut handle);
                },
                Impersonated::Token(token) => drop(NegosspRevertToken(token)),
            }
        }
        assert_eq!(own_ids(), *OWN, "the thread is still its client");
    }
}
