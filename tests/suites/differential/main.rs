//! Gives the same conversations to MIT's acceptor and to ours: both must give the same verdict, and
//! where both accept, the same client, flags, keys and messages. Each conversation depends on its
//! number alone; `main.rs --only NUMBER` shows one.
//!
//! Where they differ on purpose, `explained.rs` states the reason, and COMPATIBILITY.md does for
//! users.
#![allow(unreachable_pub)]

#[path = "../../it/support/abi.rs"]
#[allow(dead_code)] // a part is used
mod abi_support;
mod edits;
mod explained;
mod forge;
mod initiator;
mod log;
mod mit;
mod ours;
#[path = "../../../crates/core/tests/it/support/pac.rs"]
#[allow(dead_code)] // a part is used
mod pac_support;
mod random;
mod tree;
mod verdict;

use edits::Case;
use explained::EXPLAINED;
use forge::{Conversation, Frame, Target, World, oid};
use mit::Mit;
use ours::Ours;
use random::Random;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;
use verdict::{Channel, Exchange, Verdict, Wrapped};

/// Conversations of a run.
const COUNT: u64 = 40_000;
/// Those of the run in which both share a replay cache.
const SHARED: u64 = 1_000;

const KRB5_CONF: &str = "[libdefaults]
default_realm = EXAMPLE.COM
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
allow_rc4 = true
allow_des3 = true
permitted_enctypes = aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128 aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 \
des3-cbc-sha1 arcfour-hmac-md5
";

