//! The tokens of RFC 4121 4.2, used with AES, and [MS-KILE] 3.4.5.4.1.
//!
//! A sealed Wrap token is a header; then, encrypted, a confounder, the message, `EC` bytes of
//! filler and a copy of the header; then a tag. The part after the header is rotated to the right
//! by the length of what follows the message. The token then starts with everything but the
//! message: SSPI keeps that in its token buffer, and the message is encrypted in place. In DCE
//! style `RRC` does not include the filler, since Windows rotates by `EC` + `RRC`.

use super::header::{Flags, HEADER, Mic, Wrap};
use super::{Parts, Received, SHORT, Shared, Side, Slices, reborrow, token_buffer};
use crate::kerberos::crypto::{Sealing, Signing, Unsealing, key_usage, sealed_length};
use crate::types::error::{Error, Result};
use crate::types::protection::{Part, Qop};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::OnceLock;
use zeroize::Zeroize;

/// The length of blocks and confounders of all encryption types with these tokens, in bytes.
const BLOCK: usize = 16;

/// The keys by purpose, each derived on first use.
#[derive(Default)]
pub(super) struct Keys {
    sealing: OnceLock<Box<Sealing>>,
    unsealing: OnceLock<Box<Unsealing>>,
    /// MIC tokens.
    signing: OnceLock<Box<Signing>>,
    verifying: OnceLock<Box<Signing>>,
    /// Wrap tokens without encryption.
    wrapping: OnceLock<Box<Signing>>,
    unwrapping: OnceLock<Box<Signing>>,
}

/// The key usages of one side's messages.
struct Usages {
    seal: u32,
    sign: u32,
}

impl Usages {
    fn for_side(side: Side) -> Usages {
        match side {
            Side::Initiator => {
                Usages { seal: key_usage::INITIATOR_SEAL, sign: key_usage::INITIATOR_SIGN }
            }
            Side::Acceptor => {
                Usages { seal: key_usage::ACCEPTOR_SEAL, sign: key_usage::ACCEPTOR_SIGN }
            }
        }
    }
}

impl Side {
    fn peer(self) -> Side {
        match self {
            Side::Initiator => Side::Acceptor,
            Side::Acceptor => Side::Initiator,
        }
    }
}

impl Shared {
    /// The flags of messages from `side`.
    fn flags(&self, side: Side) -> Flags {
        let mut flags = Flags::empty();
        flags.set(Flags::SENT_BY_ACCEPTOR, side == Side::Acceptor);
        flags.set(Flags::ACCEPTOR_SUBKEY, self.acceptor_subkey);
        flags
    }

    /// Rejects messages made by this side, or with another key than the negotiated one.
    fn check(&self, flags: Flags) -> Result<()> {
        let differing = flags ^ self.flags(self.side.peer());
        if differing.contains(Flags::SENT_BY_ACCEPTOR) {
            return Err(Error::MessageAltered("a message sent by this side"));
        }
        if differing.contains(Flags::ACCEPTOR_SUBKEY) {
            return Err(Error::MessageAltered(
                "a message under another key than the negotiated one",
            ));
        }
        Ok(())
    }

    /// The length of tags and checksums, in bytes.
    fn tag(&self) -> usize {
        self.key.enctype().tag_length()
    }

    /// The bytes of filler in sealed messages: Windows rejects some messages in DCE style without
    /// filler.
    fn filler(&self) -> usize {
        if self.dce_style { BLOCK } else { 0 }
    }
}

impl Keys {
    /// The lengths of a signature, of a sealed message's token, and of blocks.
    pub(super) fn sizes(&self, shared: &Shared) -> (usize, usize, usize) {
        (HEADER + shared.tag(), HEADER + shared.filler() + HEADER + shared.tag() + BLOCK, 1)
    }

    pub(super) fn padding(&self, _shared: &Shared, _length: usize) -> usize {
        0
    }

    pub(super) fn sign(
        &self,
        shared: &Shared,
        number: u64,
        parts: &[&[u8]],
        token: &mut [u8],
    ) -> Result<usize> {
        let length = HEADER + shared.tag();
        let (header, checksum) = token_buffer(token, length)?.split_at_mut(HEADER);
        header.copy_from_slice(&Mic { flags: shared.flags(shared.side), number }.bytes());
        let signing = self
            .signing
            .get_or_init(|| Box::new(shared.key.signing(Usages::for_side(shared.side).sign)));
        checksum.copy_from_slice(signing.checksum(&followed(parts, header)).bytes());
        Ok(length)
    }

    pub(super) fn verify(&self, shared: &Shared, parts: &[&[u8]], token: &[u8]) -> Result<u64> {
        let (header, checksum) = Mic::read(token)?;
        shared.check(header.flags)?;
        let checksum = checksum.get(..shared.tag()).ok_or(SHORT)?;
        let verifying = self.verifying.get_or_init(|| {
            Box::new(shared.key.signing(Usages::for_side(shared.side.peer()).sign))
        });
        verifying.verify(
            &followed(parts, &header.bytes()),
            shared.key.enctype().checksum_type(),
            checksum,
        )?;
        Ok(header.number)
    }

