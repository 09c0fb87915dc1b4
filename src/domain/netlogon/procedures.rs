//! Arguments and results of the procedures in NDR: [MS-NRPC] 3.5.4.4.1, 3.5.4.4.2.

use super::machine::Machine;
use crate::encoding::ndr::reader::{Reader, Writer};
use crate::net::rpc::{Connection, RpcError};
use crate::types::ntstatus::NtStatus;
use std::time::Instant;

/// Operation numbers.
mod operation {
    pub(super) const REQ_CHALLENGE: u16 = 4;
    pub(super) const AUTHENTICATE3: u16 = 26;
}

/// WorkstationSecureChannel, [MS-NRPC] 2.2.1.3.13: a member's.
const WORKSTATION_SECURE_CHANNEL: u16 = 2;

const MALFORMED: RpcError = RpcError::Malformed("results of a Netlogon procedure");

/// NetrServerReqChallenge: exchanges challenges.
pub(super) fn req_challenge(
    connection: &mut Connection,
    machine: &Machine,
    challenge: &[u8; 8],
    deadline: Instant,
) -> Result<([u8; 8], NtStatus), RpcError> {
    let mut arguments = Writer::with_capacity(96);
    // PrimaryName: null, the server at this address.
    arguments.null().wide_string(machine.computer()).bytes(challenge);
    let results = connection.call(operation::REQ_CHALLENGE, &arguments.finish(), deadline)?;
    let mut r = Reader::new(&results);
    Ok((eight(&mut r)?, NtStatus(long(&mut r)?)))
}

/// The results of NetrServerAuthenticate3.
pub(super) struct Authenticated {
    pub(super) credential: [u8; 8],
    pub(super) flags: u32,
    pub(super) status: NtStatus,
}

/// NetrServerAuthenticate3: exchanges credentials and options.
pub(super) fn authenticate3(
    connection: &mut Connection,
    machine: &Machine,
    credential: &[u8; 8],
    flags: u32,
    deadline: Instant,
) -> Result<Authenticated, RpcError> {
    let mut arguments = Writer::with_capacity(160);
    arguments.null().wide_string(machine.account()).u16(WORKSTATION_SECURE_CHANNEL);
    arguments.wide_string(machine.computer()).bytes(credential).u32(flags);
    let results = connection.call(operation::AUTHENTICATE3, &arguments.finish(), deadline)?;
    let mut r = Reader::new(&results);
    let (credential, flags, _account_rid) = (eight(&mut r)?, long(&mut r)?, long(&mut r)?);
    Ok(Authenticated { credential, flags, status: NtStatus(long(&mut r)?) })
}

fn eight(r: &mut Reader<'_>) -> Result<[u8; 8], RpcError> {
    r.bytes(8).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(MALFORMED)
}

fn long(r: &mut Reader<'_>) -> Result<u32, RpcError> {
    r.u32().map_err(|_| MALFORMED)
}
