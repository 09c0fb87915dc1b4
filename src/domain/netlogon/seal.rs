//! Netlogon as a security provider of RPC, [MS-NRPC] 3.3: messages encrypted and signed, with AES.

use super::credential::Session;
use crate::net::rpc::{Protection, RpcError};
use hmac::Mac;
use subtle::ConstantTimeEq;

/// RPC_C_AUTHN_NETLOGON
const AUTH_TYPE: u8 = 0x44;

/// NL_AUTH_SHA2_SIGNATURE, [MS-NRPC] 2.2.1.3.3.
pub const SIGNATURE_LENGTH: usize = 56;
/// The length of its used part; the rest is reserved.
const MEANINGFUL: usize = 32;

/// SignatureAlgorithm (HMAC-SHA256), SealAlgorithm (AES-128), Pad and Flags.
const ALGORITHMS: [u8; 8] = [0x13, 0x00, 0x1a, 0x00, 0xff, 0xff, 0x00, 0x00];

/// NL_AUTH_MESSAGE, [MS-NRPC] 2.2.1.3.1: names in the OEM character set.
mod message {
    pub(super) const REQUEST: u32 = 0;
    pub(super) const RESPONSE: u32 = 1;
    pub(super) const NETBIOS_DOMAIN_NAME: u32 = 1;
    pub(super) const NETBIOS_COMPUTER_NAME: u32 = 2;
}

/// One association's protection.
pub struct Seal {
    session: Session,
    sealing: Session,
    /// Messages so far, of both sides together.
    sequence: u64,
    bind_token: Vec<u8>,
    /// This is the client's side; the server's is for tests.
    client: bool,
}

impl Seal {
    /// The client's side, of the computer of that NetBIOS name.
    pub fn client(session: &Session, domain: &str, computer: &str) -> Seal {
        let mut bind_token = message::REQUEST.to_le_bytes().to_vec();
        bind_token
            .extend((message::NETBIOS_DOMAIN_NAME | message::NETBIOS_COMPUTER_NAME).to_le_bytes());
        for name in [domain, computer] {
            bind_token.extend(name.as_bytes());
            bind_token.push(0);
        }
        Seal { bind_token, client: true, ..Seal::server(session) }
    }

    /// The server's side.
    pub fn server(session: &Session) -> Seal {
        Seal {
            session: session.clone(),
            sealing: session.sealing(),
            sequence: 0,
            bind_token: Vec::new(),
            client: false,
        }
    }

    /// The next message's sequence number as it is signed, [MS-NRPC] 3.3.4.2.1: big-endian, its
    /// halves swapped, with a bit for the direction.
    fn next_sequence(&mut self, from_client: bool) -> [u8; 8] {
        let mut bytes = self.sequence.rotate_left(32).to_be_bytes();
        bytes[4] |= u8::from(from_client) << 7;
        self.sequence = self.sequence.wrapping_add(1);
        bytes
    }

    fn checksum(&self, confounder: &[u8; 8], data: &[u8]) -> [u8; 8] {
        let mut mac = self.session.mac();
        mac.update(&ALGORITHMS);
        mac.update(confounder);
        mac.update(data);
        let digest = mac.finalize().into_bytes();
        std::array::from_fn(|i| digest[i])
    }
}

/// An initialization vector of the same eight bytes twice.
fn twice(half: &[u8; 8]) -> [u8; 16] {
    std::array::from_fn(|i| half[i % 8])
}

impl Protection for Seal {
    fn auth_type(&self) -> u8 {
        AUTH_TYPE
    }

    fn bind_token(&self) -> Vec<u8> {
        self.bind_token.clone()
    }

    fn bound(&mut self, token: &[u8]) -> Result<(), RpcError> {
        match token.first_chunk() {
            Some(kind) if u32::from_le_bytes(*kind) == message::RESPONSE => Ok(()),
            _ => Err(RpcError::Altered("no NL_AUTH_MESSAGE of a server")),
        }
    }

    fn token_length(&self) -> usize {
        SIGNATURE_LENGTH
    }

    fn seal(&mut self, data: &mut [u8], token: &mut Vec<u8>) -> Result<(), RpcError> {
        let mut confounder = [0; 8];
        getrandom::fill(&mut confounder).map_err(|_| RpcError::Local("no random numbers"))?;
        let checksum = self.checksum(&confounder, data);
        let mut sequence = self.next_sequence(self.client);
        self.sealing.encrypt(&twice(&sequence), [&mut confounder, data]);
        self.session.encrypt(&twice(&checksum), [&mut sequence]);
        for part in [ALGORITHMS, sequence, checksum, confounder] {
            token.extend(part);
        }
        token.resize(token.len() + SIGNATURE_LENGTH - MEANINGFUL, 0);
        Ok(())
    }

