//! The caller's buffer descriptors.
//!
//! No Rust reference to the caller's structures is kept: programs pass unaligned structures, and
//! the same memory as input and output. Only the bytes that a function works on are borrowed.

use super::memory;
use super::pointers::{self, check_bytes};
use crate::entry::abi::*;
use crate::types::error::{Error, Result};
use std::marker::PhantomData;
use std::slice;

/// Most buffers in one descriptor.
const MOST: u32 = 64;

/// The buffers of a descriptor, for the duration of a call.
#[derive(Clone, Copy)]
pub(crate) struct Buffers<'call> {
    first: *mut SecBuffer,
    count: usize,
    call: PhantomData<&'call ()>,
}

/// One buffer.
#[derive(Clone, Copy)]
pub(crate) struct Buffer<'call> {
    at: *mut SecBuffer,
    /// Its members as the caller set them.
    was: SecBuffer,
    call: PhantomData<&'call ()>,
}

impl<'call> Buffers<'call> {
    /// The buffers of `descriptor`; none for NULL.
    ///
    /// # Safety
    /// For `'call`, `descriptor` is NULL or points to a descriptor, its `pBuffers` to `cBuffers`
    /// buffers unless NULL, and each buffer's `pvBuffer` to `cbBuffer` bytes unless NULL; no other
    /// thread writes to them.
    pub(crate) unsafe fn new(descriptor: *const SecBufferDesc) -> Result<Buffers<'call>> {
        let none = Buffers { first: std::ptr::null_mut(), count: 0, call: PhantomData };
        if descriptor.is_null() {
            return Ok(none);
        }
        // SAFETY: C caller's contract, buffers: it is not NULL.
        let descriptor = unsafe { descriptor.read_unaligned() };
        if descriptor.ulVersion != SECBUFFER_VERSION {
            return Err(Error::InvalidParameter("ulVersion is not SECBUFFER_VERSION"));
        }
        if descriptor.cBuffers == 0 {
            return Ok(none);
        }
        if descriptor.cBuffers > MOST {
            return Err(Error::InvalidParameter("more buffers than any function takes"));
        }
        if descriptor.pBuffers.is_null() {
            return Err(Error::InvalidParameter("pBuffers is NULL"));
        }
        Ok(Buffers {
            first: descriptor.pBuffers,
            count: descriptor.cBuffers as usize,
            call: PhantomData,
        })
    }

    /// Each buffer, in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = Buffer<'call>> {
        (0..self.count).map(move |n| {
            let at = self.first.wrapping_add(n);
            // SAFETY: C caller's contract, buffers: `n` is below `cBuffers`.
            let was = unsafe { at.read_unaligned() };
            Buffer { at, was, call: PhantomData }
        })
    }

    /// The first buffer of type `kind`, whatever its attributes.
    pub(crate) fn find(self, kind: ULONG) -> Option<Buffer<'call>> {
        self.iter().find(|buffer| buffer.kind() == kind)
    }
}

impl<'call> Buffer<'call> {
    /// `SECBUFFER_*` without attributes.
    pub(crate) fn kind(&self) -> ULONG {
        self.was.BufferType & !SECBUFFER_ATTRMASK
    }

    /// The attribute bit is set.
    pub(crate) fn has(&self, attribute: ULONG) -> bool {
        self.was.BufferType & attribute != 0
    }

    /// Bytes of content, or of capacity.
    pub(crate) fn length(&self) -> usize {
        self.was.cbBuffer as usize
    }

