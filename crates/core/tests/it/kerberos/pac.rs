//! PACs of real KDCs, read as Samba reads them and with their signatures verified; and forged PACs
//! of our own.

use crate::support::pac::{
    LogonInfo, Ndr, claims_metadata, client_info, pac_type, place, sid, sign, sign_basic, signed,
    upn_dns_info, utf16,
};
use crate::support::shared;
use negossp_core::kerberos::crypto::{Enctype, Key, UsageKeys, key_usage};
use negossp_core::kerberos::message::authorization_data::ad_type;
use negossp_core::kerberos::message::{AuthorizationData, EncTicketPart};
use negossp_core::kerberos::pac::{Claims, Compression, Pac, buffer_type};
use negossp_core::principal::{AccountInfo, SidAndAttributes};
use negossp_core::types::error::{Error, Result};
use negossp_core::types::sid::Sid;
use negossp_core::types::time::FileTime;

/// A ticket of tests/data/kerberos/pac: words and values.
struct Recorded {
    name: &'static str,
    text: &'static str,
}

macro_rules! recorded {
    ($($name:literal),* $(,)?) => {
        [$(Recorded { name: $name, text: include_str!(shared!("kerberos/pac/", $name, ".txt")) }),*]
    };
}

const SAMBA: [Recorded; 7] = recorded![
    "samba-aes256",
    "samba-rc4",
    "samba-machine",
    "samba-krbtgt",
    "samba-not-ascii",
    "samba-enterprise",
    "samba-s4u2self",
];

const MIT: [Recorded; 6] = recorded![
    "mit-aes256-sha1",
    "mit-aes128-sha1",
    "mit-aes256-sha2",
    "mit-aes128-sha2",
    "mit-rc4",
    "mit-two-components",
];

impl Recorded {
    fn all(&self, word: &str) -> Vec<&'static str> {
        self.text.lines().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' ')).collect()
    }

    fn has(&self, word: &str) -> bool {
        !self.all(word).is_empty()
    }

    fn one(&self, word: &str) -> &'static str {
        match self.all(word)[..] {
            [value] => value,
            _ => panic!("{}: no {word}, or several", self.name),
        }
    }

    fn number(&self, word: &str) -> u64 {
        self.one(word).parse().unwrap()
    }

    fn bytes(&self, word: &str) -> Vec<u8> {
        unhex(self.one(word))
    }

    fn pac_key(value: &str) -> UsageKeys {
        let (enctype, key) = value.split_once(' ').unwrap();
        let enctype = Enctype::from_number(enctype.parse().unwrap()).unwrap();
        Key::new(enctype, &unhex(key)).unwrap().derive_usage(key_usage::PAC_SIGNATURE)
    }

    fn service(&self) -> UsageKeys {
        Recorded::pac_key(self.one("key"))
    }

    /// The KDC's key, with which the KDC signature is made.
    fn krbtgt(&self) -> UsageKeys {
        let (kind, _) = self.one("KdcSignature").split_once(' ').unwrap();
        let kind: i32 = kind.parse().unwrap();
        let mut keys = self.all("krbtgt").into_iter().map(Recorded::pac_key);
        keys.find(|keys| keys.enctype().checksum_type() == kind).unwrap()
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn components(name: &str) -> Vec<&[u8]> {
    name.split('/').map(str::as_bytes).collect()
}

/// `SID ATTRIBUTES`, as the records have groups.
fn shown(groups: impl Iterator<Item = SidAndAttributes>) -> Vec<String> {
    groups.map(|group| format!("{} {}", group.sid, group.attributes)).collect()
}

/// Every field that Samba's Python module and this crate read in a PAC.
fn same_as_samba(record: &Recorded, pac: &Pac<'_>) {
    let name = record.name;
    if record.has("EffectiveName") {
        let info = pac.logon_info().expect(name);
        let texts = [
            ("EffectiveName", info.effective_name),
            ("FullName", info.full_name),
            ("LogonScript", info.logon_script),
            ("ProfilePath", info.profile_path),
            ("HomeDirectory", info.home_directory),
            ("HomeDirectoryDrive", info.home_directory_drive),
            ("LogonServer", info.logon_server),
            ("LogonDomainName", info.logon_domain_name),
        ];
        for (word, text) in texts {
            assert_eq!(text.to_text().unwrap(), record.one(word), "{name}: {word}");
        }
        let numbers = [
            ("LogonTime", info.logon_time.0),
            ("LogoffTime", info.logoff_time.0),
            ("KickOffTime", info.kick_off_time.0),
            ("PasswordLastSet", info.password_last_set.0),
            ("PasswordCanChange", info.password_can_change.0),
            ("PasswordMustChange", info.password_must_change.0),
            ("LogonCount", info.logon_count.into()),
            ("BadPasswordCount", info.bad_password_count.into()),
            ("UserId", info.user_id.into()),
            ("PrimaryGroupId", info.primary_group_id.into()),
            ("UserFlags", info.user_flags.into()),
            ("UserAccountControl", info.user_account_control.into()),
        ];
        for (word, number) in numbers {
            assert_eq!(number, record.number(word), "{name}: {word}");
        }
        assert_eq!(info.logon_domain_id, Some(sid(record.one("LogonDomainId"))));
        assert_eq!(
            shown(info.group_ids.sids(info.logon_domain_id)),
            record.all("GroupIds"),
            "{name}"
        );
        assert_eq!(shown(info.extra_sids.iter()), record.all("ExtraSids"), "{name}");
        let resource_groups = info.resource_group_ids.sids(info.resource_group_domain_sid);
        assert_eq!(shown(resource_groups), record.all("ResourceGroupIds"), "{name}");
    } else {
        assert!(pac.logon_info().is_none(), "{name}");
    }
    if record.has("ClientId") {
        let info = pac.client_info().expect(name);
        assert_eq!(
            (info.client_id.0, info.name.to_text().unwrap().as_str()),
            (record.number("ClientId"), record.one("Name")),
            "{name}"
        );
    }
    if record.has("Upn") {
        let info = pac.upn_dns_info().expect(name);
        assert_eq!(
            (
                info.upn.to_text().unwrap().as_str(),
                info.dns_domain_name.to_text().unwrap().as_str()
            ),
            (record.one("Upn"), record.one("DnsDomainName"))
        );
        assert_eq!(u64::from(info.upn_is_constructed), record.number("Flags") & 1);
        assert_eq!(
            info.sam_name.map(|text| text.to_text().unwrap()),
            record.all("SamName").first().map(|text| text.to_string())
        );
        assert_eq!(info.sid, record.all("Sid").first().map(|text| sid(text)));
    } else {
        assert!(pac.upn_dns_info().is_none());
    }
    assert_eq!(
        pac.attributes().map(|flags| flags.to_string()),
        record.all("AttributesInfo").first().map(|text| text.to_string())
    );
    assert_eq!(pac.requestor(), record.all("Requestor").first().map(|text| sid(text)));
    let signatures = [
        ("ServerSignature", pac.server_signature()),
        ("KdcSignature", pac.kdc_signature()),
        ("TicketSignature", pac.ticket_signature()),
        ("FullSignature", pac.full_signature()),
    ];
    for (word, signature) in signatures {
        let ours = signature.map(|signature| {
            format!("{} {}", signature.signature_type, hex(signature.signature()))
        });
        assert_eq!(ours.as_deref(), record.all(word).first().copied(), "{name}: {word}");
    }
}

/// Reads and verifies everything in a recorded ticket; returns which KDC signatures it had besides
/// the basic one.
fn accepted(record: &Recorded) -> (bool, bool) {
    let name = record.name;
    let bytes = record.bytes("enc_ticket_part");
    let ticket = EncTicketPart::decode(&bytes).unwrap();
    let found = ticket.authorization_data.unwrap().find(ad_type::WIN2K_PAC).unwrap();
    assert_eq!(found, record.bytes("pac"));
    let pac = Pac::parse(found).unwrap();
    same_as_samba(record, &pac);
    pac.verify_server(&record.service()).expect(name);
    pac.verify_as_kdc(&bytes, &record.krbtgt()).expect(name);
    pac.check_client_info(ticket.authtime, ticket.cname.components(), ticket.crealm).expect(name);
    if let Some(user) = pac.logon_info().and_then(|info| info.user_sid()) {
        assert_eq!(pac.upn_dns_info().and_then(|info| info.sid), Some(user), "{name}");
    }
    (pac.ticket_signature().is_some(), pac.full_signature().is_some())
}

#[test]
fn samba() {
    for record in SAMBA {
        // [MS-PAC] 2.8.3: tickets to krbtgt have no ticket signature. Samba 4.17 makes both all the
        // same.
        let to_krbtgt = record.name == "samba-krbtgt";
        assert_eq!(accepted(&record), (!to_krbtgt, !to_krbtgt), "{}", record.name);
    }
}

#[test]
fn mit() {
    for record in MIT {
        // 1.20 makes no full signature yet.
        assert_eq!(accepted(&record), (true, false), "{}", record.name);
    }
}

/// Groups of every kind, a long list of them, unusual names: by Samba's encoder.
#[test]
fn samba_encodes() {
    let [record] = recorded!["encoded-groups"];
    let bytes = record.bytes("pac");
    let pac = Pac::parse(&bytes).unwrap();
    same_as_samba(&record, &pac);
    let info = pac.logon_info().unwrap();
    assert_eq!(
        (info.group_ids.len(), info.extra_sids.len(), info.resource_group_ids.len()),
        (60, 4, 2)
    );
    // The primary group is not listed.
    assert_eq!(info.groups().count(), 60 + 1 + 4 + 2);
}

#[test]
fn groups_of_alice() {
    let bytes = SAMBA[0].bytes("pac");
    let pac = Pac::parse(&bytes).unwrap();
    let info = pac.logon_info().unwrap();
    let domain = info.logon_domain_id.unwrap();
    let mut expected: Vec<String> =
        [513, 1107, 1110, 1108, 1109].iter().map(|rid| format!("{domain}-{rid} 7")).collect();
    expected.push("S-1-18-1 7".into());
    assert_eq!(shown(info.groups()), expected);
    assert_eq!(info.user_sid(), domain.with_rid(1102));
}

/// Each byte of the PAC is covered by one of the signatures.
#[test]
fn every_byte_is_signed() {
    for record in [&SAMBA[0], &SAMBA[1], &MIT[2]] {
        let (ticket, good) = (record.bytes("enc_ticket_part"), record.bytes("pac"));
        let start = ticket.windows(good.len()).position(|window| window == good).unwrap();
        let (service, krbtgt) = (record.service(), record.krbtgt());
        for at in 0..good.len() {
            for change in [1, 0x80] {
                let mut changed = ticket.clone();
                changed[start + at] ^= change;
                let Ok(pac) = Pac::parse(&changed[start..start + good.len()]) else { continue };
                // A service cannot check the KDC signature by itself.
                let kdc_only =
                    place(&good, buffer_type::KDC_SIGNATURE).skip(4).any(|place| place == at);
                assert_eq!(
                    pac.verify_server(&service).is_ok(),
                    kdc_only,
                    "{}: byte {at}",
                    record.name
                );
                if kdc_only
                    || place(&good, buffer_type::SERVER_SIGNATURE).skip(4).any(|place| place == at)
                {
                    assert_eq!(
                        pac.verify_as_kdc(&changed, &krbtgt).unwrap_err(),
                        MISMATCH,
                        "{}: byte {at}",
                        record.name
                    );
                }
            }
        }
    }
}

const MISMATCH: Error = Error::MessageAltered("the checksum does not match");
const WRONG_TYPE: Error =
    Error::MessageAltered("a checksum of a type that does not go with the key");

/// The ticket signature covers each byte of the ticket but the PAC.
#[test]
fn ticket_signature() {
    for record in [&SAMBA[0], &MIT[0], &MIT[2]] {
        let (ticket, bytes, keys) =
            (record.bytes("enc_ticket_part"), record.bytes("pac"), record.krbtgt());
        let pac = Pac::parse(&bytes).unwrap();
        pac.verify_ticket(&ticket, &keys).unwrap();
        let start = ticket.windows(bytes.len()).position(|window| window == bytes).unwrap();
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert!(pac.verify_ticket(&changed, &keys).is_err(), "{}: byte {at}", record.name);
        }
        for length in 0..ticket.len() {
            assert!(
                pac.verify_ticket(&ticket[..length], &keys).is_err(),
                "{}: {length} bytes",
                record.name
            );
        }
        // Another PAC than the one in the ticket.
        let mut other = ticket.clone();
        other[start..start + bytes.len()].fill(0);
        assert!(pac.verify_ticket(&other, &keys).is_err());
    }
}

