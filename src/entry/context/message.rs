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

/// Most messages have fewer pieces.
const FEW: usize = 4;

/// A message's buffers by their role.
struct Message<'call> {
    /// The signed buffers, in order, and whether they are encrypted too.
    data: SmallVec<[(Buffer<'call>, bool); FEW]>,
    token: Buffer<'call>,
}

impl<'call> Message<'call> {
    /// Sorts the buffers and checks those that will be used: they have memory, and those that are
    /// written to (the token if `writes_token`, the data if `writes_data`) overlap no other. With
    /// `writes_data` there must be data.
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

    /// The message with `padding`, a SECBUFFER_PADDING buffer, after its data.
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
        // SAFETY: C caller's contract, buffers.
        self.data.iter().map(|(buffer, _)| unsafe { buffer.bytes() }).collect()
    }

    /// # Safety
    /// As for [`Buffer::bytes_mut`]; the message was made with `writes_data`.
    unsafe fn parts_mut(&self) -> Result<SmallVec<[Part<'call>; FEW]>> {
        let part = |(buffer, seal): &(Buffer<'call>, bool)| {
            // SAFETY: as this function's own; `new` checked that no two overlap.
            Ok(Part { data: unsafe { buffer.bytes_mut()? }, seal: *seal })
        };
        self.data.iter().map(part).collect()
    }

    /// Sets the token's length, or the required length if it was too short.
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
    let work = |session: &mut Session, buffers: Buffers<'_>| {
        let sign = match qop {
            0 => Session::sign,
            SECQOP_WRAP_NO_ENCRYPT => Session::sign_without_encryption,
            _ => return Err(Error::QopNotSupported),
        };
        let message = Message::new(buffers, true, false)?;
        // SAFETY: `Message::check` found that the token overlaps no data, which are only read.
        let (parts, token) = unsafe { (message.parts()?, message.token.bytes_mut()?) };
        message.tell_length(sign(session, &parts, sequence, token))
    };
    // SAFETY: C caller's contract, handles and buffers.
    unsafe { with_session(context, message, work) }
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
    let work = |session: &mut Session, buffers: Buffers<'_>| {
        let message = Message::new(buffers, false, false)?;
        // SAFETY: all buffers are only read.
        let (parts, token) = unsafe { (message.parts()?, message.token.bytes()?) };
        session.verify(&parts, sequence, token)?;
        // SAFETY: C caller's contract, outputs.
        unsafe { tell_quality(session, qop, Qop::Encrypt) };
        Ok(SEC_E_OK)
    };
    // SAFETY: C caller's contract, handles and buffers.
    unsafe { with_session(context, message, work) }
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
    let work = |session: &mut Session, buffers: Buffers<'_>| {
        let qop = match qop {
            0 => Qop::Encrypt,
            SECQOP_WRAP_NO_ENCRYPT => Qop::NoEncrypt,
            _ => return Err(Error::QopNotSupported),
        };
        let mut message = Message::new(buffers, true, true)?;
        let padding = session.padding(message.sealed_length());
        let padded = buffers.find(SECBUFFER_PADDING).filter(|_| padding > 0);
        if let Some(buffer) = padded {
            message = message
                .padded(buffer.first(padding).inspect_err(|_| buffer.set_length(padding))?)?;
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
    };
    // SAFETY: C caller's contract, handles and buffers.
    unsafe { with_session(context, message, work) }
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
    let work = |session: &mut Session, buffers: Buffers<'_>| {
        let used = if let Some(stream) = buffers.find(SECBUFFER_STREAM) {
            let plain = buffers
                .find(SECBUFFER_DATA)
                .ok_or(Error::InvalidToken("no SECBUFFER_DATA buffer for the plain message"))?;
            // SAFETY: only the stream's memory is used.
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
        // SAFETY: C caller's contract, outputs.
        unsafe { tell_quality(session, qop, used) };
        Ok(SEC_E_OK)
    };
    // SAFETY: C caller's contract, handles and buffers.
    unsafe { with_session(context, message, work) }
}

/// Tells the caller how a message was protected. NTLM leaves `pfQOP` alone, as on Windows.
///
/// # Safety
/// `quality` is NULL or points to a place for it.
unsafe fn tell_quality(session: &Session, quality: *mut ULONG, used: Qop) {
    if let Session::Kerberos(_) = session {
        // SAFETY: C caller's contract, outputs.
        unsafe { put(quality, if used == Qop::NoEncrypt { SECQOP_WRAP_NO_ENCRYPT } else { 0 }) };
    }
}

/// Runs `work` with the keys of an established context and the message's buffers.
///
/// # Safety
/// `context` is NULL or points to a handle; `message` as for [`Buffers::new`].
#[inline]
unsafe fn with_session<'call>(
    context: PCtxtHandle,
    message: PSecBufferDesc,
    work: impl FnOnce(&mut Session, Buffers<'call>) -> Result<SECURITY_STATUS>,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles.
    let shared = unsafe { find(&CONTEXTS, context)? };
    if message.is_null() {
        return Err(Error::InvalidParameter("pMessage is NULL"));
    }
    // SAFETY: C caller's contract, buffers.
    let buffers = unsafe { Buffers::new(message)? };
    let mut object = shared.lock()?;
    work(usable(&mut object)?.session()?, buffers)
}

/// The keys of the established context, unless it has expired.
fn usable(object: &mut ContextObject) -> Result<Keys<'_>> {
    let expiry = object.secured()?.established.expiry;
    if expiry != FileTime::NEVER && expiry <= platform::now() {
        return Err(Error::ContextExpired);
    }
    Ok(Keys(object))
}

/// Access to the keys of an established context. Their counters are unknown after a panic, so the
/// context has failed then.
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
