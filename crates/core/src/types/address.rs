//! Client addresses.

/// An IP address in channel bindings (RFC 2744 3.11) or a Kerberos ticket (RFC 4120 7.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// IPv4, type 2.
    V4([u8; 4]),
    /// IPv6, type 24 in Kerberos.
    V6([u8; 16]),
}

impl Address {
    /// The address with this type and contents, if valid. Type 23 is Windows' AF_INET6.
    pub fn new(kind: u32, bytes: &[u8]) -> Option<Address> {
        match kind {
            2 => bytes.try_into().ok().map(Address::V4),
            23 | 24 => bytes.try_into().ok().map(Address::V6),
            _ => None,
        }
    }
}
