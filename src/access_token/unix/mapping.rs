//! Maps a client to its local account, by the methods in `[tokens] map`.

use super::trusted_names::Names;
use crate::access_token::Config;
use crate::access_token::Subject;
use crate::access_token::options::{LocalUser, Mapping, Options};
use crate::platform::accounts::{self, Account};
use crate::platform::process_credentials;
use crate::platform::wbclient::{self, WbcError};
use crate::types::error::{Error, Result};
use crate::types::sid::Sid;
use std::io;

/// A client's account on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAccount {
    /// Its name; empty if the configuration gives numbers.
    pub name: String,
    /// Its user number.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// All its groups including `gid`: sorted, each once.
    pub groups: Vec<u32>,
    /// How it was found: a name of [`Mapping`], or `anonymous`.
    pub found_by: &'static str,
}

/// The machine's accounts.
pub(crate) trait Directory {
    /// The account of that name.
    fn by_name(&self, name: &str) -> io::Result<Option<Account>>;
    /// The account of the domain's user with that SID, who is in these groups of domains.
    fn by_sid(&self, sid: &Sid, groups: &[Sid]) -> io::Result<Option<Account>>;
    /// The user that the process runs as.
    fn own_uid(&self) -> u32;
}

/// The accounts of the system's name services.
pub(crate) struct NameService;

impl Directory for NameService {
    fn by_name(&self, name: &str) -> io::Result<Option<Account>> {
        accounts::by_name(name)
    }

    fn by_sid(&self, sid: &Sid, groups: &[Sid]) -> io::Result<Option<Account>> {
        let Some(mut winbindd) = wbclient::Connection::open() else { return Ok(None) };
        let uid = match winbindd.uid_of(sid) {
            Ok(uid) => uid,
            Err(WbcError::Unknown) => return Ok(None),
            Err(WbcError::Unavailable) if !wbclient::is_configured() => return Ok(None),
            Err(error) => return Err(unanswered(error)),
        };
        let Some(mut account) = accounts::by_uid(uid)? else { return Ok(None) };
        // The name service leaves out what it cannot find out; a group that is missing may be one
        // that a file is closed to.
        account.groups.extend(winbindd.gids_of(groups).map_err(unanswered)?);
        Ok(Some(account))
    }

    fn own_uid(&self) -> u32 {
        process_credentials::real_uid()
    }
}

fn unanswered(error: WbcError) -> io::Error {
    io::Error::other(format!("winbind: {error:?}"))
}

/// Finds the client's local account.
///
/// The first method that finds one counts. One that fails ends the search, since the next might
/// find another user's.
pub(crate) fn find(
    subject: &Subject,
    config: &Config,
    directory: &impl Directory,
) -> Result<LocalAccount> {
    let search = Search { tokens: &config.options, directory };
    if subject.principal.anonymous {
        let anonymous = config.options.anonymous.as_ref();
        return search.configured(
            anonymous.ok_or(Error::NoImpersonation("the client is anonymous"))?,
            "anonymous",
        );
    }
    let names = Names::of(subject, config);
    for &mapping in &config.options.map {
        let found = match mapping {
            Mapping::Table => match search.in_table(&names) {
                Some(user) => return search.configured(user, mapping.name()),
                None => None,
            },
            Mapping::Sid => {
                let groups: Vec<Sid> = subject.group_sids().filter(Sid::is_of_domain).collect();
                search.checked(supplied_sid(subject).map(|sid| directory.by_sid(&sid, &groups)))?
            }
            Mapping::DomainName => {
                search.checked(search.domain_name(&names).map(|name| directory.by_name(&name)))?
            }
            Mapping::Name => {
                let name = names.local.filter(|name| search.plain(name));
                search.checked(name.map(|name| directory.by_name(name)))?
            }
        };
        if let Some(account) = found {
            bounds(&account, &config.options, directory.own_uid())?;
            return Ok(local(account, mapping.name()));
        }
    }
    Err(Error::NoImpersonation("the client has no account here"))
}

/// `nobody`: who owns what cannot be told, as files of NFS.
const NOBODYS: [u32; 1] = [65534];
/// The users that systemd makes for services while they run (DynamicUser=).
const DYNAMIC: std::ops::RangeInclusive<u32> = 61184..=65519;

