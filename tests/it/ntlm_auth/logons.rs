//! Logons without an exchange: `squid-2.5-basic`, `ntlm-server-1`, and one by options.

use super::*;

#[test]
fn squid_s_basic_helper_checks_passwords() {
    let folder = server("[ntlm]\naudit_file = 'audit'");
    let mut helper = Helper::start(&folder, "squid-2.5-basic", &[]);
    for (line, answer) in [
        ("alice Password", "OK"),
        ("EXAMPLE%5Calice Password", "OK"),
        ("EXAMPLE\\alice Password", "OK"),
        ("alice Pass%77ord", "OK"),
        ("alice password", "ERR"),
        ("alice ", "ERR"),
        ("alice", "ERR"),
        ("nobody Password", "ERR"),
        ("dave Password", "ERR"),
        ("alice Password ", "ERR"),
        ("alice Password%zz", "ERR"),
        ("alice Password%00", "ERR"),
        (" Password", "ERR"),
        ("% %", "ERR"),
    ] {
        assert_eq!(helper.ask(line), answer, "{line}");
    }
    assert_eq!(helper.end(), (0, String::new()));
    let audit = std::fs::read_to_string(folder.path("audit")).unwrap();
    let accepted = audit.lines().filter(|line| line.contains("accepted")).count();
    assert_eq!(accepted, 4, "{audit}");
    let mut helper = Helper::start(&folder, "squid-2.4-basic", &[]);
    assert_eq!(helper.ask("alice Password"), "OK");
    assert_eq!(helper.ask("alice Pass%77ord"), "ERR");
}

#[test]
fn guessing_is_throttled() {
    let folder = server("[authorities]\nthrottle_after = 3");
    let mut helper = Helper::start(&folder, "squid-2.5-basic", &[]);
    for _ in 0..4 {
        assert_eq!(helper.ask("alice wrong"), "ERR");
    }
    assert_eq!(helper.ask("alice Password"), "ERR");
    assert_eq!(helper.ask("bob SecREt01"), "OK");
}

