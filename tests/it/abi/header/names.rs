//! From cbindgen's text to the documented spelling.

use super::generator::ident;
use std::fmt::Write as _;

/// What A or W is put after: some documented names have an underscore before it.
pub(super) fn stem(name: &str) -> String {
    let underscore = name.ends_with("_FN")
        || name == "SEC_WINNT_AUTH_IDENTITY"
        || name == "INIT_SECURITY_INTERFACE";
    if underscore { format!("{name}_") } else { name.to_owned() }
}

/// Turns cbindgen's names into the documented ones.
pub(super) fn spell(text: &str) -> String {
    let words = words(text).map(|word| {
        let form = word.strip_suffix("_SEC_WCHAR").map(|name| (name, "W"));
        let form = form.or(word.strip_suffix("_SEC_CHAR").map(|name| (name, "A")));
        form.map_or(word.to_owned(), |(name, suffix)| format!("{}{suffix}", stem(name)))
    });
    let text: String = words.collect();
    let mut out: Vec<String> = Vec::new();
    let mut lines = text.lines();
    let mut margin = 0;
    let mut bytes = false;
    while let Some(line) = lines.next() {
        if line == "typedef struct {" {
            let name =
                lines.clone().find_map(|l| l.strip_prefix("} ")).unwrap().trim_end_matches(';');
            bytes = name.starts_with("SEC_WINNT_AUTH_IDENTITY");
            out.push(format!("typedef struct {} {{", tag(name)));
        } else if let Some(name) = line.strip_prefix("} ").map(|l| l.trim_end_matches(';')) {
            out.push(format!("}} {name}, *P{name};"));
            bytes = false;
        } else if redundant(line) {
            while out.last().is_some_and(|line| line.starts_with("//") || line.is_empty()) {
                out.pop();
            }
        } else if line.starts_with("   ") {
            out.push(format!("{:margin$}{}", "", line.trim_start()));
        } else {
            margin = line.rfind('(').map_or(0, |at| at + 1);
            let line = member(line);
            // <sspi.h> has identities' text without sign.
            let unsigned = line
                .replace("SEC_CHAR *", "unsigned char *")
                .replace("SEC_WCHAR *", "unsigned short *");
            out.push(if bytes { unsigned } else { line });
        }
    }
    out.join("\n") + "\n"
}

/// The structure's tag, as `<sspi.h>` has it.
fn tag(name: &str) -> String {
    match name {
        "SecurityFunctionTableW" => "_SECURITY_FUNCTION_TABLE_W".into(),
        "SecurityFunctionTableA" => "_SECURITY_FUNCTION_TABLE_A".into(),
        _ => format!("_{name}"),
    }
}

/// A typedef that the structure's own declaration makes already, or that names a name itself.
fn redundant(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("typedef ") else { return false };
    match rest.trim_end_matches(';').split_once(' ') {
        Some((from, to)) => from == to || to.strip_prefix("*P") == Some(from),
        None => false,
    }
}

/// A table's member whose function has two forms is named after its form.
fn member(line: &str) -> String {
    for form in ["A", "W"] {
        if line.starts_with("  ") && line.contains(&format!("_FN_{form} ")) {
            return line.replace(';', &format!("{form};"));
        }
    }
    line.to_owned()
}

/// Identifiers, and what stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = match ident(rest).len() {
            0 => first.len_utf8(),
            n => n,
        };
        let (word, tail) = rest.split_at(length);
        rest = tail;
        Some(word)
    })
}

/// Comments for readers of C: without Rust's safety sections and with plain names.
pub(super) fn document(text: &str) -> String {
    let mut out = String::new();
    let mut skip = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let comment = line.trim_start().strip_prefix("//");
        skip = match comment {
            Some(text) if text.trim() == "# Safety" => true,
            Some(_) => skip,
            None => false,
        };
        let before_safety =
            comment == Some("") && lines.peek().is_some_and(|next| next.trim() == "// # Safety");
        if !skip && !before_safety {
            writeln!(out, "{}", line.trim_end()).unwrap();
        }
    }
    out
}
