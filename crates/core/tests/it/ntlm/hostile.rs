//! Messages that are damaged, truncated or invented: none causes a panic, and none is accepted
//! wrongly.

use crate::support::caller::acceptor_config;
use crate::support::exchanges::hex;
use crate::support::ntlm::*;
use negossp_core::context::{Accepting, Call};
use negossp_core::mechanism::{self, Mechanism, Package};
use negossp_core::negotiate::AcceptorConfig;
use negossp_core::ntlm::av_pair::AvPairs;
use negossp_core::ntlm::message::authenticate::Authenticate;
use negossp_core::ntlm::message::challenge::Challenge;
use negossp_core::ntlm::message::client_challenge::ClientChallenge;
use negossp_core::ntlm::message::negotiate::Negotiate;
use negossp_core::ntlm::{Acceptor, Initiator};
use negossp_core::types::error::{Denial, Error};
use negossp_core::types::flags::ContextFlags as C;
use std::sync::Arc;

/// Alice's whole exchange with `server`, each message changed by `change` in transit: the client's
/// context or an error.
fn tampered(server: &Party, mut change: impl FnMut(usize, &mut Vec<u8>)) -> Result<String, Error> {
    let client = Party::requiring(C::CONFIDENTIALITY);
    let (initiator, mut negotiate) = going_on(client.initiate(&Initiator::new(), None)?);
    change(0, &mut negotiate);
    let (acceptor, mut challenge) = going_on(server.accept(&Acceptor::new(), &negotiate)?);
    change(1, &mut challenge);
    let (_, authenticate) = done(client.initiate(&initiator, Some(&challenge))?);
    let mut authenticate = authenticate.expect("AUTHENTICATE_MESSAGE");
    change(2, &mut authenticate);
    let (established, _) = done(server.accept(&acceptor, &authenticate)?);
    Ok(established.client.user.clone())
}

/// The messages' lengths, the same in each run.
fn lengths() -> [usize; 3] {
    let mut lengths = [0; 3];
    tampered(&Party::alice(), |leg, message| lengths[leg] = message.len()).expect("accepted");
    lengths
}

#[test]
fn no_bit_may_change() {
    for (leg, length) in lengths().into_iter().enumerate() {
        for bit in 0..8 * length {
            let result = tampered(&Party::alice(), |now, message| {
                if now == leg {
                    message[bit / 8] ^= 1 << (bit % 8);
                }
            });
            assert!(result.is_err(), "bit {bit} of message {leg}");
        }
    }
}

#[test]
fn a_changed_bit_never_yields_another_client() {
    // Clients without a MIC: a change may have no effect, but then the client is still Alice.
    for (leg, length) in lengths().into_iter().enumerate() {
        for bit in 0..8 * length {
            let server = Party::requiring(C::ALLOW_NULL_SESSION).taking_any_target_info();
            let result = tampered(&server, |now, message| {
                if now == 1 {
                    let timestamp = message.len() - 16;
                    message[timestamp] = 0xff;
                }
                if now == leg {
                    let last = message.len() - 1;
                    message[(bit / 8).min(last)] ^= 1 << (bit % 8);
                }
            });
            assert!(
                result.as_ref().is_ok_and(|user| user == USER) || result.is_err(),
                "bit {bit} of message {leg}: {result:?}"
            );
        }
    }
}

#[test]
fn no_message_may_be_cut() {
    for (leg, length) in lengths().into_iter().enumerate() {
        for keep in 0..length {
            let result = tampered(&Party::alice(), |now, message| {
                if now == leg {
                    message.truncate(keep);
                }
            });
            assert!(result.is_err(), "{keep} bytes of message {leg}");
        }
    }
}

#[test]
fn no_message_may_be_longer() {
    for leg in 0..3 {
        let result = tampered(&Party::alice(), |now, message| {
            if now == leg {
                message.push(0);
            }
        });
        assert_eq!(result, Err(Error::LogonDenied(Denial::Mic)), "message {leg}");
    }
}

#[test]
fn messages_out_of_turn_are_refused() {
    let exchange = exchange(&Party::alice(), &Party::alice()).expect("an answer");
    let invalid = |result: Result<Step<Acceptor>, Error>| {
        assert!(matches!(result.err(), Some(Error::InvalidToken(_))))
    };
    for message in [&exchange.challenge, &exchange.authenticate] {
        invalid(Party::alice().accept(&Acceptor::new(), message));
    }
    for message in [&exchange.negotiate, &exchange.challenge] {
        invalid(Party::alice().accept(&exchange.acceptor, message));
    }
    for message in [&exchange.negotiate, &exchange.authenticate] {
        let (initiator, _) = going_on(Party::alice().initiate(&Initiator::new(), None).unwrap());
        assert!(matches!(
            Party::alice().initiate(&initiator, Some(message)).err(),
            Some(Error::InvalidToken(_))
        ));
        assert!(matches!(
            Party::alice().initiate(&Initiator::new(), Some(message)).err(),
            Some(Error::InvalidToken(_))
        ));
    }
}

