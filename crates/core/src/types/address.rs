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
    /// Whether it is of the machine itself (RFC 1122 3.2.1.3, RFC 4291 2.5.3).
    pub fn is_loopback(&self) -> bool {
        match self {
            Address::V4([first, ..]) => *first == 127,
            Address::V6(bytes) => *bytes == 1u128.to_be_bytes(),
        }
    }

    /// The address with this type and contents, if valid. Type 23 is Windows' AF_INET6.
    pub fn new(kind: u32, bytes: &[u8]) -> Option<Address> {
        match kind {
            2 => bytes.try_into().ok().map(Address::V4),
            23 | 24 => bytes.try_into().ok().map(Address::v6),
            _ => None,
        }
    }

    /// An IPv6 address; one that stands for an IPv4 address (`::ffff:192.0.2.1`) is that.
    fn v6(bytes: [u8; 16]) -> Address {
        match bytes {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => Address::V4([a, b, c, d]),
            bytes => Address::V6(bytes),
        }
    }
}