#[test]
fn key_and_signature_go_together() {
    let record = &SAMBA[1];
    let bytes = record.bytes("pac");
    let pac = Pac::parse(&bytes).unwrap();
    // An AES key of the same bytes.
    let (_, key) = record.one("key").split_once(' ').unwrap();
    let other =
        Key::new(Enctype::Aes128Sha1, &unhex(key)).unwrap().derive_usage(key_usage::PAC_SIGNATURE);
    assert_eq!(pac.verify_server(&other), Err(WRONG_TYPE));
    assert_eq!(pac.verify_kdc(&record.service()), Err(WRONG_TYPE));
    for (at, record) in SAMBA.iter().enumerate() {
        let (bytes, other) = (record.bytes("pac"), &SAMBA[(at + 1) % SAMBA.len()]);
        let pac = Pac::parse(&bytes).unwrap();
        if other.one("key") != record.one("key") {
            assert!(
                matches!(pac.verify_server(&other.service()), Err(Error::MessageAltered(_))),
                "{}",
                record.name
            );
        }
    }
}

// ---- PACs of our own

const AUTHTIME: i64 = 1_700_000_000;

fn key(enctype: Enctype, seed: u8) -> Key {
    let bytes: Vec<u8> =
        (0..enctype.key_length() as u8).map(|at| at.wrapping_mul(7) ^ seed).collect();
    Key::new(enctype, &bytes).unwrap()
}

fn service_key() -> Key {
    key(Enctype::Aes256Sha1, 1)
}

fn kdc_key() -> Key {
    key(Enctype::Aes256Sha1, 2)
}

