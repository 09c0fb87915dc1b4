//! Tokens on Unix: HANDLEs that are numbers, and NegosspQueryToken.

use crate::access_token;
use crate::access_token::Token;
use crate::entry::abi::*;
use crate::entry::boundary::pointers::{put, timestamp};
use crate::entry::handles::first_generation;
use crate::entry::handles::table::{Kind, Table, Words};
use crate::runtime::log;
use crate::server;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::sync::{Arc, LazyLock};

/// What token handles name.
static TOKENS: LazyLock<Table<Arc<Token>>> =
    LazyLock::new(|| Table::new(Kind::Token, first_generation));

/// Makes the table.
pub(crate) fn prepare() {
    LazyLock::force(&TOKENS);
}

/// A HANDLE for the token: its two words in one. `[limits] contexts` limits their number.
pub(crate) fn new_handle(token: Arc<Token>) -> Result<HANDLE> {
    if size_of::<HANDLE>() < size_of::<u64>() {
        return Err(Error::Unsupported("token handles where a HANDLE has 32 bits"));
    }
    let words = TOKENS
        .insert(token, server::current().settings.limits.contexts)
        .ok_or(Error::OutOfMemory)?;
    Ok(std::ptr::without_provenance_mut(words.number() as usize))
}

const INVALID: Error = Error::InvalidHandle("not a token, or closed");

fn words(token: HANDLE) -> Words {
    let number = token.addr() as u64;
    log::about(number);
    Words { lower: number as u32, upper: (number >> 32) as u32 }
}

fn find(token: HANDLE) -> Result<Arc<Token>> {
    TOKENS.get(words(token)).ok_or(INVALID)
}

/// NegosspCloseToken.
pub(crate) fn close(token: HANDLE) -> Result<SECURITY_STATUS> {
    TOKENS.remove(words(token)).ok_or(INVALID)?;
    Ok(SEC_E_OK)
}

/// NegosspImpersonateToken.
pub(crate) fn impersonate(token: HANDLE) -> Result<SECURITY_STATUS> {
    access_token::impersonate(words(token).number(), &*find(token)?, None)?;
    Ok(SEC_E_OK)
}

/// NegosspRevertToken. A thread can stop impersonating even if the token is closed.
pub(crate) fn revert(token: HANDLE) -> Result<SECURITY_STATUS> {
    if !super::revert(words(token).number())? {
        find(token)?;
    }
    Ok(SEC_E_OK)
}

/// NegosspBecomeToken.
pub(crate) fn become_client(token: HANDLE) -> Result<SECURITY_STATUS> {
    access_token::become_client(&*find(token)?)?;
    Ok(SEC_E_OK)
}

/// NegosspQueryToken.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn query(
    token: HANDLE,
    class: ULONG,
    buffer: *mut c_void,
    length: ULONG,
    needed: *mut ULONG,
) -> Result<SECURITY_STATUS> {
    let answer = answer(&*find(token)?, class)?;
    let wanted = ULONG::try_from(answer.len()).map_err(|_| Error::OutOfMemory)?;
    // SAFETY: C caller's contract, outputs.
    unsafe { put(needed, wanted) };
    if wanted > length {
        return Err(Error::BufferTooSmall { needed: answer.len() });
    }
    if answer.is_empty() {
        return Ok(SEC_E_OK);
    }
    if buffer.is_null() {
        return Err(Error::InvalidParameter("Buffer is NULL"));
    }
    // SAFETY: C caller's contract, outputs: it is not NULL, and has `length` bytes, which are
    // enough.
    unsafe { buffer.cast::<u8>().copy_from(answer.as_ptr(), answer.len()) };
    Ok(SEC_E_OK)
}

/// The information as it is written to the caller's buffer.
fn answer(token: &Token, class: ULONG) -> Result<Vec<u8>> {
    const UNKNOWN: Error = Error::Unsupported("the client's SID is not known");
    let (account, subject) = (token.account(), token.subject());
    Ok(match class {
        NEGOSSP_TOKEN_USER_NAME => text(&account.name),
        NEGOSSP_TOKEN_USER_IDS => numbers(&[account.uid, account.gid]),
        NEGOSSP_TOKEN_GROUPS => numbers(&account.groups),
        NEGOSSP_TOKEN_CLIENT_NAME => text(&subject.principal.display_name()),
        NEGOSSP_TOKEN_SID => text(&token.sid().ok_or(UNKNOWN)?.to_string()),
        NEGOSSP_TOKEN_GROUP_SIDS => {
            token.sid().ok_or(UNKNOWN)?;
            text(&token.group_sids().iter().map(|sid| format!("{sid}\n")).collect::<String>())
        }
        NEGOSSP_TOKEN_LEVEL => numbers(&[subject.level as u32]),
        NEGOSSP_TOKEN_PACKAGE => text(subject.mechanism.package_name()),
        NEGOSSP_TOKEN_EXPIRY => timestamp(subject.expiry).QuadPart.to_ne_bytes().to_vec(),
        NEGOSSP_TOKEN_ORIGINS => text(&token.origins()),
        _ => return Err(Error::Unsupported("what NegosspQueryToken is asked for")),
    })
}

fn text(text: &str) -> Vec<u8> {
    // A zero within a name would end it there for the caller, who would see another name.
    text.bytes().map(|byte| if byte == 0 { b'?' } else { byte }).chain([0]).collect()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
}
