//! A replay cache in a file, shared by the processes of one user on one machine, in the format of
//! MIT krb5 1.18 and later ("file2"): MIT's acceptors use the same file.
//!
//! A seed of 16 bytes, then hash tables of 1023, 2048, 4096 ... records. A record is 12 bytes of
//! the authenticator's tag and the time it was written, in seconds since 1970, big-endian; the time
//! is 0 in records never written. A tag lies in the slot that its hash (SipHash-2-4 under the seed,
//! whose first byte grows by one from table to table) gives, or in the next, of the first table
//! where one of the two was free. (MIT's page on the format takes the hash modulo one less than its
//! code does; what is in the files is what the code writes.)
//!
//! The file is opened for each claim, since an administrator may remove it at any time, and locked
//! as a whole. A writer that dies leaves a record written or not; a record torn by a crash of the
//! machine counts as not written, or as expired.

use crate::platform::{self, shared_file};
use crate::primitives::siphash::siphash24;
use crate::replay::{Claim, Refusal, in_time, seconds};
use crate::runtime::fork_local::ForkLocal;
use crate::types::error::Error;
use crate::types::time::FileTime;
use once_cell::race::OnceBox;
use parking_lot::Mutex;
use shared_file::Locked;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Length of a tag, cut or padded with zeros.
const TAG: usize = 12;
const RECORD: usize = TAG + 4;
const SEED: usize = 16;
/// Records of the first table.
const FIRST_TABLE: u64 = 1023;
/// The longest file.
const LARGEST: u64 = i32::MAX as u64;

/// Timeout for the lock: longer than any claim takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The time in a record that was rolled back: expired, but not 0, where searches end.
const OVER: u32 = 1;
/// The earliest time of a claim, after that one.
const EARLIEST: u32 = 2;

/// The position of a claim's record.
struct Place {
    offset: u64,
    record: [u8; RECORD],
}

impl Place {
    fn to_claim(&self) -> Claim {
        let mut bytes = [0; Claim::LENGTH];
        let (record, rest) = bytes.split_at_mut(RECORD);
        let (offset, _) = rest.split_at_mut(8);
        record.copy_from_slice(&self.record);
        offset.copy_from_slice(&self.offset.to_ne_bytes());
        Claim::new(bytes)
    }

    fn from_claim(claim: &Claim) -> Option<Place> {
        let (record, rest) = claim.bytes().split_first_chunk()?;
        Some(Place { offset: u64::from_ne_bytes(*rest.first_chunk()?), record: *record })
    }
}

/// As [`ReplayCache::claim`](crate::replay::ReplayCache::claim), in the file `path`.
pub(crate) fn claim(
    path: &Path,
    tag: &[u8],
    ctime: i64,
    now: FileTime,
    skew: Duration,
) -> Result<Claim, Refusal> {
    let (now, skew) = (now.unix_seconds(), seconds(skew));
    if !in_time(ctime, now, skew) {
        return Err(Refusal::Stale);
    }
    // Readers take a record for expired once the skew has passed since its time. MIT writes the
    // time of the claim; an authenticator from a fast clock would stay valid for longer.
    let time = u32::try_from(ctime.max(now)).unwrap_or(u32::MAX).max(EARLIEST);
    let record = record_of(tag, time);
    // As long as MIT's records without that could matter.
    let over = now.saturating_sub(skew.saturating_mul(2));
    match with(path, |file| store(file, &record, over)) {
        Ok(Some(offset)) => Ok(Place { offset, record }.to_claim()),
        Ok(None) => Err(Refusal::Replayed),
        Err(error) => {
            tracing::error!(file = %path.display(), %error, "the replay cache cannot be used: clients are refused");
            Err(Refusal::Unavailable(Error::Internal("the replay cache file cannot be used")))
        }
    }
}

/// Rolls a claim back.
pub(crate) fn release(path: &Path, claim: &Claim) {
    let Some(place) = Place::from_claim(claim) else { return };
    let done = with(path, |file| {
        let mut found = [0; RECORD];
        // What is read of a shorter file differs: the time, which a record ends with, is not 0.
        file.read_at(&mut found, place.offset)?;
        let same = found == place.record;
        // A tag that no authenticator has, but for a chance of 2^-96.
        if same { file.write_at(&record_of(&[], OVER), place.offset) } else { Ok(()) }
    });
    if let Err(error) = done {
        tracing::error!(file = %path.display(), %error, "the replay cache cannot be used");
    }
}

/// The default location of MIT's replay cache: the file that KRB5RCACHENAME names with the type
/// `file2`, else `krb5_UID.rcache2` in the folder KRB5RCACHEDIR, TMPDIR or /var/tmp; on Windows
/// `krb5.rcache2` in the user's folder for local data.
pub fn default_file() -> Option<PathBuf> {
    let variable = |name| platform::environment(name).filter(|value| !value.is_empty());
    if let Some(path) =
        variable("KRB5RCACHENAME").as_ref().and_then(|name| name.to_str()?.strip_prefix("file2:"))
    {
        return Some(path.into());
    }
    let (folder, name) = platform::replay_cache();
    let folder = variable("KRB5RCACHEDIR").map(PathBuf::from).or(folder)?;
    Some(folder.join(name))
}

/// The lock on the file may be owned by the process rather than the open file, so threads need a
/// lock of their own.
static OWN: OnceBox<ForkLocal<Mutex<()>>> = OnceBox::new();