#[test]
fn a_token_over_the_limit_is_refused() {
    let config = AcceptorConfig { max_token: 40, ..acceptor_config(vec![]) };
    let server = Accepting::new(Package::Only(Mechanism::Ntlm), Arc::new(config));
    let (_, mut token) = going_on(Party::alice().initiate(&Initiator::new(), None).unwrap());
    assert!(token.len() <= 40);
    let call = Call { requirements: C::empty(), bindings: None, address: None, now: NOW };
    token.resize(40, 0);
    assert!(matches!(server.step(&token, call), Ok(mechanism::Step::Continue { .. })));
    token.push(0);
    assert!(matches!(server.step(&token, call).unwrap_err().error, Error::InvalidToken(_)));
}

// ---- fields

/// Where each message describes its payload's fields.
const FIELDS: [&[usize]; 3] = [&[16, 24], &[12, 40], &[12, 20, 28, 36, 44, 52]];

#[test]
fn fields_outside_their_message_are_refused() {
    let lengths = lengths();
    for (leg, fields) in FIELDS.iter().enumerate() {
        let end = lengths[leg] as u32;
        for &field in *fields {
            for (length, offset) in [
                (1u16, end),
                (1, end + 1),
                (2, end - 1),
                (0xffff, 0),
                (0xffff, end - 1),
                (1, u32::MAX),
                (0xffff, u32::MAX),
                (0xfffe, u32::MAX - 0xfffe),
                (1, 0),
                (8, 11),
            ] {
                let result = tampered(&Party::alice(), |now, message| {
                    if now == leg {
                        // NEGOTIATE_MESSAGE's count only if these flags say so.
                        if leg == 0 {
                            message[13] |= 0x30;
                        }
                        message[field..field + 2].copy_from_slice(&length.to_le_bytes());
                        message[field + 4..field + 8].copy_from_slice(&offset.to_le_bytes());
                    }
                });
                let case = format!("message {leg}, field at {field}: {length} bytes at {offset}");
                // The names in NEGOTIATE_MESSAGE are not needed, but the MIC covers them.
                let named = leg == 0 && result == Err(Error::LogonDenied(Denial::Mic));
                let refused = matches!(result, Err(Error::InvalidToken(_)));
                assert!(refused || named, "{case}: {result:?}");
            }
        }
    }
}

#[test]
fn random_damage_never_lets_in() {
    // xorshift64
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for round in 0..20_000 {
        let leg = round % 3;
        let result = tampered(&Party::alice(), |now, message| {
            if now == leg {
                for _ in 0..1 + random(4) {
                    let at = random(message.len());
                    message[at] = message[at].wrapping_add(1 + random(255) as u8);
                }
            }
        });
        // Two changes to the same byte may cancel each other.
        assert!(result.is_err() || result.is_ok_and(|user| user == USER), "round {round}");
    }
}

// ---- messages made by hand

/// A message's front: signature, type and `rest`.
fn message(message_type: u8, rest: &[u8]) -> Vec<u8> {
    [b"NTLMSSP\0", &[message_type, 0, 0, 0][..], rest].concat()
}

#[test]
fn negotiate_comes_in_three_lengths() {
    let flags = 0x0008_b203u32.to_le_bytes();
    // 16 bytes, without names whatever the flags say: the names are then absent.
    let shortest = message(1, &flags);
    assert_eq!(Negotiate::parse(&shortest).map(|message| message.domain), Ok(&[][..]));
    // 32 bytes and their names.
    let fields = [5, 0, 5, 0, 32, 0, 0, 0, 2, 0, 2, 0, 37, 0, 0, 0];
    let named = message(1, &[&flags[..], &fields, b"GROUPPC"].concat());
    let parsed = Negotiate::parse(&named).expect("a message");
    assert_eq!((parsed.domain, parsed.workstation), (&b"GROUP"[..], &b"PC"[..]));
    // Each starts an exchange.
    for first in [shortest, named] {
        going_on(Party::alice().accept(&Acceptor::new(), &first).expect("a challenge"));
    }
}

/// Heimdal's client writes its domain in UTF-16, and before the end of the fixed part.
#[test]
fn a_name_that_cannot_be_read_in_negotiate_is_no_name() {
    let heimdal =
        hex("4e544c4d5353500001000000119208400e000e001800000000000000000000004500580041004d\
                       0050004c004500");
    let parsed = Negotiate::parse(&heimdal).expect("a message");
    assert_eq!((parsed.domain, parsed.workstation), (&[][..], &[][..]));
    going_on(Party::alice().accept(&Acceptor::new(), &heimdal).expect("a challenge"));
}

