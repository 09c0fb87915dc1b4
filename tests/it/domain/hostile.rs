//! Domain controllers that are broken, hostile or impersonated: no client is wrongly accepted, and
//! every call ends, with little memory.

use crate::support::accounts::Folder;
use crate::support::domain::*;
use crate::support::pac::{LogonInfo, SESSION_KEY, sid};
use negossp::authority::PassThrough;
use negossp::domain::netlogon::validation::{self, Level};
use negossp::domain::netlogon::{Channel, Refusal, Request, logon};
use negossp::net::rpc::{RpcError, endpoint_mapper};
use negossp::ntlm::{Messages, NetworkLogon, ResponsePolicy, Validated};
use negossp::principal::{Origin, Origins};
use negossp::types::error::{Denial, Error};
use negossp::types::ntstatus::NtStatus;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(200);

/// A placeholder for a response; the tests' domain controller does not check it.
const RESPONSE: [u8; 60] = [9; 60];

fn network_logon(nt_response: &[u8]) -> NetworkLogon<'_> {
    NetworkLogon {
        user: "alice",
        domain: "EXAMPLE",
        address: None,
        machine_id: None,
        oem: None,
        workstation: "CLIENT",
        server_challenge: [1; 8],
        nt_response,
        lm_response: &[0; 24],
        extended_session_security: true,
        allowed: ResponsePolicy::default(),
        mschapv2: false,
        messages: Messages::default(),
    }
}

fn request() -> Request<'static> {
    Request {
        user: "alice",
        domain: "EXAMPLE",
        workstation: "CLIENT",
        challenge: [1; 8],
        nt_response: &RESPONSE,
        lm_response: &[],
        mschapv2: false,
    }
}

fn asked(character: Character, timeout: Duration) -> Result<Validated, Error> {
    let folder = Folder::new();
    Dc::start(character).domain(&folder.path("."), timeout).validate(&network_logon(&RESPONSE))
}

fn acting(event: Event, action: Action) -> Character {
    Character {
        act: Box::new(move |_, now| if now == event { action.clone() } else { Action::Answer }),
        ..Character::default()
    }
}

fn no_authority<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::NoAuthority(_)))
}

#[test]
fn who_the_client_is_at_every_level() {
    for level in [6, 3] {
        let info = LogonInfo {
            extra_sids: vec![(sid("S-1-18-1"), 7), (sid("S-1-5-21-9-9-9-1"), 0x2000_0007)],
            ..LogonInfo::default()
        };
        let validated = asked(Character { level, info, ..Character::default() }, LONG).unwrap();
        let principal = validated.principal;
        assert_eq!((principal.domain.as_str(), principal.user.as_str()), ("EXAMPLE", "alice"));
        assert_eq!(principal.origins, Origins::all(Origin::Netlogon));
        let account = principal.account.unwrap();
        assert_eq!(account.sid, Some(sid("S-1-5-21-1-2-3-1102")));
        let groups: Vec<String> =
            account.groups.iter().map(|group| group.sid.to_string()).collect();
        assert_eq!(
            groups,
            ["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1107", "S-1-18-1", "S-1-5-21-9-9-9-1"]
        );
        let told = if level == 6 { ["example.test", "alice@example.test"] } else { ["", ""] };
        assert_eq!([account.dns_domain.as_str(), account.upn.as_str()], told);
        // Below level 6 the keys are sent with another layer of encryption.
        assert_eq!(*validated.session_base_key, SESSION_KEY);
        assert_eq!(*validated.lm_session_key, *b"LM KEY..");
    }
}

#[test]
fn refusals_are_told_from_failures() {
    let status = |status| asked(Character { status, ..Character::default() }, LONG).err().unwrap();
    for refusal in
        [0xc000_006a_u32, 0xc000_0064, 0xc000_0234, 0xc000_0071, 0xc000_0224, 0xc000_6666]
    {
        assert_eq!(status(refusal), Error::LogonDenied(Denial::Controller(NtStatus(refusal))));
    }
    for failure in [ACCESS_DENIED, 0xc000_005e, 0xc000_018d, 0xc000_00e5] {
        assert!(matches!(status(failure), Error::NoAuthority(_)), "{failure:x}");
    }
}

