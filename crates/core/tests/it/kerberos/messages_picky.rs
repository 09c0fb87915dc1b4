//! Kerberos' messages as picky-krb decodes and encodes them: the same values and the same bytes,
//! for recorded messages and ten thousand random ones.

use crate::support::kerberos_recorded::{Opened, conversations};
use negossp_core::encoding::der;
use negossp_core::kerberos::gss_token::Token;
use negossp_core::kerberos::message::{
    ApOptions, ApRep, ApReq, Authenticator, AuthorizationData, Checksum, EncApRepPart,
    EncKrbCredPart, EncTicketPart, EncryptedData, EncryptionKey, HostAddress, HostAddresses,
    KrbCred, KrbCredInfo, KrbError, PrincipalName, TgtReply, Ticket, TicketFlags,
    TransitedEncoding, Unprotected, time,
};
use picky_krb::{data_types as theirs, messages};

/// The content of a message, one line per field.
type Said = Vec<String>;

/// Formats a value, from this crate's type and from picky's.
mod ours {
    use super::*;

    pub(super) fn at(unix: i64) -> String {
        String::from_utf8(time::format(unix)[..14].to_vec()).unwrap()
    }

    pub(super) fn name(name: &PrincipalName<'_>) -> String {
        format!(
            "{} {:?}",
            name.name_type,
            name.components().map(<[u8]>::to_vec).collect::<Vec<_>>()
        )
    }

    pub(super) fn encrypted(data: &EncryptedData<'_>) -> String {
        format!("{} {:?} {:?}", data.etype, data.kvno.map(i64::from), data.cipher)
    }

    pub(super) fn key(key: &EncryptionKey<'_>) -> String {
        format!("{} {:?}", key.keytype, key.keyvalue)
    }

    pub(super) fn ticket(ticket: &Ticket<'_>) -> String {
        format!(
            "{:?} {} {}",
            ticket.realm,
            name(&ticket.sname.for_log()),
            encrypted(&ticket.enc_part)
        )
    }

    pub(super) fn address(address: &HostAddress<'_>) -> String {
        format!("{} {:?}", address.addr_type, address.address)
    }

    pub(super) fn addresses(list: &HostAddresses<'_>) -> String {
        format!("{:?}", list.iter().map(|found| address(&found)).collect::<Vec<_>>())
    }

    /// With the elements of an AD-IF-RELEVANT in its place.
    pub(super) fn authorization(list: &AuthorizationData<'_>) -> String {
        let elements: Vec<_> =
            list.iter().map(|found| format!("{} {:?}", found.ad_type, found.ad_data)).collect();
        format!("{elements:?}")
    }
}

mod picky {
    use picky_krb::data_types::{self as krb, KerberosTime};

    pub(super) fn number(bytes: &[u8]) -> i64 {
        let first = if bytes[0] >= 0x80 { -1 } else { 0 };
        bytes.iter().fold(first, |value, &byte| value << 8 | i64::from(byte))
    }

    pub(super) fn at(time: &KerberosTime) -> String {
        let date =
            (time.year(), time.month(), time.day(), time.hour(), time.minute(), time.second());
        format!("{:04}{:02}{:02}{:02}{:02}{:02}", date.0, date.1, date.2, date.3, date.4, date.5)
    }

    pub(super) fn flags(flags: &krb::KerberosFlags) -> u32 {
        u32::from_be_bytes(flags.payload_view().try_into().unwrap())
    }

    pub(super) fn name(name: &krb::PrincipalName) -> String {
        let components: Vec<_> =
            name.name_string.0.0.iter().map(|part| part.as_bytes().to_vec()).collect();
        format!("{} {components:?}", number(&name.name_type.0.0))
    }

    pub(super) fn encrypted(data: &krb::EncryptedData) -> String {
        let kvno = data.kvno.0.as_ref().map(|kvno| number(&kvno.0.0));
        format!("{} {kvno:?} {:?}", number(&data.etype.0.0), data.cipher.0.0)
    }

    pub(super) fn key(key: &krb::EncryptionKey) -> String {
        format!("{} {:?}", number(&key.key_type.0.0), key.key_value.0.0)
    }

    pub(super) fn ticket(ticket: &krb::Ticket) -> String {
        let ticket = &ticket.0;
        format!(
            "{:?} {} {}",
            ticket.realm.0.as_bytes(),
            name(&ticket.sname.0),
            encrypted(&ticket.enc_part.0)
        )
    }

