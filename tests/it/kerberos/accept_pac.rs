//! The client's identity from the PAC in its ticket, and the rules of `[kerberos] names`.

use crate::support::kerberos::{Forge, Server, framed};
use crate::support::pac::{LogonInfo, place, sid, sign_basic, signed};
use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::keytab::Entry;
use negossp::kerberos::message::authorization_data::ad_type;
use negossp::kerberos::name_mapping::{NameRule, NameRules};
use negossp::kerberos::pac::buffer_type;
use negossp::platform;
use negossp::principal::Principal;
use negossp::types::error::{Denial, Error};
use negossp::types::time::FileTime;

const AES: Enctype = Enctype::Aes256Sha1;

fn kdc() -> Key {
    Key::new(AES, &[7; 32]).unwrap()
}

/// A client's ticket with a PAC, which `change` may alter before and after it is signed.
pub(super) struct Case {
    pub(super) forge: Forge,
    pub(super) server: Server,
    now: FileTime,
}

impl Case {
    pub(super) fn new(enctype: Enctype) -> Case {
        let forge = Forge::new(enctype);
        let mut server = forge.server();
        let now = platform::now();
        server.now = Some(now);
        Case { forge, server, now }
    }

    pub(super) fn authtime(&self) -> i64 {
        self.now.unix_seconds() + self.forge.authtime
    }

    /// The PAC of these buffers, signed.
    pub(super) fn pac(&self, buffers: &[(u32, Vec<u8>)]) -> Vec<u8> {
        signed(buffers, &self.forge.service_key, &kdc())
    }

    pub(super) fn alice(&self) -> Vec<u8> {
        self.pac(&crate::support::pac::alice(self.authtime()))
    }

    pub(super) fn accept(&mut self, pac: Option<Vec<u8>>) -> Result<Principal, Error> {
        self.forge.ticket_data = pac.into_iter().map(|pac| (ad_type::WIN2K_PAC, pac)).collect();
        let token = framed(&self.forge.at(self.now));
        self.server.accept(&token).map(|(established, _)| established.client)
    }

