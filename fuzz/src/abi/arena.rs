//! One block of memory in which all that a program passes lies, with pages around it that nobody may
//! touch.

use super::wide;
use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use std::ffi::c_void;
use std::ptr::null_mut;

/// Bytes of the arena.
pub const SIZE: usize = 4096;
/// Bytes before and after it.
const GUARD: usize = 1 << 24;

/// An offset in the arena; it is brought within bounds for what lies there.
pub type Place = u16;

pub struct Arena {
    start: *mut u8,
}

/// Buffers and their descriptor.
#[derive(Debug, Clone, Arbitrary)]
pub struct Layout {
    descriptor: Place,
    array: Place,
    pub buffers: Vec<Buffer>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Buffer {
    kind: u8,
    at: Place,
    length: Place,
    null: bool,
}

/// Where a token is, or may be written to.
pub struct Token {
    pub at: usize,
    pub length: usize,
}

unsafe extern "C" {
    fn mmap(
        at: *mut c_void,
        length: usize,
        protection: i32,
        flags: i32,
        file: i32,
        from: i64,
    ) -> *mut c_void;
    fn mprotect(at: *mut c_void, length: usize, protection: i32) -> i32;
}

impl Arena {
    /// The only one; it is never given back.
    pub fn new() -> Arena {
        const PRIVATE_ANONYMOUS: i32 = 0x22;
        // SAFETY: a new mapping that nobody may touch, of which a part then may be.
        unsafe {
            let all = mmap(null_mut(), 2 * GUARD + SIZE, 0, PRIVATE_ANONYMOUS, -1, 0);
            assert!(all.addr() != usize::MAX);
            let start = all.cast::<u8>().wrapping_add(GUARD);
            assert_eq!(mprotect(start.cast(), SIZE, 3), 0);
            Arena { start }
        }
    }

    /// Fills the arena with these bytes, again and again.
    pub fn fill(&self, bytes: &[u8]) {
        for at in 0..SIZE {
            let byte = bytes.get(at % bytes.len().max(1)).copied().unwrap_or_default();
            // SAFETY: within the arena.
            unsafe { self.start.add(at).write(byte) };
        }
    }

    /// A pointer to so many bytes of the arena.
    pub fn bytes(&self, place: Place, length: usize) -> *mut u8 {
        assert!(length <= SIZE);
        self.start.wrapping_add(usize::from(place) % (SIZE - length + 1))
    }

    /// A pointer to a `T` in the arena, aligned or not.
    pub fn at<T>(&self, place: Place) -> *mut T {
        self.bytes(place, size_of::<T>()).cast()
    }

    /// Writes a `T`.
    pub fn put<T>(&self, place: Place, value: T) -> *mut T {
        let at = self.at::<T>(place);
        // SAFETY: within the arena.
        unsafe { at.write_unaligned(value) };
        at
    }

    pub fn read<T: Copy>(&self, at: *const T) -> T {
        assert!(self.holds(at.addr(), size_of::<T>()));
        // SAFETY: within the arena.
        unsafe { at.read_unaligned() }
    }

    /// Writes bytes, as many as fit.
    pub fn write(&self, place: Place, bytes: &[u8]) -> *mut u8 {
        let bytes = &bytes[..bytes.len().min(SIZE)];
        let at = self.bytes(place, bytes.len());
        // SAFETY: within the arena.
        unsafe { at.copy_from(bytes.as_ptr(), bytes.len()) };
        at
    }

    /// A copy of bytes of the arena.
    pub fn copy(&self, at: usize, length: usize) -> Vec<u8> {
        let from = at - self.start.addr();
        // SAFETY: within the arena.
        (from..from + length).map(|n| unsafe { self.start.add(n).read() }).collect()
    }

    /// Writes a string that ends with a zero.
    pub fn wide(&self, place: Place, text: &str) -> *mut u16 {
        let bytes: Vec<u8> = wide(text).into_iter().flat_map(u16::to_ne_bytes).collect();
        self.write(place, &bytes).cast()
    }

