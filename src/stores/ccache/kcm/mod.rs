//! Caches of a credential cache manager, sssd's or Heimdal's, asked over its socket.

pub mod protocol;

use super::Ccache;
use super::contents::{Contents, LARGEST};
use super::error::{CcacheError, Problem, Result};
use super::name::Name;
use crate::kerberos::Principal;
use crate::kerberos::ccache::{self, Credential, KdcOffset};
use crate::platform::local_socket::LocalSocket;
use protocol::{Code, Failure, LONGEST, Operation, Request};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The manager's socket, unless krb5.conf names another one (`kcm_socket`).
const SOCKET: &str = "/var/run/.heim_org.h5l.kcm-socket";
/// The most caches or credentials that are asked for one by one.
const MOST: usize = 10_000;

/// The manager.
#[derive(Debug, Clone)]
pub(super) struct Manager {
    socket: PathBuf,
    patience: Duration,
}

impl Manager {
    pub(super) fn new(socket: Option<&Path>, patience: Duration) -> Manager {
        Manager { socket: socket.unwrap_or(Path::new(SOCKET)).to_owned(), patience }
    }

    fn connect(&self) -> Result<Connection> {
        // krb5.conf's name for none.
        if self.socket == Path::new("-") {
            return Err(CcacheError::new(Problem::Unsupported, "KCM: kcm_socket is none"));
        }
        let error = |error: io::Error| {
            let why = format!("KCM: no credential cache manager at {}", self.socket.display());
            CcacheError::io(why, &error)
        };
        let deadline = Instant::now() + self.patience;
        Ok(Connection { socket: LocalSocket::connect(&self.socket, deadline).map_err(error)? })
    }

    /// The cache of this name; without one, the default one.
    pub(super) fn open(&self, name: &str) -> Result<KcmCache> {
        let name = match name {
            "" => {
                let request = Request::new(Operation::GetDefaultCache);
                self.connect()?.ask(&request)?.name()?
            }
            name => name.to_owned(),
        };
        Ok(KcmCache { manager: self.clone(), name })
    }

    /// The user's caches, the default one first.
    pub(super) fn caches(&self) -> Result<Vec<KcmCache>> {
        let mut connection = self.connect()?;
        let default = connection.ask(&Request::new(Operation::GetDefaultCache));
        let default = default.and_then(|reply| reply.name()).unwrap_or_default();
        let list = match connection.try_ask(&Request::new(Operation::GetCacheUuidList))? {
            Err(code) if code.is_missing() => return Ok(Vec::new()),
            list => list.map_err(refused)?,
        };
        let mut names = Vec::new();
        for uuid in list.uuids()? {
            let request = Request::new(Operation::GetCacheByUuid).bytes(&uuid);
            match connection.try_ask(&request)? {
                // It is gone meanwhile.
                Err(code) if code.is_missing() => {}
                reply => names.push(reply.map_err(refused)?.name()?),
            }
        }
        names.sort_by_key(|name| *name != default);
        Ok(names.into_iter().map(|name| KcmCache { manager: self.clone(), name }).collect())
    }

    /// A cache of a new name.
    pub(super) fn generate(&self) -> Result<KcmCache> {
        let name = self.connect()?.ask(&Request::new(Operation::GenNew))?.name()?;
        Ok(KcmCache { manager: self.clone(), name })
    }

    /// Makes a cache the default one.
    pub(super) fn set_default(&self, name: &str) -> Result<()> {
        let request = Request::new(Operation::SetDefaultCache).name(name);
        self.connect()?.ask(&request).map(drop)
    }
}

fn refused(Code(code): Code) -> CcacheError {
    let problem = match Code(code) {
        code if code.is_missing() => Problem::Missing,
        code if code.is_unknown_operation() => Problem::Unsupported,
        _ => Problem::Unusable,
    };
    CcacheError::new(problem, format!("KCM: the manager refuses with code {code}"))
}