    pub(super) fn address(address: &krb::HostAddress) -> String {
        format!("{} {:?}", number(&address.addr_type.0.0), address.address.0.0)
    }

    pub(super) fn addresses(list: &krb::HostAddresses) -> String {
        format!("{:?}", list.0.iter().map(address).collect::<Vec<_>>())
    }

    pub(super) fn authorization(list: &krb::AuthorizationData) -> String {
        fn elements(list: &krb::AuthorizationData, said: &mut Vec<String>) {
            for found in &list.0 {
                match (number(&found.ad_type.0.0), &found.ad_data.0.0) {
                    (1, inner) => elements(&picky_asn1_der::from_bytes(inner).unwrap(), said),
                    (ad_type, ad_data) => said.push(format!("{ad_type} {ad_data:?}")),
                }
            }
        }
        let mut said = Vec::new();
        elements(list, &mut said);
        format!("{said:?}")
    }
}

/// Decodes `bytes` with picky, and encodes the result with it again.
macro_rules! picky {
    ($message:path, $bytes:expr) => {{
        let read: $message = picky_asn1_der::from_bytes($bytes).unwrap();
        assert_eq!(picky_asn1_der::to_vec(&read).unwrap(), $bytes);
        read.0
    }};
}

fn ap_req(bytes: &[u8]) {
    let us = ApReq::decode(bytes).unwrap();
    let us: Said = vec![
        us.ap_options.bits().to_string(),
        ours::ticket(&us.ticket),
        ours::encrypted(&us.authenticator),
    ];
    let them = picky!(messages::ApReq, bytes);
    let them: Said = vec![
        picky::flags(&them.ap_options.0).to_string(),
        picky::ticket(&them.ticket.0),
        picky::encrypted(&them.authenticator.0),
    ];
    assert_eq!(us, them);
}

fn enc_ticket_part(bytes: &[u8]) {
    let us = EncTicketPart::decode(bytes).unwrap();
    let us: Said = vec![
        us.flags.bits().to_string(),
        ours::key(&us.key),
        format!("{:?}", us.crealm),
        ours::name(&us.cname),
        format!("{} {:?}", us.transited.tr_type, us.transited.contents),
        ours::at(us.authtime),
        format!("{:?}", us.starttime.map(ours::at)),
        ours::at(us.endtime),
        format!("{:?}", us.renew_till.map(ours::at)),
        format!("{:?}", us.caddr.as_ref().map(ours::addresses)),
        format!("{:?}", us.authorization_data.as_ref().map(ours::authorization)),
    ];
    let them = picky!(theirs::EncTicketPart, bytes);
    let them: Said = vec![
        picky::flags(&them.flags.0).to_string(),
        picky::key(&them.key.0),
        format!("{:?}", them.crealm.0.as_bytes()),
        picky::name(&them.cname.0),
        format!(
            "{} {:?}",
            picky::number(&them.transited.0.tr_type.0.0),
            them.transited.0.contents.0.0
        ),
        picky::at(&them.auth_time.0),
        format!("{:?}", them.starttime.0.as_ref().map(|time| picky::at(&time.0))),
        picky::at(&them.endtime.0),
        format!("{:?}", them.renew_till.0.as_ref().map(|time| picky::at(&time.0))),
        format!("{:?}", them.caddr.0.as_ref().map(|caddr| picky::addresses(&caddr.0))),
        format!(
            "{:?}",
            them.authorization_data.0.as_ref().map(|list| picky::authorization(&list.0))
        ),
    ];
    assert_eq!(us, them);
}

