//! Who the client is, packed.

use crate::persist::{Packed, Reader, Writer, fields, numbered};
use crate::principal::{AccountFacts, Origin, Origins, Principal, SidAndAttributes};
use crate::types::error::Result;
use crate::types::sid::Sid;

numbered!(Origin {
    0 = Origin::Nobody,
    1 = Origin::AccountFile,
    2 = Origin::AccountDetails,
    3 = Origin::Credential,
    4 = Origin::Application,
    5 = Origin::Ticket,
    6 = Origin::Pac,
    7 = Origin::Netlogon,
    8 = Origin::Winbind,
    9 = Origin::NameMapping,
    10 = Origin::Derived,
});

fields!(Origins { logon, name, sid, facts });

impl Packed for Sid {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        out.raw(&self.to_bytes());
        Ok(())
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Sid> {
        from.take(Sid::split_from)
    }
}

fields!(SidAndAttributes { sid, attributes });

fields!(AccountFacts {
    sid,
    primary_group,
    groups,
    upn,
    dns_domain,
    full_name,
    logon_server,
    logon_time,
    logoff_time,
    password_must_change,
    user_flags,
    user_account_control,
    client_claims,
    device_claims,
    device_info,
    requestor,
    pac_attributes,
});

fields!(Principal { user, domain, anonymous, shown, native, account, origins });
