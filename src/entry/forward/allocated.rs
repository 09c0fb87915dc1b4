//! ISC_REQ_ALLOCATE_MEMORY for the process's own outbound credentials, on Wine: its Kerberos knows
//! only buffers of the caller's, in Negotiate too. PostgreSQL's client relies on it.

use super::handles::Forwarded;
use crate::entry::abi::*;
use crate::entry::boundary::arguments::Arguments;
use crate::entry::boundary::memory::{self, CallerMemory};
use crate::entry::boundary::pointers::put;
use crate::types::error::Result;
use std::ffi::c_void;
use std::ptr::null_mut;

/// As long as a token of Kerberos may be (Windows' largest MaxTokenSize).
const ROOM: ULONG = 65535;

/// A buffer that takes the place of the caller's missing one during a call.
pub(super) struct Allocated {
    memory: CallerMemory<c_void>,
    buffer: SecBuffer,
    desc: SecBufferDesc,
}

impl Allocated {
    /// Where the caller wants memory that secur32.dll does not allocate.
    ///
    /// # Safety
    /// As for InitializeSecurityContext.
    pub(super) unsafe fn for_call(
        forwarded: &Forwarded,
        arguments: &Arguments,
    ) -> Result<Option<Allocated>> {
        if arguments.requirements & ISC_REQ_ALLOCATE_MEMORY == 0
            || !forwarded.handle.is_outbound()
            || !needed()
        {
            return Ok(None);
        }
        // SAFETY: C caller's contract, buffers.
        let Some(buffer) = (unsafe { only_buffer(arguments.output) }) else { return Ok(None) };
        // SAFETY: likewise.
        let SecBuffer { BufferType, pvBuffer, .. } = unsafe { buffer.read_unaligned() };
        if BufferType != SECBUFFER_TOKEN || !pvBuffer.is_null() {
            return Ok(None);
        }
        let memory = memory::allocate(ROOM as usize)?.as_ptr().cast();
        Ok(Some(Allocated {
            memory: CallerMemory::new(memory),
            buffer: SecBuffer { cbBuffer: ROOM, BufferType, pvBuffer: memory },
            desc: SecBufferDesc { ulVersion: SECBUFFER_VERSION, cBuffers: 1, pBuffers: null_mut() },
        }))
    }

    /// Requirements and output for secur32.dll.
    pub(super) fn arguments(&mut self, arguments: &Arguments) -> (ULONG, PSecBufferDesc) {
        self.desc.pBuffers = &raw mut self.buffer;
        (arguments.requirements & !ISC_REQ_ALLOCATE_MEMORY, &raw mut self.desc)
    }

    /// Gives the caller the token, if the call has made one.
    ///
    /// # Safety
    /// As for InitializeSecurityContext.
    pub(super) unsafe fn give(self, arguments: &Arguments, status: SECURITY_STATUS) {
        let given = status >= 0 && self.buffer.cbBuffer != 0;
        let (length, memory) = match given {
            true => (self.buffer.cbBuffer, self.memory.keep()),
            false => (0, null_mut()),
        };
        // SAFETY: C caller's contract, buffers and outputs; it is the buffer that `for_call` read.
        unsafe {
            if let Some(buffer) = only_buffer(arguments.output) {
                (&raw mut (*buffer).cbBuffer).write_unaligned(length);
                (&raw mut (*buffer).pvBuffer).write_unaligned(memory);
            }
            if given && !arguments.attributes.is_null() {
                let attributes = arguments.attributes.read_unaligned();
                put(arguments.attributes, attributes | ISC_RET_ALLOCATED_MEMORY);
            }
        }
    }
}

/// Whether secur32.dll leaves it to the caller: Wine's does. Tests have a fake one.
fn needed() -> bool {
    #[cfg(windows)]
    return crate::platform::is_wine();
    #[cfg(not(windows))]
    return cfg!(test);
}

/// The descriptor's buffer, if it has one alone.
///
/// # Safety
/// `desc` is NULL or points to a descriptor of buffers.
unsafe fn only_buffer(desc: PSecBufferDesc) -> Option<PSecBuffer> {
    if desc.is_null() {
        return None;
    }
    // SAFETY: C caller's contract, buffers.
    let SecBufferDesc { cBuffers, pBuffers, .. } = unsafe { desc.read_unaligned() };
    (cBuffers == 1 && !pBuffers.is_null()).then_some(pBuffers)
}
