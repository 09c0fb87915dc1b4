//! The last claims of a replay cache in memory, in a file that outlives the process: a server that is
//! restarted must not accept what it accepted before (RFC 4120 3.2.3).
//!
//! The file is mapped, so that a claim is a write to memory and a process that is killed has written
//! all of them; the system writes them to the disk when it likes. It is the same table as the one in
//! memory, of a fixed size: where it is full the oldest claim is overwritten. For authenticators from
//! the time of those, and for nobody else, RFC 4120's other rule holds: until the skew has passed
//! since the start they are rejected. At 400 logons in a second the file suffices.
//!
//! That rule for all, without a file, would reject every client whose clock is behind by more than
//! the time since the start, and nearly all clients of a server that runs a process for each
//! connection, whose authenticators are older than it.

use super::shared_replay::{RESTART_WORDS, SharedCache};
use crate::platform::{self, shared_file, shared_memory};
use crate::runtime::thread_role;
use once_cell::race::OnceBox;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Timeout for the lock, which is held while a file is made.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a file begins with, in the words of the table's header that it leaves free. The number is
/// that of the form.
const MAGIC: u64 = u64::from_be_bytes(*b"nego\0\0\0\x01");
const MAGIC_AT: usize = 16;
const KEY_AT: usize = 17;

/// The file where none is configured: in the folder that the environment names for MIT's replay
/// cache, else in the service's own, else in MIT's.
pub fn default_file() -> Option<PathBuf> {
    let variable = |name| platform::environment(name).filter(|value| !value.is_empty());
    let (folder, name) = platform::replay_cache();
    let named = variable("KRB5RCACHEDIR").map(PathBuf::from);
    let folder = named.or_else(platform::service_folder).or(folder)?;
    Some(folder.join(name.replace("krb5", "negossp").replace(".rcache2", ".replay")))
}

/// The claims in this file; `None`, with the reason in the log, if it cannot be used. A process
/// uses the file that it was asked for first.
pub(crate) fn claims(path: &Path) -> Option<&'static SharedCache> {
    static CLAIMS: OnceBox<Option<SharedCache>> = OnceBox::new();
    let open = || {
        open(path)
            .inspect_err(|error| {
                tracing::warn!(
                    file = %path.display(), %error,
                    "[kerberos] replay_restart_file cannot be used: after a restart replays are not detected"
                )
            })
            .ok()
    };
    // With a client's rights the file may not open, or another one may. A later call opens it.
    if CLAIMS.get().is_none() && thread_role::is_impersonating() {
        return None;
    }
    CLAIMS.get_or_init(|| Box::new(open())).as_ref()
}

/// Opens the file, or makes it.
pub(crate) fn open(path: &Path) -> io::Result<SharedCache> {
    open_once(path).or_else(|error| match error.kind() {
        // Another version's: it goes on with its own.
        io::ErrorKind::InvalidData if is_ours(path) => {
            std::fs::remove_file(path)?;
            open_once(path)
        }
        _ => Err(error),
    })
}

/// Whether the file is one of a version of this library's, and no other that was named by mistake.
fn is_ours(path: &Path) -> bool {
    let Ok(file) = shared_file::open(path) else { return false };
    let mut magic = [0; 8];
    let at = (MAGIC_AT * size_of::<u64>()) as u64;
    let read = shared_file::Locked::wait(&file, PATIENCE)
        .and_then(|locked| locked.read_at(&mut magic, at));
    // In the machine's byte order, without the number of the form.
    read.is_ok_and(|read| read == magic.len()) && u64::from_ne_bytes(magic) >> 32 == MAGIC >> 32
}

fn open_once(path: &Path) -> io::Result<SharedCache> {
    let file = shared_file::open(path)?;
    let locked = shared_file::Locked::wait(&file, PATIENCE)?;
    let words = shared_memory::of_file(&file, RESTART_WORDS)?;
    let now = platform::now().unix_seconds();
    let word = |at: usize| words.get(at).map_or(0, |word| word.load(Ordering::SeqCst));
    // After a leap of the clock into the future all clients would be too old.
    if word(MAGIC_AT) != MAGIC || SharedCache::is_of_the_future(words, now) {
        make(words)?;
    }
    let mut key = [0; 16];
    key[..8].copy_from_slice(&word(KEY_AT).to_ne_bytes());
    key[8..].copy_from_slice(&word(KEY_AT + 1).to_ne_bytes());
    drop(locked);
    Ok(SharedCache::overwriting(key, words, now))
}

