//! Credential caches in the FILE format of MIT's documentation ("Credential cache file format"):
//! versions 3 and 4 are read, 4 is written. Used for delegated credentials, for the service's own
//! ticket-granting ticket, and for the system's credential caches, whose other kinds have the same
//! form for a single principal and a single credential.

mod header;
mod read;
mod single;
mod write;

pub use header::KdcOffset;
pub use single::{ConfigurationKey, decode_principal, encode_principal, encode_tag, removals};

use super::message::{
    EncKrbCredPart, EncryptionKey, HostAddress, KrbCred, KrbCredInfo, Ticket, TicketFlags,
};
use super::principal::Principal;
use crate::types::error::{Error, Result};
use write::Writer;
use zeroize::Zeroizing;

const CUT_OFF: Error = Error::UnknownCredentials("the credential cache ends too early");
const MALFORMED: Error = Error::UnknownCredentials("the credential cache is malformed");

/// The realm of entries that are not tickets but MIT's configuration data.
const CONFIGURATION_REALM: &[u8] = b"X-CACHECONF:";
/// The first component of their names.
const CONFIGURATION_NAME: &[u8] = b"krb5_ccache_conf_data";

/// A ticket, and the data needed to use it. Times are seconds since 1970, 0 for none.
#[derive(Debug, Clone)]
pub struct Credential<'a> {
    /// The client.
    pub client: Principal,
    /// The service.
    pub server: Principal,
    /// The session key.
    pub key: EncryptionKey<'a>,
    /// `authtime`
    pub authtime: u32,
    /// `starttime`
    pub starttime: u32,
    /// `endtime`
    pub endtime: u32,
    /// `renew-till`
    pub renew_till: u32,
    /// Whether the ticket is encrypted with a session key: that of [`Credential::second_ticket`].
    pub is_skey: bool,
    /// The ticket's flags.
    pub ticket_flags: TicketFlags,
    /// `caddr`
    pub addresses: Vec<HostAddress<'a>>,
    /// Authorization data: types and contents.
    pub authdata: Vec<(i32, &'a [u8])>,
    /// The ticket, for [`Ticket::decode`].
    pub ticket: &'a [u8],
    /// The other ticket of a user-to-user exchange; empty if there is none.
    pub second_ticket: &'a [u8],
}

impl<'a> Credential<'a> {
    /// The credential for a ticket of a KRB-CRED, with its KrbCredInfo.
    ///
    /// Errors: `InvalidToken` if the ticket is malformed or its client is missing.
    pub fn from_krb_cred(ticket: &'a [u8], info: &KrbCredInfo<'a>) -> Result<Credential<'a>> {
        let (Some(pname), Some(prealm)) = (&info.pname, info.prealm) else {
            return Err(Error::InvalidToken("KRB-CRED: the client of the ticket is missing"));
        };
        let read = Ticket::decode(ticket)?;
        let server = match (&info.sname, info.srealm) {
            (Some(sname), Some(srealm)) => Principal::from_name(sname, srealm),
            _ => Principal::from_name(&read.sname.inside_krb_cred(), read.realm.inside_krb_cred()),
        };
        Ok(Credential {
            client: Principal::from_name(pname, prealm),
            server,
            key: info.key,
            authtime: time(info.authtime),
            starttime: time(info.starttime),
            endtime: time(info.endtime),
            renew_till: time(info.renew_till),
            is_skey: false,
            ticket_flags: info.flags.unwrap_or_default(),
            addresses: info.caddr.iter().flat_map(|caddr| caddr.iter()).collect(),
            authdata: Vec::new(),
            ticket,
            second_ticket: &[],
        })
    }

    /// Configuration data of MIT's: the `value` of `key`, in a cache of `owner`.
    pub fn configuration(owner: &Principal, key: &str, value: &'a [u8]) -> Credential<'a> {
        Credential::configuration_about(owner, key.as_bytes(), None, value)
    }

    /// Configuration data of MIT's about a principal, which it has in MIT's notation: that of a
    /// realm's KDC is about its ticket-granting service.
    pub fn configuration_about(
        owner: &Principal,
        key: &[u8],
        about: Option<&[u8]>,
        value: &'a [u8],
    ) -> Credential<'a> {
        let mut components = vec![CONFIGURATION_NAME.to_vec(), key.to_vec()];
        components.extend(about.map(<[u8]>::to_vec));
        let server = Principal { name_type: 1, realm: CONFIGURATION_REALM.to_vec(), components };
        Credential {
            client: owner.clone(),
            server,
            key: EncryptionKey { keytype: 0, keyvalue: &[] },
            authtime: 0,
            starttime: 0,
            endtime: 0,
            renew_till: 0,
            is_skey: false,
            ticket_flags: TicketFlags::empty(),
            addresses: Vec::new(),
            authdata: Vec::new(),
            ticket: value,
            second_ticket: &[],
        }
    }

    /// Whether it is not a credential but MIT's configuration data.
    pub fn is_configuration(&self) -> bool {
        self.server.realm == CONFIGURATION_REALM
    }
}

