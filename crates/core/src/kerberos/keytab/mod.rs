//! Keytab files, in the format of MIT's documentation ("Keytab file format"), versions 1 and 2.
//!
//! The file may be truncated, or in a foreign format: usable records are read, the others reported.
//! No length from the file is trusted for an allocation.

mod entry;
mod index;

pub use entry::Entry;

use super::crypto::{Enctype, Key};
use super::message::{Components, same_name};
use crate::encoding::cursor::{ByteOrder, Cursor};
use crate::types::error::{Error, Result};
pub(super) use entry::RANKS;
use index::Index;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;

/// A record of a file without a usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// The offset of its record in the file, in bytes.
    pub offset: usize,
    /// The reason.
    pub why: Defect,
}

/// Why a record has no usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// An unsupported encryption type, by its number.
    Enctype(i16),
    /// A key whose length is not that of its encryption type.
    KeyLength,
    /// A name that is not UTF-8.
    Name,
    /// A record without component, realm or key, or shorter than its contents.
    Malformed,
    /// The file ends within the record.
    CutOff,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Defect::Enctype(number) => write!(f, "encryption type {number} is not supported"),
            Defect::KeyLength => {
                f.write_str("the key is not as long as its encryption type's keys are")
            }
            Defect::Name => f.write_str("the principal's name is not UTF-8"),
            Defect::Malformed => f.write_str("the record is malformed"),
            Defect::CutOff => f.write_str("the file ends within the record"),
        }
    }
}

/// Selects principals. `None` matches everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The realm.
    pub realm: Option<&'a str>,
    /// The components of the name.
    pub components: Option<&'a [&'a str]>,
}

impl Wanted<'_> {
    fn is(&self, entry: &Entry) -> bool {
        self.realm.is_none_or(|realm| realm == entry.realm)
            && self
                .components
                .is_none_or(|components| entry.components.iter().eq(components.iter()))
    }
}

/// The keys of a keytab file.
#[derive(Debug, Clone, Default)]
pub struct Keytab {
    /// In the order of the file.
    entries: Vec<Entry>,
    /// Indices of `entries`, the newest first: by key version, then by time.
    newest: Vec<usize>,
    /// Finds the keys of services.
    index: Index,
    /// Records without a usable key.
    skipped: Vec<Skipped>,
}

impl Keytab {
    /// Reads a file. Unusable records are skipped and reported by [`Keytab::skipped`].
    ///
    /// Errors: `UnknownCredentials` if it is not a keytab.
    pub fn parse(bytes: &[u8]) -> Result<Keytab> {
        let (version, records) = match bytes {
            [5, 1, records @ ..] => (Version::One, records),
            [5, 2, records @ ..] => (Version::Two, records),
            _ => return Err(Error::UnknownCredentials("not a keytab file")),
        };
        let mut keytab = Keytab::default();
        let mut rest = Cursor::new(records, version.byte_order());
        while let Some(length) = rest.u32().map(u32::cast_signed) {
            let offset = bytes.len() - rest.remaining() - 4;
            let announced = length.unsigned_abs() as usize;
            // A record truncated by the end of the file may still have all needed fields: MIT
            // writes version 1 records that are shorter than their stated length.
            let record = rest.take(announced.min(rest.remaining())).unwrap_or_default();
            let missing = announced - record.len();
            match length {
                // The format's end marker.
                0 => break,
                // A deleted record.
                ..0 => {}
                _ => {
                    match read_entry(version, Cursor::new(record, version.byte_order()), missing) {
                        Ok(entry) => keytab.entries.push(entry),
                        Err(Defect::Malformed) if missing > 0 => {
                            keytab.skipped.push(Skipped { offset, why: Defect::CutOff })
                        }
                        Err(why) => keytab.skipped.push(Skipped { offset, why }),
                    }
                }
            }
        }
        Ok(keytab.sorted())
    }

    /// A keytab with these entries.
    pub fn of_entries(entries: Vec<Entry>) -> Keytab {
        Keytab { entries, ..Keytab::default() }.sorted()
    }

    fn sorted(mut self) -> Keytab {
        self.newest = (0..self.entries.len()).collect();
        let entries = &self.entries;
        self.newest.sort_by_key(|&index| {
            entries.get(index).map(|entry| Reverse((entry.kvno, entry.timestamp)))
        });
        self.index = Index::new(entries, &self.newest);
        let shared = shared(entries);
        for (entry, (names, realms)) in self.entries.iter_mut().zip(shared) {
            (entry.shared, entry.in_several_realms) = (names, realms);
        }
        self
    }

