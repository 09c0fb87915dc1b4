//! The secure channel: mutual authentication of the machine and a domain controller ([MS-NRPC]
//! 3.1.4.1), and connections protected with the resulting session key.

use super::credential::{Session, is_random, session_key};
use super::machine::Machine;
use super::procedures::{authenticate3, req_challenge};
use super::{INTERFACE, Seal};
use crate::net::rpc::{Connection, RpcError};
use crate::types::ntstatus::NtStatus;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bits of NegotiateFlags, [MS-NRPC] 3.1.4.2.
mod flags {
    /// O: keys of 128 bits.
    pub(super) const STRONG_KEYS: u32 = 0x0000_4000;
    /// W: AES and SHA-2.
    pub(super) const AES: u32 = 0x0100_0000;
    /// Y: secure RPC.
    pub(super) const SECURE_RPC: u32 = 0x4000_0000;
    /// What current Windows members offer. The other bits concern replication and procedures that
    /// are not used here; servers treat a client without them as Windows NT.
    pub(super) const OFFERED: u32 = 0x612f_ffff;
    /// Required for a channel.
    pub(super) const REQUIRED: u32 = STRONG_KEYS | AES | SECURE_RPC;
}

/// Why there is no channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The call failed.
    Rpc(RpcError),
    /// The domain controller rejects the request: the procedure, and the status.
    Status(&'static str, NtStatus),
    /// It lacks AES or another required option: its NegotiateFlags.
    Weak(u32),
    /// It does not know the machine's secret, so it is not a controller of the domain.
    Impostor,
}

impl From<RpcError> for Refusal {
    fn from(error: RpcError) -> Refusal {
        Refusal::Rpc(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Rpc(error) => error.fmt(f),
            Refusal::Status(procedure, NtStatus::ACCESS_DENIED) => {
                write!(
                    f,
                    "{procedure}: {}: the machine's account or secret is wrong",
                    NtStatus::ACCESS_DENIED
                )
            }
            Refusal::Status(procedure, status) => write!(f, "{procedure}: {status}"),
            Refusal::Weak(flags) => {
                write!(f, "no AES (NegotiateFlags {flags:#010x}), and nothing less will do")
            }
            Refusal::Impostor => {
                f.write_str("the domain controller does not know the machine's secret")
            }
        }
    }
}

/// A secure channel, which protects connections to a domain controller.
#[derive(Debug, Clone)]
pub struct Channel {
    address: SocketAddr,
    machine: Arc<Machine>,
    session: Session,
}

impl Channel {
    /// Establishes a channel with the domain controller whose Netlogon is at `address`.
    pub fn establish(
        address: SocketAddr,
        machine: &Arc<Machine>,
        nt_hash: &[u8; 16],
        deadline: Instant,
    ) -> Result<Channel, Refusal> {
        let mut connection = Connection::open(address, &INTERFACE, None, deadline)?;
        let mut client_challenge = Zeroizing::new([0; 8]);
        while !is_random(&client_challenge) {
            getrandom::fill(&mut *client_challenge)
                .map_err(|_| RpcError::Local("no random numbers"))?;
        }
        let (server_challenge, status) =
            req_challenge(&mut connection, machine, &client_challenge, deadline)?;
        if status != NtStatus::SUCCESS {
            return Err(Refusal::Status("NetrServerReqChallenge", status));
        }
        // A peer that returns what it was sent needs no secret: with equal challenges both
        // credentials are equal.
        if server_challenge == *client_challenge || !is_random(&server_challenge) {
            return Err(Refusal::Impostor);
        }
        let session = session_key(nt_hash, &client_challenge, &server_challenge);
        let credential = session.credential(&client_challenge);
        let answer =
            authenticate3(&mut connection, machine, &credential, flags::OFFERED, deadline)?;
        match answer.status {
            NtStatus::SUCCESS => {}
            NtStatus::DOWNGRADE_DETECTED => return Err(Refusal::Weak(answer.flags)),
            status => return Err(Refusal::Status("NetrServerAuthenticate3", status)),
        }
        if answer.flags & flags::REQUIRED != flags::REQUIRED {
            return Err(Refusal::Weak(answer.flags));
        }
        let right = bool::from(session.credential(&server_challenge).ct_eq(&answer.credential));
        match right && answer.credential != credential && is_random(&answer.credential) {
            true => Ok(Channel { address, machine: machine.clone(), session }),
            false => Err(Refusal::Impostor),
        }
    }

    /// Opens a connection protected by the channel.
    pub fn connect(&self, deadline: Instant) -> Result<Connection, RpcError> {
        let seal = Seal::client(&self.session, &self.machine.domain, self.machine.computer());
        Connection::open(self.address, &INTERFACE, Some(Box::new(seal)), deadline)
    }

    /// The machine that established it.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The session key.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }
}
