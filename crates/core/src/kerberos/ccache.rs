//! Credential caches in the FILE format of MIT's documentation ("Credential cache file format"):
//! versions 3 and 4 are read, 4 is written. Used for delegated credentials, and for the service's
//! own ticket-granting ticket.

use super::message::{
    EncKrbCredPart, EncryptionKey, HostAddress, KrbCred, KrbCredInfo, Ticket, TicketFlags,
};
use super::principal::Principal;
use crate::encoding::cursor::{ByteOrder, Cursor};
use crate::types::allocation;
use crate::types::error::{Error, Result};
use zeroize::Zeroizing;

const CUT_OFF: Error = Error::UnknownCredentials("the credential cache ends too early");
const MALFORMED: Error = Error::UnknownCredentials("the credential cache is malformed");

/// The most components accepted in a name.
const MAX_COMPONENTS: u32 = 32;
/// The most addresses, or elements of authorization data, accepted in a credential.
const MAX_ELEMENTS: u32 = 256;

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
        let server = Principal {
            name_type: 0,
            realm: CONFIGURATION_REALM.to_vec(),
            components: vec![CONFIGURATION_NAME.to_vec(), key.into()],
        };
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
        let (version, body) = match bytes {
            [5, 3, body @ ..] => (3, body),
            [5, 4, body @ ..] => (4, body),
            [5, 1 | 2, ..] => {
                return Err(Error::UnknownCredentials("a credential cache of an old version"));
            }
            _ => return Err(Error::UnknownCredentials("not a credential cache")),
        };
        let mut reader = Reader { version, cursor: Cursor::new(body, ByteOrder::Big) };
        if version == 4 {
            // The time offset to the KDC, which is not used.
            let length = reader.u16()?;
            reader.take(length.into())?;
        }
        let default_principal = reader.principal()?;
        let mut credentials = Vec::new();
        while reader.cursor.remaining() > 0 {
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
        let size = |credential: &Credential<'_>| {
            1024 + 2 * (credential.ticket.len() + credential.second_ticket.len())
        };
        let mut out = Writer {
            bytes: Zeroizing::new(allocation::vec(
                512 + self.credentials.iter().map(size).sum::<usize>(),
            )?),
        };
        out.bytes.extend([5, 4, 0, 0]);
        out.principal(&self.default_principal)?;
        for credential in &self.credentials {
            out.credential(credential)?;
        }
        Ok(out.bytes)
    }
}

/// The unread rest of a file.
struct Reader<'a> {
    version: u8,
    cursor: Cursor<'a>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        self.cursor.take(length).ok_or(CUT_OFF)
    }

    fn u8(&mut self) -> Result<u8> {
        self.cursor.u8().ok_or(CUT_OFF)
    }

    fn u16(&mut self) -> Result<u16> {
        self.cursor.u16().ok_or(CUT_OFF)
    }

    /// The number of a type: signed 16 bits, since Windows' RC4 variants have negative numbers.
    fn number(&mut self) -> Result<i32> {
        self.u16().map(u16::cast_signed).map(i32::from)
    }

    fn u32(&mut self) -> Result<u32> {
        self.cursor.u32().ok_or(CUT_OFF)
    }

    fn data(&mut self) -> Result<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).map_err(|_| CUT_OFF)?)
    }

    /// A count of at most `most`.
    fn count(&mut self, most: u32) -> Result<u32> {
        self.u32().and_then(|count| if count <= most { Ok(count) } else { Err(MALFORMED) })
    }

    fn principal(&mut self) -> Result<Principal> {
        let name_type = self.u32()?.cast_signed();
        let count = self.count(MAX_COMPONENTS)?;
        let realm = self.data()?.to_vec();
        let components =
            (0..count).map(|_| self.data().map(<[u8]>::to_vec)).collect::<Result<_>>()?;
        Ok(Principal { name_type, realm, components })
    }

    fn key(&mut self) -> Result<EncryptionKey<'a>> {
        let keytype = self.number()?;
        if self.version == 3 {
            // Repeated in version 3.
            self.number()?;
        }
        Ok(EncryptionKey { keytype, keyvalue: self.data()? })
    }

    fn credential(&mut self) -> Result<Credential<'a>> {
        let (client, server) = (self.principal()?, self.principal()?);
        let key = self.key()?;
        let [authtime, starttime, endtime, renew_till] =
            [self.u32()?, self.u32()?, self.u32()?, self.u32()?];
        let is_skey = self.u8()? != 0;
        let ticket_flags = TicketFlags::from_bits_retain(self.u32()?);
        let addresses = (0..self.count(MAX_ELEMENTS)?)
            .map(|_| Ok(HostAddress { addr_type: self.number()?, address: self.data()? }))
            .collect::<Result<_>>()?;
        let authdata = (0..self.count(MAX_ELEMENTS)?)
            .map(|_| Ok((self.number()?, self.data()?)))
            .collect::<Result<_>>()?;
        let (ticket, second_ticket) = (self.data()?, self.data()?);
        Ok(Credential {
            client,
            server,
            key,
            authtime,
            starttime,
            endtime,
            renew_till,
            is_skey,
            ticket_flags,
            addresses,
            authdata,
            ticket,
            second_ticket,
        })
    }
}

/// The file contents.
struct Writer {
    bytes: Zeroizing<Vec<u8>>,
}

impl Writer {
    fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_be_bytes());
    }

    fn number(&mut self, number: i32) -> Result<()> {
        let number = i16::try_from(number)
            .map_err(|_| Error::InvalidToken("a type's number too large for a credential cache"))?;
        self.bytes.extend(number.to_be_bytes());
        Ok(())
    }

    fn count(&mut self, count: usize) -> Result<()> {
        self.u32(
            u32::try_from(count)
                .map_err(|_| Error::InvalidToken("too much for a credential cache"))?,
        );
        Ok(())
    }

    fn data(&mut self, data: &[u8]) -> Result<()> {
        self.count(data.len())?;
        self.bytes.extend(data);
        Ok(())
    }

    fn principal(&mut self, principal: &Principal) -> Result<()> {
        self.u32(principal.name_type.cast_unsigned());
        self.count(principal.components.len())?;
        self.data(&principal.realm)?;
        principal.components.iter().try_for_each(|component| self.data(component))
    }

    fn credential(&mut self, credential: &Credential<'_>) -> Result<()> {
        self.principal(&credential.client)?;
        self.principal(&credential.server)?;
        self.number(credential.key.keytype)?;
        self.data(credential.key.keyvalue)?;
        for time in
            [credential.authtime, credential.starttime, credential.endtime, credential.renew_till]
        {
            self.u32(time);
        }
        self.bytes.push(credential.is_skey.into());
        self.u32(credential.ticket_flags.bits());
        self.count(credential.addresses.len())?;
        for address in &credential.addresses {
            self.number(address.addr_type)?;
            self.data(address.address)?;
        }
        self.count(credential.authdata.len())?;
        for (ad_type, ad_data) in &credential.authdata {
            self.number(*ad_type)?;
            self.data(ad_data)?;
        }
        self.data(credential.ticket)?;
        self.data(credential.second_ticket)
    }
}
