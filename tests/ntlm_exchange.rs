//! Whole exchanges between our initiator and our acceptor.

mod ntlm_support;

use negossp::flags::ContextFlags;
use ntlm_support::*;

#[test]
fn alice_gets_in() {
    let (client, server) = establish(&Party::alice(), &Party::alice()).expect("let in");
    assert_eq!(client.session.session_key(), server.session.session_key());
    assert_eq!(server.client.user, USER);
    assert!(server.wants_mech_list_mic && client.wants_mech_list_mic);
    assert!(!server.flags.contains(ContextFlags::INTEGRITY));
}
