//! The authenticator's "checksum" of type 0x8003, RFC 4121 4.1.1: the GSS-API initiator's
//! parameters, protected by the encryption of the authenticator.

use crate::types::error::{Error, Result};
use bitflags::bitflags;
use std::fmt;

/// `cksumtype` for GSS-API.
pub const CHECKSUM_TYPE: i32 = 0x8003;

/// The length of `Bnd`, in bytes: an MD5.
const BINDINGS: usize = 16;
/// The length up to and including `Flags`, in bytes.
const FIXED: usize = 24;

bitflags! {
    /// `Flags`: RFC 4121 4.1.1.1, and RFC 4757 7.1 from DCE_STYLE on. Unknown bits are kept.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct GssFlags: u32 {
        /// GSS_C_DELEG_FLAG
        const DELEG = 1;
        /// GSS_C_MUTUAL_FLAG
        const MUTUAL = 2;
        /// GSS_C_REPLAY_FLAG
        const REPLAY = 4;
        /// GSS_C_SEQUENCE_FLAG
        const SEQUENCE = 8;
        /// GSS_C_CONF_FLAG
        const CONF = 16;
        /// GSS_C_INTEG_FLAG
        const INTEG = 32;
        /// GSS_C_ANON_FLAG
        const ANON = 64;
        /// GSS_C_DCE_STYLE
        const DCE_STYLE = 0x1000;
        /// GSS_C_IDENTIFY_FLAG
        const IDENTIFY = 0x2000;
        /// GSS_C_EXTENDED_ERROR_FLAG
        const EXTENDED_ERROR = 0x4000;
        const _ = !0;
    }
}

/// The contents of the checksum.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GssChecksum<'a> {
    /// `Bnd`: MD5 over the channel bindings, or zeros for none.
    pub bindings: [u8; BINDINGS],
    /// `Flags`. If DELEG is set, [`GssChecksum::credential`] is present.
    pub flags: GssFlags,
    /// `Deleg`: a KRB-CRED.
    pub credential: Option<&'a [u8]>,
    /// `Exts`: the extensions, encoded.
    pub extensions: &'a [u8],
}

impl<'a> GssChecksum<'a> {
    /// Decodes the checksum. A KRB-CRED without DELEG is treated as an extension.
    ///
    /// Errors: `InvalidToken` if it is too short, for bindings that are not an MD5, and with DELEG
    /// unless `DlgOpt` is 1 and `Dlgth` within the data.
    pub fn decode(checksum: &'a [u8]) -> Result<GssChecksum<'a>> {
        const SHORT: Error = Error::InvalidToken("checksum 0x8003: too short");
        let (length, rest) = checksum.split_first_chunk::<4>().ok_or(SHORT)?;
        if u32::from_le_bytes(*length) as usize != BINDINGS {
            return Err(Error::InvalidToken(
                "checksum 0x8003: channel bindings of another length than MD5's",
            ));
        }
        let (&bindings, rest) = rest.split_first_chunk::<BINDINGS>().ok_or(SHORT)?;
        let (&flags, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        let flags = GssFlags::from_bits_retain(u32::from_le_bytes(flags));
        if !flags.contains(GssFlags::DELEG) {
            return Ok(GssChecksum { bindings, flags, credential: None, extensions: rest });
        }
        let (&[option1, option2, length1, length2], rest) =
            rest.split_first_chunk::<4>().ok_or(SHORT)?;
        if u16::from_le_bytes([option1, option2]) != 1 {
            return Err(Error::InvalidToken("checksum 0x8003: an unknown kind of delegation"));
        }
        let length = u16::from_le_bytes([length1, length2]);
        let (credential, extensions) = rest.split_at_checked(length.into()).ok_or(SHORT)?;
        Ok(GssChecksum { bindings, flags, credential: Some(credential), extensions })
    }

    /// Encodes the checksum. DELEG is set if and only if there is a credential.
    ///
    /// Errors: `Internal` for a KRB-CRED longer than 65535 bytes.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let credential = self.credential.unwrap_or_default();
        let length = u16::try_from(credential.len())
            .map_err(|_| Error::Internal("a KRB-CRED too long to delegate"))?;
        let mut flags = self.flags;
        flags.set(GssFlags::DELEG, self.credential.is_some());
        let mut bytes = Vec::with_capacity(FIXED + 4 + credential.len() + self.extensions.len());
        bytes.extend((BINDINGS as u32).to_le_bytes());
        bytes.extend(self.bindings);
        bytes.extend(flags.bits().to_le_bytes());
        if self.credential.is_some() {
            bytes.extend(1u16.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            bytes.extend(credential);
        }
        bytes.extend(self.extensions);
        Ok(bytes)
    }
}

impl fmt::Debug for GssChecksum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GssChecksum")
            .field("flags", &self.flags)
            .field("bindings", &(self.bindings != [0; BINDINGS]))
            .field("credential", &self.credential.map(<[u8]>::len))
            .field("extensions", &self.extensions.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4121 4.1.1, field by field.
    const PLAIN: &[u8] =
        b"\x10\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x3e\0\0\0";
    const DELEGATING: &[u8] =
        b"\x10\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x3f\x10\0\0\x01\0\x03\0krbext";

    #[test]
    fn fields_stand_where_the_rfc_has_them() {
        let bindings = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
        let flags = GssFlags::MUTUAL
            | GssFlags::REPLAY
            | GssFlags::SEQUENCE
            | GssFlags::CONF
            | GssFlags::INTEG;
        let plain = GssChecksum { bindings, flags, credential: None, extensions: b"" };
        assert_eq!(GssChecksum::decode(PLAIN), Ok(plain));
        assert_eq!(plain.encode().as_deref(), Ok(PLAIN));
        let flags = flags | GssFlags::DELEG | GssFlags::DCE_STYLE;
        let delegating =
            GssChecksum { bindings, flags, credential: Some(b"krb"), extensions: b"ext" };
        assert_eq!(GssChecksum::decode(DELEGATING), Ok(delegating));
        assert_eq!(delegating.encode().as_deref(), Ok(DELEGATING));
    }

    #[test]
    fn lengths_are_checked() {
        for end in 0..PLAIN.len() {
            assert!(GssChecksum::decode(&PLAIN[..end]).is_err(), "{end}");
        }
        for end in PLAIN.len()..DELEGATING.len() - 3 {
            assert!(GssChecksum::decode(&DELEGATING[..end]).is_err(), "{end}");
        }
        for (at, value) in [(0, 15), (0, 17), (3, 1), (24, 0), (24, 2), (25, 1), (26, 7), (27, 1)] {
            let mut changed = DELEGATING.to_vec();
            changed[at] = value;
            assert!(GssChecksum::decode(&changed).is_err(), "{at} {value}");
        }
    }

    #[test]
    fn the_flag_goes_with_the_credential() {
        let none = GssChecksum {
            bindings: [0; 16],
            flags: GssFlags::DELEG,
            credential: None,
            extensions: b"",
        };
        assert!(
            !GssChecksum::decode(&none.encode().unwrap()).unwrap().flags.contains(GssFlags::DELEG)
        );
        let long = GssChecksum { credential: Some(&[0; 65536]), ..none };
        assert!(long.encode().is_err());
    }
}