/// Calls every accessor of a PAC.
fn read_all(pac: &Pac<'_>) -> Result<()> {
    let keys = service_key().derive_usage(key_usage::PAC_SIGNATURE);
    if let Some(info) = pac.logon_info() {
        let (_, _, _) = (info.user_sid(), info.primary_group_sid(), format!("{info:?}"));
        assert_eq!(info.extra_sids.iter().count(), info.extra_sids.len());
        assert!(
            info.groups().count()
                <= info.group_ids.len() + info.extra_sids.len() + info.resource_group_ids.len() + 1
        );
    }
    let _ = (pac.verify_kdc(&keys), pac.verify_full(&keys), pac.verify_server(&keys));
    let _ = pac.check_client_info(AUTHTIME, [&b"alice"[..]], b"EXAMPLE.TEST");
    for claims in [pac.client_claims()?, pac.device_claims()?].into_iter().flatten() {
        claims.arrays()?;
    }
    pac.device_info().map(|info| info.map(|info| info.groups().count()))?;
    Ok(())
}

/// A PAC with a buffer of every kind.
fn full_pac() -> Vec<u8> {
    let info = LogonInfo {
        user_flags: 0x220,
        extra_sids: vec![(sid("S-1-18-1"), 7), (sid("S-1-5-21-9-9-9-1"), 7)],
        resource_group_domain_sid: Some(sid("S-1-5-21-4-5-6")),
        resource_group_ids: vec![(1200, 0x2000_0007)],
        ..LogonInfo::default()
    };
    let mut buffers = crate::support::pac::alice(AUTHTIME);
    buffers[0].1 = info.encode();
    buffers.push((buffer_type::ATTRIBUTES_INFO, vec![2, 0, 0, 0, 1, 0, 0, 0]));
    buffers.push((buffer_type::REQUESTOR, sid("S-1-5-21-1-2-3-1102").to_bytes()));
    buffers.push((
        buffer_type::CLIENT_CLAIMS,
        crate::support::pac::claims(0, &crate::support::pac::some_claims()),
    ));
    buffers.push((buffer_type::DEVICE_INFO, crate::support::pac::device_info()));
    buffers.push((buffer_type::FULL_SIGNATURE, [&16i32.to_le_bytes()[..], &[0; 12]].concat()));
    buffers.push((77, b"nobody knows this".to_vec()));
    signed(&buffers, &service_key(), &kdc_key())
}

fn parse_error(pac: &[u8]) -> Error {
    Pac::parse(pac).map(|_| ()).unwrap_err()
}

#[test]
fn a_buffer_of_every_kind() {
    let bytes = full_pac();
    let pac = Pac::parse(&bytes).unwrap();
    read_all(&pac).unwrap();
    let (service, kdc) = (
        service_key().derive_usage(key_usage::PAC_SIGNATURE),
        kdc_key().derive_usage(key_usage::PAC_SIGNATURE),
    );
    pac.verify_server(&service).unwrap();
    pac.verify_kdc(&kdc).unwrap();
    pac.verify_full(&kdc).unwrap();
    assert_eq!(pac.verify_server(&kdc), Err(MISMATCH));
    assert_eq!(pac.verify_kdc(&service), Err(MISMATCH));
    assert_eq!(pac.verify_full(&service), Err(MISMATCH));
    assert!(matches!(pac.verify_ticket(b"", &kdc), Err(Error::InvalidToken(_))));
    assert_eq!(pac.attributes(), Some(1));
    assert_eq!(pac.requestor(), Some(sid("S-1-5-21-1-2-3-1102")));
    let info = pac.logon_info().unwrap();
    let groups = [
        "S-1-5-21-1-2-3-513 7",
        "S-1-5-21-1-2-3-1107 7",
        "S-1-18-1 7",
        "S-1-5-21-9-9-9-1 7",
        "S-1-5-21-4-5-6-1200 536870919",
    ];
    assert_eq!(shown(info.groups()), groups);
    assert_eq!(
        (info.home_directory.is_empty(), info.logon_script.to_text().unwrap().as_str()),
        (true, "logon.cmd")
    );
}

/// Session keys for other protocols, which a PAC may hold, are not exposed anywhere.
#[test]
fn session_keys_are_not_shown() {
    let bytes = full_pac();
    assert!(bytes.windows(16).any(|window| window == crate::support::pac::SESSION_KEY));
    let shown = format!("{:?}", Pac::parse(&bytes).unwrap());
    assert!(
        shown.starts_with(
            "Pac(Some(LogonInfo(EXAMPLE\\alice, Some(S-1-5-21-1-2-3-1102))), Some(ClientInfo "
        ),
        "{shown}"
    );
    assert!(!shown.contains("[") && !shown.contains("KEY"), "{shown}");
}

#[test]
fn nothing_shorter_and_nothing_altered_panics() {
    let good = full_pac();
    for length in 0..good.len() {
        // Only padding can be cut off without an error, never part of a buffer.
        if let Ok(pac) = Pac::parse(&good[..length]) {
            assert!(length >= place(&good, buffer_type::KDC_SIGNATURE).end);
            read_all(&pac).unwrap();
        }
    }
    let mut changed = good.clone();
    for at in 0..good.len() {
        for value in [
            0,
            1,
            0x7f,
            0x80,
            0xff,
            good[at] ^ 1,
            good[at].wrapping_add(4),
            good[at].wrapping_sub(4),
        ] {
            changed[at] = value;
            if let Ok(pac) = Pac::parse(&changed) {
                let _ = read_all(&pac);
            }
        }
        changed[at] = good[at];
    }
    for at in (0..good.len() - 4).step_by(4) {
        for value in [0u32, 1, 2, 8, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, u32::MAX] {
            changed[at..at + 4].copy_from_slice(&value.to_le_bytes());
            if let Ok(pac) = Pac::parse(&changed) {
                let _ = read_all(&pac);
            }
        }
        changed[at..at + 4].copy_from_slice(&good[at..at + 4]);
    }
}

/// Counts and lengths of KERB_VALIDATION_INFO, by their offset in the buffer; each must be rejected
/// when it is one too large or one too small.
#[test]
fn counts_that_lie() {
    let good = pac_type(&[(
        buffer_type::LOGON_INFO,
        LogonInfo { full_name: "x".into(), ..LogonInfo::default() }.encode(),
    )]);
    let info = place(&good, buffer_type::LOGON_INFO).start + 16 + 4;
    // The fixed part: six times, six names, then counts. The names' referents follow it.
    let (effective_name, group_count) = (info + 48, info + 48 + 48 + 4 + 8);
    let sid_count = group_count + 12 + 16 + 16 + 4 + 8 + 4 + 28;
    let referents = sid_count + 20;
    let counts = [
        effective_name,     // Length
        effective_name + 2, // MaximumLength
        group_count,        // GroupCount
        sid_count,          // SidCount
        sid_count + 12,     // ResourceGroupCount
        referents,          // maximum count of EffectiveName
        referents + 4,      // its offset
        referents + 8,      // its actual count
    ];
    assert_eq!(good[group_count..group_count + 4], 2u32.to_le_bytes());
    assert_eq!(good[sid_count..sid_count + 4], 1u32.to_le_bytes());
    assert_eq!(good[referents..referents + 4], 5u32.to_le_bytes());
    for at in counts {
        for lie in [-1i32, 1, 2, 0x7fff_ffff] {
            let mut bad = good.clone();
            if lie != 0x7fff_ffff {
                let wide = u16::from_le_bytes([bad[at], bad[at + 1]]).wrapping_add(lie as u16);
                bad[at..at + 2].copy_from_slice(&wide.to_le_bytes());
            } else if at < group_count {
                bad[at..at + 2].copy_from_slice(&[0xff, 0x7f]);
            } else {
                bad[at..at + 4].copy_from_slice(&lie.to_le_bytes());
            }
            // An odd MaximumLength holds as many characters as one less.
            if bad == good || (at == effective_name + 2 && lie == 1) {
                continue;
            }
            assert!(matches!(parse_error(&bad), Error::InvalidToken(_)), "{at}: {lie}");
        }
    }
}

