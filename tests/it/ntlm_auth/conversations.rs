//! `ntlmssp-client-1` and `gss-spnego-client` with `squid-2.5-ntlmssp` and `gss-spnego`.

use super::*;

const SIGN: u32 = 0x10;
const SEAL: u32 = 0x20;
const KEY_EXCH: u32 = 0x4000_0000;

fn client(folder: &Folder, protocol: &str, user: &str, password: &str) -> Helper {
    let user = format!("--username={user}");
    let password = format!("--password={password}");
    Helper::start(folder, protocol, &[&user, "--domain=EXAMPLE", &password])
}

/// The server's last answer. Both sides' tokens pass through here as a program passes them.
fn converse(client: &mut Helper, server: &mut Helper) -> String {
    let first = client.ask("YR");
    assert!(first.starts_with("YR "), "{first}");
    let mut answer = server.ask(&first);
    while let Some(challenge) = answer.strip_prefix("TT ") {
        let token = client.ask(format!("TT {}", challenge.split(' ').next().unwrap()));
        let Some((_, token)) =
            token.split_once(' ').filter(|(code, _)| ["AF", "KK"].contains(code))
        else {
            return token;
        };
        answer = server.ask(format!("KK {token}"));
    }
    answer
}

fn flags(helper: &mut Helper) -> u32 {
    let answer = helper.ask("GF");
    u32::from_str_radix(answer.strip_prefix("GF 0x").unwrap(), 16).unwrap()
}

#[test]
fn both_sides_have_the_same_flags_and_key() {
    let folder = server("");
    for (features, expected) in [
        (None, KEY_EXCH),
        (Some("NTLMSSP_FEATURE_SIGN"), SIGN | KEY_EXCH),
        (Some("NTLMSSP_FEATURE_SEAL"), SIGN | SEAL | KEY_EXCH),
        (Some("NTLMSSP_FEATURE_SEAL NTLMSSP_FEATURE_SIGN"), SIGN | SEAL | KEY_EXCH),
        (Some("NTLMSSP_FEATURE_SESSION_KEY"), SIGN | KEY_EXCH),
    ] {
        let mut client = client(&folder, "ntlmssp-client-1", "alice", PASSWORD_TEXT);
        let mut server = Helper::start(&folder, "squid-2.5-ntlmssp", &[]);
        if let Some(features) = features {
            assert_eq!(client.ask(format!("SF {features}")), "OK");
            assert_eq!(server.ask(format!("SF {features}")), "OK");
        }
        assert_eq!(client.ask("GK"), "BH No session key");
        assert_eq!(converse(&mut client, &mut server), "AF EXAMPLE\\alice");
        let negotiated = flags(&mut client);
        assert_eq!(negotiated, flags(&mut server));
        assert_eq!(negotiated & (SIGN | SEAL | KEY_EXCH), expected, "{features:?}");
        let key = client.ask("GK");
        assert_eq!(key, server.ask("GK"));
        // 16 bytes in base64.
        assert_eq!(key.strip_prefix("GK ").map(str::len), Some(24), "{key}");
        // Another conversation of the same processes has another key.
        assert_eq!(converse(&mut client, &mut server), "AF EXAMPLE\\alice");
        assert_ne!(key, client.ask("GK"));
        assert_eq!(client.end(), (0, String::new()));
        assert_eq!(server.end(), (0, String::new()));
    }
}

