//! The system's DNS servers.

use std::net::{IpAddr, SocketAddr};

const PORT: u16 = 53;
/// As many as other resolvers use.
const MOST: usize = 3;

/// The servers that the system is configured with now.
#[cfg(unix)]
pub fn name_servers() -> Vec<SocketAddr> {
    of_resolv_conf(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
}

/// resolv.conf(5); without any server, the default is this machine.
#[cfg_attr(windows, allow(dead_code))]
fn of_resolv_conf(text: &str) -> Vec<SocketAddr> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (key, value) = (words.next()?, words.next()?);
        if key == "nameserver" { value.parse::<IpAddr>().ok() } else { None }
    });
    let found: Vec<SocketAddr> = servers.take(MOST).map(|address| (address, PORT).into()).collect();
    if found.is_empty() { vec![([127, 0, 0, 1], PORT).into()] } else { found }
}

/// The servers that the system is configured with now: only IPv4, which is all that this function
/// reports.
#[cfg(windows)]
pub fn name_servers() -> Vec<SocketAddr> {
    use windows_sys::Win32::Foundation::ERROR_SUCCESS;
    use windows_sys::Win32::NetworkManagement::IpHelper::{
        FIXED_INFO_W2KSP1, GetNetworkParams, IP_ADDR_STRING,
    };

    let mut length = 0;
    // SAFETY: without a buffer the call only tells how long one has to be.
    unsafe { GetNetworkParams(std::ptr::null_mut(), &mut length) };
    // The structure contains a linked list within the same memory.
    let words = (length as usize).max(size_of::<FIXED_INFO_W2KSP1>()).div_ceil(size_of::<usize>());
    let mut memory = vec![0usize; words];
    let info: *mut FIXED_INFO_W2KSP1 = memory.as_mut_ptr().cast();
    length = size_of_val(&*memory) as u32;
    // SAFETY: the buffer has the length that is passed, and its alignment is that of a pointer.
    if unsafe { GetNetworkParams(info, &mut length) } != ERROR_SUCCESS {
        return Vec::new();
    }
    let mut found = Vec::new();
    // SAFETY: the call has filled the structure, which is within the buffer.
    let mut next: *const IP_ADDR_STRING = unsafe { &raw const (*info).DnsServerList };
    while !next.is_null() && found.len() < MOST {
        // SAFETY: each element of the list is within the buffer, or its pointer is null.
        let entry = unsafe { next.read() };
        let text: Vec<u8> =
            entry.IpAddress.String.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect();
        found.extend(
            str::from_utf8(&text)
                .ok()
                .and_then(|text| text.parse::<IpAddr>().ok())
                .map(|ip| SocketAddr::new(ip, PORT)),
        );
        next = entry.Next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file() {
        let text = "# none\nsearch example.test\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # second\nnameserver x\n;nameserver 192.0.2.9\n";
        let expected: [SocketAddr; 2] =
            ["192.0.2.1:53".parse().unwrap(), "[2001:db8::1]:53".parse().unwrap()];
        assert_eq!(of_resolv_conf(text), expected);
        assert_eq!(of_resolv_conf(""), ["127.0.0.1:53".parse().unwrap()]);
    }
}