    fn holds(&self, address: usize, length: usize) -> bool {
        let from = self.start.addr();
        address >= from && length <= SIZE && address - from <= SIZE - length
    }

    /// Whether a string that ends with a zero stands there still.
    pub fn is_string(&self, at: *const u16) -> bool {
        (at.addr()..).step_by(2).take_while(|at| self.holds(*at, 2)).any(|at| {
            // SAFETY: within the arena.
            unsafe { std::ptr::with_exposed_provenance::<u16>(at).read_unaligned() == 0 }
        })
    }

    /// Whether so many characters lie there.
    pub fn is_text(&self, at: *const u16, length: u32) -> bool {
        at.is_null() || self.holds(at.addr(), 2 * length as usize)
    }

    /// Lays out a descriptor, whose first token buffer is `token`'s place, if given.
    pub fn lay_out(&self, layout: &Layout, token: Option<&[u8]>) -> *mut SecBufferDesc {
        let kinds = [
            SECBUFFER_TOKEN,
            SECBUFFER_DATA,
            SECBUFFER_PADDING,
            SECBUFFER_STREAM,
            SECBUFFER_CHANNEL_BINDINGS,
            SECBUFFER_CHANNEL_BINDINGS_RESULT,
            SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM,
            0x0e53_0001,
        ];
        let buffers = &layout.buffers[..layout.buffers.len().min(8)];
        let mut token = token;
        let made: Vec<SecBuffer> = buffers
            .iter()
            .map(|buffer| {
                let BufferType = kinds[usize::from(buffer.kind) % kinds.len()];
                let (at, length) = match token.filter(|_| BufferType == SECBUFFER_TOKEN) {
                    Some(bytes) => {
                        token = None;
                        (self.write(buffer.at, bytes), bytes.len().min(SIZE))
                    }
                    None => {
                        let length = usize::from(buffer.length) % (SIZE + 1);
                        (self.bytes(buffer.at, length), length)
                    }
                };
                let pvBuffer = if buffer.null { null_mut() } else { at.cast() };
                SecBuffer { cbBuffer: length as u32, BufferType, pvBuffer }
            })
            .collect();
        let array = self.bytes(layout.array, size_of_val(&made[..])).cast::<SecBuffer>();
        for (n, buffer) in made.iter().enumerate() {
            // SAFETY: within the arena.
            unsafe { array.add(n).write_unaligned(*buffer) };
        }
        self.put(
            layout.descriptor,
            SecBufferDesc {
                ulVersion: SECBUFFER_VERSION,
                cBuffers: made.len() as u32,
                pBuffers: array,
            },
        )
    }

    /// Whether a descriptor is what a C program may pass: what it leads to lies in the arena. The
    /// place of its first token buffer.
    pub fn is_valid(&self, descriptor: *const SecBufferDesc) -> Option<Option<Token>> {
        let SecBufferDesc { cBuffers, pBuffers, .. } = self.read(descriptor);
        let array = size_of::<SecBuffer>() * cBuffers.min(SIZE as u32) as usize;
        if cBuffers != 0 && !pBuffers.is_null() && !self.holds(pBuffers.addr(), array) {
            return None;
        }
        let mut token = None;
        for n in 0..if pBuffers.is_null() { 0 } else { cBuffers as usize } {
            let buffer = self.read(pBuffers.wrapping_add(n));
            let (at, length) = (buffer.pvBuffer.addr(), buffer.cbBuffer as usize);
            if at != 0 && !self.holds(at, length) {
                return None;
            }
            let is_token = buffer.BufferType & !SECBUFFER_ATTRMASK == SECBUFFER_TOKEN;
            if is_token && token.is_none() && at != 0 {
                token = Some(Token { at, length });
            }
        }
        Some(token)
    }
}

impl Default for Arena {
    fn default() -> Arena {
        Arena::new()
    }
}