#[test]
fn wrong_passwords_unknown_users_and_disabled_accounts_are_refused() {
    let folder = server("");
    for (user, password, answer) in [
        ("alice", "Password", "AF EXAMPLE\\alice"),
        ("ALICE", "Password", "AF EXAMPLE\\alice"),
        ("alice", "password", "NA NT_STATUS_LOGON_FAILURE"),
        ("nobody", "Password", "NA NT_STATUS_LOGON_FAILURE"),
        ("dave", "Password", "NA NT_STATUS_ACCOUNT_DISABLED"),
        ("dave", "password", "NA NT_STATUS_LOGON_FAILURE"),
    ] {
        let mut server = Helper::start(&folder, "squid-2.5-ntlmssp", &[]);
        let mut peer = client(&folder, "ntlmssp-client-1", user, password);
        assert_eq!(converse(&mut peer, &mut server), answer, "{user} {password}");
        assert_eq!(server.ask("GK") == "BH No session key", answer.starts_with("NA"));

        let mut server = Helper::start(&folder, "gss-spnego", &[]);
        let mut peer = client(&folder, "gss-spnego-client", user, password);
        let last = converse(&mut peer, &mut server);
        match answer.strip_prefix("NA ") {
            Some(status) => {
                assert!(last.starts_with("NA ") && last.ends_with(&format!(" {status}")), "{last}")
            }
            None => {
                let mut words = last.split(' ');
                assert_eq!((words.next(), words.nth(1)), (Some("AF"), Some("EXAMPLE\\alice")));
                // The client verifies the server's last token, which has a mechListMIC.
                let token = last.split(' ').nth(1).unwrap();
                assert_eq!(peer.ask(format!("TT {token}")), "AF");
                assert_eq!(peer.ask("GK"), server.ask("GK"));
                assert_eq!(flags(&mut peer), flags(&mut server));
            }
        }
    }
}

#[test]
fn gss_spnego_takes_ntlm_without_spnego() {
    let folder = server("");
    let mut server = Helper::start(&folder, "gss-spnego", &[]);
    let mut peer = client(&folder, "ntlmssp-client-1", "alice", PASSWORD_TEXT);
    assert_eq!(converse(&mut peer, &mut server), "AF * EXAMPLE\\alice");
    let mut peer = client(&folder, "ntlmssp-client-1", "alice", "wrong");
    assert_eq!(converse(&mut peer, &mut server), "NA * NT_STATUS_LOGON_FAILURE");
}

#[test]
fn the_password_is_the_parent_s_answer_to_pw() {
    let folder = server("");
    for (answer, accepted) in
        [(PASSWORD_BASE64, true), ("UGFzc3dvcmQA", true), ("d3Jvbmc=", false), ("AA==", false)]
    {
        // Asked for when it is needed.
        let mut server = Helper::start(&folder, "squid-2.5-ntlmssp", &[]);
        let mut client =
            Helper::start(&folder, "ntlmssp-client-1", &["--username=alice", "--use-cached-creds"]);
        // What Wine asks first, and Samba answers.
        assert_eq!(client.ask("OK"), "BH Command expected");
        let challenge = server.ask(client.ask("YR"));
        assert_eq!(client.ask(&challenge), "PW");
        assert_eq!(client.ask(format!("PW {answer}")), "OK");
        let last = server.ask(client.read().replace("AF ", "KK "));
        assert_eq!(last.starts_with("AF "), accepted, "{answer}: {last}");

        // Given before, as Wine does.
        let mut client = Helper::start(&folder, "ntlmssp-client-1", &["--username=alice"]);
        assert_eq!(client.ask(format!("PW {answer}")), "OK");
        let last = converse(&mut client, &mut server);
        assert_eq!(last.starts_with("AF "), accepted, "{answer}: {last}");
    }
    // Nothing else will do; no other identity is sent instead.
    for answer in ["PW", "PW !", "OK", "YR"] {
        let mut server = Helper::start(&folder, "squid-2.5-ntlmssp", &[]);
        let mut client = Helper::start(&folder, "ntlmssp-client-1", &["--username=alice"]);
        let challenge = server.ask(client.ask("YR"));
        assert_eq!(client.ask(&challenge), "PW");
        assert_eq!(client.ask(answer), "BH Expected a password");
        assert_eq!(client.read(), "BH NT_STATUS_UNSUCCESSFUL NT_STATUS_UNSUCCESSFUL");
    }
    // The parent ends instead.
    let mut server = Helper::start(&folder, "squid-2.5-ntlmssp", &[]);
    let mut client = Helper::start(&folder, "ntlmssp-client-1", &["--username=alice"]);
    let challenge = server.ask(client.ask("YR"));
    assert_eq!(client.ask(&challenge), "PW");
    assert_eq!(client.end(), (0, String::new()));
}