fn authenticator(bytes: &[u8]) {
    let us = Authenticator::decode(bytes).unwrap();
    let us: Said = vec![
        format!("{:?}", us.crealm),
        ours::name(&us.cname),
        format!(
            "{:?}",
            us.cksum.map(|cksum| (i64::from(cksum.cksumtype), cksum.checksum.to_vec()))
        ),
        us.cusec.to_string(),
        ours::at(us.ctime),
        format!("{:?}", us.subkey.as_ref().map(ours::key)),
        format!("{:?}", us.seq_number.map(i64::from)),
        format!("{:?}", us.authorization_data.as_ref().map(ours::authorization)),
    ];
    let them = picky!(theirs::Authenticator, bytes);
    let them: Said = vec![
        format!("{:?}", them.crealm.0.as_bytes()),
        picky::name(&them.cname.0),
        format!(
            "{:?}",
            them.cksum
                .0
                .as_ref()
                .map(|c| (picky::number(&c.0.cksumtype.0.0), c.0.checksum.0.0.clone()))
        ),
        picky::number(&them.cusec.0.0).to_string(),
        picky::at(&them.ctime.0),
        format!("{:?}", them.subkey.0.as_ref().map(|key| picky::key(&key.0))),
        format!("{:?}", them.seq_number.0.as_ref().map(|number| picky::number(&number.0.0))),
        format!(
            "{:?}",
            them.authorization_data.0.as_ref().map(|list| picky::authorization(&list.0))
        ),
    ];
    assert_eq!(us, them);
}

fn ap_rep(bytes: &[u8]) {
    let them = picky!(messages::ApRep, bytes);
    assert_eq!(
        ours::encrypted(&ApRep::decode(bytes).unwrap().enc_part),
        picky::encrypted(&them.enc_part.0)
    );
}

fn enc_ap_rep_part(bytes: &[u8]) {
    let us = EncApRepPart::decode(bytes).unwrap();
    let subkey = us.subkey.as_ref().map(ours::key);
    let us: Said = vec![
        ours::at(us.ctime),
        format!("{} {subkey:?} {:?}", us.cusec, us.seq_number.map(i64::from)),
    ];
    let them = picky!(theirs::EncApRepPart, bytes);
    let subkey = them.subkey.0.as_ref().map(|key| picky::key(&key.0));
    let number = them.seq_number.0.as_ref().map(|number| picky::number(&number.0.0));
    let them: Said = vec![
        picky::at(&them.ctime.0),
        format!("{} {subkey:?} {number:?}", picky::number(&them.cusec.0.0)),
    ];
    assert_eq!(us, them);
}

/// Without `cusec`, which picky decodes as a time.
fn krb_error(bytes: &[u8]) {
    let us = KrbError::decode(bytes).unwrap();
    let us: Said = vec![
        format!("{:?}", us.ctime.map(ours::at)),
        ours::at(us.stime),
        format!("{} {}", us.susec, us.error_code),
        format!("{:?} {:?}", us.crealm, us.cname.as_ref().map(ours::name)),
        format!("{:?} {}", us.realm, ours::name(&us.sname)),
        format!("{:?} {:?}", us.e_text, us.e_data),
    ];
    let them = picky!(messages::KrbError, bytes);
    let crealm = them.crealm.0.as_ref().map(|realm| realm.0.as_bytes());
    let e_text = them.e_text.0.as_ref().map(|text| text.0.as_bytes());
    let them: Said = vec![
        format!("{:?}", them.ctime.0.as_ref().map(|time| picky::at(&time.0))),
        picky::at(&them.stime.0),
        format!("{} {}", picky::number(&them.susec.0.0), them.error_code.0),
        format!("{crealm:?} {:?}", them.cname.0.as_ref().map(|name| picky::name(&name.0))),
        format!("{:?} {}", them.realm.0.as_bytes(), picky::name(&them.sname.0)),
        format!("{e_text:?} {:?}", them.e_data.0.as_ref().map(|data| data.0.0.clone())),
    ];
    assert_eq!(us, them);
}

fn krb_cred(bytes: &[u8]) {
    let us = KrbCred::decode(bytes).unwrap();
    let tickets: Said =
        us.tickets().map(|ticket| ours::ticket(&Ticket::decode(ticket).unwrap())).collect();
    let them = picky!(messages::KrbCred, bytes);
    assert_eq!(tickets, them.tickets.0.0.iter().map(picky::ticket).collect::<Said>());
    assert_eq!(ours::encrypted(&us.enc_part), picky::encrypted(&them.enc_part.0));
}