#[test]
fn a_pointer_that_is_null() {
    let good = pac_type(&[(buffer_type::LOGON_INFO, LogonInfo::default().encode())]);
    let start = place(&good, buffer_type::LOGON_INFO).start + 16;
    // Pointers to KERB_VALIDATION_INFO, EffectiveName's characters, GroupIds, ExtraSids.
    for at in [
        0,
        4 + 48 + 4,
        4 + 48 + 48 + 4 + 12,
        4 + 48 + 48 + 4 + 12 + 4 + 4 + 16 + 16 + 4 + 8 + 4 + 28 + 4,
    ] {
        let mut bad = good.clone();
        assert_eq!(bad[start + at + 2], 2, "{at}");
        bad[start + at..start + at + 4].fill(0);
        assert!(matches!(parse_error(&bad), Error::InvalidToken(_)), "{at}");
    }
}

#[test]
fn serialization_headers() {
    let good = pac_type(&[(buffer_type::LOGON_INFO, LogonInfo::default().encode())]);
    let start = place(&good, buffer_type::LOGON_INFO).start;
    // Version, endianness, length of the header; big-endian data; a length greater than the buffer.
    for (at, value) in [(0, 2), (1, 0), (1, 1), (2, 16), (3, 8), (9, 0xff)] {
        let mut bad = good.clone();
        bad[start + at] = value;
        assert!(matches!(parse_error(&bad), Error::InvalidToken(_)), "{at}");
    }
    // The filler bytes in the headers are ignored.
    let mut other = good.clone();
    other[start + 4..start + 8].fill(0);
    other[start + 12..start + 16].fill(0xaa);
    Pac::parse(&other).unwrap();
}

#[test]
fn the_table_of_buffers() {
    let good = full_pac();
    let count = good[0];
    let bad = |at: usize, bytes: &[u8]| {
        let mut pac = good.clone();
        pac[at..at + bytes.len()].copy_from_slice(bytes);
        parse_error(&pac)
    };
    assert_eq!(bad(4, &[1]), Error::InvalidToken("PAC: of an unknown version"));
    assert_eq!(bad(0, &[65]), Error::InvalidToken("PAC: too many buffers"));
    assert_eq!(bad(0, &[0xff; 4]), Error::InvalidToken("PAC: too many buffers"));
    assert_eq!(parse_error(&[64, 0, 0, 0, 0, 0, 0, 0]), Error::InvalidToken("PAC: cut short"));
    const OUTSIDE: Error = Error::InvalidToken("PAC: a buffer lies outside");
    // Offsets within the table, not a multiple of eight, beyond the end, beyond 32 bits; sizes
    // beyond the end.
    let entry = 8 + 16 * usize::from(count - 3);
    for offset in [
        0u64,
        8,
        8 + 16 * u64::from(count) - 8,
        8 + 16 * u64::from(count) + 4,
        good.len() as u64 + 8,
        1 << 32,
        u64::MAX,
        u64::MAX - 7,
    ] {
        assert_eq!(bad(entry + 8, &offset.to_le_bytes()), OUTSIDE, "{offset}");
    }
    for size in [good.len() as u32, 0x7fff_ffff, u32::MAX] {
        assert_eq!(bad(entry + 4, &size.to_le_bytes()), OUTSIDE);
    }
    assert!(Pac::parse(&[0; 8]).is_ok());
    assert!(Pac::parse(&[0; 7]).is_err());
}

#[test]
fn buffers_that_overlap() {
    let good = full_pac();
    // A buffer of an unknown type over the KDC signature: bytes that are zeroed for verification
    // would be data here.
    let entry = 8 + 16 * (usize::from(good[0]) - 3);
    assert_eq!(good[entry], 77);
    let kdc = place(&good, buffer_type::KDC_SIGNATURE);
    for (offset, size) in [
        (kdc.start, 1),
        (kdc.start, kdc.len()),
        (kdc.start + 8, 4),
        (place(&good, 1).start, good.len() - place(&good, 1).start),
    ] {
        let mut bad = good.clone();
        bad[entry + 4..entry + 8].copy_from_slice(&(size as u32).to_le_bytes());
        bad[entry + 8..entry + 16].copy_from_slice(&(offset as u64).to_le_bytes());
        assert_eq!(parse_error(&bad), Error::InvalidToken("PAC: buffers overlap"));
    }
    // An empty buffer overlaps nothing.
    let mut empty = good.clone();
    empty[entry + 4..entry + 8].fill(0);
    empty[entry + 8..entry + 16].copy_from_slice(&(kdc.start as u64).to_le_bytes());
    assert!(Pac::parse(&empty).is_ok());
}

#[test]
fn buffers_twice() {
    let buffers = crate::support::pac::alice(AUTHTIME);
    for (kind, contents) in &buffers {
        let mut twice = buffers.clone();
        twice.push((*kind, contents.clone()));
        assert_eq!(
            parse_error(&signed(&twice, &service_key(), &kdc_key())),
            Error::InvalidToken("PAC: a buffer stands there twice")
        );
    }
    for kind in [2, 6, 7, 11, 13, 14, 15, 16, 19] {
        let signature = (kind, [&16i32.to_le_bytes()[..], &[0; 12]].concat());
        let twice = pac_type(&[buffers[0].clone(), signature.clone(), signature]);
        assert_eq!(
            parse_error(&twice),
            Error::InvalidToken("PAC: a buffer stands there twice"),
            "{kind}"
        );
    }
    // The specification does not say whether these may occur twice.
    let mut unknown = buffers.clone();
    unknown.extend([(77, vec![1]), (77, vec![2]), (3, vec![]), (u32::MAX, vec![0; 100])]);
    let pac = signed(&unknown, &service_key(), &kdc_key());
    Pac::parse(&pac)
        .unwrap()
        .verify_server(&service_key().derive_usage(key_usage::PAC_SIGNATURE))
        .unwrap();
}

#[test]
fn every_enctype_signs() {
    for (at, service) in Enctype::ALL.into_iter().enumerate() {
        let kdc = Enctype::ALL[(at + 1) % Enctype::ALL.len()];
        let (service, kdc) = (key(service, 3), key(kdc, 4));
        let bytes = signed(&crate::support::pac::alice(AUTHTIME), &service, &kdc);
        let pac = Pac::parse(&bytes).unwrap();
        let (service, kdc) = (
            service.derive_usage(key_usage::PAC_SIGNATURE),
            kdc.derive_usage(key_usage::PAC_SIGNATURE),
        );
        pac.verify_server(&service).unwrap();
        pac.verify_kdc(&kdc).unwrap();
        assert_eq!(pac.verify_server(&kdc), Err(WRONG_TYPE));
    }
}

