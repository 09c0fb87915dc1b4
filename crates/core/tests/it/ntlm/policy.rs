//! What a server rejects by configuration or by the caller's requirements although the password is
//! right.

use crate::support::ntlm::*;
use negossp_core::ntlm::Policy;
use negossp_core::ntlm::flags::NegotiateFlags as F;
use negossp_core::ntlm::message::authenticate::Authenticate;
use negossp_core::ntlm::message::challenge::Challenge;
use negossp_core::ntlm::message::client_challenge::ClientChallenge;
use negossp_core::ntlm::message::negotiate::Negotiate;
use negossp_core::ntlm::{Acceptor, Account, Initiator, ServerNames};
use negossp_core::types::channel_bindings::ChannelBindings;
use negossp_core::types::channel_bindings::Strictness;
use negossp_core::types::error::{Denial, Error};
use negossp_core::types::flags::ContextFlags as C;
use negossp_core::types::time::FileTime;
use std::time::Duration;

#[test]
fn the_servers_strength_is_demanded() {
    let mut server = Party::alice();
    server.policy.require_128 = true;
    let refused = weaker(&Party::alice(), &server, F::all() - F::N128).err();
    assert!(matches!(refused, Some(Error::NothingInCommon(_))), "{refused:?}");
    // Without extended session security the flag alone does not make the sealing key that long.
    let refused = negotiates(&server, F::UNICODE | F::SEAL | F::N128 | F::LM_KEY).err();
    assert!(matches!(refused, Some(Error::NothingInCommon(_))), "{refused:?}");
    negotiates(&server, F::UNICODE | F::SEAL | F::N128).expect("128 bits");
    let mut server = Party::alice();
    server.policy.require_extended_session_security = true;
    let refused = weaker(&Party::alice(), &server, F::all() - F::EXTENDED_SESSIONSECURITY).err();
    assert!(matches!(refused, Some(Error::NothingInCommon(_))), "{refused:?}");
    establish(&Party::alice(), &server).expect("accepted");
}

/// As in Windows: gss-ntlmssp before 1.1 leaves Version out of its last message otherwise, and has
/// its MIC in another place.
#[test]
fn the_challenge_has_a_version_whatever_the_client_offers() {
    for offered in [F::UNICODE | F::NTLM, F::UNICODE | F::NTLM | F::VERSION] {
        let (_, challenge) = going_on(
            Party::alice()
                .accept(&Acceptor::new(), &Negotiate::write(offered).unwrap())
                .expect("one"),
        );
        let parsed = Challenge::parse(&challenge).expect("a challenge");
        assert!(parsed.flags.contains(F::VERSION), "{offered:?}");
        assert_eq!((challenge[48], challenge[55]), (10, 15), "{offered:?}");
    }
}

/// The server's result for a client that offers these flags.
fn negotiates(server: &Party, offered: F) -> Result<(), Error> {
    server.accept(&Acceptor::new(), &Negotiate::write(offered).unwrap()).map(|_| ())
}

// ---- null sessions

fn nobody() -> Party {
    Party { identity: Some(identity("", "", "")), ..Party::requiring(C::CONFIDENTIALITY) }
}

#[test]
fn anonymous_is_accepted_only_where_allowed() {
    let refused = establish(&nobody(), &Party::alice()).err();
    assert_eq!(refused, Some(Error::LogonDenied(Denial::Anonymous)));
    let mut allowing = Party::requiring(C::ALLOW_NULL_SESSION);
    let (mut client, mut server) = establish(&nobody(), &allowing).expect("accepted");
    assert!(server.client.anonymous && client.client.anonymous);
    // Anybody knows the key, so that it protects nothing.
    assert_eq!((server.flags, client.flags), (C::NULL_SESSION, C::NULL_SESSION));
    both_ways(&mut client, &mut server);
    for demand in [
        |ntlm: &mut Policy| ntlm.require_mic = true,
        |ntlm: &mut Policy| ntlm.channel_bindings = Strictness::Require,
        |ntlm: &mut Policy| {
            ntlm.target_name = Strictness::Require;
        },
    ] {
        let mut demanding = Party::requiring(C::ALLOW_NULL_SESSION);
        demand(&mut demanding.policy);
        assert_eq!(
            establish(&nobody(), &demanding).err(),
            Some(Error::LogonDenied(Denial::Anonymous))
        );
    }
    allowing.policy.refuse_null_session = true;
    assert_eq!(establish(&nobody(), &allowing).err(), Some(Error::LogonDenied(Denial::Anonymous)));
}

