//! A whole conversation with the acceptor: our client, and an attacker in between that changes,
//! repeats, replaces and withholds tokens.
//!
//! What must hold besides not panicking: no client is accepted with the wrong password; an accepted
//! client is alice, or anonymous where that is allowed; and no client is accepted whose NTLM
//! messages were changed in transit, unless policy allows NTLMv1, with which a client answers a
//! challenge without target information.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use negossp::negotiate::token::{FirstToken, NegTokenInit, NegTokenResp};
use negossp::server::{Accepting, Context, Initiating, StepOutput};
use negossp::types::flags::ContextFlags;
use negossp_fuzz::{Edit, Setting, USER, call, use_context};

#[derive(Debug, Arbitrary)]
struct Plan {
    setting: Setting,
    /// The client sends NTLM's messages without SPNEGO.
    bare: bool,
    /// Asks for the hint first.
    hint: bool,
    /// Mechanisms put in front of the client's list, so that its optimistic token belongs to
    /// another one.
    before: Vec<Other>,
    steps: Vec<Move>,
    /// How the server's first message is changed before the client receives it.
    challenge: Vec<Edit>,
    message: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
enum Other {
    Kerberos,
    MsKerberos,
    NegoEx,
}

#[derive(Debug, Arbitrary)]
enum Move {
    /// The client's token, unchanged.
    Pass,
    /// The whole token changed.
    Outer(Vec<Edit>),
    /// The mechanism's token inside changed, or a bare one.
    Inner(Vec<Edit>),
    /// SPNEGO's mechListMIC removed.
    WithoutMic,
    /// The previous token repeated.
    Again,
    /// An unrelated token.
    Instead(Vec<u8>),
}

impl Other {
    fn oid(&self) -> &'static [u8] {
        match self {
            Other::Kerberos => b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02",
            Other::MsKerberos => b"\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02",
            Other::NegoEx => b"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e",
        }
    }
}

/// The mechanism's token in one of the client's.
fn inner(token: &[u8]) -> Option<Vec<u8>> {
    if let Ok(FirstToken::Negotiate(init)) = FirstToken::read(token) {
        return init.mech_token.map(<[u8]>::to_vec);
    }
    match NegTokenResp::decode(token) {
        Ok(resp) => resp.response_token.map(<[u8]>::to_vec),
        Err(_) => Some(token.to_vec()),
    }
}

/// `token` with another mechanism's token in it.
fn with_inner(token: &[u8], mech_token: &[u8]) -> Vec<u8> {
    if let Ok(FirstToken::Negotiate(init)) = FirstToken::read(token) {
        return NegTokenInit::encode(
            init.mech_types.map_or(&[][..], |list| list.der()),
            mech_token,
        );
    }
    match NegTokenResp::decode(token) {
        Ok(resp) => NegTokenResp { response_token: Some(mech_token), ..resp }.encode(),
        Err(_) => mech_token.to_vec(),
    }
}

fuzz_target!(|plan: Plan| {
    let setting = &plan.setting;
    let client_setting = Setting { only_ntlm: setting.only_ntlm || plan.bare, ..setting.clone() };
    let bindings = setting.bindings(true);
    let client_bindings = setting.bindings(false);
    let mut server = Accepting::new(setting.credential(true), setting.configuration());
    let mut client = Some(Initiating::new(
        client_setting.credential(false),
        setting.configuration(),
        setting.target().into(),
    ));
    let accept = |server: &Accepting, token: &[u8]| {
        server.step(token, call(setting.requirements(true), bindings.as_ref()))
    };

    if plan.hint
        && let Ok(StepOutput { context: Context::Accepting(next), .. }) = accept(&server, b"")
    {
        server = *next;
    }
    // NTLM's messages as the client made them and as the server received them.
    let (mut made, mut taken): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (vec![], vec![]);
    let mut from_server: Option<Vec<u8>> = None;
    let mut before: Vec<u8> = vec![];
    let mut steps = plan.steps.iter();
    for round in 0..6 {
        let mut token = before.clone();
        if let Some(initiating) = client.take() {
            let leg = initiating.step(
                from_server.as_deref(),
                call(setting.requirements(false), client_bindings.as_ref()),
            );
            if let Ok(StepOutput { context, token: Some(sent), .. }) = leg {
                token = sent;
                made.extend(inner(&token));
                if let Context::Initiating(next) = context {
                    client = Some(*next);
                }
            }
        }
        if round == 0
            && !plan.before.is_empty()
            && plan.before.len() < 6
            && let Ok(FirstToken::Negotiate(init)) = FirstToken::read(&token)
            && let (Some(list), Some(mech_token)) = (init.mech_types, init.mech_token)
        {
            let mut oids: Vec<u8> =
                plan.before.iter().flat_map(|other| other.oid().iter().copied()).collect();
            oids.extend_from_slice(&list.der()[2..]);
            let der = [&[0x30, oids.len() as u8], &oids[..]].concat();
            token = NegTokenInit::encode(&der, mech_token);
        }
        match steps.next() {
            None | Some(Move::Pass) => {}
            Some(Move::Outer(edits)) => edits.iter().for_each(|edit| edit.apply(&mut token)),
            Some(Move::Inner(edits)) => {
                let mut mech_token = inner(&token).unwrap_or_default();
                edits.iter().for_each(|edit| edit.apply(&mut mech_token));
                token = with_inner(&token, &mech_token);
            }
            Some(Move::WithoutMic) => {
                if let Ok(resp) = NegTokenResp::decode(&token) {
                    token = NegTokenResp { mech_list_mic: None, ..resp }.encode();
                }
            }
            Some(Move::Again) => token.clone_from(&before),
            Some(Move::Instead(bytes)) => token.clone_from(bytes),
        }
        before.clone_from(&token);
        let Ok(leg) = accept(&server, &token) else {
            // A failed step changes nothing, so further tokens may be tried.
            continue;
        };
        taken.extend(inner(&token));
        let flags = leg.flags();
        from_server = leg.token.map(|token| match inner(&token) {
            Some(mut mech_token)
                if !plan.challenge.is_empty() && mech_token.starts_with(b"NTLMSSP\0\x02") =>
            {
                plan.challenge.iter().for_each(|edit| edit.apply(&mut mech_token));
                with_inner(&token, &mech_token)
            }
            _ => token,
        });
        match leg.context {
            Context::Accepting(next) => {
                assert!(flags.is_empty());
                server = *next;
            }
            Context::Established(secured) => {
                let established = &secured.established;
                use_context(established, &plan.message);
                if established.client.anonymous {
                    assert!(setting.requirements(true).contains(ContextFlags::ALLOW_NULL_SESSION));
                    return;
                }
                assert_eq!(established.client.user, USER);
                assert!(!setting.wrong_password, "the wrong password was accepted");
                let response = established.logon.as_deref().map(|logon| logon.response);
                assert!(
                    setting.old_responses && response != Some("NTLMv2")
                        || taken.iter().all(|message| made.contains(message)),
                    "changed on the way and accepted all the same: {made:02x?} {taken:02x?}"
                );
                return;
            }
            _ => panic!("an acceptor's step leads to an acceptor or to a context"),
        }
    }
});
