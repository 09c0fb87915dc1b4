//! Exported contexts: sealed, of limited age, and imported once.
//!
//! A sealed context is a header (magic, version, kind, nonce) and, encrypted, what is in it.
//! XChaCha20-Poly1305 authenticates both, under a key that the importing process must have: from a
//! file, or the one that a process shares with its forked children. What was sealed too long ago,
//! or has been imported already by this process or one that it shares a parent with, is rejected;
//! that is remembered as Kerberos remembers authenticators.

mod key;
mod key_file;
mod options;

pub use key::Key;
pub use key_file::KeyFile;
pub use options::Options;

use crate::persist::{MALFORMED, Persist, Reader, Writer, persist_enum};
use crate::platform::random::{SystemRandom, hash_key};
use crate::platform::shared_memory;
use crate::replay::{self, Refusal};
use crate::runtime::thread_role;
use crate::stores::replay_restart;
use crate::stores::shared_replay::{FEWER_WORDS, SharedCache};
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use arc_swap::ArcSwapOption;
use once_cell::race::OnceBox;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What every sealed context begins with; the number is that of the packed form.
const MAGIC: [u8; 8] = *b"negossp\x03";

/// Imports that are remembered at a time, at most: more within `[export] lifetime` are rejected.
const IMPORTS: usize = 1 << 20;

/// What is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An established context.
    Established,
    /// An acceptor's exchange under way.
    HalfOpen,
}

persist_enum!(Kind { 1 = Kind::Established, 2 = Kind::HalfOpen });

/// The keys of exported contexts: of files, or without one that of this process and its forked
/// children.
#[derive(Debug)]
pub struct ExportKey {
    /// `[export] key_file`.
    pub file: Option<Arc<KeyFile>>,
    /// `[export] previous_key_file`.
    pub previous: Option<Arc<KeyFile>>,
    /// `[export] audience`, or the server's name.
    pub audience: String,
}

impl ExportKey {
    /// Calls `work` with the key in force; fails with `missing` if the configured file has none.
    fn with<T>(&self, work: impl FnOnce(&Key) -> Result<T>, missing: Error) -> Result<T> {
        match &self.file {
            None => work(Key::of_process()?),
            Some(file) => work(file.current().key.as_ref().ok_or(missing)?),
        }
    }

    /// Seals what is packed.
    ///
    /// Errors: `CannotPack` without a key.
    pub fn seal(&self, kind: Kind, plain: &[u8]) -> Result<Vec<u8>> {
        const NO_KEY: Error = Error::CannotPack("[export] key_file has no key");
        let mut header = Writer::new();
        header.raw(&MAGIC)?;
        kind.pack(&mut header)?;
        self.with(|key| key.seal(&header.finish(), &self.audience, plain), NO_KEY)
    }

    /// Opens what [`ExportKey::seal`] has sealed, also with the previous key.
    ///
    /// Errors: `InvalidToken` for anything else, whatever is wrong with it; `NoCredentials` without
    /// a key.
    pub fn open(&self, sealed: &[u8]) -> Result<Opened> {
        const NO_KEY: Error = Error::NoCredentials("[export] key_file has no key");
        let (header, body) = sealed.split_at_checked(MAGIC.len() + 1).ok_or(MALFORMED)?;
        let kind = header
            .strip_prefix(&MAGIC)
            .ok_or(Error::InvalidToken("not an exported context, or another version's"))?;
        let open = |key: &Key| key.open(header, &self.audience, body);
        let plain = self.with(open, NO_KEY).or_else(|error| {
            let previous = self.previous.as_ref().map(|file| file.current());
            previous.as_ref().and_then(|file| file.key.as_ref()).ok_or(error).and_then(open)
        })?;
        let nonce = *body.first_chunk().ok_or(MALFORMED)?;
        Ok(Opened { kind: Kind::unpack(&mut Reader::new(kind, &SystemRandom))?, plain, nonce })
    }
}

/// What was sealed.
#[derive(Debug)]
pub struct Opened {
    /// What it is.
    pub kind: Kind,
    /// What was packed.
    pub plain: Zeroizing<Vec<u8>>,
    /// Tells it from all others.
    pub nonce: [u8; Key::NONCE],
}

/// An import that has been claimed: no other thread has it.
#[derive(Debug)]
#[must_use = "needed to release the claim"]
pub struct Claim {
    in_memory: replay::Claim,
    in_file: Option<(&'static SharedCache, replay::Claim)>,
}

/// What this process, its parent and its children have imported lately.
fn imported() -> &'static SharedCache {
    static IMPORTED: OnceBox<SharedCache> = OnceBox::new();
    let make = || SharedCache::new(hash_key(), shared_memory::words(FEWER_WORDS));
    IMPORTED.get_or_init(|| Box::new(make()))
}

/// What all processes that use the file have imported lately.
fn imported_by_all(path: &Path) -> Result<&'static SharedCache> {
    type Opened = Vec<(PathBuf, &'static SharedCache)>;
    /// The files that could be opened. Memory that is mapped stays so.
    static OPENED: ArcSwapOption<Opened> = ArcSwapOption::const_empty();
    const UNUSABLE: Error = Error::NoCredentials("[export] once_file cannot be used");
    let opened = OPENED.load();
    if let Some((_, cache)) =
        opened.iter().flat_map(|all| all.iter()).find(|(known, _)| known == path)
    {
        return Ok(cache);
    }
    // With a client's rights it may not open, or another one may. A later call opens it.
    if thread_role::is_impersonating() {
        return Err(UNUSABLE);
    }
    match replay_restart::open(path) {
        Ok(cache) => {
            let cache: &'static SharedCache = Box::leak(Box::new(cache));
            OPENED.rcu(|all| {
                let mut all = all.as_deref().cloned().unwrap_or_default();
                all.push((path.to_owned(), cache));
                Some(Arc::new(all))
            });
            Ok(cache)
        }
        Err(error) => {
            tracing::error!(file = %path.display(), %error, "[export] once_file cannot be used");
            Err(UNUSABLE)
        }
    }
}

/// Makes what the process needs for its children or before them.
pub fn prepare() {
    imported();
}

impl Claim {
    /// Claims a context of this nonce, exported at `made`; it can be claimed once, by this process
    /// and those that share its memory or `[export] once_file`.
    ///
    /// Errors: `InvalidToken` if it has been claimed, or was exported too long ago; `OutOfMemory`;
    /// `NoCredentials` if the file cannot be used.
    pub fn new(
        nonce: &[u8; Key::NONCE],
        made: FileTime,
        options: &Options,
        now: FileTime,
    ) -> Result<Claim> {
        let claim = |cache: &SharedCache| {
            cache
                .claim(nonce, made.unix_seconds(), now, options.lifetime, IMPORTS)
                .map_err(not_claimed)
        };
        let shared = options.once_file.as_deref().map(imported_by_all).transpose()?;
        let in_memory = claim(imported())?;
        let in_file = match shared {
            None => None,
            Some(cache) => match claim(cache) {
                Ok(claimed) => Some((cache, claimed)),
                Err(error) => {
                    imported().release(in_memory);
                    return Err(error);
                }
            },
        };
        Ok(Claim { in_memory, in_file })
    }

    /// As if it had not been claimed.
    pub fn release(self) {
        imported().release(self.in_memory);
        if let Some((cache, claim)) = self.in_file {
            cache.release(claim);
        }
    }
}

fn not_claimed(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Replayed => Error::InvalidToken("an exported context that was imported before"),
        Refusal::Stale => Error::InvalidToken("a context exported too long ago"),
        Refusal::Unavailable(error) => error,
    }
}
