//! Channel bindings: the outer channel (TLS) that an authentication is tied to.

pub use super::bindings_result::{BindingsError, BindingsResult};
use crate::types::address::Address;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use md5::{Digest, Md5};
use std::fmt;
use subtle::ConstantTimeEq;

/// The caller's channel bindings, by the MD5 hashes that NTLM's `MsvAvChannelBindings` ([MS-NLMP]
/// 2.2.2.1) and Kerberos' authenticator checksum (RFC 4121 4.1.1.2) carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelBindings {
    /// `MD5(gss_channel_bindings_struct)` of everything that the caller gives.
    pub hash: [u8; 16],
    /// The same with both addresses null, which is what nearly all clients send: the application
    /// data binds. `None` without application data; such bindings demand nothing of the client.
    pub channel: Option<[u8; 16]>,
    /// The initiator's address, if the caller gives it.
    pub initiator: Option<Address>,
    /// SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS: the outcome is reported and rejects nobody.
    pub audit: bool,
}

/// The client's channel bindings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientBindings {
    /// Their hash; `None` if the client sent none, or zeros.
    pub hash: Option<[u8; 16]>,
    /// Whether the client says that it supports channel bindings.
    pub supported: bool,
}

/// How strictly data that clients may omit is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Not at all.
    Off,
    /// If the client sends it.
    WhenSent,
    /// The client must send it.
    Require,
}

impl fmt::Display for Strictness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strictness::Off => "off",
            Strictness::WhenSent => "when-sent",
            Strictness::Require => "require",
        })
    }
}

/// 32-bit words in `SEC_CHANNEL_BINDINGS`.
const WORDS: usize = 8;
/// 32-bit words before these in `SEC_CHANNEL_BINDINGS_EX`: `magicNumber`, `flags`,
/// `cbHeaderLength`, `cbStructureLength`.
const EX_WORDS: usize = 4;
/// `SEC_CHANNEL_BINDINGS_EX_MAGIC`, in the place of `dwInitiatorAddrType`: no kind of address has
/// this number.
pub const EX_MAGIC: u32 = 0x5845_4243;
/// `SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS`, the only flag.
pub const AUDIT_BINDINGS: u32 = 1;

const MALFORMED: Error = Error::InvalidParameter("SEC_CHANNEL_BINDINGS points outside its buffer");

