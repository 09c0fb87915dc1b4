//! PACs of Windows domain controllers; the values are those of the record's own tests.

use crate::support::kerberos_recorded::hex;
use crate::support::pac::{pac_type, sid};
use crate::support::shared;
use negossp_core::kerberos::crypto::{Enctype, Key, key_usage};
use negossp_core::kerberos::pac::{Claims, Compression, LogonInfo, Pac, buffer_type};
use negossp_core::principal::SidAndAttributes;
use negossp_core::types::error::Error;
use negossp_core::types::time::FileTime;

fn recorded(word: &str) -> Vec<u8> {
    let text = include_str!(shared!("kerberos/pac/windows.txt"));
    let of_word = |line: &'static str| line.strip_prefix(word)?.strip_prefix(' ');
    hex(text.lines().find_map(of_word).unwrap())
}

/// `RID` or `SID` without the domain, in the order of the PAC.
fn shown(groups: impl Iterator<Item = SidAndAttributes>) -> Vec<String> {
    groups.map(|group| format!("{} {}", group.sid, group.attributes)).collect()
}

/// The second of 2017-05-06 15:53:12, when the ticket was made.
const AUTHTIME: i64 = 1_494_085_991;

#[test]
fn a_pac_with_its_server_signature() {
    let bytes = recorded("pac");
    let text = include_str!(shared!("kerberos/pac/windows.txt"));
    let key = text.lines().find_map(|line| line.strip_prefix("key 18 ")).unwrap();
    let key = Key::new(Enctype::Aes256Sha1, &hex(key)).unwrap();
    let keys = key.derive_usage(key_usage::PAC_SIGNATURE);
    let pac = Pac::parse(&bytes).unwrap();
    assert_eq!(pac.verify_server(&keys), Ok(()));
    assert_eq!(pac.check_client_info(AUTHTIME, [&b"testuser1"[..]], b"TEST.GOKRB5"), Ok(()));
    assert!(pac.check_client_info(AUTHTIME, [&b"testuser2"[..]], b"TEST.GOKRB5").is_err());
    // krbtgt's key is another, of RC4.
    assert!(pac.verify_kdc(&keys).is_err());
    assert_eq!(pac.kdc_signature().unwrap().signature_type, -138);
    let info = pac.logon_info().unwrap();
    assert_eq!(
        (
            info.effective_name.to_text().unwrap(),
            info.full_name.to_text().unwrap(),
            info.logon_server.to_text().unwrap()
        ),
        ("testuser1".into(), "Test1 User1".into(), "ADDC".into())
    );
    assert_eq!(info.logon_domain_name.to_text().unwrap(), "TEST");
    assert_eq!((info.logon_count, info.user_account_control), (216, 528));
    let domain = "S-1-5-21-3167651404-3865080224-2280184895";
    assert_eq!(info.user_sid(), Some(sid(&format!("{domain}-1105"))));
    let groups = [(513, 7), (1108, 7), (1109, 7), (1115, 7), (1116, 7)]
        .map(|(rid, attributes)| format!("{domain}-{rid} {attributes}"));
    let extra = [1114, 1111].map(|rid| format!("{domain}-{rid} 536870919"));
    assert_eq!(shown(info.groups()), [&groups[..], &extra].concat());
    let upn = pac.upn_dns_info().unwrap();
    assert_eq!(
        (upn.upn.to_text().unwrap(), upn.dns_domain_name.to_text().unwrap()),
        ("testuser1@test.gokrb5".into(), "TEST.GOKRB5".into())
    );
    // Every byte is signed, except what the signatures themselves say.
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let in_kdc_signature = (780..796).contains(&at);
        let still_good = Pac::parse(&changed).is_ok_and(|pac| pac.verify_server(&keys).is_ok());
        assert_eq!(still_good, in_kdc_signature, "{at}");
    }
}

