//! A scriptable domain controller on loopback. It computes keys and writes NDR by itself; messages
//! are sealed with the library's code for the other end, which is checked against another
//! implementation elsewhere.

use super::pac::{Form, LogonInfo, Ndr, SESSION_KEY};
use hmac::{Hmac, KeyInit, Mac};
use negossp::domain::machine_secret::{Secret, SecretFile};
use negossp::domain::netlogon::{Machine, Seal, Session};
use negossp::domain::{Domain, Options};
use negossp::net::rpc::Protection;
use sha2::Sha256;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The machine's password is "Password".
pub(crate) const NT_HASH: [u8; 16] =
    *b"\xa4\xf4\x9c\x40\x65\x10\xbd\xca\xb6\x82\x4e\xe7\xc3\x0f\xd8\x52";
pub(crate) const ALL_FLAGS: u32 = 0x612f_ffff;
const SERVER_CHALLENGE: [u8; 8] = *b"\x10\x32\x54\x76\x98\xba\xdc\xfe";
pub(crate) const ACCESS_DENIED: u32 = 0xc000_0022;

/// A request from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Bind,
    ReqChallenge,
    Authenticate3,
    /// A protected bind.
    SecureBind,
    Logon,
}

/// A change to an answer in transit.
pub(crate) type Edit = dyn Fn(&mut Vec<u8>) + Send + Sync;

/// The domain controller's reaction.
#[derive(Clone)]
pub(crate) enum Action {
    /// The right answer.
    Answer,
    /// The right answer, changed in transit.
    Edited(Arc<Edit>),
    /// These results, properly protected, in fragments of so many bytes.
    Results(Vec<u8>, usize),
    /// Fragments that never end.
    Endless(usize),
    Fault(u32),
    Silence,
    Close,
    /// One byte of the right answer at intervals.
    Drip,
}

pub(crate) fn edited(edit: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Action {
    Action::Edited(Arc::new(edit))
}

/// The domain controller's behaviour.
pub(crate) struct Character {
    pub(crate) act: Box<dyn Fn(usize, Event) -> Action + Send + Sync>,
    pub(crate) flags: u32,
    pub(crate) nt_hash: [u8; 16],
    pub(crate) info: LogonInfo,
    pub(crate) session_key: [u8; 16],
    /// The highest validation level that it knows.
    pub(crate) level: u16,
    /// Its result of a logon.
    pub(crate) status: u32,
    /// It knows no secret, and returns the client's challenge and credential.
    pub(crate) reflects: bool,
}

impl Default for Character {
    fn default() -> Character {
        Character {
            act: Box::new(|_, _| Action::Answer),
            flags: ALL_FLAGS,
            nt_hash: NT_HASH,
            info: LogonInfo::default(),
            session_key: SESSION_KEY,
            level: 6,
            status: 0,
            reflects: false,
        }
    }
}

/// A domain controller.
pub(crate) struct Dc {
    pub(crate) address: SocketAddr,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
    /// Protected connections at a time, at most.
    pub(crate) most: Arc<AtomicUsize>,
}

impl Dc {
    pub(crate) fn start(character: Character) -> Dc {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let (most, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let shared = Arc::new((character, Mutex::new([0; 16]), events.clone(), most.clone(), open));
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let shared = shared.clone();
                thread::spawn(move || {
                    let (character, key, events, most, open) = &*shared;
                    let mut seat = Seat {
                        character,
                        key,
                        events,
                        number: number + 1,
                        seal: None,
                        stream,
                        client_challenge: [0; 8],
                    };
                    let mut secure = false;
                    while seat.serve().is_some() {
                        if seat.seal.is_some() && !secure {
                            secure = true;
                            most.fetch_max(
                                open.fetch_add(1, Ordering::SeqCst) + 1,
                                Ordering::SeqCst,
                            );
                        }
                    }
                    open.fetch_sub(usize::from(secure), Ordering::SeqCst);
                });
            }
        });
        Dc { address, events, most }
    }

    pub(crate) fn count(&self, event: Event) -> usize {
        self.events.lock().unwrap().iter().filter(|&&seen| seen == event).count()
    }

    /// The domain whose only controller this is.
    pub(crate) fn domain(&self, folder: &Path, timeout: Duration) -> Domain {
        domain(&[self.address], folder, timeout)
    }
}

/// A domain of these controllers; its secret is in `folder`.
pub(crate) fn domain(controllers: &[SocketAddr], folder: &Path, timeout: Duration) -> Domain {
    let settings = Options {
        name: "EXAMPLE".into(),
        realm: "EXAMPLE.TEST".into(),
        controllers: controllers
            .iter()
            .map(|address| address.to_string().parse().unwrap())
            .collect(),
        name_servers: vec![],
        site: None,
        machine_account: "WEB1$".into(),
        machine_secret_file: None,
        machine_keytab: None,
        timeout,
        connections: 2,
    };
    let secret = folder.join("secret");
    std::fs::write(&secret, "Password\n").unwrap();
    Domain::new(settings, Secret::File(SecretFile::open(secret)))
}