fn enc_krb_cred_part(bytes: &[u8]) {
    let us = EncKrbCredPart::decode(bytes).unwrap();
    let head = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        us.nonce.map(i64::from),
        us.timestamp.map(ours::at),
        us.usec.map(i64::from),
        us.s_address.as_ref().map(ours::address),
        us.r_address.as_ref().map(ours::address)
    );
    let mut said: Said = vec![head];
    for info in us.ticket_info() {
        let times = [info.authtime, info.starttime, info.endtime, info.renew_till];
        said.push(ours::key(&info.key));
        said.push(format!("{:?} {:?}", info.prealm, info.pname.as_ref().map(ours::name)));
        said.push(format!(
            "{:?} {:?}",
            info.flags.map(|flags| flags.bits()),
            times.map(|time| time.map(ours::at))
        ));
        said.push(format!("{:?} {:?}", info.srealm, info.sname.as_ref().map(ours::name)));
        said.push(format!("{:?}", info.caddr.as_ref().map(ours::addresses)));
    }
    let them = picky!(theirs::EncKrbCredPart, bytes);
    let head = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        them.nonce.0.as_ref().map(|number| picky::number(&number.0.0)),
        them.timestamp.0.as_ref().map(|time| picky::at(&time.0)),
        them.usec.0.as_ref().map(|number| picky::number(&number.0.0)),
        them.s_address.0.as_ref().map(|address| picky::address(&address.0)),
        them.r_address.0.as_ref().map(|address| picky::address(&address.0))
    );
    let mut they_said: Said = vec![head];
    for info in &them.ticket_info.0.0 {
        let times = [
            info.auth_time.0.as_ref().map(|time| picky::at(&time.0)),
            info.start_time.0.as_ref().map(|time| picky::at(&time.0)),
            info.end_time.0.as_ref().map(|time| picky::at(&time.0)),
            info.renew_till.0.as_ref().map(|time| picky::at(&time.0)),
        ];
        let prealm = info.prealm.0.as_ref().map(|realm| realm.0.as_bytes());
        let srealm = info.srealm.0.as_ref().map(|realm| realm.0.as_bytes());
        they_said.push(picky::key(&info.key.0));
        they_said.push(format!(
            "{prealm:?} {:?}",
            info.pname.0.as_ref().map(|name| picky::name(&name.0))
        ));
        they_said.push(format!(
            "{:?} {times:?}",
            info.flags.0.as_ref().map(|flags| picky::flags(&flags.0))
        ));
        they_said.push(format!(
            "{srealm:?} {:?}",
            info.sname.0.as_ref().map(|name| picky::name(&name.0))
        ));
        they_said
            .push(format!("{:?}", info.caddr.0.as_ref().map(|caddr| picky::addresses(&caddr.0))));
    }
    assert_eq!(said, they_said);
}

#[test]
fn recorded_messages_say_the_same() {
    for conversation in conversations() {
        let opened = Opened::new(&conversation);
        ap_req(&opened.body);
        enc_ticket_part(&opened.ticket);
        authenticator(&opened.authenticator);
        for reply in &conversation.acceptor {
            ap_rep(Token::read(reply).unwrap().body);
        }
        for reply in &opened.replies {
            enc_ap_rep_part(reply);
        }
        if let Some((message, part)) = &opened.credential {
            krb_cred(message);
            enc_krb_cred_part(part);
        }
    }
}

/// Values at random, the same in each run (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 33) % end
    }

    /// Of any size that 32 bits allow, small ones as often as large ones.
    fn u32(&mut self) -> u32 {
        (self.next() >> 32) as u32 >> self.below(32)
    }

    fn i32(&mut self) -> i32 {
        let value = self.u32().cast_signed();
        if self.below(2) == 0 { value } else { !value }
    }

    fn time(&mut self) -> i64 {
        // picky does not accept year 0.
        let first = -62_135_596_800;
        first + (self.next() >> 1) as i64 % (time::LAST - first)
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = [0, 1, 16, 100, 127, 128, 300][self.below(7) as usize];
        (0..length).map(|_| self.next() as u8).collect()
    }

    fn text(&mut self) -> Vec<u8> {
        (0..self.below(20)).map(|_| b' ' + self.below(95) as u8).collect()
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        if self.below(2) == 0 { None } else { Some(value) }
    }
}