/// The parts of a `SEC_CHANNEL_BINDINGS` or `SEC_CHANNEL_BINDINGS_EX` structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The flags of the extended form; 0 in the plain one.
    pub flags: u32,
    /// Kind and bytes of the initiator's address.
    pub initiator: (u32, &'a [u8]),
    /// Kind and bytes of the acceptor's address.
    pub acceptor: (u32, &'a [u8]),
    /// The application data, as `tls-server-end-point:...`.
    pub application: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Reads either form: 32-bit words in native order, then the data that they point to by offset
    /// from the structure's start.
    ///
    /// Errors: `InvalidParameter` for lengths and offsets outside the buffer, and for flags that
    /// are not defined.
    pub fn read(buffer: &'a [u8]) -> Result<Parts<'a>> {
        let word = |index: usize| -> Result<u32> {
            let bytes = buffer.get(4 * index..).and_then(<[u8]>::first_chunk);
            bytes.map(|&bytes| u32::from_ne_bytes(bytes)).ok_or(MALFORMED)
        };
        let extended = word(0)? == EX_MAGIC;
        let (first, flags) = if extended { (EX_WORDS, word(1)?) } else { (0, 0) };
        if flags & !AUDIT_BINDINGS != 0 {
            return Err(Error::InvalidParameter("unknown flags in SEC_CHANNEL_BINDINGS_EX"));
        }
        let mut words = [0; WORDS];
        for (index, value) in words.iter_mut().enumerate() {
            *value = word(first + index)?;
        }
        let end = if extended { word(3)? as usize } else { buffer.len() };
        let buffer = buffer.get(..end).ok_or(MALFORMED)?;
        let part = |length: u32, offset: u32| -> Result<&'a [u8]> {
            if length == 0 {
                return Ok(&[]);
            }
            let start = offset as usize;
            let end = start.checked_add(length as usize).ok_or(MALFORMED)?;
            buffer.get(start..end).ok_or(MALFORMED)
        };
        let [kind, length, offset, acceptor_kind, acceptor_length, acceptor_offset, data, at] =
            words;
        Ok(Parts {
            flags,
            initiator: (kind, part(length, offset)?),
            acceptor: (acceptor_kind, part(acceptor_length, acceptor_offset)?),
            application: part(data, at)?,
        })
    }

    /// Writes the extended form with these flags.
    pub fn write_extended(&self, flags: u32) -> Result<Vec<u8>> {
        let header = 4 * (EX_WORDS + WORDS);
        let data = [self.initiator.1, self.acceptor.1, self.application];
        let length = data.iter().try_fold(header, |sum, part| sum.checked_add(part.len()));
        let total = length.and_then(|length| u32::try_from(length).ok()).ok_or(MALFORMED)?;
        let mut out = Vec::new();
        out.try_reserve_exact(total as usize).map_err(|_| Error::OutOfMemory)?;
        let mut word = |value: u32| out.extend_from_slice(&value.to_ne_bytes());
        [EX_MAGIC, flags, header as u32, total].into_iter().for_each(&mut word);
        let mut offset = header as u32;
        for (kind, part) in
            [Some(self.initiator.0), Some(self.acceptor.0), None].into_iter().zip(data)
        {
            kind.into_iter().for_each(&mut word);
            word(part.len() as u32);
            word(offset);
            offset += part.len() as u32;
        }
        data.into_iter().for_each(|part| out.extend_from_slice(part));
        Ok(out)
    }

    /// `MD5(gss_channel_bindings_struct)` (RFC 2744 3.11).
    fn hash(&self) -> [u8; 16] {
        let mut md5 = Md5::new();
        for (kind, address) in [self.initiator, self.acceptor] {
            md5.update(kind.to_le_bytes());
            md5.update((address.len() as u32).to_le_bytes());
            md5.update(address);
        }
        md5.update((self.application.len() as u32).to_le_bytes());
        md5.update(self.application);
        md5.finalize().into()
    }
}

impl ChannelBindings {
    /// Reads a `SEC_CHANNEL_BINDINGS` or `SEC_CHANNEL_BINDINGS_EX` structure.
    ///
    /// Errors: as of [`Parts::read`].
    pub fn from_sec_channel_bindings(buffer: &[u8]) -> Result<ChannelBindings> {
        let parts = Parts::read(buffer)?;
        let hash = parts.hash();
        let none: (u32, &[u8]) = (0, &[]);
        let channel = if (parts.initiator, parts.acceptor) == (none, none) {
            hash
        } else {
            Parts { initiator: none, acceptor: none, ..parts }.hash()
        };
        Ok(ChannelBindings {
            hash,
            channel: (!parts.application.is_empty()).then_some(channel),
            initiator: Address::new(parts.initiator.0, parts.initiator.1),
            audit: parts.flags & AUDIT_BINDINGS != 0,
        })
    }

    /// Bindings of a channel, of which only the hash is known.
    pub fn of_channel(hash: [u8; 16]) -> ChannelBindings {
        ChannelBindings { hash, channel: Some(hash), initiator: None, audit: false }
    }

    /// Whether a client that sends this hash means the same channel: with the addresses that the
    /// caller gives, or without any.
    fn matches(&self, theirs: &[u8; 16]) -> bool {
        let channel = self.channel.unwrap_or(self.hash);
        (self.hash.ct_eq(theirs) | channel.ct_eq(theirs)).into()
    }
}

/// Checks the client's bindings against the caller's.
///
/// Bindings given by the caller are required of the client (`ApplicationRequiresCBT`), unless they
/// have no application data or the caller sets ASC_REQ_ALLOW_MISSING_BINDINGS. Behind a proxy
/// (ASC_REQ_PROXY_BINDINGS) they cannot match and are not compared. Bindings for audit reject
/// nobody. The configuration (`strictness`) can require bindings in any case, or ignore them.
///
/// Errors: `BadBindings`.
pub fn check(
    theirs: &ClientBindings,
    strictness: Strictness,
    ours: Option<&ChannelBindings>,
    requirements: ContextFlags,
) -> Result<BindingsResult> {
    use BindingsResult as R;
    let required = strictness == Strictness::Require;
    let proxy = requirements.contains(ContextFlags::PROXY_BINDINGS);
    let may_miss = requirements.contains(ContextFlags::ALLOW_MISSING_BINDINGS) && !required;
    let bound = ours.is_some_and(|ours| ours.channel.is_some());
    let (outcome, refused) = match (&theirs.hash, ours) {
        // Without application data nothing is bound, whatever the hash.
        (Some(theirs), Some(ours)) if (bound || !required) && ours.matches(theirs) => {
            (R::VALID_MATCHED, None)
        }
        (Some(_), _) if proxy => (R::VALID_PROXY, None),
        (None, _) if proxy && !required => (R::empty(), None),
        (Some(_), _) if bound => (R::NOTVALID_MISMATCH, Some("the client's are another channel's")),
        (None, _) if bound && may_miss => (R::VALID_MISSING, None),
        (None, _) if bound || proxy => (R::NOTVALID_MISSING, Some("the client sent none")),
        (_, _) if !required => (R::empty(), None),
        (hash, _) => {
            let invalid = if hash.is_some() { R::NOTVALID_MISMATCH } else { R::NOTVALID_MISSING };
            (invalid, Some("required by configuration, but the server program gave none"))
        }
    };
    let mut result = outcome;
    result.set(R::CLIENT_SUPPORT, theirs.supported);
    result.set(R::ABSENT, theirs.hash.is_none());
    let audited = ours.is_some_and(|ours| ours.audit) && !required;
    match refused {
        Some(why) if strictness != Strictness::Off && !audited => {
            Err(Error::BadBindings(BindingsError { why, result }))
        }
        _ => Ok(result),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION: &[u8] =
        b"tls-server-end-point:\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

    fn structure(words: [u32; 8], data: &[u8]) -> Vec<u8> {
        words.into_iter().flat_map(u32::to_ne_bytes).chain(data.iter().copied()).collect()
    }

    fn hash_of(buffer: &[u8]) -> Option<String> {
        let bindings = ChannelBindings::from_sec_channel_bindings(buffer).ok()?;
        Some(bindings.hash.iter().map(|b| format!("{b:02x}")).collect())
    }

    /// The hashes were computed with Python's hashlib over the structure of RFC 2744 3.11, in
    /// little endian.
    #[test]
    fn hashes_are_those_of_gss_channel_bindings_struct() {
        let length = APPLICATION.len() as u32;
        let tls = structure([0, 0, 0, 0, 0, 0, length, 32], APPLICATION);
        assert_eq!(hash_of(&tls).as_deref(), Some("8f1214c9c9cab8dc3bf866da9aba57a7"));
        // With addresses, and the parts in another order than that of their offsets.
        let data = [APPLICATION, b"\x0a\x00\x00\x02x", b"\x7f\x00\x00\x01"].concat();
        let all = structure([2, 4, 32 + length + 5, 2, 5, 32 + length, length, 32], &data);
        assert_eq!(hash_of(&all).as_deref(), Some("111f14dc682f83c2a5d6dfd89fe07519"));
        // Empty parts may have any offset.
        let empty = structure([0, 0, u32::MAX, 0, 0, u32::MAX, length, 32], APPLICATION);
        assert_eq!(hash_of(&empty), hash_of(&tls));
    }

    fn read(words: [u32; 8], data: &[u8]) -> ChannelBindings {
        ChannelBindings::from_sec_channel_bindings(&structure(words, data)).unwrap()
    }

    /// What ordinary clients send for a channel is the hash without addresses.
    #[test]
    fn addresses_of_the_caller_do_not_change_the_channel() {
        let length = APPLICATION.len() as u32;
        let plain = read([0, 0, 0, 0, 0, 0, length, 32], APPLICATION);
        let data = [APPLICATION, &[127, 0, 0, 1]].concat();
        let addressed = read([2, 4, 32 + length, 0, 0, 0, length, 32], &data);
        assert_ne!(plain.hash, addressed.hash);
        assert_eq!(plain.channel, addressed.channel);
        assert_eq!(plain.channel, Some(plain.hash));
        let check = |hash| {
            let client = ClientBindings { hash, supported: false };
            check(&client, Strictness::WhenSent, Some(&addressed), ContextFlags::empty())
        };
        assert_eq!(check(Some(plain.hash)), Ok(BindingsResult::VALID_MATCHED));
        assert_eq!(check(Some(addressed.hash)), Ok(BindingsResult::VALID_MATCHED));
        assert!(check(Some([7; 16])).is_err());
        assert!(check(None).is_err());
        // Of either side.
        let data = [APPLICATION, &[127, 0, 0, 1], &[10, 0, 0, 1]].concat();
        let both = read([2, 4, 32 + length, 2, 4, 36 + length, length, 32], &data);
        assert_ne!(both.hash, addressed.hash);
        assert_eq!(both.channel, Some(plain.hash));
    }

    #[test]
    fn bindings_without_application_data_demand_nothing() {
        let address_only = read([2, 4, 32, 0, 0, 0, 0, 0], &[127, 0, 0, 1]);
        let no_address = read([0; 8], &[]);
        for ours in [address_only, no_address] {
            let check = |hash, strictness| {
                let client = ClientBindings { hash, supported: false };
                check(&client, strictness, Some(&ours), ContextFlags::empty())
            };
            assert_eq!(check(None, Strictness::WhenSent), Ok(BindingsResult::ABSENT));
            assert_eq!(check(Some([7; 16]), Strictness::WhenSent), Ok(BindingsResult::empty()));
            assert!(check(None, Strictness::Require).is_err());
            assert!(check(Some([7; 16]), Strictness::Require).is_err());
            // The same hash is right, but binds nothing.
            let same = Some(ours.hash);
            assert_eq!(check(same, Strictness::WhenSent), Ok(BindingsResult::VALID_MATCHED));
            assert!(check(same, Strictness::Require).is_err());
        }
        // The hash of no addresses and no data is no channel's.
        let client = ClientBindings { hash: Some(no_address.hash), supported: true };
        assert!(
            check(&client, Strictness::Require, Some(&address_only), ContextFlags::empty())
                .is_err()
        );
    }

    fn extended(flags: u32, words: [u32; 8], data: &[u8]) -> Vec<u8> {
        let total = 48 + data.len() as u32;
        let header = [EX_MAGIC, flags, 48, total].into_iter().chain(words);
        header.flat_map(u32::to_ne_bytes).chain(data.iter().copied()).collect()
    }

    /// `magicNumber` is the four characters XEBC in MSVC's sense: the first is the highest byte.
    #[test]
    fn the_extended_form_is_read_with_its_flags() {
        assert_eq!(EX_MAGIC.to_be_bytes(), *b"XEBC");
        let length = APPLICATION.len() as u32;
        let plain = read([0, 0, 0, 0, 0, 0, length, 32], APPLICATION);
        for flags in [0, AUDIT_BINDINGS] {
            let buffer = extended(flags, [0, 0, 0, 0, 0, 0, length, 48], APPLICATION);
            let bindings = ChannelBindings::from_sec_channel_bindings(&buffer).unwrap();
            assert_eq!(bindings, ChannelBindings { audit: flags == AUDIT_BINDINGS, ..plain });
            for end in 0..buffer.len() {
                assert!(Parts::read(&buffer[..end]).is_err(), "{end} bytes");
            }
        }
        for flags in [2, 3, u32::MAX] {
            let buffer = extended(flags, [0, 0, 0, 0, 0, 0, length, 48], APPLICATION);
            assert!(Parts::read(&buffer).is_err(), "{flags}");
        }
        // `cbStructureLength` is the end.
        let mut short = extended(0, [0, 0, 0, 0, 0, 0, length, 48], APPLICATION);
        short[12..16].copy_from_slice(&47u32.to_ne_bytes());
        assert!(Parts::read(&short).is_err());
    }

    #[test]
    fn the_extended_form_is_written_as_it_is_read() {
        let length = APPLICATION.len() as u32;
        let data = [APPLICATION, b"\x0a\x00\x00\x02x", b"\x7f\x00\x00\x01"].concat();
        let plain = structure([2, 4, 32 + length + 5, 2, 5, 32 + length, length, 32], &data);
        let parts = Parts::read(&plain).unwrap();
        let written = parts.write_extended(AUDIT_BINDINGS).unwrap();
        assert_eq!(Parts::read(&written), Ok(Parts { flags: AUDIT_BINDINGS, ..parts }));
        let again = Parts::read(&written).unwrap().write_extended(0).unwrap();
        assert_eq!(Parts::read(&again), Ok(parts));
    }

    /// The bits, from the description of EPA's audit: "Channel binding failed", "succeeded".
    #[test]
    fn the_result_says_what_was_found() {
        use BindingsResult as R;
        let (none, missing, proxy) = (
            ContextFlags::empty(),
            ContextFlags::ALLOW_MISSING_BINDINGS,
            ContextFlags::PROXY_BINDINGS,
        );
        let cases = [
            (Some(1), none, R::VALID_MATCHED, true),
            (Some(2), none, R::NOTVALID_MISMATCH, false),
            (Some(2), proxy, R::VALID_PROXY, true),
            (None, none, R::NOTVALID_MISSING | R::ABSENT, false),
            (None, missing, R::VALID_MISSING | R::ABSENT, true),
            (Some(2), missing, R::NOTVALID_MISMATCH, false),
        ];
        for (hash, requirements, expected, right) in cases {
            for (supported, audit) in [(false, false), (false, true), (true, false), (true, true)] {
                let client = ClientBindings { hash: hash.map(|byte| [byte; 16]), supported };
                let ours = ChannelBindings { audit, ..ChannelBindings::of_channel([1; 16]) };
                let result = check(&client, Strictness::WhenSent, Some(&ours), requirements);
                let mut expected = expected;
                expected.set(R::CLIENT_SUPPORT, supported);
                match result {
                    Ok(result) => assert_eq!((result, right || audit), (expected, true)),
                    Err(Error::BadBindings(error)) => {
                        assert_eq!((error.result, right || audit), (expected, false))
                    }
                    Err(other) => panic!("{other}"),
                }
                // What the administrator requires is not for the program to take back.
                let strict = check(&client, Strictness::Require, Some(&ours), requirements);
                assert_eq!(strict.is_ok(), right && requirements != missing);
            }
        }
    }

    #[test]
    fn the_initiator_may_have_an_address() {
        let read = |kind, bytes: &[u8]| {
            let buffer = structure([kind, bytes.len() as u32, 32, 0, 0, 0, 0, 0], bytes);
            ChannelBindings::from_sec_channel_bindings(&buffer).unwrap().initiator
        };
        assert_eq!(read(2, &[10, 0, 0, 1]), Some(Address::V4([10, 0, 0, 1])));
        assert_eq!(read(24, &[7; 16]), Some(Address::V6([7; 16])));
        assert_eq!(read(23, &[7; 16]), read(24, &[7; 16]));
        assert_eq!(read(2, &[7; 16]), None);
        assert_eq!(read(0, &[]), None);
    }

    #[test]
    fn lengths_and_offsets_outside_are_refused() {
        let good = structure([0, 0, 0, 0, 0, 0, 8, 32], b"12345678");
        assert!(hash_of(&good).is_some());
        for end in 0..good.len() {
            assert_eq!(hash_of(&good[..end]), None, "{end} bytes");
        }
        for position in [1, 4, 6] {
            for (length, offset) in
                [(9, 32), (8, 33), (1, 40), (1, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX)]
            {
                let mut words = [0; 8];
                words[position] = length;
                words[position + 1] = offset;
                assert_eq!(
                    hash_of(&structure(words, b"12345678")),
                    None,
                    "{position}: {length} at {offset}"
                );
            }
        }
    }
}
