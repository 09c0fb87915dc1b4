//! A hostile KDC: its replies to an AS exchange and to a change of a password, as they come, and
//! what it puts into the parts that are encrypted. It may refuse; credentials are those asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{
    AsExchange, AsParameters, AsService, ChangePassword, ClientOptions, ClientSecret, Credentials,
    Exchange, Issued, NewPassword, Next, PasswordResult,
};
use negossp_core::kerberos::crypto::{Enctype, Key, key_usage};
use negossp_core::kerberos::message::{
    ApReq, Authenticator, Checksum, EncKdcRepPart, EncKrbPrivPart, EncryptedData, FastArmoredRep,
    FastArmoredReq, FastResponse, KdcExchange, KdcRep, KdcReq, KrbError, KrbPriv, PaData,
    PaDataList, Ticket, TicketFlags, Unprotected, name_type, pa_type,
};
use negossp_core::primitives::random::SecureRandom;
use negossp_core::types::error::Result;
use negossp_core::types::time::FileTime;

const NOW: i64 = 1_800_000_000;

/// Always the same, so that recorded replies have the right nonce.
#[derive(Debug)]
struct Same;

impl SecureRandom for Same {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        buffer.fill(0x11);
        Ok(())
    }
}

fn now() -> FileTime {
    FileTime::from_unix_seconds(NOW)
}

fn key(octet: u8) -> Key {
    Key::new(Enctype::Aes128Sha1, &[octet; 16]).expect("the key's length")
}

fn ticket(cipher: &[u8]) -> Vec<u8> {
    let server = Principal::krbtgt("R.TEST", "R.TEST");
    let sname = server.encode();
    Ticket {
        realm: Unprotected::new(b"R.TEST"),
        sname: Unprotected::new(sname.name()),
        enc_part: EncryptedData { etype: 17, kvno: None, cipher },
    }
    .encode()
}

fn credentials() -> Credentials {
    Credentials {
        client: Principal::new(name_type::PRINCIPAL, &["host$"], "R.TEST"),
        server: Principal::krbtgt("R.TEST", "R.TEST"),
        key: key(2),
        authtime: NOW,
        starttime: NOW,
        endtime: NOW + 36_000,
        renew_till: None,
        flags: TicketFlags::INITIAL,
        is_skey: false,
        addresses: Vec::new(),
        ticket: ticket(&[1; 32]),
        second_ticket: Vec::new(),
    }
}

fn parameters(options: u8) -> AsParameters {
    let bit = |n: u8| options & 1 << n != 0;
    let name_type = if bit(0) { name_type::ENTERPRISE } else { name_type::PRINCIPAL };
    AsParameters {
        client: Principal::new(name_type, &["alice"], "R.TEST"),
        secret: match bit(1) {
            true => ClientSecret::Password("password".to_owned().into()),
            false => ClientSecret::Keys(vec![(1, key(1))]),
        },
        service: if bit(2) { AsService::ChangePassword } else { AsService::TicketGranting },
        armor: bit(3).then(credentials),
        clock_offset: 0,
        options: ClientOptions {
            enctypes: vec![Enctype::Aes128Sha1, Enctype::Aes256Sha1],
            canonicalize: bit(4),
            ..ClientOptions::default()
        },
        random: &Same,
    }
}

/// What a KDC cannot make anybody believe.
fn check(issued: &Issued, options: u8) {
    let credentials = &issued.credentials;
    assert!([Enctype::Aes128Sha1, Enctype::Aes256Sha1].contains(&credentials.key.enctype()));
    assert_eq!(credentials.client.realm, credentials.server.realm);
    assert!(credentials.endtime > credentials.authtime);
    if options & 0b1_0001 == 0 {
        assert_eq!(credentials.client.to_text(), "alice@R.TEST");
    }
    if options & 4 != 0 {
        assert!(credentials.server.to_text().starts_with("kadmin/changepw@"));
    } else {
        assert_eq!(credentials.server.krbtgt_of(), Some(&*credentials.server.realm));
    }
}