/// Bindings that the caller gives are required of everybody.
#[test]
fn anonymous_clients_have_no_channel_bindings() {
    for (ours, requirements, right) in [
        (None, C::empty(), true),
        (Some(1), C::empty(), false),
        (Some(1), C::ALLOW_MISSING_BINDINGS, true),
        (Some(1), C::PROXY_BINDINGS, true),
    ] {
        let server = bound(ours, C::ALLOW_NULL_SESSION | requirements);
        let result = establish(&nobody(), &server);
        assert_eq!(result.is_ok(), right, "{ours:?} {requirements:?}");
        assert!(right || matches!(result.err(), Some(Error::BadBindings(_))));
    }
}

#[test]
fn a_client_can_ask_to_be_anonymous() {
    for identity in [None, Party::alice().identity] {
        let client = Party { identity, ..Party::requiring(C::ALLOW_NULL_SESSION) };
        assert_eq!(
            establish(&client, &Party::alice()).err(),
            Some(Error::LogonDenied(Denial::Anonymous))
        );
        let (client, server) =
            establish(&client, &Party::requiring(C::ALLOW_NULL_SESSION)).expect("accepted");
        assert!(server.client.anonymous && client.flags.contains(C::NULL_SESSION));
    }
}

#[test]
fn a_named_client_stays_named_where_anonymous_is_allowed() {
    let allowing = Party::requiring(C::ALLOW_NULL_SESSION);
    let (_, server) = establish(&Party::alice(), &allowing).expect("accepted");
    assert!(!server.client.anonymous && !server.flags.contains(C::NULL_SESSION));
    let wrong = Party { identity: Some(identity(USER, DOMAIN, "wrong")), ..Party::alice() };
    assert_eq!(establish(&wrong, &allowing).err(), Some(Error::LogonDenied(Denial::WrongPassword)));
}

// ---- time

#[test]
fn a_challenge_grows_old() {
    let mut server = Party::alice();
    server.policy.max_clock_skew = None;
    let lifetime = server.policy.challenge_lifetime;
    let exchange = exchange(&Party::alice(), &server).expect("an answer");
    server.now = NOW.plus(lifetime);
    server.accept(&exchange.acceptor, &exchange.authenticate).expect("in time");
    server.now = NOW.plus(lifetime + Duration::from_secs(1));
    let refused = server.accept(&exchange.acceptor, &exchange.authenticate).err();
    assert_eq!(refused, Some(Error::LogonDenied(Denial::Stale)));
}

#[test]
fn a_clock_may_differ_so_much() {
    let mut server = Party::alice();
    server.policy.max_clock_skew = Some(Duration::from_secs(300));
    for (seconds, right) in [(0, true), (300, true), (301, false), (-300, true), (-301, false)] {
        let ticks = NOW.0.wrapping_add_signed(seconds * FileTime::TICKS_PER_SECOND as i64);
        let client = Party { now: FileTime(ticks), ..Party::alice() };
        // Only a client whose server sends no time uses its own.
        let result = weaker(&client, &server, F::all());
        assert_eq!(result.is_ok(), right, "{seconds} s");
        if !right {
            assert_eq!(result.err(), Some(Error::LogonDenied(Denial::Stale)));
        }
    }
}

#[test]
fn a_context_lives_as_long_as_configured() {
    let mut server = Party::alice();
    server.context_lifetime = Some(Duration::from_secs(60));
    let (_, server) = establish(&Party::alice(), &server).expect("accepted");
    assert_eq!(server.expiry, NOW.plus(Duration::from_secs(60)));
}

// ---- MIC

#[test]
fn a_mic_can_be_demanded() {
    let mut server = Party::alice();
    server.policy.require_mic = true;
    establish(&Party::alice(), &server).expect("accepted");
    assert_eq!(
        weaker(&Party::alice(), &server, F::all()).err(),
        Some(Error::LogonDenied(Denial::Mic))
    );
}

#[test]
fn a_changed_challenge_is_detected_by_the_mic() {
    let (initiator, negotiate) =
        going_on(Party::alice().initiate(&Initiator::new(), None).unwrap());
    let (acceptor, mut challenge) =
        going_on(Party::alice().accept(&Acceptor::new(), &negotiate).unwrap());
    // An attacker between the peers removes sealing from the challenge.
    let flags = flags_at(&mut challenge, 20);
    *flags = (u32::from_le_bytes(*flags) & !F::SEAL.bits() & !F::N128.bits()).to_le_bytes();
    let (_, authenticate) = done(Party::alice().initiate(&initiator, Some(&challenge)).unwrap());
    let refused = Party::alice().accept(&acceptor, &authenticate.unwrap()).err();
    assert_eq!(refused, Some(Error::LogonDenied(Denial::Mic)));
}

