//! QueryContextAttributes.

mod claims;
mod client;
#[cfg(test)]
mod tests;

use crate::context::EstablishedContext;
use crate::encoding::utf16;
use crate::entry::abi::*;
use crate::entry::boundary::flags;
use crate::entry::boundary::flags::Side;
use crate::entry::boundary::memory::{self, CallerMemory};
use crate::entry::boundary::pointers::timestamp;
use crate::entry::boundary::query_buffer::QueryBuffer;
use crate::entry::boundary::text;
use crate::entry::boundary::text::Text;
use crate::entry::context::{CONTEXTS, ContextObject};
use crate::entry::handles::find_numbered;
use crate::entry::packages;
use crate::mechanism::{LastToken, Package};
use crate::platform;
use crate::server;
use crate::server::Context;
use crate::types::error::{Error, Result};
use std::ffi::c_void;

/// QueryContextAttributes and QueryContextAttributesEx.
///
/// # Safety
/// As the functions' own.
pub(crate) unsafe fn query<Char: Text>(
    context: PCtxtHandle,
    attribute: ULONG,
    buffer: *mut c_void,
    length: Option<ULONG>,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles.
    let (number, shared) = unsafe { find_numbered(&CONTEXTS, context)? };
    if buffer.is_null() {
        return Err(Error::InvalidParameter("pBuffer is NULL"));
    }
    let answer = QueryBuffer::new(buffer, length);
    let mut object = shared.lock()?;
    if attribute == SECPKG_ATTR_NEGOTIATION_INFO {
        // SAFETY: C caller's contract, attributes.
        return unsafe { answer.with(|| negotiation_info::<Char>(&object)) };
    }
    if attribute == SECPKG_ATTR_NEGO_STATUS {
        // SAFETY: C caller's contract, attributes.
        return unsafe {
            answer.with(|| {
                Ok(SecPkgContext_NegoStatus { LastStatus: object.last_status.cast_unsigned() })
            })
        };
    }
    if attribute == SECPKG_ATTR_NEGOSSP_SUBSTATUS {
        // SAFETY: C caller's contract, attributes.
        return unsafe { answer.with(|| Ok(object.substatus.0)) };
    }
    if attribute == SECPKG_ATTR_CONTEXT_DELETED {
        // SAFETY: C caller's contract, attributes.
        return unsafe {
            answer.with(|| Ok(ULONG::from(matches!(object.context(), Some(Context::Failed)))))
        };
    }
    if attribute == SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS {
        // SAFETY: C caller's contract, attributes.
        return unsafe { answer.with(|| last_client_token(&object)) };
    }
    if attribute == SECPKG_ATTR_ACCESS_TOKEN {
        // SAFETY: C caller's contract, attributes.
        return unsafe {
            let mut token = || object.access_token(number, &server::current().tokens);
            answer.with(|| Ok(SecPkgContext_AccessToken { AccessToken: token()? }))
        };
    }
    let (started, address) = (object.started, object.address);
    let secured = object.secured()?;
    let established = &secured.established;
    // SAFETY: C caller's contract, attributes.
    unsafe {
        match attribute {
            SECPKG_ATTR_SIZES => answer.with(|| Ok(sizes(secured))),
            SECPKG_ATTR_NAMES => answer.with(|| {
                Ok(SecPkgContext_Names::<Char> {
                    sUserName: text::allocate(&established.client.display_name())?,
                })
            }),
            SECPKG_ATTR_LIFESPAN => answer.with(|| {
                Ok(SecPkgContext_Lifespan {
                    tsStart: timestamp(started),
                    tsExpiry: timestamp(established.expiry),
                })
            }),
            SECPKG_ATTR_DCE_INFO => answer.with(|| {
                let name = text::allocate::<SEC_WCHAR>(&established.client.display_name())?;
                Ok(SecPkgContext_DceInfo { AuthzSvc: DCE_AUTHZ_NAME, pPac: name.cast() })
            }),
            SECPKG_ATTR_KEY_INFO => answer.with(|| key_info::<Char>(secured)),
            SECPKG_ATTR_AUTHORITY => answer.with(|| {
                let name = Some(&established.client.domain).filter(|domain| !domain.is_empty());
                Ok(SecPkgContext_Authority::<Char> {
                    sAuthorityName: text::allocate(name.unwrap_or(&established.server_name))?,
                })
            }),
            SECPKG_ATTR_SESSION_KEY => answer.with(|| {
                let key = established.session.session_key();
                Ok(SecPkgContext_SessionKey {
                    SessionKeyLength: key.len() as ULONG,
                    SessionKey: memory::copy(key)?.as_ptr(),
                })
            }),
            SECPKG_ATTR_PACKAGE_INFO => answer.with(|| {
                Ok(SecPkgContext_PackageInfo::<Char> {
                    PackageInfo: packages::of(Package::Only(established.mechanism))?,
                })
            }),
            SECPKG_ATTR_NATIVE_NAMES => answer.with(|| {
                let client =
                    CallerMemory::new(text::allocate::<Char>(&established.client.native_name())?);
                let server = text::allocate(&established.server_name)?;
                Ok(SecPkgContext_NativeNames::<Char> {
                    sClientName: client.keep(),
                    sServerName: server,
                })
            }),
            SECPKG_ATTR_FLAGS => answer.with(|| {
                let side = if secured.accepted { Side::Accept } else { Side::Initiate };
                Ok(SecPkgContext_Flags { Flags: flags::granted(side, established.flags) })
            }),
            SECPKG_ATTR_TARGET_INFORMATION => answer.with(|| {
                let target = utf16::bytes_of(target(secured)?)?;
                Ok(SecPkgContext_TargetInformation {
                    MarshalledTargetInfoLength: target.len() as ULONG,
                    MarshalledTargetInfo: memory::copy(&target)?.as_ptr(),
                })
            }),
            SECPKG_ATTR_CLIENT_SPECIFIED_TARGET => answer.with(|| {
                Ok(SecPkgContext_ClientSpecifiedTarget {
                    sTargetName: text::allocate(target(secured)?)?,
                })
            }),
            SECPKG_ATTR_NEGOSSP_DELEGATED_CCACHE => answer.with(|| {
                let delegated = established
                    .session
                    .delegated()
                    .ok_or(Error::NoCredentials("the client has delegated none"))?;
                let tgt = server::current().tgt_for_delegation(platform::now());
                let ccache = delegated.ccache(tgt.as_deref())?;
                Ok(SecPkgContext_SessionKey {
                    SessionKeyLength: ccache.len() as ULONG,
                    SessionKey: memory::copy(&ccache)?.as_ptr(),
                })
            }),
            SECPKG_ATTR_NEGOSSP_CLIENT_SIDS => {
                let sids = || client::sids(secured, &server::current().tokens);
                answer.with(|| {
                    Ok(SecPkgContext_Names::<Char> { sUserName: text::allocate(&sids()?)? })
                })
            }
            SECPKG_ATTR_PASSWORD_EXPIRY => answer.with(|| Ok(client::password_expiry(secured))),
            SECPKG_ATTR_LOGOFF_TIME => answer.with(|| Ok(client::logoff_time(secured))),
            SECPKG_ATTR_USER_FLAGS => answer.with(|| Ok(client::user_flags(secured))),
            SECPKG_ATTR_AUTHENTICATION_ID => answer.with(|| Ok(client::authentication_id(number))),
            SECPKG_ATTR_IS_LOOPBACK => {
                answer.with(|| client::is_loopback(secured, address).map(ULONG::from))
            }
            SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES => answer.with(|| {
                Ok(SecPkgContext_SubjectAttributes { AttributeInfo: client::claims(secured)? })
            }),
            // Including those of stream packages, and the bindings, which an outer channel's
            // context has.
            _ => Err(Error::Unsupported("this attribute of contexts")),
        }
    }
}

