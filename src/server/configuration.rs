//! The settings in force, with what they name opened.

use super::realms::ClientRealms;
use crate::access_token;
use crate::authority::throttle::Throttle;
use crate::authority::{AuditFile, LocalAccounts};
use crate::config::Settings;
use crate::domain::Domain;
use crate::domain::machine_secret::{Secret, SecretFile};
use crate::export::ExportKey;
use crate::export::KeyFile;
use crate::kerberos::{Delegation, KeySource, Tgt};
use crate::runtime::watched_file::NO_MEMORY;
use crate::stores::accounts::details::{AccountDetails, DetailsFile};
use crate::stores::accounts::file::AccountFile;
use crate::stores::kerberos_files::KeyFiles;
use crate::stores::keytab_file::KeytabFile;
use crate::stores::machine_sid::MachineSid;
use crate::stores::replay_cache::ReplayCache;
use crate::stores::tgt_file::TgtFile;
use crate::tickets;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use crate::winbind::Winbind;
use once_cell::race::OnceBox;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The settings in force, with the files that they name opened and the authorities that they
/// describe. Immutable; replaced as a whole.
#[derive(Debug)]
pub struct Configuration {
    /// The settings.
    pub settings: Settings,
    /// The accounts of this machine.
    pub accounts: LocalAccounts,
    /// What is known of them besides their passwords.
    pub details: Arc<AccountDetails>,
    /// What clients' access tokens are made with.
    pub tokens: Arc<access_token::Config>,
    /// The throttle on password guessing.
    pub throttle: Arc<Throttle>,
    /// `[ntlm] audit_file`.
    pub audit_file: Option<Arc<AuditFile>>,
    /// `[domain]`.
    pub domain: Option<Arc<Domain>>,
    /// `[winbind]`.
    pub winbind: Option<Arc<Winbind>>,
    /// The files of `[kerberos]`.
    pub keys: Arc<KeyFiles>,
    /// The replay cache.
    pub replay: Arc<ReplayCache>,
    /// The key of exported contexts.
    pub export_key: ExportKey,
    /// Realms and their KDCs, read when the first client needs them.
    realms: OnceBox<ClientRealms>,
}

impl Configuration {
    /// Opens what the settings name. What is as it was in the `previous` configuration is kept
    /// open, with its connections.
    pub fn open(settings: Settings, previous: Option<&Configuration>) -> Configuration {
        let own = settings.own_accounts();
        let machine_sid = match settings.accounts.sid {
            Some(sid) => MachineSid::given(sid),
            None => MachineSid::kept_in(settings.accounts.sid_file.clone()),
        };
        let machine_sid =
            unchanged(machine_sid, previous.map(|previous| &previous.tokens.machine_sid));
        let open_details = previous
            .filter(|previous| Arc::ptr_eq(&previous.tokens.machine_sid, &machine_sid))
            .and_then(|previous| previous.details.file.as_ref());
        let details = AccountDetails {
            file: kept(
                settings.accounts.details.as_deref(),
                open_details,
                DetailsFile::path,
                |path| DetailsFile::open(path, machine_sid.clone()),
            ),
            own: own.clone(),
        };
        let accounts = LocalAccounts {
            file: kept(
                settings.accounts.file.as_deref(),
                previous.and_then(|previous| previous.accounts.file.as_ref()),
                AccountFile::path,
                AccountFile::open,
            ),
            details: details.file.clone(),
            domain: settings.accounts.domain.clone(),
            strict_domain: settings.accounts.strict_domain,
            names: settings.server.clone(),
        };
        let domain = settings.domain.as_ref().map(|options| {
            let secret = match &options.machine_secret_file {
                Some(file) => Secret::File(SecretFile::open(file.clone())),
                None => Secret::Keytab(KeytabFile::open(
                    options.machine_keytab.clone().unwrap_or_default(),
                )),
            };
            let made = Domain::new(options.clone(), secret);
            unchanged(made, previous.and_then(|previous| previous.domain.as_ref()))
        });
        let winbind = settings.winbind.as_ref().map(|options| {
            let made = Winbind::new(options.clone());
            unchanged(made, previous.and_then(|previous| previous.winbind.as_ref()))
        });
        let key_file = |path: &Option<PathBuf>, open: Option<&Arc<KeyFile>>| {
            kept(path.as_deref(), open, KeyFile::path, KeyFile::open)
        };
        let open = previous.map(|previous| &previous.export_key);
        let export = &settings.export;
        let export_key = ExportKey {
            file: key_file(&export.key_file, open.and_then(|open| open.file.as_ref())),
            previous: key_file(
                &export.previous_key_file,
                open.and_then(|open| open.previous.as_ref()),
            ),
            audience: export
                .audience
                .clone()
                .unwrap_or_else(|| settings.server.nb_computer.to_uppercase()),
        };
        let tokens = access_token::Config { options: settings.tokens.clone(), own, machine_sid };
        let throttle = kept(
            settings.authorities.throttle_file.as_deref(),
            previous.map(|previous| &previous.throttle),
            Throttle::path,
            Throttle::open,
        );
        let audit_file = kept(
            settings.authorities.audit_file.as_deref(),
            previous.and_then(|previous| previous.audit_file.as_ref()),
            AuditFile::path,
            AuditFile::open,
        );
        Configuration {
            audit_file,
            throttle: throttle.unwrap_or_else(|| Throttle::of_process().clone()),
            accounts,
            details: Arc::new(details),
            tokens: Arc::new(tokens),
            domain,
            winbind,
            keys: Arc::new(key_files(&settings, previous.map(|previous| &*previous.keys))),
            replay: Arc::new(ReplayCache::new(&settings.kerberos_files)),
            export_key,
            realms: OnceBox::new(),
            settings,
        }
    }