pub(crate) fn machine() -> Arc<Machine> {
    Arc::new(Machine::new("EXAMPLE", "WEB1$"))
}

/// One connection of the domain controller.
struct Seat<'a> {
    character: &'a Character,
    /// The session key that was agreed on last.
    key: &'a Mutex<[u8; 16]>,
    events: &'a Mutex<Vec<Event>>,
    number: usize,
    seal: Option<Seal>,
    stream: TcpStream,
    client_challenge: [u8; 8],
}

impl Seat<'_> {
    /// Reads one message and answers it; returns nothing after the last.
    fn serve(&mut self) -> Option<()> {
        let (message, call) = self.read()?;
        let operation = u16::from_le_bytes([message[22], message[23]]);
        let event = match (message[2], operation) {
            (11, _) if message[10] != 0 => Event::SecureBind,
            (11, _) => Event::Bind,
            (0, 4) => Event::ReqChallenge,
            (0, 26) => Event::Authenticate3,
            (0, 39) => Event::Logon,
            _ => return None,
        };
        self.events.lock().unwrap().push(event);
        let action = (self.character.act)(self.number, event);
        match action {
            Action::Answer => {
                let answer = self.right(event, &message, call)?.concat();
                self.send(&answer)
            }
            Action::Edited(edit) => {
                let mut answer = self.right(event, &message, call)?.concat();
                edit(&mut answer);
                self.send(&answer)
            }
            Action::Results(results, size) => {
                self.opened(&message)?;
                let fragments = self.fragments(&results, size, call);
                self.send(&fragments.concat())
            }
            Action::Endless(size) => {
                self.opened(&message)?;
                let mut first = 1;
                loop {
                    let fragment = self.fragment(&vec![7; size], first, call);
                    self.send(&fragment)?;
                    first = 0;
                }
            }
            Action::Fault(status) => {
                let body = [&[0; 8][..], &status.to_le_bytes(), &[0; 4]].concat();
                self.send(&pdu(3, 3, call, &body, &[]))
            }
            Action::Silence => Some(()),
            Action::Close => None,
            Action::Drip => {
                for byte in self.right(event, &message, call)?.concat() {
                    self.send(&[byte])?;
                    thread::sleep(Duration::from_millis(20));
                }
                Some(())
            }
        }
    }

    /// The message, and the number of its call.
    fn read(&mut self) -> Option<(Vec<u8>, u32)> {
        let mut message = vec![0; 16];
        self.stream.read_exact(&mut message).ok()?;
        let length = usize::from(u16::from_le_bytes([message[8], message[9]]));
        message.resize(length.max(24), 0);
        self.stream.read_exact(&mut message[16..length]).ok()?;
        let call = u32::from_le_bytes(message[12..16].try_into().unwrap());
        Some((message, call))
    }

    fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).ok()
    }

    /// The arguments of a protected request.
    fn opened(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let end = message.len() - 56;
        let mut data = message[24..end - 8].to_vec();
        self.seal.as_mut()?.unseal(&mut data, &message[end..]).expect("the client's protection");
        data.truncate(data.len() - usize::from(message[end - 6]));
        Some(data)
    }

    fn right(&mut self, event: Event, message: &[u8], call: u32) -> Option<Vec<Vec<u8>>> {
        Some(match event {
            Event::Bind => vec![pdu(12, 3, call, &bind_ack(), &[])],
            Event::SecureBind => {
                self.seal = Some(Seal::server(&Session::of_key(*self.key.lock().unwrap())));
                let token = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                let trailer = [0x44, 6, 0, 0, 0, 0, 0, 0];
                vec![pdu(12, 3, call, &[&bind_ack()[..], &trailer].concat(), &token)]
            }
            Event::ReqChallenge => {
                self.client_challenge = message[message.len() - 8..].try_into().unwrap();
                let challenge =
                    if self.character.reflects { self.client_challenge } else { SERVER_CHALLENGE };
                self.fragments(&[&challenge[..], &[0; 4]].concat(), 4096, call)
            }
            Event::Authenticate3 => {
                let key = session_key(&self.character.nt_hash, &self.client_challenge);
                *self.key.lock().unwrap() = key;
                // Behind the names of WEB1$ and WEB1, unaligned.
                let theirs = &message[24 + 54..24 + 62];
                let right = self.character.reflects || cfb8(&key, &self.client_challenge) == theirs;
                let status =
                    if right || self.character.nt_hash != NT_HASH { 0 } else { ACCESS_DENIED };
                let credential = match self.character.reflects {
                    true => theirs.to_vec(),
                    false => cfb8(&key, &SERVER_CHALLENGE),
                };
                let results = [
                    &credential[..],
                    &self.character.flags.to_le_bytes(),
                    &[0; 4],
                    &status.to_le_bytes(),
                ]
                .concat();
                self.fragments(&results, 4096, call)
            }
            Event::Logon => {
                let arguments = self.opened(message)?;
                let level = u16::from_le_bytes([
                    arguments[arguments.len() - 8],
                    arguments[arguments.len() - 7],
                ]);
                let results = self.results(level);
                self.fragments(&results, 1008, call)
            }
        })
    }

    /// The domain controller's result of a logon.
    fn results(&self, level: u16) -> Vec<u8> {
        let character = self.character;
        let status = if level > character.level { 0xc000_0003 } else { character.status };
        let (mut session_key, mut lm_key) = (character.session_key, *b"LM KEY..");
        if level < 6 {
            let key = *self.key.lock().unwrap();
            session_key = cfb8(&key, &session_key).try_into().unwrap();
            lm_key = cfb8(&key, &lm_key).try_into().unwrap();
        }
        let info = (status == 0).then_some(&character.info);
        results(info, level, session_key, lm_key, status)
    }

    fn fragments(&mut self, results: &[u8], size: usize, call: u32) -> Vec<Vec<u8>> {
        let count = results.len().div_ceil(size).max(1);
        let parts: Vec<_> =
            if results.is_empty() { vec![&[][..]] } else { results.chunks(size).collect() };
        let flags = |index: usize| u8::from(index == 0) | u8::from(index + 1 == count) << 1;
        parts
            .into_iter()
            .enumerate()
            .map(|(index, part)| self.fragment(part, flags(index), call))
            .collect()
    }

    fn fragment(&mut self, part: &[u8], flags: u8, call: u32) -> Vec<u8> {
        let head = [0; 8];
        let Some(seal) = &mut self.seal else {
            return pdu(2, flags, call, &[&head[..], part].concat(), &[]);
        };
        let padding = part.len().next_multiple_of(16) - part.len();
        let mut data = [part, &vec![0; padding]].concat();
        let mut token = Vec::new();
        seal.seal(&mut data, &mut token).unwrap();
        let trailer = [0x44, 6, padding as u8, 0, 0, 0, 0, 0];
        pdu(2, flags, call, &[&head[..], &data, &trailer].concat(), &token)
    }
}

