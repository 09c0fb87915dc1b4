//! curl 7.88 in a UTF-8 locale, `curl --ntlm -u jörg:Passw0rd!`: its names are the UTF-8 that it was
//! given, as OEM text, and NTOWFv2 has each of these bytes as one UTF-16 unit.

use crate::support::exchanges::hex;
use crate::support::ntlm::*;
use negossp_core::ntlm::{Acceptor, Challenged};
use negossp_core::types::error::{Denial, Error};
use negossp_core::types::time::FileTime;

const NEGOTIATE: &str = "4e544c4d53535000010000000682080000000000000000000000000000000000";
const CHALLENGE: &str = "\
    4e544c4d5353500002000000070007003800000006828902758b2af9629cafa000000000000000005c005c003f000000\
    0a007c4f0000000f4558414d504c4502000e004500580041004d0050004c00450001000c005300450052005600450052\
    00030026007300650072007600650072002e006500780061006d0070006c0065002e0074006500730074000700080\
    0a8c165e71a80dd0100000000";
const AUTHENTICATE: &str = "\
    4e544c4d535350000300000018001800400000008c008c005800000000000000e400000005000500e40000000b000b00\
    e9000000000000000000000006828902c68b78a9d47a47c80767c118c924ad1555697ad2cd9b7575c69ff35ee42addd0\
    8faf93b51cff8fc00101000000000000802c5be71a80dd0155697ad2cd9b75750000000002000e004500580041004d00\
    50004c00450001000c00530045005200560045005200030026007300650072007600650072002e006500780061006d00\
    70006c0065002e00740065007300740007000800a8c165e71a80dd0100000000000000006ac3b67267574f524b535441\
    54494f4e";

fn logs_on(user: &str, password: &str) -> Result<String, Error> {
    let mut server = Party::alice();
    server.identity = Some(identity(user, "", password));
    server.now = FileTime(0x01dd_801a_e765_c1a8);
    let challenged = Challenged::new(&hex(NEGOTIATE), &hex(CHALLENGE), server.now)?;
    let step = server.accept(&Acceptor::ExpectAuthenticate(challenged), &hex(AUTHENTICATE))?;
    Ok(done(step).0.client.user)
}

#[test]
fn its_user_is_found_and_accepted() {
    assert_eq!(logs_on("jörg", PASSWORD).as_deref(), Ok("jörg"));
    assert_eq!(logs_on("jörg", "wrong"), Err(Error::LogonDenied(Denial::WrongPassword)));
    // The same bytes in ISO 8859-1: there is one reading.
    assert_eq!(logs_on("jÃ¶rg", PASSWORD), Err(Error::LogonDenied(Denial::UnknownUser)));
}
