//! Messages in SSPI buffers, mostly of Kerberos contexts. Miri checks the pointers.

use super::lock::Lock;
use super::{CONTEXTS, ContextObject};
use crate::context::EstablishedContext;
use crate::entry::abi::*;
use crate::entry::exports;
use crate::entry::handles::Object;
use crate::entry::tests::abi_support::{buffer, descriptor};
use crate::kerberos::EstablishedSession;
use crate::kerberos::crypto::{Enctype, Key};
use crate::kerberos::session::{Session, Setup, Side};
use crate::mechanism::Mechanism;
use crate::mechanism::Package;
use crate::negotiate::Established;
use crate::ntlm;
use crate::platform::random::SystemRandom;
use crate::principal::Principal;
use crate::server::Context;
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use std::sync::Arc;

/// A context's handle; deleted when dropped.
struct Handle(CtxtHandle);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is a handle.
        assert_eq!(unsafe { exports::DeleteSecurityContext(&mut self.0) }, SEC_E_OK);
    }
}

impl Handle {
    fn new(side: Side, enctype: Enctype, dce_style: bool) -> Handle {
        let flags = ContextFlags::REPLAY_DETECT | ContextFlags::SEQUENCE_DETECT;
        let key = Key::new(enctype, &[0x4b; 32][..enctype.key_length()]).unwrap();
        let (send_sequence, receive_sequence) =
            if side == Side::Acceptor { (5, 9) } else { (9, 5) };
        let session = Session::new(Setup {
            side,
            key,
            acceptor_subkey: true,
            send_sequence,
            receive_sequence,
            flags,
            dce_style,
            random: &SystemRandom,
        });
        let session =
            crate::negotiate::Session::Kerberos(EstablishedSession { session, delegated: None });
        Handle::of(session, Mechanism::Kerberos, flags, side == Side::Acceptor)
    }

    /// An NTLM client that signs.
    fn ntlm() -> Handle {
        use ntlm::flags::NegotiateFlags as F;
        let flags = F::SIGN | F::EXTENDED_SESSIONSECURITY | F::N128 | F::KEY_EXCH;
        let session = ntlm::Session::new(flags, &[0x4b; 16], ntlm::Side::Client);
        let session = crate::negotiate::Session::Ntlm(session);
        Handle::of(session, Mechanism::Ntlm, ContextFlags::INTEGRITY, false)
    }

    fn of(
        session: crate::negotiate::Session,
        mechanism: Mechanism,
        flags: ContextFlags,
        accepted: bool,
    ) -> Handle {
        let established = Established {
            session,
            mechanism,
            flags,
            client: Principal::default(),
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
            package: Package::Only(mechanism),
            accepted,
        };
        let object = ContextObject::new(Context::Established(secured), FileTime::NEVER);
        Handle(CONTEXTS.insert(Object::Ours(Arc::new(Lock::new(object))), 1000).unwrap().into())
    }

    fn pair(enctype: Enctype, dce_style: bool) -> (Handle, Handle) {
        (
            Handle::new(Side::Acceptor, enctype, dce_style),
            Handle::new(Side::Initiator, enctype, dce_style),
        )
    }

    fn encrypt(&mut self, qop: ULONG, buffers: &mut [SecBuffer]) -> SECURITY_STATUS {
        // SAFETY: the buffers point to what they say.
        unsafe { exports::EncryptMessage(&mut self.0, qop, &mut descriptor(buffers), 0) }
    }

    fn decrypt(&mut self, buffers: &mut [SecBuffer]) -> (SECURITY_STATUS, ULONG) {
        let mut qop = 7;
        // SAFETY: the buffers point to what they say.
        let status =
            unsafe { exports::DecryptMessage(&mut self.0, &mut descriptor(buffers), 0, &mut qop) };
        (status, qop)
    }
}

