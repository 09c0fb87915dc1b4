//! Kerberos' messages: those that MIT krb5 and Heimdal sent decode to what their acceptors
//! reported, encode to the same bytes again, and cause no panic when corrupted.

use crate::support::kerberos_recorded::{Conversation, Opened, conversations, hex};
use negossp_core::encoding::der;
use negossp_core::encoding::der::Writer;
use negossp_core::kerberos::ccache::CredentialCache;
use negossp_core::kerberos::gss_checksum::{CHECKSUM_TYPE, GssChecksum};
use negossp_core::kerberos::gss_token::{Oid, Token, TokenId};
use negossp_core::kerberos::message::*;

fn ticket_of<'a>(
    realm: &'a [u8],
    sname: PrincipalName<'a>,
    enc_part: EncryptedData<'a>,
) -> Ticket<'a> {
    Ticket { realm: Unprotected::new(realm), sname: Unprotected::new(sname), enc_part }
}

/// The flags that a checksum and an acceptor's result share.
const SHARED: u32 = 0x107f;

#[test]
fn requests_say_what_the_acceptor_said() {
    for conversation in conversations() {
        let name = conversation.name;
        let opened = Opened::new(&conversation);
        let token = Token::read(&conversation.initiator[0]).unwrap();
        let dce = name.ends_with("dce");
        assert_eq!(
            (token.oid, token.id),
            (if dce { None } else { Some(Oid::Krb5) }, TokenId::ApReq),
            "{name}"
        );
        let request = ApReq::decode(&opened.body).unwrap();
        let granted: u32 = conversation.facts["flags"].parse().unwrap();
        assert_eq!(
            request.ap_options.contains(ApOptions::MUTUAL_REQUIRED),
            granted & 2 != 0,
            "{name}"
        );

        let ticket = EncTicketPart::decode(&opened.ticket).unwrap();
        let authenticator = Authenticator::decode(&opened.authenticator).unwrap();
        assert_eq!(
            ticket.cname.to_text(ticket.crealm).unwrap(),
            conversation.facts["client"],
            "{name}"
        );
        assert_eq!(
            (authenticator.cname, authenticator.crealm),
            (ticket.cname, ticket.crealm),
            "{name}"
        );
        // MIT's KDC writes a ticket's start time only if it is later than the authentication.
        let starttime = ticket.starttime.unwrap_or(ticket.authtime);
        assert!(ticket.authtime <= starttime && starttime < ticket.endtime, "{name}");
        // The client's clock is the KDC's.
        assert!((0..5).contains(&(authenticator.ctime - starttime)), "{name}");
        assert_eq!(
            ticket.transited,
            TransitedEncoding { tr_type: ticket.transited.tr_type, contents: b"" }
        );
        assert!(
            ticket.flags.contains(TicketFlags::FORWARDABLE | TicketFlags::PRE_AUTHENT),
            "{name}"
        );
        if let Some(flags) = conversation.facts.get("ticket-flags") {
            assert_eq!(ticket.flags.bits().to_string(), *flags, "{name}");
            assert_eq!(ticket.authtime.to_string(), conversation.facts["authtime"], "{name}");
        }

        let cksum = authenticator.cksum.unwrap();
        assert_eq!(cksum.cksumtype, CHECKSUM_TYPE, "{name}");
        let checksum = GssChecksum::decode(cksum.checksum).unwrap();
        assert_eq!(checksum.flags.bits() & SHARED, granted & SHARED, "{name}");
        assert_eq!(checksum.credential.is_some(), granted & 1 != 0, "{name}");
        assert_eq!(checksum.bindings, bindings(&conversation), "{name}");
        assert_eq!(checksum.encode().unwrap(), cksum.checksum, "{name}");
    }
}

/// RFC 4121 4.1.1.2: MD5 over the lengths and contents of gss_channel_bindings_struct.
fn bindings(conversation: &Conversation) -> [u8; 16] {
    use md5::{Digest, Md5};
    if !conversation.name.ends_with("bindings") {
        return [0; 16];
    }
    let data = b"tls-server-end-point:0123456789abcdef";
    let mut hash = Md5::new();
    hash.update([0; 16]);
    hash.update((data.len() as u32).to_le_bytes());
    hash.update(data);
    hash.finalize().into()
}