/// A read-only domain controller puts its identifier behind its signature ([MS-PAC] 2.8).
#[test]
fn signature_of_a_read_only_domain_controller() {
    let (service, kdc) = (service_key(), kdc_key());
    let mut buffers = crate::support::pac::alice(AUTHTIME);
    let blank = [&16i32.to_le_bytes()[..], &[0; 12]].concat();
    buffers.push((buffer_type::SERVER_SIGNATURE, blank.clone()));
    buffers.push((buffer_type::KDC_SIGNATURE, [&blank[..], &[0x34, 0x12]].concat()));
    let mut bytes = pac_type(&buffers);
    sign(&mut bytes, &service, &kdc);
    let identifier = place(&bytes, buffer_type::KDC_SIGNATURE).end - 2;
    bytes[identifier..identifier + 2].copy_from_slice(&[0x34, 0x12]);
    let pac = Pac::parse(&bytes).unwrap();
    pac.verify_server(&service.derive_usage(key_usage::PAC_SIGNATURE)).unwrap();
    pac.verify_kdc(&kdc.derive_usage(key_usage::PAC_SIGNATURE)).unwrap();
}

#[test]
fn signatures_missing_or_of_no_length() {
    let keys = service_key().derive_usage(key_usage::PAC_SIGNATURE);
    let blank = |length: usize| [&16i32.to_le_bytes()[..], &vec![0; length]].concat();
    let alice = crate::support::pac::alice(AUTHTIME);
    for kind in [buffer_type::SERVER_SIGNATURE, buffer_type::KDC_SIGNATURE] {
        let mut buffers = alice.clone();
        buffers.push((kind, blank(12)));
        let bytes = pac_type(&buffers);
        let pac = Pac::parse(&bytes).unwrap();
        assert!(matches!(pac.verify_server(&keys), Err(Error::InvalidToken(_))));
        assert!(matches!(pac.verify_kdc(&keys), Err(Error::InvalidToken(_))));
        assert!(matches!(pac.verify_full(&keys), Err(Error::InvalidToken(_))));
    }
    for (length, parses) in [(0, true), (11, true), (50, true), (51, false), (1000, false)] {
        let mut buffers = alice.clone();
        buffers.push((buffer_type::SERVER_SIGNATURE, blank(length)));
        buffers.push((buffer_type::KDC_SIGNATURE, blank(length)));
        let bytes = pac_type(&buffers);
        match Pac::parse(&bytes) {
            Ok(pac) => {
                assert_eq!((pac.verify_server(&keys), parses), (Err(MISMATCH), true), "{length}")
            }
            Err(_) => assert!(!parses, "{length}"),
        }
    }
    let mut buffers = alice.clone();
    buffers.push((buffer_type::SERVER_SIGNATURE, vec![16, 0, 0]));
    assert!(matches!(parse_error(&pac_type(&buffers)), Error::InvalidToken(_)));
}

#[test]
fn user_flags_say_what_counts() {
    let read = |user_flags: u32| {
        let info = LogonInfo {
            user_flags,
            resource_group_domain_sid: Some(sid("S-1-5-21-4-5-6")),
            resource_group_ids: vec![(1200, 7)],
            ..LogonInfo::default()
        };
        let bytes = pac_type(&[(buffer_type::LOGON_INFO, info.encode())]);
        shown(Pac::parse(&bytes).unwrap().logon_info().unwrap().groups().skip(2))
    };
    assert!(read(0).is_empty());
    assert_eq!(read(0x20), ["S-1-18-1 7"]);
    assert_eq!(read(0x200), ["S-1-5-21-4-5-6-1200 7"]);
    assert_eq!(read(0x220), ["S-1-18-1 7", "S-1-5-21-4-5-6-1200 7"]);
}

#[test]
fn whose_pac_it_is() {
    let user = |info: LogonInfo| {
        let bytes = pac_type(&[(buffer_type::LOGON_INFO, info.encode())]);
        let pac = Pac::parse(&bytes).unwrap();
        let info = pac.logon_info().unwrap();
        (info.user_sid(), shown(info.groups()))
    };
    let default = LogonInfo::default;
    // [MS-PAC] 2.5, UserId: with 0 the first of ExtraSids is the account.
    let (foreign, groups) = user(LogonInfo {
        user_id: 0,
        extra_sids: vec![(sid("S-1-5-21-9-9-9-77"), 7), (sid("S-1-18-1"), 7)],
        ..default()
    });
    assert_eq!(foreign, Some(sid("S-1-5-21-9-9-9-77")));
    assert_eq!(groups, ["S-1-5-21-1-2-3-513 7", "S-1-5-21-1-2-3-1107 7", "S-1-18-1 7"]);
    assert_eq!(user(LogonInfo { user_id: 0, user_flags: 0, ..default() }).0, None);
    assert_eq!(
        user(LogonInfo { logon_domain_id: None, ..default() }),
        (None, vec!["S-1-18-1 7".to_string()])
    );
    // A domain SID of the maximum length can have no accounts.
    let longest = Sid::new(5, &[1; 15]);
    assert_eq!(user(LogonInfo { logon_domain_id: longest, ..default() }).0, None);
    // The primary group counts whether or not it is listed.
    let (_, groups) = user(LogonInfo { primary_group_id: 514, ..default() });
    assert_eq!(groups[2], "S-1-5-21-1-2-3-514 7");
}

#[test]
fn names_beyond_ascii() {
    for name in ["jörg", "漢字", "a𝔘b", "Ωmega", "x"] {
        let info = LogonInfo {
            effective_name: name.into(),
            logon_domain_name: name.to_uppercase(),
            full_name: format!("{name} {name}"),
            ..LogonInfo::default()
        };
        let bytes = pac_type(&[
            (buffer_type::LOGON_INFO, info.encode()),
            (buffer_type::CLIENT_INFO, client_info(AUTHTIME, name)),
        ]);
        let pac = Pac::parse(&bytes).unwrap();
        let read = pac.logon_info().unwrap();
        assert_eq!(read.effective_name.to_text().unwrap(), name);
        assert_eq!(read.logon_domain_name.to_text().unwrap(), name.to_uppercase());
        assert_eq!(read.full_name.to_text().unwrap(), format!("{name} {name}"));
        assert_eq!(pac.check_client_info(AUTHTIME, [name.as_bytes()], b"R"), Ok(()));
        assert!(pac.check_client_info(AUTHTIME, [&name.as_bytes()[1..]], b"R").is_err());
    }
    // Unpaired surrogates, and characters that terminate names elsewhere.
    for units in [&[0xd835u16][..], &[0xdd18], &[0xdd18, 0xd835], &[0x61, 0], &[0, 0x61]] {
        let mut bytes = client_info(AUTHTIME, "");
        let name: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        bytes[8] = name.len() as u8;
        bytes.extend(name);
        assert!(
            matches!(
                parse_error(&pac_type(&[(buffer_type::CLIENT_INFO, bytes)])),
                Error::InvalidToken(_)
            ),
            "{units:x?}"
        );
    }
    let mut odd = client_info(AUTHTIME, "al");
    odd[8] = 3;
    assert!(Pac::parse(&pac_type(&[(buffer_type::CLIENT_INFO, odd)])).is_err());
}

