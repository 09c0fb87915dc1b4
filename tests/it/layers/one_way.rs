//! What is done in one place: files are opened by the rules of `platform/files.rs`, and threads and
//! processes are started as the server.

use std::path::{Path, PathBuf};

/// What a source must not have, and the files or folders that may.
const ONE_WAY: [(&[&str], &[&str]); 2] = [
    (
        &[
            "File::open(",
            "File::create",
            "OpenOptions::new(",
            "fs::read(",
            "fs::write(",
            "fs::copy(",
        ],
        &["src/platform", "src/bin"],
    ),
    (
        &["thread::spawn(", "thread::Builder", "Command::new("],
        // The tool never acts as a client.
        &["src/runtime/threads.rs", "src/platform/unix/helper_process.rs", "src/bin"],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The source up to its tests.
fn without_tests(text: &str) -> &str {
    let ends = ["\n#[cfg(test)]\nmod tests {", "\n#[cfg(test)]\n#[cfg(", "\n#[cfg(all(test,"];
    ends.iter().filter_map(|end| text.find(end)).min().map_or(text, |end| &text[..end])
}

/// Whether the line has the name, and not as the end of a longer one.
fn has(line: &str, name: &str) -> bool {
    line.match_indices(name)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[test]
fn files_and_threads_have_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    sources(&root.join("src"), &mut paths);
    assert!(paths.len() > 100);
    let mut wrong = Vec::new();
    for path in paths {
        let name = path.strip_prefix(root).unwrap();
        if name.to_str().unwrap().contains("tests") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in without_tests(&text).lines().enumerate() {
            for (names, allowed) in ONE_WAY {
                let here = names.iter().any(|name| has(line, name));
                if here && !allowed.iter().any(|allowed| name.starts_with(allowed)) {
                    wrong.push(format!("{}:{}: {}", name.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