// ---- target information

/// Without MsvAvTimestamp in the challenge a client sends no MIC, and all flags could be changed.
#[test]
fn a_timestamp_removed_on_the_way_is_detected() {
    let (initiator, negotiate) =
        going_on(Party::requiring(C::CONFIDENTIALITY).initiate(&Initiator::new(), None).unwrap());
    let (acceptor, mut challenge) =
        going_on(Party::alice().accept(&Acceptor::new(), &negotiate).unwrap());
    let end = challenge.len();
    challenge.drain(end - 16..end - 4);
    let length = u16::from_le_bytes([challenge[40], challenge[41]]) - 12;
    challenge[40..42].copy_from_slice(&length.to_le_bytes());
    let client = Party::requiring(C::CONFIDENTIALITY);
    let (_, authenticate) = done(client.initiate(&initiator, Some(&challenge)).unwrap());
    let refused = Party::alice().accept(&acceptor, &authenticate.unwrap()).err();
    assert_eq!(refused, Some(Error::LogonDenied(Denial::TargetInfo)));
}

// ---- reflection

/// A process that accepts and initiates. Its own messages come back to it, and only its own names
/// make them meant for it.
#[test]
fn reflected_messages_are_refused() {
    let process = |id: u8| Party { machine_id: Some([id; 32]), ..Party::alice() };
    let log_on = |client: Party, server: &Party| establish(&client, server).map(|_| ());
    let reflected = Err(Error::LogonDenied(Denial::Reflected));
    let own = process(1);
    for target in [
        "HTTP/elsewhere.example.test",
        "elsewhere",
        "",
        // A host name with a marshalled target, which a client might cut off (CVE-2025-33073).
        "cifs/server1UWhRCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwbEAYBAAAA",
        "cifs/server.example.test1UWhRCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwbEAYBAAAA",
    ] {
        let client = |id| Party { target: target.into(), ..process(id) };
        assert_eq!(log_on(client(1), &own), reflected, "{target}");
        assert_eq!(log_on(client(2), &own), Ok(()), "{target}");
        assert_eq!(log_on(Party { machine_id: None, ..client(1) }, &own), Ok(()), "{target}");
        assert_eq!(log_on(client(1), &Party { machine_id: None, ..own.clone() }), Ok(()));
        let mut without = own.clone();
        without.policy.loopback_check = false;
        assert_eq!(log_on(client(1), &without), Ok(()), "{target}");
    }
    // Its own names, if nobody else has chosen them.
    for target in ["HTTP/server.example.test", "cifs/SERVER", "server"] {
        let client = Party { target: target.into(), ..process(1) };
        assert_eq!(log_on(client.clone(), &own), Ok(()), "{target}");
        let unverified = Party { requirements: C::UNVERIFIED_TARGET_NAME, ..client };
        assert_eq!(log_on(unverified, &own), reflected, "{target}");
    }
    let mut listed = own.clone();
    listed.policy.target_names = vec!["HTTP/alias.example.test".into()];
    let alias = Party { target: "HTTP/alias.example.test".into(), ..process(1) };
    assert_eq!(log_on(alias.clone(), &own), reflected);
    assert_eq!(log_on(alias, &listed), Ok(()));
    // Where target names are compared, that is the reason given.
    listed.policy.target_name = Strictness::WhenSent;
    let refused = log_on(own.clone(), &listed).err();
    assert!(matches!(refused, Some(Error::WrongTarget(_))), "{refused:?}");
}

/// [MS-NLMP] 2.2.2.2: Size, Z4, CustomData, MachineID.
#[test]
fn the_initiator_sends_its_machine_id() {
    let client = Party { machine_id: Some([7; 32]), ..Party::alice() };
    let message = exchange(&client, &Party::alice()).expect("an answer").authenticate;
    let response = Authenticate::parse(&message).unwrap().nt_response;
    let pairs = ClientChallenge::parse(response).unwrap().av_pairs;
    let expected = [&48u32.to_le_bytes()[..], &[0; 12], &[7; 32]].concat();
    assert_eq!(pairs.get(8), Some(&expected[..]));
    assert_eq!(pairs.machine_id(), Ok(Some([7; 32])));
}

// ---- channel bindings and target names

fn bound(channel: Option<u8>, requirements: C) -> Party {
    Party {
        bindings: channel.map(|byte| ChannelBindings::of_channel([byte; 16])),
        ..Party::requiring(requirements)
    }
}