#[test]
fn the_ticket_s_client() {
    let check = |name: &str, cname: &str, crealm: &str| {
        let bytes = pac_type(&[(buffer_type::CLIENT_INFO, client_info(AUTHTIME, name))]);
        Pac::parse(&bytes)
            .unwrap()
            .check_client_info(AUTHTIME, components(cname), crealm.as_bytes())
            .is_ok()
    };
    // As MIT compares: without quoting, and with the realm only where it is the ticket's.
    assert!(check("alice", "alice", "EXAMPLE.TEST"));
    assert!(check("alice/admin", "alice/admin", "EXAMPLE.TEST"));
    assert!(check("alice@example.test", "alice@example.test", "EXAMPLE.TEST"));
    assert!(check("alice@EXAMPLE.TEST", "alice", "EXAMPLE.TEST"));
    assert!(check("alice@example.test@EXAMPLE.TEST", "alice@example.test", "EXAMPLE.TEST"));
    assert!(check("a\\b", "a\\b", "R"));
    for (name, cname) in [
        ("alice", "bob"),
        ("alice", "Alice"),
        ("alice", "alic"),
        ("alice", "alicea"),
        ("alice", "alice/admin"),
        ("alice/admin", "alice"),
        ("alice@OTHER.TEST", "alice"),
        ("alice@EXAMPLE.TES", "alice"),
        ("alice@EXAMPLE.TESTX", "alice"),
        ("alice@", "alice"),
        ("", "alice"),
        ("alice", ""),
    ] {
        assert!(!check(name, cname, "EXAMPLE.TEST"), "{name} {cname}");
    }
}

#[test]
fn the_ticket_s_time() {
    let at = |client_id: u64, authtime: i64| {
        let mut bytes = client_info(0, "alice");
        bytes[..8].copy_from_slice(&client_id.to_le_bytes());
        let bytes = pac_type(&[(buffer_type::CLIENT_INFO, bytes)]);
        Pac::parse(&bytes).unwrap().check_client_info(authtime, [&b"alice"[..]], b"R").is_ok()
    };
    let exact = (AUTHTIME + 11_644_473_600) as u64 * 10_000_000;
    // Samba's authtime, from a record, to check the epoch.
    assert_eq!(SAMBA[0].number("ClientId") % 10_000_000, 0);
    assert!(at(exact, AUTHTIME) && at(exact + 9_999_999, AUTHTIME) && at(0, -11_644_473_600));
    assert!(
        !at(exact - 1, AUTHTIME)
            && !at(exact + 10_000_000, AUTHTIME)
            && !at(exact, AUTHTIME + 1)
            && !at(exact, -AUTHTIME)
    );
    for client_id in [0, u64::MAX, 1 << 63, (1 << 63) - 1] {
        assert!(
            !at(client_id, AUTHTIME)
                && !at(client_id, i64::MAX)
                && !at(client_id, i64::MIN)
                && !at(client_id, 0)
        );
    }
    let none = pac_type(&[]);
    assert!(Pac::parse(&none).unwrap().check_client_info(AUTHTIME, [&b"alice"[..]], b"R").is_err());
}

#[test]
fn upn_dns_info_short_and_extended() {
    let read = |contents: Vec<u8>| pac_type(&[(buffer_type::UPN_DNS_INFO, contents)]);
    let bytes = read(upn_dns_info("a@b", "B", 1, None));
    let pac = Pac::parse(&bytes).unwrap();
    let info = pac.upn_dns_info().unwrap();
    assert!(info.upn_is_constructed && info.sam_name.is_none() && info.sid.is_none());
    assert_eq!(
        (info.upn.to_text().unwrap().as_str(), info.dns_domain_name.to_text().unwrap().as_str()),
        ("a@b", "B")
    );
    // Flag S without the extension; fields beyond the end; an invalid SID.
    let extended = upn_dns_info("a@b", "B", 2, Some(("a", sid("S-1-5-21-1-2-3-4"))));
    let broken = |at: usize, value: u8| {
        let mut contents = extended.clone();
        contents[at] = value;
        Pac::parse(&read(contents)).is_err()
    };
    assert!(Pac::parse(&read(upn_dns_info("a@b", "B", 2, None)[..12].to_vec())).is_err());
    assert!(
        broken(0, 0xff)
            && broken(0, 5)
            && broken(3, 0xff)
            && broken(4, 0xff)
            && broken(12, 0xff)
            && broken(14, 0xff)
    );
    assert!(broken(16, 7) && broken(16, 0) && broken(18, 0) && !broken(8, 3));
    for length in 0..12 {
        assert!(Pac::parse(&read(extended[..length].to_vec())).is_err());
    }
}

/// The KDC's signature is over the server's only, so neither protects against a holder of the
/// service's key who changes the PAC.
#[test]
fn the_full_signature_is_verified_if_there_is_one() {
    let kdc = kdc_key().derive_usage(key_usage::PAC_SIGNATURE);
    let service = service_key().derive_usage(key_usage::PAC_SIGNATURE);
    let mut buffers = crate::support::pac::alice(AUTHTIME);
    buffers.push((buffer_type::FULL_SIGNATURE, [&16i32.to_le_bytes()[..], &[0; 12]].concat()));
    let good = signed(&buffers, &service_key(), &kdc_key());
    let ticket = SAMBA[0].bytes("enc_ticket_part");
    assert_eq!(Pac::parse(&good).unwrap().verify_as_kdc(&ticket, &kdc), Ok(()));
    let full = place(&good, buffer_type::FULL_SIGNATURE);
    for at in [full.start + 4, full.end - 1, place(&good, buffer_type::LOGON_INFO).end - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        sign_basic(&mut bad, &service_key(), &kdc_key());
        let Ok(pac) = Pac::parse(&bad) else { panic!("{at}") };
        assert_eq!((pac.verify_server(&service), pac.verify_kdc(&kdc)), (Ok(()), Ok(())), "{at}");
        assert_eq!(pac.verify_as_kdc(&ticket, &kdc), Err(MISMATCH), "{at}");
    }
}

/// An administrator can write what is not text into the attributes of an account.
#[test]
fn text_that_nobody_needs_may_be_anything() {
    let changed = |old: &str, new: &[u8]| {
        let mut pac = pac_type(&crate::support::pac::alice(AUTHTIME));
        let old = utf16(old);
        let places: Vec<usize> =
            (0..pac.len() - old.len()).filter(|&at| pac[at..].starts_with(&old)).collect();
        assert!(!places.is_empty());
        places.into_iter().for_each(|at| pac[at..at + new.len()].copy_from_slice(new));
        pac
    };
    for bad in [b"\0\0", b"\x00\xd8", b"\x00\xdc"] {
        for word in
            ["Alice Example", "logon.cmd", "DC1", "alice@ad.example.test", "AD.EXAMPLE.TEST"]
        {
            let bytes = changed(word, bad);
            let pac = Pac::parse(&bytes).unwrap();
            let (info, upn) = (pac.logon_info().unwrap(), pac.upn_dns_info().unwrap());
            let texts = [
                ("Alice Example", info.full_name),
                ("logon.cmd", info.logon_script),
                ("DC1", info.logon_server),
                ("alice@ad.example.test", upn.upn),
                ("AD.EXAMPLE.TEST", upn.dns_domain_name),
                ("alice", info.effective_name),
                ("EXAMPLE", info.logon_domain_name),
            ];
            for (expected, text) in texts {
                let expected = if expected == word { "" } else { expected };
                assert_eq!(text.to_text().unwrap(), expected, "{word} {bad:x?}");
            }
            assert_eq!(info.user_sid(), Some(sid("S-1-5-21-1-2-3-1102")));
        }
    }
    // Those by which the client is known must be text.
    for info in [
        LogonInfo { effective_name: "ali\0ce".into(), ..LogonInfo::default() },
        LogonInfo { logon_domain_name: "EXAM\0PLE".into(), ..LogonInfo::default() },
    ] {
        let bytes = pac_type(&[(buffer_type::LOGON_INFO, info.encode())]);
        assert!(matches!(parse_error(&bytes), Error::InvalidToken(_)));
    }
}

