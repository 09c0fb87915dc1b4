//! CreateRestrictedToken.

use super::sids::List;
use super::{checked, opened, query};
use crate::platform::access_token::CallResult;
use crate::principal::SidAndAttributes;
use crate::types::sid::Sid;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use windows_sys::Win32::Security::{CreateRestrictedToken, DISABLE_MAX_PRIVILEGE};

/// A token without privileges, and with these groups for deny only.
pub(crate) fn restrict(token: &OwnedHandle, deny_only: &[Sid]) -> CallResult<OwnedHandle> {
    let list = List::new(deny_only.iter().map(|&sid| SidAndAttributes { sid, attributes: 0 }));
    let entries = list.entries();
    // Wine does not support DISABLE_MAX_PRIVILEGE; Windows ignores the list if it is given.
    let privileges = query::privileges(token)?;
    let mut restricted = null_mut();
    // SAFETY: the token is open, the arrays have the passed lengths, what they point to is
    // `list`'s, and what is opened is this function's.
    unsafe {
        let ok = CreateRestrictedToken(
            token.as_raw_handle(),
            DISABLE_MAX_PRIVILEGE,
            entries.len() as u32,
            entries.as_ptr(),
            privileges.len() as u32,
            privileges.as_ptr(),
            0,
            null(),
            &mut restricted,
        );
        checked(ok)?;
        opened(restricted)
    }
}
