//! Attributes: asked for, and set. The memory for an answer has as many bytes as its structure.

use super::{Handle, Machine};
use crate::abi::attributes::{Attribute, OF_CONTEXTS, OF_CREDENTIALS};
use crate::abi::callbacks::{self, Answer};
use crate::abi::{free_each, pointer};
use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ffi::c_void;
use std::ptr::null_mut;

#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Query {
    handle: Handle,
    attribute: Attribute,
    ansi: bool,
    /// Bytes of the buffer, which the function is told.
    length: Option<u8>,
    null: bool,
}

#[derive(Debug, Clone, Arbitrary)]
pub struct Set {
    handle: Handle,
    of_credentials: bool,
    attribute: Settable,
    ansi: bool,
}

#[derive(Debug, Clone, Arbitrary)]
enum Settable {
    Callback(Answer),
    NoCallback,
    AccountName,
    NoAccountName,
    Argument(Answer),
    PeerAddress(Vec<u8>),
    V4([u8; 14]),
    Any(u32, Vec<u8>),
}

/// An answer: a heap block of the right length, aligned for its structure.
struct Place {
    block: Vec<usize>,
    /// Bytes at the end of the block.
    length: usize,
}

impl Place {
    fn new(length: usize) -> Place {
        Place { block: vec![0; length.div_ceil(size_of::<usize>())], length }
    }

    /// Where the answer goes: its end is the block's.
    fn start(&mut self) -> *mut c_void {
        let bytes = size_of_val(&self.block[..]);
        let start = self.block.as_mut_ptr().cast::<u8>();
        start.wrapping_add(bytes - self.length).cast()
    }

    /// The pointers in the answer, wherever they stand.
    fn free(&mut self) {
        let start = self.start().cast::<u8>();
        for at in (0..self.length.saturating_sub(7)).step_by(4) {
            // SAFETY: within the block.
            free_each(&[unsafe { start.add(at).cast::<usize>().read_unaligned() }]);
        }
    }
}

impl Machine {
    pub(super) fn query_context(&mut self, query: &Query) {
        let (attribute, size) = query.attribute.of(OF_CONTEXTS);
        let status = self.query(query, size, |handle, answer, length| {
            // SAFETY: the block has as many bytes as the attribute's structure, or the function is
            // told how many.
            unsafe {
                match (query.ansi, length) {
                    (false, None) => QueryContextAttributesW(handle, attribute, answer),
                    (true, None) => QueryContextAttributesA(handle, attribute, answer),
                    (false, Some(length)) => {
                        QueryContextAttributesExW(handle, attribute, answer, length)
                    }
                    (true, Some(length)) => {
                        QueryContextAttributesExA(handle, attribute, answer, length)
                    }
                }
            }
        });
        self.check_handle(self.handle(&query.handle), true, status);
    }

    pub(super) fn query_credentials(&mut self, query: &Query) {
        let (attribute, size) = query.attribute.of(OF_CREDENTIALS);
        let status = self.query(query, size, |handle, answer, length| {
            // SAFETY: as above.
            unsafe {
                match (query.ansi, length) {
                    (false, None) => QueryCredentialsAttributesW(handle, attribute, answer),
                    (true, None) => QueryCredentialsAttributesA(handle, attribute, answer),
                    (false, Some(length)) => {
                        QueryCredentialsAttributesExW(handle, attribute, answer, length)
                    }
                    (true, Some(length)) => {
                        QueryCredentialsAttributesExA(handle, attribute, answer, length)
                    }
                }
            }
        });
        self.check_handle(self.handle(&query.handle), false, status);
    }

    fn query(
        &self,
        query: &Query,
        size: usize,
        ask: impl FnOnce(*mut SecHandle, *mut c_void, Option<ULONG>) -> SECURITY_STATUS,
    ) -> SECURITY_STATUS {
        let mut handle = self.handle(&query.handle);
        let length = query.length.map(usize::from);
        let mut place = Place::new(length.unwrap_or(size));
        let answer = if query.null { null_mut() } else { place.start() };
        let status = ask(pointer(&mut handle), answer, length.map(|length| length as ULONG));
        assert!(status < 0 || !query.null && length.is_none_or(|length| length >= size));
        if status == SEC_E_OK {
            place.free();
        }
        status
    }

    pub(super) fn set(&mut self, set: &Set) {
        let function = |attribute| callbacks::function(attribute).unwrap_or(null_mut());
        let mut bytes: Box<[u8]> = Box::default();
        let (attribute, buffer) = match &set.attribute {
            Settable::Callback(_) => (callbacks::HASH, function(callbacks::HASH)),
            Settable::NoCallback => (callbacks::HASH, null_mut()),
            Settable::AccountName => (callbacks::ACCOUNT_NAME, function(callbacks::ACCOUNT_NAME)),
            Settable::NoAccountName => (callbacks::ACCOUNT_NAME, null_mut()),
            Settable::Argument(answer) => (callbacks::ARGUMENT, answer.argument()),
            Settable::PeerAddress(address) => {
                bytes = address.clone().into_boxed_slice();
                (callbacks::PEER_ADDRESS, bytes.as_mut_ptr().cast())
            }
            Settable::V4(address) => {
                bytes = [&2u16.to_ne_bytes()[..], address].concat().into_boxed_slice();
                (callbacks::PEER_ADDRESS, bytes.as_mut_ptr().cast())
            }
            Settable::Any(any, value) => {
                bytes = value.clone().into_boxed_slice();
                (*any, callbacks::function(*any).unwrap_or(bytes.as_mut_ptr().cast()))
            }
        };
        let length = bytes.len() as ULONG;
        let chosen = self.handle(&set.handle);
        let mut handle = chosen;
        let at = pointer(&mut handle);
        // SAFETY: functions of the documented types, or as many bytes as are told.
        let status = unsafe {
            match (set.of_credentials, set.ansi) {
                (false, false) => SetContextAttributesW(at, attribute, buffer, length),
                (false, true) => SetContextAttributesA(at, attribute, buffer, length),
                (true, false) => SetCredentialsAttributesW(at, attribute, buffer, length),
                (true, true) => SetCredentialsAttributesA(at, attribute, buffer, length),
            }
        };
        self.check_handle(chosen, !set.of_credentials, status);
        if let (SEC_E_OK, Settable::Callback(answer)) = (status, &set.attribute) {
            let argument = Set { attribute: Settable::Argument(*answer), ..set.clone() };
            self.set(&argument);
        }
    }
}
