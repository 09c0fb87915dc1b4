//! AcceptSecurityContext through the C interface: state that is kept from one leg to the next, and
//! state that a caller's mistake does not change. (The C tests, tests/suites/c, cover every
//! parameter.)

use crate::support::abi::*;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ptr::null_mut;

/// A server before the client's last token, which is returned too.
fn before_last_leg(outbound: &Credentials, inbound: &Credentials, server: &mut Side) -> Vec<u8> {
    let mut client = Side::client(ISC_REQ_INTEGRITY);
    let first = server.step(inbound, Some(&client.step(outbound, None).token));
    assert_eq!(first.status, SEC_I_CONTINUE_NEEDED);
    client.step(outbound, Some(&first.token)).token
}

#[test]
fn both_packages_establish() {
    for package in ["Negotiate", "ntlm"] {
        let mut pair = establish(package);
        let names: SecPkgContext_Names<u16> = pair.server.query(SECPKG_ATTR_NAMES).unwrap();
        assert!(take_wide(names.sUserName).ends_with("alice"));
        let protection = ASC_RET_REPLAY_DETECT
            | ASC_RET_SEQUENCE_DETECT
            | ASC_RET_CONFIDENTIALITY
            | ASC_RET_INTEGRITY;
        assert_eq!(pair.server_end.attributes & protection, protection);
    }
}

#[test]
fn every_capacity_below_the_need_is_refused_and_none_costs_the_leg() {
    let (outbound, inbound) =
        (Credentials::outbound("Negotiate", "secret"), Credentials::inbound("Negotiate"));
    let mut server = Side::server(0);
    let mut client = Side::client(0);
    let mut token = client.step(&outbound, None).token;
    loop {
        server.room = 0;
        let mut end = server.step(&inbound, Some(&token));
        while end.status == SEC_E_BUFFER_TOO_SMALL {
            let need = end.length as usize;
            server.room = match server.room {
                // As on Windows, a buffer of no length is not told the need.
                0 => {
                    assert_eq!(need, 0);
                    1
                }
                room => {
                    assert!(need > room, "the need is more than there was");
                    if room + 1 < need { (room * 2 + 1).min(need - 1) } else { need }
                }
            };
            end = server.step(&inbound, Some(&token));
        }
        if end.status == SEC_E_OK {
            break;
        }
        assert_eq!((end.status, end.length as usize), (SEC_I_CONTINUE_NEEDED, server.room));
        token = client.step(&outbound, Some(&end.token)).token;
    }
    assert!(server.query::<SecPkgContext_Sizes>(SECPKG_ATTR_SIZES).is_ok());
}

#[test]
fn a_callers_mistake_does_not_end_the_conversation() {
    let (outbound, inbound) =
        (Credentials::outbound("Negotiate", "secret"), Credentials::inbound("Negotiate"));
    let mut server = Side::server(0);
    let mut token = before_last_leg(&outbound, &inbound, &mut server);
    let mut room = vec![0u8; 4096];
    let mut call = |input: SecBufferDesc, output: SecBufferDesc| {
        let (mut input, mut output) = (input, output);
        // SAFETY: every pointer that is dereferenced points to a value of its type.
        unsafe {
            AcceptSecurityContext(
                null_mut(),
                &mut server.context,
                &mut input,
                0,
                SECURITY_NATIVE_DREP,
                &mut server.context,
                &mut output,
                null_mut(),
                null_mut(),
            )
        }
    };
    let mut inputs = [buffer(SECBUFFER_TOKEN, &mut token)];
    let mut outputs = [buffer(SECBUFFER_TOKEN, &mut room)];
    let (input, output) = (descriptor(&mut inputs), descriptor(&mut outputs));
    let mut nowhere = [SecBuffer { pvBuffer: null_mut(), ..inputs[0] }];
    let mut short = [
        SecBuffer { cbBuffer: 31, BufferType: SECBUFFER_CHANNEL_BINDINGS, ..inputs[0] },
        inputs[0],
    ];
    for (input, output) in [
        (SecBufferDesc { ulVersion: 1, ..input }, output),
        (input, SecBufferDesc { ulVersion: 1, ..output }),
        (SecBufferDesc { cBuffers: 65, ..input }, output),
        (SecBufferDesc { cBuffers: u32::MAX, ..input }, output),
        (SecBufferDesc { pBuffers: null_mut(), ..input }, output),
        (input, SecBufferDesc { pBuffers: null_mut(), ..output }),
        (descriptor(&mut nowhere), output),
        (descriptor(&mut short), output),
    ] {
        assert_eq!(call(input, output), SEC_E_INVALID_PARAMETER);
        outputs[0].cbBuffer = 4096;
    }
    let output = descriptor(&mut outputs);
    assert_eq!(call(input, output), SEC_E_OK);
}

