//! Waiting for the first of several sockets.

use std::io;
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

/// A socket to wait for.
#[derive(Debug, Clone, Copy)]
pub enum Waiting<'a> {
    /// A datagram socket.
    Udp(&'a UdpSocket),
    /// A connection.
    Tcp(&'a TcpStream),
}

/// Waits until one of the sockets has data to read, has been closed or has failed, or until the
/// time has passed. Tells for each socket whether it has; for none if the time has passed, and
/// perhaps before.
#[cfg(unix)]
pub fn wait(sockets: &[Waiting<'_>], time: Duration) -> io::Result<Vec<bool>> {
    use std::os::fd::AsRawFd;
    let descriptor = |socket: &Waiting<'_>| match socket {
        Waiting::Udp(socket) => socket.as_raw_fd(),
        Waiting::Tcp(stream) => stream.as_raw_fd(),
    };
    let mut polled: Vec<libc::pollfd> = sockets
        .iter()
        .map(|socket| libc::pollfd { fd: descriptor(socket), events: libc::POLLIN, revents: 0 })
        .collect();
    // SAFETY: an array of this length, of descriptors that are open.
    let found = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as _, millis(time)) };
    match found {
        0.. => Ok(polled.iter().map(|polled| polled.revents != 0).collect()),
        _ => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(vec![false; sockets.len()]),
            error => Err(error),
        },
    }
}

/// Waits until one of the sockets has data to read, has been closed or has failed, or until the
/// time has passed. Tells for each socket whether it has; for none if the time has passed, and
/// perhaps before.
#[cfg(windows)]
pub fn wait(sockets: &[Waiting<'_>], time: Duration) -> io::Result<Vec<bool>> {
    use std::os::windows::io::AsRawSocket;
    use windows_sys::Win32::Networking::WinSock::{POLLRDNORM, WSAPOLLFD, WSAPoll};
    // WSAPoll refuses to wait for nothing.
    if sockets.is_empty() {
        std::thread::sleep(time);
        return Ok(Vec::new());
    }
    let socket = |socket: &Waiting<'_>| match socket {
        Waiting::Udp(socket) => socket.as_raw_socket(),
        Waiting::Tcp(stream) => stream.as_raw_socket(),
    };
    let mut polled: Vec<WSAPOLLFD> = sockets
        .iter()
        .map(|waiting| WSAPOLLFD { fd: socket(waiting) as _, events: POLLRDNORM, revents: 0 })
        .collect();
    // SAFETY: an array of this length, of sockets that are open.
    match unsafe { WSAPoll(polled.as_mut_ptr(), polled.len() as u32, millis(time)) } {
        0.. => Ok(polled.iter().map(|polled| polled.revents != 0).collect()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Rounded up, so that nobody waits in many small steps.
fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_with_data_is_told() {
        let bind = || UdpSocket::bind("127.0.0.1:0").unwrap();
        let (silent, heard) = (bind(), bind());
        let both = [Waiting::Udp(&silent), Waiting::Udp(&heard)];
        assert_eq!(wait(&both, Duration::from_millis(1)).unwrap(), [false, false]);
        silent.send_to(b"x", heard.local_addr().unwrap()).unwrap();
        assert_eq!(wait(&both, Duration::from_secs(10)).unwrap(), [false, true]);
        assert!(wait(&[], Duration::ZERO).unwrap().is_empty());
    }
}
