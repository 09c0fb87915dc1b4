//! Service for User, [MS-SFU] 2.2: the pre-authentication data by which a service asks for a ticket
//! in the name of a user.

use super::fields::{Fields, WriteFields, flags, maybe, octets, string, uint32};
use super::{Checksum, PrincipalName};
use crate::encoding::der;
use crate::encoding::der::Writer;
use crate::kerberos::crypto::{Enctype, Key, key_usage};
use crate::types::error::{Error, Result};
use bitflags::bitflags;
use md4::{Digest, Md4};
use subtle::ConstantTimeEq;

/// `auth-package` of PA-FOR-USER.
const PACKAGE: &[u8] = b"Kerberos";
/// The checksum type KERB_CHECKSUM_HMAC_MD5.
const HMAC_MD5: i32 = -138;
/// The checksum type rsa-md4, without a key.
const RSA_MD4: i32 = 2;

/// PA-FOR-USER, [MS-SFU] 2.2.1: the user for whom a service asks for a ticket to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaForUser<'a> {
    /// `userName`
    pub user_name: PrincipalName<'a>,
    /// `userRealm`
    pub user_realm: &'a [u8],
    /// `cksum`, HMAC-MD5 whatever the key's encryption type.
    pub cksum: Checksum<'a>,
    /// `auth-package`, always "Kerberos".
    pub auth_package: &'a [u8],
}

impl<'a> PaForUser<'a> {
    /// Decodes the element. The checksum is to be verified with [`PaForUser::verify`].
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<PaForUser<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let user_name = PrincipalName::decode_named(fields.field(0)?)?;
        let user_realm = string(fields.field(1)?)?;
        let cksum = Checksum::decode(fields.field(2)?)?;
        let auth_package = string(fields.field(3)?)?;
        fields.end()?;
        Ok(PaForUser { user_name, user_realm, cksum, auth_package })
    }

    /// The encoded element for a user, under the session key of the ticket-granting ticket.
    pub fn encode(user_name: &PrincipalName<'_>, user_realm: &[u8], key: &Key) -> Vec<u8> {
        let cksum = checksum(user_name, user_realm, PACKAGE, key);
        let mut writer = Writer::new(256);
        writer.nest(der::SEQUENCE, |writer| {
            writer.tagged(0, |writer| user_name.write(writer));
            writer.string(1, user_realm);
            writer.tagged(2, |writer| {
                Checksum { cksumtype: HMAC_MD5, checksum: &cksum }.write(writer)
            });
            writer.string(3, PACKAGE);
        });
        writer.finish()
    }

    /// Checks the checksum with the session key of the ticket-granting ticket.
    ///
    /// Errors: `MessageAltered`.
    pub fn verify(&self, key: &Key) -> Result<()> {
        let expected = checksum(&self.user_name, self.user_realm, self.auth_package, key);
        let same: bool = expected.as_slice().ct_eq(self.cksum.checksum).into();
        match same && self.cksum.cksumtype == HMAC_MD5 {
            true => Ok(()),
            false => Err(Error::MessageAltered("PA-FOR-USER: the checksum does not match")),
        }
    }
}

/// Over the name's type, little-endian, its components, realm and package, one after the other.
fn checksum(name: &PrincipalName<'_>, realm: &[u8], package: &[u8], key: &Key) -> [u8; 16] {
    let name_type = name.name_type.to_le_bytes();
    let mut parts = vec![&name_type[..]];
    parts.extend(name.components());
    parts.extend([realm, package]);
    key.checksum_hmac_md5(key_usage::PA_FOR_USER, &parts)
}

bitflags! {
    /// `options` of S4UUserID; bit 0 is the highest one. Unknown bits are kept.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct S4uOptions: u32 {
        /// The KDC checks the user's logon hours.
        const CHECK_LOGON_HOURS = 1 << (31 - 1);
        /// The KDC's checksum has key usage 27.
        const USE_REPLY_KEY_USAGE = 1 << (31 - 2);
        const _ = !0;
    }
}

/// S4UUserID, [MS-SFU] 2.2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct S4uUserId<'a> {
    /// `nonce` of the request.
    pub nonce: u32,
    /// `cname`; absent if a certificate names the user.
    pub cname: Option<PrincipalName<'a>>,
    /// `crealm`
    pub crealm: &'a [u8],
    /// `subject-certificate`
    pub subject_certificate: Option<&'a [u8]>,
    /// `options`
    pub options: S4uOptions,
}

