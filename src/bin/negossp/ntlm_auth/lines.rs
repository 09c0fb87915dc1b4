//! The parent's lines, and the answers to them.

use std::io::{self, ErrorKind, Read, Write};
use zeroize::{Zeroize, Zeroizing};

/// The longest line, in bytes, without its end: Samba's limit.
const LONGEST: usize = 630_000;

/// What is read at once. It is more than the standard library's own buffer has, so that this goes
/// into ours, which is erased.
const BLOCK: usize = 64 * 1024;

/// A line of the parent's.
pub(super) enum Line {
    /// The line without its end; erased when dropped.
    Text(Zeroizing<Vec<u8>>),
    /// It was too long, and is skipped.
    TooLong,
}

/// A pipe from the parent, and one to it.
pub(super) struct Lines<R, W> {
    input: R,
    output: W,
    block: Zeroizing<Vec<u8>>,
    /// What of the block is unread.
    unread: std::ops::Range<usize>,
}

impl<R: Read, W: Write> Lines<R, W> {
    pub(super) fn new(input: R, output: W) -> Lines<R, W> {
        Lines { input, output, block: Zeroizing::new(vec![0; BLOCK]), unread: 0..0 }
    }

    /// The next line; `None` at the end of the input, where the rest without an end of line is
    /// dropped.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line = Zeroizing::new(Vec::with_capacity(BLOCK));
        let mut too_long = false;
        loop {
            if self.unread.is_empty() {
                let read = loop {
                    match self.input.read(&mut self.block) {
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        other => break other?,
                    }
                };
                if read == 0 {
                    return Ok(None);
                }
                self.unread = 0..read;
            }
            let unread = self.block.get_mut(self.unread.clone()).unwrap_or_default();
            let end = unread.iter().position(|&byte| byte == b'\n');
            let length = end.unwrap_or(unread.len());
            let part = unread.get_mut(..length).unwrap_or_default();
            too_long |= line.len() + part.len() > LONGEST;
            if !too_long {
                append(&mut line, part);
            }
            // It may be a password.
            part.zeroize();
            self.unread.start += length + usize::from(end.is_some());
            if end.is_some() {
                return Ok(Some(if too_long { Line::TooLong } else { Line::Text(line) }));
            }
        }
    }

    /// Writes an answer, in one piece.
    pub(super) fn answer(&mut self, text: &str) -> io::Result<()> {
        let line = Zeroizing::new(format!("{text}\n"));
        self.output.write_all(line.as_bytes())?;
        self.output.flush()
    }

    /// What Samba says to a line to which its protocols have no answer.
    pub(super) fn complain(&mut self) {
        // Nobody may be reading.
        let _ = io::stderr().write_all(b"ERR\n");
    }
}

/// Appends without leaving a copy behind where the vector grows.
fn append(line: &mut Zeroizing<Vec<u8>>, part: &[u8]) {
    let length = line.len() + part.len();
    if length > line.capacity() {
        let mut longer = Zeroizing::new(Vec::with_capacity(2 * length));
        longer.extend_from_slice(line);
        *line = longer;
    }
    line.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(self.0.len());
            let (now, later) = self.0.split_at(most);
            self.0 = later;
            buffer[..most].copy_from_slice(now);
            Ok(most)
        }
    }

    fn read(input: &[u8], at_once: usize) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(Slow(input, at_once), Vec::new());
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(match line {
                Line::Text(text) => Some(text.to_vec()),
                Line::TooLong => None,
            });
        }
        all
    }

    #[test]
    fn lines_come_in_any_pieces() {
        for at_once in [1, 2, 3, 100] {
            let all = read(b"YR\n\nKK x\0y\r\nhalf a li", at_once);
            assert_eq!(all, [&b"YR"[..], b"", b"KK x\0y\r"].map(|line| Some(line.to_vec())));
        }
    }

    #[test]
    fn what_is_read_is_erased() {
        let input = b"alice Password\nPW UGFzc3dvcmQ=\nbob";
        for at_once in [5, 100] {
            let mut lines = Lines::new(Slow(input, at_once), Vec::new());
            for consumed in [14, 30] {
                lines.next().unwrap().unwrap();
                if at_once == 100 {
                    assert!(lines.block[..consumed].iter().all(|&b| b == 0 || b == b'\n'));
                    assert!(lines.block[consumed + 1..].starts_with(&input[consumed + 1..]));
                }
            }
            assert!(lines.next().unwrap().is_none());
            assert!(lines.block.iter().all(|&b| b == 0 || b == b'\n'));
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped() {
        let long = |length| [&vec![b'A'; length][..], b"\nGF\n"].concat();
        for at_once in [7, 65_000] {
            assert_eq!(
                read(&long(LONGEST), at_once),
                [Some(vec![b'A'; LONGEST]), Some(b"GF".to_vec())]
            );
            assert_eq!(read(&long(LONGEST + 1), at_once), [None, Some(b"GF".to_vec())]);
        }
        assert_eq!(read(&long(1 << 20), 65_000), [None, Some(b"GF".to_vec())]);
    }
}