fn malformed() -> CcacheError {
    CcacheError::malformed("KCM: a malformed reply")
}

/// A connection for one task, with the deadline for all of that.
struct Connection {
    socket: LocalSocket,
}

/// The results of a reply.
struct Reply(Zeroizing<Vec<u8>>);

impl Reply {
    fn results(&self) -> &[u8] {
        protocol::results(&self.0).unwrap_or_default()
    }

    fn name(&self) -> Result<String> {
        protocol::name(self.results()).map(str::to_owned).ok_or_else(malformed)
    }

    fn uuids(&self) -> Result<Vec<protocol::Uuid>> {
        let uuids = protocol::uuids(self.results()).filter(|uuids| uuids.len() <= MOST);
        uuids.map(<[_]>::to_vec).ok_or_else(malformed)
    }
}

impl Connection {
    /// The reply to a request. The inner error is the manager's.
    fn try_ask(&mut self, request: &Request) -> Result<std::result::Result<Reply, Code>> {
        let error = |error: io::Error| CcacheError::io("KCM", &error);
        let message = request.message();
        let length = u32::try_from(message.len()).map_err(|_| malformed())?;
        self.socket.send(&length.to_be_bytes()).map_err(error)?;
        self.socket.send(message).map_err(error)?;
        let [mut length, mut code] = [[0; 4]; 2];
        self.socket.receive(&mut length).map_err(error)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > LONGEST {
            return Err(malformed());
        }
        // The transport's, before the operation's own.
        self.socket.receive(&mut code).map_err(error)?;
        let code = i32::from_be_bytes(code);
        let mut reply = Zeroizing::new(Vec::new());
        reply
            .try_reserve_exact(length)
            .map_err(|_| CcacheError::new(Problem::Unusable, "KCM: no memory for the reply"))?;
        reply.resize(length, 0);
        self.socket.receive(&mut reply).map_err(error)?;
        if code != 0 {
            return Ok(Err(Code(code)));
        }
        match protocol::results(&reply) {
            Ok(_) => Ok(Ok(Reply(reply))),
            Err(Failure::Code(code)) => Ok(Err(code)),
            Err(Failure::Malformed) => Err(malformed()),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Reply> {
        self.try_ask(request)?.map_err(refused)
    }
}

/// A cache.
#[derive(Debug)]
pub(super) struct KcmCache {
    manager: Manager,
    name: String,
}

impl KcmCache {
    fn request(&self, operation: Operation) -> Request {
        Request::new(operation).name(&self.name)
    }

    fn missing(&self) -> CcacheError {
        CcacheError::new(Problem::Missing, format!("{}: no such cache", self.name()))
    }

    fn format(&self, error: crate::types::error::Error) -> CcacheError {
        CcacheError::format(self.name(), error)
    }

    fn principal_by(&self, connection: &mut Connection) -> Result<Principal> {
        match connection.try_ask(&self.request(Operation::GetPrincipal))? {
            Err(code) if code.is_missing() => Err(self.missing()),
            reply => match reply.map_err(refused)?.results() {
                // Heimdal's answer for a cache that is not there.
                [] => Err(self.missing()),
                principal => ccache::decode_principal(principal).map_err(|e| self.format(e)),
            },
        }
    }

    fn contents_by(&self, connection: &mut Connection) -> Result<Contents> {
        let mut contents = Contents::new(self.principal_by(connection)?);
        if let Ok(reply) = connection.try_ask(&self.request(Operation::GetKdcOffset))? {
            let seconds = protocol::number(reply.results()).filter(|seconds| *seconds != 0);
            contents.kdc_offset = seconds.map(|seconds| KdcOffset { seconds, microseconds: 0 });
        }
        match connection.try_ask(&self.request(Operation::GetCredList))? {
            Ok(reply) => {
                let list = protocol::credentials(reply.results()).ok_or_else(malformed)?;
                for entry in list {
                    contents.push(&Credential::decode(entry).map_err(|e| self.format(e))?);
                }
                return Ok(contents);
            }
            Err(code) if code.is_unknown_operation() => {}
            Err(code) => return Err(refused(code)),
        }
        let mut length = 0usize;
        for uuid in connection.ask(&self.request(Operation::GetCredUuidList))?.uuids()? {
            let request = self.request(Operation::GetCredByUuid).bytes(&uuid);
            match connection.try_ask(&request)? {
                // It is gone meanwhile.
                Err(code) if code.is_missing() => {}
                reply => {
                    let reply = reply.map_err(refused)?;
                    length = length.saturating_add(reply.results().len());
                    if length > LARGEST {
                        return Err(malformed());
                    }
                    let entry = Credential::decode(reply.results()).map_err(|e| self.format(e))?;
                    contents.push(&entry);
                }
            }
        }
        Ok(contents)
    }

    fn replace_by(&self, connection: &mut Connection, contents: &Contents) -> Result<()> {
        let principal =
            ccache::encode_principal(&contents.principal).map_err(|e| self.format(e))?;
        let offset = contents.kdc_offset.map_or(0, |offset| offset.seconds).cast_unsigned();
        let entries = contents.entries();
        let entries =
            entries.iter().map(Credential::encode).collect::<std::result::Result<Vec<_>, _>>();
        let entries = entries.map_err(|e| self.format(e))?;
        let mut at_once = self.request(Operation::Replace).number(offset).bytes(&principal);
        at_once = at_once.number(u32::try_from(entries.len()).map_err(|_| malformed())?);
        for entry in &entries {
            at_once = at_once.number(u32::try_from(entry.len()).map_err(|_| malformed())?);
            at_once = at_once.bytes(entry);
        }
        match connection.try_ask(&at_once)? {
            Err(code) if code.is_unknown_operation() => {}
            reply => return reply.map(drop).map_err(refused),
        }
        connection.ask(&self.request(Operation::Initialize).bytes(&principal))?;
        if offset != 0 {
            // sssd's has none.
            let _ = connection.try_ask(&self.request(Operation::SetKdcOffset).number(offset))?;
        }
        for entry in &entries {
            connection.ask(&self.request(Operation::Store).bytes(entry))?;
        }
        Ok(())
    }
}

impl Ccache for KcmCache {
    fn name(&self) -> Name {
        Name::Kcm(self.name.clone())
    }

    fn read(&self) -> Result<Contents> {
        self.contents_by(&mut self.manager.connect()?)
    }

    fn principal(&self) -> Result<Principal> {
        self.principal_by(&mut self.manager.connect()?)
    }

    fn replace(&self, contents: &Contents) -> Result<()> {
        self.replace_by(&mut self.manager.connect()?, contents)
    }

    fn append(&self, entry: &Credential<'_>) -> Result<()> {
        let entry = entry.encode().map_err(|error| self.format(error))?;
        let request = self.request(Operation::Store).bytes(&entry);
        self.manager.connect()?.ask(&request).map(drop)
    }

    fn remove(&self, server: &Principal) -> Result<()> {
        let mut connection = self.manager.connect()?;
        let owner = self.principal_by(&mut connection)?;
        let tag = ccache::encode_tag(&owner, server).map_err(|error| self.format(error))?;
        // Without flags client and service are compared.
        let request = self.request(Operation::RemoveCred).number(0).bytes(&tag);
        match connection.try_ask(&request)? {
            Err(code) if code.is_unknown_operation() => {}
            Err(code) if code.is_missing() => return Ok(()),
            reply => return reply.map(drop).map_err(refused),
        }
        // sssd's, which cannot remove one.
        let mut contents = self.contents_by(&mut connection)?;
        contents.retain_others(server);
        self.replace_by(&mut connection, &contents)
    }

    fn destroy(&self) -> Result<()> {
        self.manager.connect()?.ask(&self.request(Operation::Destroy)).map(drop)
    }
}
