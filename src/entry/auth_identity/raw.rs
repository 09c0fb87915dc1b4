//! Where the parts of an identity lie in memory: the caller's, or what the library gave it. Here
//! the pointers end.

use super::ex2::{self, Block};
use super::owned::{OwnedIdentity, Part, TEXT};
use crate::entry::abi::*;
use crate::entry::boundary::memory;
use crate::entry::boundary::text::{self, Text};
use crate::types::error::{Error, Result};
use std::mem::offset_of;
use std::ops::Range;
use std::slice;
use zeroize::{Zeroize, Zeroizing};

/// An identity in memory.
pub(crate) struct RawIdentity {
    start: *mut u8,
    form: Form,
    flags: ULONG,
    ansi: bool,
    user: Place,
    domain: Place,
    credentials: Place,
    packages: Place,
}

/// Which structure it is.
#[derive(Clone, Copy)]
enum Form {
    /// SEC_WINNT_AUTH_IDENTITY.
    Plain,
    /// SEC_WINNT_AUTH_IDENTITY_EX.
    Ex,
    /// SEC_WINNT_AUTH_IDENTITY_EX2, with all that belongs to it.
    Block { length: usize },
}

/// Bytes; NULL for none.
#[derive(Clone, Copy)]
struct Place {
    start: *mut u8,
    length: usize,
}

/// Whether a structure whose first word is a version really begins with one, and not with a pointer
/// whose lower half happens to be the same. The word after it is then the structure's length; some
/// programs leave that 0. On 32 bits nothing has such an address.
fn versioned(length: ULONG) -> bool {
    size_of::<usize>() == 4 || length == 0 || (32..=1024).contains(&length)
}

/// No string lies below: the systems keep these addresses free, so that NULL with an offset is
/// noticed.
const LOWEST: usize = 0x10000;

const SHORT: Error = Error::UnknownCredentials("memory of the library's that is no identity");

impl RawIdentity {
    /// Finds the parts; `Char` is the form of the function that the identity was passed to, which
    /// counts where its Flags don't say.
    ///
    /// # Safety
    /// `data` points to a SEC_WINNT_AUTH_IDENTITY of either form, to its EX form or to a block that
    /// begins with its EX2 form.
    pub(crate) unsafe fn of<Char: Text>(data: *mut u8) -> Result<RawIdentity> {
        // Of what the library gave it knows how long it is; of anything else the caller does.
        let room = memory::length(data.cast_const().cast()).unwrap_or(usize::MAX);
        if room < size_of::<SEC_WINNT_AUTH_IDENTITY<u8>>() {
            return Err(SHORT);
        }
        // SAFETY: each structure has at least two words.
        let [version, length] = unsafe { data.cast::<[ULONG; 2]>().read_unaligned() };
        match version {
            SEC_WINNT_AUTH_IDENTITY_VERSION if versioned(length) => {
                if (1..size_of::<SEC_WINNT_AUTH_IDENTITY_EX<u8>>()).contains(&(length as usize)) {
                    return Err(Error::UnknownCredentials(
                        "not a SEC_WINNT_AUTH_IDENTITY_EX; SspiUnmarshalAuthIdentity makes one",
                    ));
                }
                if room < size_of::<SEC_WINNT_AUTH_IDENTITY_EX<u8>>() {
                    return Err(SHORT);
                }
                // SAFETY: the version says that it is this structure. Both forms lie alike.
                let ex = unsafe { data.cast::<SEC_WINNT_AUTH_IDENTITY_EX<u8>>().read_unaligned() };
                let plain = SEC_WINNT_AUTH_IDENTITY {
                    User: ex.User,
                    UserLength: ex.UserLength,
                    Domain: ex.Domain,
                    DomainLength: ex.DomainLength,
                    Password: ex.Password,
                    PasswordLength: ex.PasswordLength,
                    Flags: ex.Flags,
                };
                RawIdentity::of_strings::<Char>(
                    data,
                    Form::Ex,
                    &plain,
                    (ex.PackageList, ex.PackageListLength),
                )
            }
            SEC_WINNT_AUTH_IDENTITY_VERSION_2 if versioned(length & 0xffff) => {
                // SAFETY: the version says that it is this structure.
                let length = unsafe { data.cast::<SEC_WINNT_AUTH_IDENTITY_EX2>().read_unaligned() }
                    .cbStructureLength as usize;
                let possible = size_of::<SEC_WINNT_AUTH_IDENTITY_EX2>()..=ex2::LONGEST.min(room);
                if !possible.contains(&length) {
                    return Err(Error::UnknownCredentials(
                        "SEC_WINNT_AUTH_IDENTITY_EX2: its length cannot be",
                    ));
                }
                // SAFETY: the block has as many bytes by the caller's promise, and is not changed
                // while it is looked at.
                let block = Block::new(unsafe { slice::from_raw_parts(data, length) })?;
                let place = |part: Range<usize>| Place {
                    start: data.wrapping_add(part.start),
                    length: part.len(),
                };
                let [user, domain, credentials, packages] = block.parts.map(place);
                let (flags, ansi) = (block.flags, block.ansi);
                Ok(RawIdentity {
                    start: data,
                    form: Form::Block { length },
                    flags,
                    ansi,
                    user,
                    domain,
                    credentials,
                    packages,
                })
            }
            _ => {
                // SAFETY: no version, so it is the plain structure. Both forms lie alike.
                let plain = unsafe { data.cast::<SEC_WINNT_AUTH_IDENTITY<u8>>().read_unaligned() };
                RawIdentity::of_strings::<Char>(
                    data,
                    Form::Plain,
                    &plain,
                    (std::ptr::null_mut(), 0),
                )
            }
        }
    }