#[test]
fn channel_bindings_count_as_policy_and_caller_say() {
    use Strictness::{Off, Require, WhenSent};
    let (none, missing, proxy) = (C::empty(), C::ALLOW_MISSING_BINDINGS, C::PROXY_BINDINGS);
    // policy, caller's flags, the server's channel, the client's channel, whether the client is
    // accepted
    let cases = [
        (WhenSent, none, Some(1), Some(1), true),
        (WhenSent, none, Some(1), Some(2), false),
        (WhenSent, none, Some(1), None, false),
        (WhenSent, none, None, Some(1), true),
        (WhenSent, none, None, None, true),
        (WhenSent, missing, Some(1), Some(1), true),
        (WhenSent, missing, Some(1), Some(2), false),
        (WhenSent, missing, Some(1), None, true),
        (WhenSent, proxy, Some(1), Some(2), true),
        (WhenSent, proxy, Some(1), None, true),
        (Require, none, Some(1), Some(1), true),
        (Require, none, Some(1), Some(2), false),
        (Require, missing, Some(1), None, false),
        (Require, none, None, Some(1), false),
        (Require, none, None, None, false),
        (Require, proxy, Some(1), Some(2), true),
        (Require, proxy, Some(1), None, false),
        (Require, proxy, None, None, false),
        (Off, none, Some(1), Some(2), true),
        (Off, none, Some(1), None, true),
    ];
    // A hash of zeros is none ([MS-NLMP] 2.2.2.1).
    let zeros = cases.into_iter().filter(|(.., theirs, _)| theirs.is_none());
    let zeros = zeros.map(|(strictness, requirements, ours, _, right)| {
        (strictness, requirements, ours, Some(0), right)
    });
    for (strictness, requirements, ours, theirs, right) in cases.into_iter().chain(zeros) {
        let mut server = bound(ours, requirements);
        server.policy.channel_bindings = strictness;
        let result = establish(&bound(theirs, C::empty()), &server);
        let case = format!("{strictness:?} {requirements:?} {ours:?} {theirs:?}");
        assert_eq!(result.is_ok(), right, "{case}");
        assert!(right || matches!(result.err(), Some(Error::BadBindings(_))), "{case}");
    }
}

#[test]
fn a_wrong_password_is_reported_before_wrong_bindings() {
    let wrong =
        Party { identity: Some(identity(USER, DOMAIN, "wrong")), ..bound(Some(1), C::empty()) };
    assert_eq!(
        establish(&wrong, &bound(Some(2), C::empty())).err(),
        Some(Error::LogonDenied(Denial::WrongPassword))
    );
}

#[test]
fn the_target_counts_as_policy_says() {
    use Strictness::{Off, Require, WhenSent};
    let listed = ["HTTP/www.example.test", "alias"];
    let cases: [(Strictness, &[&str], &str, bool); 18] = [
        (Off, &[], "HTTP/elsewhere", true),
        (Off, &[], "", true),
        (WhenSent, &[], "", true),
        (Require, &[], "", false),
        (Require, &[], "HTTP/server.example.test", true),
        (Require, &[], "http/SERVER.example.TEST", true),
        (Require, &[], "HTTP/server", true),
        (Require, &[], "HTTP/server.example.test:8080", true),
        (Require, &[], "HTTP/server.example.test./service", true),
        (Require, &[], "server", true),
        (WhenSent, &[], "HTTP/elsewhere", false),
        (Require, &[], "HTTP/", false),
        (Require, &listed, "HTTP/www.example.test", true),
        (Require, &listed, "http/WWW.example.test", true),
        (Require, &listed, "cifs/www.example.test", false),
        (Require, &listed, "cifs/alias", true),
        (Require, &listed, "HTTP/server.example.test", false),
        (Require, &listed, "alias", true),
    ];
    for (strictness, names, target, right) in cases {
        let mut server = Party::alice();
        server.policy.target_name = strictness;
        server.policy.target_names = names.iter().map(|&name| name.to_owned()).collect();
        let client = Party { target: target.into(), ..Party::alice() };
        let result = establish(&client, &server);
        assert_eq!(result.is_ok(), right, "{strictness:?} {names:?} {target}");
        assert!(
            right || matches!(result.err(), Some(Error::WrongTarget(_))),
            "{strictness:?} {names:?} {target}"
        );
    }
    let mut server = Party::alice();
    server.policy.target_name = Require;
    let refused = establish(&Party::requiring(C::UNVERIFIED_TARGET_NAME), &server).err();
    assert!(matches!(refused, Some(Error::WrongTarget(_))), "{refused:?}");
}