#[test]
fn replies_prove_that_the_request_was_read() {
    let mut replies = 0;
    for conversation in conversations() {
        let name = conversation.name;
        let opened = Opened::new(&conversation);
        let authenticator = Authenticator::decode(&opened.authenticator).unwrap();
        let ticket = EncTicketPart::decode(&opened.ticket).unwrap();
        let mut key = authenticator.subkey.unwrap_or(ticket.key);
        if let Some(reply) = opened.replies.first() {
            let reply = EncApRepPart::decode(reply).unwrap();
            if !name.ends_with("dce") {
                assert_eq!(
                    (reply.ctime, reply.cusec),
                    (authenticator.ctime, authenticator.cusec),
                    "{name}"
                );
            }
            key = reply.subkey.unwrap_or(key);
            replies += 1;
        }
        if let Some(third) = opened.replies.get(1) {
            // The service's sequence number, returned by the client (MS-KILE 3.4.5.1). The time is
            // the client's own.
            let (reply, third) = (
                EncApRepPart::decode(&opened.replies[0]).unwrap(),
                EncApRepPart::decode(third).unwrap(),
            );
            assert_eq!(third.seq_number, reply.seq_number, "{name}");
        }
        if let Some(expected) = conversation.facts.get("key") {
            assert_eq!(key.keyvalue, hex(expected), "{name}");
        }
    }
    assert_eq!(replies, 18);
}

#[test]
fn delegated_credentials_make_the_cache_that_mit_makes() {
    let (mut found, mut compared) = (0, 0);
    for conversation in conversations() {
        let Some((message, part)) = Opened::new(&conversation).credential else { continue };
        let (message, part) =
            (KrbCred::decode(&message).unwrap(), EncKrbCredPart::decode(&part).unwrap());
        // Heimdal relies on the authenticator's encryption for integrity.
        assert_eq!(message.unencrypted().is_none(), conversation.is_mit(), "{}", conversation.name);
        let cache = CredentialCache::of_krb_cred(&message, &part).unwrap();
        assert_eq!(cache.default_principal.to_text(), conversation.facts["client"]);
        let ticket = cache.ticket_granting_ticket().unwrap();
        assert_eq!(ticket.server.to_text(), "krbtgt/EXAMPLE.TEST@EXAMPLE.TEST");
        assert!(ticket.ticket_flags.contains(TicketFlags::FORWARDED));
        found += 1;
        if let Some(theirs) = conversation.facts.get("ccache") {
            assert_eq!(*cache.encode().unwrap(), hex(theirs), "{}", conversation.name);
            compared += 1;
        }
    }
    assert_eq!((found, compared), (4, 2));
}

#[test]
fn an_error_says_what_went_wrong() {
    let conversations = conversations();
    let conversation = conversations.iter().find(|found| found.name == "mit-mutual").unwrap();
    let token = hex(conversation.facts["replay"]);
    let token = Token::read(&token).unwrap();
    assert_eq!((token.oid, token.id), (Some(Oid::Krb5), TokenId::Error));
    let error = KrbError::decode(token.body).unwrap();
    assert_eq!(error.error_code, error_code::REPEAT);
    assert_eq!(error.realm, b"EXAMPLE.TEST");
    assert_eq!(error.encode(), token.body);
}

/// A decoder and its encoder: `None` if the bytes are rejected, else the bytes encoded again, or
/// `None` where they contain a field that the encoder never writes.
type Reading = fn(&[u8]) -> Option<Option<Vec<u8>>>;

macro_rules! reading {
    ($message:ident) => {
        |bytes| $message::decode(bytes).ok().map(|read| Some(read.encode().to_vec()))
    };
}

fn krb_cred(bytes: &[u8]) -> Option<Option<Vec<u8>>> {
    let read = KrbCred::decode(bytes).ok()?;
    let tickets: Vec<_> = read.tickets().collect();
    Some(Some(KrbCred::encode(&tickets, &read.enc_part)))
}

fn enc_krb_cred_part(bytes: &[u8]) -> Option<Option<Vec<u8>>> {
    let read = EncKrbCredPart::decode(bytes).ok()?;
    let infos: Vec<_> = read.ticket_info().collect();
    let plain = read.nonce.is_none() && read.s_address.is_none() && read.r_address.is_none();
    let again = read.timestamp.zip(read.usec).filter(|_| plain);
    Some(again.map(|(timestamp, usec)| EncKrbCredPart::encode(&infos, timestamp, usec).to_vec()))
}

fn gss_checksum(bytes: &[u8]) -> Option<Option<Vec<u8>>> {
    let read = GssChecksum::decode(bytes).ok()?;
    Some(read.encode().ok())
}

fn token(bytes: &[u8]) -> Option<Option<Vec<u8>>> {
    let read = Token::read(bytes).ok()?;
    // Only the type of a bare message is read here, so it may be truncated; its own decoder checks
    // the rest.
    read.oid?;
    Some(Some(read.write()))
}

