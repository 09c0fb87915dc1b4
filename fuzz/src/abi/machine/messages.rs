//! Messages of established contexts, and contexts as messages: export and import.

use super::{ENOUGH, Handle, Machine, Package};
use crate::Edit;
use crate::abi::buffers::{NO_DESC, Owned, Piece, argument};
use crate::abi::{NO_HANDLE, free, pointer, wide};
use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ffi::c_void;
use std::ptr::null_mut;

#[derive(Debug, Clone, Arbitrary)]
pub struct Message {
    context: Handle,
    what: What,
    pieces: Option<Vec<Piece>>,
    qop: Quality,
    number: u32,
    found: bool,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum What {
    Make,
    Verify,
    Encrypt,
    Decrypt,
    Seal,
    Unseal,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Quality {
    Usual,
    NoEncryption,
    Any(u32),
}

impl Quality {
    fn value(self) -> ULONG {
        match self {
            Quality::Usual => 0,
            Quality::NoEncryption => SECQOP_WRAP_NO_ENCRYPT,
            Quality::Any(any) => any,
        }
    }
}

/// A message from one side of a conversation to the other.
#[derive(Debug, Clone, Arbitrary)]
pub struct Exchange {
    pair: u8,
    from_server: bool,
    encrypt: bool,
    data: Vec<u8>,
    /// A bit of the data that is changed on the way.
    damage: Option<u16>,
    number: u32,
}

/// An exported context.
pub struct Packed {
    bytes: Vec<u8>,
    imported: bool,
}

#[derive(Debug, Clone, Arbitrary)]
pub struct Import {
    which: u8,
    package: Option<Package>,
    edits: Vec<Edit>,
    ansi: bool,
}

impl Machine {
    pub(super) fn message(&mut self, message: &Message) {
        let Message { context, what, pieces, qop, number, found } = message;
        let mut owned = pieces.as_ref().map(|pieces| Owned::new(pieces, &self.from_client, None));
        let mut desc = NO_DESC;
        let chosen = self.handle(context);
        let mut context = chosen;
        let context = pointer(&mut context);
        let pMessage = argument(&mut owned, &mut desc);
        let mut quality = 0;
        let (quality, qop) = (if *found { &raw mut quality } else { null_mut() }, qop.value());
        // SAFETY: every pointer is NULL or valid for its type.
        let status = unsafe {
            match what {
                What::Make => MakeSignature(context, qop, pMessage, *number),
                What::Verify => VerifySignature(context, pMessage, *number, quality),
                What::Encrypt => EncryptMessage(context, qop, pMessage, *number),
                What::Decrypt => DecryptMessage(context, pMessage, *number, quality),
                What::Seal => SealMessage(context, qop, pMessage, *number),
                What::Unseal => UnsealMessage(context, pMessage, *number, quality),
            }
        };
        self.check_handle(chosen, true, status);
        owned.iter().for_each(Owned::check_message);
    }

    /// A message that arrives is the one that was sent.
    pub(super) fn exchange(&mut self, exchange: &Exchange) {
        let Exchange { pair, from_server, encrypt, data, damage, number } = exchange;
        let Some(&(server, client)) = self.pairs.get(usize::from(*pair) % self.pairs.len().max(1))
        else {
            return;
        };
        let (mut from, mut to) = if *from_server { (server, client) } else { (client, server) };
        let (mut sizes, mut flags) = (
            SecPkgContext_Sizes {
                cbMaxToken: 0,
                cbMaxSignature: 0,
                cbBlockSize: 0,
                cbSecurityTrailer: 0,
            },
            SecPkgContext_Flags { Flags: 0 },
        );
        // SAFETY: handles, and the structures of these attributes.
        let status = unsafe {
            QueryContextAttributesW(&mut from, SECPKG_ATTR_SIZES, (&raw mut sizes).cast())
                | QueryContextAttributesW(&mut from, SECPKG_ATTR_FLAGS, (&raw mut flags).cast())
        };
        if status != SEC_E_OK {
            return;
        }
        let mut sent = data.clone();
        let room = if *encrypt { sizes.cbSecurityTrailer } else { sizes.cbMaxSignature };
        let mut token = vec![0; room as usize];
        let mut buffers = [buffer(SECBUFFER_TOKEN, &mut token), buffer(SECBUFFER_DATA, &mut sent)];
        let mut desc = SecBufferDesc {
            ulVersion: SECBUFFER_VERSION,
            cBuffers: 2,
            pBuffers: buffers.as_mut_ptr(),
        };
        // SAFETY: every pointer is valid for its type.
        let status = unsafe {
            match encrypt {
                true => EncryptMessage(&mut from, 0, &mut desc, *number),
                false => MakeSignature(&mut from, 0, &mut desc, *number),
            }
        };
        if status != SEC_E_OK {
            return;
        }
        let damaged = damage.filter(|_| !sent.is_empty()).map(usize::from);
        if let Some(bit) = damaged {
            let at = bit / 8 % sent.len();
            sent[at] ^= 1 << (bit % 8);
        }
        // SAFETY: every pointer is valid for its type.
        let status = unsafe {
            match encrypt {
                true => DecryptMessage(&mut to, &mut desc, *number, null_mut()),
                false => VerifySignature(&mut to, &mut desc, *number, null_mut()),
            }
        };
        let protected = flags.Flags & 0x0001_0000 != 0;
        if status == SEC_E_OK && self.alone && (protected || *encrypt) {
            assert!(damaged.is_none(), "a damaged message was accepted");
            assert_eq!(&sent, data, "another message arrived");
        }
    }

    pub(super) fn export(&mut self, context: &Handle, flags: u32) {
        // Bits beside those that have a meaning, seldom.
        let known = SECPKG_CONTEXT_EXPORT_RESET_NEW
            | SECPKG_CONTEXT_EXPORT_DELETE_OLD
            | NEGOSSP_CONTEXT_EXPORT_HALF_OPEN;
        let flags = match flags % 8 {
            7 => flags,
            n => (n & 3) | if n & 4 == 0 { 0 } else { NEGOSSP_CONTEXT_EXPORT_HALF_OPEN },
        } & (known | 0x8000_0000 | SECPKG_CONTEXT_EXPORT_TO_KERNEL);
        let chosen = self.handle(context);
        let mut context = chosen;
        let mut packed = SecBuffer { cbBuffer: 7, BufferType: 7, pvBuffer: 7 as *mut c_void };
        let mut token: *mut c_void = 7 as *mut c_void;
        // SAFETY: every pointer is NULL or valid for its type.
        let status =
            unsafe { ExportSecurityContext(pointer(&mut context), flags, &mut packed, &mut token) };
        self.check_handle(chosen, true, status);
        assert!(token.is_null());
        if status != SEC_E_OK {
            assert!(packed.pvBuffer.is_null() && packed.cbBuffer == 0);
            return;
        }
        let (start, length) = (packed.pvBuffer.cast::<u8>(), packed.cbBuffer as usize);
        // SAFETY: the library has given as many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(start, length) }.to_vec();
        free(packed.pvBuffer);
        self.packed.push(Packed { bytes, imported: false });
        if let Some(chosen) = chosen.filter(|_| flags & SECPKG_CONTEXT_EXPORT_DELETE_OLD != 0) {
            self.contexts.retain(|held| *held != chosen);
            self.pairs.retain(|(server, client)| *server != chosen && *client != chosen);
            self.ended.push(chosen);
        }
    }

    /// A context is imported once, as it was exported, or not at all.
    pub(super) fn import(&mut self, import: &Import) {
        let Import { which, package, edits, ansi } = import;
        if self.contexts.len() >= ENOUGH {
            return;
        }
        let place = usize::from(*which) % self.packed.len().max(1);
        let own = self.packed.get(place);
        let mut bytes = own.map(|packed| packed.bytes.clone()).unwrap_or_default();
        edits.iter().take(8).for_each(|edit| edit.apply(&mut bytes));
        let changed = own.is_none_or(|packed| packed.bytes != bytes || packed.imported);
        let mut exact = bytes.into_boxed_slice();
        let name = package.unwrap_or(self.parties.package).name();
        let mut packed = SecBuffer {
            cbBuffer: exact.len() as ULONG,
            BufferType: SECBUFFER_EMPTY,
            pvBuffer: exact.as_mut_ptr().cast(),
        };
        let mut context = NO_HANDLE;
        let mut narrow: Vec<i8> = name.bytes().map(u8::cast_signed).chain([0]).collect();
        // SAFETY: every pointer is NULL or valid for its type.
        let status = unsafe {
            if *ansi {
                ImportSecurityContextA(narrow.as_mut_ptr(), &mut packed, null_mut(), &mut context)
            } else {
                let mut name = wide(name);
                ImportSecurityContextW(name.as_mut_ptr(), &mut packed, null_mut(), &mut context)
            }
        };
        if status == SEC_E_OK {
            assert!(!changed, "a context that was not exported, or a second time");
            self.packed[place].imported = true;
            self.keep_context(context);
        }
    }
}

fn buffer(BufferType: ULONG, bytes: &mut [u8]) -> SecBuffer {
    SecBuffer { cbBuffer: bytes.len() as ULONG, BufferType, pvBuffer: bytes.as_mut_ptr().cast() }
}
