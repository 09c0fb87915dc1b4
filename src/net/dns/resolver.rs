//! Querying name servers, by UDP and, for long answers, by TCP. The system's own functions have no
//! deadline.

use super::message::{self, Failure, Kind, Record};
use crate::platform;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Timeout of one query.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often all servers are tried.
const ROUNDS: usize = 2;
/// The longest answer without EDNS is shorter.
const DATAGRAM: usize = 1500;

/// Records of that name, from the first of these servers that answers.
pub(crate) fn ask(
    servers: &[SocketAddr],
    name: &str,
    kind: Kind,
    deadline: Instant,
) -> Result<Vec<Record>, String> {
    let mut last = "there is no name server".to_owned();
    if are_silent(servers) {
        return Err("no name server answers".into());
    }
    let (mut waited, mut silent) = (false, true);
    for server in (0..ROUNDS).flat_map(|_| servers) {
        let until = deadline.min(Instant::now() + PATIENCE);
        if Instant::now() >= deadline {
            break;
        }
        let asked = Instant::now();
        match ask_one(*server, name, kind, until) {
            Ok(found) => return Ok(found),
            Err(why) => last = format!("name server {server}: {why}"),
        }
        let in_vain = asked.elapsed() >= PATIENCE * 9 / 10;
        waited |= in_vain;
        silent &= in_vain;
    }
    if waited && silent {
        remember_silence(servers);
    }
    Err(last)
}

/// How long name servers that did not answer are not asked again, in milliseconds: one operation looks
/// up many names, and would wait for each.
const SILENCE: u64 = 3000;

/// The servers that did not answer, as a hash, and until when they are left alone.
static SILENT: (AtomicU64, AtomicU64) = (AtomicU64::new(0), AtomicU64::new(0));

fn hash_of(servers: &[SocketAddr]) -> u64 {
    let mut hasher = DefaultHasher::new();
    servers.hash(&mut hasher);
    hasher.finish()
}

fn are_silent(servers: &[SocketAddr]) -> bool {
    SILENT.1.load(Ordering::Relaxed) > platform::coarse_millis()
        && SILENT.0.load(Ordering::Relaxed) == hash_of(servers)
}

fn remember_silence(servers: &[SocketAddr]) {
    SILENT.0.store(hash_of(servers), Ordering::Relaxed);
    SILENT.1.store(platform::coarse_millis() + SILENCE, Ordering::Relaxed);
}

fn ask_one(
    server: SocketAddr,
    name: &str,
    kind: Kind,
    until: Instant,
) -> Result<Vec<Record>, String> {
    let mut id = [0; 2];
    getrandom::fill(&mut id).map_err(|error| error.to_string())?;
    let question = message::question(u16::from_be_bytes(id), name, kind).ok_or("not a name")?;
    match by_udp(server, &question, until).map_err(|error| error.to_string())? {
        Err(Failure::Truncated) => {
            let bytes = by_tcp(server, &question, until).map_err(|error| error.to_string())?;
            message::answer(&question, &bytes)
        }
        answer => answer,
    }
    .map_err(|why| format!("{why:?}"))
}

/// From a random port, so that a spoofed answer must guess the port as well as the identifier.
fn by_udp(
    server: SocketAddr,
    question: &[u8],
    until: Instant,
) -> std::io::Result<Result<Vec<Record>, Failure>> {
    let any: SocketAddr =
        if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.send(question)?;
    let mut bytes = [0; DATAGRAM];
    loop {
        socket.set_read_timeout(Some(left(until)?))?;
        match socket.recv(&mut bytes) {
            Ok(length) => {
                match message::answer(question, bytes.get(..length).unwrap_or_default()) {
                    Err(Failure::NotOurs) => {}
                    answer => return Ok(answer),
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn by_tcp(server: SocketAddr, question: &[u8], until: Instant) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, left(until)?)?;
    stream.set_write_timeout(Some(left(until)?))?;
    stream.write_all(&[&(question.len() as u16).to_be_bytes(), question].concat())?;
    let mut length = [0; 2];
    read_exact(&mut stream, &mut length, until)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    read_exact(&mut stream, &mut bytes, until)?;
    Ok(bytes)
}

fn read_exact(stream: &mut TcpStream, into: &mut [u8], until: Instant) -> std::io::Result<()> {
    let mut filled = 0;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(rest) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn left(until: Instant) -> std::io::Result<Duration> {
    match until.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ErrorKind::TimedOut.into()),
        left => Ok(left.max(Duration::from_millis(1))),
    }
}
