//! Exchanges with MIT's and Samba's KDC, recorded with the random numbers and the time of this test.
//! Whoever changes which random numbers an exchange draws, and in which order, records them again:
//! `tests/data/kerberos/README.md` says how.

use super::named::{parameters, random};
use negossp_core::kerberos::client::{
    AsExchange, AsService, ChangePassword, Credentials, Exchange, NewPassword, Next, PasswordResult,
};
use negossp_core::kerberos::message::TicketFlags;
use negossp_core::types::time::FileTime;

const RECORDED: &str = include_str!("../../../data/kerberos/as_exchange.txt");

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

/// Runs an exchange with the recorded replies.
fn replay<E: Exchange>(exchange: &mut E, now: FileTime, replies: &[Vec<u8>]) -> E::Output {
    let mut replies = replies.iter();
    let mut next = exchange.step(None, now).unwrap();
    loop {
        match next {
            Next::Done(output) => {
                assert_eq!(replies.next(), None);
                return output;
            }
            Next::Ask { .. } => {
                next = exchange.step(Some(replies.next().unwrap()), now).unwrap();
            }
        }
    }
}

/// Each line: `exchange NAME`, then `now TICKS`, and an `S REPLY` for each reply.
#[test]
fn real_kdcs_issue_credentials() {
    let mut last: Option<Credentials> = None;
    let mut count = 0;
    for recorded in RECORDED.split("exchange ").skip(1) {
        let mut lines = recorded.lines();
        let name = lines.next().unwrap();
        let now = FileTime(lines.next().unwrap().strip_prefix("now ").unwrap().parse().unwrap());
        let replies: Vec<Vec<u8>> =
            lines.filter_map(|line| line.strip_prefix("S ")).map(hex).collect();
        count += 1;
        if let Some(password) = name.strip_prefix("password ") {
            let credentials = last.clone().unwrap();
            let mut change = ChangePassword::new(NewPassword {
                credentials,
                password: password.to_owned().into(),
                target: None,
                address: None,
                clock_offset: 0,
                random: random(),
            });
            let done = replay(&mut change, now, &replies);
            let (result, says) = match password {
                "x" => (PasswordResult::SoftError, "too short"),
                _ => (PasswordResult::Success, ""),
            };
            assert_eq!(done.result, result, "{name}");
            assert!(done.text.contains(says), "{}", done.text);
            continue;
        }
        let parameters = parameters(name, last.clone());
        let (realm, enctypes) =
            (parameters.client.realm.clone(), parameters.options.enctypes.clone());
        let (service, is_armored) = (parameters.service, parameters.armor.is_some());
        let issued = replay(&mut AsExchange::new(parameters).unwrap(), now, &replies);
        let credentials = issued.credentials;
        assert!(issued.fast_available, "{name}");
        assert_eq!(is_armored, name.ends_with("armored"));
        assert_eq!(credentials.key.enctype(), enctypes[0], "{name}");
        assert!(credentials.flags.contains(TicketFlags::INITIAL | TicketFlags::ENC_PA_REP));
        // Of a name that may change, the realm is authentic: NetBIOS' and small letters become it.
        let canonical = String::from_utf8(realm).unwrap().to_uppercase();
        let canonical = if canonical == "EXAMPLE" { "AD.EXAMPLE.TEST" } else { &canonical };
        let client = name.split(' ').nth(2).unwrap().split('@').next().unwrap().to_lowercase();
        assert_eq!(credentials.client.to_text(), format!("{client}@{canonical}"));
        let server = match service {
            AsService::TicketGranting => format!("krbtgt/{canonical}@{canonical}"),
            AsService::ChangePassword => format!("kadmin/changepw@{canonical}"),
        };
        assert_eq!(credentials.server.to_text(), server);
        last = Some(credentials);
    }
    assert!(count >= 12, "{count}");
}
