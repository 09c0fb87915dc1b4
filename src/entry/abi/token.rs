//! The structures of NegosspQueryToken.

use super::base::*;

/// NEGOSSP_TOKEN_USER_IDS: the client's local account.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NEGOSSP_TOKEN_IDS {
    /// Its user ID.
    pub Uid: ULONG,
    /// The ID of its primary group.
    pub Gid: ULONG,
}