/// Runs `work` with the file locked.
fn with<T>(path: &Path, work: impl FnOnce(&Locked<'_>) -> io::Result<T>) -> io::Result<T> {
    let own = OWN.get_or_init(Box::default).get(Mutex::default);
    let _own = own.try_lock_for(PATIENCE).ok_or(ErrorKind::TimedOut)?;
    let file = shared_file::open(path)?;
    let locked = Locked::wait(&file, PATIENCE)?;
    work(&locked)
}

/// Writes the record unless its tag is present; returns its position if it was not. Records from
/// before `over` may be overwritten.
fn store(file: &Locked<'_>, record: &[u8; RECORD], over: i64) -> io::Result<Option<u64>> {
    let mut seed = [0; SEED];
    if file.read_at(&mut seed, 0)? < SEED {
        getrandom::fill(&mut seed).map_err(|_| io::Error::other("no random numbers"))?;
        file.write_at(&seed, 0)?;
    }
    let (tag, _) = record.split_at(TAG);
    let mut free = None;
    let (mut start, mut records) = (SEED as u64, FIRST_TABLE);
    loop {
        let end = start + records * RECORD as u64;
        if end > LARGEST {
            return Err(io::Error::other("it is full"));
        }
        let offset = start + siphash24(&seed, tag) % records * RECORD as u64;
        let mut slots = [0; 2 * RECORD];
        let length = file.read_at(&mut slots, offset)?;
        let mut last = false;
        for (index, slot) in slots.as_chunks::<RECORD>().0.iter().enumerate() {
            let written = (index + 1) * RECORD <= length && time_of(slot) != 0;
            if written && slot.starts_with(tag) {
                return Ok(None);
            }
            if !written || i64::from(time_of(slot)) < over {
                free = free.or(Some(offset + (index * RECORD) as u64));
            }
            last |= !written;
        }
        // The tag would have been written to the free slot.
        if let (true, Some(free)) = (last, free) {
            file.write_at(record, free)?;
            return Ok(Some(free));
        }
        start = end;
        records = if records == FIRST_TABLE { 2 * (FIRST_TABLE + 1) } else { 2 * records };
        seed[0] = seed[0].wrapping_add(1);
    }
}

fn record_of(tag: &[u8], time: u32) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    for (to, from) in record.iter_mut().take(TAG).zip(tag) {
        *to = *from;
    }
    record[TAG..].copy_from_slice(&time.to_be_bytes());
    record
}

fn time_of(record: &[u8; RECORD]) -> u32 {
    let [.., a, b, c, d] = *record;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    const TIME: u32 = 1_795_521_617;

    /// Makes a file, and fills the two slots of this tag in so many tables, if it may have these.
    /// Returns where the first of them is.
    fn fill(file: &Locked<'_>, tag: &[u8; TAG], tables: usize) -> u64 {
        let (mut seed, mut start, mut records) = ([7; SEED], SEED as u64, 1023);
        file.write_at(&seed, 0).unwrap();
        let slot = |seed: &[u8; SEED], start, records| {
            start + siphash24(seed, tag) % records * RECORD as u64
        };
        let first = slot(&seed, start, records);
        for _ in 0..tables {
            if start + records * 16 >= 1 << 31 {
                break;
            }
            let other = record_of(&[9; TAG], TIME);
            file.write_at(&[other, other].concat(), slot(&seed, start, records)).unwrap();
            start += records * 16;
            records = (2 * records).next_multiple_of(1024);
            seed[0] += 1;
        }
        first
    }

    fn with_file(name: &str, test: impl FnOnce(&Locked<'_>)) {
        let path = std::env::temp_dir().join(format!("negossp-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let file = shared_file::open(&path).unwrap();
        test(&Locked::wait(&file, PATIENCE).unwrap());
        std::fs::remove_file(&path).unwrap();
    }

    /// The format has signed offsets of 32 bits.
    #[test]
    fn a_file_of_two_gigabytes_is_full() {
        with_file("rcache-full", |file| {
            let record = record_of(&[1; TAG], TIME);
            fill(file, &[1; TAG], 100);
            assert!(store(file, &record, 0).is_err());
        });
    }

    #[test]
    fn the_slot_behind_one_that_is_taken_is_used() {
        with_file("rcache-next", |file| {
            let first = fill(file, &[1; TAG], 1);
            let next = first + RECORD as u64;
            file.write_at(&[0; RECORD], next).unwrap();
            let record = record_of(&[1; TAG], TIME);
            assert_eq!(store(file, &record, TIME.into()).unwrap(), Some(next));
            assert_eq!(store(file, &record, TIME.into()).unwrap(), None);
        });
    }

    /// MIT's records have the time of the claim. The authenticator's own may be later by the skew,
    /// and it is accepted until the skew has passed since: twice the skew after the claim.
    #[test]
    fn a_record_is_overwritten_when_it_cannot_matter_any_more() {
        for (over, overwritten) in [(TIME, false), (TIME + 1, true)] {
            with_file("rcache-over", |file| {
                let first = fill(file, &[1; TAG], 1);
                let place = store(file, &record_of(&[1; TAG], TIME), over.into()).unwrap().unwrap();
                assert_eq!(place == first, overwritten);
            });
        }
    }
}
