//! Who the client is, packed.

use crate::persist::{Persist, Reader, Writer, persist_enum, persist_struct};
use crate::principal::{AccountInfo, Origin, Origins, Principal, SidAndAttributes};
use crate::types::error::Result;
use crate::types::sid::Sid;

persist_enum!(Origin {
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

persist_struct!(Origins { logon, name, sid, info });

impl Persist for Sid {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        out.raw(&self.to_bytes())
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Sid> {
        from.take(Sid::split_from)
    }
}

persist_struct!(SidAndAttributes { sid, attributes });

persist_struct!(AccountInfo {
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

persist_struct!(Principal { user, domain, anonymous, shown, native, account, origins });