/// An ntlm-server-1 request; returns the answer's lines.
fn request(helper: &mut Helper, lines: &[String]) -> Vec<String> {
    for line in lines {
        helper.send(line);
    }
    helper.send(".");
    let mut answer = Vec::new();
    loop {
        match helper.read() {
            dot if dot == "." => break,
            line => answer.push(line),
        }
    }
    if answer.first().is_some_and(|line| line == "Authenticated: No") && answer.len() == 2 {
        // Samba ends a rejection twice.
        assert_eq!(helper.read(), ".");
    }
    answer
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

#[test]
fn ntlm_server_1_validates_ntlmv2() {
    let folder = server("");
    let mut helper = Helper::start(&folder, "ntlm-server-1", &[]);
    let of = |client: &Client, names: &str| {
        lines(&format!(
            "LANMAN-Challenge: {}\nNT-Response: {}\n{names}\nRequest-User-Session-Key: Yes",
            hex(&SERVER_CHALLENGE),
            hex(client.nt_response()),
        ))
    };
    let alice = Client::new("alice", "EXAMPLE", &PASSWORD);
    let right = [
        "Authenticated: Yes".to_owned(),
        format!("User-Session-Key: {}", hex(&alice.session_base_key)),
    ];
    for names in [
        "Username: alice\nNT-Domain: EXAMPLE",
        "username:: YWxpY2U=\nnt-domain:: RVhBTVBMRQ==",
        "Full-Username: EXAMPLE\\alice",
    ] {
        assert_eq!(request(&mut helper, &of(&alice, names)), right, "{names}");
    }
    let no =
        |text: &str| vec!["Authenticated: No".to_owned(), format!("Authentication-Error: {text}")];
    let failure = no(
        "The attempted logon is invalid. This is either due to a bad username or authentication information.",
    );
    let wrong = Client::new("alice", "EXAMPLE", &SECRET01);
    let names = "Username: alice\nNT-Domain: EXAMPLE";
    assert_eq!(request(&mut helper, &of(&wrong, names)), failure);
    assert_eq!(request(&mut helper, &of(&alice, "Username: nobody")), failure);
    let dave = Client::new("dave", "", &PASSWORD);
    assert_eq!(
        request(&mut helper, &of(&dave, "Username: dave")),
        no("The referenced account is currently disabled and may not be logged on to.")
    );
    // Keys only if they are asked for; nothing is left of the request before.
    let unasked = &of(&alice, names)[..4];
    assert_eq!(request(&mut helper, unasked), right[..1]);
    assert_eq!(request(&mut helper, &lines(names)), ["Error: No password supplied!"]);
    // Passwords.
    let password = |text: &str| lines(&format!("Username: alice\nPassword: {text}"));
    assert_eq!(request(&mut helper, &password("Password")), ["Authenticated: Yes"]);
    assert_eq!(request(&mut helper, &password("password")), ["Authenticated: No"]);
    assert_eq!(helper.end(), (0, String::new()));
}

/// RFC 2759, 9.2.
mod rfc_2759 {
    pub(super) const PASSWORD_HASH: [u8; 16] =
        *b"\x44\xeb\xba\x8d\x53\x12\xb8\xd6\x11\x47\x44\x11\xf5\x69\x89\xae";
    pub(super) const CHALLENGE: &str = "d02e4386bce91226";
    pub(super) const NT_RESPONSE: &str = "82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF";
    pub(super) const PASSWORD_HASH_HASH: &str = "41C00C584BD2D91C4017A2A12FA59F3F";
}

/// What FreeRADIUS runs: `ntlm_auth --request-nt-key --allow-mschapv2 --username=... --challenge=...
/// --nt-response=...`
#[test]
fn mschapv2_is_accepted_where_setting_and_option_allow_it() {
    let refused = "The attempted logon is invalid. This is either due to a bad username or authentication information. (0xc000006d)\n";
    for (setting, option, accepted) in [
        ("weak_responses = ['MS-CHAPv2']", true, true),
        ("weak_responses = ['MS-CHAPv2']", false, false),
        ("", true, false),
        ("weak_responses = ['NTLMv1-ESS', 'LM', 'LMv2']", true, false),
        ("weak_responses = ['NTLMv1']", false, true),
        ("weak_responses = ['MS-CHAPv2']\nmode = 'off'", true, false),
    ] {
        let folder = server(&format!("[ntlm]\n{setting}"));
        folder.write("accounts", line("User", &rfc_2759::PASSWORD_HASH, "U"));
        let challenge = format!("--challenge={}", rfc_2759::CHALLENGE);
        let response = format!("--nt-response={}", rfc_2759::NT_RESPONSE);
        let mut arguments = vec!["--request-nt-key", "--username=User", &challenge, &response];
        if option {
            arguments.push("--allow-mschapv2");
        }
        let (status, output) = run(&folder, &arguments, "");
        if accepted {
            let key = format!("NT_KEY: {}\n", rfc_2759::PASSWORD_HASH_HASH);
            assert_eq!((status, output), (0, key), "{setting} {option}");
            arguments.retain(|argument| *argument != "--request-nt-key");
            assert_eq!(run(&folder, &arguments, ""), (0, String::new()));
        } else {
            assert_eq!(status, 1, "{setting} {option}");
            assert!(output == refused || setting.contains("off"), "{setting} {option}: {output}");
        }
        arguments[1] = "--username=nobody";
        assert_eq!(run(&folder, &arguments, "").0, 1);

        // The same by the helper protocol; no exchange of NTLM's is MS-CHAPv2.
        let options: &[&str] = if option { &["--allow-mschapv2"] } else { &[] };
        let mut helper = Helper::start(&folder, "ntlm-server-1", options);
        let request = request(
            &mut helper,
            &lines(&format!(
                "Username: user\nLANMAN-Challenge: {}\nNT-Response: {}",
                rfc_2759::CHALLENGE,
                rfc_2759::NT_RESPONSE
            )),
        );
        assert_eq!(request[0] == "Authenticated: Yes", accepted, "{setting} {option}: {request:?}");
    }
}

#[test]
fn one_password_is_checked_by_options() {
    let folder = server("");
    let failure = "NT_STATUS_LOGON_FAILURE: The attempted logon is invalid. This is either due to a bad username or authentication information. (0xc000006d)\n";
    for (user, password, status, output) in [
        ("alice", "Password", 0, "NT_STATUS_OK: The operation completed successfully. (0x0)\n"),
        (
            "EXAMPLE\\alice",
            "Password",
            0,
            "NT_STATUS_OK: The operation completed successfully. (0x0)\n",
        ),
        ("alice", "wrong", 1, failure),
        ("nobody", "Password", 1, failure),
        (
            "dave",
            "Password",
            1,
            "NT_STATUS_ACCOUNT_DISABLED: The referenced account is currently disabled and may not be logged on to. (0xc0000072)\n",
        ),
    ] {
        let (user, password) = (format!("--username={user}"), format!("--password={password}"));
        assert_eq!(run(&folder, &[&user, &password], ""), (status, output.to_owned()), "{user}");
    }
}

/// Without accounts nobody is right, and it is not the password that is wrong.
#[test]
fn a_helper_that_cannot_decide_says_so() {
    let folder = server("");
    folder.write("negossp.toml", "[accounts]\nfile = 'absent'\n");
    let mut helper = Helper::start(&folder, "squid-2.5-basic", &[]);
    assert_eq!(helper.ask("alice Password"), "ERR");
    let (status, output) = run(
        &folder,
        &[
            "--username=alice",
            "--challenge=0102030405060708",
            &format!("--nt-response={}", "00".repeat(48)),
        ],
        "",
    );
    assert_eq!((status, &*output), (1, "Reading winbind reply failed! (0xc0000001)\n"));
    // A configuration with an error rejects everybody.
    folder.write("negossp.toml", "[accounts]\nfile = 'accounts'\nnonsense = 1\n");
    let mut helper = Helper::start(&folder, "squid-2.5-basic", &[]);
    assert_eq!(helper.ask("alice Password"), "ERR");
}