#[test]
fn authenticate_comes_in_four_lengths() {
    // Anonymous: all fields empty. Up to Workstation, up to NegotiateFlags, with Version, with MIC.
    for (length, flags) in
        [(52, None), (64, Some(0x0008_8201u32)), (72, Some(0x0208_8201)), (88, Some(0x0208_8201))]
    {
        let mut bytes = message(3, &vec![0; length - 12]);
        if let Some(flags) = flags {
            bytes[60..64].copy_from_slice(&flags.to_le_bytes());
        }
        let parsed = Authenticate::parse(&bytes).expect("a message");
        assert!(parsed.is_anonymous());
        assert_eq!(parsed.flags.map(|flags| flags.bits()), flags, "{length}");
        assert_eq!(parsed.mic(&[0; 16], &[]).is_some(), length == 88);
        for cut in 0..52 {
            assert!(Authenticate::parse(&bytes[..cut]).is_err());
        }
    }
}

#[test]
fn names_must_be_utf16() {
    let exchange = exchange(&Party::alice(), &Party::alice()).expect("an answer");
    let user = exchange
        .authenticate
        .windows(10)
        .position(|bytes| bytes == b"a\0l\0i\0c\0e\0")
        .expect("the name");
    let invalid = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut message = exchange.authenticate.clone();
        change(&mut message);
        let result = Party::alice().accept(&exchange.acceptor, &message).err();
        assert!(matches!(result, Some(Error::InvalidToken(_))), "{result:?}");
    };
    // An unpaired high surrogate, an unpaired low one, the two in the wrong order, a NUL, an odd
    // length.
    invalid(&|message| message[user..user + 2].copy_from_slice(&0xd800u16.to_le_bytes()));
    invalid(&|message| message[user + 8..user + 10].copy_from_slice(&0xdbffu16.to_le_bytes()));
    invalid(&|message| message[user..user + 2].copy_from_slice(&0xdc00u16.to_le_bytes()));
    invalid(&|message| message[user..user + 4].copy_from_slice(&[0, 0xdc, 0, 0xd8]));
    invalid(&|message| message[user..user + 2].fill(0));
    invalid(&|message| message[36] -= 1);
}

#[test]
fn av_pairs_must_end() {
    let pairs = |bytes: &[u8]| AvPairs::parse(bytes).map(|pairs| pairs.iter().count());
    assert_eq!(pairs(&[0, 0, 0, 0]), Ok(0));
    assert_eq!(pairs(&[2, 0, 2, 0, b'D', 0, 0, 0, 0, 0]), Ok(1));
    // What follows the end is ignored.
    assert_eq!(pairs(&[2, 0, 2, 0, b'D', 0, 0, 0, 0, 0, 0xff, 0xff]), Ok(1));
    // Nothing, half a pair, a pair longer than the rest, no end, an end with a value.
    for bytes in [
        &[][..],
        &[0],
        &[0, 0, 0],
        &[2, 0, 3, 0, b'D', 0],
        &[2, 0, 2, 0, b'D', 0],
        &[0, 0, 1, 0, 0],
    ] {
        assert!(matches!(pairs(bytes), Err(Error::InvalidToken(_))), "{bytes:?}");
    }
    // Values of the wrong length.
    let parsed = AvPairs::parse(&[
        6, 0, 3, 0, 2, 0, 0, 7, 0, 0, 0, 10, 0, 1, 0, 1, 9, 0, 1, 0, b'H', 0, 0, 0, 0,
    ])
    .unwrap();
    assert!(parsed.flags().is_err());
    assert!(parsed.timestamp().is_err());
    assert!(parsed.channel_bindings().is_err());
    assert!(parsed.target_name().is_err());
}

#[test]
fn ntlmv2_responses_must_be_whole() {
    let mut response = vec![0; 16];
    response.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
    response.extend_from_slice(&[0; 20]);
    for length in 0..response.len() {
        assert!(ClientChallenge::parse(&response[..length]).is_err());
    }
    assert!(ClientChallenge::parse(&response).is_err(), "without MsvAvEOL");
    response.extend_from_slice(&[0; 4]);
    assert!(ClientChallenge::parse(&response).is_ok());
    for version in [16, 17] {
        let mut response = response.clone();
        response[version] = 2;
        assert!(ClientChallenge::parse(&response).is_err(), "version at {version}");
    }
}

#[test]
fn parsers_take_anything() {
    // Every message's header with every single byte value at every position, and nothing else.
    for message_type in 1..=3 {
        for length in 0..100 {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let bytes = message(message_type, &vec![value; length]);
                let _ = Negotiate::parse(&bytes);
                let _ = Challenge::parse(&bytes);
                let _ = Authenticate::parse(&bytes).map(|message| message.mic(&[0; 16], &[]));
                let _ = ClientChallenge::parse(&bytes);
                let _ = AvPairs::parse(&bytes).map(|pairs| pairs.iter().count());
            }
        }
    }
}
