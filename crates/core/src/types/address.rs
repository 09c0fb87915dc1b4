//! Addresses of clients.

/// An address of the Internet, as channel bindings (RFC 2744 3.11) and Kerberos' tickets (RFC 4120
/// 7.5.3) have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// Type 2.
    V4([u8; 4]),
    /// Type 24 in Kerberos.
    V6([u8; 16]),
}

impl Address {
    /// Reads one. Windows counts the types of addresses otherwise: 23 is its AF_INET6.
    pub fn new(kind: u32, bytes: &[u8]) -> Option<Address> {
        match kind {
            2 => bytes.try_into().ok().map(Address::V4),
            23 | 24 => bytes.try_into().ok().map(Address::V6),
            _ => None,
        }
    }
}
