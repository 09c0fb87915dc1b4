//! Tokens recorded from Windows' LocalKDC: they decode, open with the password, and our KDC answers
//! the client as it did.

use super::realm::{Memory, at};
use crate::support::random::COUNTED;
use negossp_core::kerberos::crypto::{Enctype, key_usage, string_to_key};
use negossp_core::kerberos::kdc::{Kdc, KdcCall, LocalNames, Outcome, RealmKeys, Standing};
use negossp_core::kerberos::message::{
    ApRep, EncApRepPart, EncKdcRepPart, EtypeInfo, KdcExchange, KdcRep, KrbError, PaDataList,
    TicketFlags, error_code, pa_type,
};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

const RECORDED: &str = include_str!("../../../data/kerberos/local_kdc.txt");

fn token(name: &str) -> Vec<u8> {
    let line = RECORDED.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let digits = line.unwrap().as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

/// The Kerberos message at this tag, which occurs once before it.
fn message(token: &[u8], start: &[u8]) -> Vec<u8> {
    let at = token.windows(start.len()).position(|part| part == start).unwrap();
    token[at..].to_vec()
}

/// The end of the header that all answers of the LocalKDC have before their message.
const HEADER_END: &[u8] = &[0xa3, 0x07, 0x03, 0x05, 0x00, 0x01, 0x00, 0x00, 0x00];

fn after_header(token: &[u8]) -> Vec<u8> {
    message(token, HEADER_END)[HEADER_END.len()..].to_vec()
}

#[test]
fn answers_of_windows_open_with_the_password() {
    let salt = b"WIN25H2INSAdministrator";
    let key = string_to_key(Enctype::Aes256Sha1, "Password123!", salt, None).unwrap();
    let open = |bytes: &[u8], exchange, key: &negossp_core::kerberos::crypto::Key, usage| {
        let reply = KdcRep::decode(exchange, bytes).unwrap();
        let mut data = reply.enc_part.cipher.to_vec();
        let plain = key.decrypt(usage, &mut data).unwrap();
        let part = EncKdcRepPart::decode(plain).unwrap();
        assert_eq!(part.last_req().collect::<Vec<_>>(), [(0, part.authtime)]);
        assert_eq!(reply.enc_part.kvno, None);
        (part.key.key().unwrap(), part.flags, part.endtime - part.authtime)
    };
    let as_rep = after_header(&token("answer2"));
    let (session, flags, lifetime) = open(&as_rep, KdcExchange::As, &key, key_usage::AS_REP);
    assert_eq!(lifetime, 36_000);
    assert!(flags.contains(TicketFlags::INITIAL | TicketFlags::PRE_AUTHENT));
    let tgs_rep = after_header(&token("answer3"));
    let (session, flags, _) = open(&tgs_rep, KdcExchange::Tgs, &session, key_usage::TGS_REP);
    assert!(!flags.contains(TicketFlags::INITIAL));
    let ap_rep = message(&token("answer4"), &[0x6f, 0x76]);
    let mut data = ApRep::decode(&ap_rep).unwrap().enc_part.cipher.to_vec();
    let part = EncApRepPart::decode(session.decrypt(key_usage::AP_REP, &mut data).unwrap());
    let subkey = part.unwrap().subkey.unwrap().key().unwrap();
    assert_eq!(subkey.enctype(), Enctype::Aes128Sha1);
}

/// Our answer to the first token of a Windows client is LocalKDC's but for time, salt and the kinds
/// of pre-authentication that we do not have.
#[test]
fn a_windows_client_is_answered_as_windows_does() {
    let accounts = Arc::new(Memory::default());
    accounts.set("Administrator", "Password123!", Standing::Enabled);
    let names = LocalNames::new("WIN25H2INS", Vec::new(), vec!["win25h2ins".into()]);
    let keys = RealmKeys::new("WIN25H2INS", vec![Zeroizing::new([1; 32])]).unwrap();
    let times = (Duration::from_secs(300), Duration::from_secs(36_000));
    let kdc = Kdc::new(names, keys, accounts.clone(), times, &COUNTED);
    let as_req = message(&token("client"), &[0x6a, 0x81]);
    let call = KdcCall { restrictions: &[], address: None, now: at(1_785_000_000) };
    let ours = kdc.answer(&as_req, &call).unwrap();
    assert_eq!(ours.outcome, Outcome::PreauthRequired);
    let theirs = after_header(&token("answer1"));
    let (ours, theirs) =
        (KrbError::decode(&ours.message).unwrap(), KrbError::decode(&theirs).unwrap());
    assert_eq!(ours.error_code, error_code::PREAUTH_REQUIRED);
    assert_eq!(
        KrbError { stime: 0, susec: 0, e_data: None, ..ours },
        KrbError { stime: 0, susec: 0, e_data: None, ..theirs }
    );
    let list = |error: &KrbError<'_>| {
        let list = PaDataList::decode(error.e_data.unwrap()).unwrap();
        let kinds: Vec<_> = list.iter().map(|pa| pa.padata_type).collect();
        let info = EtypeInfo::decode_list2(list.find(pa_type::ETYPE_INFO2).unwrap()).unwrap();
        let etypes: Vec<_> =
            info.iter().map(|info| (info.etype, info.s2kparams.is_some())).collect();
        (kinds, etypes, info.iter().all(|info| info.salt.is_some()))
    };
    let (kinds, etypes, salted) = list(&ours);
    let (their_kinds, their_etypes, their_salted) = list(&theirs);
    assert_eq!((etypes, salted), (their_etypes, their_salted));
    // 111, 16 and 15 belong to PKINIT.
    let known: Vec<_> =
        their_kinds.into_iter().filter(|kind| ![111, 16, 15].contains(kind)).collect();
    assert_eq!(kinds, known);
}
