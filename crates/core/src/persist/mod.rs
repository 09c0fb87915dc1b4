//! The packed form of exported contexts: untagged values in a fixed order, numbers in little
//! endian. It does not describe itself; version, authenticity and confidentiality are the caller's
//! task.
//!
//! Each type's form is defined in one place, mostly as a list of its fields by [`persist_struct!`]
//! that serves both for packing and unpacking. A field missing from the list does not compile.

mod rc4;
mod reader;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

use crate::types::allocation;
use crate::types::channel_bindings::BindingsResult;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use std::sync::Arc;

/// A type that can be packed and unpacked. Each value takes at least one byte, so the size of the
/// unpacked value is bounded by a multiple of the packed size.
pub trait Persist: Sized {
    /// Appends the packed form.
    ///
    /// Errors: `CannotPack` if the value must not be exported.
    fn pack(&self, out: &mut Writer) -> Result<()>;

    /// Reads what [`Persist::pack`] has written.
    ///
    /// Errors: `InvalidToken` for anything else that is recognized as malformed.
    fn unpack(from: &mut Reader<'_>) -> Result<Self>;
}

/// Packs a structure as its fields, one after the other.
#[macro_export]
macro_rules! persist_struct {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl $crate::persist::Persist for $type {
            fn pack(&self, out: &mut $crate::persist::Writer) -> $crate::types::error::Result<()> {
                let $type { $($field),* } = self;
                $($crate::persist::Persist::pack($field, out)?;)*
                Ok(())
            }

            fn unpack(from: &mut $crate::persist::Reader<'_>) -> $crate::types::error::Result<$type> {
                Ok($type { $($field: $crate::persist::Persist::unpack(from)?),* })
            }
        }
    };
}
pub use persist_struct;

/// Packs an enumeration as one byte.
#[macro_export]
macro_rules! persist_enum {
    ($type:ty { $($number:literal = $value:path),* $(,)? }) => {
        impl $crate::persist::Persist for $type {
            fn pack(&self, out: &mut $crate::persist::Writer) -> $crate::types::error::Result<()> {
                let number: u8 = match self { $($value => $number),* };
                number.pack(out)
            }

            fn unpack(from: &mut $crate::persist::Reader<'_>) -> $crate::types::error::Result<$type> {
                Ok(match u8::unpack(from)? {
                    $($number => $value,)*
                    _ => return Err($crate::persist::MALFORMED),
                })
            }
        }
    };
}
pub use persist_enum;

/// The error for bytes that are not a packed value.
pub const MALFORMED: Error = Error::InvalidToken("a packed context that cannot be read");

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Persist for $number {
            fn pack(&self, out: &mut Writer) -> Result<()> {
                out.raw(&self.to_le_bytes())
            }

            fn unpack(from: &mut Reader<'_>) -> Result<$number> {
                Ok(<$number>::from_le_bytes(*from.array()?))
            }
        }
    )*};
}

numbers!(u8 u32 u64);

impl<const N: usize> Persist for [u8; N] {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        out.raw(self)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<[u8; N]> {
        from.array().copied()
    }
}

impl Persist for bool {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        u8::from(*self).pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<bool> {
        match u8::unpack(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(MALFORMED),
        }
    }
}

impl Persist for String {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        out.bytes(self.as_bytes())
    }

    fn unpack(from: &mut Reader<'_>) -> Result<String> {
        allocation::text(std::str::from_utf8(from.bytes()?).map_err(|_| MALFORMED)?)
    }
}

impl<T: Persist> Persist for Option<T> {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        self.is_some().pack(out)?;
        self.as_ref().map_or(Ok(()), |value| value.pack(out))
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Option<T>> {
        Ok(if bool::unpack(from)? { Some(T::unpack(from)?) } else { None })
    }
}

impl<T: Persist> Persist for Vec<T> {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        out.length(self.len())?;
        self.iter().try_for_each(|item| item.pack(out))
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Vec<T>> {
        // Grows as items are read: the length prefix is not trusted for an allocation.
        let mut items = Vec::new();
        for _ in 0..u32::unpack(from)? {
            allocation::push(&mut items, T::unpack(from)?)?;
        }
        Ok(items)
    }
}

impl<T: Persist> Persist for Box<[T]> {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        out.length(self.len())?;
        self.iter().try_for_each(|item| item.pack(out))
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Box<[T]>> {
        Vec::unpack(from).map(Vec::into_boxed_slice)
    }
}

impl<T: Persist> Persist for Box<T> {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        T::pack(self, out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Box<T>> {
        T::unpack(from).map(Box::new)
    }
}

impl<T: Persist> Persist for Arc<T> {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        T::pack(self, out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Arc<T>> {
        T::unpack(from).map(Arc::new)
    }
}

impl Persist for Arc<[u8]> {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        out.bytes(self)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Arc<[u8]>> {
        from.bytes().map(Arc::from)
    }
}

impl Persist for FileTime {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        self.0.pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<FileTime> {
        u64::unpack(from).map(FileTime)
    }
}

impl Persist for BindingsResult {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        self.bits().pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<BindingsResult> {
        BindingsResult::from_bits(u32::unpack(from)?).ok_or(MALFORMED)
    }
}

impl Persist for ContextFlags {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        self.bits().pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<ContextFlags> {
        ContextFlags::from_bits(u32::unpack(from)?).ok_or(MALFORMED)
    }
}