#[test]
fn guests_and_keys_that_everybody_knows_are_refused() {
    let info = LogonInfo { user_flags: 0x21, ..LogonInfo::default() };
    assert!(matches!(
        asked(Character { info, ..Character::default() }, LONG),
        Err(Error::LogonDenied(_))
    ));
    assert!(matches!(
        asked(Character { session_key: [0; 16], ..Character::default() }, LONG),
        Err(Error::LogonDenied(_))
    ));
}

#[test]
fn weak_responses_never_get_there() {
    let folder = Folder::new();
    let dc = Dc::start(Character::default());
    let domain = dc.domain(&folder.path("."), LONG);
    for (nt_response, allowed) in [
        (&[1; 24][..], ResponsePolicy::default()),
        (&[], ResponsePolicy { lm: true, lmv2: true, ..Default::default() }),
    ] {
        let logon = NetworkLogon { allowed, ..network_logon(nt_response) };
        assert_eq!(
            domain.validate(&logon).err(),
            Some(Error::LogonDenied(Denial::ResponseNotAllowed))
        );
    }
    assert_eq!(dc.count(Event::Bind), 0);
}

#[test]
fn nothing_less_than_aes_and_no_peer_without_the_secret() {
    let refusal = |character: Character| {
        let dc = Dc::start(character);
        Channel::establish(dc.address, &machine(), &NT_HASH, Instant::now() + LONG).err().unwrap()
    };
    for missing in [0x0100_0000, 0x4000_0000, 0x4000] {
        let flags = ALL_FLAGS & !missing;
        assert_eq!(refusal(Character { flags, ..Character::default() }), Refusal::Weak(flags));
    }
    assert_eq!(refusal(Character { nt_hash: [7; 16], ..Character::default() }), Refusal::Impostor);
    let dc = Dc::start(Character::default());
    let wrong = Channel::establish(dc.address, &machine(), &[7; 16], Instant::now() + LONG);
    assert_eq!(
        wrong.err(),
        Some(Refusal::Status("NetrServerAuthenticate3", NtStatus::ACCESS_DENIED))
    );
}

/// A logon over one connection, with the answer changed.
fn over_one(dc: &Dc, channel: &Channel, deadline: Duration) -> Result<validation::Reply, RpcError> {
    assert!(dc.address.ip().is_loopback());
    let deadline = Instant::now() + deadline;
    let mut connection = channel.connect(deadline)?;
    logon(channel, &mut connection, &request(), Level::SamInfo4, deadline)
}

#[test]
fn no_bit_of_an_answer_may_change() {
    // On each connection another bit is changed, by the connection's number.
    let bit = std::sync::Arc::new(AtomicUsize::new(usize::MAX));
    let length = std::sync::Arc::new(AtomicUsize::new(0));
    let (now, seen) = (bit.clone(), length.clone());
    let act = move |_: usize, event: Event| match event {
        Event::Logon => {
            let (bit, seen) = (now.load(Ordering::SeqCst), seen.clone());
            edited(move |answer| {
                seen.store(answer.len(), Ordering::SeqCst);
                if let Some(byte) = answer.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
            })
        }
        _ => Action::Answer,
    };
    let dc = Dc::start(Character { act: Box::new(act), ..Character::default() });
    let channel =
        Channel::establish(dc.address, &machine(), &NT_HASH, Instant::now() + LONG).unwrap();
    over_one(&dc, &channel, LONG).unwrap();
    let bits = 8 * length.load(Ordering::SeqCst);
    let mut unnoticed = 0;
    for flipped in 0..bits {
        bit.store(flipped, Ordering::SeqCst);
        if let Ok(reply) = over_one(&dc, &channel, SHORT) {
            // Bytes without meaning may change: the client is still Alice.
            let validation = reply.validation.unwrap();
            assert_eq!(
                (validation.user.as_str(), *validation.user_session_key),
                ("alice", SESSION_KEY),
                "bit {flipped}"
            );
            unnoticed += 1;
        }
    }
    // Minor version, flags, hints, reserved bytes: some 50 bytes of one fragment, half of which is
    // the end of the signature.
    assert!(unnoticed < 8 * 64, "{unnoticed} of {bits}");
}