    /// What is configured for Kerberos clients.
    pub fn client_environment(&self) -> Arc<tickets::Environment> {
        match self.realms.get_or_try_init(|| ClientRealms::open(&self.settings).map(Box::new)) {
            Ok(realms) => realms.current(&self.settings),
            Err(error) => {
                tracing::warn!(%error, "krb5.conf is not read by a thread that impersonates a client");
                ClientRealms::without_file().current(&self.settings)
            }
        }
    }

    /// The server's own ticket-granting ticket, if it is valid and constrained delegation is
    /// permitted.
    pub fn tgt_for_delegation(&self, now: FileTime) -> Option<Arc<Tgt>> {
        let permitted = self.settings.kerberos.delegation == Delegation::Constrained;
        permitted.then(|| self.keys.tgt()).flatten().filter(|tgt| tgt.is_valid(now))
    }

    /// Fails while the configuration that was written is not in force.
    pub fn usable(&self) -> Result<()> {
        match self.settings.defect {
            None => Ok(()),
            Some(ref defect) if defect == NO_MEMORY => Err(Error::OutOfMemory),
            Some(_) => Err(Error::NoAuthority(
                "the configuration file could not be read when the process started",
            )),
        }
    }
}

fn key_files(settings: &Settings, previous: Option<&KeyFiles>) -> KeyFiles {
    let files = &settings.kerberos_files;
    let keytab = |path: &Option<PathBuf>, open: Option<&Arc<KeytabFile>>| {
        kept(path.as_deref(), open, KeytabFile::path, KeytabFile::open)
    };
    KeyFiles {
        keytab: keytab(&files.keytab, previous.and_then(|files| files.keytab.as_ref())),
        krbtgt_keytab: keytab(
            &files.krbtgt_keytab,
            previous.and_then(|files| files.krbtgt_keytab.as_ref()),
        ),
        tgt_ccache: kept(
            files.tgt_ccache.as_deref(),
            previous.and_then(|files| files.tgt_ccache.as_ref()),
            TgtFile::path,
            TgtFile::open,
        ),
    }
}

/// The file at `path`: the one that is `open`, if it is that.
fn kept<T>(
    path: Option<&Path>,
    open: Option<&Arc<T>>,
    path_of: fn(&T) -> Option<&Path>,
    make: impl FnOnce(PathBuf) -> T,
) -> Option<Arc<T>> {
    let path = path?;
    Some(match open {
        Some(open) if path_of(open) == Some(path) => open.clone(),
        _ => Arc::new(make(path.to_owned())),
    })
}

/// What was made, or what is `open` if that is the same.
fn unchanged<T: PartialEq>(made: T, open: Option<&Arc<T>>) -> Arc<T> {
    match open {
        Some(open) if **open == made => open.clone(),
        _ => Arc::new(made),
    }
}