#[test]
fn attributes_and_requestor() {
    let attributes = |contents: &[u8]| {
        let bytes = pac_type(&[(buffer_type::ATTRIBUTES_INFO, contents.to_vec())]);
        Pac::parse(&bytes).map(|pac| pac.attributes())
    };
    assert_eq!(attributes(&[2, 0, 0, 0, 2, 0, 0, 0]), Ok(Some(2)));
    assert_eq!(attributes(&[2, 0, 0, 0, 0xff, 0, 0, 0]), Ok(Some(3)));
    assert_eq!(attributes(&[32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), Ok(Some(u32::MAX)));
    assert_eq!(attributes(&[33, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]), Ok(Some(1)));
    assert_eq!(attributes(&[0, 0, 0, 0]), Ok(Some(0)));
    assert!(attributes(&[33, 0, 0, 0, 1, 0, 0, 0]).is_err());
    assert!(attributes(&[0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0]).is_err());
    assert!(attributes(&[2, 0, 0]).is_err());
    for contents in [
        &b""[..],
        &sid("S-1-5-18").to_bytes()[..11],
        &[&sid("S-1-5-18").to_bytes()[..], &[0]].concat(),
    ] {
        assert!(Pac::parse(&pac_type(&[(buffer_type::REQUESTOR, contents.to_vec())])).is_err());
    }
}

#[test]
fn claims_of_every_type() {
    let claims = |contents: &[u8]| {
        let bytes = pac_type(&[(buffer_type::CLIENT_CLAIMS, contents.to_vec())]);
        let pac = Pac::parse(&bytes).unwrap();
        pac.client_claims().and_then(|claims| {
            let shown =
                |claims: Claims<'_>| Ok((claims.compression, format!("{:?}", claims.arrays()?)));
            claims.map(shown).transpose()
        })
    };
    let good = crate::support::pac::claims(0, &crate::support::pac::some_claims());
    let shown = concat!(
        r#"Some([ClaimsArray { source: 1, claims: [Claim { id: "ad://ext/title", values: String(["Ärztin", "", "b"]) }, "#,
        r#"Claim { id: "ad://ext/number", values: Int64([-1, -9223372036854775808, 28]) }, "#,
        r#"Claim { id: "ad://ext/other", values: Other(4) }, "#,
        r#"Claim { id: "ad://ext/count", values: Uint64([18446744073709551615]) }, "#,
        r#"Claim { id: "ad://ext/flag", values: Boolean([true, false]) }] }])"#,
    );
    assert_eq!(claims(&good), Ok(Some((Compression::None, shown.into()))));
    // Formats that no domain controller uses are not read; unknown ones are rejected.
    let compressed = claims(&crate::support::pac::claims(3, &crate::support::pac::some_claims()));
    assert_eq!(compressed, Ok(Some((Compression::Xpress, "None".into()))));
    assert!(claims(&crate::support::pac::claims(1, &[])).is_err());
    assert_eq!(claims(&[]), Ok(None));
    for length in 1..good.len() {
        // Only padding can be cut off without an error.
        assert!(claims(&good[..length]).is_err(), "{length}");
    }
    let nothing = claims(&crate::support::pac::claims(0, &[]));
    assert_eq!(
        nothing,
        Ok(Some((Compression::None, "Some([ClaimsArray { source: 1, claims: [] }])".into())))
    );
}

/// [MS-ADTS] 2.2.18.2: COMPRESSION_FORMAT. The length is bounded before anything is allocated.
#[test]
fn claims_compressed_or_too_long() {
    let claims = |compression, size: u32| {
        let mut bytes = crate::support::pac::claims(compression, &[]);
        bytes[32..36].copy_from_slice(&size.to_le_bytes());
        let bytes = pac_type(&[(buffer_type::DEVICE_CLAIMS, bytes)]);
        let claims = Pac::parse(&bytes).unwrap().device_claims();
        claims.map(|claims| claims.expect("claims").compression)
    };
    assert_eq!(claims(0, 1), Ok(Compression::None));
    assert_eq!(claims(2, 1), Ok(Compression::Lznt1));
    let too_long = Err(Error::InvalidToken("PAC: claims that are too long"));
    assert_ne!(claims(4, 1 << 20), too_long);
    assert_eq!(claims(4, (1 << 20) + 1), too_long);
}

/// Null pointers are for no elements alone.
#[test]
fn claims_that_are_missing() {
    // CLAIMS_SET: the number of arrays, and whether they are there; of claims; of values.
    let read = |arrays: (u32, bool), claims: (u32, bool), values: (u32, bool)| {
        let mut set = Ndr::default();
        set.pointer(true);
        set.u32(arrays.0);
        set.pointer(arrays.1);
        set.u16(0);
        set.u32(0);
        set.pointer(false);
        if arrays.1 {
            set.u32(arrays.0);
            set.u16(1);
            set.u32(claims.0);
            set.pointer(claims.1);
        }
        if arrays.1 && claims.1 {
            set.u32(if claims.0 == u32::MAX { u32::MAX } else { 1 });
            set.pointer(true);
            set.u16(1);
            set.u16(1);
            set.u32(values.0);
            set.pointer(values.1);
            set.wide_string_referent("ad://ext/number");
        }
        if values.1 {
            set.u32(values.0);
            set.u64(5);
        }
        let bytes = pac_type(&[(buffer_type::CLIENT_CLAIMS, claims_metadata(0, set))]);
        let pac = Pac::parse(&bytes).unwrap();
        let claims = pac.client_claims().unwrap().expect("claims");
        claims.arrays().map(|arrays| arrays.expect("not compressed").len())
    };
    let (none, one) = ((0, false), (1, true));
    assert_eq!(read(one, one, one), Ok(1));
    assert_eq!(read(one, one, none), Ok(1));
    assert_eq!(read(one, none, none), Ok(1));
    assert_eq!(read(none, none, none), Ok(0));
    let missing = (1, false);
    assert!(read(missing, none, none).is_err());
    assert!(read(one, missing, none).is_err());
    assert!(read(one, one, missing).is_err());
    assert!(read(one, one, (2, false)).is_err());
    // As many as the array has, and no more than there is room for: nothing is allocated for them.
    assert!(read(one, (u32::MAX, true), one).is_err());
    assert!(read(one, (0, true), one).is_err());
}

#[test]
fn groups_of_a_device() {
    let bytes = pac_type(&[(buffer_type::DEVICE_INFO, crate::support::pac::device_info())]);
    let info = Pac::parse(&bytes).unwrap().device_info().unwrap().unwrap();
    let groups = [
        "S-1-5-21-1-2-3-515 7",
        "S-1-18-1 7",
        "S-1-5-21-4-5-6-1200 7",
        "S-1-5-21-4-5-6-1201 536870919",
        "S-1-5-21-7-8-9-1300 7",
    ];
    assert_eq!(shown(info.groups()), groups);
    assert_eq!(
        (info.user_id, info.primary_group_id, info.account_domain_id),
        (1104, 515, Some(sid("S-1-5-21-1-2-3")))
    );
    // DomainGroupCount and DomainGroup: none, or missing.
    for (count, right) in [(0u32, true), (1, false)] {
        let mut w = Ndr::default();
        w.pointer(true);
        [1104, 515].into_iter().for_each(|number| w.u32(number));
        w.pointer(false);
        for of_list in [0, 0, count] {
            w.u32(of_list);
            w.pointer(false);
        }
        let bytes = pac_type(&[(buffer_type::DEVICE_INFO, w.type_serialized())]);
        assert_eq!(Pac::parse(&bytes).unwrap().device_info().is_ok(), right, "{count}");
    }
    let good = crate::support::pac::device_info();
    for length in 0..good.len() {
        let bytes = pac_type(&[(buffer_type::DEVICE_INFO, good[..length].to_vec())]);
        assert!(Pac::parse(&bytes).unwrap().device_info().is_err(), "{length}");
    }
}

/// A PAC in nested lists, beside other elements, and missing.
#[test]
fn ticket_signature_at_any_depth() {
    let kdc = kdc_key().derive_usage(key_usage::PAC_SIGNATURE);
    let service = service_key().derive_usage(key_usage::PAC_SIGNATURE);
    let recorded = SAMBA[0].bytes("enc_ticket_part");
    let ticket_with = |list: &[u8]| {
        // The recorded ticket with another list: [10] is its last element.
        let template = EncTicketPart::decode(&recorded).unwrap();
        EncTicketPart {
            authorization_data: Some(AuthorizationData::decode(list).unwrap()),
            ..template
        }
        .encode()
    };
    let wrap = |pac: &[u8], depth: usize| {
        let mut list =
            AuthorizationData::encode(&[(7, &[7; 300]), (ad_type::WIN2K_PAC, pac), (9, b"nine")]);
        for _ in 0..depth {
            // Types whose last octet is the PAC's, and a list without one.
            let other = AuthorizationData::encode(&[(9, b"nine"), (-128, b"")]);
            list = AuthorizationData::encode(&[
                (7, b"seven"),
                (ad_type::IF_RELEVANT, &other),
                (384, b"384"),
                (ad_type::IF_RELEVANT, &list),
                (8, b"eight"),
            ]);
        }
        list
    };
    let mut buffers = crate::support::pac::alice(AUTHTIME);
    buffers.push((buffer_type::TICKET_SIGNATURE, [&16i32.to_le_bytes()[..], &[0; 12]].concat()));
    for depth in 0..5 {
        // Over the ticket with the PAC replaced by one zero byte.
        let signature = kdc_key()
            .checksum(key_usage::PAC_SIGNATURE, &[&ticket_with(&wrap(&[0], depth))])
            .unwrap();
        buffers[3].1[4..].copy_from_slice(signature.bytes());
        let bytes = signed(&buffers, &service_key(), &kdc_key());
        let ticket = ticket_with(&wrap(&bytes, depth));
        let pac = Pac::parse(&bytes).unwrap();
        pac.verify_as_kdc(&ticket, &kdc).unwrap();
        // RFC 3961 6.3: decryption with Triple DES leaves the padding.
        pac.verify_as_kdc(&[&ticket[..], &[0; 7]].concat(), &kdc).unwrap();
        // The other signatures, over the wrong one, are right.
        let mut wrong = buffers.clone();
        wrong[3].1[4] ^= 1;
        let wrong = signed(&wrong, &service_key(), &kdc_key());
        let ticket_of_wrong = ticket_with(&wrap(&wrong, depth));
        let pac_of_wrong = Pac::parse(&wrong).unwrap();
        assert_eq!(pac_of_wrong.verify_server(&service), Ok(()));
        assert_eq!(pac_of_wrong.verify_kdc(&kdc), Ok(()));
        assert_eq!(pac_of_wrong.verify_as_kdc(&ticket_of_wrong, &kdc), Err(MISMATCH));
        let elsewhere = ticket_with(&wrap(&bytes, depth + 1));
        assert_eq!(pac.verify_ticket(&elsewhere, &kdc), Err(MISMATCH));
        assert!(
            pac.verify_ticket(&ticket_with(&AuthorizationData::encode(&[(7, b"seven")])), &kdc)
                .is_err()
        );
    }
    // The search for the PAC does not go deeper, although the ticket may not have been read before.
    let template = EncTicketPart::decode(&recorded).unwrap();
    let without = EncTicketPart { authorization_data: None, ..template }.encode();
    let fields = contents(contents(&without));
    let bytes = signed(&buffers, &service_key(), &kdc_key());
    let found = |depth| {
        let list = element(0xaa, &wrap(&bytes, depth));
        let ticket = element(0x63, &element(0x30, &[fields, &list].concat()));
        Pac::parse(&bytes).unwrap().verify_ticket(&ticket, &kdc) == Err(MISMATCH)
    };
    assert_eq!([1, 8, 9, 10, 20].map(found), [true, true, false, false, false]);
}

/// An element in DER.
fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let [high, low] = (contents.len() as u16).to_be_bytes();
    let head = match contents.len() {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head, contents].concat()
}

