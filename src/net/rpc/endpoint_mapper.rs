//! Asking a server's endpoint mapper for the TCP port of an interface: [C706] appendix O, [MS-RPCE]
//! 2.2.1.2.

use super::{Connection, RpcError, Syntax};
use crate::encoding::ndr::reader::{Reader, Writer};
use crate::types::error::Error;
use std::net::SocketAddr;
use std::time::Instant;

/// The mapper's own port.
pub const PORT: u16 = 135;

const INTERFACE: Syntax = Syntax {
    uuid: [
        0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0,
        0xfa,
    ],
    major: 3,
    minor: 0,
};

/// ept_map's operation number.
const EPT_MAP: u16 = 3;

/// The most answers requested.
const TOWERS: u32 = 4;

/// The protocol identifiers of a tower's floors ([C706] appendix I).
mod floor {
    pub(crate) const UUID: u8 = 0x0d;
    pub(crate) const CONNECTION_ORIENTED: u8 = 0x0b;
    pub(crate) const TCP: u8 = 0x07;
    pub(crate) const IP: u8 = 0x09;
}

/// The port of `interface`, from the mapper at `address`.
pub fn port_of(
    interface: &Syntax,
    address: SocketAddr,
    deadline: Instant,
) -> Result<u16, RpcError> {
    let mut connection = Connection::open(address, &INTERFACE, None, deadline)?;
    let results = connection.call(EPT_MAP, &arguments(interface), deadline)?;
    parse(&results)
}

fn arguments(interface: &Syntax) -> Vec<u8> {
    let tower = tower(interface);
    let mut writer = Writer::with_capacity(160);
    // obj: the nil UUID
    writer.pointer().bytes(&[0; 16]);
    // map_tower: a conformant structure
    writer.pointer().u32(tower.len() as u32).u32(tower.len() as u32).bytes(&tower);
    // entry_handle: none yet
    writer.align(4).bytes(&[0; 20]).u32(TOWERS);
    writer.finish().to_vec()
}

/// The tower to complete: the interface by NDR over TCP, port and address to be filled in.
fn tower(interface: &Syntax) -> Vec<u8> {
    let mut out = 5u16.to_le_bytes().to_vec();
    let mut floor = |left: &[u8], right: &[u8]| {
        for side in [left, right] {
            out.extend((side.len() as u16).to_le_bytes());
            out.extend(side);
        }
    };
    for syntax in [interface, &Syntax::NDR] {
        let left = [&[floor::UUID][..], &syntax.uuid, &syntax.major.to_le_bytes()].concat();
        floor(&left, &syntax.minor.to_le_bytes());
    }
    floor(&[floor::CONNECTION_ORIENTED], &[0; 2]);
    floor(&[floor::TCP], &[0; 2]);
    floor(&[floor::IP], &[0; 4]);
    out
}

/// The first port among the answers.
pub fn parse(results: &[u8]) -> Result<u16, RpcError> {
    match read(&mut Reader::new(results)).map_err(|_| RpcError::Malformed("results of ept_map"))? {
        (Some(port), 0) => Ok(port),
        (None, 0) => Err(RpcError::Malformed("the endpoint mapper knows no port of the interface")),
        (_, status) => Err(RpcError::Fault(status)),
    }
}

/// The first port, and the status.
fn read(r: &mut Reader<'_>) -> crate::types::error::Result<(Option<u16>, u32)> {
    let _entry_handle = r.bytes(20)?;
    let count = r.u32()?;
    let (_maximum, _offset, here) = (r.u32()?, r.u32()?, r.u32()?);
    if here != count || here > TOWERS {
        return Err(Error::InvalidToken("NDR: more towers than were asked for"));
    }
    let mut present = 0;
    for _ in 0..here {
        present += usize::from(r.pointer()?.is_present());
    }
    let mut port = None;
    for _ in 0..present {
        // A conformant structure: its count stands before it and in it.
        let length = r.u32()?;
        port = port.or(tcp_port(r.conformant(length, 1, 1)?));
    }
    Ok((port, r.u32()?))
}

/// The port in a tower.
fn tcp_port(tower: &[u8]) -> Option<u16> {
    let (count, mut rest) = tower.split_first_chunk()?;
    for _ in 0..u16::from_le_bytes(*count) {
        let (left, after) = side(rest)?;
        let (right, after) = side(after)?;
        rest = after;
        if let (&[floor::TCP], &[high, low]) = (left, right) {
            return Some(u16::from_be_bytes([high, low])).filter(|&port| port != 0);
        }
    }
    None
}

fn side(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
}