/// .NET calls it with SECQOP_WRAP_NO_ENCRYPT. Windows' NTLM signs then; its Kerberos answers
/// SEC_E_INVALID_TOKEN (dotnet/runtime#103461).
#[test]
fn signatures_of_a_wrapped_quality_are_ntlms() {
    let sign = |handle: &mut Handle, qop| {
        let (mut data, mut token) = (*MESSAGE, [0; 64]);
        let mut buffers = [buffer(SECBUFFER_DATA, &mut data), buffer(SECBUFFER_TOKEN, &mut token)];
        let mut message = descriptor(&mut buffers);
        // SAFETY: the buffers point to what they say.
        let status = unsafe { exports::MakeSignature(&mut handle.0, qop, &mut message, 0) };
        (status, token)
    };
    let (status, signature) = sign(&mut Handle::ntlm(), 0);
    assert_eq!(status, SEC_E_OK);
    let (mut ntlm, mut kerberos) =
        (Handle::ntlm(), Handle::new(Side::Initiator, Enctype::Aes256Sha1, false));
    assert_eq!(sign(&mut kerberos, SECQOP_WRAP_NO_ENCRYPT).0, SEC_E_INVALID_TOKEN);
    for handle in [&mut ntlm, &mut kerberos] {
        assert_eq!(sign(handle, 0x1234).0, SEC_E_QOP_NOT_SUPPORTED);
    }
    assert_eq!(sign(&mut ntlm, SECQOP_WRAP_NO_ENCRYPT), (SEC_E_OK, signature));
    assert_eq!(sign(&mut kerberos, 0).0, SEC_E_OK);
}

const MESSAGE: &[u8; 21] = b"a message to be sent.";

/// Token, data and padding, concatenated, are the peer's stream.
#[test]
fn a_message_with_its_padding_is_a_stream() {
    for (enctype, padding) in
        [(Enctype::Aes256Sha1, 0), (Enctype::Rc4Hmac, 1), (Enctype::Des3Sha1, 3)]
    {
        for qop in [0, SECQOP_WRAP_NO_ENCRYPT] {
            let (mut server, mut client) = Handle::pair(enctype, false);
            let (mut token, mut data, mut pad) = ([0; 80], *MESSAGE, [0xa5; 8]);
            let mut buffers = [
                buffer(SECBUFFER_TOKEN, &mut token),
                buffer(SECBUFFER_DATA, &mut data),
                buffer(SECBUFFER_PADDING, &mut pad),
            ];
            assert_eq!(server.encrypt(qop, &mut buffers), SEC_E_OK);
            let used = buffers[0].cbBuffer as usize;
            assert_eq!(
                (buffers[1].cbBuffer as usize, buffers[2].cbBuffer as usize),
                (MESSAGE.len(), padding)
            );
            assert!(used < 80 && pad[padding..] == [0xa5; 8][padding..]);
            assert_eq!(data == *MESSAGE, qop != 0);

            let mut wire = [&token[..used], &data, &pad[..padding]].concat();
            let all = wire.as_mut_ptr_range();
            let mut buffers =
                [buffer(SECBUFFER_STREAM, &mut wire), buffer(SECBUFFER_DATA, &mut [])];
            assert_eq!(client.decrypt(&mut buffers), (SEC_E_OK, qop));
            let (start, length) = (buffers[1].pvBuffer.cast::<u8>(), buffers[1].cbBuffer as usize);
            assert!(all.contains(&start) && length == MESSAGE.len());
            // SAFETY: it lies in `wire`, as was just seen.
            assert_eq!(unsafe { std::slice::from_raw_parts(start, length) }, MESSAGE);
        }
    }
}

/// The same in separate buffers.
#[test]
fn a_message_with_its_padding_in_buffers() {
    for enctype in [Enctype::Aes128Sha256, Enctype::Rc4Hmac, Enctype::Des3Sha1] {
        let (mut server, mut client) = Handle::pair(enctype, false);
        let (mut token, mut data, mut pad) = ([0; 80], *MESSAGE, [0; 8]);
        let mut buffers = [
            buffer(SECBUFFER_PADDING, &mut pad),
            buffer(SECBUFFER_DATA, &mut data),
            buffer(SECBUFFER_TOKEN, &mut token),
        ];
        assert_eq!(client.encrypt(0, &mut buffers), SEC_E_OK);
        assert_eq!(server.decrypt(&mut buffers), (SEC_E_OK, 0));
        assert_eq!(data, *MESSAGE);
    }
}