fn contents(element: &[u8]) -> &[u8] {
    &element[match element[1] {
        0..0x80 => 2,
        length => 2 + usize::from(length & 0x7f),
    }..]
}

/// What attributes of the context and access tokens are made of.
#[test]
fn all_of_an_account_is_kept() {
    let logon_info = LogonInfo { user_account_control: 0x210, ..LogonInfo::default() };
    let bytes = pac_type(&[(buffer_type::LOGON_INFO, logon_info.encode())]);
    let groups = ["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1107", "S-1-18-1"];
    let group = |text| SidAndAttributes { sid: sid(text), attributes: 7 };
    let expected = AccountInfo {
        sid: Some(sid("S-1-5-21-1-2-3-1102")),
        primary_group: Some(sid("S-1-5-21-1-2-3-513")),
        groups: groups.map(group).into(),
        full_name: "Alice Example".into(),
        logon_server: "DC1".into(),
        logon_time: FileTime(1),
        logoff_time: FileTime(u64::MAX >> 1),
        password_must_change: FileTime(6),
        user_flags: 0x20,
        user_account_control: 0x210,
        ..AccountInfo::default()
    };
    let pac = Pac::parse(&bytes).unwrap();
    let info = pac.logon_info().unwrap();
    assert_eq!(info.facts().unwrap(), expected);
    assert_eq!((info.group_ids.len(), info.group_ids.is_empty()), (2, false));
    assert_eq!((info.extra_sids.len(), info.extra_sids.is_empty()), (1, false));
    assert_eq!((info.resource_group_ids.len(), info.resource_group_ids.is_empty()), (0, true));
}