#[test]
fn what_accepts_more_clients_holds_for_its_own_leg_only() {
    let nobody = Credentials::new("NTLM", SECPKG_CRED_OUTBOUND, Some(("", "", "")));
    let inbound = Credentials::inbound("NTLM");
    for (legs, status) in
        [([true, true], SEC_E_OK), ([false, true], SEC_E_OK), ([true, false], SEC_E_LOGON_DENIED)]
    {
        let (mut client, mut server) = (Side::client(0), Side::server(0));
        let mut requirements =
            legs.map(|allowed| if allowed { ASC_REQ_ALLOW_NULL_SESSION } else { 0 }).into_iter();
        server.requirements = requirements.next().unwrap();
        let first = server.step(&inbound, Some(&client.step(&nobody, None).token));
        server.requirements = requirements.next().unwrap();
        let end = server.step(&inbound, Some(&client.step(&nobody, Some(&first.token)).token));
        assert_eq!(end.status, status, "{legs:?}");
        assert_eq!(end.attributes & ASC_RET_NULL_SESSION != 0, status == SEC_E_OK);
    }
}

/// `SEC_CHANNEL_BINDINGS` with this application data.
fn bindings(data: &[u8]) -> Vec<u8> {
    let words = [0, 0, 0, 0, 0, 0, data.len() as u32, 32];
    words.iter().flat_map(|word| word.to_ne_bytes()).chain(data.iter().copied()).collect()
}

#[test]
fn bindings_of_an_early_leg_hold_for_the_last() {
    let (outbound, inbound) =
        (Credentials::outbound("NTLM", "secret"), Credentials::inbound("NTLM"));
    for (theirs, status) in [
        ("tls-server-end-point:ours", SEC_E_OK),
        ("tls-server-end-point:other", SEC_E_BAD_BINDINGS),
    ] {
        let (mut client, mut server) = (Side::client(0), Side::server(0));
        client.bindings = Some(bindings(theirs.as_bytes()));
        server.bindings = Some(bindings(b"tls-server-end-point:ours"));
        let first = server.step(&inbound, Some(&client.step(&outbound, None).token));
        server.bindings = None;
        assert_eq!(
            server.step(&inbound, Some(&client.step(&outbound, Some(&first.token)).token)).status,
            status
        );
    }
}

/// Input and output in the same memory, and every structure unaligned.
#[test]
fn memory_may_be_shared_and_unaligned() {
    let (outbound, inbound) =
        (Credentials::outbound("Negotiate", "secret"), Credentials::inbound("Negotiate"));
    let mut client = Side::client(0);
    let mut token = client.step(&outbound, None).token;
    // Each structure at an odd address.
    let mut place = [[1u8; 65]; 8];
    let mut at = place.iter_mut().map(|room| {
        let pointer = room.as_mut_ptr();
        pointer.wrapping_add(1 - pointer.addr() % 2)
    });
    let mut next = || at.next().unwrap();
    let (context, credential, in_desc, out_desc) = (next(), next(), next(), next());
    let (in_buffer, out_buffer, attributes, expiry) = (next(), next(), next(), next());
    let mut memory = vec![0u8; 4096];
    let mut begun = false;
    let status = loop {
        memory[..token.len()].copy_from_slice(&token);
        let whole = buffer(SECBUFFER_TOKEN, &mut memory);
        let part = SecBuffer {
            cbBuffer: token.len() as u32,
            BufferType: SECBUFFER_TOKEN | SECBUFFER_READONLY,
            ..whole
        };
        // SAFETY: each place has room for its structure.
        let status = unsafe {
            credential.cast::<SecHandle>().write_unaligned(inbound.0);
            in_buffer.cast::<SecBuffer>().write_unaligned(part);
            out_buffer.cast::<SecBuffer>().write_unaligned(whole);
            let one = SecBufferDesc { ulVersion: 0, cBuffers: 1, pBuffers: in_buffer.cast() };
            in_desc.cast::<SecBufferDesc>().write_unaligned(one);
            out_desc
                .cast::<SecBufferDesc>()
                .write_unaligned(SecBufferDesc { pBuffers: out_buffer.cast(), ..one });
            AcceptSecurityContext(
                credential.cast(),
                if begun { context.cast() } else { null_mut() },
                in_desc.cast(),
                0,
                SECURITY_NETWORK_DREP,
                context.cast(),
                out_desc.cast(),
                attributes.cast(),
                expiry.cast(),
            )
        };
        begun = true;
        if status != SEC_I_CONTINUE_NEEDED {
            break status;
        }
        // SAFETY: as above.
        let length = unsafe { out_buffer.cast::<SecBuffer>().read_unaligned() }.cbBuffer as usize;
        token = client.step(&outbound, Some(&memory[..length])).token;
    };
    assert_eq!(status, SEC_E_OK);
    // SAFETY: a handle.
    assert_eq!(unsafe { DeleteSecurityContext(context.cast()) }, SEC_E_OK);
}

#[test]
fn an_identity_without_a_password_accepts_no_client() {
    let inbound = Credentials::new("NTLM", SECPKG_CRED_INBOUND, Some(("alice", "", "")));
    let outbound = Credentials::new("NTLM", SECPKG_CRED_OUTBOUND, Some(("alice", "", "")));
    let (mut client, mut server) = (Side::client(0), Side::server(0));
    let first = server.step(&inbound, Some(&client.step(&outbound, None).token));
    let end = server.step(&inbound, Some(&client.step(&outbound, Some(&first.token)).token));
    assert!(
        matches!(end.status, SEC_E_LOGON_DENIED | SEC_E_NO_AUTHENTICATING_AUTHORITY),
        "{:#x}",
        end.status
    );
}
