//! What a caller tells of its connection to the peer: channel bindings and the peer's address; and
//! what it is told of the bindings' comparison.

use crate::entry::abi::*;
use crate::entry::boundary::buffers::{Buffer, Buffers};
use crate::entry::boundary::memory;
use crate::entry::boundary::pointers::{self, put};
use crate::entry::forward;
use crate::types::address::Address;
use crate::types::channel_bindings::{AUDIT_BINDINGS, BindingsResult, ChannelBindings, Parts};
use crate::types::error::{Error, Failure, Result};

/// The type of an input buffer; `negossp.h` documents it.
const SECBUFFER_NEGOSSP_PEER_ADDRESS: ULONG = 0x0e53_0001;

/// `AF_INET`, the same everywhere.
const INET: u16 = 2;
/// `AF_INET6`.
const INET6: u16 = if cfg!(windows) { 23 } else { 10 };

/// The input buffers of a call that tell of the connection.
#[derive(Clone, Copy)]
pub(super) struct ChannelIn<'call> {
    bindings: Option<Buffer<'call>>,
    address: Option<Buffer<'call>>,
}

impl<'call> ChannelIn<'call> {
    pub(super) fn new(input: Buffers<'call>) -> ChannelIn<'call> {
        let find = |kind| input.find(kind).filter(|buffer| buffer.length() != 0);
        ChannelIn {
            bindings: find(SECBUFFER_CHANNEL_BINDINGS),
            address: find(SECBUFFER_NEGOSSP_PEER_ADDRESS),
        }
    }

    /// The channel bindings, and the peer's address.
    ///
    /// # Safety
    /// Nothing writes to the input during this function.
    pub(super) unsafe fn read(self) -> Result<(Option<ChannelBindings>, Option<Address>)> {
        // SAFETY: C caller's contract, buffers; see above.
        let content = |buffer: Buffer<'call>| unsafe { buffer.bytes() };
        let bindings = self.bindings.map(content).transpose()?;
        let bindings = bindings.map(ChannelBindings::from_sec_channel_bindings).transpose()?;
        let address = self.address.map(content).transpose()?;
        Ok((bindings, address.map(socket_address).transpose()?.flatten()))
    }
}

/// The address in a `sockaddr`; `None` of a family other than IP.
///
/// Errors: `InvalidParameter` if it is too short for its family.
pub(super) fn socket_address(bytes: &[u8]) -> Result<Option<Address>> {
    const SHORT: Error = Error::InvalidParameter("a socket address that is too short");
    let (&family, rest) = bytes.split_first_chunk().ok_or(SHORT)?;
    match u16::from_ne_bytes(family) {
        // Port, address.
        INET => rest
            .get(2..)
            .and_then(<[u8]>::first_chunk)
            .map(|&address| Some(Address::V4(address)))
            .ok_or(SHORT),
        // Port, flow label, address. A socket for both families has IPv4 clients in mapped form.
        INET6 => {
            let address: &[u8; 16] = rest.get(6..).and_then(<[u8]>::first_chunk).ok_or(SHORT)?;
            Ok(Some(match address {
                [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, mapped @ ..] => Address::V4(*mapped),
                _ => Address::V6(*address),
            }))
        }
        _ => Ok(None),
    }
}

/// The output buffer for the result of the bindings' comparison.
#[derive(Clone, Copy)]
pub(super) struct ResultOut<'call>(Option<Buffer<'call>>);

impl<'call> ResultOut<'call> {
    /// Errors: `BufferTooSmall` and `InvalidParameter` for a buffer that has no room for it.
    pub(super) fn new(output: Buffers<'call>) -> Result<ResultOut<'call>> {
        let buffer = output
            .find(SECBUFFER_CHANNEL_BINDINGS_RESULT)
            .map(|buffer| buffer.first(size_of::<SEC_CHANNEL_BINDINGS_RESULT>()))
            .transpose()?;
        buffer.iter().try_for_each(Buffer::check)?;
        Ok(ResultOut(buffer))
    }

    /// Writes the result of a call, after all its input has been read.
    pub(super) fn write<T>(
        &self,
        established: Option<BindingsResult>,
        result: &Result<T, Failure>,
    ) {
        let Some(buffer) = self.0 else { return };
        let flags = match result {
            Ok(_) => established.unwrap_or_default(),
            Err(Failure { error: Error::BadBindings(error), .. }) => error.result,
            Err(_) => BindingsResult::empty(),
        };
        // SAFETY: C caller's contract, buffers: `new` checked that there is room.
        unsafe {
            put(buffer.pointer().cast(), SEC_CHANNEL_BINDINGS_RESULT { flags: flags.bits() })
        };
        buffer.set_length(size_of::<SEC_CHANNEL_BINDINGS_RESULT>());
    }
}

/// SspiSetChannelBindingFlags.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn set_flags(
    bindings: *mut SecPkgContext_Bindings,
    flags: ULONG,
) -> Result<SECURITY_STATUS> {
    if bindings.is_null() {
        return Err(Error::InvalidParameter("NULL for the bindings"));
    }
    if flags & !AUDIT_BINDINGS != 0 {
        return Err(Error::InvalidParameter("unknown flags of channel bindings"));
    }
    // SAFETY: C caller's contract, outputs: it is not NULL.
    let SecPkgContext_Bindings { BindingsLength, Bindings } = unsafe { bindings.read_unaligned() };
    // SAFETY: C caller's contract, outputs: it has `BindingsLength` bytes.
    let plain = unsafe { pointers::bytes(Bindings, BindingsLength)? };
    let extended = Parts::read(plain)?.write_extended(flags)?;
    let new = SecPkgContext_Bindings {
        BindingsLength: extended.len() as ULONG,
        Bindings: memory::copy(&extended)?.as_ptr().cast(),
    };
    // SAFETY: C caller's contract, outputs.
    unsafe { put(bindings, new) };
    // Memory of the program's own stays the program's.
    let _ = forward::free_context_buffer(Bindings.cast());
    Ok(SEC_E_OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(family: u16, rest: &[u8]) -> Vec<u8> {
        [&family.to_ne_bytes(), rest].concat()
    }

    #[test]
    fn socket_addresses_of_both_families() {
        let v4 = bytes(INET, &[0x1f, 0x90, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(socket_address(&v4), Ok(Some(Address::V4([192, 0, 2, 7]))));
        let ip = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        let v6 = bytes(INET6, &[&[0x1f, 0x90, 0, 0, 0, 0][..], &ip, &[0; 4]].concat());
        assert_eq!(socket_address(&v6), Ok(Some(Address::V6(ip))));
        let mut mapped = [0; 16];
        mapped[10..].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 7]);
        let mapped = bytes(INET6, &[&[0; 6][..], &mapped, &[0; 4]].concat());
        assert_eq!(socket_address(&mapped), Ok(Some(Address::V4([192, 0, 2, 7]))));
        // A socket of the file system has no address.
        assert_eq!(socket_address(&bytes(1, b"/run/socket")), Ok(None));
        for short in [&v4[..0], &v4[..1], &v4[..7], &v6[..23]] {
            assert!(socket_address(short).is_err(), "{} bytes", short.len());
        }
    }
}
