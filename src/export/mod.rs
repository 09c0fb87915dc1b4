//! Contexts exported to another process: packed, sealed, and importable once.
//!
//! A sealed context is a header (magic, version, kind, nonce) and, encrypted, when it was made and
//! the packed context. XChaCha20-Poly1305 authenticates both, under a key that the other process
//! must have: from a file, or the one that a process shares with its forked children. Contexts
//! sealed too long ago, or already imported by this process, are rejected; imports are recorded in
//! the same kind of table as Kerberos' authenticators.

mod key;
mod key_file;
mod options;

pub use key::Key;
pub use key_file::KeyFile;
pub use options::Options;

use crate::config::Settings;
use crate::context::{Accepting, Context, EstablishedContext};
use crate::persist::{MALFORMED, Persist, Reader, Writer, persist_enum, persist_struct};
use crate::replay::{MemoryCache, Place, Refusal};
use crate::runtime::fork_local::ForkLocal;
use crate::types::channel_bindings::ChannelBindings;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// The start of every sealed context; the number is the version of the packed form.
const MAGIC: [u8; 8] = *b"negossp\x01";

/// The most imports that are recorded: more within `[export] lifetime` are rejected.
const IMPORTS: usize = 1 << 20;

/// The sealed content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Established,
    HalfOpen,
}

persist_enum!(Kind { 1 = Kind::Established, 2 = Kind::HalfOpen });

/// The state of a conversation besides its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallState {
    /// The requirements of its calls.
    pub requirements: ContextFlags,
    /// The caller's channel bindings.
    pub bindings: Option<ChannelBindings>,
    /// When the first call was made, in UTC.
    pub started: FileTime,
}

persist_struct!(CallState { requirements, bindings, started });

/// Options of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// Export the context in the state in which it was established.
    pub reset: bool,
    /// Allow a context that is not yet established.
    pub half_open: bool,
}

/// Packs and seals a context.
///
/// Errors: `InvalidHandle` for one that is not established, unless it may be half open;
/// `CannotPack` for what cannot be exported, and without a key.
pub fn export(
    context: &Context,
    circumstances: &CallState,
    manner: ExportOptions,
    settings: &Settings,
    now: FileTime,
) -> Result<Vec<u8>> {
    let mut out = Writer::new();
    now.pack(&mut out)?;
    circumstances.pack(&mut out)?;
    let kind = match context {
        Context::Established(secured) if manner.reset => {
            let EstablishedContext { established, package, accepted } = &**secured;
            let mut established = established.clone();
            established.session.reset();
            EstablishedContext { established, package: *package, accepted: *accepted }
                .pack(&mut out)?;
            Kind::Established
        }
        Context::Established(secured) => {
            secured.pack(&mut out)?;
            Kind::Established
        }
        Context::Accepting(accepting) if manner.half_open => {
            accepting.pack(&mut out)?;
            Kind::HalfOpen
        }
        Context::Initiating(_) if manner.half_open => {
            return Err(Error::CannotPack("a client's context under way"));
        }
        Context::Accepting(_) | Context::Initiating(_) => {
            return Err(Error::InvalidHandle("a context that is not established"));
        }
        Context::Failed => {
            return Err(Error::InvalidHandle("a context whose conversation is over"));
        }
    };
    let mut header = Writer::new();
    header.raw(&MAGIC);
    kind.pack(&mut header)?;
    let plain = out.finish();
    settings.export.with_key(|key| key.seal(&header.finish(), &plain), NO_KEY_TO_SEAL)
}

const NO_KEY_TO_SEAL: Error = Error::CannotPack("[export] key_file has no key");
const NO_KEY_TO_OPEN: Error = Error::NoCredentials("[export] key_file has no key");

/// An exported context that this process has not yet claimed.
#[derive(Debug)]
pub struct Imported {
    /// The context.
    pub context: Context,
    /// The state besides it.
    pub circumstances: CallState,
    made: FileTime,
    nonce: [u8; Key::NONCE],
}

/// Opens and unpacks a context that [`export`] sealed.
///
/// Errors: `InvalidToken` for anything else, without the reason; `NoCredentials` without a key.
pub fn import(sealed: &[u8], settings: &Arc<Settings>) -> Result<Imported> {
    let (header, body) = sealed.split_at_checked(MAGIC.len() + 1).ok_or(MALFORMED)?;
    let kind = header
        .strip_prefix(&MAGIC)
        .ok_or(Error::InvalidToken("not an exported context, or another version's"))?;
    let plain = settings.export.with_key(|key| key.open(header, body), NO_KEY_TO_OPEN)?;
    let nonce = *body.first_chunk().ok_or(MALFORMED)?;
    unpack(Kind::unpack(&mut Reader::new(kind))? == Kind::HalfOpen, &plain, nonce, settings)
}

/// Unpacks the sealed content.
fn unpack(
    half_open: bool,
    plain: &[u8],
    nonce: [u8; Key::NONCE],
    settings: &Arc<Settings>,
) -> Result<Imported> {
    let mut from = Reader::new(plain);
    let made = FileTime::unpack(&mut from)?;
    let circumstances = CallState::unpack(&mut from)?;
    let context = match half_open {
        false => Context::Established(Persist::unpack(&mut from)?),
        true => Context::Accepting(Box::new(Accepting::unpack(&mut from, settings.clone())?)),
    };
    from.finish()?;
    Ok(Imported { context, circumstances, made, nonce })
}

/// Unpacks unsealed content: for fuzzing, which cannot forge a seal.
pub fn unpack_unsealed(half_open: bool, plain: &[u8], settings: &Arc<Settings>) -> Result<Context> {
    unpack(half_open, plain, [0; Key::NONCE], settings).map(|imported| imported.context)
}

/// The content that [`export`] would seal: for fuzzing.
pub fn pack_unsealed(
    context: &Context,
    circumstances: &CallState,
    now: FileTime,
) -> Result<Vec<u8>> {
    let mut out = Writer::new();
    now.pack(&mut out)?;
    circumstances.pack(&mut out)?;
    match context {
        Context::Established(secured) => secured.pack(&mut out)?,
        Context::Accepting(accepting) => accepting.pack(&mut out)?,
        Context::Initiating(_) | Context::Failed => {
            return Err(Error::CannotPack("neither established nor accepting"));
        }
    }
    Ok(out.finish().to_vec())
}

/// An import that has been claimed, once within this process.
#[derive(Debug)]
#[must_use = "needed to undo the claim"]
pub struct Claim(Place);

/// This process's recent imports. A forked child starts with none.
static IMPORTED: LazyLock<ForkLocal<MemoryCache>> = LazyLock::new(ForkLocal::default);

impl Imported {
    /// Claims the context for this process, which succeeds once.
    ///
    /// Errors: `InvalidToken` if it has been claimed, or was exported too long ago; `OutOfMemory`.
    pub fn claim(&self, lifetime: Duration, now: FileTime) -> Result<Claim> {
        let imported = IMPORTED.get(MemoryCache::new);
        match imported.claim(&self.nonce, self.made.unix_seconds(), now, lifetime, IMPORTS) {
            Ok(place) => Ok(Claim(place)),
            Err(Refusal::Replayed) => {
                Err(Error::InvalidToken("an exported context that was imported before"))
            }
            Err(Refusal::Stale) => Err(Error::InvalidToken("a context exported too long ago")),
            Err(Refusal::Unavailable(error)) => Err(error),
        }
    }
}

impl Claim {
    /// Undoes a claim.
    pub fn release(self) {
        IMPORTED.get(MemoryCache::new).release(self.0);
    }
}
