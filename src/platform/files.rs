//! Files that decide who is let in, hold secrets or tell of clients, in folders where somebody else
//! may have a hand. Every such file is opened here.
//!
//! A path is followed once, name by name, by descriptors, and the rules apply to what was opened. What a rule refuses is an error whose text names the command
//! that mends it. On Unix (`unix/files/rules.rs`):
//!
//! - A folder belongs to root or to the process' user, and others may write to it only if it is
//!   sticky (`/tmp`). A link is followed if it belongs to one of the two, in such a folder.
//! - The file is a regular one. Others than its owner may not write to it. It belongs to root or to
//!   the process' user; a process without privileges also reads a file or folder of another user,
//!   with a [doubt](Opened::doubt).
//! - Nothing waits: a FIFO is no file, and locks have a deadline.
//!
//! "Others" are not the group root, and not a group with its user's number. On Windows access
//! rights are inherited, and what is unusual about them is a doubt.

pub use super::opened_file::{Access, LARGEST, Opened};
pub use super::system::files::{Edit, is_exposed, make_private_folder, open, remove};

use super::{FileIdentity, opened_file};
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// A file that was read.
#[derive(Debug)]
pub struct Content {
    /// All of it, zeroed when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// The file's identity before it was read, and after.
    pub identity: [FileIdentity; 2],
    /// Others than the owner may read or write it; on Windows, than the owner and administrators.
    pub exposed: bool,
    /// See [`Opened::doubt`].
    pub doubt: Option<String>,
}

/// Reads a file that [`open`] opens.
///
/// Errors: also for a file longer than [`LARGEST`].
pub fn read(path: &Path) -> io::Result<Content> {
    read_for(path, Access::Read)
}

/// Reads a file for whoever has named it, as a tool does.
pub fn look(path: &Path) -> io::Result<Content> {
    read_for(path, Access::Look)
}

fn read_for(path: &Path, access: Access) -> io::Result<Content> {
    let Opened { file, doubt } = open(path, access)?;
    let before = file.metadata()?;
    let bytes = opened_file::read_all(&file)?;
    let identity = [FileIdentity::of(&before), FileIdentity::of(&file.metadata()?)];
    Ok(Content { bytes, identity, exposed: is_exposed(&file), doubt })
}