/// `AuthzSvc`: the client is identified by name.
const DCE_AUTHZ_NAME: ULONG = 1;

fn sizes(secured: &EstablishedContext) -> SecPkgContext_Sizes {
    let sizes = secured.established.session.sizes();
    SecPkgContext_Sizes {
        cbMaxToken: sizes.max_token,
        cbMaxSignature: sizes.max_signature,
        cbBlockSize: sizes.block_size,
        cbSecurityTrailer: sizes.security_trailer,
    }
}

fn key_info<Char: Text>(secured: &EstablishedContext) -> Result<SecPkgContext_KeyInfo<Char>> {
    let info = secured.established.session.key_info();
    let signature = CallerMemory::new(text::allocate::<Char>(info.signature_name)?);
    let encrypt = text::allocate(info.encrypt_name)?;
    Ok(SecPkgContext_KeyInfo {
        sSignatureAlgorithmName: signature.keep(),
        sEncryptAlgorithmName: encrypt,
        KeySize: info.key_bits,
        SignatureAlgorithm: info.signature_id,
        EncryptAlgorithm: info.encrypt_id,
    })
}

/// The package and the state of the negotiation; also available before the context is established.
fn negotiation_info<Char: Text>(
    object: &ContextObject,
) -> Result<SecPkgContext_NegotiationInfo<Char>> {
    let (package, state) = match object.context() {
        Some(Context::Established(secured)) => {
            (Package::Only(secured.established.mechanism), SECPKG_NEGOTIATION_COMPLETE)
        }
        Some(Context::Accepting(accepting)) => {
            (accepting.credential().package, SECPKG_NEGOTIATION_IN_PROGRESS)
        }
        Some(Context::Initiating(initiating)) => {
            (initiating.credential.package, SECPKG_NEGOTIATION_IN_PROGRESS)
        }
        Some(Context::Failed) | None => return Err(Error::InvalidHandle("a context that failed")),
    };
    Ok(SecPkgContext_NegotiationInfo {
        PackageInfo: packages::of(package)?,
        NegotiationState: state,
    })
}

/// Whether the initiator's last token was its last; also available before the context is
/// established.
fn last_client_token(object: &ContextObject) -> Result<SecPkgContext_LastClientTokenStatus> {
    let last = match object.context() {
        Some(Context::Established(secured)) if !secured.accepted => LastToken::Yes,
        Some(Context::Initiating(initiating)) => initiating.exchange.initiator.last_token(),
        Some(Context::Established(_) | Context::Accepting(_)) => {
            return Err(Error::Unsupported("an attribute of the initiator's contexts"));
        }
        Some(Context::Failed) | None => return Err(Error::InvalidHandle("a context that failed")),
    };
    Ok(SecPkgContext_LastClientTokenStatus {
        LastClientTokenStatus: match last {
            LastToken::Yes => SecPkgAttrLastClientTokenYes,
            LastToken::No => SecPkgAttrLastClientTokenNo,
            LastToken::Maybe => SecPkgAttrLastClientTokenMaybe,
        },
    })
}

/// This library's own attributes; `negossp.h` documents them.
const SECPKG_ATTR_NEGOSSP_DELEGATED_CCACHE: ULONG = 0x4e53_0001;
const SECPKG_ATTR_NEGOSSP_CLIENT_SIDS: ULONG = 0x4e53_0002;
const SECPKG_ATTR_NEGOSSP_SUBSTATUS: ULONG = 0x4e53_0003;

fn target(secured: &EstablishedContext) -> Result<&str> {
    secured
        .established
        .client_target
        .as_deref()
        .ok_or(Error::WrongTarget("the client named no target"))
}
