//! AcceptSecurityContext and its companions through the C interface.

mod abi_support;

use abi_support::*;
use negossp::entry::abi::*;

#[test]
fn negotiate_establishes() {
    let mut pair = establish("Negotiate");
    let names: SecPkgContext_Names<u16> = pair.server.query(SECPKG_ATTR_NAMES).unwrap();
    assert!(take_wide(names.sUserName).ends_with("alice"));
}

#[test]
fn ntlm_establishes() {
    establish("ntlm");
}
