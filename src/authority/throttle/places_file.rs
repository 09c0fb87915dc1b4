//! The file of places: `[authorities] throttle_file`. It outlives a restart and is shared by the
//! processes of one user, for example the workers of a server.
//!
//! It begins with a signature and the key of its hashes. A record follows for each logon that was
//! news. A record with a wrong checksum, left by a process that was killed, is skipped.

use super::places::Places;
use crate::platform::random::SystemRandom;
use crate::platform::shared_file::{self, Locked};
use crate::primitives::random::SecureRandom;
use crate::primitives::siphash::siphash24;
use crate::runtime::thread_role;
use crate::types::time::FileTime;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const SIGNATURE: &[u8; 16] = b"negossp places 1";
const KEY: usize = 16;
const HEADER: usize = SIGNATURE.len() + KEY;
/// Account, place, time, checksum: 64 bits each.
const RECORD: usize = 4 * 8;
/// A longer file is written anew, without what has been replaced.
const LONG: usize = HEADER + 200_000 * RECORD;
/// A file longer than this is not read.
const TOO_LONG: u64 = 4 * LONG as u64;
/// How long to wait for another process.
const PATIENCE: Duration = Duration::from_millis(200);

pub(super) struct PlacesFile {
    path: PathBuf,
    /// The length up to which it has been read.
    seen: AtomicU64,
}