    fn unseal(&mut self, data: &mut [u8], token: &[u8]) -> Result<(), RpcError> {
        let Some(([algorithms, sequence, checksum, confounder], _)) =
            token.as_chunks::<8>().0.split_first_chunk::<4>()
        else {
            return Err(RpcError::Altered("a signature that is cut short"));
        };
        // The flags are ignored ([MS-NRPC] 3.3.4.2.2).
        if algorithms[..6] != ALGORITHMS[..6] {
            return Err(RpcError::Altered("other algorithms than AES and SHA-2"));
        }
        let expected = self.next_sequence(!self.client);
        let mut received = *sequence;
        self.session.decrypt(&twice(checksum), [&mut received]);
        let mut confounder = *confounder;
        self.sealing.decrypt(&twice(&expected), [&mut confounder, data]);
        let computed = self.checksum(&confounder, data);
        match bool::from(computed.ct_eq(checksum) & received.ct_eq(&expected)) {
            true => Ok(()),
            false => Err(RpcError::Altered("the signature is wrong")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = 0xc631_3c2a_a89a_7f7e_cff1_c065_313a_a77c_u128.to_be_bytes();

    fn unhex(text: &str) -> Vec<u8> {
        let digit = |c: u8| char::from(c).to_digit(16).unwrap() as u8;
        text.as_bytes()
            .as_chunks()
            .0
            .iter()
            .map(|&[high, low]| digit(high) << 4 | digit(low))
            .collect()
    }

    /// impacket 0.13.1's SEAL(data, b"confound", 5, key, aes=True), which is a client's.
    #[test]
    fn a_message_of_another_implementation() {
        let session = Session::of_key(KEY);
        let mut server = Seal::server(&session);
        server.sequence = 5;
        let mut data = unhex("e9e75eb5cd59b204aea5ab7e96971ad5a006cab67c401f36f73f2e6e96eb683b");
        let token = unhex("13001a00ffff00008c1fc4f306bfad303754583816af3fe3fb4386b9fbc97a8c");
        server.unseal(&mut data, &token).unwrap();
        assert_eq!(data, b"sixteen bytes... and some more!!");
    }

    /// [MS-NRPC] 3.3.4.2.1: the low half first, each big-endian, and the client's bit.
    #[test]
    fn sequence_numbers() {
        let mut seal = Seal::server(&Session::of_key(KEY));
        assert_eq!(seal.next_sequence(true), [0, 0, 0, 0, 0x80, 0, 0, 0]);
        assert_eq!(seal.next_sequence(false), [0, 0, 0, 1, 0, 0, 0, 0]);
        seal.sequence = 0x0102_0304_0506_0708;
        assert_eq!(seal.next_sequence(false), [5, 6, 7, 8, 1, 2, 3, 4]);
    }

    #[test]
    fn only_the_two_sides_can_unseal() {
        let session = Session::of_key(KEY);
        let sides = || (Seal::client(&session, "EXAMPLE", "WEB1"), Seal::server(&session));
        let sealed = |from: &mut Seal, text: &[u8]| {
            let (mut data, mut token) = (text.to_vec(), Vec::new());
            from.seal(&mut data, &mut token).unwrap();
            assert_eq!(token.len(), from.token_length());
            (data, token)
        };
        let (mut client, mut server) = sides();
        for text in [&b"to the server"[..], b"", b"more"] {
            let (mut data, token) = sealed(&mut client, text);
            server.unseal(&mut data, &token).unwrap();
            assert_eq!(data, text);
            let (mut data, token) = sealed(&mut server, text);
            client.unseal(&mut data, &token).unwrap();
            assert_eq!(data, text);
        }
        // No significant bit may change, and no message may be repeated, reordered or reflected.
        let text = b"no bit may change";
        for bit in 0..8 * (text.len() + MEANINGFUL) {
            let (mut client, mut server) = sides();
            let (mut data, mut token) = sealed(&mut client, text);
            match bit / 8 {
                at if at < text.len() => data[at] ^= 1 << (bit % 8),
                at => token[at - text.len()] ^= 1 << (bit % 8),
            }
            let flags = (text.len() + 6..text.len() + 8).contains(&(bit / 8));
            assert_eq!(server.unseal(&mut data, &token).is_ok(), flags, "bit {bit}");
        }
        let (mut client, mut server) = sides();
        let (first, second) = (sealed(&mut client, b"one"), sealed(&mut client, b"two"));
        assert!(server.unseal(&mut second.0.clone(), &second.1).is_err());
        let (_, mut server) = sides();
        server.unseal(&mut first.0.clone(), &first.1).unwrap();
        assert!(server.unseal(&mut first.0.clone(), &first.1).is_err());
        let (mut client, mut other) = (sides().0, sides().0);
        let (mut data, token) = sealed(&mut client, b"from a client");
        assert!(other.unseal(&mut data, &token).is_err());
        for length in 0..MEANINGFUL {
            let (mut client, mut server) = sides();
            let (mut data, token) = sealed(&mut client, b"cut");
            assert!(server.unseal(&mut data, &token[..length]).is_err());
        }
    }
}
