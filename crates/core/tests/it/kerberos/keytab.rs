//! Keytab files: MIT's are read as MIT reads them, and each kind of malformed file gives its own
//! error.

use crate::support::shared;
use negossp_core::kerberos::crypto::{Enctype, Key};
use negossp_core::kerberos::keytab::{Defect, Entry, Keytab, Wanted};

/// What MIT and this crate read in one of its files: KVNO, time, name type, encryption type,
/// principal, key.
fn same_as_mit(bytes: &[u8], seen: &str) -> Keytab {
    let keytab = Keytab::parse(bytes).unwrap();
    let ours: Vec<String> = keytab
        .entries()
        .iter()
        .map(|entry| {
            let key: String = entry.key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            let number = entry.key.enctype().number();
            format!(
                "{}\t{}\t{}\t{number}\t{}\t{key}",
                entry.kvno,
                entry.timestamp,
                entry.name_type,
                entry.principal()
            )
        })
        .collect();
    let known = |line: &&str| {
        Enctype::from_number(line.split('\t').nth(3).unwrap().parse().unwrap()).is_some()
    };
    let theirs: Vec<&str> = seen.lines().filter(known).collect();
    assert_eq!(ours, theirs);
    assert_eq!(keytab.skipped().len(), seen.lines().count() - theirs.len());
    keytab
}

macro_rules! mit {
    ($name:literal) => {
        same_as_mit(
            include_bytes!(shared!("kerberos/", $name, ".keytab")),
            include_str!(shared!("kerberos/", $name, ".txt")),
        )
    };
}

#[test]
fn every_enctype_as_mit() {
    let keytab = mit!("every_enctype");
    let whys: Vec<Defect> = keytab.skipped().iter().map(|skipped| skipped.why).collect();
    assert_eq!(whys, [Defect::Enctype(26), Defect::Enctype(3)]);
}

#[test]
fn long_key_versions_as_mit() {
    mit!("kvnos");
}

#[test]
fn holes_as_mit() {
    mit!("holes");
}

#[test]
fn names_as_mit() {
    mit!("names");
}

/// Made on a little-endian machine. In a file of version 1 there is no name type; what MIT shows
/// there is uninitialised memory.
#[test]
#[cfg(target_endian = "little")]
fn version_1_as_mit() {
    let keytab = Keytab::parse(include_bytes!(shared!("kerberos/version1.keytab"))).unwrap();
    let seen = include_str!(shared!("kerberos/version1.txt"));
    assert_eq!(keytab.entries().len(), seen.lines().count());
    for (entry, line) in keytab.entries().iter().zip(seen.lines()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let key: String = entry.key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!([&*entry.kvno.to_string(), &*entry.timestamp.to_string()], fields[..2]);
        assert_eq!(
            [&*entry.key.enctype().number().to_string(), &*entry.principal(), &*key],
            fields[3..]
        );
        assert_eq!(entry.name_type, 0);
    }
}

fn entry(service: &str, kvno: u32, timestamp: u32, enctype: Enctype) -> Entry {
    let key = Key::new(enctype, &vec![kvno as u8; enctype.key_length()]).unwrap();
    Entry::new("R".into(), service.split('/').map(str::to_owned).collect(), 1, kvno, timestamp, key)
}

