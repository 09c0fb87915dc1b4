//! Everything configurable, as values.

use crate::mechanism::Mechanism;
use crate::stores::kerberos_files::{KerberosFiles, RestartFile};
use crate::stores::own_accounts::OwnAccounts;
use crate::tickets::Krb5ConfPlace;
use crate::types::sid::Sid;
use crate::{access_token, authority, domain, export, kerberos, ntlm, tickets, winbind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A consistent snapshot of everything configurable. Immutable; replaced as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `[server]`: who this server is. Each name has a default from the host's own.
    pub server: ntlm::ServerNames,
    /// `[negotiate]`.
    pub negotiate: Negotiate,
    /// `[kerberos]`.
    pub kerberos: kerberos::Policy,
    /// The files of `[kerberos]`, and the realm of service passwords.
    pub kerberos_files: KerberosFiles,
    /// What `[kerberos]` says of clients.
    pub tickets: tickets::Options,
    /// `[ntlm]`.
    pub ntlm: ntlm::Policy,
    /// `[outbound]`.
    pub outbound: Outbound,
    /// `[limits]`.
    pub limits: Limits,
    /// `[accounts]`.
    pub accounts: Accounts,
    /// `[authorities]`, and the lists and the audit file of `[ntlm]`.
    pub authorities: authority::Options,
    /// `[domain]`, if there is one.
    pub domain: Option<domain::Options>,
    /// `[winbind]`, if there is one.
    pub winbind: Option<winbind::Options>,
    /// `[tokens]`.
    pub tokens: access_token::Options,
    /// `[export]`.
    pub export: export::Options,
    /// Why the configuration that was written is not in force: its file could not be read or
    /// understood when the process started. All clients are rejected then, because what was written
    /// may be stricter than the defaults.
    pub defect: Option<String>,
    /// The server is a member of the domain `server.dns_domain`: by `[server] member`, or because
    /// there is `[domain]` or `[winbind]`. The domain of its own accounts is none of which it is a
    /// member.
    pub is_member: bool,
}

impl Settings {
    /// The names of the machine's own accounts.
    pub fn own_accounts(&self) -> OwnAccounts {
        OwnAccounts {
            domain: self.accounts.domain.clone(),
            computer: self.server.nb_computer.clone(),
        }
    }

    /// The domains that the server belongs to.
    pub fn own_domains(&self) -> kerberos::OwnDomains {
        let server = &self.server;
        let dns_domain = Some(&server.dns_domain).filter(|name| self.is_member && !name.is_empty());
        let domain = self.domain.as_ref();
        let names = [&server.nb_computer, &server.nb_domain].into_iter();
        kerberos::OwnDomains {
            realms: domain
                .map(|domain| &domain.realm)
                .into_iter()
                .chain(dns_domain)
                .cloned()
                .collect(),
            names: names
                .chain(&self.accounts.domain)
                .chain(domain.map(|domain| &domain.name))
                .filter(|name| !name.is_empty())
                .cloned()
                .collect(),
        }
    }

    /// Every path in the settings, taken from `folder` if it is relative. An empty path names no
    /// file.
    pub(crate) fn resolve_paths(&mut self, folder: Option<&Path>) {
        let resolve = |path: &mut Option<PathBuf>| {
            let written = path.take().filter(|path| !path.as_os_str().is_empty());
            *path = written.map(|path| match folder {
                Some(folder) => folder.join(path),
                None => path,
            });
        };
        let KerberosFiles { keytab, krbtgt_keytab, tgt_ccache, replay_cache_file, .. } =
            &mut self.kerberos_files;
        [keytab, krbtgt_keytab, tgt_ccache, replay_cache_file].into_iter().for_each(resolve);
        if let (RestartFile::At(path), Some(folder)) =
            (&mut self.kerberos_files.replay_restart_file, folder)
        {
            *path = folder.join(&path);
        }
        resolve(&mut self.tickets.client_keytab);
        if let (Krb5ConfPlace::At(path), Some(folder)) = (&mut self.tickets.krb5_conf, folder) {
            *path = folder.join(&path);
        }
        let Accounts { file, details, sid_file, .. } = &mut self.accounts;
        [file, details, sid_file].into_iter().for_each(resolve);
        let export = &mut self.export;
        [&mut export.key_file, &mut export.previous_key_file, &mut export.once_file]
            .into_iter()
            .chain([&mut self.authorities.audit_file])
            .for_each(resolve);
        if let Some(domain) = &mut self.domain {
            [&mut domain.machine_secret_file, &mut domain.machine_keytab]
                .into_iter()
                .for_each(resolve);
        }
    }
}

/// `[negotiate]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Negotiate {
    /// Mechanisms that may be negotiated at all, preferred first.
    pub mechanisms: Vec<Mechanism>,
    /// Mechanisms with which this side initiates, preferred first; `None`: all of `mechanisms`.
    pub initiate: Option<Vec<Mechanism>>,
    /// How long an established context lives; `None`: without end.
    pub context_lifetime: Option<Duration>,
    /// Answer SEC_I_COMPLETE_NEEDED / SEC_I_COMPLETE_AND_CONTINUE and finish the token in
    /// CompleteAuthToken, as packages such as Digest do, so that a server's path for them can be
    /// exercised.
    pub complete_auth_token: bool,
}

/// `[outbound]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outbound {
    /// Who makes credentials for outbound use.
    pub provider: OutboundProvider,
}

/// Who makes credentials for outbound use. Without an SSPI of the operating system's, always this
/// library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutboundProvider {
    /// This library if the caller gives an identity; else the operating system's SSPI, which knows
    /// the user who runs the process.
    #[default]
    Auto,
    /// The operating system's SSPI.
    System,
    /// This library.
    Negossp,
}

/// `[limits]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Contexts that may exist at a time.
    pub contexts: u32,
    /// Credentials that may exist at a time.
    pub credentials: u32,
    /// Longest token accepted, in bytes (`cbMaxToken` is this).
    pub max_token: u32,
    /// Contexts that may wait for a client's next token at a time; the oldest are ended.
    pub half_open: u32,
    /// The memory of these, in bytes.
    pub half_open_bytes: u32,
    /// How long each may take from its first token to the last.
    pub half_open_age: Duration,
}

/// `[accounts]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accounts {
    /// The smbpasswd(5) file.
    pub file: Option<PathBuf>,
    /// The domain that the file's accounts belong to. CHALLENGE_MESSAGE names it too unless
    /// `[server]` says otherwise.
    pub domain: Option<String>,
    /// Reject a client that names another domain than the accounts', the machine's own or none.
    /// Windows outside a domain tries the account of that name whatever the domain, as does this
    /// library by default.
    pub strict_domain: bool,
    /// The file of what is known of the accounts besides their passwords.
    pub details: Option<PathBuf>,
    /// The SID under which those of the machine's own accounts lie.
    pub sid: Option<Sid>,
    /// The file with that SID, made when it is first needed.
    pub sid_file: Option<PathBuf>,
}
