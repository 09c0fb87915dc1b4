//! The GSS-API conversations of MIT krb5 and Heimdal in tests/data/kerberos, opened with the
//! service's keys.

use negossp_core::kerberos::crypto::{Key, key_usage};
use negossp_core::kerberos::gss_token::Token;
use negossp_core::kerberos::keytab::{Keytab, Wanted};
use negossp_core::kerberos::message::*;
use std::collections::BTreeMap;

pub(crate) fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// A conversation: its tokens, and what the acceptor reported about it.
#[derive(Default)]
pub(crate) struct Conversation {
    pub(crate) name: &'static str,
    pub(crate) initiator: Vec<Vec<u8>>,
    pub(crate) acceptor: Vec<Vec<u8>>,
    pub(crate) facts: BTreeMap<&'static str, &'static str>,
}

impl Conversation {
    pub(crate) fn is_mit(&self) -> bool {
        self.name.starts_with("mit-")
    }
}

pub(crate) fn conversations() -> Vec<Conversation> {
    let mut found: Vec<Conversation> = Vec::new();
    for line in include_str!("../../../../../tests/data/kerberos/tokens.txt").lines() {
        let [name, what, value] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        if found.last().is_none_or(|last| last.name != name) {
            found.push(Conversation { name, ..Conversation::default() });
        }
        let last = found.last_mut().unwrap();
        match what {
            "initiator" => last.initiator.push(hex(value)),
            "acceptor" => last.acceptor.push(hex(value)),
            fact => assert!(last.facts.insert(fact, value).is_none()),
        }
    }
    assert_eq!(found.iter().filter(|found| found.is_mit()).count(), 11);
    assert_eq!(found.len(), 22);
    found
}

pub(crate) fn keytab() -> Keytab {
    Keytab::parse(include_bytes!("../../../../../tests/data/kerberos/tokens.keytab")).unwrap()
}

pub(crate) fn decrypt(key: &Key, usage: u32, data: &EncryptedData<'_>) -> Vec<u8> {
    assert_eq!(Some(key.enctype()), data.enctype());
    let mut cipher = data.cipher.to_vec();
    key.decrypt(usage, &mut cipher).unwrap().to_vec()
}

/// What an AP-REQ holds, decrypted.
pub(crate) struct Opened {
    pub(crate) body: Vec<u8>,
    pub(crate) ticket: Vec<u8>,
    pub(crate) authenticator: Vec<u8>,
    /// The plaintext of the AP-REP's part and of the third leg's.
    pub(crate) replies: Vec<Vec<u8>>,
    /// A delegated KRB-CRED, and what is encrypted in it.
    pub(crate) credential: Option<(Vec<u8>, Vec<u8>)>,
}

impl Opened {
    pub(crate) fn new(conversation: &Conversation) -> Opened {
        let body = Token::read(&conversation.initiator[0]).unwrap().body.to_vec();
        let request = ApReq::decode(&body).unwrap();
        let realm = std::str::from_utf8(request.ticket.realm.for_log()).unwrap();
        let components: Vec<&str> = request
            .ticket
            .sname
            .for_log()
            .components()
            .map(|component| std::str::from_utf8(component).unwrap())
            .collect();
        let wanted = Wanted { realm: Some(realm), components: Some(&components) };
        let encrypted = request.ticket.enc_part;
        let keytab = keytab();
        let entry =
            keytab.candidates(wanted, encrypted.enctype().unwrap(), encrypted.kvno).next().unwrap();
        let ticket = decrypt(&entry.key, key_usage::TICKET, &encrypted);
        let session_key = EncTicketPart::decode(&ticket).unwrap().key.key().unwrap();
        let authenticator =
            decrypt(&session_key, key_usage::AP_REQ_AUTHENTICATOR, &request.authenticator);
        let third = conversation.initiator.get(1);
        let replies = conversation.acceptor.iter().chain(third).map(|token| {
            let reply = ApRep::decode(Token::read(token).unwrap().body).unwrap().enc_part;
            decrypt(&session_key, key_usage::AP_REP, &reply)
        });
        let replies = replies.collect();
        let cksum = Authenticator::decode(&authenticator).unwrap().cksum.unwrap();
        let checksum =
            negossp_core::kerberos::gss_checksum::GssChecksum::decode(cksum.checksum).unwrap();
        let credential = checksum.credential.map(|message| {
            let read = KrbCred::decode(message).unwrap();
            let plain = read.unencrypted().map(<[u8]>::to_vec);
            let plain =
                plain.unwrap_or_else(|| decrypt(&session_key, key_usage::KRB_CRED, &read.enc_part));
            (message.to_vec(), plain)
        });
        Opened { ticket, authenticator, replies, credential, body }
    }
}
