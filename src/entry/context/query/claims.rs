//! SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES: the claims in a client's PAC, in the structures of
//! `<authz.h>`.

use crate::encoding::utf16::Utf16;
use crate::entry::abi::*;
use crate::entry::boundary::memory;
use crate::kerberos::pac::{Claim, ClaimValues, Claims};
use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::ptr::NonNull;

/// The claims in one allocation, which the caller frees with FreeContextBuffer: an
/// AUTHZ_SECURITY_ATTRIBUTES_INFORMATION, followed by all that it points to. Claims of unknown
/// types are left out.
///
/// Errors: `Unsupported` for claims that are compressed in an unsupported way, `InvalidToken`,
/// `OutOfMemory`.
pub(crate) fn subject_attributes(client_claims: &[u8]) -> Result<*mut c_void> {
    let claims = Claims::parse(client_claims)?;
    let arrays = claims
        .arrays()?
        .ok_or(Error::Unsupported("claims compressed in a format that is not supported"))?;
    let all = arrays.iter().flat_map(|array| &array.claims);
    let known = |claim: &&Claim<'_>| !matches!(claim.values, ClaimValues::Other(_));
    let claims = allocation::collect(all.clone().filter(known), all.count())?;
    let mut layout = Layout::default();
    let information = layout.room_for::<AUTHZ_SECURITY_ATTRIBUTES_INFORMATION>(1);
    let attributes = layout.room_for::<AUTHZ_SECURITY_ATTRIBUTE_V1>(claims.len());
    let mut places = allocation::vec(claims.len())?;
    for claim in &claims {
        places.push(Places::of(claim, &mut layout)?);
    }
    let block = Block(memory::allocate(layout.length)?);
    for (index, (claim, places)) in claims.iter().zip(&places).enumerate() {
        block.text(places.name, claim.id);
        let kind = block.values(places, &claim.values);
        let attribute = AUTHZ_SECURITY_ATTRIBUTE_V1 {
            pName: block.at(places.name).cast(),
            ValueType: kind as USHORT,
            Reserved: 0,
            Flags: 0,
            ValueCount: places.count as ULONG,
            Values: AUTHZ_SECURITY_ATTRIBUTE_VALUES { pUint64: block.at(places.values).cast() },
        };
        block.put(attributes + index * size_of::<AUTHZ_SECURITY_ATTRIBUTE_V1>(), attribute);
    }
    let all = AUTHZ_SECURITY_ATTRIBUTES_INFORMATION {
        Version: 1,
        Reserved: 0,
        AttributeCount: claims.len() as ULONG,
        Attribute: AUTHZ_SECURITY_ATTRIBUTES { pAttributeV1: block.at(attributes).cast() },
    };
    block.put(information, all);
    Ok(block.at(information))
}

/// Assigns offsets in bytes, each aligned for 64-bit numbers.
#[derive(Default)]
struct Layout {
    length: usize,
}

impl Layout {
    /// Reserves room for `count` values of a type.
    fn room_for<T>(&mut self, count: usize) -> usize {
        let at = self.length;
        self.length += (size_of::<T>() * count).next_multiple_of(size_of::<u64>());
        at
    }

    /// Reserves room for a string and its terminating zero.
    fn room_for_text(&mut self, text: Utf16<'_>) -> usize {
        self.room_for::<SEC_WCHAR>(text.units().count() + 1)
    }
}

/// The offsets of a claim's parts.
struct Places {
    name: usize,
    values: usize,
    count: usize,
    /// The offsets of the values, if they are strings.
    strings: Vec<usize>,
}

impl Places {
    fn of(claim: &Claim<'_>, layout: &mut Layout) -> Result<Places> {
        let name = layout.room_for_text(claim.id);
        let (count, strings) = match &claim.values {
            ClaimValues::Int64(values) => (values.len(), vec![]),
            ClaimValues::Uint64(values) => (values.len(), vec![]),
            ClaimValues::Boolean(values) => (values.len(), vec![]),
            ClaimValues::String(values) => {
                let places = values.iter().map(|text| layout.room_for_text(*text));
                (values.len(), allocation::collect(places, values.len())?)
            }
            ClaimValues::Other(_) => (0, vec![]),
        };
        Ok(Places { name, values: layout.room_for::<u64>(count), count, strings })
    }
}

/// New memory of the length of a [`Layout`].
struct Block(NonNull<u8>);

impl Block {
    fn at(&self, place: usize) -> *mut c_void {
        self.0.as_ptr().wrapping_add(place).cast()
    }

    fn put<T>(&self, place: usize, value: T) {
        // SAFETY: the layout has room for a `T` at `place`, which is aligned for it, and the memory
        // is not shared yet.
        unsafe { self.at(place).cast::<T>().write(value) };
    }

    /// Writes a string; the memory after it is zero already.
    fn text(&self, place: usize, text: Utf16<'_>) {
        for (index, unit) in text.units().enumerate() {
            self.put(place + index * size_of::<SEC_WCHAR>(), unit);
        }
    }

    /// Writes a claim's values and returns their type.
    fn values(&self, places: &Places, values: &ClaimValues<'_>) -> ULONG {
        let number =
            |index: usize, number: u64| self.put(places.values + index * size_of::<u64>(), number);
        match values {
            ClaimValues::Int64(values) => {
                values
                    .iter()
                    .enumerate()
                    .for_each(|(index, value)| number(index, value.cast_unsigned()));
                AUTHZ_SECURITY_ATTRIBUTE_TYPE_INT64
            }
            ClaimValues::Uint64(values) => {
                values.iter().enumerate().for_each(|(index, value)| number(index, *value));
                AUTHZ_SECURITY_ATTRIBUTE_TYPE_UINT64
            }
            ClaimValues::Boolean(values) => {
                values
                    .iter()
                    .enumerate()
                    .for_each(|(index, value)| number(index, u64::from(*value)));
                AUTHZ_SECURITY_ATTRIBUTE_TYPE_BOOLEAN
            }
            ClaimValues::String(values) => {
                for (index, (text, place)) in values.iter().zip(&places.strings).enumerate() {
                    self.text(*place, *text);
                    self.put(places.values + index * size_of::<*mut SEC_WCHAR>(), self.at(*place));
                }
                AUTHZ_SECURITY_ATTRIBUTE_TYPE_STRING
            }
            ClaimValues::Other(_) => 0,
        }
    }
}