#[test]
fn answers_that_are_cut_lengthened_or_of_another_kind() {
    for event in
        [Event::Bind, Event::ReqChallenge, Event::Authenticate3, Event::SecureBind, Event::Logon]
    {
        let edits: [fn(&mut Vec<u8>); 9] = [
            |answer| answer.truncate(answer.len() / 2),
            |answer| answer.truncate(10),
            |answer| answer[8..10].copy_from_slice(&[0xff, 0xff]),
            |answer| answer[8..10].copy_from_slice(&[3, 0]),
            |answer| answer[10..12].copy_from_slice(&[0xff, 0xff]),
            |answer| answer[2] = 13,
            |answer| answer[2] = 0,
            |answer| answer[0] = 4,
            |answer| *answer = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        ];
        for (index, edit) in edits.into_iter().enumerate() {
            // Some are waited for until the timeout, since the answer could still arrive.
            assert!(no_authority(asked(acting(event, edited(edit)), SHORT)), "{event:?}, {index}");
        }
        for action in [Action::Close, Action::Silence, Action::Fault(5), Action::Fault(0x1c01_0003)]
        {
            assert!(no_authority(asked(acting(event, action), SHORT)), "{event:?}");
        }
    }
}

#[test]
fn answers_that_never_end() {
    let trouble = |action| {
        let dc = Dc::start(acting(Event::Logon, action));
        let channel =
            Channel::establish(dc.address, &machine(), &NT_HASH, Instant::now() + LONG).unwrap();
        over_one(&dc, &channel, Duration::from_secs(30)).err().unwrap()
    };
    for size in [16, 4000] {
        assert_eq!(trouble(Action::Endless(size)), RpcError::Malformed("longer than any answer"));
    }
    assert_eq!(trouble(Action::Endless(0)), RpcError::Malformed("an empty fragment"));
    let dc = Dc::start(acting(Event::Logon, Action::Drip));
    let channel =
        Channel::establish(dc.address, &machine(), &NT_HASH, Instant::now() + LONG).unwrap();
    assert_eq!(over_one(&dc, &channel, SHORT).err(), Some(RpcError::TimedOut));
}

#[test]
fn results_in_fragments_of_any_size() {
    let right = results(Some(&LogonInfo::default()), 6, SESSION_KEY, *b"LM KEY..", 0);
    for size in [16, 48, 112, right.len(), 5000] {
        let validated =
            asked(acting(Event::Logon, Action::Results(right.clone(), size)), LONG).unwrap();
        assert_eq!(validated.principal.user, "alice");
    }
    // The length of the padding is not under the seal: fragments before the last have none.
    for size in [1, 7, 100] {
        assert!(no_authority(asked(
            acting(Event::Logon, Action::Results(right.clone(), size)),
            LONG
        )));
    }
    // Authentic but invalid: counts beyond the data, and truncation at every length.
    for length in (0..right.len()).step_by(3) {
        assert!(validation::parse(&right[..length]).is_err(), "{length}");
    }
    for at in (0..right.len()).step_by(4) {
        let mut huge = right.clone();
        huge[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff);
        let _ = validation::parse(&huge);
    }
    assert!(no_authority(asked(
        acting(Event::Logon, Action::Results(vec![0xff; 600], 112)),
        SHORT
    )));
}

/// NETLOGON_VALIDATION_INFO_CLASS, [MS-NRPC] 2.2.1.4.17: 3 and 6 are asked for.
#[test]
fn results_of_a_level_that_is_never_asked_for_are_not_read() {
    for level in 0..8 {
        let results = results(Some(&LogonInfo::default()), level, SESSION_KEY, *b"LM KEY..", 0);
        assert_eq!(validation::parse(&results).is_ok(), [3, 6].contains(&level), "{level}");
    }
}

/// [MS-RPCE] 2.2.2.11: the trailer is aligned to 16 bytes, which takes at most 15 of padding.
#[test]
fn padding_takes_nothing_away_but_what_alignment_needs() {
    // The trailer stands before the signature of 56 bytes; auth_pad_length is its third byte.
    let padded = |fragment: &'static [u8]| {
        edited(move |answer| {
            let at = answer.len() - 56 - 6;
            answer[at] = answer[at].wrapping_add(fragment[0]);
        })
    };
    for more in [&[16][..], &[32], &[240]] {
        let character = acting(Event::Logon, padded(more));
        let dc = Dc::start(character);
        let channel =
            Channel::establish(dc.address, &machine(), &NT_HASH, Instant::now() + LONG).unwrap();
        let error = over_one(&dc, &channel, SHORT).err();
        assert!(matches!(error, Some(RpcError::Altered(_))), "{more:?}: {error:?}");
    }
}

