//! An exchange between a real Windows 7 client and a real Windows Server 2008 R2, as Microsoft
//! published it to explain channel bindings ("NTLM and Channel Binding Hash", 2013), completed by
//! the NEGOTIATE_MESSAGE that its MIC covers.

use crate::support::exchanges::hex;
use crate::support::ntlm::*;
use negossp_core::ntlm::ServerNames;
use negossp_core::ntlm::flags::NegotiateFlags;
use negossp_core::ntlm::message::authenticate::Authenticate;
use negossp_core::ntlm::message::challenge;
use negossp_core::ntlm::message::client_challenge::ClientChallenge;
use negossp_core::ntlm::message::negotiate::Negotiate;
use negossp_core::ntlm::{Acceptor, Challenged};
use negossp_core::types::channel_bindings::ChannelBindings;
use negossp_core::types::channel_bindings::Strictness;
use negossp_core::types::error::{Denial, Error};
use negossp_core::types::flags::ContextFlags;
use negossp_core::types::time::FileTime;

/// NEGOTIATE_MESSAGE
const NEGOTIATE: &str = "\
    4e544c4d5353500001000000078208a2000000000000000000000000000000000601b01d0000000f";

/// CHALLENGE_MESSAGE
const CHALLENGE: &str = "\
    4e544c4d53535000020000001000100038000000058289a2a2c5e8ca3084aa720000000000000000b600b60048000000\
    0601b01d0000000f57005300320030003000380052003200020010005700530032003000300038005200320001001600\
    440043002d005700530032003000300038005200320004001c00770073003200300030003800720032002e006c006f00\
    630061006c0003003400440043002d00770073003200300030003800720032002e007700730032003000300038007200\
    32002e006c006f00630061006c0005001c00770073003200300030003800720032002e006c006f00630061006c000700\
    08007be73fc30bdecd0100000000";

/// AUTHENTICATE_MESSAGE
const AUTHENTICATE: &str = "\
    4e544c4d535350000300000018001800940000007c017c01ac00000010001000580000001a001a006800000012001200\
    820000000000000028020000058288a20601b01d0000000ff054a542b090b66c1fea1a2cc82e930b5700530032003000\
    3000380052003200410064006d0069006e006900730074007200610074006f007200570049004e0037002d0032002d00\
    500043000000000000000000000000000000000000000000000000005a6a21ae1a44c044693eee59fc5d81e001010000\
    000000007be73fc30bdecd0127fc118082c2fbdd00000000020010005700530032003000300038005200320001001600\
    440043002d005700530032003000300038005200320004001c00770073003200300030003800720032002e006c006f00\
    630061006c0003003400440043002d00770073003200300030003800720032002e007700730032003000300038007200\
    32002e006c006f00630061006c0005001c00770073003200300030003800720032002e006c006f00630061006c000700\
    08007be73fc30bdecd01060004000200000008003000300000000000000001000000002000004d6b0d27541022f5ffa6\
    73da2bfcfdf1942f257be11a49c954197aca8aaf2eaf0a0010006586e99d81c2fc984e47172fd4dd031009003e004800\
    5400540050002f00640063002d00770073003200300030003800720032002e0077007300320030003000380072003200\
    2e006c006f00630061006c00000000000000000000000000";

const TIME: FileTime = FileTime(0x01cd_de0b_c33f_e77b);
const SERVER_CHALLENGE: [u8; 8] = [0xa2, 0xc5, 0xe8, 0xca, 0x30, 0x84, 0xaa, 0x72];
const CERTIFICATE_HASH: &str = "ea05fefecc6b0bd571dbbc5baa3ed45386d0446835f7b74c85621b9983475f95";

/// SEC_CHANNEL_BINDINGS of the channel's certificate.
fn bindings(certificate_hash: &str) -> ChannelBindings {
    let data = [&b"tls-server-end-point:"[..], &hex(certificate_hash)].concat();
    let mut bytes: Vec<u8> = [0, 0, 0, 0, 0, 0, data.len() as u32, 32]
        .iter()
        .flat_map(|word| word.to_ne_bytes())
        .collect();
    bytes.extend_from_slice(&data);
    ChannelBindings::from_sec_channel_bindings(&bytes).expect("bindings")
}