#[test]
fn made_up_messages_say_the_same() {
    let mut random = Random(0x5eed_1234_5678_9abc);
    for _ in 0..1_250 {
        let r = &mut random;
        let components: Vec<_> = (0..=r.below(4)).map(|_| r.text()).collect();
        let (components, sname) = (
            PrincipalName::encode_components(&components),
            PrincipalName::encode_components(&[r.text()]),
        );
        let cname = PrincipalName::new(r.i32(), &components).unwrap();
        let sname = PrincipalName::new(r.i32(), &sname).unwrap();
        let (realm, cipher, keyvalue, contents) = (r.text(), r.bytes(), r.bytes(), r.bytes());
        let enc_part = EncryptedData {
            etype: r.i32(),
            kvno: {
                let kvno = r.u32();
                r.maybe(kvno)
            },
            cipher: &cipher,
        };
        let key = EncryptionKey { keytype: r.i32(), keyvalue: &keyvalue };
        let ticket = Ticket {
            realm: Unprotected::new(&realm[..]),
            sname: Unprotected::new(sname),
            enc_part,
        };
        let list: Vec<_> = (0..r.below(4))
            .map(|_| (r.i32(), r.bytes()))
            .filter(|(ad_type, _)| *ad_type != 1)
            .collect();
        let list: Vec<_> =
            list.iter().map(|(ad_type, ad_data)| (*ad_type, ad_data.as_slice())).collect();
        let list = AuthorizationData::encode(&list);
        let list = AuthorizationData::decode(&list).unwrap();
        let address = HostAddress { addr_type: r.i32(), address: &contents };
        let caddr = HostAddresses::encode(&vec![address; r.below(3) as usize]);
        let caddr = HostAddresses::decode(&caddr).unwrap();
        let times = [r.time(), r.time(), r.time(), r.time()];
        let cusec = r.below(1_000_000) as u32;
        let seq_number = {
            let number = r.u32();
            r.maybe(number)
        };
        let subkey = r.maybe(key);

        ap_req(
            &ApReq {
                ap_options: ApOptions::from_bits_retain(r.u32()),
                ticket,
                authenticator: enc_part,
            }
            .encode(),
        );
        enc_ticket_part(
            &EncTicketPart {
                flags: TicketFlags::from_bits_retain(r.u32()),
                key,
                crealm: &realm,
                cname,
                transited: TransitedEncoding { tr_type: r.i32(), contents: &contents },
                authtime: times[0],
                starttime: r.maybe(times[1]),
                endtime: times[2],
                renew_till: r.maybe(times[3]),
                caddr: r.maybe(caddr),
                authorization_data: r.maybe(list),
            }
            .encode(),
        );
        let cksum = Checksum { cksumtype: r.i32(), checksum: &contents };
        let part = Authenticator {
            crealm: &realm,
            cname,
            cksum: r.maybe(cksum),
            cusec,
            ctime: times[0],
            subkey,
            seq_number,
            authorization_data: r.maybe(list),
        };
        authenticator(&part.encode());
        ap_rep(&ApRep { enc_part }.encode());
        enc_ap_rep_part(&EncApRepPart { ctime: times[1], cusec, subkey, seq_number }.encode());
        let error = KrbError {
            ctime: r.maybe(times[0]),
            cusec: None,
            stime: times[1],
            susec: cusec,
            // picky does not accept negative ones.
            error_code: r.i32() & i32::MAX,
            crealm: r.maybe(&realm),
            cname: r.maybe(cname),
            realm: &realm,
            sname,
            e_text: r.maybe(&realm),
            e_data: r.maybe(&contents),
        };
        krb_error(&error.encode());
        let tickets = vec![ticket.encode(); 1 + r.below(3) as usize];
        krb_cred(&KrbCred::encode(&tickets, &enc_part));
        let info = KrbCredInfo {
            key,
            prealm: r.maybe(&realm),
            pname: r.maybe(cname),
            flags: {
                let flags = TicketFlags::from_bits_retain(r.u32());
                r.maybe(flags)
            },
            authtime: r.maybe(times[0]),
            starttime: r.maybe(times[1]),
            endtime: r.maybe(times[2]),
            renew_till: r.maybe(times[3]),
            srealm: r.maybe(&realm),
            sname: r.maybe(sname),
            caddr: r.maybe(caddr),
        };
        enc_krb_cred_part(&EncKrbCredPart::encode(&[info, info], times[0], cusec));
        let reply = TgtReply { ticket }.encode();
        let them: messages::TgtRep = picky_asn1_der::from_bytes(&reply).unwrap();
        assert_eq!(
            picky::ticket(&them.ticket.0),
            ours::ticket(&TgtReply::decode(&reply).unwrap().ticket)
        );
        assert_eq!(reply[0], der::SEQUENCE);
    }
}
