//! What is made once, while threads may fork: without a lock, which the fork would leave closed in
//! the child, or before any fork.

use std::path::Path;

/// Where the standard library's locks for values that are made once are no danger, and why.
const HARMLESS: &[(&str, &str)] = &[
    ("src/entry/at_load.rs", "makes the values"),
    ("src/entry/forward", "systems that do not fork"),
    ("src/platform/windows", "systems that do not fork"),
    ("src/stores/derived_keys.rs", "made when the library is loaded; a child has its own"),
    ("src/stores/replay_file.rs", "made when the library is loaded; a child has its own"),
    ("src/stores/accounts/file.rs", "made when the library is loaded"),
    ("src/authority/throttle/mod.rs", "made when the library is loaded"),
    ("src/entry/credentials/mod.rs", "made when the library is loaded"),
    ("src/entry/context/mod.rs", "made when the library is loaded"),
    ("src/entry/handles/mod.rs", "made when the library is loaded"),
    ("src/entry/access_token/unix.rs", "made when the library is loaded"),
    ("src/entry/async_call/mod.rs", "made when the library is loaded"),
    ("crates/core/src/kerberos/session", "a context in use during a fork is none in the child"),
    ("crates/core/src/kerberos/crypto/usage.rs", "takes a microsecond, for the first ticket"),
];

fn files(folder: &Path, each: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn no_lock_is_held_while_a_value_is_made_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut locked = Vec::new();
    for folder in ["src", "crates/core/src"] {
        files(&root.join(folder), &mut |path, text| {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let locks = code.filter(|line| {
                ["OnceLock", "LazyLock", "call_once"].iter().any(|name| line.contains(name))
            });
            let path = path.strip_prefix(root).unwrap();
            if locks.count() > 0 && !HARMLESS.iter().any(|(known, _)| path.starts_with(known)) {
                locked.push(path.display().to_string());
            }
        });
    }
    assert!(locked.is_empty(), "use once_cell::race::OnceBox in {locked:?}");
}