/// A reply that kept the seal and cannot be read concerns one logon: neither does the controller
/// rest, nor is the channel made anew.
#[test]
fn an_unreadable_reply_is_one_logon_s_trouble() {
    let good = results(Some(&LogonInfo::default()), 6, SESSION_KEY, *b"LM KEY..", 0);
    let name: Vec<u8> = "alice".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let at = good.windows(name.len()).position(|window| window == name).unwrap();
    // EffectiveName with a NUL, and with half a surrogate; results that are cut short.
    let with = |unit: [u8; 2]| {
        let mut bad = good.clone();
        bad[at..at + 2].copy_from_slice(&unit);
        bad
    };
    for bad in [with([0, 0]), with([0, 0xd8]), good[..good.len() / 2].to_vec()] {
        let folder = Folder::new();
        let logons = AtomicUsize::new(0);
        let act = move |_: usize, event: Event| match event {
            Event::Logon if logons.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) => {
                Action::Results(bad.clone(), 112)
            }
            _ => Action::Answer,
        };
        let dc = Dc::start(Character { act: Box::new(act), ..Character::default() });
        let domain = dc.domain(&folder.path("."), LONG);
        for _ in 0..3 {
            assert!(no_authority(domain.validate(&network_logon(&RESPONSE))));
            assert!(domain.validate(&network_logon(&RESPONSE)).is_ok());
        }
        assert_eq!((dc.count(Event::Authenticate3), dc.count(Event::Logon)), (1, 6));
    }
}

/// Challenge and credential sent back, and constants, prove nothing ([MS-NRPC] 3.1.4.1).
#[test]
fn a_peer_without_the_secret_is_no_controller() {
    // Both stand alone at the start of the results, behind the header of 24 bytes.
    let own = |event: Event, bytes: [u8; 8]| {
        move |_: usize, now: Event| match now {
            now if now == event => edited(move |answer| answer[24..32].copy_from_slice(&bytes)),
            _ => Action::Answer,
        }
    };
    let refusal = |act: Box<dyn Fn(usize, Event) -> Action + Send + Sync>| {
        let dc = Dc::start(Character { act, reflects: false, ..Character::default() });
        Channel::establish(dc.address, &machine(), &NT_HASH, Instant::now() + LONG).err()
    };
    for constant in [0, 0xff, 7] {
        let mut almost = [constant; 8];
        almost[7] ^= 1;
        for bytes in [[constant; 8], almost] {
            let challenge = refusal(Box::new(own(Event::ReqChallenge, bytes)));
            assert_eq!(challenge, Some(Refusal::Impostor), "{bytes:?}");
            let credential = refusal(Box::new(own(Event::Authenticate3, bytes)));
            assert_eq!(credential, Some(Refusal::Impostor), "{bytes:?}");
        }
    }
    let dc = Dc::start(Character { reflects: true, ..Character::default() });
    let made = Channel::establish(dc.address, &machine(), &NT_HASH, Instant::now() + LONG);
    assert_eq!(made.err(), Some(Refusal::Impostor));
}

#[test]
fn one_channel_for_all_and_no_more_connections_than_configured() {
    let folder = Folder::new();
    let dc = Dc::start(Character::default());
    let domain = dc.domain(&folder.path("."), LONG);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                (0..20).for_each(|_| assert!(domain.validate(&network_logon(&RESPONSE)).is_ok()))
            });
        }
    });
    assert_eq!((dc.count(Event::Authenticate3), dc.count(Event::Logon)), (1, 320));
    assert!(dc.most.load(Ordering::SeqCst) <= 2);
}

#[test]
fn a_channel_that_is_no_longer_accepted_is_made_anew() {
    for action in [
        Action::Fault(0x0000_0721),
        Action::Close,
        Action::Results(results(None, 6, [0; 16], [0; 8], ACCESS_DENIED), 100),
        edited(|answer| *answer.last_mut().unwrap() ^= 1),
        edited(|answer| answer[30] ^= 1),
    ] {
        let folder = Folder::new();
        let logons = AtomicUsize::new(0);
        let act = move |_: usize, event: Event| match event {
            Event::Logon if logons.fetch_add(1, Ordering::SeqCst) == 2 => action.clone(),
            _ => Action::Answer,
        };
        let dc = Dc::start(Character { act: Box::new(act), ..Character::default() });
        let domain = dc.domain(&folder.path("."), LONG);
        for _ in 0..6 {
            assert!(domain.validate(&network_logon(&RESPONSE)).is_ok());
        }
    }
}