/// An empty table under a new key.
fn make(words: &[AtomicU64]) -> io::Result<()> {
    words.iter().for_each(|word| word.store(0, Ordering::SeqCst));
    let mut key = [[0; 8]; 2];
    for half in &mut key {
        getrandom::fill(half).map_err(|_| io::Error::other("no random numbers"))?;
    }
    let content = [MAGIC, u64::from_ne_bytes(key[0]), u64::from_ne_bytes(key[1])];
    for (word, value) in words.iter().skip(MAGIC_AT).zip(content) {
        word.store(value, Ordering::SeqCst);
    }
    Ok(())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::primitives::siphash::siphash24;
    use crate::replay::Refusal;
    use crate::types::time::FileTime;
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    const SKEW: Duration = Duration::from_secs(300);

    fn claim(cache: &SharedCache, number: u32, ctime: i64, now: i64) -> Result<(), Refusal> {
        let mut tag = [7; 12];
        tag[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
        cache.claim(&tag, ctime, FileTime::from_unix_seconds(now), SKEW, 0).map(|_| ())
    }

    fn file(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("negossp-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    #[test]
    fn what_was_claimed_before_a_restart_is_claimed_after_it() {
        let (path, now) = (file("restart"), platform::now().unix_seconds());
        let before = open(&path).unwrap();
        for number in 0..1000 {
            assert_eq!(claim(&before, number, now, now), Ok(()));
        }
        // As if the process had been killed: nothing more is written.
        let after = open(&path).unwrap();
        for number in 0..1000 {
            assert_eq!(claim(&after, number, now, now), Err(Refusal::Replayed));
        }
        // Right clients, those with slow clocks too, are not rejected.
        for ctime in [now - 299, now, now + 299] {
            assert_eq!(claim(&after, 5000, ctime, now), Ok(()));
        }
        // A leap of the clock that was put right.
        let _ = claim(&after, 1, now + 1_000_000, now + 1_000_000);
        let later = open(&path).unwrap();
        assert_eq!(claim(&later, 1, now, now), Ok(()));
        std::fs::remove_file(&path).unwrap();
    }

    /// The words of a file.
    fn words(path: &Path) -> Vec<u64> {
        let bytes = std::fs::read(path).unwrap();
        bytes.as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word)).collect()
    }

    /// Whoever knew the key could make an authenticator that another one's word keeps out.
    #[test]
    fn all_of_the_key_is_random_and_counts() {
        let (path, other) = (file("key"), file("other-key"));
        let now = platform::now().unix_seconds();
        let tag = [7; 12];
        let cache = open(&path).unwrap();
        open(&other).unwrap();
        assert!(cache.claim(&tag, now, FileTime::from_unix_seconds(now), SKEW, 0).is_ok());
        let keys: Vec<u64> = [&path, &other]
            .iter()
            .flat_map(|path| words(path)[KEY_AT..KEY_AT + 2].to_vec())
            .collect();
        assert!((0..4).all(|at| keys[at] != 0 && !keys[..at].contains(&keys[at])));
        assert_eq!(words(&path)[MAGIC_AT], MAGIC);
        let mut key = [0; 16];
        key[..8].copy_from_slice(&keys[0].to_ne_bytes());
        key[8..].copy_from_slice(&keys[1].to_ne_bytes());
        // A word is 24 bits of the time and 40 of the hash.
        let hash = siphash24(&key, &tag) >> 24;
        let is_it = |word: &u64| word & ((1 << 40) - 1) == hash;
        assert_eq!(words(&path).iter().filter(|word| is_it(word)).count(), 1);
        [path, other].iter().for_each(|path| std::fs::remove_file(path).unwrap());
    }

    /// The clock has not gone back because the skew is shorter than the table's unit of time.
    #[test]
    fn a_short_skew_is_no_leap_of_the_clock() {
        let (path, now) = (file("short"), platform::now());
        let skew = Duration::from_secs(1);
        let claim = |cache: &SharedCache| {
            cache.claim(&[7; 12], now.unix_seconds(), now, skew, 0).map(|_| ())
        };
        assert_eq!(claim(&open(&path).unwrap()), Ok(()));
        assert_eq!(claim(&open(&path).unwrap()), Err(Refusal::Replayed));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn the_table_of_another_version_is_replaced_and_nothing_else() {
        let (path, now) = (file("version"), platform::now().unix_seconds());
        let create = |content: &[u8]| {
            let _ = std::fs::remove_file(&path);
            let mut options = std::fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(&path).unwrap();
            file.write_all(content).unwrap();
        };
        let at_word = |at: usize, word: u64| {
            let mut content = vec![0; 8 * 100];
            content[8 * at..][..8].copy_from_slice(&word.to_ne_bytes());
            content
        };
        for version in [MAGIC + 1, MAGIC + 0xffff] {
            create(&at_word(MAGIC_AT, version));
            let cache = open(&path).unwrap();
            assert_eq!(claim(&cache, 1, now, now), Ok(()));
            assert_eq!(words(&path).len(), RESTART_WORDS);
            assert_eq!(words(&path)[MAGIC_AT], MAGIC);
        }
        for foreign in [
            b"a file that was named by mistake".to_vec(),
            b"a file that was named by mistake".repeat(100),
            at_word(MAGIC_AT, MAGIC)[..8 * MAGIC_AT + 7].to_vec(),
            at_word(MAGIC_AT, MAGIC ^ 1 << 63),
            at_word(0, MAGIC),
            at_word(2, MAGIC),
            at_word(3, MAGIC),
        ] {
            create(&foreign);
            assert!(open(&path).is_err());
            assert_eq!(std::fs::read(&path).unwrap(), foreign);
        }
        std::fs::remove_file(&path).unwrap();
    }

    /// What no longer fits is rejected by its time, and only for as long as it could be replayed.
    #[test]
    fn a_full_file_rejects_only_what_it_may_have_forgotten() {
        let (path, now) = (file("full"), platform::now().unix_seconds());
        let before = open(&path).unwrap();
        for number in 0..400_000 {
            assert_eq!(claim(&before, number, now - 200, now), Ok(()), "{number}");
        }
        let after = open(&path).unwrap();
        let accepted =
            (0..400_000).filter(|&number| claim(&after, number, now - 200, now).is_ok()).count();
        assert_eq!(accepted, 0);
        assert_eq!(claim(&after, 1_000_000, now, now), Ok(()));
        std::fs::remove_file(&path).unwrap();
    }
}
