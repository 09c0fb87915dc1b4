//! Attributes of a client that a domain has authenticated.

use crate::context::EstablishedContext;
use crate::entry::abi::*;
use crate::entry::context::lock::Lock;
use crate::entry::context::{CONTEXTS, ContextObject};
use crate::entry::exports;
use crate::entry::handles::Object;
use crate::mechanism::Mechanism;
use crate::mechanism::Package;
use crate::negotiate::Established;
use crate::ntlm;
use crate::principal::{AccountInfo, Principal};
use crate::server::Context;
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use std::mem::zeroed;
use std::slice;
use std::sync::Arc;

#[path = "../../../../crates/core/tests/it/support/pac.rs"]
#[allow(dead_code)] // a part is used
mod pac_support;

/// The handle of an accepted context whose client is `client`.
fn context(account: Option<AccountInfo>) -> CtxtHandle {
    let client = Principal { account: account.map(Arc::new), ..Principal::default() };
    let session =
        ntlm::Session::new(ntlm::flags::NegotiateFlags::empty(), &[0; 16], ntlm::Side::Server);
    let established = Established {
        session: crate::negotiate::session::Session::Ntlm(session),
        mechanism: Mechanism::Ntlm,
        flags: ContextFlags::empty(),
        client,
        server_name: String::new(),
        client_target: None,
        bindings: Default::default(),
        expiry: FileTime::NEVER,
        wants_mech_list_mic: false,
        same_machine: false,
        logon: None,
    };
    let secured = EstablishedContext {
        established: Box::new(established),
        package: Package::Negotiate,
        accepted: true,
    };
    let object = ContextObject::new(Context::Established(secured), FileTime::NEVER);
    CONTEXTS.insert(Object::Ours(Arc::new(Lock::new(object))), 1000).unwrap().into()
}

fn query<T>(context: &mut CtxtHandle, attribute: ULONG) -> Result<T, SECURITY_STATUS> {
    // SAFETY: every structure here may be all zero, and is the attribute's.
    unsafe {
        let mut answer: T = zeroed();
        match exports::QueryContextAttributesW(context, attribute, (&raw mut answer).cast()) {
            SEC_E_OK => Ok(answer),
            status => Err(status),
        }
    }
}

fn end(mut context: CtxtHandle) {
    // SAFETY: the handle is a handle.
    assert_eq!(unsafe { exports::DeleteSecurityContext(&mut context) }, SEC_E_OK);
}

#[test]
fn times_and_flags() {
    let (logoff, expiry) = (FileTime(0x01d9_0000_0000_0000), FileTime(0x01d9_1111_0000_0000));
    let mut told = context(Some(AccountInfo {
        logoff_time: logoff,
        password_must_change: expiry,
        user_flags: 0x120,
        ..AccountInfo::default()
    }));
    let time = |time: TimeStamp| FileTime(time.QuadPart as u64);
    let answer: SecPkgContext_LogoffTime = query(&mut told, SECPKG_ATTR_LOGOFF_TIME).unwrap();
    assert_eq!(time(answer.tsLogoffTime), crate::platform::local_time(logoff));
    let answer: SecPkgContext_PasswordExpiry =
        query(&mut told, SECPKG_ATTR_PASSWORD_EXPIRY).unwrap();
    assert_eq!(time(answer.tsPasswordExpires), crate::platform::local_time(expiry));
    let answer: SecPkgContext_UserFlags = query(&mut told, SECPKG_ATTR_USER_FLAGS).unwrap();
    assert_eq!(answer.UserFlags, 0x120);
    // Each context has its own number, which does not change.
    let id = |context: &mut CtxtHandle| {
        query::<SECURITY_INTEGER>(context, SECPKG_ATTR_AUTHENTICATION_ID).unwrap().QuadPart
    };
    let mut untold = context(None);
    assert_eq!(id(&mut told), id(&mut told));
    assert_ne!(id(&mut told), id(&mut untold));
    end(told);
    let answer: SecPkgContext_LogoffTime = query(&mut untold, SECPKG_ATTR_LOGOFF_TIME).unwrap();
    assert_eq!(time(answer.tsLogoffTime), FileTime::NEVER);
    let answer: SecPkgContext_PasswordExpiry =
        query(&mut untold, SECPKG_ATTR_PASSWORD_EXPIRY).unwrap();
    assert_eq!(time(answer.tsPasswordExpires), FileTime::NEVER);
    assert_eq!(
        query::<SecPkgContext_UserFlags>(&mut untold, SECPKG_ATTR_USER_FLAGS).unwrap().UserFlags,
        0
    );
    assert_eq!(
        query::<SecPkgContext_NegoStatus>(&mut untold, SECPKG_ATTR_NEGO_STATUS).unwrap().LastStatus,
        0
    );
    end(untold);
}