#[test]
fn the_next_controller_is_asked_and_a_dead_domain_is_left_alone() {
    let folder = Folder::new();
    let (dead, good) =
        (Dc::start(acting(Event::Bind, Action::Close)), Dc::start(Character::default()));
    let both = domain(&[dead.address, good.address], &folder.path("."), LONG);
    for _ in 0..5 {
        assert!(both.validate(&network_logon(&RESPONSE)).is_ok());
    }
    // A controller that does not answer takes half of the time, and no more.
    let silent = Dc::start(acting(Event::ReqChallenge, Action::Silence));
    let both = domain(&[silent.address, good.address], &folder.path("."), Duration::from_secs(2));
    assert!(both.validate(&network_logon(&RESPONSE)).is_ok());
    // If there is no other, none is tried again for a while.
    let alone = dead.domain(&folder.path("."), LONG);
    assert!(no_authority(alone.validate(&network_logon(&RESPONSE))));
    let before = dead.count(Event::Bind);
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| assert!(no_authority(alone.validate(&network_logon(&RESPONSE)))));
        }
    });
    assert_eq!(dead.count(Event::Bind), before);
}

#[test]
fn logons_that_time_out_do_no_harm() {
    let folder = Folder::new();
    let slow = |_: usize, event: Event| {
        if event == Event::Logon {
            thread::sleep(Duration::from_millis(20));
        }
        Action::Answer
    };
    let dc = Dc::start(Character { act: Box::new(slow), ..Character::default() });
    let domain = dc.domain(&folder.path("."), Duration::from_secs(1));
    let let_in = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| match domain.validate(&network_logon(&RESPONSE)) {
                Ok(_) => drop(let_in.fetch_add(1, Ordering::SeqCst)),
                refused => assert!(no_authority(refused)),
            });
        }
    });
    assert!(let_in.load(Ordering::SeqCst) > 0);
    // The domain controller was busy, not unreachable.
    assert!(domain.validate(&network_logon(&RESPONSE)).is_ok());
    assert_eq!(dc.count(Event::Authenticate3), 1);
}

#[test]
fn a_controller_that_fails_at_every_logon_gives_way_to_the_next() {
    for action in [
        Action::Close,
        Action::Fault(5),
        Action::Results(results(None, 6, [0; 16], [0; 8], ACCESS_DENIED), 100),
    ] {
        let folder = Folder::new();
        let (bad, good) =
            (Dc::start(acting(Event::Logon, action)), Dc::start(Character::default()));
        let both = domain(&[bad.address, good.address], &folder.path("."), LONG);
        assert!(both.validate(&network_logon(&RESPONSE)).is_ok());
    }
}

/// A client that names another domain, whose controller this one asks.
fn of_other_domain() -> NetworkLogon<'static> {
    NetworkLogon { domain: "EVIL", ..network_logon(&RESPONSE) }
}

/// What a controller does with logons while its asking another domain's is of no use.
fn controller_of_a_trust(
    action: Action,
    other_domain: Arc<AtomicBool>,
    and_then: Option<Event>,
) -> Character {
    let act = move |_: usize, event: Event| match other_domain.load(Ordering::SeqCst) {
        true if event == Event::Logon || Some(event) == and_then => action.clone(),
        _ => Action::Answer,
    };
    Character { act: Box::new(act), ..Character::default() }
}

/// The controller of another domain may hang, or be hostile. The server's own is at work.
#[test]
fn a_logon_of_another_domain_without_a_reply_stops_nobody_else() {
    let denied = Action::Results(results(None, 6, [0; 16], [0; 8], ACCESS_DENIED), 100);
    for (action, controllers) in [(Action::Silence, 1), (Action::Silence, 2), (denied, 1)] {
        let folder = Folder::new();
        let asked = Arc::new(AtomicBool::new(false));
        let start = || Dc::start(controller_of_a_trust(action.clone(), asked.clone(), None));
        let all: Vec<Dc> = (0..controllers).map(|_| start()).collect();
        let addresses: Vec<SocketAddr> = all.iter().map(|dc| dc.address).collect();
        let domain = domain(&addresses, &folder.path("."), Duration::from_secs(1));
        for _ in 0..2 {
            assert!(domain.validate(&network_logon(&RESPONSE)).is_ok());
            asked.store(true, Ordering::SeqCst);
            assert!(domain.validate(&of_other_domain()).is_err());
            asked.store(false, Ordering::SeqCst);
            let start = Instant::now();
            assert!(domain.validate(&network_logon(&RESPONSE)).is_ok());
            assert!(domain.validate(&of_other_domain()).is_ok());
            assert!(start.elapsed() < Duration::from_millis(900));
        }
        assert_eq!(all.iter().skip(1).map(|dc| dc.count(Event::Bind)).sum::<usize>(), 0);
    }
}

