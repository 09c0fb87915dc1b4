//! What an executable of Windows is.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// The processor that an executable is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Machine {
    X86_64,
    I686,
}

impl Machine {
    /// Errors: `InvalidData` for what is no such executable.
    pub(super) fn of(path: &Path) -> io::Result<Machine> {
        let none = || io::Error::new(io::ErrorKind::InvalidData, "not a program for Windows");
        let mut file = File::open(path)?;
        let mut dos = [0; 64];
        file.read_exact(&mut dos).map_err(|_| none())?;
        let [.., a, b, c, d] = dos;
        file.seek(SeekFrom::Start(u32::from_le_bytes([a, b, c, d]).into()))?;
        let mut header = [0; 6];
        file.read_exact(&mut header).map_err(|_| none())?;
        match (&dos[..2], header) {
            (b"MZ", [b'P', b'E', 0, 0, 0x64, 0x86]) => Ok(Machine::X86_64),
            (b"MZ", [b'P', b'E', 0, 0, 0x4c, 0x01]) => Ok(Machine::I686),
            _ => Err(none()),
        }
    }

    /// The folder of its files in a distribution.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Machine::X86_64 => "windows-x86_64",
            Machine::I686 => "windows-i686",
        }
    }
}

/// Whose a DLL is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Nobody,
    Negossp,
    Wine,
    SomebodyElse,
}

impl Owner {
    /// Whose the DLL at this path is; `Nobody`'s if there is none.
    pub(super) fn of(path: &Path) -> io::Result<Owner> {
        // Of a DLL: 64 MiB are far more.
        const LONGEST: u64 = 64 << 20;
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(file) => file.take(LONGEST).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Owner::Nobody),
            Err(error) => return Err(error),
        };
        // In the space between both headers.
        let of_wine = |mark: &[u8]| bytes.get(0x40..).is_some_and(|rest| rest.starts_with(mark));
        Ok(if of_wine(b"Wine builtin DLL") || of_wine(b"Wine placeholder DLL") {
            Owner::Wine
        } else if is_dll(&bytes) && contains(&bytes, b"\0NegosspDescribe\0") {
            Owner::Negossp
        } else {
            Owner::SomebodyElse
        })
    }
}

/// Whether the header says so. Programs that look for the library hold the name too.
fn is_dll(bytes: &[u8]) -> bool {
    const IMAGE_FILE_DLL: u8 = 0x20;
    let header = || {
        let at = bytes.get(0x3c..0x40)?.first_chunk().map(|at| u32::from_le_bytes(*at))?;
        bytes.get(usize::try_from(at).ok()?..)
    };
    header().and_then(|header| header.get(0x17)).is_some_and(|flags| flags & IMAGE_FILE_DLL != 0)
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
