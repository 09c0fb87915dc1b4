//! Pointers to the parts of an identity in memory of the caller or of the library.

use super::ex2::{self, Block};
use super::owned::{OwnedIdentity, Part, TEXT};
use crate::entry::abi::*;
use crate::entry::boundary::memory;
use crate::entry::boundary::text::{self, Text};
use crate::types::allocation;
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
    /// A whole SEC_WINNT_AUTH_IDENTITY_EX2 block.
    Block { length: usize },
}

/// Bytes; NULL for none.
#[derive(Clone, Copy)]
struct Place {
    start: *mut u8,
    length: usize,
}

/// Whether a structure whose first word is a version really starts with one, and not with a pointer
/// whose lower half has the same value. After a version comes the structure's length, which some
/// programs leave 0. On 32 bits there are no such addresses.
fn versioned(length: ULONG) -> bool {
    size_of::<usize>() == 4 || length == 0 || (32..=1024).contains(&length)
}

/// No string is below: operating systems keep these addresses free, to catch NULL with an offset.
pub(super) const LOWEST: usize = 0x10000;

const SHORT: Error = Error::UnknownCredentials("memory of the library's that is no identity");

impl RawIdentity {
    /// Finds the parts. `Char` is the form of the function that the identity was passed to, used if
    /// its Flags do not give the form.
    ///
    /// # Safety
    /// `data` points to a SEC_WINNT_AUTH_IDENTITY of either form, to its EX form or to a block that
    /// begins with its EX2 form.
    pub(crate) unsafe fn of<Char: Text>(data: *mut u8) -> Result<RawIdentity> {
        // The length of the library's own allocations is known; for others it is the caller's
        // contract.
        let room = memory::length(data.cast_const().cast()).unwrap_or(usize::MAX);
        if room < size_of::<SEC_WINNT_AUTH_IDENTITY<u8>>() {
            return Err(SHORT);
        }
        // SAFETY: C caller's contract, identities: each structure has at least two words.
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
                // SAFETY: C caller's contract, identities: the version is of this structure. Both
                // forms have one layout.
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
                // SAFETY: C caller's contract, identities: the version is of this structure.
                let length = unsafe { data.cast::<SEC_WINNT_AUTH_IDENTITY_EX2>().read_unaligned() }
                    .cbStructureLength as usize;
                let possible = size_of::<SEC_WINNT_AUTH_IDENTITY_EX2>()..=ex2::LONGEST.min(room);
                if !possible.contains(&length) {
                    return Err(Error::UnknownCredentials(
                        "SEC_WINNT_AUTH_IDENTITY_EX2: its length cannot be",
                    ));
                }
                // SAFETY: C caller's contract, identities: the block has as many bytes.
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
                // SAFETY: C caller's contract, identities: no version, so it is the plain
                // structure. Both forms have one layout.
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

    /// Where it starts, if it is a SEC_WINNT_AUTH_IDENTITY_EX.
    pub(super) fn start_of_ex(&self) -> Option<*const u8> {
        matches!(self.form, Form::Ex).then_some(self.start.cast_const())
    }

    /// Its flags.
    pub(super) fn flags(&self) -> ULONG {
        self.flags
    }

    /// A copy of what it holds.
    ///
    /// # Safety
    /// The identity that this was made of still exists.
    pub(crate) unsafe fn read(&self) -> Result<OwnedIdentity> {
        // SAFETY: C caller's contract, identities.
        if let Some(block) = unsafe { self.block() } {
            return OwnedIdentity::of_block(block);
        }
        // SAFETY: C caller's contract.
        let read = |place: Place| unsafe { place.read() };
        Ok(OwnedIdentity {
            flags: self.flags,
            ansi: self.ansi,
            user: read(self.user)?,
            domain: read(self.domain)?,
            credentials: read(self.credentials)?,
            packed: false,
            packages: read(self.packages)?,
        })
    }

    /// The bytes of an EX2 form; `None` for the others.
    ///
    /// # Safety
    /// The identity that this was made of still exists, and is not changed while the slice is in
    /// use.
    pub(super) unsafe fn block(&self) -> Option<&[u8]> {
        match self.form {
            // SAFETY: C caller's contract, identities: the block has as many bytes.
            Form::Block { length } => Some(unsafe { slice::from_raw_parts(self.start, length) }),
            Form::Plain | Form::Ex => None,
        }
    }

    /// Overwrites name, domain, credentials and flags in place.
    ///
    /// # Safety
    /// The identity that this was made of still exists and may be written to. `content` was read
    /// from it, and its parts have the same lengths.
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
                // SAFETY: C caller's contract, identities. `part` is the library's.
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
        // SAFETY: C caller's contract, identities: it has this structure.
        unsafe { self.start.add(flags).cast::<ULONG>().write_unaligned(content.flags) };
        Ok(())
    }

    /// Overwrites the credentials with zeros.
    ///
    /// # Safety
    /// The identity that this was made of still exists and may be written to.
    pub(super) unsafe fn erase(&self) {
        let Place { start, length } = self.credentials;
        if length != 0 {
            // SAFETY: C caller's contract, identities.
            unsafe { slice::from_raw_parts_mut(start, length) }.zeroize();
        }
    }
}

impl Place {
    /// # Safety
    /// The pointer is NULL or points to as many bytes.
    unsafe fn read(self) -> Result<Part> {
        if self.start.is_null() {
            return Ok(None);
        }
        let mut bytes = Zeroizing::new(allocation::zeros(self.length)?);
        // SAFETY: C caller's contract, identities; `bytes` has as many.
        unsafe { bytes.as_mut_ptr().copy_from_nonoverlapping(self.start, self.length) };
        Ok(Some(bytes))
    }

    fn overlaps(&self, other: &Place) -> bool {
        let (here, there) = (self.start.addr(), other.start.addr());
        let both = self.length != 0 && other.length != 0;
        both && here < there.wrapping_add(other.length) && there < here.wrapping_add(self.length)
    }
}