    fn refused(&mut self, pac: Vec<u8>) {
        match self.accept(Some(pac)) {
            Err(Error::LogonDenied(_) | Error::InvalidToken(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_account_that_the_pac_names() {
    for enctype in Enctype::ALL {
        let mut case = Case::new(enctype);
        let client = case.accept(Some(case.alice())).unwrap();
        assert_eq!(
            (client.display_name().as_str(), client.native_name().as_str()),
            ("EXAMPLE\\alice", "alice@EXAMPLE.TEST")
        );
        let account = client.account.unwrap();
        assert_eq!(account.sid, Some(sid("S-1-5-21-1-2-3-1102")));
        let groups: Vec<String> =
            account.groups.iter().map(|group| group.sid.to_string()).collect();
        assert_eq!(groups, ["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1107", "S-1-18-1"]);
        assert_eq!(
            (account.upn.as_str(), account.dns_domain.as_str()),
            ("alice@ad.example.test", "AD.EXAMPLE.TEST")
        );
    }
}

#[test]
fn no_pac_is_the_principal_and_a_bad_one_is_a_refusal() {
    let mut case = Case::new(AES);
    let client = case.accept(None).unwrap();
    assert_eq!((client.display_name().as_str(), client.account), ("alice@EXAMPLE.TEST", None));
    // The middle of each buffer, and the signature.
    let good = case.alice();
    for kind in [
        buffer_type::LOGON_INFO,
        buffer_type::CLIENT_INFO,
        buffer_type::UPN_DNS_INFO,
        buffer_type::SERVER_SIGNATURE,
    ] {
        let range = place(&good, kind);
        let mut bad = good.clone();
        bad[range.start + range.len() / 2] ^= 1;
        case.refused(bad);
    }
    for length in [0, 7, 8, good.len() / 2, good.len() - 24] {
        case.refused(good[..length].to_vec());
    }
    // Signed with another key; not signed; for another client or another time.
    let stranger = Key::new(AES, &[1; 32]).unwrap();
    case.refused(signed(&crate::support::pac::alice(case.authtime()), &stranger, &kdc()));
    case.refused(crate::support::pac::pac_type(&crate::support::pac::alice(case.authtime())));
    case.refused(case.pac(&crate::support::pac::alice(case.authtime() + 1)));
    let mut bob = crate::support::pac::alice(case.authtime());
    bob[1].1 = crate::support::pac::client_info(case.authtime(), "bob");
    case.refused(case.pac(&bob));
    let mut nobody = crate::support::pac::alice(case.authtime());
    nobody.remove(1);
    case.refused(case.pac(&nobody));
}

#[test]
fn unknown_buffers_are_passed_over() {
    let mut case = Case::new(AES);
    let mut buffers = crate::support::pac::alice(case.authtime());
    buffers.splice(1..1, [(20, vec![1; 33]), (0xffff_fff0, vec![]), (99, b"unknown".to_vec())]);
    let pac = case.pac(&buffers);
    assert_eq!(case.accept(Some(pac)).unwrap().display_name(), "EXAMPLE\\alice");
}

pub(super) fn rule(realm: Option<&str>, principal: Option<&str>, name: &str) -> NameRule {
    NameRule::new(realm.map(Into::into), principal, name).unwrap()
}

#[test]
fn names_by_rules() {
    let mut case = Case::new(AES);
    case.server.settings.kerberos.names = NameRules(vec![
        rule(Some("EXAMPLE.TEST"), Some("*/admin"), "ADMIN\\{first}"),
        rule(Some("EXAMPLE.TEST"), Some("bob"), "robert"),
        rule(Some("OTHER.TEST"), None, "{domain}\\{user}"),
    ]);
    let mut names = |client: &[&str], pac: Option<Vec<u8>>| {
        case.forge.client = client.iter().map(|part| part.to_string()).collect();
        let client = case.accept(pac)?;
        Ok((
            client.display_name(),
            client.native_name(),
            client.user,
            client.domain,
            client.account.is_some(),
        ))
    };
    let expected = |shown: &str, native: &str, user: &str, domain: &str, account| {
        Ok::<_, Error>((shown.into(), native.into(), user.into(), domain.into(), account))
    };
    assert_eq!(
        names(&["alice", "admin"], None),
        expected("ADMIN\\alice", "alice/admin@EXAMPLE.TEST", "alice", "ADMIN", false)
    );
    assert_eq!(names(&["bob"], None), expected("robert", "bob@EXAMPLE.TEST", "robert", "", false));
    assert_eq!(
        names(&["alice"], None),
        expected("alice@EXAMPLE.TEST", "alice@EXAMPLE.TEST", "alice", "EXAMPLE.TEST", false)
    );
    let refused =
        Err(Error::LogonDenied(Denial::Policy("[kerberos] names cannot take such a name")));
    assert_eq!(names(&["EXAMPLE\\root", "admin"], None), refused);
}

/// The account's SID and groups are unchanged.
#[test]
fn rules_know_the_pac() {
    let mut case = Case::new(AES);
    case.server.settings.kerberos.names = NameRules(vec![rule(None, Some("*"), "{user}.{domain}")]);
    let info = LogonInfo { effective_name: "Alice".into(), ..LogonInfo::default() };
    let mut buffers = crate::support::pac::alice(case.authtime());
    buffers[0].1 = info.encode();
    let pac = case.pac(&buffers);
    let client = case.accept(Some(pac)).unwrap();
    assert_eq!((client.display_name().as_str(), client.domain.as_str()), ("Alice.EXAMPLE", ""));
    assert_eq!(client.account.unwrap().sid, Some(sid("S-1-5-21-1-2-3-1102")));
}

/// For a request for `root`, a domain controller may answer with the account `root$`, which an
/// ordinary user may have created.
#[test]
fn rules_are_about_the_account_and_not_about_what_the_client_called_itself() {
    let mut case = Case::new(AES);
    case.server.settings.kerberos.names = NameRules(vec![
        rule(None, Some("root"), "admin"),
        rule(None, Some("x*"), "{first}.{principal}"),
        rule(None, None, "EXAMPLE\\{first}"),
    ]);
    case.forge.client = vec!["root".into()];
    let mut called = |account: &str| {
        let info = LogonInfo { effective_name: account.into(), ..LogonInfo::default() };
        let mut buffers = crate::support::pac::alice(case.authtime());
        buffers[0].1 = info.encode();
        buffers[1].1 = crate::support::pac::client_info(case.authtime(), "root");
        let pac = case.pac(&buffers);
        case.accept(Some(pac)).map(|client| client.display_name())
    };
    assert_eq!(called("root$").as_deref(), Ok("EXAMPLE\\root$"));
    assert_eq!(called("xroot").as_deref(), Ok("xroot.xroot@EXAMPLE.TEST"));
    assert_eq!(called("root").as_deref(), Ok("admin"));
}

/// A rule's result for a name with a backslash remains one name.
#[test]
fn a_quoting_backslash_divides_nothing() {
    let mut case = Case::new(AES);
    case.server.settings.kerberos.names = NameRules(vec![rule(None, None, "{principal}")]);
    for (name, shown) in [
        ("\\root", "\\\\root@EXAMPLE.TEST"),
        ("EXAMPLE\\root", "EXAMPLE\\\\root@EXAMPLE.TEST"),
        ("a@B", "a\\@B@EXAMPLE.TEST"),
    ] {
        case.forge.client = vec![name.into()];
        let client = case.accept(None).unwrap();
        assert_eq!((client.display_name().as_str(), client.domain.as_str()), (shown, ""));
    }
}

#[test]
fn all_that_the_pac_tells_is_kept() {
    let mut case = Case::new(AES);
    let mut buffers = crate::support::pac::alice(case.authtime());
    let requestor = sid("S-1-5-21-1-2-3-1102");
    buffers.extend([
        (buffer_type::DEVICE_INFO, crate::support::pac::device_info()),
        (
            buffer_type::CLIENT_CLAIMS,
            crate::support::pac::claims(0, &crate::support::pac::some_claims()),
        ),
        (buffer_type::REQUESTOR, requestor.to_bytes()),
        (buffer_type::ATTRIBUTES_INFO, [2u32.to_le_bytes(), 1u32.to_le_bytes()].concat()),
    ]);
    let pac = case.pac(&buffers);
    let account = case.accept(Some(pac)).unwrap().account.unwrap();
    assert_eq!((account.requestor, account.pac_attributes), (Some(requestor), Some(1)));
    assert_eq!(account.device_info.as_deref(), Some(&*crate::support::pac::device_info()));
    assert_eq!(
        account.client_claims.as_deref(),
        Some(&*crate::support::pac::claims(0, &crate::support::pac::some_claims()))
    );
    assert_eq!(account.device_claims, None);
    // Of the client's computer, [MS-PAC] 2.13; empty for one without claims.
    let claims = crate::support::pac::claims(0, &crate::support::pac::some_claims());
    for (contents, kept) in [(claims.clone(), Some(&*claims)), (vec![], None)] {
        let mut buffers = crate::support::pac::alice(case.authtime());
        buffers.push((buffer_type::DEVICE_CLAIMS, contents));
        let pac = case.pac(&buffers);
        let account = case.accept(Some(pac)).unwrap().account.unwrap();
        assert_eq!((account.device_claims.as_deref(), &account.client_claims), (kept, &None));
    }
}

/// A keytab with the KDC's key may hold other keys; a holder of one of those cannot sign as the
/// KDC.
#[test]
fn only_krbtgt_signs_for_the_kdc() {
    let mut case = Case::new(AES);
    let entry = |components: &[&str], key: &Key| {
        Entry::new(
            "EXAMPLE.TEST".into(),
            components.iter().map(|part| part.to_string()).collect(),
            2,
            1,
            0,
            key.clone(),
        )
    };
    let path = std::env::temp_dir().join(format!("negossp-{}-krbtgt", std::process::id()));
    let entries = [
        entry(&["HTTP", "server.example.test"], &case.forge.service_key),
        entry(&["krbtgt", "EXAMPLE.TEST"], &kdc()),
    ];
    std::fs::write(&path, crate::support::kerberos::keytab_file(&entries)).unwrap();
    case.server.settings.kerberos_files.krbtgt_keytab = Some(path.clone());
    assert!(case.accept(Some(case.alice())).is_ok());
    let own = signed(
        &crate::support::pac::alice(case.authtime()),
        &case.forge.service_key,
        &case.forge.service_key,
    );
    case.refused(own);
    // The full signature and the ticket's count too, with the other signatures made over them.
    for kind in [buffer_type::FULL_SIGNATURE, buffer_type::TICKET_SIGNATURE] {
        let mut buffers = crate::support::pac::alice(case.authtime());
        let checksum_type = AES.checksum_type().to_le_bytes();
        buffers.push((kind, [&checksum_type[..], &[7; 12]].concat()));
        buffers.push((buffer_type::SERVER_SIGNATURE, [&checksum_type[..], &[0; 12]].concat()));
        buffers.push((buffer_type::KDC_SIGNATURE, [&checksum_type[..], &[0; 12]].concat()));
        let mut pac = crate::support::pac::pac_type(&buffers);
        sign_basic(&mut pac, &case.forge.service_key, &kdc());
        let krbtgt = case.server.settings.kerberos_files.krbtgt_keytab.take();
        assert!(case.accept(Some(pac.clone())).is_ok(), "{kind}");
        case.server.settings.kerberos_files.krbtgt_keytab = krbtgt;
        case.refused(pac);
    }
    std::fs::remove_file(path).unwrap();
}
