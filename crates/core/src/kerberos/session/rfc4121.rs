//! The tokens of RFC 4121 4.2, for all encryption types that came after it, and [MS-KILE]
//! 3.4.5.4.1.
//!
//! A sealed Wrap token is a header, then in encrypted form a confounder, the message, `EC` bytes of
//! filler and a copy of the header, then a tag. Rotated to the right by all that follows the
//! message, it begins with everything that is not message: that is what SSPI has in its token
//! buffer, while the message is encrypted where it lies. In DCE style the filler is not counted in
//! `RRC`, since Windows rotates by `EC` + `RRC`.

use super::header::{Flags, HEADER, Mic, Wrap};
use super::{Parts, Received, SHORT, Shared, Side, Slices, again, room};
use crate::kerberos::crypto::{Sealing, Signing, Unsealing, key_usage, sealed_length};
use crate::types::error::{Error, Result};
use crate::types::protection::{Part, Qop};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::OnceLock;
use zeroize::Zeroize;

/// All encryption types of these tokens have blocks and confounders of this length, in bytes.
const BLOCK: usize = 16;

/// Every key that there is, by what it does; each is derived when first needed.
#[derive(Default)]
pub(super) struct Keys {
    sealing: OnceLock<Box<Sealing>>,
    unsealing: OnceLock<Box<Unsealing>>,
    /// MIC tokens.
    signing: OnceLock<Box<Signing>>,
    verifying: OnceLock<Box<Signing>>,
    /// Wrap tokens that are not sealed.
    wrapping: OnceLock<Box<Signing>>,
    unwrapping: OnceLock<Box<Signing>>,
}

/// Key usages of one side's messages.
struct Usages {
    seal: u32,
    sign: u32,
}

impl Usages {
    fn of(side: Side) -> Usages {
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

    /// Refuses a message that is our own, or made with another key than the one in effect.
    fn check(&self, flags: Flags) -> Result<()> {
        let differing = flags ^ self.flags(self.side.peer());
        if differing.contains(Flags::SENT_BY_ACCEPTOR) {
            return Err(Error::MessageAltered("a message of our own side"));
        }
        if differing.contains(Flags::ACCEPTOR_SUBKEY) {
            return Err(Error::MessageAltered(
                "a message under another key than the one agreed on",
            ));
        }
        Ok(())
    }

    /// Length of tags and of checksums.
    fn tag(&self) -> usize {
        self.key.enctype().tag_length()
    }

    /// Bytes of filler in what we seal: Windows refuses some messages in DCE style that have none.
    fn filler(&self) -> usize {
        if self.dce_style { BLOCK } else { 0 }
    }
}

impl Keys {
    /// Lengths of a signature, of a sealed message's token, and of blocks.
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
        let (header, checksum) = room(token, length)?.split_at_mut(HEADER);
        header.copy_from_slice(&Mic { flags: shared.flags(shared.side), number }.bytes());
        let signing =
            self.signing.get_or_init(|| Box::new(shared.key.signing(Usages::of(shared.side).sign)));
        checksum.copy_from_slice(signing.checksum(&followed(parts, header)).bytes());
        Ok(length)
    }