    /// The same buffer, shortened to `length`; `BufferTooSmall` if it is shorter.
    pub(crate) fn first(mut self, length: usize) -> Result<Buffer<'call>> {
        if self.length() < length {
            return Err(Error::BufferTooSmall { needed: length });
        }
        self.was.cbBuffer = length as ULONG;
        Ok(self)
    }

    /// The address of the bytes.
    pub(crate) fn address(&self) -> usize {
        self.was.pvBuffer.addr()
    }

    /// Rejects a buffer without memory, or with an impossible length.
    pub(crate) fn check(&self) -> Result<()> {
        check_bytes(self.was.pvBuffer, self.was.cbBuffer)
    }

    /// Shares memory with `other`. Both have passed [`check`](Self::check).
    pub(crate) fn overlaps(&self, other: &Buffer<'_>) -> bool {
        self.address() < other.address() + other.length()
            && other.address() < self.address() + self.length()
    }

    /// The content.
    ///
    /// # Safety
    /// Nothing writes to it while the slice is in use, which ends before `'call` does.
    pub(crate) unsafe fn bytes(&self) -> Result<&'call [u8]> {
        // SAFETY: C caller's contract, buffers. This function's caller ensures that nothing writes
        // to them.
        unsafe { pointers::bytes(self.was.pvBuffer, self.was.cbBuffer) }
    }

    /// The content, to be changed.
    ///
    /// # Safety
    /// Nothing else uses it while the slice is in use, which ends before `'call` does.
    pub(crate) unsafe fn bytes_mut(&self) -> Result<&'call mut [u8]> {
        self.check()?;
        if self.length() == 0 {
            return Ok(&mut []);
        }
        // SAFETY: `check` found a pointer and a possible length; this function's caller ensures that nothing else uses them.
        Ok(unsafe { slice::from_raw_parts_mut(self.was.pvBuffer.cast(), self.length()) })
    }

    /// Sets `cbBuffer`.
    pub(crate) fn set_length(&self, length: usize) {
        // SAFETY: C caller's contract, buffers: `at` is one of the descriptor's.
        unsafe {
            (&raw mut (*self.at).cbBuffer).write_unaligned(length.try_into().unwrap_or(ULONG::MAX))
        };
    }

    /// Sets `pvBuffer`.
    pub(crate) fn set_pointer(&self, pointer: *mut u8) {
        // SAFETY: C caller's contract, buffers: `at` is one of the descriptor's.
        unsafe { (&raw mut (*self.at).pvBuffer).write_unaligned(pointer.cast()) };
    }

    /// The pointer to the bytes.
    pub(crate) fn pointer(&self) -> *mut u8 {
        self.was.pvBuffer.cast()
    }
}

/// An output with a length and no memory. Windows has this status for it.
const NO_MEMORY: Error = Error::Internal("pvBuffer of the output is NULL and cbBuffer is not 0");

/// The output for a leg's token: the first SECBUFFER_TOKEN buffer of an output descriptor, or
/// memory that the library allocates.
pub(crate) struct TokenOut<'call> {
    buffer: Option<Buffer<'call>>,
    /// `*_REQ_ALLOCATE_MEMORY`.
    allocate: bool,
}

impl<'call> TokenOut<'call> {
    pub(crate) fn new(output: Buffers<'call>, allocate: bool) -> TokenOut<'call> {
        TokenOut { buffer: output.find(SECBUFFER_TOKEN), allocate }
    }

    /// Whether there is a token buffer.
    pub(crate) fn exists(&self) -> bool {
        self.buffer.is_some()
    }

    /// Checks that a token of `length` bytes fits, and writes nothing.
    pub(crate) fn fits(&self, length: usize) -> Result<()> {
        match &self.buffer {
            _ if length == 0 => Ok(()),
            Some(_) if self.allocate => Ok(()),
            Some(buffer) if buffer.first(length)?.was.pvBuffer.is_null() => Err(NO_MEMORY),
            Some(buffer) => buffer.first(length)?.check(),
            None => Err(Error::BufferTooSmall { needed: length }),
        }
    }

    /// Writes a token that fits; `true` if to memory that the library allocated.
    pub(crate) fn write(&self, token: &[u8]) -> Result<bool> {
        self.fits(token.len())?;
        let Some(buffer) = &self.buffer else { return Ok(false) };
        let given = if token.is_empty() {
            false
        } else if self.allocate {
            buffer.set_pointer(memory::copy(token)?.as_ptr());
            true
        } else {
            // SAFETY: C caller's contract, buffers: `fits` checked the length. The token is the
            // library's, so they do not overlap.
            unsafe { buffer.pointer().copy_from_nonoverlapping(token.as_ptr(), token.len()) };
            false
        };
        if self.allocate && !given {
            buffer.set_pointer(std::ptr::null_mut());
        }
        buffer.set_length(token.len());
        Ok(given)
    }

    /// After an error: sets the required length if there was too little room, else an empty token.
    /// As on Windows, a buffer of no length keeps that.
    pub(crate) fn fail(&self, error: &Error) {
        let Some(buffer) = &self.buffer else { return };
        match error {
            Error::BufferTooSmall { needed } if buffer.length() > 0 => buffer.set_length(*needed),
            Error::BufferTooSmall { .. } => {}
            _ => {
                buffer.set_length(0);
                if self.allocate {
                    buffer.set_pointer(std::ptr::null_mut());
                }
            }
        }
    }
}