    pub(super) fn seal(
        &self,
        shared: &Shared,
        number: u64,
        qop: Qop,
        parts: &mut [Part<'_>],
        token: &mut [u8],
    ) -> Result<usize> {
        let (tag, usages, flags) =
            (shared.tag(), Usages::for_side(shared.side), shared.flags(shared.side));
        if qop == Qop::NoEncrypt {
            let length = HEADER + tag;
            let (out, checksum) = token_buffer(token, length)?.split_at_mut(HEADER);
            let header = Wrap { flags, extra: tag as u16, rotation: tag as u16, number };
            let wrapping = self.wrapping.get_or_init(|| Box::new(shared.key.signing(usages.seal)));
            checksum.copy_from_slice(
                wrapping.checksum(&plain(parts, &header.without_lengths())).bytes(),
            );
            out.copy_from_slice(&header.bytes());
            return Ok(length);
        }
        let filler = shared.filler();
        let length = HEADER + filler + HEADER + tag + BLOCK;
        let token = token_buffer(token, length)?;
        let mut random = [0; BLOCK];
        shared.random.fill(&mut random)?;
        let (out, rest) = token.split_at_mut(HEADER);
        let (behind, rest) = rest.split_at_mut(filler + HEADER);
        let (tag, confounder) = rest.split_at_mut(tag);
        let rotation = (HEADER + tag.len()) as u16;
        let header = Wrap { flags: flags | Flags::SEALED, extra: filler as u16, rotation, number };
        out.copy_from_slice(&header.bytes());
        confounder.copy_from_slice(&random);
        let (extra, copy) = behind.split_at_mut(filler);
        extra.fill(0xff);
        copy.copy_from_slice(&header.unrotated());
        let sealing = self.sealing.get_or_init(|| Box::new(shared.key.sealing(usages.seal)));
        sealing.seal(&mut between(confounder, parts, behind), tag)?;
        Ok(length)
    }

    pub(super) fn unseal(
        &self,
        shared: &Shared,
        parts: &mut [Part<'_>],
        token: &[u8],
    ) -> Result<Received> {
        let (header, rest) = Wrap::read(token)?;
        shared.check(header.flags)?;
        let layout = Layout::from_header(shared, &header)?;
        // The caller's token is left unchanged.
        let mut front: SmallVec<[u8; 96]> =
            SmallVec::from_slice(rest.get(..layout.front()).ok_or(SHORT)?);
        let result = (|| {
            rotate(&mut front, parts, layout.rotation, layout.behind())?;
            match layout.kind {
                Qop::NoEncrypt => self.check_plain(
                    shared,
                    &header,
                    &plain(parts, &header.without_lengths()),
                    &front,
                ),
                Qop::Encrypt => {
                    let (behind, rest) = front.split_at_mut(layout.filler + HEADER);
                    let (tag, confounder) = rest.split_at_mut(layout.tag);
                    self.decrypt(shared, &header, parts, confounder, behind, tag)
                }
            }
        })();
        front.zeroize();
        result
    }

    pub(super) fn unseal_stream(
        &self,
        shared: &Shared,
        stream: &mut [u8],
    ) -> Result<(Received, Range<usize>)> {
        let (header, _) = Wrap::read(stream)?;
        shared.check(header.flags)?;
        let layout = Layout::from_header(shared, &header)?;
        let body = stream.get_mut(HEADER..).ok_or(SHORT)?;
        let length = body.len().checked_sub(layout.front()).ok_or(SHORT)?;
        // The checks above ensure that the body is not empty.
        let rotation = layout.rotation % body.len();
        let in_front = rotation == layout.behind();
        if !in_front {
            body.rotate_left(rotation);
        }
        let (received, start) = match layout.kind {
            Qop::NoEncrypt => {
                let (message, checksum) = if in_front {
                    let (checksum, message) = body.split_at(layout.tag);
                    (message, checksum)
                } else {
                    body.split_at(length)
                };
                let received = self.check_plain(
                    shared,
                    &header,
                    &followed(&[message], &header.without_lengths()),
                    checksum,
                )?;
                (received, if in_front { layout.tag } else { 0 })
            }
            Qop::Encrypt => {
                let (confounder, message, behind, tag, start);
                if in_front {
                    let (rest, encrypted) = body.split_at_mut(layout.behind());
                    (behind, tag) = rest.split_at_mut(layout.filler + HEADER);
                    (confounder, message) = encrypted.split_at_mut(BLOCK);
                    start = layout.behind() + BLOCK;
                } else {
                    let (encrypted, rest) = body.split_at_mut(BLOCK + length);
                    (behind, tag) = rest.split_at_mut(layout.filler + HEADER);
                    (confounder, message) = encrypted.split_at_mut(BLOCK);
                    start = BLOCK;
                }
                let parts = &mut [Part { data: message, seal: true }];
                (self.decrypt(shared, &header, parts, confounder, behind, tag)?, start)
            }
        };
        Ok((received, HEADER + start..HEADER + start + length))
    }

    /// Decrypts a message whose parts are in order, and compares the two headers.
    fn decrypt(
        &self,
        shared: &Shared,
        header: &Wrap,
        parts: &mut [Part<'_>],
        confounder: &mut [u8],
        behind: &mut [u8],
        tag: &[u8],
    ) -> Result<Received> {
        let usage = Usages::for_side(shared.side.peer()).seal;
        let unsealing = self.unsealing.get_or_init(|| Box::new(shared.key.unsealing(usage)));
        unsealing.unseal(&mut between(confounder, parts, behind), tag)?;
        // `RRC` is ignored: the token may be rotated in transit.
        let same = Wrap::read(behind.get(usize::from(header.extra)..).unwrap_or_default())
            .is_ok_and(|(copy, _)| copy.unrotated() == header.unrotated());
        if !same {
            parts.iter_mut().filter(|part| part.seal).for_each(|part| part.data.zeroize());
            return Err(Error::MessageAltered("a header that differs from its encrypted copy"));
        }
        Ok(Received { qop: Qop::Encrypt, number: header.number })
    }

    /// Checks a message that is not encrypted.
    fn check_plain(
        &self,
        shared: &Shared,
        header: &Wrap,
        signed: &[&[u8]],
        checksum: &[u8],
    ) -> Result<Received> {
        let usage = Usages::for_side(shared.side.peer()).seal;
        let unwrapping = self.unwrapping.get_or_init(|| Box::new(shared.key.signing(usage)));
        unwrapping.verify(signed, shared.key.enctype().checksum_type(), checksum)?;
        Ok(Received { qop: Qop::NoEncrypt, number: header.number })
    }
}

/// The layout of a Wrap token apart from its message.
struct Layout {
    kind: Qop,
    /// By how many bytes it was rotated to the right.
    rotation: usize,
    /// `EC`: bytes without meaning.
    filler: usize,
    /// The length of the tag or checksum.
    tag: usize,
}

impl Layout {
    fn from_header(shared: &Shared, header: &Wrap) -> Result<Layout> {
        let (rotation, extra, tag) =
            (usize::from(header.rotation), usize::from(header.extra), shared.tag());
        if header.flags.contains(Flags::SEALED) {
            let rotation = if shared.dce_style { rotation + extra } else { rotation };
            return Ok(Layout { kind: Qop::Encrypt, rotation, filler: extra, tag });
        }
        if extra != tag {
            return Err(Error::InvalidToken("a checksum of a length that its type does not have"));
        }
        Ok(Layout { kind: Qop::NoEncrypt, rotation, filler: 0, tag })
    }

    /// The bytes that follow the message before the rotation.
    fn behind(&self) -> usize {
        match self.kind {
            Qop::Encrypt => self.filler + HEADER + self.tag,
            Qop::NoEncrypt => self.tag,
        }
    }

    /// The bytes other than the message.
    fn front(&self) -> usize {
        match self.kind {
            Qop::Encrypt => self.behind() + BLOCK,
            Qop::NoEncrypt => self.behind(),
        }
    }
}

/// `parts`, then `last`.
fn followed<'a>(parts: &[&'a [u8]], last: &'a [u8]) -> Slices<'a> {
    parts.iter().copied().chain([last]).collect()
}

/// The data signed in a message that is not encrypted.
fn plain<'a>(parts: &'a [Part<'_>], header: &'a [u8]) -> Slices<'a> {
    parts.iter().map(|part| &*part.data).chain([header]).collect()
}

/// The data that is encrypted and signed, in order.
fn between<'a>(
    confounder: &'a mut [u8],
    parts: &'a mut [Part<'_>],
    behind: &'a mut [u8],
) -> Parts<'a> {
    let sealed = |data| Part { data, seal: true };
    [sealed(confounder)].into_iter().chain(reborrow(parts)).chain([sealed(behind)]).collect()
}

/// Changes the concatenation of `front` and the sealed `parts` from a rotation to the right by
/// `current` to one by `wanted`, after which `front` holds everything but the message. SSPI peers
/// send messages like that, others do not.
fn rotate(front: &mut [u8], parts: &mut [Part<'_>], current: usize, wanted: usize) -> Result<()> {
    let length = front.len() + sealed_length(parts);
    let left = (current % length + length - wanted % length) % length;
    if left == 0 {
        return Ok(());
    }
    let mut whole = Vec::new();
    whole.try_reserve_exact(length).map_err(|_| Error::OutOfMemory)?;
    whole.extend_from_slice(front);
    parts.iter().filter(|part| part.seal).for_each(|part| whole.extend_from_slice(part.data));
    whole.rotate_left(left);
    let mut rest = &whole[..];
    let sealed = parts.iter_mut().filter(|part| part.seal).map(|part| &mut *part.data);
    for piece in [front].into_iter().chain(sealed) {
        if let Some((bytes, after)) = rest.split_at_checked(piece.len()) {
            piece.copy_from_slice(bytes);
            rest = after;
        }
    }
    whole.zeroize();
    Ok(())
}