    fn of_strings<Char: Text>(
        start: *mut u8,
        form: Form,
        plain: &SEC_WINNT_AUTH_IDENTITY<u8>,
        packages: (*mut u8, ULONG),
    ) -> Result<RawIdentity> {
        let flags = plain.Flags;
        let ansi = match flags & TEXT {
            SEC_WINNT_AUTH_IDENTITY_ANSI => true,
            SEC_WINNT_AUTH_IDENTITY_UNICODE => false,
            0 => size_of::<Char>() == 1,
            _ => {
                return Err(Error::UnknownCredentials("an identity that is both ANSI and Unicode"));
            }
        };
        let unit = if ansi { size_of::<SEC_CHAR>() } else { size_of::<SEC_WCHAR>() };
        let place = |(start, length): (*mut u8, ULONG)| match length as usize {
            _ if start.is_null() => Ok(Place { start, length: 0 }),
            length if length > text::LONGEST => {
                Err(Error::UnknownCredentials("an identity with an overlong text"))
            }
            1.. if start.addr() < LOWEST => {
                Err(Error::UnknownCredentials("an identity with text where no memory is"))
            }
            length => Ok(Place { start, length: length * unit }),
        };
        Ok(RawIdentity {
            start,
            form,
            flags,
            ansi,
            user: place((plain.User, plain.UserLength))?,
            domain: place((plain.Domain, plain.DomainLength))?,
            credentials: place((plain.Password, plain.PasswordLength))?,
            packages: place(packages)?,
        })
    }

    /// Its flags.
    pub(super) fn flags(&self) -> ULONG {
        self.flags
    }

    /// A copy of what it holds.
    ///
    /// # Safety
    /// The identity that this was made of is still there.
    pub(crate) unsafe fn read(&self) -> Result<OwnedIdentity> {
        // SAFETY: the caller's promise is this function's own, here and below.
        if let Some(block) = unsafe { self.block() } {
            return OwnedIdentity::of_block(block);
        }
        // SAFETY: likewise.
        let read = |place: Place| unsafe { place.read() };
        Ok(OwnedIdentity {
            flags: self.flags,
            ansi: self.ansi,
            user: read(self.user),
            domain: read(self.domain),
            credentials: read(self.credentials),
            packed: false,
            packages: read(self.packages),
        })
    }

    /// The bytes of an EX2 form, as they are; nothing for the others.
    ///
    /// # Safety
    /// The identity that this was made of is still there, and is not changed while the slice is in
    /// use.
    pub(super) unsafe fn block(&self) -> Option<&[u8]> {
        match self.form {
            // SAFETY: `of` was promised as many bytes.
            Form::Block { length } => Some(unsafe { slice::from_raw_parts(self.start, length) }),
            Form::Plain | Form::Ex => None,
        }
    }

    /// Puts name, domain, credentials and flags in the place of those that were read.
    ///
    /// # Safety
    /// The identity that this was made of is still there, may be written to, and `content` was read
    /// from it and has parts as long as then.
    pub(super) unsafe fn write(&self, content: &OwnedIdentity) -> Result<()> {
        let places = [self.user, self.domain, self.credentials];
        if places
            .iter()
            .enumerate()
            .any(|(n, place)| places[..n].iter().any(|other| place.overlaps(other)))
        {
            return Err(Error::InvalidParameter("an identity whose parts overlap"));
        }
        for (place, part) in
            places.iter().zip([&content.user, &content.domain, &content.credentials])
        {
            if let Some(part) = part {
                // SAFETY: the caller's promise is this function's own; `part` is ours.
                unsafe {
                    place
                        .start
                        .copy_from_nonoverlapping(part.as_ptr(), place.length.min(part.len()))
                };
            }
        }
        let flags = match self.form {
            Form::Plain => offset_of!(SEC_WINNT_AUTH_IDENTITY<u8>, Flags),
            Form::Ex => offset_of!(SEC_WINNT_AUTH_IDENTITY_EX<u8>, Flags),
            Form::Block { .. } => offset_of!(SEC_WINNT_AUTH_IDENTITY_EX2, Flags),
        };
        // SAFETY: the structure is this one.
        unsafe { self.start.add(flags).cast::<ULONG>().write_unaligned(content.flags) };
        Ok(())
    }

    /// Puts zeros in the place of the credentials.
    ///
    /// # Safety
    /// The identity that this was made of is still there and may be written to.
    pub(super) unsafe fn erase(&self) {
        let Place { start, length } = self.credentials;
        if length != 0 {
            // SAFETY: so many bytes are there by the caller's promise.
            unsafe { slice::from_raw_parts_mut(start, length) }.zeroize();
        }
    }
}

impl Place {
    /// # Safety
    /// The bytes are there.
    unsafe fn read(self) -> Part {
        if self.start.is_null() {
            return None;
        }
        let mut bytes = Zeroizing::new(vec![0; self.length]);
        // SAFETY: as many bytes there are, by the caller's promise, and as many here.
        unsafe { bytes.as_mut_ptr().copy_from_nonoverlapping(self.start, self.length) };
        Some(bytes)
    }

    fn overlaps(&self, other: &Place) -> bool {
        let (here, there) = (self.start.addr(), other.start.addr());
        let both = self.length != 0 && other.length != 0;
        both && here < there.wrapping_add(other.length) && there < here.wrapping_add(self.length)
    }
}