    /// All entries, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The records without a usable key.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The keys that may decrypt a ticket with this encryption type and key version, the most
    /// likely first: those of that version; those of its low eight bits, since older programs store
    /// only these; then all others, from the newest to the oldest. Without a version, from the
    /// newest to the oldest.
    pub fn candidates<'a>(
        &'a self,
        wanted: Wanted<'a>,
        enctype: Enctype,
        kvno: Option<u32>,
    ) -> impl Iterator<Item = &'a Entry> + 'a {
        (0..RANKS).flat_map(move |rank| {
            let newest = self.newest.iter().filter_map(|&index| self.entries.get(index));
            newest.filter(move |entry| {
                entry.key.enctype() == enctype && entry.rank(kvno) == rank && wanted.is(entry)
            })
        })
    }

    /// The keys of services with this name, in any letter case and realm, from the newest to the
    /// oldest.
    pub(super) fn named<'a>(&self, name: impl Components<'a>) -> impl Iterator<Item = &Entry> {
        let entries = self.index.named(name.clone()).filter_map(|index| self.entries.get(index));
        entries.filter(move |entry| same_name(entry.name(), name.clone()))
    }

    /// The distinct keys of accounts, from the newest to the oldest.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &Entry> {
        self.index.accounts().filter_map(|index| self.entries.get(index))
    }

    /// The distinct keys of services, each once for all its names, from the newest to the oldest.
    pub(super) fn distinct(&self) -> impl Iterator<Item = &Entry> {
        self.index.distinct().filter_map(|index| self.entries.get(index))
    }
}

/// For each entry, whether its key is also under another name, and under another realm.
fn shared(entries: &[Entry]) -> Vec<(bool, bool)> {
    fn of(entry: &Entry) -> (Enctype, &[u8]) {
        (entry.key.enctype(), entry.key.bytes())
    }
    let mut keys: HashMap<_, (&Entry, (bool, bool))> = HashMap::new();
    for entry in entries {
        let (first, (names, realms)) = keys.entry(of(entry)).or_insert((entry, (false, false)));
        *names |= !same_name(first.name(), entry.name());
        *realms |= !first.realm.eq_ignore_ascii_case(&entry.realm);
    }
    let shared = |entry| keys.get(&of(entry)).map(|(_, shared)| *shared).unwrap_or_default();
    entries.iter().map(shared).collect()
}

/// The version of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// In the byte order of the writing machine, assumed to be that of this one; without name
    /// types.
    One,
    /// Big-endian.
    Two,
}

impl Version {
    fn byte_order(self) -> ByteOrder {
        match self {
            Version::One => ByteOrder::NATIVE,
            Version::Two => ByteOrder::Big,
        }
    }
}

/// A byte string, preceded by its length, which is at least 1. As in MIT's library, lengths are
/// signed, so at most 32767.
fn data<'a>(record: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = i16(record)?;
    record.take(usize::try_from(length).ok().filter(|&length| length > 0)?)
}

fn i16(record: &mut Cursor<'_>) -> Option<i16> {
    record.u16().map(u16::cast_signed)
}

fn text(record: &mut Cursor<'_>) -> Result<String, Defect> {
    let bytes = data(record).ok_or(Defect::Malformed)?;
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Defect::Name)
}

/// Parses a record that lacks its last `missing` bytes.
fn read_entry(version: Version, mut record: Cursor<'_>, missing: usize) -> Result<Entry, Defect> {
    const SHORT: Defect = Defect::Malformed;
    let count = i16(&mut record).ok_or(SHORT)?;
    // Version 1 includes the realm in the count.
    let count = if version == Version::One { count.saturating_sub(1) } else { count };
    if count <= 0 {
        return Err(SHORT);
    }
    let realm = text(&mut record)?;
    let components = (0..count).map(|_| text(&mut record)).collect::<Result<Vec<_>, _>>()?;
    let name_type = if version == Version::One { 0 } else { record.u32().ok_or(SHORT)? };
    let timestamp = record.u32().ok_or(SHORT)?;
    let low_kvno = record.u8().ok_or(SHORT)?;
    let enctype = i16(&mut record).ok_or(SHORT)?;
    let bytes = data(&mut record).ok_or(SHORT)?;
    // The 32-bit version, if the record has room for it. Zero is the filler of a reused record.
    let kvno = match record.remaining().saturating_add(missing) {
        0..4 => 0,
        _ => record.u32().ok_or(SHORT)?,
    };
    let kvno = if kvno == 0 { low_kvno.into() } else { kvno };
    let known = Enctype::from_number(enctype.into()).ok_or(Defect::Enctype(enctype))?;
    let key = Key::new(known, bytes).map_err(|_| Defect::KeyLength)?;
    Ok(Entry::new(realm, components, name_type, kvno, timestamp, key))
}
