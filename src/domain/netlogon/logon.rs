//! A network logon: NetrLogonSamLogonEx, [MS-NRPC] 3.5.4.5.1.

use super::channel::Channel;
use super::validation::{self, Reply};
use crate::authority::pass_through::ALLOW_MSVCHAPV2;
use crate::encoding::ndr::reader::Writer;
use crate::encoding::utf16;
use crate::net::rpc::{Connection, RpcError};
use crate::types::error::Error;
use std::time::Instant;
use zeroize::Zeroizing;

/// The operation number.
const SAM_LOGON_EX: u16 = 39;

/// NetlogonNetworkInformation, [MS-NRPC] 2.2.1.4.16.
const NETWORK_INFORMATION: u16 = 2;

/// ParameterControl, [MS-NRPC] 2.2.1.4.15: machine accounts may log on too; unknown users are not
/// logged on as guest.
const PARAMETER_CONTROL: u32 =
    ALLOW_SERVER_TRUST_ACCOUNT | ALLOW_WORKSTATION_TRUST_ACCOUNT | DONT_TRY_GUEST_ACCOUNT;
const DONT_TRY_GUEST_ACCOUNT: u32 = 0x10;
const ALLOW_SERVER_TRUST_ACCOUNT: u32 = 0x20;
const ALLOW_WORKSTATION_TRUST_ACCOUNT: u32 = 0x800;

/// NETLOGON_NETWORK_INFO, [MS-NRPC] 2.2.1.4.5: the client's responses.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// UserName, as the client sent it.
    pub user: &'a str,
    /// LogonDomainName, as the client sent it.
    pub domain: &'a str,
    /// Workstation, as the client sent it.
    pub workstation: &'a str,
    /// LmChallenge: the challenge that the responses answer.
    pub challenge: [u8; 8],
    /// NtChallengeResponse
    pub nt_response: &'a [u8],
    /// LmChallengeResponse
    pub lm_response: &'a [u8],
    /// The response is MS-CHAPv2's.
    pub mschapv2: bool,
}

/// Has the domain controller validate a logon.
///
/// Errors: [`RpcError::Unreadable`] for a reply that kept the seal and cannot be read, for example
/// since the account has a name that is not text. That is this logon's trouble, not the domain
/// controller's.
pub fn logon(
    channel: &Channel,
    connection: &mut Connection,
    request: &Request<'_>,
    level: validation::Level,
    deadline: Instant,
) -> Result<Reply, RpcError> {
    let arguments = arguments(channel.machine().computer(), request, level)?;
    let results = connection.call(SAM_LOGON_EX, &arguments, deadline)?;
    let mut reply = validation::parse(&results).map_err(|error| match error {
        Error::OutOfMemory => RpcError::OutOfMemory,
        _ => RpcError::Unreadable("results of NetrLogonSamLogonEx"),
    })?;
    if let Some(validation) = &mut reply.validation {
        validation.decrypt_keys(channel.session());
    }
    Ok(reply)
}

/// The arguments in NDR.
fn arguments(
    computer: &str,
    request: &Request<'_>,
    level: validation::Level,
) -> Result<Zeroizing<Vec<u8>>, RpcError> {
    let bytes_of = |text| utf16::bytes_of(text).map_err(|_| RpcError::OutOfMemory);
    let texts =
        [bytes_of(request.domain)?, bytes_of(request.user)?, bytes_of(request.workstation)?];
    let responses = [request.nt_response, request.lm_response];
    if texts
        .iter()
        .map(Vec::as_slice)
        .chain(responses)
        .any(|bytes| bytes.len() > usize::from(u16::MAX))
    {
        return Err(RpcError::Local("a name or response is longer than Netlogon can carry"));
    }
    let [domain, user, workstation] = &texts;
    let length = texts.iter().map(Vec::len).sum::<usize>()
        + responses.map(<[u8]>::len).iter().sum::<usize>();
    let mut w = Writer::try_with_capacity(256 + length).map_err(|_| RpcError::OutOfMemory)?;
    // LogonServer: null, the server at this address; ComputerName
    w.null().pointer().wide_string(computer);
    // LogonLevel, and the same as the union's discriminant
    w.u16(NETWORK_INFORMATION).u16(NETWORK_INFORMATION).pointer();
    // Identity: LogonDomainName, ParameterControl, Reserved, UserName, Workstation
    w.counted(domain.len())
        .u32(PARAMETER_CONTROL | if request.mschapv2 { ALLOW_MSVCHAPV2 } else { 0 })
        .bytes(&[0; 8])
        .counted(user.len())
        .counted(workstation.len());
    w.bytes(&request.challenge);
    responses.iter().for_each(|response| {
        w.counted(response.len());
    });
    texts.iter().for_each(|text| {
        w.counted_referent(text, 2);
    });
    responses.iter().for_each(|response| {
        w.counted_referent(response, 1);
    });
    // ValidationLevel, ExtraFlags
    w.u16(level as u16).u32(0);
    Ok(w.finish())
}
