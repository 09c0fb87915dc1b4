//! The system's table of host names (hosts(5)), which comes before DNS.

use super::{files, system};
use std::io::Read;
use std::net::IpAddr;

/// The longest table that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// The addresses that the system's table gives a host.
pub fn addresses(host: &str) -> Vec<IpAddr> {
    let mut bytes = Vec::new();
    let read = system::hosts_file()
        .and_then(|path| files::open(&path, files::Access::Read).ok())
        .map(|opened| opened.file.take(LARGEST).read_to_end(&mut bytes));
    match read {
        Some(Ok(_)) => of_table(&String::from_utf8_lossy(&bytes), host),
        _ => Vec::new(),
    }
}

fn of_table(text: &str, host: &str) -> Vec<IpAddr> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let of_line = |line: &str| {
        let mut words = line.split('#').next()?.split_ascii_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|name| name.eq_ignore_ascii_case(host)).then_some(address)
    };
    text.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases() {
        let text = "127.0.0.1 localhost\n::1\tlocalhost ip6 # kdc\n192.0.2.1 kdc.test KDC\nx y\n#192.0.2.2 kdc\n";
        let expected: [IpAddr; 1] = [[192, 0, 2, 1].into()];
        assert_eq!(of_table(text, "kdc"), expected);
        assert_eq!(of_table(text, "kdc.Test."), expected);
        assert_eq!(of_table(text, "localhost").len(), 2);
        assert!(of_table(text, "test").is_empty());
    }
}
