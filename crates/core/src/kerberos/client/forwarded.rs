//! The KRB-CRED that delegates a forwarded ticket-granting ticket, RFC 4120 3.6, RFC 4121 4.1.1.

use super::Credentials;
use crate::kerberos::crypto::{Key, key_usage};
use crate::kerberos::message::{
    EncKrbCredPart, EncryptedData, EncryptionKey, HostAddress, HostAddresses, KrbCred, KrbCredInfo,
};
use crate::primitives::random::SecureRandom;
use crate::types::error::Result;
use crate::types::time::FileTime;

/// A KRB-CRED with `credentials`, for the `Deleg` of the authenticator's checksum. `key` is the
/// session key of the ticket that the AP-REQ contains: MIT's library and Windows take no other,
/// though a sub-key would be permitted. `now` is the acceptor's time.
///
/// Errors: `OutOfMemory`, and those of `random`.
pub fn krb_cred(
    credentials: &Credentials,
    key: &Key,
    now: FileTime,
    random: &dyn SecureRandom,
) -> Result<Vec<u8>> {
    let addresses: Vec<HostAddress<'_>> = credentials
        .addresses
        .iter()
        .map(|(addr_type, address)| HostAddress { addr_type: *addr_type, address })
        .collect();
    let addresses = HostAddresses::encode(&addresses);
    let (client, server) = (credentials.client.encode(), credentials.server.encode());
    let info = KrbCredInfo {
        key: EncryptionKey::of(&credentials.key),
        prealm: Some(&credentials.client.realm),
        pname: Some(client.name()),
        flags: Some(credentials.flags),
        authtime: Some(credentials.authtime),
        starttime: Some(credentials.starttime),
        endtime: Some(credentials.endtime),
        renew_till: credentials.renew_till,
        srealm: Some(&credentials.server.realm),
        sname: Some(server.name()),
        caddr: Some(HostAddresses::decode(&addresses)?).filter(|list| !list.is_empty()),
    };
    let plain =
        EncKrbCredPart::encode(std::slice::from_ref(&info), now.unix_seconds(), now.microsecond());
    let cipher = key.encrypt(key_usage::KRB_CRED, &plain, random)?;
    let etype = key.enctype().number();
    Ok(KrbCred::encode(
        &[&credentials.ticket],
        &EncryptedData { etype, kvno: None, cipher: &cipher },
    ))
}