impl<'a> S4uUserId<'a> {
    fn decode(bytes: &'a [u8]) -> Result<S4uUserId<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let id = S4uUserId {
            nonce: uint32(fields.field(0)?)?,
            cname: maybe(fields.optional(1)?, PrincipalName::decode)?
                .filter(|cname| !cname.is_empty()),
            crealm: string(fields.field(2)?)?,
            subject_certificate: maybe(fields.optional(3)?, octets)?,
            options: S4uOptions::from_bits_retain(
                maybe(fields.optional(4)?, flags)?.unwrap_or_default(),
            ),
        };
        fields.end()?;
        Ok(id)
    }

    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(256);
        writer.nest(der::SEQUENCE, |writer| {
            writer.number(0, self.nonce);
            if let Some(cname) = &self.cname {
                writer.tagged(1, |writer| cname.write(writer));
            }
            writer.string(2, self.crealm);
            if let Some(certificate) = self.subject_certificate {
                writer.octets(3, certificate);
            }
            writer.flags(4, self.options.bits());
        });
        writer.finish()
    }
}

/// PA-S4U-X509-USER, [MS-SFU] 2.2.2, in a TGS-REQ and in its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaS4uX509User<'a> {
    /// `user-id`
    pub user_id: S4uUserId<'a>,
    /// `user-id`, encoded: what the checksum covers.
    signed: &'a [u8],
    /// `checksum`
    pub checksum: Checksum<'a>,
}

impl<'a> PaS4uX509User<'a> {
    /// Decodes the element. The checksum is to be verified with [`PaS4uX509User::verify`].
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<PaS4uX509User<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let signed = fields.field(0)?;
        let user_id = S4uUserId::decode(signed)?;
        let checksum = Checksum::decode(fields.field(1)?)?;
        fields.end()?;
        Ok(PaS4uX509User { user_id, signed, checksum })
    }

    /// The encoded element under `key`, the sub-key of the request's authenticator. `reply`: in a
    /// KDC's reply.
    pub fn encode(user_id: &S4uUserId<'_>, key: &Key, reply: bool) -> Result<Vec<u8>> {
        let signed = user_id.encode();
        let (cksumtype, checksum) = match key.enctype() {
            Enctype::Rc4Hmac => (RSA_MD4, Md4::digest(&signed).to_vec()),
            _ => {
                let checksum = key.checksum(usage(user_id, reply), &[&signed])?;
                (checksum.checksum_type(), checksum.bytes().to_vec())
            }
        };
        let mut writer = Writer::new(64 + signed.len() + checksum.len());
        writer.nest(der::SEQUENCE, |writer| {
            writer.tagged(0, |writer| writer.raw(&signed));
            writer.tagged(1, |writer| {
                Checksum { cksumtype, checksum: &checksum }.write(writer);
            });
        });
        Ok(writer.finish())
    }

    /// Checks the checksum with the sub-key of the request's authenticator. With an RC4 key the
    /// checksum has no key ([MS-SFU] 2.2.2): then the reply's encrypted data repeats it.
    ///
    /// Errors: `MessageAltered`.
    pub fn verify(&self, key: &Key, reply: bool) -> Result<()> {
        let Checksum { cksumtype, checksum } = self.checksum;
        if key.enctype() != Enctype::Rc4Hmac {
            let usage = usage(&self.user_id, reply);
            return key.verify_checksum(usage, &[self.signed], cksumtype, checksum);
        }
        let same: bool = Md4::digest(self.signed).as_slice().ct_eq(checksum).into();
        match same && cksumtype == RSA_MD4 {
            true => Ok(()),
            false => Err(Error::MessageAltered("PA-S4U-X509-USER: the checksum does not match")),
        }
    }
}

fn usage(user_id: &S4uUserId<'_>, reply: bool) -> u32 {
    match reply && user_id.options.contains(S4uOptions::USE_REPLY_KEY_USAGE) {
        true => key_usage::PA_S4U_X509_USER_REPLY,
        false => key_usage::PA_S4U_X509_USER_REQUEST,
    }
}

bitflags! {
    /// PA-PAC-OPTIONS, [MS-KILE] 2.2.10; bit 0 is the highest one. Unknown bits are kept.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct PacOptions: u32 {
        /// Claims(0)
        const CLAIMS = 1 << 31;
        /// Branch Aware(1)
        const BRANCH_AWARE = 1 << (31 - 1);
        /// Forward to Full DC(2)
        const FORWARD_TO_FULL_DC = 1 << (31 - 2);
        /// Resource-based Constrained Delegation(3)
        const RESOURCE_BASED_DELEGATION = 1 << (31 - 3);
        const _ = !0;
    }
}

impl PacOptions {
    /// Decodes the element.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &[u8]) -> Result<PacOptions> {
        let mut fields = Fields::sequence(bytes)?;
        let options = PacOptions::from_bits_retain(flags(fields.field(0)?)?);
        fields.end()?;
        Ok(options)
    }

    /// Encodes the element.
    pub fn encode(self) -> Vec<u8> {
        let mut writer = Writer::new(16);
        writer.nest(der::SEQUENCE, |writer| writer.flags(0, self.bits()));
        writer.finish()
    }
}