/// Every message of the conversations, with its decoder.
fn samples() -> Vec<(String, Vec<u8>, Reading)> {
    let mut samples: Vec<(String, Vec<u8>, Reading)> = Vec::new();
    for conversation in conversations() {
        let mut add = |kind: &str, bytes: Vec<u8>, read: Reading| {
            samples.push((format!("{} {kind}", conversation.name), bytes, read))
        };
        let opened = Opened::new(&conversation);
        if !conversation.name.ends_with("dce") {
            add("token", conversation.initiator[0].clone(), token);
        }
        for reply in &conversation.acceptor {
            add("AP-REP", Token::read(reply).unwrap().body.to_vec(), reading!(ApRep));
        }
        for reply in &opened.replies {
            add("EncAPRepPart", reply.clone(), reading!(EncApRepPart));
        }
        if let Some(error) = conversation.facts.get("replay") {
            add("KRB-ERROR", Token::read(&hex(error)).unwrap().body.to_vec(), reading!(KrbError));
        }
        let cksum = Authenticator::decode(&opened.authenticator).unwrap().cksum.unwrap();
        add("checksum", cksum.checksum.to_vec(), gss_checksum);
        add("AP-REQ", opened.body, reading!(ApReq));
        add("EncTicketPart", opened.ticket, reading!(EncTicketPart));
        add("Authenticator", opened.authenticator, reading!(Authenticator));
        if let Some((message, part)) = opened.credential {
            let ticket = KrbCred::decode(&message).unwrap().tickets().next().unwrap().to_vec();
            add("Ticket", ticket.clone(), reading!(Ticket));
            add(
                "KERB-TGT-REPLY",
                TgtReply { ticket: Ticket::decode(&ticket).unwrap() }.encode(),
                reading!(TgtReply),
            );
            add("KRB-CRED", message, krb_cred);
            add("EncKrbCredPart", part, enc_krb_cred_part);
        }
    }
    let name = PrincipalName::encode_components(&["HTTP", "server.example.test"]);
    let name = PrincipalName::new(name_type::SRV_INST, &name).unwrap();
    let request = TgtRequest { server_name: Some(name), realm: Some(b"EXAMPLE.TEST") };
    samples.push(("KERB-TGT-REQUEST".to_owned(), request.encode(), reading!(TgtRequest)));
    samples
}

#[test]
fn messages_come_out_as_they_went_in() {
    for (name, bytes, read) in samples() {
        let again = read(&bytes).unwrap_or_else(|| panic!("{name}"));
        // Heimdal adds a nonce and addresses, which the encoder never writes.
        if name.ends_with("EncKrbCredPart") && again.is_none() {
            continue;
        }
        assert_eq!(again.unwrap(), bytes, "{name}");
    }
}

#[test]
fn a_message_that_is_cut_off_is_refused() {
    for (name, bytes, read) in samples() {
        // A checksum without delegation ends in extensions, of any length.
        let least = if name.ends_with("checksum") { 24.min(bytes.len()) } else { bytes.len() };
        for end in 0..least {
            assert!(read(&bytes[..end]).is_none(), "{name} of {} cut to {end}", bytes.len());
        }
    }
}

/// One byte changed to each other value: nothing panics, and whatever still decodes is unchanged by
/// encoding and decoding again. Uses the shortest message of each kind, from MIT and from Heimdal.
#[test]
fn a_message_that_was_changed_is_refused_or_read_as_it_stands() {
    let mut samples = samples();
    let kind = |name: &str| {
        (name.starts_with("mit-"), name.split_once(' ').map(|(_, kind)| kind.to_owned()))
    };
    samples.sort_by_key(|(name, bytes, _)| (kind(name), bytes.len()));
    samples.dedup_by_key(|(name, ..)| kind(name));
    assert_eq!(samples.len(), 24);
    let mut accepted = 0;
    for (name, bytes, read) in samples {
        let mut changed = bytes.clone();
        for at in 0..bytes.len() {
            for value in 0..=255 {
                changed[at] = value;
                let Some(Some(again)) = read(&changed) else { continue };
                assert_eq!(read(&again), Some(Some(again)), "{name}: byte {at} is {value}");
                accepted += 1;
            }
            changed[at] = bytes[at];
        }
    }
    // Those in names, ciphers and keys.
    assert!(accepted > 100_000);
}