/// Rejects accounts that no client gets by a name or a SID, since others choose those: root's, the
/// system's own and the server's.
fn bounds(account: &Account, options: &Options, own_uid: u32) -> Result<()> {
    let why = match account.uid {
        0 if options.allow_root => return Ok(()),
        0 => "the client's account is root's ([tokens] allow_root)",
        uid if uid == own_uid => "the client's account is the server's own",
        uid if NOBODYS.contains(&uid) || DYNAMIC.contains(&uid) => {
            "the client's account is a system's user, nobody or a service's"
        }
        uid if uid < options.min_uid => {
            "the client's account is a system's user ([tokens] min_uid)"
        }
        _ if account.gid < options.min_gid => {
            "the group of the client's account is a system's ([tokens] min_gid)"
        }
        _ => return Ok(()),
    };
    Err(Error::NoImpersonation(why))
}

struct Search<'a, D> {
    tokens: &'a Options,
    directory: &'a D,
}

impl<D: Directory> Search<'_, D> {
    /// The client's entry in the table: under its principal, else under `DOMAIN\user`, else under
    /// its user name.
    fn in_table(&self, names: &Names<'_>) -> Option<&LocalUser> {
        let of_domain = names.of_domain.filter(|(domain, user)| {
            !domain.is_empty() && !domain.contains('\\') && !user.contains('\\')
        });
        let native = || {
            let exact = names.native.and_then(|name| self.tokens.user(name));
            let directory = names.native.filter(|_| names.of_directory);
            exact.or_else(|| self.tokens.user_of_directory(directory?))
        };
        // An account called `alice@REALM` is not the Kerberos client of that name.
        let local = names.local.filter(|user| !user.contains(['\\', '@']));
        native()
            .or_else(|| {
                of_domain.and_then(|(domain, user)| self.tokens.user(&format!("{domain}\\{user}")))
            })
            .or_else(|| local.and_then(|user| self.tokens.user(user)))
    }

    /// The account that the configuration names; it must exist.
    fn configured(&self, user: &LocalUser, found_by: &'static str) -> Result<LocalAccount> {
        match user {
            LocalUser::Account(name) => match self.checked(Some(self.directory.by_name(name)))? {
                Some(account) => Ok(local(account, found_by)),
                None => Err(Error::NoImpersonation(
                    "the configuration names an account that is not here",
                )),
            },
            LocalUser::Numbers { uid, gid, groups } => {
                let groups = set(groups.iter().copied(), *gid);
                Ok(LocalAccount { name: String::new(), uid: *uid, gid: *gid, groups, found_by })
            }
        }
    }

    fn checked(&self, answer: Option<io::Result<Option<Account>>>) -> Result<Option<Account>> {
        let account = answer.unwrap_or(Ok(None)).map_err(|error| {
            tracing::error!(%error, "the name service does not answer");
            Error::NoImpersonation("the name service does not answer")
        })?;
        // "No change" to the system.
        let nobody = |account: &Account| {
            account.uid == u32::MAX || account.gid == u32::MAX || account.groups.contains(&u32::MAX)
        };
        match account.as_ref().is_some_and(nobody) {
            true => Err(Error::NoImpersonation("an account with a number that is no user's")),
            false => Ok(account),
        }
    }

    /// `DOMAIN\user`, if that is unambiguous.
    fn domain_name(&self, names: &Names<'_>) -> Option<String> {
        let (domain, user) = names.of_domain?;
        (self.plain(domain) && self.plain(user))
            .then(|| format!("{domain}{}{user}", self.tokens.winbind_separator))
    }

    /// A name without any separator of any name service.
    fn plain(&self, name: &str) -> bool {
        let divides = |c: char| {
            c.is_control() || ['\\', '/', '@', ':', self.tokens.winbind_separator].contains(&c)
        };
        !name.is_empty() && !name.contains(divides)
    }
}

/// The client's SID if a domain supplied it; a derived one means nothing to winbind.
fn supplied_sid(subject: &Subject) -> Option<Sid> {
    let sids = subject.sids.as_ref()?;
    sids.origin.is_domains().then_some(sids.user)
}

fn local(account: Account, found_by: &'static str) -> LocalAccount {
    let Account { name, uid, gid, groups } = account;
    LocalAccount { name, uid, gid, groups: set(groups.into_iter(), gid), found_by }
}

/// Groups sorted, each once, including `gid`.
pub(crate) fn set(groups: impl Iterator<Item = u32>, gid: u32) -> Vec<u32> {
    let mut groups: Vec<u32> = groups.chain([gid]).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}
