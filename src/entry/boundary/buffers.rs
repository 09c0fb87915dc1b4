//! The caller's buffer descriptors.
//!
//! Nothing of the caller's is referenced for longer than a copy takes, except the bytes that a
//! function works on: programs pass the same memory as input and output, and structures that are
//! not aligned.

use super::memory;
use crate::entry::abi::*;
use crate::types::error::{Error, Result};
use std::marker::PhantomData;
use std::slice;

/// The most buffers that are taken in one descriptor.
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
    /// Its members, as the caller set them.
    was: SecBuffer,
    call: PhantomData<&'call ()>,
}

impl<'call> Buffers<'call> {
    /// The buffers of `descriptor`; none for NULL.
    ///
    /// # Safety
    /// For `'call`, `descriptor` is NULL or points to a descriptor, its `pBuffers` to `cBuffers`
    /// buffers unless NULL, and each buffer's `pvBuffer` to `cbBuffer` bytes unless NULL; nobody
    /// else changes them meanwhile.
    pub(crate) unsafe fn new(descriptor: *const SecBufferDesc) -> Result<Buffers<'call>> {
        let none = Buffers { first: std::ptr::null_mut(), count: 0, call: PhantomData };
        if descriptor.is_null() {
            return Ok(none);
        }
        // SAFETY: not NULL, so it points to a descriptor by the caller's promise.
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
            // SAFETY: `n` is below `cBuffers`; whoever made `self` promised that many buffers.
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

    /// The same buffer, as if it had no more than these bytes; `BufferTooSmall` if it has not even
    /// them.
    pub(crate) fn first(mut self, length: usize) -> Result<Buffer<'call>> {
        if self.length() < length {
            return Err(Error::BufferTooSmall { needed: length });
        }
        self.was.cbBuffer = length as ULONG;
        Ok(self)
    }

    /// Where the bytes are, as an address.
    pub(crate) fn address(&self) -> usize {
        self.was.pvBuffer.addr()
    }

    /// Refuses a buffer without memory behind it, or with more than there can be: a length of 2 GiB
    /// or more is a negative number that somebody forgot to look at.
    pub(crate) fn check(&self) -> Result<()> {
        if self.length() == 0 {
            return Ok(());
        }
        if self.was.pvBuffer.is_null() {
            return Err(Error::InvalidParameter("pvBuffer is NULL and cbBuffer is not 0"));
        }
        if i32::try_from(self.length()).is_err()
            || self.address().checked_add(self.length()).is_none()
        {
            return Err(Error::InvalidParameter("a buffer longer than there can be"));
        }
        Ok(())
    }

    /// Shares memory with `other`. Both have passed [`check`](Self::check).
    pub(crate) fn overlaps(&self, other: &Buffer<'_>) -> bool {
        self.address() < other.address() + other.length()
            && other.address() < self.address() + self.length()
    }

    /// The content.
    ///
    /// # Safety
    /// Nobody writes to it while the slice is in use; and that is over before `'call` is.
    pub(crate) unsafe fn bytes(&self) -> Result<&'call [u8]> {
        self.check()?;
        if self.length() == 0 {
            return Ok(&[]);
        }
        // SAFETY: `check` found a pointer and a possible length; whoever made the descriptor's
        // `Buffers` promised as many bytes, and the caller that nobody writes to them.
        Ok(unsafe { slice::from_raw_parts(self.was.pvBuffer.cast(), self.length()) })
    }

    /// The content, to be changed.
    ///
    /// # Safety
    /// Nobody else uses it while the slice is in use; and that is over before `'call` is.
    pub(crate) unsafe fn bytes_mut(&self) -> Result<&'call mut [u8]> {
        self.check()?;
        if self.length() == 0 {
            return Ok(&mut []);
        }
        // SAFETY: as in `bytes`, and the caller promises that nobody else uses them.
        Ok(unsafe { slice::from_raw_parts_mut(self.was.pvBuffer.cast(), self.length()) })
    }

    /// Sets `cbBuffer`.
    pub(crate) fn set_length(&self, length: usize) {
        // SAFETY: `at` points to a buffer by the promise in `Buffers::new`.
        unsafe {
            (&raw mut (*self.at).cbBuffer).write_unaligned(length.try_into().unwrap_or(ULONG::MAX))
        };
    }

    /// Sets `pvBuffer`.
    pub(crate) fn set_pointer(&self, pointer: *mut u8) {
        // SAFETY: `at` points to a buffer by the promise in `Buffers::new`.
        unsafe { (&raw mut (*self.at).pvBuffer).write_unaligned(pointer.cast()) };
    }

    /// Where the bytes are.
    pub(crate) fn pointer(&self) -> *mut u8 {
        self.was.pvBuffer.cast()
    }
}

/// Where the token of a leg goes: the first SECBUFFER_TOKEN buffer of an output descriptor, or
/// memory of ours.
pub(crate) struct TokenOut<'call> {
    buffer: Option<Buffer<'call>>,
    /// `*_REQ_ALLOCATE_MEMORY`.
    allocate: bool,
}

impl<'call> TokenOut<'call> {
    pub(crate) fn new(output: Buffers<'call>, allocate: bool) -> TokenOut<'call> {
        TokenOut { buffer: output.find(SECBUFFER_TOKEN), allocate }
    }

    /// There is such a buffer.
    pub(crate) fn exists(&self) -> bool {
        self.buffer.is_some()
    }

    /// Whether a token of `length` bytes can be handed out; nothing is written.
    pub(crate) fn fits(&self, length: usize) -> Result<()> {
        match &self.buffer {
            _ if length == 0 => Ok(()),
            Some(_) if self.allocate => Ok(()),
            Some(buffer) => buffer.first(length)?.check(),
            None => Err(Error::BufferTooSmall { needed: length }),
        }
    }

    /// Hands out a token that fits; `true` if in memory of ours.
    pub(crate) fn write(&self, token: &[u8]) -> Result<bool> {
        self.fits(token.len())?;
        let Some(buffer) = &self.buffer else { return Ok(false) };
        let given = if token.is_empty() {
            false
        } else if self.allocate {
            buffer.set_pointer(memory::copy(token)?.as_ptr());
            true
        } else {
            // SAFETY: `fits` found as many bytes at the pointer; the token is ours, so that they
            // don't overlap.
            unsafe { buffer.pointer().copy_from_nonoverlapping(token.as_ptr(), token.len()) };
            false
        };
        if self.allocate && !given {
            buffer.set_pointer(std::ptr::null_mut());
        }
        buffer.set_length(token.len());
        Ok(given)
    }

    /// After an error: the need if there was too little room, else an empty token.
    pub(crate) fn fail(&self, error: &Error) {
        let Some(buffer) = &self.buffer else { return };
        match error {
            Error::BufferTooSmall { needed } => buffer.set_length(*needed),
            _ => {
                buffer.set_length(0);
                if self.allocate {
                    buffer.set_pointer(std::ptr::null_mut());
                }
            }
        }
    }
}
