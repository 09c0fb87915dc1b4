//! Keytab files, in the format of MIT's documentation ("Keytab file format"), versions 1 and 2.
//!
//! The file is an administrator's, but may be cut off or foreign: what can be read is used, and
//! what cannot is told. Nothing is allocated by a length before as many bytes are there.

mod entry;
mod index;

pub use entry::Entry;

use super::crypto::{Enctype, Key};
use super::message::same_name;
use crate::encoding::cursor::{ByteOrder, Cursor};
use crate::types::error::{Error, Result};
pub(super) use entry::RANKS;
use index::Index;
use std::cmp::Reverse;
use std::fmt;

/// Something in a file that gives no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// Where its record begins in the file, in bytes.
    pub offset: usize,
    /// Why.
    pub why: Defect,
}

/// Why a record gives no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// An encryption type, by its number, that is none of ours.
    Enctype(i16),
    /// A key of a length that its encryption type does not have.
    KeyLength,
    /// A name that is not UTF-8.
    Name,
    /// A record without component, realm or key, or that is shorter than what it holds.
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

/// Which principal's keys are looked for. What is `None` may be anything.
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

/// The keys of a file.
#[derive(Debug, Clone, Default)]
pub struct Keytab {
    /// In the order of the file.
    entries: Vec<Entry>,
    /// Their indices, the newest first: by key version, then by time.
    newest: Vec<usize>,
    /// What finds the keys of services.
    index: Index,
    /// What gave no key.
    skipped: Vec<Skipped>,
}

impl Keytab {
    /// Reads a file. An error is a file that is no keytab at all; one with records that cannot be
    /// used has [`Keytab::skipped`].
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
            // Of a record that the end of the file cuts off, all that counts may still be there:
            // MIT writes records of version 1 without the last bytes of their length.
            let record = rest.take(announced.min(rest.remaining())).unwrap_or_default();
            let missing = announced - record.len();
            match length {
                // No more records, says the format.
                0 => break,
                // A hole.
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

    /// A keytab of these.
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
        self
    }

    /// All entries, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What in the file gave no key.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The keys that may open a ticket of this encryption type and key version, the likeliest
    /// first: those of that very version; those of its low eight bits, which is all that older
    /// writers kept; then the others from the newest to the oldest. Without a version, from the
    /// newest to the oldest.
    pub fn candidates<'a>(
        &'a self,
        wanted: Wanted<'a>,
        enctype: Enctype,
        kvno: Option<u32>,
    ) -> impl Iterator<Item = &'a Entry> + 'a {
        (0..RANKS).flat_map(move |due| {
            let newest = self.newest.iter().filter_map(|&index| self.entries.get(index));
            newest.filter(move |entry| {
                entry.key.enctype() == enctype && entry.rank(kvno) == due && wanted.is(entry)
            })
        })
    }

    /// The keys of services of this name, in any letter case and realm, from the newest to the
    /// oldest.
    pub(super) fn named<'a>(
        &self,
        name: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> impl Iterator<Item = &Entry> {
        let entries = self.index.named(name.clone()).filter_map(|index| self.entries.get(index));
        entries.filter(move |entry| same_name(entry.name(), name.clone()))
    }

    /// The keys of accounts, each once, from the newest to the oldest.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &Entry> {
        self.index.accounts().filter_map(|index| self.entries.get(index))
    }

    /// The keys of services, each once whatever the number of its names, from the newest to the
    /// oldest.
    pub(super) fn distinct(&self) -> impl Iterator<Item = &Entry> {
        self.index.distinct().filter_map(|index| self.entries.get(index))
    }
}

/// The file's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// The byte order of the machine that wrote it, which is taken to be this one; no name types.
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

/// A length of at least 1, and as many bytes. MIT takes lengths as signed, and so has none above
/// 32767.
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

/// Reads a record of which the last `missing` bytes are not there.
fn read_entry(version: Version, mut record: Cursor<'_>, missing: usize) -> Result<Entry, Defect> {
    const SHORT: Defect = Defect::Malformed;
    let count = i16(&mut record).ok_or(SHORT)?;
    // Version 1 counts the realm too.
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
    // The whole number, where there is room for it in the record and it is not what a hole was
    // filled with.
    let kvno = match record.remaining().saturating_add(missing) {
        0..4 => 0,
        _ => record.u32().ok_or(SHORT)?,
    };
    let kvno = if kvno == 0 { low_kvno.into() } else { kvno };
    let known = Enctype::from_number(enctype.into()).ok_or(Defect::Enctype(enctype))?;
    let key = Key::new(known, bytes).map_err(|_| Defect::KeyLength)?;
    Ok(Entry::new(realm, components, name_type, kvno, timestamp, key))
}