/// The KDC's message as it is, or made of `data` as the content of what is encrypted.
fn reply(kind: u8, data: &[u8], request: &[u8]) -> Vec<u8> {
    let encrypted =
        |key: &Key, usage, plain: &[u8]| key.encrypt(usage, plain, &Same).expect("fits");
    let client = Principal::new(name_type::PRINCIPAL, &["alice"], "R.TEST");
    let cname = client.encode();
    let rep = |padata, cipher| {
        KdcRep {
            padata,
            crealm: b"R.TEST",
            cname: cname.name(),
            ticket: &ticket(&[3; 32]),
            enc_part: data17(cipher),
        }
        .encode(KdcExchange::As)
    };
    let error = |code, e_data| {
        KrbError {
            ctime: None,
            cusec: None,
            stime: NOW,
            susec: 0,
            error_code: code,
            crealm: Some(b"OTHER.TEST"),
            cname: None,
            realm: b"R.TEST",
            sname: cname.name(),
            e_text: None,
            e_data: Some(e_data),
        }
        .encode()
    };
    match kind % 5 {
        0 => data.to_vec(),
        1 => rep(PaDataList::default(), &encrypted(&key(1), key_usage::AS_REP, data)),
        2 => error(i32::from(data.first().copied().unwrap_or(25)), data.get(1..).unwrap_or(&[])),
        inner => {
            let Some(armor) = armor(request) else { return data.to_vec() };
            let armored = |plain: &[u8]| {
                let cipher = encrypted(&armor, key_usage::FAST_REP, plain);
                let value = FastArmoredRep { enc_fast_rep: data17(&cipher) }.encode();
                let element = PaData { padata_type: pa_type::FX_FAST, padata_value: &value };
                PaDataList::encode(&[element])
            };
            if inner == 3 {
                return error(60, &armored(data));
            }
            // The inner response, and after it the encrypted part.
            let length = data.first().map_or(0, |&length| usize::from(length)).min(data.len());
            let (response, part) = data.split_at(length);
            let response = response.get(1..).unwrap_or_default();
            let checksum =
                armor.checksum(key_usage::FAST_FINISHED, &[&ticket(&[3; 32])]).expect("a checksum");
            let list = match FastResponse::decode(response) {
                // The checksum of the ticket is not to be guessed.
                Ok(mut read) => {
                    if let Some(finished) = &mut read.finished {
                        finished.ticket_checksum = Checksum {
                            cksumtype: checksum.checksum_type(),
                            checksum: checksum.bytes(),
                        };
                    }
                    armored(&read.encode())
                }
                Err(_) => armored(response),
            };
            let list = PaDataList::decode(&list).expect("just encoded");
            rep(list, &encrypted(&key(1), key_usage::AS_REP, part))
        }
    }
}

/// The armor's key, as the KDC finds it.
fn armor(request: &[u8]) -> Option<Key> {
    let request = KdcReq::decode(request).ok()?;
    let armored = FastArmoredReq::decode(request.padata.find(pa_type::FX_FAST)?).ok()?;
    let ap_req = ApReq::decode(armored.armor?).ok()?;
    let mut data = ap_req.authenticator.cipher.to_vec();
    let plain = key(2).decrypt(key_usage::AP_REQ_AUTHENTICATOR, &mut data).ok()?;
    let subkey = Authenticator::decode(plain).ok()?.subkey?.key().ok()?;
    Some(subkey.combine("subkeyarmor", &key(2), "ticketarmor"))
}

/// Messages that were read are written and read again with the same content.
fn again(data: &[u8]) {
    for exchange in [KdcExchange::As, KdcExchange::Tgs] {
        if let Ok(rep) = KdcRep::decode(exchange, data) {
            assert_eq!(KdcRep::decode(exchange, &rep.encode(exchange)), Ok(rep));
        }
        if let Ok(part) = EncKdcRepPart::decode(data) {
            let written = part.encode(exchange);
            let read = EncKdcRepPart::decode(&written).expect("what was written");
            assert_eq!(
                (read.nonce, read.sname, read.srealm),
                (part.nonce, part.sname, part.srealm)
            );
            assert_eq!(read.last_req().count(), part.last_req().count());
        }
    }
    if let Ok(response) = FastResponse::decode(data) {
        let written = response.encode();
        let read = FastResponse::decode(&written).expect("what was written");
        assert_eq!((read.nonce, read.finished), (response.nonce, response.finished));
    }
    if let Ok(message) = KrbPriv::decode(data) {
        assert_eq!(KrbPriv::decode(&message.encode()), Ok(message));
    }
    let _ = EncKrbPrivPart::decode(data);
}

fn change_password(data: &[u8]) {
    let mut exchange = ChangePassword::new(NewPassword {
        credentials: credentials(),
        password: "new".to_owned().into(),
        target: None,
        address: None,
        clock_offset: 0,
        random: &Same,
    });
    let Ok(Next::Ask { .. }) = exchange.step(None, now()) else { panic!("no request") };
    if let Ok(Next::Done(done)) = exchange.step(Some(data), now()) {
        assert_ne!(done.result, PasswordResult::Success, "nothing here is encrypted");
        assert!(done.text.len() <= 3 * 4096);
    }
}

fuzz_target!(|data: &[u8]| {
    again(data);
    let Some((&options, mut rest)) = data.split_first() else { return };
    if options == 0xff {
        return change_password(rest);
    }
    let mut exchange = AsExchange::new(parameters(options)).expect("usable parameters");
    let mut next = exchange.step(None, now()).expect("a first request");
    let mut requests = 0;
    // Each reply: its kind, its length, its bytes.
    while let (Next::Ask { request, .. }, [kind, high, low, more @ ..]) = (&next, rest) {
        requests += 1;
        assert!(requests <= 16, "requests without end");
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(more.len());
        let (content, after) = more.split_at(length);
        rest = after;
        match exchange.step(Some(&reply(*kind, content, request)), now()) {
            Ok(step) => next = step,
            Err(_) => return,
        }
    }
    if let Next::Done(issued) = next {
        check(&issued, options);
    }
});

fn data17(cipher: &[u8]) -> EncryptedData<'_> {
    EncryptedData { etype: 17, kvno: None, cipher }
}