/// While logons of another domain wait for their replies, one connection is free of them.
#[test]
fn logons_of_another_domain_leave_a_connection_to_the_own() {
    let folder = Folder::new();
    let asked = Arc::new(AtomicBool::new(true));
    let dc = Dc::start(controller_of_a_trust(Action::Silence, asked.clone(), None));
    let domain = dc.domain(&folder.path("."), Duration::from_secs(3));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(no_authority(domain.validate(&of_other_domain()))));
        }
        while dc.count(Event::Logon) == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_millis(200));
        assert_eq!(dc.count(Event::Logon), 1);
        asked.store(false, Ordering::SeqCst);
        let start = Instant::now();
        for _ in 0..10 {
            assert!(domain.validate(&network_logon(&RESPONSE)).is_ok());
        }
        assert!(start.elapsed() < Duration::from_secs(2));
        asked.store(true, Ordering::SeqCst);
    });
    asked.store(false, Ordering::SeqCst);
    assert!(domain.validate(&of_other_domain()).is_ok());
}

/// One that accepts no connection either is left for the next, by clients of any domain.
#[test]
fn a_controller_that_hangs_gives_way_to_the_next_for_clients_of_any_domain() {
    let folder = Folder::new();
    let hangs = Arc::new(AtomicBool::new(false));
    let hanging = controller_of_a_trust(Action::Silence, hangs.clone(), Some(Event::SecureBind));
    let (bad, good) = (Dc::start(hanging), Dc::start(Character::default()));
    let both = domain(&[bad.address, good.address], &folder.path("."), Duration::from_secs(2));
    assert!(both.validate(&of_other_domain()).is_ok());
    assert_eq!(good.count(Event::Logon), 0);
    hangs.store(true, Ordering::SeqCst);
    assert!(both.validate(&of_other_domain()).is_ok());
    assert_eq!(good.count(Event::Logon), 1);
}

#[test]
fn what_an_endpoint_mapper_may_say() {
    // entry_handle, num_towers, then max_count, offset and actual count, referents, towers, status.
    let tower = b"\x05\0\x13\0\x0d\x78\x56\x34\x12\x34\x12\xcd\xab\xef\0\x01\x23\x45\x67\xcf\xfb\x01\0\x02\0\0\0\
        \x13\0\x0d\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\0\x2b\x10\x48\x60\x02\0\x02\0\0\0\
        \x01\0\x0b\x02\0\0\0\x01\0\x07\x02\0\xc0\x01\x01\0\x09\x04\0\x7f\0\0\x01";
    let right = |count: u32, status: u32| {
        let mut out = vec![0; 20];
        for number in [count, 4, 0, count, 3] {
            out.extend(number.to_le_bytes());
        }
        out.extend(
            [(tower.len() as u32).to_le_bytes(), (tower.len() as u32).to_le_bytes()].concat(),
        );
        out.extend(tower);
        out.resize(out.len().next_multiple_of(4), 0);
        out.extend(status.to_le_bytes());
        out
    };
    assert_eq!(endpoint_mapper::parse(&right(1, 0)), Ok(49153));
    assert_eq!(endpoint_mapper::parse(&right(1, 0x16c9_a0d6)), Err(RpcError::Fault(0x16c9_a0d6)));
    assert!(endpoint_mapper::parse(&right(u32::MAX, 0)).is_err());
    let good = right(1, 0);
    for length in 0..good.len() {
        assert!(endpoint_mapper::parse(&good[..length]).is_err(), "{length}");
    }
    for bit in 0..8 * good.len() {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let _ = endpoint_mapper::parse(&bytes);
    }
}