#[test]
fn candidates_in_a_sensible_order() {
    let aes = Enctype::Aes256Sha1;
    let keytab = Keytab::of_entries(vec![
        entry("HTTP/a", 2, 20, aes),
        entry("HTTP/a", 300, 30, aes),
        entry("HTTP/a", 44, 5, aes),
        entry("HTTP/a", 3, 10, aes),
        entry("HTTP/a", 3, 10, Enctype::Rc4Hmac),
        entry("HTTP/b", 3, 11, aes),
    ]);
    let order = |wanted, kvno| {
        keytab.candidates(wanted, aes, kvno).map(|e| (e.kvno, e.timestamp)).collect::<Vec<_>>()
    };
    let service = Wanted { realm: Some("R"), components: Some(&["HTTP", "a"]) };
    assert_eq!(order(service, None), [(300, 30), (44, 5), (3, 10), (2, 20)]);
    assert_eq!(order(service, Some(3)), [(3, 10), (300, 30), (44, 5), (2, 20)]);
    // A version that an older writer truncated to its low byte: 300 is 0x12c.
    assert_eq!(order(service, Some(0x22c)), [(44, 5), (300, 30), (3, 10), (2, 20)]);
    assert_eq!(order(service, Some(9)), [(300, 30), (44, 5), (3, 10), (2, 20)]);
    assert_eq!(order(Wanted::default(), Some(3)), [(3, 11), (3, 10), (300, 30), (44, 5), (2, 20)]);
    for nobody in [
        Wanted { realm: Some("r"), components: None },
        Wanted { realm: None, components: Some(&["HTTP"]) },
        Wanted { realm: None, components: Some(&["HTTP", "a", "b"]) },
        Wanted { realm: None, components: Some(&["HTTP", "A"]) },
    ] {
        assert!(order(nobody, None).is_empty());
    }
    assert_eq!(keytab.candidates(service, Enctype::Rc4Hmac, None).count(), 1);
    assert_eq!(keytab.candidates(service, Enctype::Aes128Sha1, None).count(), 0);
}

/// Cut off anywhere, a file gives the entries before the cut.
#[test]
fn a_file_cut_off() {
    let bytes = include_bytes!(shared!("kerberos/kvnos.keytab"));
    let whole = Keytab::parse(bytes).unwrap();
    let mut most = 0;
    for length in 0..=bytes.len() {
        let Ok(keytab) = Keytab::parse(&bytes[..length]) else {
            assert!(length < 2);
            continue;
        };
        most = most.max(keytab.entries().len());
        assert_eq!(keytab.entries().len(), most, "fewer entries in a longer file");
        assert!(keytab.skipped().iter().all(|skipped| skipped.why == Defect::CutOff));
        for (a, b) in keytab.entries().iter().zip(whole.entries()) {
            assert_eq!(
                (a.key.bytes(), a.kvno, a.principal()),
                (b.key.bytes(), b.kvno, b.principal())
            );
        }
    }
    assert_eq!(most, whole.entries().len());
}

#[test]
fn what_is_no_keytab() {
    for bytes in [&b""[..], b"\x05", b"\x05\x00", b"\x05\x03", b"\x04\x02", b"\x05\x02"] {
        assert_eq!(Keytab::parse(bytes).is_ok(), bytes == b"\x05\x02");
    }
}

/// Records with lengths beyond the file, counts that are too high or negative, and holes of the
/// maximum length.
#[test]
fn hostile_records() {
    let file = |records: &[&[u8]]| [&[5, 2][..], &records.concat()].concat();
    let good = &include_bytes!(shared!("kerberos/names.keytab"))[2..];
    let malformed: [&[u8]; 7] = [
        b"\x00\x00\x00\x01\x00",
        b"\x00\x00\x00\x02\x00\x00",
        b"\x00\x00\x00\x02\xff\xff",
        b"\x00\x00\x00\x04\x7f\xff\x7f\xff",
        b"\x00\x00\x00\x06\x00\x01\x00\x01R\x00",
        b"\x00\x00\x00\x08\x00\x01\x00\x01R\xff\xffa",
        b"\x00\x00\x00\x08\x00\x01\x00\x00\x00\x01a\x00",
    ];
    for record in malformed {
        let keytab = Keytab::parse(&file(&[record, good])).unwrap();
        assert_eq!(keytab.skipped().len(), 1);
        assert_eq!((keytab.skipped()[0].offset, keytab.skipped()[0].why), (2, Defect::Malformed));
        assert_eq!(keytab.entries().len(), 5, "the records after it are read");
    }
    // Lengths beyond the end: a record, a hole, and the smallest integer, whose negation overflows.
    for length in [i32::MAX, i32::MIN, i32::MIN + 1] {
        let keytab = Keytab::parse(&file(&[good, &length.to_be_bytes()])).unwrap();
        assert_eq!(keytab.entries().len(), 5);
    }
    // A length of 0 is the end.
    assert_eq!(Keytab::parse(&file(&[&[0; 4], good])).unwrap().entries().len(), 0);
}
