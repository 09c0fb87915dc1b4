//! The GSS-API frame of Kerberos' tokens: RFC 2743 3.1 with the token identifiers of RFC 4121 4.1.
//!
//! Bytes after the frame are ignored, since callers pass whole buffers. A message may come without
//! the frame, as in DCE style ([MS-KILE] 3.4.5.1) and from some peers.

use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::kerberos::message::{ApRep, ApReq, KrbError};
use crate::mechanism::{IAKERB_OID, KRB5_OID, MS_KRB5_OID, USER_TO_USER_OID};
use crate::types::error::{Error, Result};

/// The object identifier in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oid {
    /// 1.2.840.113554.1.2.2, of RFC 1964 and RFC 4121.
    Krb5,
    /// 1.2.840.48018.1.2.2, Windows 2000's spelling with a 16-bit overflow ([MS-SPNG] 3.1.5.2).
    MsKrb5,
    /// 1.2.840.113554.1.2.2.3, for the user-to-user exchange (draft-swift-win2k-krb-user2user).
    UserToUser,
    /// 1.3.6.1.5.2.5, IAKERB's, which its AP exchange has too.
    Iakerb,
}

impl Oid {
    /// All object identifiers.
    pub const ALL: [Oid; 4] = [Oid::Krb5, Oid::MsKrb5, Oid::UserToUser, Oid::Iakerb];

    /// The DER contents, without tag and length.
    pub const fn contents(self) -> &'static [u8] {
        match self {
            Oid::Krb5 => KRB5_OID,
            Oid::MsKrb5 => MS_KRB5_OID,
            Oid::UserToUser => USER_TO_USER_OID,
            Oid::Iakerb => IAKERB_OID,
        }
    }

    /// The object identifier with these DER contents.
    pub fn from_contents(contents: &[u8]) -> Option<Oid> {
        Oid::ALL.into_iter().find(|oid| oid.contents() == contents)
    }
}

/// TOK_ID: the kind of message in a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum TokenId {
    /// KRB_AP_REQ
    ApReq = 0x0100,
    /// KRB_AP_REP
    ApRep = 0x0200,
    /// KRB_ERROR
    Error = 0x0300,
    /// KERB-TGT-REQUEST
    TgtRequest = 0x0400,
    /// KERB-TGT-REPLY
    TgtReply = 0x0401,
}

impl TokenId {
    /// All token identifiers.
    pub const ALL: [TokenId; 5] =
        [TokenId::ApReq, TokenId::ApRep, TokenId::Error, TokenId::TgtRequest, TokenId::TgtReply];

    fn from_number(number: u16) -> Option<TokenId> {
        TokenId::ALL.into_iter().find(|id| *id as u16 == number)
    }
}

/// A GSS-API token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// The frame's object identifier; `None` if there is no frame.
    pub oid: Option<Oid>,
    /// The kind of message.
    pub id: TokenId,
    /// The message.
    pub body: &'a [u8],
}

impl<'a> Token<'a> {
    /// Parses a token, with or without frame.
    ///
    /// Errors: `NothingInCommon` if the frame is another mechanism's; `InvalidToken` if it is
    /// malformed.
    pub fn read(token: &'a [u8]) -> Result<Token<'a>> {
        const AP_REQ: u8 = der::application(ApReq::APPLICATION);
        const AP_REP: u8 = der::application(ApRep::APPLICATION);
        const KRB_ERROR: u8 = der::application(KrbError::APPLICATION);
        let bare = |id| Ok(Token { oid: None, id, body: token });
        match token.first() {
            Some(&AP_REQ) => return bare(TokenId::ApReq),
            Some(&AP_REP) => return bare(TokenId::ApRep),
            Some(&KRB_ERROR) => return bare(TokenId::Error),
            _ => {}
        }
        let frame = Reader::new(token).read(der::APPLICATION_0)?;
        let mut reader = Reader::new(frame);
        let oid = reader.read(der::OBJECT_IDENTIFIER)?;
        let oid = Oid::from_contents(oid)
            .ok_or(Error::NothingInCommon("a token of another mechanism than Kerberos"))?;
        let Some((&[high, low], body)) = reader.rest().split_first_chunk::<2>() else {
            return Err(Error::InvalidToken("Kerberos: a token without TOK_ID"));
        };
        let id = TokenId::from_number(u16::from_be_bytes([high, low]))
            .ok_or(Error::InvalidToken("Kerberos: a token with an unknown TOK_ID"))?;
        Ok(Token { oid: Some(oid), id, body })
    }

    /// Encodes the token.
    pub fn write(&self) -> Vec<u8> {
        let Some(oid) = self.oid else { return self.body.to_vec() };
        let contents = der::size(oid.contents().len()) + 2 + self.body.len();
        let mut writer = Writer::new(der::size(contents));
        writer.open(der::APPLICATION_0, contents);
        writer.element(der::OBJECT_IDENTIFIER, oid.contents());
        writer.raw(&(self.id as u16).to_be_bytes());
        writer.raw(self.body);
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written() {
        for oid in Oid::ALL {
            for id in TokenId::ALL {
                for length in [0, 1, 0x7f, 0x100] {
                    let token = Token { oid: Some(oid), id, body: &vec![0x5a; length] };
                    let written = token.write();
                    assert_eq!(Token::read(&written), Ok(token));
                    assert_eq!(Token::read(&[&written[..], b"rest"].concat()), Ok(token));
                    for end in 0..written.len() {
                        assert!(Token::read(&written[..end]).is_err());
                    }
                }
            }
        }
    }

    /// RFC 4121 4.1 and RFC 2743 3.1, octet by octet.
    #[test]
    fn a_frame_has_the_octets_of_the_rfcs() {
        let token = Token { oid: Some(Oid::Krb5), id: TokenId::ApReq, body: b"\x6e\x00" };
        assert_eq!(
            token.write(),
            b"\x60\x0f\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00\x6e\x00"
        );
    }

    #[test]
    fn messages_may_come_bare() {
        for (first, id) in [(0x6e, TokenId::ApReq), (0x6f, TokenId::ApRep), (0x7e, TokenId::Error)]
        {
            let token = [first, 0];
            assert_eq!(Token::read(&token), Ok(Token { oid: None, id, body: &token }));
        }
    }

    #[test]
    fn nothing_else_is_a_token() {
        for bad in [
            &b""[..],
            b"\x60\x00",
            b"\x60\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02",
            b"\x60\x0c\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01",
            b"\x60\x0d\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x01",
            b"\x60\x0d\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x04\x04",
            b"\x60\x0d\x04\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00",
            b"\x61\x00",
        ] {
            assert!(Token::read(bad).is_err(), "{bad:02x?}");
        }
        let spnego = b"\x60\x08\x06\x06\x2b\x06\x01\x05\x05\x02";
        assert!(matches!(Token::read(spnego), Err(Error::NothingInCommon(_))));
    }
}