fn names() -> ServerNames {
    ServerNames {
        nb_computer: "DC-WS2008R2".into(),
        nb_domain: "WS2008R2".into(),
        dns_computer: "DC-ws2008r2.ws2008r2.local".into(),
        dns_domain: "ws2008r2.local".into(),
        dns_tree: "ws2008r2.local".into(),
        in_domain: true,
    }
}

/// This crate in place of that server, with the strictest policy.
fn server() -> Party {
    let mut party = Party::alice();
    party.identity = Some(identity("Administrator", "WS2008R2", "P@ssw0rd"));
    party.names = names();
    party.policy.channel_bindings = Strictness::Require;
    party.policy.target_name = Strictness::Require;
    party.policy.require_mic = true;
    party.policy.require_128 = true;
    party.policy.require_extended_session_security = true;
    party.bindings = Some(bindings(CERTIFICATE_HASH));
    party.now = TIME;
    party
}

fn accept(server: &Party, negotiate: &[u8], authenticate: &[u8]) -> Result<Established, Error> {
    let challenged = Challenged::new(negotiate, &hex(CHALLENGE), server.now)?;
    server.accept(&Acceptor::ExpectAuthenticate(challenged), authenticate).map(|step| done(step).0)
}

#[test]
fn the_client_is_accepted() {
    let established = accept(&server(), &hex(NEGOTIATE), &hex(AUTHENTICATE)).expect("accepted");
    assert_eq!(established.client.user, "Administrator");
    assert_eq!(established.client_target.as_deref(), Some("HTTP/dc-ws2008r2.ws2008r2.local"));
    assert!(established.wants_mech_list_mic);
    assert_eq!(established.flags, ContextFlags::empty());
}

#[test]
fn the_clients_machine_is_recognized() {
    let authenticate = hex(AUTHENTICATE);
    let message = Authenticate::parse(&authenticate).expect("AUTHENTICATE_MESSAGE");
    let pairs = ClientChallenge::parse(message.nt_response).expect("an NTLMv2 response").av_pairs;
    let machine_id = pairs.machine_id().expect("well-formed").expect("a MachineID");
    let expected = "4d6b0d27541022f5ffa673da2bfcfdf1942f257be11a49c954197aca8aaf2eaf";
    assert_eq!(machine_id[..], hex(expected));
}

#[test]
fn our_messages_are_windows_own() {
    // All but the Version, the last eight bytes of the fixed part.
    let mut negotiate = Negotiate::write(NegotiateFlags::from_bits_retain(0xa208_8207)).unwrap();
    negotiate[32..40].copy_from_slice(&hex(NEGOTIATE)[32..40]);
    assert_eq!(negotiate, hex(NEGOTIATE));
    let flags = NegotiateFlags::from_bits_retain(0xa289_8205);
    let mut ours = challenge::write(flags, &SERVER_CHALLENGE, &names(), TIME).expect("a challenge");
    ours[48..56].copy_from_slice(&hex(CHALLENGE)[48..56]);
    assert_eq!(ours, hex(CHALLENGE));
}

#[test]
fn our_choice_of_flags_is_windows_own() {
    let (_, challenge) =
        going_on(server().accept(&Acceptor::new(), &hex(NEGOTIATE)).expect("a challenge"));
    assert_eq!(challenge[20..24], hex(CHALLENGE)[20..24]);
}

#[test]
fn another_channel_is_refused() {
    let mut server = server();
    server.bindings = Some(bindings(&CERTIFICATE_HASH.replace("ea05", "ea06")));
    let refused = accept(&server, &hex(NEGOTIATE), &hex(AUTHENTICATE)).err();
    assert!(matches!(refused, Some(Error::BadBindings(_))), "{refused:?}");
}

#[test]
fn another_service_is_refused() {
    let mut server = server();
    server.policy.target_names = vec!["HTTP/www.ws2008r2.local".into(), "dc2".into()];
    let refused = accept(&server, &hex(NEGOTIATE), &hex(AUTHENTICATE)).err();
    assert!(matches!(refused, Some(Error::WrongTarget(_))), "{refused:?}");
}

#[test]
fn each_bit_of_the_negotiation_counts() {
    for bit in 0..8 * hex(NEGOTIATE).len() {
        let mut negotiate = hex(NEGOTIATE);
        negotiate[bit / 8] ^= 1 << (bit % 8);
        let refused = accept(&server(), &negotiate, &hex(AUTHENTICATE)).err();
        assert_eq!(refused, Some(Error::LogonDenied(Denial::Mic)), "bit {bit}");
    }
}
