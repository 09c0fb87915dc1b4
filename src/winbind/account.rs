//! winbindd's account data in the terms of the other authorities.

use crate::authority::pass_through::PassThroughResult;
use crate::platform::wbclient::{Account, Named};
use crate::principal::{AccountInfo, SidAndAttributes, attributes};
use crate::types::sid::Sid;
use crate::types::time::FileTime;

/// The result for an accepted logon.
pub(super) fn pass_through_result(account: Account) -> PassThroughResult {
    let mut sids = account.sids.into_iter();
    let (sid, primary_group) = (sids.next().map(|own| own.sid), sids.next().map(|group| group.sid));
    // The primary group comes without attributes, and usually once more among the others.
    let primary = primary_group.map(|sid| SidAndAttributes { sid, attributes: attributes::MEMBER });
    let facts = AccountInfo {
        sid,
        primary_group,
        groups: each_once(sid, sids.chain(primary)),
        upn: account.upn,
        dns_domain: account.dns_domain,
        full_name: account.full_name,
        logon_server: account.logon_server,
        logon_time: time(account.logon_time),
        logoff_time: time(account.logoff_time),
        password_must_change: time(account.password_must_change),
        user_flags: account.user_flags,
        user_account_control: account.user_account_control,
        ..AccountInfo::default()
    };
    PassThroughResult {
        user: account.user,
        domain: account.domain,
        facts: Some(facts),
        user_session_key: account.user_session_key,
        lm_key: account.lm_key,
    }
}

/// The details of an account that was looked up.
pub(super) fn facts(named: &Named) -> AccountInfo {
    /// DOMAIN_GROUP_RID_USERS, the default primary group of a domain's users. winbindd does not
    /// report the actual one.
    const USERS_RID: u32 = 513;
    let groups =
        named.groups.iter().map(|&sid| SidAndAttributes { sid, attributes: attributes::MEMBER });
    let users = named.sid.split_rid().and_then(|(domain, _)| domain.with_rid(USERS_RID));
    AccountInfo {
        sid: Some(named.sid),
        primary_group: users.filter(|users| named.groups.contains(users)),
        groups: each_once(Some(named.sid), groups),
        ..AccountInfo::default()
    }
}

/// Groups, without the account itself.
fn each_once(
    own: Option<Sid>,
    groups: impl Iterator<Item = SidAndAttributes>,
) -> Box<[SidAndAttributes]> {
    let mut gathered: Vec<SidAndAttributes> = Vec::new();
    let mut seen: std::collections::HashSet<Sid> = own.into_iter().collect();
    gathered.extend(groups.filter(|group| seen.insert(group.sid)));
    gathered.into()
}

/// From seconds since 1970. Zero means unknown, and winbindd's greatest number means never.
fn time(seconds: u64) -> FileTime {
    match i64::try_from(seconds) {
        Ok(0) | Err(_) => FileTime::NEVER,
        Ok(seconds) => FileTime::from_unix_seconds(seconds).min(FileTime::NEVER),
    }
}