fn with_logon_info(contents: &[u8], check: impl FnOnce(&LogonInfo<'_>)) {
    let bytes = pac_type(&[(buffer_type::LOGON_INFO, contents.to_vec())]);
    check(Pac::parse(&bytes).unwrap().logon_info().unwrap());
}

/// A user of another domain: the server's own has added the resource groups.
#[test]
fn logon_information_across_a_trust() {
    with_logon_info(&recorded("logon_info_trust"), |info| {
        assert_eq!(
            (info.effective_name.to_text().unwrap(), info.logon_domain_name.to_text().unwrap()),
            ("testuser1".into(), "USER".into())
        );
        assert_eq!((info.logon_server.to_text().unwrap(), info.user_flags), ("UDC".into(), 544));
        let domain = "S-1-5-21-2284869408-3503417140-1141177250";
        let resources = "S-1-5-21-3062750306-1230139592-1973306805";
        assert_eq!(info.user_sid(), Some(sid(&format!("{domain}-1106"))));
        let groups = [
            format!("{domain}-1110 7"),
            format!("{domain}-513 7"),
            format!("{domain}-1109 7"),
            "S-1-18-1 7".into(),
            format!("{resources}-1107 536870919"),
            format!("{resources}-1108 536870919"),
        ];
        assert_eq!(shown(info.groups()), groups);
    });
}

/// The example of [MS-PAC] 3.
#[test]
fn logon_information_with_many_groups() {
    with_logon_info(&recorded("logon_info_extra_sids"), |info| {
        assert_eq!(
            (info.effective_name.to_text().unwrap(), info.full_name.to_text().unwrap()),
            ("lzhu".into(), "Liqiang(Larry) Zhu".into())
        );
        assert_eq!(
            (info.logon_script.to_text().unwrap(), info.logon_server.to_text().unwrap()),
            ("ntds2.bat".into(), "NTDEV-DC-05".into())
        );
        assert_eq!(info.logon_domain_name.to_text().unwrap(), "NTDEV");
        assert_eq!((info.logon_count, info.user_id, info.primary_group_id), (4180, 2_914_711, 513));
        assert_eq!((info.group_ids.len(), info.extra_sids.len()), (26, 13));
        assert!(info.logoff_time >= FileTime::NEVER);
        let first = info.extra_sids.iter().next().unwrap();
        assert_eq!(
            (first.sid, first.attributes),
            (sid("S-1-5-21-773533881-1816936887-355810188-513"), 7)
        );
    });
}

fn claims_in(contents: &[u8]) -> Result<(Compression, String), Error> {
    let claims = Claims::parse(contents)?;
    Ok((claims.compression, format!("{:?}", claims.arrays()?)))
}

#[test]
fn claims() {
    let string = r#"Claim { id: "ad://ext/sAMAccountName:88d5d9085ea5c0c0", values: String(["testuser1"]) }"#;
    let number =
        r#"Claim { id: "ad://ext/msDS-SupportedE:88d5dea8f1af5f19", values: Int64([28]) }"#;
    let numbers = r#"Claim { id: "ad://ext/objectClass:88d5de791e7b27e6", values: Uint64([655369, 65543, 65542, 65536]) }"#;
    let strings = r#"Claim { id: "ad://ext/otherIpPhone:88d5de9f6b4af985", values: String(["str1", "str2", "str3", "str4"]) }"#;
    for (word, claims) in [
        ("claims_string", &[string][..]),
        ("claims_int64", &[number]),
        ("claims_several", &[number, string]),
        ("claims_uint64s", &[numbers]),
        ("claims_strings", &[strings]),
    ] {
        let claims = claims.join(", ");
        let expected = format!("Some([ClaimsArray {{ source: 1, claims: [{claims}] }}])");
        assert_eq!(claims_in(&recorded(word)), Ok((Compression::None, expected)), "{word}");
    }
    let (compression, shown) = claims_in(&recorded("claims_compressed")).unwrap();
    assert_eq!(compression, Compression::XpressHuff);
    let kind =
        r#"Claim { id: "ad://ext/sAMAccountType:88d5de79a7ecf8c7", values: Int64([805306368]) }"#;
    let claims = [numbers, string, kind].join(", ");
    assert_eq!(shown, format!("Some([ClaimsArray {{ source: 1, claims: [{claims}] }}])"));
}

/// Changed bytes give other claims or an error.
#[test]
fn damaged_compressed_claims() {
    let good = recorded("claims_compressed");
    for length in 0..good.len() {
        assert!(claims_in(&good[..length]).is_err(), "{length}");
    }
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut changed = good.clone();
            changed[at] ^= 1 << bit;
            let _ = claims_in(&changed);
        }
    }
    // A stated size that nobody needs is not allocated: ulUncompressedClaimsSetSize.
    let size = u32::from_le_bytes(good[32..36].try_into().unwrap());
    assert_eq!(size, 480);
    let mut huge = good.clone();
    huge[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(claims_in(&huge), Err(Error::InvalidToken("PAC: claims that are too long")));
}