/// Times have 32 bits in this format, unsigned since MIT 1.16.
fn time(time: Option<i64>) -> u32 {
    time.unwrap_or(0).clamp(0, u32::MAX.into()) as u32
}

/// A credential cache. It contains keys: erasing the buffer it was read from is the caller's task.
#[derive(Debug, Clone)]
pub struct CredentialCache<'a> {
    /// The owner.
    pub default_principal: Principal,
    /// The contents, in the order of the file.
    pub credentials: Vec<Credential<'a>>,
}

impl<'a> CredentialCache<'a> {
    /// A cache of delegated credentials. The client of the first ticket is the owner.
    ///
    /// Errors: `InvalidToken` unless there is one KrbCredInfo for each ticket, and one ticket at
    /// least.
    pub fn of_krb_cred(
        message: &KrbCred<'a>,
        part: &EncKrbCredPart<'a>,
    ) -> Result<CredentialCache<'a>> {
        let mut infos = part.ticket_info();
        let mut credentials = Vec::new();
        for ticket in message.tickets() {
            let info =
                infos.next().ok_or(Error::InvalidToken("KRB-CRED: more tickets than keys"))?;
            credentials.push(Credential::from_krb_cred(ticket, &info)?);
        }
        if infos.next().is_some() {
            return Err(Error::InvalidToken("KRB-CRED: more keys than tickets"));
        }
        let first = credentials.first().ok_or(Error::InvalidToken("KRB-CRED: no ticket"))?;
        Ok(CredentialCache { default_principal: first.client.clone(), credentials })
    }

    /// Reads a cache file.
    ///
    /// Errors: `UnknownCredentials` if it is not one, of an old version, or malformed.
    pub fn parse(bytes: &'a [u8]) -> Result<CredentialCache<'a>> {
        let mut reader = header::skip(bytes)?;
        let default_principal = reader.principal()?;
        let mut credentials = Vec::new();
        while reader.remaining() > 0 {
            credentials.push(reader.credential()?);
        }
        Ok(CredentialCache { default_principal, credentials })
    }

    /// The owner's ticket-granting ticket for its own realm; of several, the one that expires last.
    pub fn ticket_granting_ticket(&self) -> Option<&Credential<'a>> {
        let owners = self.credentials.iter().filter(|credential| {
            credential.server.is_local_krbtgt()
                && credential.client == self.default_principal
                && credential.server.realm == self.default_principal.realm
        });
        owners.max_by_key(|credential| credential.endtime)
    }

    /// The cache file, in version 4.
    ///
    /// Errors: `InvalidToken` for contents that the format cannot hold.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>> {
        self.encode_with(None)
    }

    /// The cache file, in version 4, with the offset of the KDC's clock, if it is known.
    ///
    /// Errors: as [`CredentialCache::encode`].
    pub fn encode_with(&self, kdc_offset: Option<KdcOffset>) -> Result<Zeroizing<Vec<u8>>> {
        let size = 512 + self.credentials.iter().map(Credential::room).sum::<usize>();
        let mut out = Writer::new(4, size)?;
        header::write(&mut out, kdc_offset);
        out.principal(&self.default_principal)?;
        for credential in &self.credentials {
            out.credential(credential)?;
        }
        Ok(out.finish())
    }
}
