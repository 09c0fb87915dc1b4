//! MakeSignature, VerifySignature, EncryptMessage, DecryptMessage.

use super::{CONTEXTS, ContextObject};
use crate::entry::abi::*;
use crate::entry::boundary::buffers::{Buffer, Buffers};
use crate::entry::boundary::pointers::put;
use crate::entry::handles::find;
use crate::negotiate::session::Session;
use crate::platform;
use crate::types::error::{Error, Result};
use crate::types::protection::{Part, Qop};
use crate::types::time::FileTime;
use smallvec::SmallVec;

/// Messages mostly come in fewer pieces.
const FEW: usize = 4;

/// A message's buffers by their part in it.
struct Message<'call> {
    /// What is signed, in order, and whether it is encrypted too.
    data: SmallVec<[(Buffer<'call>, bool); FEW]>,
    token: Buffer<'call>,
}

impl<'call> Message<'call> {
    /// Sorts the buffers, and makes sure of those that will be used: each has its memory, and what
    /// is written to (the token if `writes_token`, the data if `writes_data`) is nobody else's. A
    /// message to be changed is there.
    fn new(
        buffers: Buffers<'call>,
        writes_token: bool,
        writes_data: bool,
    ) -> Result<Message<'call>> {
        let token = buffers
            .find(SECBUFFER_TOKEN)
            .ok_or(Error::InvalidToken("no SECBUFFER_TOKEN buffer"))?;
        let data = buffers.iter().filter(|buffer| buffer.kind() == SECBUFFER_DATA);
        if writes_data && buffers.find(SECBUFFER_DATA).is_none() {
            return Err(Error::InvalidToken("no SECBUFFER_DATA buffer"));
        }
        let signed = data.filter(|buffer| !buffer.has(SECBUFFER_READONLY));
        let data: SmallVec<[(Buffer<'call>, bool); FEW]> =
            signed.map(|buffer| (buffer, !buffer.has(SECBUFFER_READONLY_WITH_CHECKSUM))).collect();
        let message = Message { data, token };
        message.check(writes_token, writes_data)?;
        Ok(message)
    }

    fn check(&self, writes_token: bool, writes_data: bool) -> Result<()> {
        self.token.check()?;
        for (n, (buffer, _)) in self.data.iter().enumerate() {
            buffer.check()?;
            if (writes_token || writes_data) && buffer.overlaps(&self.token)
                || writes_data && self.data[..n].iter().any(|(other, _)| buffer.overlaps(other))
            {
                return Err(Error::InvalidParameter("buffers that overlap"));
            }
        }
        Ok(())
    }

    /// The message with `padding`, a SECBUFFER_PADDING buffer, behind its data.
    fn padded(mut self, padding: Buffer<'call>) -> Result<Message<'call>> {
        self.data.push((padding, true));
        self.check(true, true)?;
        Ok(self)
    }

    /// Bytes to be encrypted.
    fn sealed_length(&self) -> usize {
        self.data.iter().filter(|(_, seal)| *seal).map(|(buffer, _)| buffer.length()).sum()
    }

    /// # Safety
    /// As for [`Buffer::bytes`].
    unsafe fn parts(&self) -> Result<SmallVec<[&'call [u8]; FEW]>> {
        // SAFETY: the caller's promise is this function's own.
        self.data.iter().map(|(buffer, _)| unsafe { buffer.bytes() }).collect()
    }

    /// # Safety
    /// As for [`Buffer::bytes_mut`]; the message was made with `writes_data`.
    unsafe fn parts_mut(&self) -> Result<SmallVec<[Part<'call>; FEW]>> {
        // SAFETY: the caller's promise is this function's own; `new` found that no two overlap.
        let part = |(buffer, seal): &(Buffer<'call>, bool)| {
            Ok(Part { data: unsafe { buffer.bytes_mut()? }, seal: *seal })
        };
        self.data.iter().map(part).collect()
    }

    /// Tells the caller how long the token has become, or would have had to be.
    fn tell_length(&self, result: Result<usize>) -> Result<SECURITY_STATUS> {
        match result {
            Ok(length) | Err(Error::BufferTooSmall { needed: length }) => {
                self.token.set_length(length)
            }
            Err(_) => {}
        }
        result.map(|_| SEC_E_OK)
    }
}

/// MakeSignature.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn sign(
    context: PCtxtHandle,
    qop: ULONG,
    message: PSecBufferDesc,
    sequence: ULONG,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let (shared, buffers) = unsafe { (find(&CONTEXTS, context)?, given(message)?) };
    let mut object = shared.lock()?;
    let mut keys = usable(&mut object)?;
    let session = keys.session()?;
    if qop != 0 {
        return Err(Error::QopNotSupported);
    }
    let message = Message::new(buffers, true, false)?;
    // SAFETY: the token is nobody else's, and the data are only read.
    let (parts, token) = unsafe { (message.parts()?, message.token.bytes_mut()?) };
    message.tell_length(session.sign(&parts, sequence, token))
}

/// VerifySignature.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn verify(
    context: PCtxtHandle,
    message: PSecBufferDesc,
    sequence: ULONG,
    qop: *mut ULONG,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let (shared, buffers) = unsafe { (find(&CONTEXTS, context)?, given(message)?) };
    let mut object = shared.lock()?;
    let mut keys = usable(&mut object)?;
    let session = keys.session()?;
    let message = Message::new(buffers, false, false)?;
    // SAFETY: all of it is only read.
    let (parts, token) = unsafe { (message.parts()?, message.token.bytes()?) };
    session.verify(&parts, sequence, token)?;
    // SAFETY: the caller's promise is this function's own.
    unsafe { put(qop, 0) };
    Ok(SEC_E_OK)
}

/// EncryptMessage.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn encrypt(
    context: PCtxtHandle,
    qop: ULONG,
    message: PSecBufferDesc,
    sequence: ULONG,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let (shared, buffers) = unsafe { (find(&CONTEXTS, context)?, given(message)?) };
    let mut object = shared.lock()?;
    let mut keys = usable(&mut object)?;
    let session = keys.session()?;
    let qop = match qop {
        0 => Qop::Encrypt,
        SECQOP_WRAP_NO_ENCRYPT => Qop::NoEncrypt,
        _ => return Err(Error::QopNotSupported),
    };
    let mut message = Message::new(buffers, true, true)?;
    let padding = session.padding(message.sealed_length());
    let padded = buffers.find(SECBUFFER_PADDING).filter(|_| padding > 0);
    if let Some(buffer) = padded {
        message =
            message.padded(buffer.first(padding).inspect_err(|_| buffer.set_length(padding))?)?;
    }
    // SAFETY: `Message::check` found that no two of the token and the data overlap.
    let (mut parts, token) = unsafe { (message.parts_mut()?, message.token.bytes_mut()?) };
    if let Some(part) = parts.last_mut().filter(|_| padded.is_some()) {
        part.data.fill(padding as u8);
    }
    let status = message.tell_length(session.seal(qop, &mut parts, sequence, token))?;
    buffers
        .iter()
        .filter(|buffer| buffer.kind() == SECBUFFER_PADDING)
        .for_each(|padding| padding.set_length(0));
    if let Some(buffer) = padded {
        buffer.set_length(padding);
    }
    Ok(status)
}

