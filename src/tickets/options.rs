//! What `[kerberos]` says of the client's side.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Where krb5.conf is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Krb5ConfPlace {
    /// Where `KRB5_CONFIG` or the system has it.
    #[default]
    System,
    /// None is read.
    Off,
    /// This file.
    At(PathBuf),
}

/// The services that the client's credentials are delegated to, if the caller asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DelegateTo {
    /// Those that the KDC marks (OK-AS-DELEGATE), as Windows does.
    #[default]
    OkAsDelegate,
    /// All, as MIT's library does.
    Any,
}

/// The options of `[kerberos]` for clients. They override krb5.conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where krb5.conf is.
    pub krb5_conf: Krb5ConfPlace,
    /// The name of the credential cache for clients without a password.
    pub ccache: Option<String>,
    /// The keytab of clients without a credential cache.
    pub client_keytab: Option<PathBuf>,
    /// KDCs by realm, as krb5.conf's `kdc` has them.
    pub kdcs: BTreeMap<String, Vec<String>>,
    /// How long a context waits for KDCs in all.
    pub kdc_timeout: Duration,
    /// To whom credentials are delegated.
    pub delegate_to: DelegateTo,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            krb5_conf: Krb5ConfPlace::default(),
            ccache: None,
            client_keytab: None,
            kdcs: BTreeMap::new(),
            kdc_timeout: Duration::from_secs(10),
            delegate_to: DelegateTo::default(),
        }
    }
}
