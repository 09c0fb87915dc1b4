//! Reads fixed-size fields from a borrowed slice.

/// The byte order of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

impl ByteOrder {
    /// The byte order of this machine.
    pub const NATIVE: ByteOrder =
        if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };
}

/// Reads consecutive fields. If a field exceeds the remaining bytes, the result is `None` and the
/// cursor does not move.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `bytes`, whose numbers have this byte order.
    pub fn new(bytes: &'a [u8], order: ByteOrder) -> Cursor<'a> {
        Cursor { bytes, order }
    }

    /// The number of unread bytes.
    pub fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*taken)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// The next two bytes as a number.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(match self.order {
            ByteOrder::Big => u16::from_be_bytes,
            ByteOrder::Little => u16::from_le_bytes,
        })
    }

    /// The next four bytes as a number.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(match self.order {
            ByteOrder::Big => u32::from_be_bytes,
            ByteOrder::Little => u32::from_le_bytes,
        })
    }

    /// `None` unless everything has been read.
    pub fn finish(self) -> Option<()> {
        self.bytes.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_in_both_orders_and_not_past_the_end() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        let mut big = Cursor::new(&bytes, ByteOrder::Big);
        let mut little = Cursor::new(&bytes, ByteOrder::Little);
        assert_eq!((big.u16(), little.u16()), (Some(0x0102), Some(0x0201)));
        assert_eq!((big.u32(), little.u32()), (Some(0x0304_0506), Some(0x0605_0403)));
        assert_eq!((big.take(3), big.u32(), big.remaining()), (None, None, 2));
        assert_eq!(big.finish(), None);
        assert_eq!((little.u8(), little.array()), (Some(7), Some([8])));
        assert_eq!((little.u8(), little.take(0)), (None, Some(&[][..])));
        assert_eq!(little.finish(), Some(()));
    }
}