/// DecryptMessage.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn decrypt(
    context: PCtxtHandle,
    message: PSecBufferDesc,
    sequence: ULONG,
    qop: *mut ULONG,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let (shared, buffers) = unsafe { (find(&CONTEXTS, context)?, given(message)?) };
    let mut object = shared.lock()?;
    let mut keys = usable(&mut object)?;
    let session = keys.session()?;
    let used = if let Some(stream) = buffers.find(SECBUFFER_STREAM) {
        let plain = buffers
            .find(SECBUFFER_DATA)
            .ok_or(Error::InvalidToken("no SECBUFFER_DATA buffer for the plain message"))?;
        // SAFETY: the stream is the one buffer whose memory is used.
        let bytes = unsafe { stream.bytes_mut()? };
        let (used, message) = session.unseal_stream(bytes, sequence)?;
        let message =
            bytes.get_mut(message).ok_or(Error::Internal("a message outside of its stream"))?;
        plain.set_pointer(message.as_mut_ptr());
        plain.set_length(message.len());
        used
    } else {
        let mut message = Message::new(buffers, false, true)?;
        let padding = buffers
            .find(SECBUFFER_PADDING)
            .filter(|buffer| buffer.length() > 0 && session.padding(0) > 0);
        if let Some(padding) = padding {
            message = message.padded(padding)?;
        }
        // SAFETY: `Message::check` found that no two of the token and the data overlap.
        let (mut parts, token) = unsafe { (message.parts_mut()?, message.token.bytes()?) };
        session.unseal(&mut parts, sequence, token)?
    };
    // SAFETY: the caller's promise is this function's own.
    unsafe { put(qop, if used == Qop::NoEncrypt { SECQOP_WRAP_NO_ENCRYPT } else { 0 }) };
    Ok(SEC_E_OK)
}

/// The message's buffers.
///
/// # Safety
/// As for [`Buffers::new`].
unsafe fn given<'call>(message: PSecBufferDesc) -> Result<Buffers<'call>> {
    if message.is_null() {
        return Err(Error::InvalidParameter("pMessage is NULL"));
    }
    // SAFETY: the caller's promise is this function's own.
    unsafe { Buffers::new(message) }
}

/// The keys of the established context, unless its time is over.
fn usable(object: &mut ContextObject) -> Result<Keys<'_>> {
    let expiry = object.secured()?.established.expiry;
    if expiry != FileTime::NEVER && expiry <= platform::now() {
        return Err(Error::ContextExpired);
    }
    Ok(Keys(object))
}

/// The keys of an established context at work. If that panics, nobody knows where their counters
/// are: the context has failed.
struct Keys<'context>(&'context mut ContextObject);

impl Keys<'_> {
    fn session(&mut self) -> Result<&mut Session> {
        Ok(&mut self.0.secured()?.established.session)
    }
}

impl Drop for Keys<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail();
        }
    }
}