/// As with Samba's: for tests of clients, without accounts.
#[test]
fn a_server_s_password_is_the_one_that_it_accepts() {
    let folder = server("");
    for (arguments, user, accepted) in [
        (&["--password=hidden"][..], "anybody", true),
        (&["--password=other"], "anybody", false),
        (&["--password=hidden", "--username=alice"], "alice", true),
        (&["--password=hidden", "--username=alice"], "anybody", false),
        // The account file's do not count then.
        (&["--password=Password"], "bob", false),
    ] {
        let mut server = Helper::start(&folder, "squid-2.5-ntlmssp", arguments);
        let mut peer = client(&folder, "ntlmssp-client-1", user, "hidden");
        let last = converse(&mut peer, &mut server);
        let expected = if accepted {
            format!("AF EXAMPLE\\{user}")
        } else {
            "NA NT_STATUS_LOGON_FAILURE".into()
        };
        assert_eq!(last, expected, "{arguments:?}");
    }
}

#[test]
fn members_of_the_required_group_alone_are_accepted() {
    let folder = server("[ntlm]\naudit_file = 'audit'");
    for (group, accepted) in [
        ("S-1-5-21-1-2-3-1201", true),
        ("s-1-5-21-1-2-3-1201", true),
        ("S-1-5-21-1-2-3-1104", true),
        ("S-1-5-21-1-2-3-1202,S-1-5-21-1-2-3-1201", true),
        ("S-1-5-21-1-2-3-1202", false),
        ("staff", true),
        ("EXAMPLE\\Staff", true),
        ("readers", true),
        ("ELSEWHERE\\staff", false),
        ("unknown", false),
        ("S-1-x", false),
        ("", false),
    ] {
        let required = format!("--require-membership-of={group}");
        for (protocol, of) in
            [("squid-2.5-ntlmssp", "ntlmssp-client-1"), ("gss-spnego", "gss-spnego-client")]
        {
            let mut server = Helper::start(&folder, protocol, &[&required]);
            let mut peer = client(&folder, of, "alice", PASSWORD_TEXT);
            let last = converse(&mut peer, &mut server);
            assert_eq!(last.starts_with("AF "), accepted, "{group}: {last}");
            assert_eq!(last.ends_with("NT_STATUS_LOGON_FAILURE"), !accepted, "{group}: {last}");
            assert_eq!(server.ask("GK") == "BH No session key", !accepted);
            let audit = std::fs::read_to_string(folder.path("audit")).unwrap();
            let last = audit.lines().last().unwrap();
            assert_eq!(last.contains("accepted"), accepted, "{group}: {last}");
        }
        let mut basic = Helper::start(&folder, "squid-2.5-basic", &[&required]);
        assert_eq!(basic.ask("alice Password"), if accepted { "OK" } else { "ERR" });
        assert_eq!(basic.ask("bob SecREt01"), "ERR");
    }
}

/// Squid reads `AF a b` as the token `a` and the user `b`, `AF "a"` as the user `a`, and a line's
/// end as the answer's.
#[test]
fn a_name_that_would_be_read_as_another_is_not_told() {
    for name in
        ["x admin", "x\tadmin", "x\u{a0}admin", "\"admin\"", "x\nAF admin", "x\radmin", "x\u{7f}"]
    {
        for (protocol, of) in [
            ("squid-2.5-ntlmssp", "ntlmssp-client-1"),
            ("gss-spnego", "ntlmssp-client-1"),
            ("gss-spnego", "gss-spnego-client"),
        ] {
            let folder = server("[ntlm]\naudit_file = 'audit'");
            let mut server = Helper::start(&folder, protocol, &["--password=Password"]);
            let mut peer = client(&folder, of, name, PASSWORD_TEXT);
            let last = converse(&mut peer, &mut server);
            assert_eq!(last, "BH Failed to retrieve session info", "{name:?}");
            assert_eq!(server.ask("GK"), "BH No session key");
            // The parent has not let the client in.
            let audit = std::fs::read_to_string(folder.path("audit")).unwrap();
            assert!(!audit.contains("accepted"), "{name:?}: {audit}");
            assert!(audit.lines().last().unwrap().contains("refused"), "{name:?}: {audit}");
            let mut peer = client(&folder, of, "admin", PASSWORD_TEXT);
            assert!(converse(&mut peer, &mut server).ends_with("EXAMPLE\\admin"));
        }
    }
}