impl PlacesFile {
    pub(super) fn new(path: PathBuf) -> PlacesFile {
        PlacesFile { path, seen: AtomicU64::new(0) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file into `places`, or creates it. Returns its key; `None`, with a line in the
    /// log, if it cannot be used.
    pub(super) fn load(&self, places: &Places) -> Option<[u8; KEY]> {
        self.logged(self.try_load(None, places))
    }

    /// `expected` is the key that the file must have.
    fn try_load(&self, expected: Option<&[u8; KEY]>, places: &Places) -> io::Result<[u8; KEY]> {
        let file = shared_file::open(&self.path)?;
        // Many workers may start at once.
        let locked =
            Locked::wait(&file, if expected.is_none() { 20 * PATIENCE } else { PATIENCE })?;
        let length = file.metadata()?.len();
        if length == 0 {
            let mut key = [0; KEY];
            SystemRandom.fill(&mut key).map_err(|_| io::Error::other("no random numbers"))?;
            locked.write_at(&[*SIGNATURE, key].concat(), 0)?;
            self.seen.store(HEADER as u64, Ordering::Relaxed);
            return Ok(key);
        }
        let key = read_key(&locked)?;
        if expected.is_some_and(|expected| *expected != key) {
            return Err(io::Error::other("it has been replaced; restart the server"));
        }
        if length > TOO_LONG {
            return Err(io::Error::other("it is too long"));
        }
        let mut records = vec![0; length as usize - HEADER];
        let read = locked.read_at(&mut records, HEADER as u64)?;
        drop(locked);
        for record in records[..read].chunks_exact(RECORD) {
            if let Some((account, place, at)) = decode(&key, record) {
                places.remember(account, place, at);
            }
        }
        self.seen.store(length, Ordering::Relaxed);
        Ok(key)
    }

    /// Reads the file again if it has changed; false if it has not. `key` is the process' own.
    pub(super) fn refresh(&self, key: &[u8; KEY], places: &Places) -> bool {
        // A client's rights may not suffice, and must not decide.
        if thread_role::is_impersonating() {
            return false;
        }
        let length = std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        length != self.seen.load(Ordering::Relaxed)
            && length != 0
            && self.logged(self.try_load(Some(key), places)).is_some()
    }

    /// Appends a record, if the file has this key.
    pub(super) fn append(
        &self,
        key: &[u8; KEY],
        account: u64,
        place: u64,
        at: FileTime,
        places: &Places,
    ) {
        if thread_role::is_impersonating() {
            return;
        }
        self.logged(self.try_append(key, &encode(key, account, place, at), places));
    }

    fn try_append(&self, key: &[u8; KEY], record: &[u8], places: &Places) -> io::Result<()> {
        let file = shared_file::open(&self.path)?;
        let locked = Locked::wait(&file, PATIENCE)?;
        if read_key(&locked)? != *key {
            return Err(io::Error::other("it has been replaced; restart the server"));
        }
        let length = file.metadata()?.len();
        let seen = self.seen.load(Ordering::Relaxed);
        // A record that was cut short is overwritten.
        let end = length - (length - HEADER as u64) % RECORD as u64;
        locked.write_at(record, end)?;
        if length as usize > LONG {
            // Others' places that were not read yet come back with their next logon.
            let mut all = Vec::new();
            places.for_each(|account, place, at| all.extend(encode(key, account, place, at)));
            locked.write_at(&all, HEADER as u64)?;
            file.set_len((HEADER + all.len()) as u64)?;
        } else if seen == length {
            self.seen.store(end + RECORD as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    fn logged<T>(&self, result: io::Result<T>) -> Option<T> {
        result
            .inspect_err(|error| {
                let file = self.path.display();
                tracing::error!(%file, %error, "[authorities] throttle_file cannot be used");
            })
            .ok()
    }
}

fn read_key(locked: &Locked<'_>) -> io::Result<[u8; KEY]> {
    let mut header = [0; HEADER];
    let read = locked.read_at(&mut header, 0)?;
    match header.split_first_chunk() {
        Some((SIGNATURE, key)) if read == HEADER => {
            key.try_into().map_err(|_| io::Error::other("no key"))
        }
        _ => Err(io::Error::other("it is another kind of file")),
    }
}

fn encode(key: &[u8; KEY], account: u64, place: u64, at: FileTime) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    for (to, from) in record.chunks_exact_mut(8).zip([account, place, at.0]) {
        to.copy_from_slice(&from.to_le_bytes());
    }
    let checksum = siphash24(key, &record[..RECORD - 8]);
    record[RECORD - 8..].copy_from_slice(&checksum.to_le_bytes());
    record
}

fn decode(key: &[u8; KEY], record: &[u8]) -> Option<(u64, u64, FileTime)> {
    let mut words = record
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes(std::array::from_fn(|index| word[index])));
    let (account, place, at) = (words.next()?, words.next()?, FileTime(words.next()?));
    (encode(key, account, place, at) == record).then_some((account, place, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const AT: FileTime = FileTime(134_000_000_000_000_000);
    /// Of 200,000 logons, with signature and key.
    const LENGTH: u64 = 32 + 200_000 * 32;

    /// A file that is removed when dropped.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str) -> Temporary {
            let name = format!("negossp-places-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = fs::remove_file(&path);
            Temporary(path)
        }

        fn open(&self) -> PlacesFile {
            PlacesFile::new(self.0.clone())
        }

        fn length(&self) -> u64 {
            fs::metadata(&self.0).map_or(0, |metadata| metadata.len())
        }

        fn set_length(&self, length: u64) {
            let file = fs::OpenOptions::new().write(true).open(&self.0).unwrap();
            file.set_len(length).unwrap();
        }

        /// Whether a process that starts now knows this place of account 1.
        fn has(&self, place: u64) -> bool {
            let places = Places::new();
            self.open().load(&places).unwrap();
            places.has(1, place, AT)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn each_bit_of_a_record_is_checked() {
        let key = [7; KEY];
        let record = encode(&key, 1, 2, AT);
        assert_eq!(decode(&key, &record), Some((1, 2, AT)));
        for at in 0..RECORD * 8 {
            let mut damaged = record;
            damaged[at / 8] ^= 1 << (at % 8);
            assert_eq!(decode(&key, &damaged), None, "bit {at}");
        }
    }

    /// An attempt that would be rejected must not cost a reading of the file.
    #[test]
    fn it_is_read_again_only_if_it_has_changed() {
        let file = Temporary::new("refresh");
        let (one, other) = (file.open(), file.open());
        let places = Places::new();
        let key = one.load(&places).unwrap();
        assert!(other.load(&places).is_some() && !other.refresh(&key, &places));
        one.append(&key, 1, 7, AT, &places);
        // Its own record is not news.
        assert!(!one.refresh(&key, &places));
        assert!(other.refresh(&key, &places) && !other.refresh(&key, &places));
        // What another process has written before it is.
        other.append(&key, 1, 8, AT, &places);
        one.append(&key, 1, 9, AT, &places);
        let learnt = Places::new();
        assert!(one.refresh(&key, &learnt));
        assert!([7, 8, 9].into_iter().all(|place| learnt.has(1, place, AT)));
        assert!(!one.refresh(&key, &places));
        fs::remove_file(&file.0).unwrap();
        assert!(!one.refresh(&key, &places));
    }

    #[test]
    fn a_long_file_is_written_anew() {
        let file = Temporary::new("long");
        let (open, places) = (file.open(), Places::new());
        let key = open.load(&places).unwrap();
        let append = |place| {
            places.remember(1, place, AT);
            open.append(&key, 1, place, AT, &places);
        };
        append(7);
        // Records of nothing, up to the limit.
        file.set_length(LENGTH);
        append(8);
        assert_eq!(file.length(), LENGTH + RECORD as u64);
        append(9);
        assert_eq!(file.length(), (HEADER + 3 * RECORD) as u64);
        assert!(file.has(7) && file.has(8) && file.has(9) && !file.has(10));
    }

    #[test]
    fn a_file_of_no_length_that_it_has_is_not_read() {
        let file = Temporary::new("lengths");
        assert!(file.open().load(&Places::new()).is_some());
        for (length, read) in [(4 * LENGTH, true), (4 * LENGTH + 1, false), (4 * LENGTH + 2, false)]
        {
            file.set_length(length);
            assert_eq!(file.open().load(&Places::new()).is_some(), read, "{length}");
        }
        for length in [HEADER - 1, SIGNATURE.len(), SIGNATURE.len() - 1] {
            file.set_length(length as u64);
            assert!(file.open().load(&Places::new()).is_none(), "{length}");
            assert_eq!(file.length(), length as u64);
        }
    }
}