/// A message into which other fields are written.
fn encrypted_data(etype: i64, kvno: Option<i64>, more: &[(u8, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(64);
    writer.nest(der::SEQUENCE, |writer| {
        writer.nest(der::context(0), |writer| writer.integer(etype));
        if let Some(kvno) = kvno {
            writer.nest(der::context(1), |writer| writer.integer(kvno));
        }
        writer.field(2, der::OCTET_STRING, b"cipher");
        for (n, contents) in more {
            writer.field(*n, der::OCTET_STRING, contents);
        }
    });
    writer.finish()
}

#[test]
fn unsigned_numbers_may_come_signed() {
    for (sent, read) in [
        (0, Some(0)),
        (0x7fff_ffff, Some(0x7fff_ffff)),
        (0xffff_ffff, Some(0xffff_ffff)),
        (-1, Some(0xffff_ffff)),
        (-0x8000_0000, Some(0x8000_0000)),
        (-0x8000_0001, None),
        (0x1_0000_0000, None),
    ] {
        let data = encrypted_data(18, Some(sent), &[]);
        let data = EncryptedData::decode(&data);
        assert_eq!(data.as_ref().ok().map(|data| data.kvno), read.map(Some), "{sent}");
    }
    assert_eq!(EncryptedData::decode(&encrypted_data(18, None, &[])).unwrap().kvno, None);
    // Signed integers keep their sign.
    assert_eq!(EncryptedData::decode(&encrypted_data(-133, None, &[])).unwrap().etype, -133);
    assert!(EncryptedData::decode(&encrypted_data(0x8000_0000, None, &[])).is_err());
}

#[test]
fn later_fields_are_skipped_and_no_others() {
    let known = EncryptedData { etype: 18, kvno: None, cipher: b"cipher" };
    assert_eq!(
        EncryptedData::decode(&encrypted_data(18, None, &[(3, b"new"), (30, b"newer")])),
        Ok(known)
    );
    for n in [0, 1, 2] {
        assert!(EncryptedData::decode(&encrypted_data(18, None, &[(n, b"again")])).is_err(), "{n}");
    }
    let mut foreign = Writer::new(64);
    foreign.nest(der::SEQUENCE, |writer| {
        writer.nest(der::context(0), |writer| writer.integer(18));
        writer.field(2, der::OCTET_STRING, b"cipher");
        writer.integer(1);
    });
    assert!(EncryptedData::decode(&foreign.finish()).is_err());
}

/// An AP-REQ with this pvno, msg-type and BIT STRING.
fn ap_req(pvno: i64, msg_type: i64, options: &[u8]) -> Vec<u8> {
    let sname = PrincipalName::encode_components(&["HTTP", "server"]);
    let sname = PrincipalName::new(name_type::SRV_INST, &sname).unwrap();
    let enc_part = EncryptedData { etype: 18, kvno: Some(2), cipher: b"ticket" };
    let ticket = ticket_of(b"EXAMPLE.TEST", sname, enc_part).encode();
    let mut writer = Writer::new(256);
    writer.nest(der::application(14), |writer| {
        writer.nest(der::SEQUENCE, |writer| {
            writer.nest(der::context(0), |writer| writer.integer(pvno));
            writer.nest(der::context(1), |writer| writer.integer(msg_type));
            writer.field(2, der::BIT_STRING, options);
            writer.nest(der::context(3), |writer| writer.raw(&ticket));
            writer.nest(der::context(4), |writer| writer.raw(&encrypted_data(18, None, &[])));
        });
    });
    writer.finish()
}

#[test]
fn flags_may_be_of_any_length() {
    let both = ApOptions::USE_SESSION_KEY | ApOptions::MUTUAL_REQUIRED;
    for (bits, read) in [
        (&b"\0\x60\0\0\0"[..], Some(both)),
        (b"\0\x60\0\0\0\xff\xff", Some(both)),
        (b"\0\x60", Some(both)),
        // Two of three bits are used, so the third is absent.
        (b"\x06\x60", Some(ApOptions::USE_SESSION_KEY)),
        (b"\x05\x60", Some(both)),
        (b"\0", Some(ApOptions::empty())),
        (b"\x04\0\0\0\x0f", Some(ApOptions::empty())),
        (b"\0\0\0\0\x01", Some(ApOptions::from_bits_retain(1))),
        (b"\x04\x60\0\0\0\xff", Some(both)),
        (b"", None),
        (b"\x01", None),
        (b"\x08\x60\0\0\0", None),
    ] {
        let request = ap_req(5, 14, bits);
        assert_eq!(
            ApReq::decode(&request).ok().map(|request| request.ap_options),
            read,
            "{bits:02x?}"
        );
    }
}

#[test]
fn version_and_type_are_checked() {
    assert!(ApReq::decode(&ap_req(5, 14, b"\0\0\0\0\0")).is_ok());
    assert!(ApReq::decode(&ap_req(4, 14, b"\0\0\0\0\0")).is_err());
    assert!(ApReq::decode(&ap_req(5, 15, b"\0\0\0\0\0")).is_err());
    assert!(ApReq::decode(&ap_req(0x105, 14, b"\0\0\0\0\0")).is_err());
}

#[test]
fn bytes_behind_a_message_do_not_count_and_those_within_do() {
    let mut request = ap_req(5, 14, b"\0\0\0\0\0");
    let whole = request.clone();
    request.extend(b"\0\0\0 rest");
    assert_eq!(ApReq::decode(&request), ApReq::decode(&whole));
    let sname = PrincipalName::encode_components(&["HTTP"]);
    let enc_part = EncryptedData { etype: 18, kvno: None, cipher: b"" };
    let ticket = ticket_of(b"R", PrincipalName::new(1, &sname).unwrap(), enc_part).encode();
    assert!(Ticket::decode(&ticket).is_ok());
    assert!(Ticket::decode(&[&ticket[..], b"\0"].concat()).is_err());
}

#[test]
fn a_name_without_components_is_not_a_client() {
    let none = PrincipalName::encode_components::<&[u8]>(&[]);
    let nobody = PrincipalName::new(1, &none).unwrap();
    assert!(nobody.is_empty());
    let authenticator = |cname| Authenticator {
        crealm: b"R",
        cname,
        cksum: None,
        cusec: 0,
        ctime: 0,
        subkey: None,
        seq_number: None,
        authorization_data: None,
    };
    assert!(Authenticator::decode(&authenticator(nobody).encode()).is_err());
    let alice = PrincipalName::encode_components(&["alice"]);
    assert!(
        Authenticator::decode(&authenticator(PrincipalName::new(1, &alice).unwrap()).encode())
            .is_ok()
    );
    let error = KrbError {
        ctime: None,
        cusec: None,
        stime: 0,
        susec: 0,
        error_code: error_code::NOKEY,
        crealm: None,
        cname: None,
        realm: b"",
        sname: nobody,
        e_text: None,
        e_data: Some(SKEW_RECOVERY),
    };
    assert_eq!(KrbError::decode(&error.encode()), Ok(error));
}

#[test]
fn microseconds_are_below_a_million() {
    for (cusec, good) in [(0, true), (999_999, true), (1_000_000, false), (u32::MAX, false)] {
        let part = EncApRepPart { ctime: 0, cusec, subkey: None, seq_number: None };
        assert_eq!(EncApRepPart::decode(&part.encode()).is_ok(), good, "{cusec}");
    }
}

#[test]
fn lists_are_bounded() {
    let address = HostAddress { addr_type: 2, address: b"\x7f\0\0\x01" };
    for (count, good) in [(0, true), (1, true), (128, true), (129, false)] {
        let list = HostAddresses::encode(&vec![address; count]);
        let read = HostAddresses::decode(&list);
        assert_eq!(read.is_ok(), good, "{count}");
        if let Ok(read) = read {
            assert_eq!(read.iter().filter(|found| *found == address).count(), count);
        }
    }
    let sname = PrincipalName::encode_components(&["HTTP"]);
    let enc_part = EncryptedData { etype: 0, kvno: None, cipher: b"plain" };
    let ticket = ticket_of(b"R", PrincipalName::new(1, &sname).unwrap(), enc_part).encode();
    for (count, good) in [(0, false), (1, true), (32, true), (33, false)] {
        let message = KrbCred::encode(&vec![&ticket; count], &enc_part);
        let read = KrbCred::decode(&message);
        assert_eq!(read.is_ok(), good, "{count}");
        if let Ok(read) = read {
            assert_eq!(read.tickets().filter(|found| *found == ticket).count(), count);
            assert_eq!(read.unencrypted(), Some(&b"plain"[..]));
        }
    }
}

#[test]
fn keys_are_not_shown() {
    for conversation in conversations() {
        let opened = Opened::new(&conversation);
        let shown = format!(
            "{:?}{:?}",
            EncTicketPart::decode(&opened.ticket),
            Authenticator::decode(&opened.authenticator)
        );
        let bytes = EncTicketPart::decode(&opened.ticket).unwrap().key.keyvalue;
        assert!(!shown.contains(&format!("{:?}", bytes).trim_matches(['[', ']']).to_owned()));
    }
}