#[test]
fn ntlmv1_is_used_and_accepted_only_where_configured() {
    for (offered, ess) in [(F::all(), true), (F::all() - F::EXTENDED_SESSIONSECURITY, false)] {
        for (client_may, server_may) in [(true, true), (true, false), (false, true)] {
            let mut parties = (Party::requiring(C::CONFIDENTIALITY), Party::alice());
            for (party, may) in [(&mut parties.0, client_may), (&mut parties.1, server_may)] {
                party.policy.responses.ntlmv1 = may && !ess;
                party.policy.responses.ntlmv1_ess = may && ess;
            }
            let result = without_target_info(&parties.0, &parties.1, offered);
            let result = match (client_may, server_may) {
                (true, false) => {
                    let refused = Some(Error::LogonDenied(Denial::ResponseNotAllowed));
                    assert_eq!(result.err(), refused);
                    continue;
                }
                // NTLMv2, but without the target information.
                (false, _) => {
                    assert_eq!(result.err(), Some(Error::LogonDenied(Denial::TargetInfo)));
                    without_target_info(&parties.0, &parties.1.taking_any_target_info(), offered)
                }
                (true, true) => result,
            };
            let (mut client, mut server) = result.expect("accepted");
            both_ways(&mut client, &mut server);
        }
    }
}

/// An exchange in which the client takes the server for one from before NTLMv2.
fn without_target_info(
    client: &Party,
    server: &Party,
    keep: F,
) -> Result<(Established, Established), Error> {
    let (initiator, mut negotiate) = going_on(client.initiate(&Initiator::new(), None)?);
    let flags = flags_at(&mut negotiate, 12);
    *flags = (u32::from_le_bytes(*flags) & keep.bits()).to_le_bytes();
    let (acceptor, mut challenge) = going_on(server.accept(&Acceptor::new(), &negotiate)?);
    let flags = flags_at(&mut challenge, 20);
    *flags = (u32::from_le_bytes(*flags) & !F::TARGET_INFO.bits()).to_le_bytes();
    let (client, authenticate) = done(client.initiate(&initiator, Some(&challenge))?);
    let (server, _) = done(server.accept(&acceptor, &authenticate.unwrap())?);
    Ok((client, server))
}

// ---- names

/// [MS-NLMP] 2.2.2.1: a member's NetBIOS and DNS domain names are its domain's.
#[test]
fn a_member_is_called_by_its_domain() {
    let host = ServerNames::from_host_name("web1.example.test");
    assert_eq!((host.own_domain(), &*host.nb_domain), ("", "WEB1"));
    let member = host.joined("EXAMPLE", "AD.EXAMPLE.TEST", "web1$");
    let expected = ServerNames {
        nb_computer: "WEB1".into(),
        nb_domain: "EXAMPLE".into(),
        dns_computer: "web1.example.test".into(),
        dns_domain: "ad.example.test".into(),
        dns_tree: String::new(),
        in_domain: true,
    };
    assert_eq!((member.own_domain(), &member), ("EXAMPLE", &expected));
    let member = ServerNames::from_host_name("front").joined("EXAMPLE", "EXAMPLE.TEST", "WEB1$");
    let names = (&*member.nb_computer, &*member.dns_computer);
    assert_eq!(names, ("WEB1", "web1.example.test"));
}

/// SEC_WINNT_AUTH_IDENTITY: `DOMAIN\user` stands for both only if there is no domain.
#[test]
fn an_identity_has_its_domain_in_one_place() {
    let named = |user, domain| {
        let account = Account::from_identity(&identity(user, domain, PASSWORD));
        (account.domain.clone(), account.user.clone())
    };
    assert_eq!(named("CORP\\bob", ""), ("CORP".into(), "bob".into()));
    assert_eq!(named(".\\bob", ""), ("".into(), "bob".into()));
    assert_eq!(named("CORP\\bob", "EXAMPLE"), ("EXAMPLE".into(), "CORP\\bob".into()));
    assert_eq!(named("bob", "EXAMPLE"), ("EXAMPLE".into(), "bob".into()));
}

/// The log, and the trace of an outcome, say which response a client has used.
#[test]
fn a_kind_of_response_has_a_name() {
    let server = Party::alice();
    let (_, established) = establish(&Party::alice(), &server).expect("accepted");
    assert_eq!(established.logon.expect("names").response, "NTLMv2");
}