    pub(super) fn verify(&self, shared: &Shared, parts: &[&[u8]], token: &[u8]) -> Result<u64> {
        let (header, checksum) = Mic::read(token)?;
        shared.check(header.flags)?;
        let checksum = checksum.get(..shared.tag()).ok_or(SHORT)?;
        let verifying = self
            .verifying
            .get_or_init(|| Box::new(shared.key.signing(Usages::of(shared.side.peer()).sign)));
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
            (shared.tag(), Usages::of(shared.side), shared.flags(shared.side));
        if qop == Qop::NoEncrypt {
            let length = HEADER + tag;
            let (out, checksum) = room(token, length)?.split_at_mut(HEADER);
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
        let token = room(token, length)?;
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
        let layout = Layout::of(shared, &header)?;
        // The caller keeps the token as it was.
        let mut front: SmallVec<[u8; 96]> =
            SmallVec::from_slice(rest.get(..layout.front()).ok_or(SHORT)?);
        let result = (|| {
            turn(&mut front, parts, layout.rotation, layout.behind())?;
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
        let layout = Layout::of(shared, &header)?;
        let body = stream.get_mut(HEADER..).ok_or(SHORT)?;
        let length = body.len().checked_sub(layout.front()).ok_or(SHORT)?;
        // By now the body is not empty.
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

    /// Decrypts a message whose pieces are where they belong, and compares the two headers.
    fn decrypt(
        &self,
        shared: &Shared,
        header: &Wrap,
        parts: &mut [Part<'_>],
        confounder: &mut [u8],
        behind: &mut [u8],
        tag: &[u8],
    ) -> Result<Received> {
        let usage = Usages::of(shared.side.peer()).seal;
        let unsealing = self.unsealing.get_or_init(|| Box::new(shared.key.unsealing(usage)));
        unsealing.unseal(&mut between(confounder, parts, behind), tag)?;
        // The rotation is nobody's promise: whoever forwards the token may rotate it.
        let same = Wrap::read(behind.get(usize::from(header.extra)..).unwrap_or_default())
            .is_ok_and(|(copy, _)| copy.unrotated() == header.unrotated());
        if !same {
            parts.iter_mut().filter(|part| part.seal).for_each(|part| part.data.zeroize());
            return Err(Error::MessageAltered("a header that is not the one that was encrypted"));
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
        let usage = Usages::of(shared.side.peer()).seal;
        let unwrapping = self.unwrapping.get_or_init(|| Box::new(shared.key.signing(usage)));
        unwrapping.verify(signed, shared.key.enctype().checksum_type(), checksum)?;
        Ok(Received { qop: Qop::NoEncrypt, number: header.number })
    }
}

/// What there is of a Wrap token besides its message.
struct Layout {
    kind: Qop,
    /// How far to the right it was rotated.
    rotation: usize,
    /// `EC` bytes that mean nothing.
    filler: usize,
    /// Length of the tag or checksum.
    tag: usize,
}

impl Layout {
    fn of(shared: &Shared, header: &Wrap) -> Result<Layout> {
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

    /// Bytes behind the message before the rotation.
    fn behind(&self) -> usize {
        match self.kind {
            Qop::Encrypt => self.filler + HEADER + self.tag,
            Qop::NoEncrypt => self.tag,
        }
    }

    /// Bytes that are not message.
    fn front(&self) -> usize {
        match self.kind {
            Qop::Encrypt => self.behind() + BLOCK,
            Qop::NoEncrypt => self.behind(),
        }
    }
}

/// `parts` and `last`.
fn followed<'a>(parts: &[&'a [u8]], last: &'a [u8]) -> Slices<'a> {
    parts.iter().copied().chain([last]).collect()
}

/// What is signed of a message that is not encrypted.
fn plain<'a>(parts: &'a [Part<'_>], header: &'a [u8]) -> Slices<'a> {
    parts.iter().map(|part| &*part.data).chain([header]).collect()
}

/// What is encrypted and signed, in its order.
fn between<'a>(
    confounder: &'a mut [u8],
    parts: &'a mut [Part<'_>],
    behind: &'a mut [u8],
) -> Parts<'a> {
    let sealed = |data| Part { data, seal: true };
    [sealed(confounder)].into_iter().chain(again(parts)).chain([sealed(behind)]).collect()
}

/// Moves the bytes of `front` and then of the sealed `parts`, as if they were one piece that was
/// rotated to the right by `is`, to where they would be if that were `wanted`: all that is not
/// message lies in `front` then. That is how SSPI's peers send it; others do not.
fn turn(front: &mut [u8], parts: &mut [Part<'_>], is: usize, wanted: usize) -> Result<()> {
    let length = front.len() + sealed_length(parts);
    let left = (is % length + length - wanted % length) % length;
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