/// Too little room for the padding: the required length is set and nothing else changes.
#[test]
fn too_little_room_for_the_padding() {
    let (mut server, mut client) = Handle::pair(Enctype::Des3Sha1, false);
    let (mut token, mut data, mut pad) = ([0xa5; 80], *MESSAGE, [0xa5; 2]);
    let mut buffers = [
        buffer(SECBUFFER_TOKEN, &mut token),
        buffer(SECBUFFER_DATA, &mut data),
        buffer(SECBUFFER_PADDING, &mut pad),
    ];
    assert_eq!(server.encrypt(0, &mut buffers), SEC_E_BUFFER_TOO_SMALL);
    assert_eq!(buffers.map(|buffer| buffer.cbBuffer), [80, 21, 3]);
    assert_eq!((token, data, pad), ([0xa5; 80], *MESSAGE, [0xa5; 2]));

    let mut enough = [0; 3];
    let mut buffers = [
        buffer(SECBUFFER_TOKEN, &mut token),
        buffer(SECBUFFER_DATA, &mut data),
        buffer(SECBUFFER_PADDING, &mut enough),
    ];
    assert_eq!(server.encrypt(0, &mut buffers), SEC_E_OK);
    assert_eq!(client.decrypt(&mut buffers), (SEC_E_OK, 0));
    assert_eq!(data, *MESSAGE);
}

/// Buffers that are written to must not overlap.
#[test]
fn padding_that_overlaps() {
    let (mut server, _client) = Handle::pair(Enctype::Rc4Hmac, false);
    let mut memory = [0x11u8; 200];
    let start = memory.as_mut_ptr();
    let part = |kind, from: usize, length: usize| SecBuffer {
        cbBuffer: length as ULONG,
        BufferType: kind,
        pvBuffer: start.wrapping_add(from).cast(),
    };
    let (token, data) = (part(SECBUFFER_TOKEN, 0, 100), part(SECBUFFER_DATA, 100, 20));
    for at in [0, 99, 100, 119] {
        assert_eq!(
            server.encrypt(0, &mut [token, data, part(SECBUFFER_PADDING, at, 1)]),
            SEC_E_INVALID_PARAMETER,
            "{at}"
        );
    }
    let null =
        SecBuffer { cbBuffer: 1, BufferType: SECBUFFER_PADDING, pvBuffer: std::ptr::null_mut() };
    assert_eq!(server.encrypt(0, &mut [token, data, null]), SEC_E_INVALID_PARAMETER);
    assert_eq!(server.encrypt(0, &mut [token, data, part(SECBUFFER_PADDING, 120, 1)]), SEC_E_OK);
}

/// RPC's buffers: a signed header, the body, a signed trailer, and one that is ignored.
#[test]
fn dce_style() {
    const SIGNED: ULONG = SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM;
    const UNUSED: ULONG = SECBUFFER_DATA | SECBUFFER_READONLY;
    fn buffers(parts: &mut [(ULONG, Vec<u8>)]) -> Vec<SecBuffer> {
        parts.iter_mut().map(|(kind, bytes)| buffer(*kind, bytes)).collect()
    }
    for enctype in [Enctype::Aes256Sha1, Enctype::Rc4Hmac] {
        let (mut server, mut client) = Handle::pair(enctype, true);
        let plain = [
            (SIGNED, b"header".to_vec()),
            (SECBUFFER_DATA, vec![3; 48]),
            (SIGNED, b"trailer".to_vec()),
        ];
        let mut parts = plain.to_vec();
        parts.extend([(UNUSED, vec![9; 5]), (SECBUFFER_TOKEN, vec![0; 90])]);
        let mut sent = buffers(&mut parts);
        assert_eq!(server.encrypt(0, &mut sent), SEC_E_OK);
        let used = sent[4].cbBuffer as usize;
        assert_eq!(used, if enctype == Enctype::Rc4Hmac { 45 } else { 76 });
        parts[4].1.truncate(used);
        assert_ne!(parts[1].1, [3; 48]);

        let mut altered = parts.clone();
        altered[2].1[0] ^= 1;
        assert_eq!(client.decrypt(&mut buffers(&mut altered)).0, SEC_E_MESSAGE_ALTERED);
        parts[3].1[0] ^= 1;
        assert_eq!(client.decrypt(&mut buffers(&mut parts)), (SEC_E_OK, 0));
        assert_eq!(parts[..3], plain);
        assert_eq!(parts[3].1, [8, 9, 9, 9, 9]);
    }
}