const NEGOSSP_TOML: &str = "[kerberos]
enctypes = [\"aes256-sha2\", \"aes128-sha2\", \"aes256-sha1\", \"aes128-sha1\", \"des3-cbc-sha1\", \"rc4-hmac\"]
";

/// The acceptors, asked in turn.
trait Acceptor {
    fn accept(&mut self, channel: &Channel, token: &[u8]) -> Verdict;
    fn go_on(&mut self, token: &[u8]) -> Verdict;
    fn exchange(&mut self, wrapped: &Wrapped) -> Result<Exchange, String>;
}

macro_rules! acceptor {
    ($type:ty) => {
        impl Acceptor for $type {
            fn accept(&mut self, channel: &Channel, token: &[u8]) -> Verdict {
                <$type>::accept(self, channel, token)
            }
            fn go_on(&mut self, token: &[u8]) -> Verdict {
                <$type>::go_on(self, token)
            }
            fn exchange(&mut self, wrapped: &Wrapped) -> Result<Exchange, String> {
                <$type>::exchange(self, wrapped)
            }
        }
    };
}

acceptor!(Mit);
acceptor!(Ours);

/// One acceptor's results of a case: the last verdict, and the results of the messages.
struct Outcome {
    verdict: Verdict,
    /// Types of the keys in effect, and whether the acceptor's own is.
    key: Option<(i32, bool)>,
    trouble: Option<String>,
}

/// In whole blocks, since in DCE style the caller pads.
const TEXT: &[u8] = b"a message of 24 octets..";

fn judge(case: &Case, acceptor: &mut dyn Acceptor) -> Outcome {
    let c = &case.conversation;
    let channel = c.channel();
    if let Some(before) = &case.before {
        let first = acceptor.accept(&Channel::default(), before);
        if !first.accepted {
            return Outcome {
                verdict: first,
                key: None,
                trouble: Some("the first one was refused".into()),
            };
        }
    }
    let mut verdict = acceptor.accept(&channel, &case.token);
    let mut outcome = |verdict: &mut Verdict| -> Result<Option<(i32, bool)>, String> {
        let reply = match verdict.accepted || verdict.goes_on {
            true => initiator::reply(c, &verdict.token)?,
            false => return Ok(None),
        };
        if verdict.goes_on {
            // Only DCE style has a third leg.
            let Some(reply) = &reply else { return Ok(None) };
            *verdict = acceptor.go_on(&initiator::third_leg(c, reply));
        }
        if !verdict.accepted {
            return Ok(None);
        }
        let (mut session, key) = initiator::session(c, reply.as_ref())?;
        if verdict.key != key.bytes() {
            return Err("another session key".into());
        }
        let exchange = acceptor.exchange(&initiator::wrap(&mut session, TEXT))?;
        initiator::check(&mut session, TEXT, &exchange)?;
        let own = reply.is_some_and(|reply| {
            reply.subkey.is_some_and(|subkey| {
                Some(subkey.bytes()) != c.subkey().as_ref().map(|k| k.bytes())
            })
        });
        Ok(Some((key.enctype().number(), own)))
    };
    let (key, trouble) = match outcome(&mut verdict) {
        Ok(key) => (key, None),
        Err(trouble) => (None, Some(trouble)),
    };
    Outcome { verdict, key, trouble }
}

/// How the outcomes differ; empty if they do not.
fn difference(mit: &Outcome, ours: &Outcome) -> Option<&'static str> {
    let (m, o) = (&mit.verdict, &ours.verdict);
    match (m.accepted, o.accepted) {
        (true, false) if o.goes_on => return Some("we go on"),
        (false, true) if m.goes_on => return Some("MIT goes on"),
        (true, false) => return Some("only MIT accepts"),
        (false, true) => return Some("only we accept"),
        (false, _) if m.reason.starts_with("died") => return Some("MIT dies"),
        (false, false) if m.goes_on && !o.goes_on => return Some("MIT goes on"),
        (false, false) if !m.goes_on && o.goes_on => return Some("we go on"),
        (false, false) => return None,
        (true, true) => {}
    }
    match () {
        () if ours.trouble.is_some() && mit.trouble.is_none() => Some("our messages"),
        () if ours.trouble.is_none() && mit.trouble.is_some() => Some("MIT's messages"),
        () if m.client != o.client => Some("client"),
        () if (m.flags & 0x303f) != o.flags => Some("flags"),
        () if mit.key != ours.key => Some("key"),
        () if m.delegated != o.delegated => Some("delegated"),
        () if m.lifetime.abs_diff(o.lifetime) > 5 => Some("lifetime"),
        () => None,
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let Some(program) = std::env::var_os("MIT_ACCEPTOR").map(PathBuf::from) else {
        println!(
            "SKIPPED: differential: needs MIT's libgssapi_krb5 and its headers (run.sh builds the acceptor)"
        );
        println!("0 passed, 0 failed, 1 skipped");
        return;
    };
    // The configuration is global to a process, so the second run uses another process.
    let shared = arguments.iter().any(|argument| argument == "--shared");
    let folder = std::env::temp_dir().join(format!("negossp-differential-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("krb5.conf"), KRB5_CONF).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let mut settings = format!("{NEGOSSP_TOML}keytab = \"{}\"\n", path("keytab"));
    if shared {
        settings +=
            &format!("replay_cache = \"file\"\nreplay_cache_file = \"{}\"\n", path("replay"));
    }
    std::fs::write(folder.join("negossp.toml"), settings).unwrap();
    let world = World::new(&folder.join("keytab"));
    // SAFETY: there is no other thread yet.
    unsafe {
        std::env::set_var("NEGOSSP_CONFIG", folder.join("negossp.toml"));
        std::env::set_var("TZ", "UTC0");
    }
    log::keep();
    let mut mit = Mit::start(&program, &folder, &folder.join("replay"));
    let (mut passed, mut failed);
    if shared {
        (passed, failed) = share(&world, &mut mit);
    } else {
        let only = value("--only");
        (passed, failed) = run(&world, &mut mit, value("--count").unwrap_or(COUNT), only);
        if only.is_none() {
            let output =
                Command::new(std::env::current_exe().unwrap()).arg("--shared").output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            let counts: Vec<u32> = text
                .lines()
                .last()
                .unwrap_or("")
                .split(' ')
                .filter_map(|word| word.parse().ok())
                .collect();
            print!(
                "{}",
                text.lines()
                    .filter(|line| line.starts_with("FAIL"))
                    .map(|line| format!("{line}\n"))
                    .collect::<String>()
            );
            match counts[..] {
                [p, f, 0] if output.status.success() == (f == 0) => {
                    (passed, failed) = (passed + p, failed + f)
                }
                _ => {
                    println!(
                        "FAIL the run with a shared replay cache: {}",
                        String::from_utf8_lossy(&output.stderr)
                    );
                    failed += 1;
                }
            }
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    println!("{passed} passed, {failed} failed, 0 skipped");
    std::process::exit(i32::from(failed > 0));
}

/// A conversation that one has accepted is a replay to the other, where they share a replay cache.
fn share(world: &World, mit: &mut Mit) -> (u32, u32) {
    let mut ours = Ours::new();
    let (mut passed, mut failed) = (0, 0);
    for number in 0..SHARED {
        let mut conversation = Conversation::new(world, &mut Random::new(u64::MAX, number));
        if conversation.frame == Frame::Gss(oid::MS_KRB5) {
            // MIT gives no reason for these.
            conversation.frame = Frame::Gss(oid::KRB5);
        }
        let (token, _) = conversation.token();
        let channel = conversation.channel();
        let ours_first = number % 2 == 0;
        let first =
            if ours_first { ours.accept(&channel, &token) } else { mit.accept(&channel, &token) };
        let second =
            if ours_first { mit.accept(&channel, &token) } else { ours.accept(&channel, &token) };
        let replay = second.reason.contains(if ours_first { "replay" } else { "used before" });
        let good =
            (first.accepted || first.goes_on) && !second.accepted && !second.goes_on && replay;
        if good {
            passed += 1;
        } else {
            failed += 1;
            println!(
                "FAIL shared replay cache, {number}: {} and then {}",
                words(&first),
                words(&second)
            );
        }
    }
    (passed, failed)
}

fn run(world: &World, mit: &mut Mit, count: u64, only: Option<u64>) -> (u32, u32) {
    let begun = Instant::now();
    let mut ours = Ours::new();
    let mut seen = vec![0u32; EXPLAINED.len()];
    // Label and difference: how often, an example, and the reasons given.
    let mut unexplained: BTreeMap<(String, &str), (u32, u64, String)> = BTreeMap::new();
    let (mut same, mut accepted, mut labels) = (0, 0, BTreeMap::<String, u32>::new());
    for number in only.map_or(0..count, |number| number..number + 1) {
        let case = edits::case(world, number);
        let (theirs, own) = (judge(&case, mit), judge(&case, &mut ours));
        *labels.entry(case.label.clone()).or_default() += 1;
        if only.is_some() {
            println!(
                "{}\n{}",
                case.label,
                case.token.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
            );
            println!("MIT: {:?} {:?} {:?}", theirs.verdict, theirs.key, theirs.trouble);
            println!("ours: {:?} {:?} {:?}", own.verdict, own.key, own.trouble);
        }
        let mut how = difference(&theirs, &own);
        // A message that neither accepts is this test's fault, unless the test does not know the
        // content of the authenticator.
        let spoilt =
            case.conversation.spoil.is_some_and(|(target, _)| target == Target::Authenticator);
        if how.is_none() && theirs.trouble.is_some() && own.verdict.accepted && !spoilt {
            how = Some("nobody's messages");
        }
        let Some(how) = how else {
            same += 1;
            accepted += u32::from(own.verdict.accepted);
            continue;
        };
        match EXPLAINED.iter().position(|explained| explained.fits(&case.label, how)) {
            Some(at) => seen[at] += 1,
            None => {
                let said = format!(
                    "MIT: {}; ours: {}",
                    theirs.trouble.unwrap_or_else(|| words(&theirs.verdict)),
                    own.trouble.unwrap_or_else(|| words(&own.verdict))
                );
                unexplained.entry((case.label, how)).or_insert((0, number, said)).0 += 1;
            }
        }
    }
    if std::env::var_os("LABELS").is_some() {
        labels.iter().for_each(|(label, times)| println!("{times:6} {label}"));
    }
    for ((label, how), (times, number, said)) in &unexplained {
        println!("FAIL {how}: {label}: {times} times, as in {number}: {said}");
    }
    let mut missing = 0;
    for (explained, times) in EXPLAINED.iter().zip(&seen) {
        println!(
            "explained {times:6} times: {}: {}: {}",
            explained.difference,
            explained.labels.join(", "),
            explained.reason
        );
        if *times == 0 && only.is_none() && count >= COUNT {
            missing += 1;
            println!(
                "FAIL explained, but does not occur: {}: {}",
                explained.difference,
                explained.labels.join(", ")
            );
        }
    }
    let explained: u32 = seen.iter().sum();
    let failed: u32 = unexplained.values().map(|(times, ..)| times).sum::<u32>() + missing;
    println!(
        "{} conversations in {} s, {} kinds of changes: {same} alike ({accepted} of them accepted), {explained} explained",
        same + explained + failed - missing,
        begun.elapsed().as_secs(),
        labels.len()
    );
    (same + explained, failed)
}

fn words(verdict: &Verdict) -> String {
    match verdict.accepted {
        true => format!("accepted, {} {:#x} {} s", verdict.client, verdict.flags, verdict.lifetime),
        false => verdict.reason.clone(),
    }
}