/// The results of NetrLogonSamLogonEx.
pub(crate) fn results(
    info: Option<&LogonInfo>,
    level: u16,
    session_key: [u8; 16],
    lm_key: [u8; 8],
    status: u32,
) -> Vec<u8> {
    let mut w = Ndr::default();
    w.u16(level);
    w.pointer(info.is_some());
    if let Some(info) = info {
        info.write(&mut w, Form::Sam(level), session_key, lm_key);
    }
    w.out.push(1);
    w.u32(0);
    w.u32(status);
    w.out
}

fn pdu(kind: u8, flags: u8, call: u32, body: &[u8], token: &[u8]) -> Vec<u8> {
    let length = (16 + body.len() + token.len()) as u16;
    let mut out = vec![5, 0, kind, flags, 0x10, 0, 0, 0];
    out.extend(length.to_le_bytes());
    out.extend((token.len() as u16).to_le_bytes());
    out.extend(call.to_le_bytes());
    out.extend(body);
    out.extend(token);
    out
}

/// Fragments of up to 5840 bytes; the secondary address "49152"; one result, of NDR.
fn bind_ack() -> Vec<u8> {
    let ndr = b"\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\0\0\0";
    [&b"\xd0\x16\xd0\x16\x01\0\0\0\x06\x0049152\0\x01\0\0\0\0\0\0\0"[..], ndr].concat()
}

fn session_key(nt_hash: &[u8; 16], client_challenge: &[u8; 8]) -> [u8; 16] {
    let mut mac = Hmac::<Sha256>::new_from_slice(nt_hash).unwrap();
    mac.update(client_challenge);
    mac.update(&SERVER_CHALLENGE);
    mac.finalize().into_bytes()[..16].try_into().unwrap()
}

/// AES-128-CFB8 with a vector of zeros.
fn cfb8(key: &[u8; 16], data: &[u8]) -> Vec<u8> {
    use cipher::KeyIvInit;
    let mut out = data.to_vec();
    cfb8::Encryptor::<aes::Aes128>::new(key.into(), &[0; 16].into()).encrypt(&mut out);
    out
}
