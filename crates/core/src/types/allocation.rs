//! Allocations whose size a peer or a caller decides. They fail with `OutOfMemory`, where those of
//! the standard library's types end the process.

use super::error::{Error, Result};

/// An empty vector with room for so many items.
pub fn vec<T>(capacity: usize) -> Result<Vec<T>> {
    let mut items = Vec::new();
    reserve(&mut items, capacity)?;
    Ok(items)
}

/// Makes room for exactly so many more items.
pub fn reserve<T>(items: &mut Vec<T>, more: usize) -> Result<()> {
    items.try_reserve_exact(more).map_err(|_| Error::OutOfMemory)
}

/// Appends an item.
pub fn push<T>(items: &mut Vec<T>, item: T) -> Result<()> {
    items.try_reserve(1).map_err(|_| Error::OutOfMemory)?;
    items.push(item);
    Ok(())
}

/// A copy of the items.
pub fn copy<T: Copy>(items: &[T]) -> Result<Vec<T>> {
    concat(&[items])
}

/// The parts, one after the other.
pub fn concat<T: Copy>(parts: &[&[T]]) -> Result<Vec<T>> {
    let mut all = vec(parts.iter().fold(0, |sum, part| sum + part.len()))?;
    parts.iter().for_each(|part| all.extend_from_slice(part));
    Ok(all)
}

/// So many zero bytes.
pub fn zeros(length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec(length)?;
    bytes.resize(length, 0);
    Ok(bytes)
}

/// At most `most` items.
pub fn collect<T>(items: impl Iterator<Item = T>, most: usize) -> Result<Vec<T>> {
    let mut all = vec(most)?;
    all.extend(items.take(most));
    Ok(all)
}

/// An empty string with room for so many bytes.
pub fn string(capacity: usize) -> Result<String> {
    let mut text = String::new();
    text.try_reserve_exact(capacity).map_err(|_| Error::OutOfMemory)?;
    Ok(text)
}

/// A copy of the text.
pub fn text(text: &str) -> Result<String> {
    let mut copy = string(text.len())?;
    copy.push_str(text);
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_an_error() {
        assert_eq!(vec::<u64>(usize::MAX), Err(Error::OutOfMemory));
        assert_eq!(zeros(isize::MAX as usize), Err(Error::OutOfMemory));
        assert_eq!(string(isize::MAX as usize), Err(Error::OutOfMemory));
        assert_eq!(concat(&[&b"ab"[..], b"", b"c"]), Ok(b"abc".to_vec()));
        assert_eq!(collect(0..9, 4), Ok(vec![0, 1, 2, 3]));
        assert_eq!(text("text"), Ok("text".to_owned()));
    }
}
