//! The names in AUTHENTICATE_MESSAGE, and the character set that they are in.

use super::flags::NegotiateFlags;
use super::logon::OemNames;
use super::message::authenticate::Authenticate;
use super::wire::Charset;
use crate::types::address::Address;
use crate::types::error::{Error, Result};
use crate::types::logon_names::LogonNames;

/// Reads the names of `message` in the `negotiated` character set ([MS-NLMP] 2.2.1.3).
///
/// Errors: `InvalidToken` for names that are not text in it, and for those that are too long.
pub(super) fn read<'a>(
    message: &Authenticate<'a>,
    negotiated: NegotiateFlags,
    address: Option<Address>,
) -> Result<(LogonNames, Option<OemNames<'a>>)> {
    let charset = charset(message, negotiated);
    let names = LogonNames {
        user: name(charset, message.user, LONGEST_USER)?,
        domain: name(charset, message.domain, LONGEST_NAME)?,
        workstation: name(charset, message.workstation, LONGEST_NAME)?,
        address,
    };
    let &Authenticate { user, domain, .. } = message;
    let oem = OemNames { user, domain };
    let differs = charset == Charset::Oem && !(user.is_ascii() && domain.is_ascii());
    Ok((names, differs.then_some(oem)))
}

/// The character set of the message. The flags in the message may contradict what was negotiated:
/// clients such as GNU Wget set NTLMSSP_NEGOTIATE_UNICODE in all of them and write the negotiated
/// OEM text. The names themselves decide then: OEM text has no NUL.
fn charset(message: &Authenticate<'_>, negotiated: NegotiateFlags) -> Charset {
    let negotiated = Charset::from_flags(negotiated).unwrap_or(Charset::Unicode);
    match message.flags.and_then(Charset::from_flags) {
        Some(stated) if stated != negotiated => {
            let names = [message.user, message.domain, message.workstation];
            let unicode = names.iter().any(|name| name.contains(&0));
            if unicode { Charset::Unicode } else { Charset::Oem }
        }
        _ => negotiated,
    }
}

/// The longest name of a domain or a computer in Windows, in characters.
const LONGEST_NAME: usize = 256;
/// The longest name of a user, in characters: a user principal name ([MS-ADA3] 2.349).
const LONGEST_USER: usize = 1024;

/// A name in AUTHENTICATE_MESSAGE. Names are kept, logged and audited, so that longer ones than
/// Windows has are malformed.
fn name(charset: Charset, bytes: &[u8], longest: usize) -> Result<String> {
    if bytes.len() > longest * charset.unit() {
        return Err(Error::InvalidToken("a name longer than any in Windows"));
    }
    charset.decode(bytes)
}
