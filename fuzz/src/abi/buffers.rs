//! Buffers of every type in every order, too small, empty, NULL or overlapping. Each block is a heap
//! block of its exact size, so that the address sanitizer reports a single byte too many.

use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use std::ffi::c_void;
use std::ptr::null_mut;

#[derive(Debug, Clone, Arbitrary)]
pub struct Piece {
    pub kind: Kind,
    pub content: Content,
}

#[derive(Debug, Clone, Arbitrary)]
pub enum Kind {
    Token,
    Data,
    DataReadOnly,
    DataChecksum,
    Bindings,
    Stream,
    Padding,
    Empty,
    PeerAddress,
    BindingsResult,
    Any(u32),
}

#[derive(Debug, Clone, Arbitrary)]
pub enum Content {
    /// The last token that the other side made.
    Token,
    Bytes(Vec<u8>),
    Space(u16),
    Null(u16),
    /// A part of an earlier buffer's memory, or of one of the input's.
    Shared {
        from: u8,
        at: u16,
        length: u16,
    },
}

impl Kind {
    fn buffer_type(&self) -> ULONG {
        match self {
            Kind::Token => SECBUFFER_TOKEN,
            Kind::Data => SECBUFFER_DATA,
            Kind::DataReadOnly => SECBUFFER_DATA | SECBUFFER_READONLY,
            Kind::DataChecksum => SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM,
            Kind::Bindings => SECBUFFER_CHANNEL_BINDINGS,
            Kind::Stream => SECBUFFER_STREAM,
            Kind::Padding => SECBUFFER_PADDING,
            Kind::Empty => SECBUFFER_EMPTY,
            Kind::PeerAddress => 0x0e53_0001,
            Kind::BindingsResult => SECBUFFER_CHANNEL_BINDINGS_RESULT,
            Kind::Any(any) => *any,
        }
    }
}

/// Memory of the caller's.
type Block = (*mut u8, usize);

/// Buffers in memory, as the caller owns them.
pub struct Owned {
    blocks: Vec<Block>,
    given: Vec<(u32, *mut c_void)>,
    buffers: Box<[SecBuffer]>,
}

impl Owned {
    /// `input` are buffers whose memory may be used too; they live as long.
    pub fn new(pieces: &[Piece], token: &[u8], input: Option<&Owned>) -> Owned {
        let mut blocks: Vec<Block> = Vec::new();
        let others = input.map(|input| input.blocks.as_slice()).unwrap_or_default();
        let mut buffer = |piece: &Piece| {
            let bytes = match &piece.content {
                Content::Token => token.to_vec(),
                Content::Bytes(bytes) => bytes.clone(),
                Content::Space(n) => vec![0; usize::from(*n)],
                Content::Null(n) => return (u32::from(*n), null_mut()),
                Content::Shared { from, at, length } => {
                    let all: Vec<Block> = blocks.iter().chain(others).copied().collect();
                    let Some(&(start, capacity)) = all.get(usize::from(*from) % all.len().max(1))
                    else {
                        return (0, null_mut());
                    };
                    let at = usize::from(*at) % (capacity + 1);
                    let length = usize::from(*length) % (capacity - at + 1);
                    return (length as u32, start.wrapping_add(at).cast());
                }
            };
            let length = bytes.len();
            let start = Box::into_raw(bytes.into_boxed_slice()).cast::<u8>();
            blocks.push((start, length));
            (length as u32, start.cast())
        };
        let given: Vec<(u32, *mut c_void)> = pieces.iter().map(&mut buffer).collect();
        let buffers = pieces.iter().zip(&given).map(|(piece, &(cbBuffer, pvBuffer))| SecBuffer {
            cbBuffer,
            BufferType: piece.kind.buffer_type(),
            pvBuffer,
        });
        let buffers = buffers.collect();
        Owned { blocks, given, buffers }
    }

    pub fn desc(&mut self) -> SecBufferDesc {
        SecBufferDesc {
            ulVersion: SECBUFFER_VERSION,
            cBuffers: self.buffers.len() as u32,
            pBuffers: self.buffers.as_mut_ptr(),
        }
    }

    /// After a call that makes a token: returns the token, and frees what the library allocated.
    pub fn output(&mut self, status: SECURITY_STATUS) -> Option<Vec<u8>> {
        let mut token = None;
        for (buffer, &(capacity, given)) in self.buffers.iter().zip(&self.given) {
            let allocated = buffer.pvBuffer != given;
            if status != SEC_E_BUFFER_TOO_SMALL && !allocated {
                assert!(
                    buffer.cbBuffer <= capacity,
                    "status {status:08x}: more written than there is room for"
                );
            }
            if token.is_none()
                && buffer.BufferType & !SECBUFFER_ATTRMASK == SECBUFFER_TOKEN
                && status >= 0
                && !buffer.pvBuffer.is_null()
            {
                let (start, length) = (buffer.pvBuffer.cast::<u8>(), buffer.cbBuffer as usize);
                // SAFETY: the library guarantees cbBuffer bytes there.
                token = Some(unsafe { std::slice::from_raw_parts(start, length) }.to_vec());
            }
            if allocated && !buffer.pvBuffer.is_null() {
                super::free(buffer.pvBuffer);
            }
        }
        token
    }

    /// After DecryptMessage: a buffer may point into the stream, and nowhere else.
    pub fn check_message(&self) {
        for (buffer, &(_, given)) in self.buffers.iter().zip(&self.given) {
            let (start, length) = (buffer.pvBuffer.addr(), buffer.cbBuffer as usize);
            let inside = |&(block, capacity): &Block| {
                block.addr() <= start && start + length <= block.addr() + capacity
            };
            assert!(buffer.pvBuffer == given || self.blocks.iter().any(inside));
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        for &(start, length) in &self.blocks {
            // SAFETY: from `Box::into_raw` of as many bytes, and not used any more.
            drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(start, length)) });
        }
    }
}

/// `pieces` as an argument: NULL if there are none.
pub fn argument(owned: &mut Option<Owned>, desc: &mut SecBufferDesc) -> PSecBufferDesc {
    match owned {
        None => null_mut(),
        Some(owned) => {
            *desc = owned.desc();
            desc
        }
    }
}

/// A descriptor before it has buffers.
pub const NO_DESC: SecBufferDesc =
    SecBufferDesc { ulVersion: 0, cBuffers: 0, pBuffers: null_mut() };