fn claims(compression: u16) -> AccountInfo {
    let bytes = pac_support::claims(compression, &pac_support::some_claims());
    AccountInfo { client_claims: Some(bytes.into()), ..AccountInfo::default() }
}

/// The text at `text`, up to the terminating zero.
///
/// # Safety
/// `text` points to a string.
unsafe fn text(text: *const SEC_WCHAR) -> String {
    // SAFETY: the caller's promise is this function's own.
    let units = unsafe { (0..).map(|index| text.add(index).read()).take_while(|unit| *unit != 0) };
    String::from_utf16(&units.collect::<Vec<_>>()).unwrap()
}

/// Follows every pointer of the attribute's structures. `pac_support::some_claims` has the expected
/// values.
#[test]
fn claims_as_authz_lays_them_out() {
    let mut context = context(Some(claims(0)));
    let answer: SecPkgContext_SubjectAttributes =
        query(&mut context, SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES).unwrap();
    // The caller frees its memory.
    end(context);
    // SAFETY: the attribute's documentation says what is there, until it is freed.
    unsafe {
        let all = answer.AttributeInfo.cast::<AUTHZ_SECURITY_ATTRIBUTES_INFORMATION>().read();
        assert_eq!((all.Version, all.AttributeCount), (1, 4));
        let attributes = slice::from_raw_parts(all.Attribute.pAttributeV1, 4);
        let names: Vec<String> = attributes.iter().map(|attribute| text(attribute.pName)).collect();
        assert_eq!(names, ["ad://ext/title", "ad://ext/number", "ad://ext/count", "ad://ext/flag"]);
        assert!(attributes.iter().all(|attribute| (attribute.Reserved, attribute.Flags) == (0, 0)));
        let kinds = attributes
            .iter()
            .map(|attribute| (ULONG::from(attribute.ValueType), attribute.ValueCount));
        let expected = [
            (AUTHZ_SECURITY_ATTRIBUTE_TYPE_STRING, 3),
            (AUTHZ_SECURITY_ATTRIBUTE_TYPE_INT64, 3),
            (AUTHZ_SECURITY_ATTRIBUTE_TYPE_UINT64, 1),
            (AUTHZ_SECURITY_ATTRIBUTE_TYPE_BOOLEAN, 2),
        ];
        assert!(kinds.eq(expected));
        let strings = slice::from_raw_parts(attributes[0].Values.ppString, 3)
            .iter()
            .map(|string| text(*string));
        assert!(strings.eq(["Ärztin", "", "b"]));
        assert_eq!(slice::from_raw_parts(attributes[1].Values.pInt64, 3), [-1, i64::MIN, 28]);
        assert_eq!(attributes[2].Values.pUint64.read(), u64::MAX);
        assert_eq!(slice::from_raw_parts(attributes[3].Values.pUint64, 2), [1, 0]);
        assert_eq!(exports::FreeContextBuffer(answer.AttributeInfo), SEC_E_OK);
    }
}

/// As a Windows domain controller has compressed them; the crate `negossp-core` tests the values.
#[test]
fn compressed_claims() {
    let recorded = include_str!("../../../../tests/data/kerberos/pac/windows.txt");
    let line = recorded.lines().find_map(|line| line.strip_prefix("claims_compressed ")).unwrap();
    let byte = |at| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..line.len()).step_by(2).map(byte).collect();
    let account = AccountInfo { client_claims: Some(bytes.into()), ..AccountInfo::default() };
    let mut context = context(Some(account));
    let answer: SecPkgContext_SubjectAttributes =
        query(&mut context, SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES).unwrap();
    end(context);
    // SAFETY: the attribute's documentation says what is there, until it is freed.
    unsafe {
        let all = answer.AttributeInfo.cast::<AUTHZ_SECURITY_ATTRIBUTES_INFORMATION>().read();
        assert_eq!(all.AttributeCount, 3);
        let attributes = slice::from_raw_parts(all.Attribute.pAttributeV1, 3);
        let names: Vec<String> = attributes.iter().map(|attribute| text(attribute.pName)).collect();
        assert!(names[1].starts_with("ad://ext/sAMAccountName:"), "{names:?}");
        assert_eq!(text(attributes[1].Values.ppString.read()), "testuser1");
        assert_eq!(exports::FreeContextBuffer(answer.AttributeInfo), SEC_E_OK);
    }
}

#[test]
fn no_claims() {
    for account in [None, Some(claims(3)), Some(AccountInfo::default())] {
        let mut context = context(account);
        let answer = query::<SecPkgContext_SubjectAttributes>(
            &mut context,
            SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES,
        );
        assert_eq!(answer.map(|_| ()), Err(SEC_E_UNSUPPORTED_FUNCTION));
        end(context);
    }
}
